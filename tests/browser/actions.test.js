// Acting on a real cluster: off unless Berth is told otherwise, and never more than its own rights there.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startBerth } from './support/berth.js';
import { onPage } from './support/browser.js';
import { service, statefulSet } from './support/manifests.js';
import { becomes, settles, toldBeside } from './support/reading.js';
import { stage } from './support/stage.js';
import { eventually } from './support/waiting.js';

const it = stage({ flags: () => ['--allow-actions'] });

const READS = ['get', 'list', 'watch'];
const LOOKS = [
  { apiGroups: [''], resources: ['pods', 'services'], verbs: READS },
  { apiGroups: ['apps'], resources: ['statefulsets'], verbs: READS },
  { apiGroups: ['discovery.k8s.io'], resources: ['endpointslices'], verbs: READS },
];

async function act(berth, action) {
  const headers = { 'content-type': 'application/json' };
  const response = await fetch(`${berth.url}/api/v1/actions`, { method: 'POST', headers, body: JSON.stringify(action) });
  return { status: response.status, ...(await response.json()) };
}

test('given actions are allowed when pods are deleted on the page then they go, and one that was meant but is another now stays', async () => {
  const kubectl = await it.cluster.namespace('acts');
  await kubectl.apply(service(), statefulSet());
  await onPage(it.browser, `${it.berth.url}/sets/acts/web`, {}, async (page) => {
    const before = await settles(page, 2);
    await page.click('header .buttons >> text=Delete pods…');
    const dialog = page.locator('dialog.ask');
    assert.equal(await dialog.locator('pre').textContent(), 'kubectl delete pod web-0 web-1 -n acts');
    await dialog.locator('.primary').click();
    assert.equal(await toldBeside(page), 'pod "web-0" deleted from acts namespace\npod "web-1" deleted from acts namespace');
    await eventually('both are others', async () => {
      const now = (await kubectl.pods()).map(({ metadata }) => metadata.uid);
      assert.equal(now.length, 2);
      assert.ok(before.every(({ uid }) => !now.includes(uid)));
    });
    const after = await settles(page, 2);
    // Somebody confirms what was on a screen a while ago.
    const stale = { Delete: { namespace: 'acts', pods: [{ name: 'web-0', uid: before[0].uid }] } };
    const refused = await act(it.berth, stale);
    assert.equal(refused.status, 409, refused.detail);
    assert.deepEqual((await settles(page, 2)).map(({ uid }) => uid), after.map(({ uid }) => uid));

    const set = { namespace: 'acts', name: 'web' };
    assert.deepEqual(await act(it.berth, { Scale: { set, replicas: 3 } }), {
      status: 200,
      command: 'kubectl scale statefulset web --replicas=3 -n acts',
      said: ['statefulset.apps/web scaled'],
      failed: [],
    });
    const [, , third] = await settles(page, 3);
    // Of several, those that still are what was meant go; the answer says what became of each.
    const partly = [{ name: 'web-0', uid: before[0].uid }, { name: 'web-2', uid: third.uid }];
    const some = await act(it.berth, { Delete: { namespace: 'acts', pods: partly } });
    assert.deepEqual([some.status, some.said], [207, ['pod "web-2" deleted from acts namespace']]);
    assert.equal(some.failed.length, 1);
    assert.match(some.failed[0], /^web-0: .*UID/);
    const unknown = await act(it.berth, { SetImage: { set, container: 'sidecar', image: 'x' } });
    assert.deepEqual([unknown.status, unknown.detail.includes('there is: nginx')], [422, true]);
    const wrong = await act(it.berth, { SetImage: { set, container: 'nginx', image: 'Nginx:1' } });
    assert.deepEqual([wrong.status, wrong.detail.includes('this image cannot exist: the name "Nginx" has to be lower-case')], [422, true]);
    const { image } = (await kubectl.json('get', 'statefulset', 'web')).spec.template.spec.containers[0];
    const same = await act(it.berth, { SetImage: { set, container: 'nginx', image } });
    assert.deepEqual([same.status, same.said], [200, [`statefulset.apps/web unchanged: nginx has the image ${image} already`]]);
    for (const replicas of [-1, 1001, 4294967296]) {
      const many = await act(it.berth, { Scale: { set, replicas } });
      assert.deepEqual([many.status, many.detail.includes('between 0 and 1000')], [422, true], many.detail);
    }
    const held = await act(it.berth, { SetReady: { namespace: 'acts', pod: 'web-0', ready: false } });
    assert.deepEqual([held.status, held.detail.includes('in the demo only')], [422, true]);
    const missing = await act(it.berth, { Restart: { set: { namespace: 'acts', name: 'nowhere' } } });
    assert.equal(missing.status, 404, missing.detail);
    assert.equal(await page.locator('tr[data-pod="web-0"] >> text=Not ready…').count(), 0);
  });
});

