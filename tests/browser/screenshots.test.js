// The page as it is meant to look: pictures of specimens on four screens, in light and dark, compared with those that are
// kept beside the documentation. With UPDATE=1 what is seen now is kept.
import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import pixelmatch from 'pixelmatch';
import { PNG } from 'pngjs';
import { startDemo } from './support/berth.js';
import { launchBrowser, onPage } from './support/browser.js';
import { liveness } from './support/reading.js';
import { eventually } from './support/waiting.js';

const KEPT = fileURLToPath(new URL('../../docs/screenshots/', import.meta.url));
const SEEN = fileURLToPath(new URL('../../target/screenshots/', import.meta.url));
const SCREENS = [
  { width: 1440, height: 900 },
  { width: 1280, height: 720 },
  { width: 820, height: 1180 },
  { width: 390, height: 844 },
];
/** Those of which pictures are kept; the others are only looked at for what must never be. */
const PICTURED = ['fleet', 'reason-RolloutStuck', 'reason-WaitsForReady', 'trace-seed', 'warning-ServiceMissing'];
/** The share of pixels that may differ: letters are drawn a little differently on other machines. */
const TOLERANCE = 0.03;

let [browser, demo, folder] = [];
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'berth-gallery-'));
  [browser, demo] = await Promise.all([launchBrowser(), startDemo({ kubeconfig: join(folder, 'kubeconfig'), flags: ['--empty'] })]);
  await demo.ready();
  await mkdir(SEEN, { recursive: true });
});
after(async () => {
  await browser?.close();
  await demo?.stop();
  await rm(folder, { recursive: true });
});

/** The specimens: `{ name, address }`. */
async function gallery() {
  const { text } = await demo.get('/gallery');
  return [...text.matchAll(/<a href="([^"]+)">([^<]+)<\/a>/g)].map(([, address, name]) => ({ name, address: demo.url + address }));
}

/** Waits until a page is taken over and drawn: its lanes are as wide as they can be then. */
async function drawn(page) {
  await page.evaluate(() => document.fonts.ready);
  await eventually('the page is taken over', async () => {
    assert.equal(await page.evaluate(() => document.querySelector('.page').dataset.still), 'true');
  });
}

/** Opens a specimen and waits until it is drawn. */
const onSpecimen = (address, options, use) =>
  onPage(browser, address, { timezoneId: 'UTC', reducedMotion: 'reduce', ...options }, async (page) => {
    await drawn(page);
    return use(page);
  });

/** A picture of a page. A font that came late is used from the second time on that the page is loaded. */
async function pictured(page) {
  await page.reload();
  await drawn(page);
  return page.screenshot({ animations: 'disabled' });
}

/** How much of two pictures differs: a share of their pixels. */
function difference(one, other) {
  const [a, b] = [PNG.sync.read(one), PNG.sync.read(other)];
  if (a.width !== b.width || a.height !== b.height) return 1;
  return pixelmatch(a.data, b.data, null, a.width, a.height, { threshold: 0.2 }) / (a.width * a.height);
}

for (const colorScheme of ['light', 'dark']) {
  test(`given the screens that people have when specimens are shown in ${colorScheme} then they look as they are meant to`, async () => {
    const specimens = (await gallery()).filter(({ name }) => PICTURED.includes(name));
    assert.equal(specimens.length, PICTURED.length, 'every one that is pictured is there');
    const wrong = [];
    for (const { name, address } of specimens) {
      for (const viewport of SCREENS) {
        const seen = await onSpecimen(address, { colorScheme, viewport }, pictured);
        const file = `${name}-${viewport.width}x${viewport.height}-${colorScheme}.png`;
        await writeFile(join(SEEN, file), seen);
        if (process.env.UPDATE) {
          await mkdir(KEPT, { recursive: true });
          await writeFile(join(KEPT, file), seen);
          continue;
        }
        const share = difference(await readFile(join(KEPT, file)), seen);
        if (share > TOLERANCE) wrong.push(`${file}: ${(share * 100).toFixed(1)} % of it differs`);
      }
    }
    assert.deepEqual(wrong, [], 'compare docs/screenshots with target/screenshots; UPDATE=1 keeps what is seen');
  });
}

test('given every specimen when shown on a phone and on a desktop then nothing is wider than the screen, and nothing complains', async () => {
  const specimens = await gallery();
  assert.ok(specimens.length > 40, `${specimens.length} specimens`);
  for (const { name, address } of specimens) {
    await onSpecimen(address, { viewport: SCREENS[3] }, async (page) => {
      for (const viewport of [SCREENS[3], SCREENS[0]]) {
        await page.setViewportSize(viewport);
        const { wide, room } = await page.evaluate(() => ({ wide: document.documentElement.scrollWidth, room: innerWidth }));
        assert.ok(wide <= room, `${name}: ${wide} pixels wide on a screen of ${room}`);
      }
      assert.ok((await page.textContent('main')).length > 30, name);
      const { live } = await liveness(page);
      assert.ok(['opening', 'past', 'broken', 'starting'].includes(live), `${name} follows nothing: ${live}`);
    });
  }
});
