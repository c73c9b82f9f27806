// What Berth may not see: the rest works, and the page names what is missing and the rule that grants it.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { startBerth } from './support/berth.js';
import { onPage } from './support/browser.js';
import { service, statefulSet } from './support/manifests.js';
import { agrees, becomes, contrast, governingService, notices, rail, services, settles } from './support/reading.js';
import { stage } from './support/stage.js';
import { eventually } from './support/waiting.js';

const it = stage();

const READS = ['get', 'list', 'watch'];
const RULES = {
  pods: { apiGroups: [''], resources: ['pods'], verbs: READS },
  services: { apiGroups: [''], resources: ['services'], verbs: READS },
  endpointslices: { apiGroups: ['discovery.k8s.io'], resources: ['endpointslices'], verbs: READS },
  statefulsets: { apiGroups: ['apps'], resources: ['statefulsets'], verbs: READS },
};
const rules = (...kinds) => kinds.map((kind) => RULES[kind]);

/** The rule in a notice, read as people would: it is the YAML of a rule in a list. */
async function grantedBy(page, resource) {
  const text = await page.textContent(`.notice[data-resource="${resource}"] pre`);
  const rule = Object.fromEntries(
    [...text.matchAll(/^[- ] (\w+): (\[.*\])$/gm)].map(([, key, list]) => [key, JSON.parse(list)]),
  );
  assert.equal(text.split('\n').length, Object.keys(rule).length, `every line of it was read: ${text}`);
  return rule;
}

/** Adds a rule to a role. */
async function grant(kubectl, role, rule) {
  const { rules } = await kubectl.json('get', ...role);
  await kubectl.run(
    'patch',
    ...role,
    '--type',
    'merge',
    '--patch',
    JSON.stringify({ rules: [...(rules ?? []), rule] }),
  );
}

/** A Deployment of one pod. */
const deployment = {
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name: 'api' },
  spec: {
    replicas: 1,
    selector: { matchLabels: { app: 'api' } },
    template: { metadata: { labels: { app: 'api' } }, spec: { containers: [{ name: 'api', image: 'nginx' }] } },
  },
};