test('given a role that only looks when readers try to act then the page says which right is missing, and the API refuses', async () => {
  const kubectl = await it.cluster.namespace('looks');
  await kubectl.apply(service(), statefulSet());
  const scales = { apiGroups: ['apps'], resources: ['statefulsets/scale'], verbs: ['patch'] };
  const kubeconfig = await it.cluster.user('looks', [...LOOKS, scales]);
  const berth = await startBerth({ kubeconfig, flags: ['--allow-actions'] });
  try {
    await berth.ready();
    await onPage(it.browser, `${berth.url}/sets/looks/web`, {}, async (page) => {
      const before = await settles(page, 2);
      const dialog = page.locator('dialog.ask');
      await page.click('header .buttons >> text=Delete pods…');
      await eventually('the page says what is missing', async () =>
        assert.match(await dialog.locator('.told').first().textContent(), /its role lacks delete pods/),
      );
      assert.equal(await dialog.locator('.primary').isDisabled(), true);
      await page.keyboard.press('Escape');
      const pods = before.map(({ pod: name, uid }) => ({ name, uid }));
      const refused = await act(berth, { Delete: { namespace: 'looks', pods } });
      assert.equal(refused.status, 403);
      assert.match(refused.detail, /cannot delete resource "pods"/);
      // What is granted works.
      await page.click('header .buttons >> text=Scale…');
      await dialog.locator('input').fill('1');
      await dialog.locator('.primary').click();
      assert.equal(await toldBeside(page), 'statefulset.apps/web scaled');
      await settles(page, 1);
    });
  } finally {
    await berth.stop();
  }
});

test('given a Berth that only looks when a page is open then there is nothing to press, and the API refuses', async () => {
  const kubectl = await it.cluster.namespace('quiet');
  await kubectl.apply(service(), statefulSet());
  const berth = await startBerth({ kubeconfig: it.cluster.kubeconfig });
  try {
    await berth.ready();
    await onPage(it.browser, `${berth.url}/sets/quiet/web`, {}, async (page) => {
      await becomes(page, 'live');
      await settles(page, 2);
      assert.equal(await page.locator('text=Delete').count(), 0);
      assert.equal(await page.locator('dialog:not(.keys), .guide').count(), 0);
    });
    const refused = await act(berth, { Restart: { set: { namespace: 'quiet', name: 'web' } } });
    assert.equal(refused.status, 403);
    assert.match(refused.detail, /--allow-actions/);
    for (const path of ['/api/v1/actions?namespace=quiet', '/api/v1/walkthrough', '/walkthrough/svc.yaml']) {
      const { status } = await berth.get(path);
      assert.equal(status, path.includes('actions') ? 403 : 404, path);
    }
  } finally {
    await berth.stop();
  }
});

test('given a Berth that watches one namespace when somebody acts in another then it is refused', async () => {
  const shop = await it.cluster.namespace('shop');
  const stock = await it.cluster.namespace('stock');
  for (const kubectl of [shop, stock]) await kubectl.apply(service(), statefulSet());
  const berth = await startBerth({ kubeconfig: it.cluster.kubeconfig, flags: ['--allow-actions', '-n', 'shop'] });
  try {
    await berth.ready();
    const scale = (namespace) => ({ Scale: { set: { namespace, name: 'web' }, replicas: 1 } });
    const refused = await act(berth, scale('stock'));
    assert.equal(refused.status, 403);
    assert.match(refused.detail, /shop only; start it with -n stock/);
    assert.equal((await act(berth, scale('shop'))).status, 200);
    assert.equal((await berth.get('/api/v1/actions?namespace=stock')).status, 403);
    assert.equal((await stock.json('get', 'statefulset', 'web')).spec.replicas, 2);
  } finally {
    await berth.stop();
  }
});

test('given a cluster that is somebody else\'s when the walk-through is applied then nothing that Berth did not make is touched', async () => {
  const taken = await it.cluster.namespace('taken');
  await taken.apply({ ...statefulSet(), spec: { ...statefulSet().spec, replicas: 1 } });
  const apply = (namespace) => act(it.berth, { ApplyWalkThrough: { namespace } });
  const refused = await apply('taken');
  assert.equal(refused.status, 409);
  assert.match(refused.detail, /statefulset.apps\/web exists in the namespace taken, and Berth did not make it/);
  assert.equal((await taken.json('get', 'statefulset', 'web')).spec.replicas, 1);
  assert.equal((await taken.json('get', 'services')).items.length, 0, 'not even what would have been free');

  const free = await it.cluster.namespace('free');
  await onPage(it.browser, `${it.berth.url}/?namespace=free`, {}, async (page) => {
    await becomes(page, 'live');
    const dialog = page.locator('dialog.ask');
    await page.click('header .buttons >> text=Apply the walk-through…');
    assert.equal(await dialog.locator('input').inputValue(), 'free');
    assert.equal(await dialog.locator('pre').textContent(), 'kubectl apply -f svc.yaml -f statefulset.yaml -n free');
    await dialog.locator('.primary').click();
    assert.equal(await toldBeside(page), 'service/nginx created\nstatefulset.apps/web created');
  });
  assert.equal((await free.json('get', 'statefulset', 'web')).spec.replicas, 2);
  const again = await apply('free');
  assert.deepEqual([again.status, again.said], [200, ['service/nginx unchanged', 'statefulset.apps/web unchanged']]);
  assert.equal((await apply('nowhere')).status, 404);
  assert.equal((await it.berth.get('/walkthrough/svc.yaml')).status, 200);
});
