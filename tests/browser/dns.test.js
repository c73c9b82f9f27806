// What DNS serves, across a deletion: what the page shows is what the cluster's own DNS says, and the page says so.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startBerth } from './support/berth.js';
import { onPage } from './support/browser.js';
import { service, statefulSet } from './support/manifests.js';
import { records, settles } from './support/reading.js';
import { run } from './support/processes.js';
import { stage } from './support/stage.js';
import { eventually } from './support/waiting.js';

const flags = ({ cluster }) => ['--dns', '127.0.0.1:0', '--cluster-dns', cluster.dns];
const it = stage({ flags });
const ZONE = 'svc.cluster.local';

/** What a DNS server answers, sorted. */
async function dig(server, name, type = 'A') {
  const [host, port] = server.split(':');
  const told = await run('dig', ['+short', '+tries=2', '+time=2', `@${host}`, '-p', port, name, type]);
  return told.split('\n').filter(Boolean).sort();
}

const row = async (page, name, type = 'A') => {
  const rows = await records(page);
  return rows.find((row) => row.service === 'nginx' && row.name === name && row.type === type);
};

/** Waits until a record is so, and the cluster's DNS says the same. */
const agreed = (page, name, outcome) =>
  eventually(`${name}: ${outcome}, and the cluster says the same`, async () => {
    const found = await row(page, name);
    assert.deepEqual([found?.outcome, found?.said], [outcome, 'same'], JSON.stringify(found));
    return found;
  });

test('given two pods when they are deleted then each record goes and comes as in the cluster’s DNS, which is measured', async () => {
  const kubectl = await it.cluster.namespace('dns');
  await kubectl.apply(service(), statefulSet());
  await onPage(it.browser, `${it.berth.url}/sets/dns/web`, {}, async (page) => {
    const pods = await settles(page, 2);
    const before = await agreed(page, 'web-0.nginx', 'answers');
    assert.deepEqual(before.answers, [pods[0].ip]);
    assert.deepEqual(before.former, []);
    assert.equal(before.name, 'web-0.nginx');
    assert.equal(before.ttl, '5');
    const full = `web-0.nginx.dns.${ZONE}`;
    assert.deepEqual(await dig(it.cluster.dns, full), [pods[0].ip]);
    assert.deepEqual(await dig(it.berth.dns, full), [pods[0].ip]);
    const [host, port] = it.berth.dns.split(':');
    assert.equal(before.command, `dig @${host} -p ${port} +noall +answer ${full}. A`);
    assert.match(await page.textContent('.names h2'), new RegExp(`checked against ${it.cluster.dns}`));

    await kubectl.run('delete', 'pod', '--selector', 'app=nginx', '--wait=false');
    const gone = await agreed(page, 'web-0.nginx', 'nxdomain');
    assert.deepEqual(gone.former, [pods[0].ip], 'the old answer is struck through');
    assert.match(gone.verdict, /out of DNS for \d+ s/);

    const returned = await settles(page, 2);
    assert.notEqual(returned[0].ip, pods[0].ip);
    const after = await agreed(page, 'web-0.nginx', 'answers');
    assert.deepEqual(after.answers, [returned[0].ip]);
    assert.deepEqual(after.former, [pods[0].ip]);
    assert.match(after.text, /until \d\d:\d\d:\d\d, in DNS .+ longer, then out of DNS for .+ s/);
    assert.deepEqual(await dig(it.cluster.dns, full), [returned[0].ip]);
    const whole = await agreed(page, 'nginx', 'answers');
    assert.deepEqual([...whole.answers].sort(), await dig(it.cluster.dns, `nginx.dns.${ZONE}`));
    await eventually('every record that is shown is the same', async () => {
      const shown = (await records(page)).map(({ name, type, said }) => `${name} ${type} ${said}`);
      assert.deepEqual(shown.filter((line) => !line.endsWith(' same')), []);
      assert.ok(shown.length >= 6, shown.join('\n'));
    });
  });
});

test('given a page without JavaScript when it is read then it has what the cluster’s DNS said', async () => {
  const kubectl = await it.cluster.namespace('plain');
  await kubectl.apply(service(), statefulSet());
  const address = `${it.berth.url}/sets/plain/web`;
  await onPage(it.browser, address, {}, async (page) => {
    await settles(page, 2);
    await agreed(page, 'web-1.nginx', 'answers');
    await onPage(it.browser, address, { javaScript: false }, async (plain) => {
      const { said, verdict } = await row(plain, 'web-1.nginx');
      assert.deepEqual([said, verdict.startsWith('✓ same')], ['same', true]);
    });
  });
});

test('given a Berth that does not ask the cluster’s DNS when a page is open then it does not say that it does', async () => {
  const kubectl = await it.cluster.namespace('off');
  await kubectl.apply(service(), statefulSet());
  const berth = await startBerth({ kubeconfig: it.cluster.kubeconfig });
  try {
    await berth.ready();
    await onPage(it.browser, `${berth.url}/sets/off/web`, {}, async (page) => {
      const pods = await settles(page, 2);
      const { answers, said, command } = await eventually('web-0 is in DNS', async () => {
        const found = await row(page, 'web-0.nginx');
        assert.equal(found?.outcome, 'answers');
        return found;
      });
      assert.deepEqual([answers, said], [[pods[0].ip], 'unchecked']);
      assert.equal(command, `dig +noall +answer web-0.nginx.off.${ZONE}. A`);
      assert.equal(await page.isVisible('.names th.said'), false);
    });
  } finally {
    await berth.stop();
  }
});

test('given a cluster DNS that nobody is at when a page is open then it says so', async () => {
  const kubectl = await it.cluster.namespace('silent');
  await kubectl.apply(service(), statefulSet());
  const berth = await startBerth({ kubeconfig: it.cluster.kubeconfig, flags: ['--cluster-dns', '127.0.0.1:9'] });
  try {
    await berth.ready();
    await onPage(it.browser, `${berth.url}/sets/silent/web`, {}, async (page) => {
      await eventually('the record says that nobody answers', async () => {
        assert.equal((await row(page, 'web-0.nginx'))?.said, 'silent');
      });
      await eventually('the panel says why', async () => {
        assert.match(await page.textContent('.names .problem', { timeout: 1_000 }), /cannot be asked: 127\.0\.0\.1:9/);
      });
    });
  } finally {
    await berth.stop();
  }
});