// Each in a namespace of its own; most of the time they wait.
describe('permissions', { concurrency: 3 }, () => {
  test('given no permission for Services when shown then the rest works, and the rule that the page names mends it', async () => {
    const kubectl = await it.cluster.namespace('no-services');
    await kubectl.apply(service(), statefulSet());
    const kubeconfig = await it.cluster.user('no-services', rules('pods', 'endpointslices', 'statefulsets'));
    const berth = await startBerth({ kubeconfig });
    try {
      await berth.ready();
      await onPage(it.browser, `${berth.url}/?namespace=no-services`, {}, async (page) => {
        await page.click('.rail a.row[data-set="no-services/web"]');
        await becomes(page, 'live');
        await settles(page, 2);
        await agrees(page, kubectl);
        const [refused, ...others] = await notices(page);
        assert.deepEqual(others, []);
        assert.equal(refused.notice, 'refused');
        assert.match(refused.text, /^Berth may not list and watch services in all namespaces\./);
        assert.match(refused.text, /This rule of a ClusterRole grants it:/);
        const rule = await grantedBy(page, 'services');
        assert.deepEqual(rule, RULES.services);

        await grant(kubectl, ['clusterrole', 'no-services'], rule);
        await eventually('the notice goes', async () => assert.deepEqual(await notices(page), []));
        await eventually('the Service is there', async () => {
          assert.equal(await governingService(page), 'headless nginx');
          const [{ reaches }] = await services(page);
          assert.deepEqual(reaches, { 'web-0': 'ready', 'web-1': 'ready' });
        });
      });
      assert.ok(berth.isRunning);
    } finally {
      await berth.stop();
    }
  });

  test('given no permission for Deployments when shown then only the contrast is missing, and says which rule mends it', async () => {
    const kubectl = await it.cluster.namespace('no-contrast');
    await kubectl.apply(service(), statefulSet(), deployment);
    const kubeconfig = await it.cluster.user('no-contrast', Object.values(RULES));
    const berth = await startBerth({ kubeconfig });
    try {
      await berth.ready();
      await onPage(it.browser, `${berth.url}/sets/no-contrast/web?namespace=no-contrast`, {}, async (page) => {
        await becomes(page, 'live');
        await settles(page, 2);
        assert.deepEqual(await notices(page), []);
        assert.deepEqual(await contrast(page), []);
        const refused = page.locator('.rail .refused');
        assert.equal(await refused.locator('summary').textContent(), 'Berth may not list and watch deployments and replicasets.');
        await refused.locator('summary').click();
        assert.equal(
          await refused.locator('pre').textContent(),
          '- apiGroups: ["apps"]\n  resources: ["deployments", "replicasets"]\n  verbs: ["get", "list", "watch"]',
        );
        const rule = { apiGroups: ['apps'], resources: ['deployments', 'replicasets'], verbs: READS };
        await grant(kubectl, ['clusterrole', 'no-contrast'], rule);
        await eventually('the Deployment is there', async () => {
          assert.deepEqual((await contrast(page)).map(({ deployment, dots }) => [deployment, dots]), [['no-contrast/api', ['ready']]]);
          assert.equal(await refused.count(), 0);
        });
      });
    } finally {
      await berth.stop();
    }
  });

  test('given permission for one namespace when Berth watches that one then nothing is missing but what was left out', async () => {
    const [mine, other] = [await it.cluster.namespace('mine'), await it.cluster.namespace('other')];
    await mine.apply(service(), statefulSet());
    await other.apply(service(), statefulSet());
    const granted = rules('pods', 'services', 'statefulsets');
    const kubeconfig = await it.cluster.user('mine-only', granted, { namespace: 'mine' });
    const berth = await startBerth({ kubeconfig, flags: ['-n', 'mine'] });
    try {
      await berth.ready();
      await onPage(it.browser, berth.url, {}, async (page) => {
        await page.click('.rail a.row[data-set="mine/web"]');
        await settles(page, 2);
        await agrees(page, mine);
        assert.deepEqual(
          (await rail(page)).map(({ set }) => set),
          ['mine/web'],
        );
        const [refused, ...others] = await notices(page);
        assert.deepEqual(others, []);
        assert.match(refused.text, /^Berth may not list and watch endpointslices in the namespace mine\./);
        assert.match(refused.text, /This rule of a Role grants it:/);
        await grant(mine, ['role', 'mine-only'], await grantedBy(page, 'endpointslices'));
        await eventually('the notice goes', async () => assert.deepEqual(await notices(page), []));
        await eventually('the Service reaches the pods', async () => {
          const [{ reaches }] = await services(page);
          assert.deepEqual(reaches, { 'web-0': 'ready', 'web-1': 'ready' });
        });
      });
    } finally {
      await berth.stop();
    }
  });

  test('given no permission at all when shown then each kind is named, and each comes with its rule', async () => {
    const kubectl = await it.cluster.namespace('nothing');
    await kubectl.apply(service(), statefulSet());
    const kubeconfig = await it.cluster.user('nothing', []);
    const berth = await startBerth({ kubeconfig });
    try {
      await berth.ready();
      await onPage(it.browser, berth.url, {}, async (page) => {
        await becomes(page, 'live');
        const refused = (await notices(page)).map(({ notice, resource }) => [notice, resource]).sort();
        assert.deepEqual(
          refused,
          Object.keys(RULES)
            .sort()
            .map((resource) => ['refused', resource]),
        );
        for (const resource of Object.keys(RULES)) {
          await grant(kubectl, ['clusterrole', 'nothing'], await grantedBy(page, resource));
        }
        await eventually('the notices go', async () => assert.deepEqual(await notices(page), []));
        await page.click('.rail a.row[data-set="nothing/web"]');
        await settles(page, 2);
        await agrees(page, kubectl);
      });
    } finally {
      await berth.stop();
    }
  });
});
