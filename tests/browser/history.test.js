// Going back in time on the page: what was live then is shown again, in whatever way one gets there.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { onPage } from './support/browser.js';
import { service, statefulSet } from './support/manifests.js';
import { becomes, lanes, notices, podRows, records, settles, why } from './support/reading.js';
import { stage } from './support/stage.js';
import { eventually } from './support/waiting.js';

const it = stage();

const json = async (path) => {
  const { status, text } = await it.berth.get(path);
  assert.equal(status, 200, text);
  return JSON.parse(text);
};

/** What the page shows of the set, without what counts on. */
async function shown(page) {
  const rows = await podRows(page);
  const names = await records(page);
  return {
    pods: rows.map(({ pod, ip, uid, stage }) => ({ pod, ip, uid, stage })),
    names: names.map(({ name, type, answers }) => ({ name, type, answers })),
    reason: (await why(page)).reason,
    uids: (await lanes(page)).map(({ lane, blocks }) => ({ lane, uids: blocks.map(({ uid }) => uid) })),
  };
}

const momentOf = (page) => Number(new URL(page.url()).searchParams.get('at'));

/** Waits until the page is at a moment that its address names, and everything is fetched. */
const arrives = (page, before) =>
  eventually('the page is at another moment', async () => {
    await becomes(page, 'past');
    const at = momentOf(page);
    assert.ok(at && at !== before, page.url());
    const then = await json(`/api/v1/topology/history/web?at=${at}`);
    const rows = (await podRows(page)).filter(({ uid }) => uid !== '–').map(({ pod, uid }) => [pod, uid]);
    const alive = then.board.lanes.filter(({ incarnations }) => incarnations.at(-1).ended === null);
    assert.deepEqual(rows, alive.map(({ incarnations }) => [incarnations.at(-1).hostname, incarnations.at(-1).uid]));
    return at;
  });

test('given a pod that was deleted and came back when one goes back then the page shows what was live, by key, mouse and link, and LIVE returns', async () => {
  const kubectl = await it.cluster.namespace('history');
  await kubectl.apply(service(), statefulSet());
  const address = `${it.berth.url}/sets/history/web`;
  await onPage(it.browser, address, {}, async (page) => {
    await settles(page, 2);
    // The slices and what DNS serves follow the pods.
    await eventually('both names are served', async () => {
      const served = (await records(page)).filter(({ type, answers }) => type === 'A' && answers.length > 0);
      assert.ok(served.some(({ name }) => name.startsWith('web-0.')) && served.some(({ name }) => name.startsWith('web-1.')));
    });
    const before = await shown(page);
    const live = await json('/api/v1/topology/history/web');
    await kubectl.run('delete', 'pod', 'web-0');
    await eventually('web-0 is another pod', async () => {
      const rows = await settles(page, 2);
      assert.notEqual(rows[0].uid, before.pods[0].uid);
    });
    const after = await shown(page);
    assert.notEqual(after.pods[0].ip, before.pods[0].ip);

    // What the server tells of that moment is what it told at that moment.
    const then = await json(`/api/v1/topology/history/web?at=${live.at}`);
    assert.deepEqual(then.board, live.board);

    // By keys: back, change by change, to before the deletion.
    assert.equal(await page.getAttribute('.live-again', 'aria-pressed'), 'true');
    let at = 0;
    await eventually('the keys lead back to the old pod', async () => {
      await page.keyboard.press('ArrowLeft');
      at = await arrives(page, at);
      assert.deepEqual(await shown(page), before);
    });
    const [notice] = await notices(page);
    assert.equal(notice.notice, 'past');
    assert.match(notice.text, /^You look at the past: /);
    assert.equal(await page.getAttribute('.live-again', 'aria-pressed'), 'false');
    assert.match(await page.textContent('.live b'), /^Past · \d\d:\d\d:\d\d$/);
    assert.ok((await page.locator('.marks rect').count()) > 3, 'changes are marked');

    // What happens meanwhile does not change what is shown.
    await kubectl.run('scale', 'statefulset', 'web', '--replicas=3');
    await eventually('there are three', async () => assert.equal((await json('/api/v1/topology/history/web')).board.lanes.length, 3));
    assert.deepEqual(await shown(page), before);

    // The link shows the same to somebody else, with JavaScript and without.
    const link = page.url();
    for (const javaScript of [true, false]) {
      await onPage(it.browser, link, { javaScript }, async (other) => {
        await eventually('the link shows that moment', async () => {
          assert.deepEqual((await shown(other)).pods, before.pods);
          assert.equal((await notices(other))[0].notice, 'past');
        });
      });
    }

    // Forward again by key, and to what is live.
    await page.keyboard.press('ArrowRight');
    const later = await arrives(page, at);
    assert.ok(later > at, `${later} is after ${at}`);
    await page.click('.live-again');
    await becomes(page, 'live');
    const now = await settles(page, 3);
    assert.equal(now.length, 3);
    assert.equal(momentOf(page), 0, 'the address is that of now');
    assert.deepEqual(await notices(page), []);

    // By mouse: the thumb is dragged to when the old pod was there, and further back than there was anything.
    const track = await page.locator('.moment').boundingBox();
    const y = track.y + track.height / 2;
    const { oldest, now: present } = await json('/api/v1/history');
    const share = (at - Date.parse(oldest)) / (Date.parse(present) - Date.parse(oldest));
    const x = (part) => track.x + 8 + (track.width - 16) * part;
    await page.mouse.move(x(1), y);
    await page.mouse.down();
    await page.mouse.move(x(share), y, { steps: 12 });
    await arrives(page, later);
    await eventually('the old pod is there', async () => assert.equal((await podRows(page))[0].uid, before.pods[0].uid));
    await page.mouse.move(x(0.02), y, { steps: 12 });
    await page.mouse.up();
    await eventually('there was nothing yet', async () => {
      assert.match((await notices(page))[0].text, /There was nothing of it/);
      assert.deepEqual(await podRows(page), []);
    });

    // Played to its end, it is live again.
    await page.selectOption('.timeline select >> nth=0', '64');
    await page.click('.timeline button >> nth=1');
    await becomes(page, 'live');
    assert.deepEqual((await settles(page, 3)).map(({ uid }) => uid), now.map(({ uid }) => uid));

    // The space bar plays, and stops that.
    await page.selectOption('.timeline select >> nth=0', '1');
    await page.evaluate(() => document.activeElement.blur());
    await page.keyboard.press(' ');
    await becomes(page, 'past');
    await page.keyboard.press(' ');
    await eventually('it stands still, and the address says where', async () => {
      const [first, second] = [momentOf(page), momentOf(page)];
      assert.ok(first > 0 && first === second);
    });
    await page.click('.live-again');
    await becomes(page, 'live');
  });
});

