// A demo of its own for a test, and the page of `web` on it.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startDemo } from './berth.js';
import { onPage } from './browser.js';
import { Kubectl } from './kubectl.js';
import { setting } from './processes.js';
import { becomes } from './reading.js';

/** A demo of its own, in a language of the browser, and the page of `web` on it. */
export async function withDemo(browser, { locale, flags = [], ...options }, use) {
  const folder = await mkdtemp(join(tmpdir(), 'berth-demo-'));
  const demo = await startDemo({ kubeconfig: join(folder, 'kubeconfig'), flags: flags.includes('--speed') ? flags : ['--speed', '4', ...flags] });
  try {
    await demo.ready();
    const program = join(setting('CONTROL_PLANE_BIN'), 'kubectl');
    const kubectl = new Kubectl({ program, kubeconfig: join(folder, 'kubeconfig'), cache: join(folder, 'cache') });
    await onPage(browser, `${demo.url}/sets/default/web`, { locale, ...options }, async (page) => {
      await becomes(page, 'live');
      await page.waitForSelector('.guide li');
      await use({ page, kubectl, demo });
    });
  } finally {
    await demo.stop();
    await rm(folder, { recursive: true });
  }
}
