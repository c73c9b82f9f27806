// The fleet: what needs attention comes first; search, filters, order and groups, by pointer and by keys, in the address; rows
// that stay where they are under the pointer; and long lists of which only a part is made.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { launchBrowser } from './support/browser.js';
import { becomes } from './support/reading.js';
import { eventually } from './support/waiting.js';
import { withDemo } from './support/with-demo.js';

let browser;
before(async () => {
  browser = await launchBrowser();
});
after(() => browser?.close());

const set = (namespace, name, { replicas = 1, image = 'nginx:1.9.1' } = {}) => ({
  apiVersion: 'apps/v1',
  kind: 'StatefulSet',
  metadata: { namespace, name },
  spec: {
    serviceName: name,
    replicas,
    podManagementPolicy: 'Parallel',
    selector: { matchLabels: { app: name } },
    template: { metadata: { labels: { app: name } }, spec: { containers: [{ name: 'nginx', image }] } },
  },
});
const service = (namespace, name) => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { namespace, name },
  spec: { clusterIP: 'None', selector: { app: name }, ports: [{ port: 80 }] },
});
const namespaces = (...names) => names.map((name) => ({ apiVersion: 'v1', kind: 'Namespace', metadata: { name } }));

/** A demo with the walk-through's `web` and some StatefulSets beside it, and the page of all of them. */
const onFleet = (objects, use) =>
  withDemo(browser, {}, async (stage) => {
    const homes = new Set(objects.map(({ metadata }) => metadata.namespace));
    for (const home of homes) {
      const kubectl = home ? stage.kubectl.in(home) : stage.kubectl;
      await kubectl.apply(...objects.filter(({ metadata }) => metadata.namespace === home));
    }
    await stage.page.goto(`${stage.demo.url}/`);
    await becomes(stage.page, 'live');
    await use(stage);
  });

const FEW = [
  ...namespaces('data', 'shop'),
  ...['data', 'shop'].flatMap((namespace) => ['cache', 'db'].flatMap((name) => [service(namespace, name), set(namespace, name)])),
  set('shop', 'broken', { image: 'nginx:missing' }), // and no Service: a warning as well
];

const table = (page) => page.$$eval('.fleet tr[data-set]', (rows) => rows.map((row) => row.dataset.set));
const shows = (page, ...sets) => eventually(`${sets}`, async () => assert.deepEqual(await table(page), sets));
const settled = (page) =>
  eventually('all but one are ready', async () => {
    const states = await page.$$eval('.fleet tr[data-set]', (rows) => rows.map((row) => row.dataset.attention));
    assert.deepEqual(states.sort(), ['settled', 'settled', 'settled', 'settled', 'settled', 'stuck']);
  });
const ALL = ['data/cache', 'data/db', 'default/web', 'shop/broken', 'shop/cache', 'shop/db'];

test('given a fleet when something is stuck then it comes first, with the reason, and leads there', async () => {
  await onFleet(FEW, async ({ page, kubectl }) => {
    await shows(page, ...ALL);
    await settled(page);
    const line = page.locator('.attention li');
    assert.equal(await line.count(), 1);
    assert.match(await line.textContent(), /broken shop/);
    const said = await line.locator('p').textContent();
    assert.match(said, /failing/);
    await line.locator('a').click();
    await eventually('the page of the StatefulSet says the same', async () =>
      assert.ok((await page.textContent('.why')).includes(said)),
    );
    await page.goBack();
    await page.mouse.move(3, 3); // what is under the pointer stays
    await kubectl.in('shop').run('delete', 'statefulset', 'broken');
    await eventually('nothing needs attention', async () => assert.equal(await page.locator('.attention').count(), 0));
  });
});