test('given the button when something is recorded then it comes as a file that begins as recordings do', async () => {
  const kubectl = await it.cluster.namespace('recorded');
  await kubectl.apply(service(), statefulSet());
  // What becomes a download is no page that was loaded.
  const expected = [/recording.*ERR_ABORTED/];
  await onPage(it.browser, `${it.berth.url}/sets/recorded/web`, { expected }, async (page) => {
    await settles(page, 2);
    assert.equal((await page.textContent('.record')).trim(), 'Record');
    await page.click('.record');
    await kubectl.run('delete', 'pod', 'web-1');
    await eventually('it says how long and large it is', async () =>
      assert.match(await page.textContent('.record'), /^Stop and save · [1-9]\d* s · [1-9]\d* KB$/),
    );
    await settles(page, 2);
    const [download] = await Promise.all([page.waitForEvent('download'), page.click('.record')]);
    assert.equal(download.suggestedFilename(), 'recording.berth');
    const chunks = [];
    for await (const chunk of await download.createReadStream()) chunks.push(chunk);
    const file = Buffer.concat(chunks);
    assert.equal(file.subarray(0, 8).toString(), 'berthrec');
    assert.ok(file.length > 1_000, `${file.length} bytes`);
    assert.equal((await page.textContent('.record')).trim(), 'Record');
    await becomes(page, 'live');
  });
});

test('given no history when a link to a moment is opened then the page says why it cannot be shown', async () => {
  const kubectl = await it.cluster.namespace('forgotten');
  await kubectl.apply(service(), statefulSet());
  await onPage(it.browser, `${it.berth.url}/sets/forgotten/web?at=1000`, { expected: [/404/] }, async (page) => {
    const [notice] = await notices(page);
    assert.match(notice.text, /cannot be shown: no history is kept of that time/);
    await page.click('.live-again');
    await becomes(page, 'live');
    await settles(page, 2);
  });
});
