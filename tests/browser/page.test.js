// The page itself: readable without JavaScript, hydrated without a mismatch, linked, operable by keyboard, no wider than
// its screen, and the same for everybody who looks.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { collectComplaints, onPage } from './support/browser.js';
import { service, statefulSet } from './support/manifests.js';
import { agrees, becomes, liveness, podRows, rail, settles, why } from './support/reading.js';
import { stage } from './support/stage.js';
import { Client } from './support/stream.js';
import { eventually } from './support/waiting.js';

/** As long as the name of a StatefulSet may be for its pods to come. */
const LONG = 'a-stateful-set-whose-name-is-as-long-as-names-may-be';
const WEB = '/sets/page/web';

const prepare = async ({ cluster, berth }) => {
  const [page, other] = [await cluster.namespace('page'), await cluster.namespace('other')];
  await page.apply(service(), service({ name: 'nginx-vip', clusterIP: undefined }), statefulSet());
  const [long, api] = [{ app: LONG }, { app: 'api' }];
  await other.apply(
    service({ name: LONG, selector: long }),
    statefulSet({ name: LONG, labels: long, serviceName: LONG, replicas: 15, podManagementPolicy: 'Parallel' }),
    statefulSet({ name: 'api', labels: api, serviceName: 'api', replicas: 1 }),
  );
  await eventually('Berth shows them Ready', async () => {
    const { statefulsets } = JSON.parse((await berth.get('/api/v1/topology')).text);
    assert.deepEqual(
      statefulsets.map(({ namespace, name, ready }) => ({ namespace, name, ready })),
      [
        { namespace: 'other', name: LONG, ready: 15 },
        { namespace: 'other', name: 'api', ready: 1 },
        { namespace: 'page', name: 'web', ready: 2 },
      ],
    );
  });
};
const it = stage({ prepare });

const address = (path) => it.berth.url + path;

/** Notes each revision that a page says it shows. */
const recordRevisions = (page) =>
  page.evaluate(() => {
    const root = document.querySelector('.page');
    window.recordedRevisions = [];
    const note = () => window.recordedRevisions.push(Number(root.dataset.revision));
    new MutationObserver(note).observe(root, { attributeFilter: ['data-revision'] });
  });

/** The elements of a page with what tells them apart; without what moves with the time. */
const outline = (page) =>
  page.$$eval('body *', (elements) =>
    elements
      .filter((element) => !element.closest('.axis, .label, .gap, .arrow, noscript, script'))
      .map((element) => {
        const attributes = [...element.attributes].filter(({ name }) =>
          /^(data-|class$|id$|href$|role$|aria-)/.test(name),
        );
        return `${element.localName} ${attributes
          .map(({ name, value }) => `${name}=${value}`)
          .sort()
          .join(' ')}`;
      }),
  );

test('given no JavaScript when a StatefulSet is opened then names, pods, addresses and the reason are there', async () => {
  const pods = await it.cluster.kubectl.in('page').pods();
  await onPage(it.browser, address(WEB), { javaScript: false }, async (page) => {
    assert.equal(await page.title(), 'web · page · Berth');
    assert.equal(await page.textContent('h1'), 'web');
    assert.deepEqual(
      (await podRows(page)).map(({ pod, uid, ip, ready, status }) => ({ pod, uid, ip, ready, status })),
      pods.map(({ metadata, status }) => ({
        pod: metadata.name,
        uid: metadata.uid,
        ip: status.podIP,
        ready: '1/1',
        status: 'Running',
      })),
    );
    assert.match((await why(page)).text, /^Both pods are Ready\./);
    assert.match(await page.textContent('noscript'), /shows the state as of its loading/);
    assert.match((await liveness(page)).words, /^As of \d\d:\d\d:\d\d$/);
  });
  await onPage(it.browser, address('/'), { javaScript: false }, async (page) => {
    const names = await page.$$eval('table.fleet tbody th', (cells) => cells.map((cell) => cell.textContent));
    assert.deepEqual(names, [LONG, 'api', 'web']);
  });
});

test('given the page of the server when it is hydrated then it stays as it was', async () => {
  for (const path of ['/?namespace=other', WEB, `/sets/other/${LONG}`]) {
    const rendered = await onPage(it.browser, address(path), { javaScript: false }, outline);
    await onPage(it.browser, 'about:blank', {}, async (page) => {
      // The stream never opens: what is there is what hydration left.
      await page.routeWebSocket(/stream/, () => {});
      await page.goto(address(path));
      await eventually('the page is hydrated', async () => {
        const theme = await page.evaluate(() => {
          document.querySelector('.theme').click();
          return document.documentElement.dataset.theme;
        });
        assert.ok(theme, 'the button does something');
      });
      assert.equal((await liveness(page)).live, 'opening');
      assert.deepEqual(await outline(page), rendered, path);
    });
  }
});

