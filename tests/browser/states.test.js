// StatefulSets that are not as they should be: the page shows each as what it is.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { startBerth } from './support/berth.js';
import { onPage } from './support/browser.js';
import { pod, service, statefulSet } from './support/manifests.js';
import {
  agrees,
  explains,
  governingService,
  identities,
  podRows,
  rail,
  services,
  settles,
  strangers,
  why,
} from './support/reading.js';
import { stage } from './support/stage.js';
import { eventually } from './support/waiting.js';

const it = stage();

/** What a kubelet reports of a container that crashes again and again. */
const CRASHES = {
  conditions: ['Ready', 'ContainersReady'].map((type) => ({ type, status: 'False', reason: 'ContainersNotReady' })),
  containerStatuses: [
    {
      name: 'nginx',
      image: 'nginx:broken',
      imageID: 'nginx:broken',
      ready: false,
      started: false,
      restartCount: 4,
      state: { waiting: { reason: 'CrashLoopBackOff', message: 'back-off 40s restarting failed container' } },
      lastState: {
        terminated: {
          exitCode: 1,
          reason: 'Error',
          startedAt: '2026-01-01T00:00:00Z',
          finishedAt: '2026-01-01T00:00:01Z',
        },
      },
    },
  ],
};

const setImage = (kubectl, image) => kubectl.run('set', 'image', 'statefulset/web', `nginx=${image}`);
const setPartition = (kubectl, partition) => {
  const patch = { spec: { updateStrategy: { type: 'RollingUpdate', rollingUpdate: { partition } } } };
  return kubectl.run('patch', 'statefulset/web', '--patch', JSON.stringify(patch));
};