test('given a fleet when searched, filtered, ordered and grouped then the rows and the address follow, and a link brings them back', async () => {
  await onFleet(FEW, async ({ page }) => {
    await settled(page);
    const query = () => new URL(page.url()).search;
    await page.keyboard.press('/');
    await page.keyboard.type('CACHE sh');
    await shows(page, 'shop/cache');
    assert.equal(query(), '?q=CACHE+sh');
    assert.equal(await page.textContent('.found'), '1 found');
    await page.keyboard.press('Escape');
    await shows(page, ...ALL);
    assert.equal(query(), '');

    await page.click('[data-show="stuck"]');
    await shows(page, 'shop/broken');
    await page.click('[data-show="stuck"]');
    await page.click('[data-show="warnings"]');
    await shows(page, 'shop/broken');
    await page.click('[data-show="notready"]');
    await shows(page, 'shop/broken');
    assert.equal(query(), '?show=notready,warnings');
    await page.fill('#search', 'data');
    await shows(page);
    assert.match(await page.textContent('main'), /Nothing is as you want to see it/);
    await page.fill('#search', '');
    await page.click('[data-show="warnings"]');
    await page.click('[data-show="notready"]');
    await page.click('[data-show="changed"]');
    await shows(page, ...ALL);
    await page.click('[data-show="changed"]');

    await page.selectOption('.filters select', 'attention');
    await shows(page, 'shop/broken', 'data/cache', 'data/db', 'default/web', 'shop/cache', 'shop/db');
    await page.click('[data-show="group"]');
    const whole = () => page.$$eval('.fleet tbody tr:not(.space) > th', (heads) => heads.map((head) => head.textContent.trim()));
    const expected = ['data 2 StatefulSets', 'cache', 'db', 'default 1 StatefulSet', 'web', 'shop 3 StatefulSets', 'broken', 'cache', 'db'];
    await eventually('they are grouped', async () => assert.deepEqual(await whole(), expected));
    assert.equal(query(), '?sort=attention&group=namespace');

    await page.fill('#search', 'db');
    await shows(page, 'data/db', 'shop/db');
    const address = page.url();
    await page.click('.fleet tr[data-set="shop/db"] a');
    await page.waitForSelector('.lanes');
    await page.keyboard.press('?');
    await page.keyboard.press('Escape');
    await page.goBack();
    await shows(page, 'data/db', 'shop/db');
    assert.equal(page.url(), address);
    // What the server renders is the same.
    await page.reload();
    await shows(page, 'data/db', 'shop/db');
    assert.equal(await page.inputValue('#search'), 'db');
    assert.equal(await page.inputValue('.filters select'), 'attention');
    await page.click('.fleet tr[data-set="shop/db"] a');
    await page.waitForSelector('.lanes');
    await page.keyboard.press('/');
    await eventually('the search has the focus', async () =>
      assert.equal(await page.evaluate(() => document.activeElement.id), 'search'),
    );
  });
});

test('given the pointer over the rows when their order changes then none moves until it leaves', async () => {
  await onFleet(FEW, async ({ page, kubectl }) => {
    await settled(page);
    await page.selectOption('.filters select', 'ready');
    await shows(page, 'shop/broken', 'data/cache', 'data/db', 'default/web', 'shop/cache', 'shop/db');
    const before = await table(page);
    const place = await page.locator('.fleet tr[data-set="shop/db"]').boundingBox();
    await page.mouse.move(place.x + 20, place.y + 10);
    await kubectl.in('shop').run('set', 'image', 'statefulset', 'db', 'nginx=nginx:missing');
    await kubectl.in('shop').run('scale', 'statefulset', 'db', '--replicas=5');
    await eventually('the row tells it', async () =>
      assert.equal(await page.getAttribute('.fleet tr[data-set="shop/db"]', 'data-attention'), 'stuck'),
    );
    assert.deepEqual(await table(page), before);
    assert.equal(await page.locator('.attention li').count(), 1, 'what is above does not push the rows away');
    assert.deepEqual(await page.locator('.fleet tr[data-set="shop/db"]').boundingBox(), place);
    await page.mouse.move(3, 3);
    await eventually('it has moved up', async () => assert.equal((await table(page))[0], 'shop/db'));
    assert.equal(await page.locator('.attention li').count(), 2);
  });
});

test('given hundreds of StatefulSets when scrolled then the rows that can be seen are there, and no more', async () => {
  const many = Array.from({ length: 500 }, (_, at) => set('many', `set-${String(at).padStart(3, '0')}`, { replicas: 0 }));
  await onFleet([...namespaces('many'), ...many], async ({ page }) => {
    await eventually('all are there', async () => assert.match(await page.textContent('[data-chip="totals"]'), /^501 /));
    const rows = () => page.locator('.fleet tr[data-set]').count();
    await eventually('few rows are made', async () => assert.ok((await rows()) > 20 && (await rows()) < 100, `${await rows()}`));
    const links = () => page.locator('.rail a.row').count();
    assert.ok((await links()) > 15 && (await links()) < 100, `${await links()}`);
    await page.evaluate(() => scrollTo(0, document.documentElement.scrollHeight));
    await page.locator('.fleet tr[data-set="many/set-499"]').waitFor();
    const height = await page.evaluate(() => document.documentElement.scrollHeight);
    assert.ok(height > 501 * 34 && height < 501 * 34 + 1_500, `the page is as high as all rows: ${height}`);
    assert.ok((await rows()) < 100);
    await page.locator('.rail').evaluate((rail) => rail.scrollTo(0, rail.scrollHeight));
    await page.locator('.rail a.row[data-set="many/set-499"]').waitFor();
    // The search has the focus at once: no letter that follows is lost, however quickly it is typed.
    const focused = await page.evaluate(() => {
      document.body.dispatchEvent(new KeyboardEvent('keydown', { key: '/', bubbles: true, cancelable: true }));
      return document.activeElement.id;
    });
    assert.equal(focused, 'search');
    await page.keyboard.type('set-25');
    await eventually('ten are found', async () => assert.equal(await rows(), 10));
  });
});
