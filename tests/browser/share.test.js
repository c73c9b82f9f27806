// `berth demo --share`: who follows the room's link looks on, live; who follows the other one acts; nobody else gets in.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startShared } from './support/berth.js';
import { launchBrowser, onPage } from './support/browser.js';
import { becomes, podRows, settles, toldBeside } from './support/reading.js';
import { eventually } from './support/waiting.js';

let browser;
let folder;
let demo;
before(async () => {
  browser = await launchBrowser();
  folder = await mkdtemp(join(tmpdir(), 'berth-share-'));
  demo = await startShared({ kubeconfig: join(folder, 'kubeconfig'), flags: ['--speed', '4'] });
});
after(async () => {
  await demo?.stop();
  await browser?.close();
  if (folder) await rm(folder, { recursive: true });
});

/** Follows a link to the page of `web`. */
async function joins(page) {
  await becomes(page, 'live');
  assert.equal(new URL(page.url()).pathname, '/', 'the token is not in the address bar');
  await page.click('tr[data-set="default/web"] a');
  await settles(page, 2);
}

test('given a shared demo when the presenter acts then visitors see it live, and have nothing to press', async () => {
  const expected = [/403 \(Forbidden\)/];
  await onPage(browser, demo.link('The room joins at '), { locale: 'en', expected }, async (visitor) => {
    await joins(visitor);
    const [first] = await podRows(visitor);
    assert.equal(await visitor.locator('.do, dialog:not(.keys)').count(), 0);
    assert.equal(await visitor.locator('header >> text=/Delete|Scale|Restart|Image/').count(), 0);
    // The walk-through is there to be followed.
    await visitor.waitForSelector('.guide li');
    assert.match(await visitor.textContent('.guide'), /You look on: the presenter runs the steps\./);
    assert.equal(await visitor.locator('.guide >> text=/Run it|Start over/').count(), 0);
    assert.equal(await visitor.locator('.guide li[data-done="next"]').getByText('Copy').isVisible(), true);
    // Whoever writes a request by hand gets no further.
    const refused = await visitor.evaluate(async () => {
      const post = (path, body) => fetch(path, { method: 'POST', headers: { 'content-type': 'application/json' }, body });
      const scale = JSON.stringify({ Scale: { set: { namespace: 'default', name: 'web' }, replicas: 0 } });
      const answers = [post('/api/v1/actions', scale), post('/api/v1/walkthrough/reset'), post('/api/v1/walkthrough/delete')];
      return Promise.all(answers.map(async (answer) => (await answer).status));
    });
    assert.deepEqual(refused, [403, 403, 403]);

    await onPage(browser, demo.link('You present at '), { locale: 'en' }, async (presenter) => {
      await joins(presenter);
      await presenter.click('header .buttons >> text=Scale…');
      await presenter.locator('dialog.ask input').fill('3');
      await presenter.locator('dialog.ask .primary').click();
      assert.equal(await toldBeside(presenter), 'statefulset.apps/web scaled');
      const rows = await settles(visitor, 3);
      assert.equal(rows[0].uid, first.uid, 'what visitors tried did nothing');
      const step = presenter.locator('.guide li[data-step="hostnames"]');
      await step.locator('.button.primary').click();
      await eventually('the visitor sees the tick', async () =>
        assert.equal(await visitor.getAttribute('.guide li[data-step="hostnames"]', 'data-done'), 'done'),
      );
    });
  });
});

test('given a wrong link or none when somebody comes then they are told to ask, and see nothing', async () => {
  const { origin } = new URL(demo.url);
  for (const path of ['/', '/sets/default/web', '/join/00000000000000000000000000000000']) {
    const response = await fetch(origin + path, { redirect: 'manual' });
    const text = await response.text();
    assert.deepEqual([response.status, response.headers.get('set-cookie')], [401, null], path);
    assert.match(text, /Ask the presenter/);
    assert.doesNotMatch(text, /web-0/);
  }
  // A link is followed by browsers only: what looks at it before does not count.
  const looked = await fetch(demo.link('The room joins at '), { method: 'HEAD', redirect: 'manual' });
  assert.deepEqual([looked.status, looked.headers.get('set-cookie')], [405, null]);
});
