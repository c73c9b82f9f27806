// The walk-through: create, delete, scale; seen on the page and by a kubectl that watches beside it.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { onPage } from './support/browser.js';
import { service, statefulSet } from './support/manifests.js';
import { agrees, explains, identities, lanes, liveness, podRows, rail, settles } from './support/reading.js';
import { incarnations, record, recorded } from './support/recording.js';
import { stage } from './support/stage.js';
import { eventually } from './support/waiting.js';

const it = stage();

/** What kubectl saw: each pod in the order in which it came, with when it became Ready and went (event numbers). */
function seenByKubectl(events) {
  const seen = new Map();
  events.forEach(({ type, object }, at) => {
    const { uid, name } = object.metadata;
    const pod = seen.get(uid) ?? { uid, name, hostname: object.spec.hostname, added: at };
    const ready = object.status.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True');
    if (ready) pod.ready ??= at;
    if (type === 'DELETED') pod.gone = at;
    pod.ip = object.status.podIP ?? pod.ip;
    seen.set(uid, pod);
  });
  return [...seen.values()];
}

/** The index at which a recording shows a pod in a stage for the first time. */
function firstShown(recording, uid, stage) {
  return recording.findIndex((pods) => pods.some((pod) => pod.uid === uid && (!stage || pod.stage === stage)));
}

test('given no StatefulSet when the walk-through is played then pods come in order and identities outlive them', async () => {
  const kubectl = await it.cluster.namespace('walk');
  const watch = kubectl.watchPods();
  await onPage(it.browser, it.berth.url, {}, async (page) => {
    await eventually('the page is live', async () => assert.equal((await liveness(page)).live, 'live'));
    await kubectl.apply(service(), statefulSet());
    await page.click('.rail a.row[data-set="walk/web"]');
    await record(page);

    // Created in order: web-1 only when web-0 was Ready.
    const created = await settles(page, 2);
    await agrees(page, kubectl);
    const before = seenByKubectl(watch.events);
    assert.deepEqual(
      before.map(({ name, hostname }) => [name, hostname]),
      [
        ['web-0', 'web-0'],
        ['web-1', 'web-1'],
      ],
    );
    assert.ok(before[1].added > before[0].ready, 'kubectl saw web-1 only after web-0 was Ready');
    const recording = await recorded(page);
    assert.deepEqual(
      incarnations(recording).map(({ pod, uid }) => [pod, uid]),
      before.map(({ name, uid }) => [name, uid]),
    );
    const web1 = firstShown(recording, before[1].uid);
    assert.ok(
      firstShown(recording, before[0].uid, 'ready') <= web1,
      'the page showed web-1 only after web-0 was Ready',
    );
    for (const pods of recording.slice(0, web1)) {
      assert.ok(pods.every(({ pod, stage }) => pod !== 'web-1' || stage === 'none'));
    }
    const names = await identities(page);
    assert.deepEqual(names, [
      { name: 'web-0', dns: 'web-0.nginx' },
      { name: 'web-1', dns: 'web-1.nginx' },
    ]);
    const first = await lanes(page);
    assert.deepEqual(
      first.map(({ blocks }) => blocks.map(({ uid, ended }) => ({ uid, ended }))),
      created.map(({ uid }) => [{ uid, ended: false }]),
    );
    assert.deepEqual(
      first.map(({ arrows }) => arrows),
      [[], ['ready-so-next']],
    );
    assert.equal((await page.textContent('g.arrow')).trim(), 'Ready, so next');

    // Both deleted: the same names return in order, as other pods with other addresses.
    await kubectl.run('delete', 'pod', '--selector', 'app=nginx', '--wait=false');
    await eventually('both pods were replaced', async () => {
      const rows = await podRows(page);
      const uids = rows.map(({ uid }) => uid);
      assert.ok(created.every(({ uid }) => !uids.includes(uid)));
    });
    const returned = await settles(page, 2);
    await agrees(page, kubectl);
    assert.deepEqual(await identities(page), names, 'the identities stayed');
    created.forEach((old, at) => {
      assert.equal(returned[at].pod, old.pod);
      assert.notEqual(returned[at].uid, old.uid);
      assert.notEqual(returned[at].ip, old.ip);
    });
    const after = seenByKubectl(watch.events);
    assert.deepEqual(
      after.map(({ name, hostname, ip }) => [name, hostname, ip]),
      [...created, ...returned].map(({ pod, ip }) => [pod, pod, ip]),
      'the page showed the pods that kubectl saw, in the same order',
    );
    assert.ok(after[2].added > after[0].gone && after[3].added > after[1].gone, 'no name was held twice');
    assert.ok(after[3].added > after[2].ready, 'web-1 came back only after web-0 was Ready');

    // The lanes keep those who held the identities before.
    const both = await lanes(page);
    assert.deepEqual(
      both.map(({ blocks }) => blocks.map(({ uid, number, ended }) => ({ uid, number, ended }))),
      created.map((old, at) => [
        { uid: old.uid, number: 1, ended: true },
        { uid: returned[at].uid, number: 2, ended: false },
      ]),
    );
    for (const { blocks } of both) {
      assert.deepEqual(blocks[0].stages, ['pending', 'creating', 'ready', 'terminating']);
      assert.equal(blocks[1].stages.at(-1), 'ready');
    }
    assert.deepEqual(
      both.map(({ arrows }) => arrows),
      [[], ['ready-so-next', 'ready-so-next']],
    );
    assert.match(await page.textContent('g.deletions'), /2 pods deleted/);
  });
  await watch.stop();
});

