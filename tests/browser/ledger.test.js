// The ledger on the page: what it lists, and that it says when history is not kept.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startBerth } from './support/berth.js';
import { onPage } from './support/browser.js';
import { service, statefulSet } from './support/manifests.js';
import { Postgres } from './support/postgres.js';
import { notices, podRows, settles } from './support/reading.js';
import { stage } from './support/stage.js';
import { eventually } from './support/waiting.js';

const it = stage();

/** The rows of the ledger on the page. */
const ledgerRows = (page) =>
  page.$$eval('.ledger tbody tr', (rows) =>
    rows.map((row) => ({
      pod: row.querySelector('th').textContent,
      uid: row.dataset.uid,
      ips: [...row.querySelectorAll('td:nth-child(3) code')].map((ip) => ip.textContent),
      why: row.querySelector('[data-why]')?.dataset.why,
      who: row.querySelector('[data-who]')?.dataset.who,
      times: [...row.querySelectorAll('time')].map((time) => [Date.parse(time.dateTime), time.textContent]),
    })),
  );

test('given pods that were deleted when the ledger is opened then they are there beside those of now, newest first', async () => {
  const kubectl = await it.cluster.namespace('ledger');
  await kubectl.apply(service(), statefulSet());
  const options = { timezoneId: 'Asia/Kolkata' };
  await onPage(it.browser, `${it.berth.url}/sets/ledger/web`, options, async (page) => {
    await settles(page, 2);
    const before = await podRows(page);
    await kubectl.run('delete', 'pod', 'web-0', 'web-1');
    await settles(page, 2);
    const after = await podRows(page);

    await page.click('.ledger summary');
    // Rows are written a moment after what they tell: the panel is read again until they are all there.
    const rows = await eventually('the ledger has every pod with its address', async () => {
      await page.click('.ledger button');
      const rows = await ledgerRows(page);
      assert.equal(rows.length, 4);
      for (const pod of [...before, ...after]) {
        const row = rows.find(({ uid }) => uid === pod.uid);
        assert.deepEqual([row?.pod, row?.ips], [pod.pod, [pod.ip]]);
      }
      return rows;
    });
    const newest = rows.slice(0, 2).map(({ uid }) => uid);
    assert.deepEqual(newest.sort(), after.map(({ uid }) => uid).sort());
    for (const { uid } of before) {
      const { why, who } = rows.find((row) => row.uid === uid);
      assert.deepEqual([why, who], ['Deleted', 'Client']);
    }
    // In the reader's own time.
    const [[at, text]] = rows[0].times;
    const clock = new Intl.DateTimeFormat('en-GB', { timeStyle: 'medium', timeZone: 'Asia/Kolkata' });
    assert.ok(text.endsWith(clock.format(at)), `${text} is not ${clock.format(at)}`);

    // A third generation is there once it is read again.
    await kubectl.run('delete', 'pod', 'web-0');
    await settles(page, 2);
    await eventually('the ledger has the newest pod', async () => {
      await page.click('.ledger button');
      assert.equal((await ledgerRows(page)).length, 5);
    });
    const csv = await page.getAttribute('.ledger a[download]', 'href');
    const { status, text: table } = await it.berth.get(csv);
    assert.deepEqual([status, table.trim().split('\n').length], [200, 6]);
  });
});

test('given a database that goes away when pods are replaced then the page says so and stays live, and once it is back nothing is missing', async () => {
  const kubectl = await it.cluster.namespace('away');
  await kubectl.apply(service(), statefulSet());
  const postgres = await Postgres.start();
  let berth;
  try {
    berth = await startBerth({ kubeconfig: it.cluster.kubeconfig, flags: ['--ledger', postgres.url] });
    await berth.ready();
    await onPage(it.browser, `${berth.url}/sets/away/web`, {}, async (page) => {
      const said = async () => (await notices(page)).filter(({ notice }) => notice === 'history');
      const before = await settles(page, 2);
      await eventually('the first pods are written', async () =>
        assert.equal(await postgres.sql("SELECT COUNT(*) FROM incarnations WHERE namespace = 'away'"), '2'),
      );
      assert.deepEqual(await said(), []);

      await postgres.goAway();
      await kubectl.run('delete', 'pod', 'web-0', 'web-1');
      await eventually('the page says that history is not being kept', async () => {
        const [notice] = await said();
        assert.match(notice?.text ?? '', /^History is not being kept: /);
      });
      // What is live goes on meanwhile.
      const after = await eventually('both pods are others', async () => {
        const rows = await settles(page, 2);
        for (const { uid } of before) assert.ok(rows.every((row) => row.uid !== uid));
        return rows;
      });

      await postgres.comeBack();
      await eventually('the notice goes', async () => assert.deepEqual(await said(), []));
      await page.click('.ledger summary');
      await eventually('every pod is in the ledger', async () => {
        await page.click('.ledger button');
        const rows = await ledgerRows(page);
        assert.deepEqual(rows.map(({ uid }) => uid).sort(), [...before, ...after].map(({ uid }) => uid).sort());
        for (const { uid } of before) assert.equal(rows.find((row) => row.uid === uid).who, 'Client');
      });
    });
  } finally {
    await berth?.stop();
    await postgres.stop();
  }
});