test('given a page that was tampered with when it is hydrated then the tests notice', async () => {
  await onPage(it.browser, 'about:blank', { expected: [/./] }, async (page) => {
    const complaints = collectComplaints(page);
    await page.route(/\/sets\//, async (route) => {
      const response = await route.fetch();
      const body = (await response.text()).replace('<main', '<img src="https://elsewhere.example/x.png"><main');
      await route.fulfill({ response, body });
    });
    await page.goto(address(WEB));
    await eventually('a complaint about the policy and one about the mismatch', () => {
      assert.ok(
        complaints.some((complaint) => /Content Security Policy/.test(complaint)),
        complaints.join('\n'),
      );
      assert.ok(
        complaints.some((complaint) => /hydrat|panicked|unreachable/.test(complaint)),
        complaints.join('\n'),
      );
    });
  });
});

test('given links when they are followed, shared and gone back on then each shows what it names', async () => {
  await onPage(it.browser, address('/'), {}, async (page) => {
    await becomes(page, 'live');
    await page.evaluate(() => {
      window.neverReloaded = true;
    });
    await page.selectOption('.filter select', 'other');
    await eventually('the rail is narrowed down', async () => {
      assert.deepEqual(
        (await rail(page)).map(({ set }) => set),
        [`other/${LONG}`, 'other/api'],
      );
    });
    assert.equal(page.url(), address('/?namespace=other'));
    await page.click('.rail a.row[data-set="other/api"]');
    assert.equal(page.url(), address('/sets/other/api?namespace=other'));
    await settles(page, 1);
    assert.equal(await page.title(), 'api · other · Berth');

    // Somebody else opens the link.
    await onPage(it.browser, page.url(), {}, async (shared) => {
      await settles(shared, 1);
      assert.equal(await shared.textContent('h1'), 'api');
      assert.equal(await shared.$eval('.filter select', (select) => select.value), 'other');
      assert.deepEqual(
        (await rail(shared)).map(({ set, current }) => [set, current]),
        [
          [`other/${LONG}`, false],
          ['other/api', true],
        ],
      );
    });

    await page.goBack();
    await eventually('the fleet of the namespace', async () => {
      assert.equal(page.url(), address('/?namespace=other'));
      assert.equal(await page.textContent('h1'), 'StatefulSets');
      assert.equal((await rail(page)).length, 2);
    });
    await page.goBack();
    await eventually('the whole fleet', async () => {
      assert.equal(page.url(), address('/'));
      assert.equal((await rail(page)).length, 3);
      assert.equal(await page.$eval('.filter select', (select) => select.value), '');
    });
    await page.goForward();
    await page.goForward();
    await settles(page, 1);
    assert.equal(await page.textContent('h1'), 'api');
    assert.equal(await page.$eval('.filter select', (select) => select.value), 'other');
    assert.equal(await page.evaluate(() => window.neverReloaded), true);
  });
});

test('given only a keyboard when used then a StatefulSet is reached by Tab and opened by Enter', async () => {
  await onPage(it.browser, address('/'), {}, async (page) => {
    await becomes(page, 'live');
    const focused = () => page.evaluate(() => document.activeElement.dataset.set ?? document.activeElement.className);
    await page.keyboard.press('Tab');
    assert.equal(await focused(), 'skip', 'the first stop skips what every page has');
    for (let stops = 0; (await focused()) !== 'page/web'; stops += 1) {
      assert.ok(stops < 20, 'the row is among the first stops');
      await page.keyboard.press('Tab');
    }
    const outline = await page.evaluate(() => getComputedStyle(document.activeElement).outlineStyle);
    assert.notEqual(outline, 'none', 'one sees where the focus is');
    await page.keyboard.press('Enter');
    await settles(page, 2);
    assert.equal(page.url(), address(WEB));
    assert.equal(await page.evaluate(() => document.activeElement.id), 'content');
  });
});