test('given two pods when scaled to five and to one then they come from below and go from above, one at a time', async () => {
  const kubectl = await it.cluster.namespace('scale');
  await kubectl.apply(service(), statefulSet());
  await onPage(it.browser, `${it.berth.url}/?namespace=scale`, {}, async (page) => {
    await page.click('.rail a.row[data-set="scale/web"]');
    const two = await settles(page, 2);
    await record(page);
    await kubectl.run('scale', 'statefulset/web', '--replicas=5');
    const five = await settles(page, 5);
    await agrees(page, kubectl);
    assert.deepEqual(
      five.slice(0, 2),
      two.map((row, at) => ({ ...row, age: five[at].age })),
    );
    const up = await recorded(page);
    assert.deepEqual(
      incarnations(up).map(({ pod }) => pod),
      ['web-0', 'web-1', 'web-2', 'web-3', 'web-4'],
    );
    for (const pods of up) {
      const starting = pods.filter(({ stage }) => !['none', 'ready'].includes(stage));
      assert.ok(starting.length <= 1, 'one pod starts at a time');
    }

    await kubectl.run('scale', 'statefulset/web', '--replicas=1');
    await explains(page, 'ScalesDown');
    await settles(page, 1);
    await agrees(page, kubectl);
    const down = (await recorded(page)).slice(up.length);
    const going = down.map((pods) => pods.filter(({ stage }) => stage === 'terminating').map(({ pod }) => pod));
    assert.ok(
      going.every((pods) => pods.length <= 1),
      'one pod goes at a time',
    );
    const order = going.flat().filter((pod, at, all) => pod !== all[at - 1]);
    assert.deepEqual(order, ['web-4', 'web-3', 'web-2', 'web-1']);
    const ended = (await lanes(page)).map(({ lane, blocks }) => [lane, blocks.at(-1).ended]);
    assert.deepEqual(ended, [['web-0', false], ...['web-1', 'web-2', 'web-3', 'web-4'].map((lane) => [lane, true])]);
    const row = (await rail(page)).find(({ set }) => set === 'scale/web');
    assert.deepEqual(row, { set: 'scale/web', attention: 'settled', current: true, dots: ['ready'] });
  });
});
