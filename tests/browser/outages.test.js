// What fails and comes back: the API server, Berth, and an API server that is not there when Berth starts. The page says
// so, says how old what it shows is, and is right again by itself.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { freePort, startBerth } from './support/berth.js';
import { onPage } from './support/browser.js';
import { service, statefulSet } from './support/manifests.js';
import { agrees, becomes, notices, podRows, settles } from './support/reading.js';
import { stage } from './support/stage.js';
import { eventually } from './support/waiting.js';

const it = stage();

/** What the browser itself says of a server that is not there. */
const UNREACHABLE = [/WebSocket connection to 'ws:.*' failed/];

/** How long ago the page says that what it shows was true, in seconds; fails when it does not say that. */
async function saidAge(page) {
  const notice = (await notices(page)).find(({ notice }) => notice === 'broken' || notice === 'lost');
  const [, ago] = notice?.text.match(/as of \d\d:\d\d:\d\d \((\d+) s ago\); Berth keeps trying/) ?? [];
  assert.ok(ago, `the notice says how old what is shown is: ${notice?.text}`);
  return Number(ago);
}

/** Waits until the page counts an age that fits an outage that began at `since`. */
async function countsAge(page, since) {
  await eventually('the page counts how old what it shows is', async () => {
    const age = await saidAge(page);
    const outage = (performance.now() - since) / 1000;
    assert.ok(age >= 3, `counted to ${age} s`);
    assert.ok(age <= outage + 5, `${age} s are more than the ${outage.toFixed(1)} s of the outage`);
    assert.match(await page.textContent('.live b'), /^Not live for \d+ s$/);
  });
}

test('given a page when kube-apiserver is killed and started again then it says so and converges', async () => {
  const kubectl = await it.cluster.namespace('outage');
  await kubectl.apply(service(), statefulSet({ replicas: 3 }));
  await onPage(it.browser, `${it.berth.url}/sets/outage/web`, { expected: [] }, async (page) => {
    const before = await settles(page, 3);
    await becomes(page, 'live');

    const killed = performance.now();
    await it.cluster.killApiServer();
    await becomes(page, 'broken');
    assert.ok(performance.now() - killed < 5_000, 'the page says so within five seconds');
    await countsAge(page, killed);
    const { status, text } = await it.berth.get('/readyz');
    assert.equal(status, 503);
    assert.match(text, /^not live since .*Z: /);
    const uids = (rows) => rows.map(({ uid }) => uid);
    assert.deepEqual(uids(await podRows(page)), uids(before), 'what was known stays');

    // Changes that may come before Berth watches again.
    await it.cluster.startApiServer();
    await kubectl.run('delete', 'pod', 'web-1', '--wait=false');
    await kubectl.patchStatus(
      'web-0',
      [{ op: 'replace', path: '/status/containerStatuses/0/restartCount', value: 3 }],
      'json',
    );
    await kubectl.run('scale', 'statefulset/web', '--replicas=4');
    await becomes(page, 'live');
    // The controllers come back when they please: what counts is that page and kubectl agree in the end.
    const after = await settles(page, 4);
    const agreed = await agrees(page, kubectl);
    assert.deepEqual(uids(agreed), uids(after));
    assert.equal(agreed[0].uid, before[0].uid);
    assert.equal(agreed[0].restarts, '3');
    assert.notEqual(agreed[1].uid, before[1].uid);
    assert.deepEqual(await notices(page), []);
    await it.berth.ready();
  });
});

test('given a page when Berth is killed and started again then it reconnects by itself and is right', async () => {
  const kubectl = await it.cluster.namespace('restart');
  await kubectl.apply(service(), statefulSet());
  const { kubeconfig } = it.cluster;
  const port = await freePort();
  let berth = await startBerth({ kubeconfig, port });
  try {
    await berth.ready();
    await onPage(it.browser, berth.url, { expected: UNREACHABLE }, async (page) => {
      await page.click('.rail a.row[data-set="restart/web"]');
      const before = await settles(page, 2);
      await page.evaluate(() => {
        window.neverReloaded = true;
      });
      for (const end of ['kill', 'stop']) {
        const ended = performance.now();
        await berth[end]();
        await becomes(page, 'lost');
        const [{ text }] = await notices(page);
        assert.match(
          text,
          end === 'stop' ? /^Not live: Berth is shutting down\./ : /^Not live: the connection to Berth was lost\./,
        );
        await countsAge(page, ended);
        await kubectl.run('delete', 'pod', 'web-0', '--wait=false');
        berth = await startBerth({ kubeconfig, port });
        await becomes(page, 'live');
        await settles(page, 2);
        await agrees(page, kubectl);
        assert.deepEqual(await notices(page), []);
      }
      const after = await podRows(page);
      assert.notEqual(after[0].uid, before[0].uid);
      assert.equal(after[1].uid, before[1].uid);
      assert.equal(await page.evaluate(() => window.neverReloaded), true, 'the page was not loaded anew');
    });
  } finally {
    await berth.stop();
  }
});

test('given no API server when Berth starts then it says so, keeps trying, and recovers', async () => {
  const kubectl = await it.cluster.namespace('late');
  await kubectl.apply(service(), statefulSet());
  await kubectl.run('rollout', 'status', 'statefulset/web', '--timeout=30s');
  await it.cluster.killApiServer();
  const berth = await startBerth({ kubeconfig: it.cluster.kubeconfig });
  try {
    await eventually('/readyz says what is wrong', async () => {
      const { status, text } = await berth.get('/readyz');
      assert.equal(status, 503);
      assert.match(text, /^waiting for the first list of .*pods in all namespaces.*; .*refused/);
    });
    assert.deepEqual(await berth.get('/healthz'), { status: 200, text: 'ok\n' });
    await onPage(it.browser, berth.url, {}, async (page) => {
      await becomes(page, 'starting');
      const [{ notice, text }] = await notices(page);
      assert.equal(notice, 'starting');
      assert.match(text, /^The cluster's first lists are not in: .*refused.*\. Berth keeps trying\.$/);
      await it.cluster.startApiServer();
      await becomes(page, 'live');
      await page.click('.rail a.row[data-set="late/web"]');
      await settles(page, 2);
      await agrees(page, kubectl);
      assert.deepEqual(await notices(page), []);
    });
    await berth.ready();
  } finally {
    await berth.stop();
  }
});