test('given a theme when switched then it changes, and stays when the page is loaded anew', async () => {
  for (const [colorScheme, other] of [
    ['light', 'dark'],
    ['dark', 'light'],
  ]) {
    await onPage(it.browser, address(WEB), { colorScheme }, async (page) => {
      await becomes(page, 'live');
      const look = () =>
        page.evaluate(() => [document.documentElement.dataset.theme, getComputedStyle(document.body).backgroundColor]);
      const [none, paper] = await look();
      assert.equal(none, undefined);
      await page.click('.theme');
      const [theme, otherPaper] = await look();
      assert.equal(theme, other);
      assert.notEqual(otherPaper, paper);
      await page.reload();
      await becomes(page, 'live');
      assert.deepEqual(await look(), [other, otherPaper]);
      await page.click('.theme');
      const [contrast, contrastPaper] = await look();
      assert.equal(contrast, 'contrast');
      assert.notEqual(contrastPaper, paper);
      await page.click('.theme');
      assert.deepEqual(await look(), [undefined, paper]);
      // Whoever asks the system for more contrast has it without a button.
      await page.emulateMedia({ colorScheme, contrast: 'more' });
      assert.deepEqual(await look(), [undefined, contrastPaper]);
    });
  }
});

test('given desktop, tablet and phone when a page is opened then nothing is wider than the screen', async () => {
  for (const path of ['/', WEB, `/sets/other/${LONG}`, '/nothing']) {
    const expected = path === '/nothing' ? [/404/] : [];
    await onPage(it.browser, address(path), { expected }, async (page) => {
      await becomes(page, 'live');
      for (const [width, height] of [
        [1440, 900],
        [820, 1180],
        [390, 844],
      ]) {
        await page.setViewportSize({ width, height });
        await eventually(
          `${path} fits on ${width} × ${height}`,
          async () => {
            const wide = await page.evaluate(() => document.documentElement.scrollWidth);
            assert.ok(wide <= width, `it is ${wide} wide`);
            const names = await page.$$eval('.identity text', (texts) => texts.map((text) => text.getBBox().width));
            const plot = await page.evaluate(() => document.querySelector('.plot svg svg')?.x.baseVal.value);
            for (const name of names) assert.ok(name <= plot, `a name of ${name} reaches into the plot at ${plot}`);
          },
          5_000,
        );
      }
    });
  }
});

test('given two tabs and fifty raw clients when pods change then all see the same', async () => {
  const kubectl = it.cluster.kubectl.in('page');
  const scopes = ['Fleet', { StatefulSet: { namespace: 'page', name: 'web' } }];
  const clients = await Promise.all(Array.from({ length: 50 }, () => Client.open(it.berth.url, scopes)));
  try {
    await eventually('every client has its snapshots', () => {
      for (const { messages } of clients) assert.equal(messages.filter(({ Snapshot }) => Snapshot).length, 2);
    });
    await onPage(it.browser, address(WEB), {}, async (page) => {
      await onPage(it.browser, address(WEB), {}, async (other) => {
        await Promise.all([settles(page, 2), settles(other, 2)]);
        await Promise.all([recordRevisions(page), recordRevisions(other)]);
        await kubectl.run('scale', 'statefulset/web', '--replicas=3');
        await kubectl.run('delete', 'pod', 'web-0', '--wait=false');
        await kubectl.run('rollout', 'status', 'statefulset/web', '--timeout=60s');
        const rows = await Promise.all([settles(page, 3), settles(other, 3)]);
        assert.deepEqual(
          rows[0].map(({ uid }) => uid),
          rows[1].map(({ uid }) => uid),
        );
        await Promise.all([agrees(page, kubectl), agrees(other, kubectl)]);
        await eventually('everybody is at the same revision', async () => {
          const { revision } = JSON.parse((await it.berth.get('/api/v1/topology')).text);
          for (const tab of [page, other]) assert.equal((await liveness(tab)).revision, revision);
          for (const { revision: theirs } of clients) assert.equal(theirs, revision);
        });
        for (const tab of [page, other]) {
          const revisions = await tab.evaluate(() => window.recordedRevisions);
          assert.deepEqual(
            revisions,
            revisions.toSorted((a, b) => a - b),
            'the revision never goes back',
          );
        }
      });
    });
    // Each scope's changes come in their order; those of two scopes are not ordered among each other.
    for (const scope of ['Fleet', 'StatefulSet']) {
      const [first, ...others] = clients.map((client) => client.deltas(scope));
      assert.ok(first.length > 5, `${scope}: ${first.length} deltas`);
      for (const deltas of others) assert.deepEqual(deltas, first);
    }
  } finally {
    for (const client of clients) client.close();
  }
});