// Each in a namespace of its own; most of the time they wait.
describe('states', { concurrency: 3 }, () => {
  test('given a rollout that is stuck when the pod that the page names is deleted then it goes on', async () => {
    const kubectl = await it.cluster.namespace('rollout');
    await kubectl.apply(service(), statefulSet({ replicas: 3 }));
    await onPage(it.browser, `${it.berth.url}/?namespace=rollout`, {}, async (page) => {
      await page.click('.rail a.row[data-set="rollout/web"]');
      const before = await settles(page, 3);

      // A broken version reaches web-2, which crashes; the partition holds the rest back until then.
      await setPartition(kubectl, 2);
      await setImage(kubectl, 'nginx:broken');
      const held = await explains(page, 'PartitionHolds');
      assert.match(held.text, /2 pods below it keep the old one until the partition is lowered/);
      await kubectl.patchStatus('web-2', { status: CRASHES });
      await setPartition(kubectl, 0);
      const waits = await explains(page, 'WaitsForReady');
      assert.equal(waits.tone, 'stuck');
      assert.match(waits.text, /^web-2 is failing: CrashLoopBackOff\. Until it is Ready, web-1 is not replaced: one pod/);

      // The template is mended, and nothing happens: that is what the page must explain.
      await setImage(kubectl, 'nginx:1.27');
      const stuck = await explains(page, 'RolloutStuck');
      assert.equal(stuck.tone, 'stuck');
      assert.match(stuck.text, /^The rollout is stuck at web-2\./);
      const { status } = await kubectl.json('get', 'statefulset', 'web');
      assert.ok(stuck.text.includes(status.updateRevision), stuck.text);
      const [crashing] = await podRows(page).then((rows) => rows.slice(2));
      assert.ok(stuck.text.includes(crashing.revision), stuck.text);
      assert.equal(crashing.stage, 'failing');
      assert.equal((await rail(page)).find(({ set }) => set === 'rollout/web').attention, 'stuck');
      await agrees(page, kubectl);

      // Exactly the command that the page names.
      const [command] = stuck.text.match(/kubectl delete pod web-2 -n rollout/) ?? [];
      assert.ok(command, stuck.text);
      await kubectl.run(...command.split(' ').slice(1));
      const after = await settles(page, 3);
      await agrees(page, kubectl);
      const { status: mended } = await kubectl.json('get', 'statefulset', 'web');
      assert.deepEqual(
        after.map(({ revision }) => revision),
        Array(3).fill(mended.updateRevision),
      );
      assert.ok(
        after.every(({ uid }, at) => uid !== before[at].uid),
        'every pod was replaced',
      );
    });
  });

  test('given a StatefulSet whose Service does not exist when shown then the page says so, and until when', async () => {
    const kubectl = await it.cluster.namespace('no-service');
    await kubectl.apply(statefulSet());
    await onPage(it.browser, `${it.berth.url}/?namespace=no-service`, {}, async (page) => {
      await page.click('.rail a.row[data-set="no-service/web"]');
      await settles(page, 2);
      assert.equal(await governingService(page), 'missing Service nginx');
      const [missing] = await services(page);
      assert.equal(missing.service, 'nginx');
      assert.match(missing.text, /does not exist/);
      assert.deepEqual(missing.reaches, {});

      await kubectl.apply(service());
      await eventually('the Service reaches both pods', async () => {
        assert.equal(await governingService(page), 'headless nginx');
        assert.deepEqual(
          (await services(page)).map(({ service, reaches }) => ({ service, reaches })),
          [{ service: 'nginx', reaches: { 'web-0': 'ready', 'web-1': 'ready' } }],
        );
      });
      await kubectl.run('delete', 'service', 'nginx');
      await eventually('the Service is missing again', async () => {
        assert.equal(await governingService(page), 'missing Service nginx');
      });
    });
  });

  test('given a Service that is not headless when shown then the page says so and whom it reaches', async () => {
    const kubectl = await it.cluster.namespace('vip');
    await kubectl.apply(service({ clusterIP: undefined }), service({ name: 'beside' }), statefulSet());
    await onPage(it.browser, `${it.berth.url}/?namespace=vip`, {}, async (page) => {
      await page.click('.rail a.row[data-set="vip/web"]');
      await settles(page, 2);
      assert.equal(await governingService(page), 'not headless nginx');
      const { spec } = await kubectl.json('get', 'service', 'nginx');
      const both = { 'web-0': 'ready', 'web-1': 'ready' };
      await eventually('both Services reach both pods', async () => {
        const [beside, governing] = await services(page);
        assert.deepEqual([beside.service, beside.reaches], ['beside', both]);
        assert.deepEqual([governing.service, governing.reaches], ['nginx', both]);
        assert.ok(governing.text.includes(`ClusterIP ${spec.clusterIP}`), governing.text);
        assert.match(governing.text, /the pods' names are under it/);
        assert.doesNotMatch(beside.text, /the pods' names are under it/);
      });
      await kubectl.patchStatus('web-1', { status: { conditions: [{ type: 'Ready', status: 'False' }] } });
      await eventually('the Services withhold web-1', async () => {
        for (const { reaches } of await services(page))
          assert.deepEqual(reaches, { 'web-0': 'ready', 'web-1': 'withheld' });
      });
    });
  });

  test('given no replicas when shown then that is said, and a pod comes when one is wanted', async () => {
    const kubectl = await it.cluster.namespace('zero');
    await kubectl.apply(service(), statefulSet({ replicas: 0 }));
    await onPage(it.browser, `${it.berth.url}/?namespace=zero`, {}, async (page) => {
      await page.click('.rail a.row[data-set="zero/web"]');
      const zero = await explains(page, 'ScaledToZero');
      assert.match(zero.text, /^Scaled to zero\./);
      assert.deepEqual(await podRows(page), []);
      assert.equal((await rail(page)).find(({ set }) => set === 'zero/web').attention, 'settled');
      await kubectl.run('scale', 'statefulset/web', '--replicas=1');
      await settles(page, 1);
      await agrees(page, kubectl);
      await kubectl.run('scale', 'statefulset/web', '--replicas=0');
      await explains(page, 'ScaledToZero');
      await kubectl.run('delete', 'statefulset', 'web');
      await eventually('the page says that the StatefulSet is gone', async () => {
        assert.match(await page.textContent('.title'), /deleted \d\d:\d\d:\d\d/);
        assert.equal((await why(page)).reason, 'NoController');
      });
    });
  });

  test('given pods that others made when shown then they are no members, and one that holds a name is to be deleted', async () => {
    const kubectl = await it.cluster.namespace('strangers');
    const owner = { apiVersion: 'v1', kind: 'ConfigMap', name: 'someone', controller: true };
    const { metadata } = await kubectl.json('create', 'configmap', 'someone');
    await kubectl.apply(
      service(),
      pod({ name: 'visitor' }),
      pod({ name: 'web-1', labels: { app: 'other' }, ownerReferences: [{ ...owner, uid: metadata.uid }] }),
      pod({ name: 'bystander', labels: { app: 'other' } }),
    );
    await kubectl.apply(statefulSet());
    await onPage(it.browser, `${it.berth.url}/?namespace=strangers`, {}, async (page) => {
      await page.click('.rail a.row[data-set="strangers/web"]');
      const blocked = await explains(page, 'CannotCreate');
      assert.equal(blocked.tone, 'stuck');
      assert.match(blocked.text, /^web-1 cannot be created\..* is controlled by ConfigMap someone\./);
      await eventually('both strangers run', async () => {
        assert.deepEqual(await strangers(page), [
          { pod: 'visitor', text: ['visitor', 'Running', 'nobody', "the StatefulSet's selector matches its labels"] },
          {
            pod: 'web-1',
            text: [
              'web-1',
              'Running',
              'ConfigMap someone',
              'it has the name of an identity, so the controller cannot create its own pod',
            ],
          },
        ]);
      });
      const rows = await podRows(page);
      assert.deepEqual(
        rows.map(({ pod, stage }) => [pod, stage]),
        [
          ['web-0', 'ready'],
          ['web-1', 'none'],
        ],
      );
      const [command] = blocked.text.match(/kubectl delete pod web-1 -n strangers/) ?? [];
      assert.ok(command, blocked.text);
      await kubectl.run(...command.split(' ').slice(1));
      await settles(page, 2);
      assert.deepEqual(
        (await strangers(page)).map(({ pod }) => pod),
        ['visitor'],
      );
    });
  });

  test('given a name that is too long for its pods when shown then the page says why none comes', async () => {
    const kubectl = await it.cluster.namespace('long');
    const name = 'a'.repeat(53);
    await kubectl.apply(service(), statefulSet({ name }));
    await onPage(it.browser, `${it.berth.url}/?namespace=long`, {}, async (page) => {
      await page.click(`.rail a.row[data-set="long/${name}"]`);
      const blocked = await explains(page, 'CannotCreate');
      assert.equal(blocked.tone, 'stuck');
      const { status } = await kubectl.json('get', 'statefulset', name);
      assert.ok(blocked.text.includes(`revision has ${status.updateRevision.length} characters`), blocked.text);
      assert.equal(status.replicas, 0);
    });
  });

  test('given hostile names and texts when shown then they are text, before and after hydration', async () => {
    const kubectl = await it.cluster.namespace('hostile');
    const evil = (name) => `</script><img src=x onerror="window.injected='${name}'">'"&amp;{{${name}}}`;
    await kubectl.apply(service(), statefulSet());
    const { metadata } = await kubectl.json('create', 'configmap', 'someone');
    const ownerReferences = [
      { apiVersion: 'v1', kind: evil('kind'), name: evil('owner'), uid: metadata.uid, controller: true },
    ];
    await kubectl.apply(pod({ name: 'visitor', ownerReferences }));
    // The context's name is the user's own; it is shown as the cluster's.
    const kubeconfig = await it.cluster.renamed(evil('context'));
    const berth = await startBerth({ kubeconfig });
    try {
      await berth.ready();
      await eventually('web-0 runs', async () => {
        const [{ status }] = await kubectl.pods('apps.kubernetes.io/pod-index=0');
        assert.equal(status.phase, 'Running');
      });
      const waiting = { waiting: { reason: evil('reason'), message: evil('message') } };
      await kubectl.patchStatus(
        'web-0',
        [{ op: 'replace', path: '/status/containerStatuses/0/state', value: waiting }],
        'json',
      );
      for (const javaScript of [false, true]) {
        // Berth may not know it all at once, and without JavaScript a page stays as it was.
        await eventually('the texts are shown', () =>
          onPage(it.browser, `${berth.url}/sets/hostile/web`, { javaScript }, async (page) => {
            const [row] = await podRows(page);
            assert.equal(row.status, evil('reason'));
            const [visitor] = await strangers(page);
            assert.equal(visitor.text[2], `${evil('kind')} ${evil('owner')}`);
            assert.equal((await page.textContent('.cluster')).trim(), evil('context'));
            assert.equal(await page.$('img'), null);
            if (!javaScript) return;
            assert.deepEqual(
              (await identities(page)).map(({ name }) => name),
              ['web-0', 'web-1'],
            );
            assert.equal(await page.evaluate(() => window.injected), undefined);
          }),
        );
      }
    } finally {
      await berth.stop();
    }
  });
});
