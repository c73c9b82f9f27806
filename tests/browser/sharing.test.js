// What is shown can be passed on: as a link to exactly that, and as a picture that needs nothing else.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { after, before, test } from 'node:test';
import { PNG } from 'pngjs';
import { launchBrowser } from './support/browser.js';
import { becomes, settles } from './support/reading.js';
import { withDemo } from './support/with-demo.js';

let browser;
before(async () => {
  browser = await launchBrowser();
});
after(() => browser?.close());

const onDemo = (options, use) => withDemo(browser, options, use);

/** The file that a button offers. */
async function saved(page, name) {
  const [download] = await Promise.all([page.waitForEvent('download'), page.click(`.save >> text=${name}`)]);
  return { name: download.suggestedFilename(), bytes: await readFile(await download.path()) };
}

test('given lanes when saved then the picture looks as they do, and needs no style sheet', async () => {
  await onDemo({ colorScheme: 'dark' }, async ({ page }) => {
    const [{ ip }] = await settles(page, 2);
    for (let turn = 0; turn < 3; turn++) await page.keyboard.press('+');
    await page.locator('.lane .label', { hasText: ip }).first().waitFor();
    const looks = await page.$eval('.lane rect.piece', (piece) => getComputedStyle(piece.ownerDocument.querySelector('#pattern-ready rect')).fill);
    const svg = await saved(page, 'SVG');
    assert.equal(svg.name, 'webdefaultBerth.svg');
    const text = svg.bytes.toString('utf8');
    assert.ok(text.startsWith('<svg '));
    for (const words of ['web-0', 'web-1', ip]) assert.ok(text.includes(words), `${words} is in it`);
    assert.ok(text.includes(looks), `the colour of Ready in the dark, ${looks}`);
    assert.equal(/ class="|<style|<script|<foreignObject/.test(text), false, 'nothing in it that needs the page');
    // It is a picture by itself: drawn by another page it has the colours of this one.
    const png = await saved(page, 'PNG');
    assert.equal(png.name, 'webdefaultBerth.png');
    const picture = PNG.sync.read(png.bytes);
    const { width, height } = await page.$eval('.plot > svg', (it) => it.getBoundingClientRect().toJSON());
    assert.ok(Math.abs(picture.width - 2 * width) <= 2 && Math.abs(picture.height - 2 * height) <= 2, `${picture.width} by ${picture.height}`);
    const colours = new Set();
    for (let at = 0; at < picture.data.length; at += 4) colours.add(picture.data.subarray(at, at + 3).join());
    const [, ...ready] = looks.match(/rgb\((\d+), (\d+), (\d+)\)/);
    assert.ok(colours.has(ready.join()), 'the colour of Ready is in it');
    assert.ok(colours.size > 20, `${colours.size} colours`);
  });
});

test('given what is shown when its link is copied then the link shows the same to somebody else', async () => {
  await onDemo({ locale: 'en-GB', permissions: ['clipboard-read', 'clipboard-write'] }, async ({ page, demo }) => {
    const copied = async () => {
      await page.focus('header .link');
      await page.keyboard.press('Enter');
      await page.waitForFunction(() => document.querySelector('header .link').textContent === 'Copied');
      const address = await page.evaluate(() => navigator.clipboard.readText());
      await page.waitForFunction(() => document.querySelector('header .link').textContent === 'Link');
      return address;
    };
    assert.equal(await copied(), `${demo.url}/sets/default/web`, 'what a page begins with needs no words');
    await page.click('.windows >> text=15m');
    assert.equal(await copied(), `${demo.url}/sets/default/web?span=900000`);
    await page.keyboard.press('Shift+ArrowLeft');
    const address = await copied();
    assert.match(address, /\/sets\/default\/web\?span=900000-\d+$/);
    const visible = () => page.$$eval('.axis text', (all) => all.map((it) => it.textContent));
    const seen = await visible();
    await page.goto(`${address}&lang=zh`);
    await becomes(page, 'live');
    assert.deepEqual(await visible(), seen, 'the same times are on the axis');
    assert.equal(await page.locator('.lanes .follow').count(), 1);
    await page.goto(`${demo.url}/?q=we&show=warnings`);
    await becomes(page, 'live');
    assert.equal(await copied(), `${demo.url}/?q=we&show=warnings`);
  });
});
