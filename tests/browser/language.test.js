// The page in English and in Chinese: all of it, chosen from the browser, switchable, and in the link.
import assert from 'node:assert/strict';
import { readdir, readFile } from 'node:fs/promises';
import { after, before, test } from 'node:test';
import { launchBrowser, onPage } from './support/browser.js';
import { becomes } from './support/reading.js';
import { eventually } from './support/waiting.js';
import { withDemo } from './support/with-demo.js';

let browser;
before(async () => {
  browser = await launchBrowser();
});
after(() => browser?.close());

const onDemo = (options, use) => withDemo(browser, options, use);

const isChinese = (text) => /[\u4e00-\u9fff]/.test(text);

/** What is as it is in any language: names, commands, addresses, numbers, and what kubectl prints. */
const SAME_EVERYWHERE = 'code, pre, kbd, script, style, option, .revision, td[data-column], .pod-card dd, .chip b, svg';

/** Texts of a page in which three words follow each other: sentences of English, in Chinese there are none. */
const englishSentences = (page) =>
  page.evaluate((same) => {
    const found = [];
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    while (walker.nextNode()) {
      const { parentElement, textContent } = walker.currentNode;
      if (!parentElement.closest(same) && /[a-z]{2,} [a-z]{2,} [a-z]{2,}/i.test(textContent)) found.push(textContent);
    }
    for (const element of document.querySelectorAll('[aria-label], [title], [placeholder]')) {
      for (const name of ['aria-label', 'title', 'placeholder']) {
        const value = element.getAttribute(name) ?? '';
        if (!element.closest('pre, code, [hreflang]') && /[a-z]{2,} [a-z]{2,} [a-z]{2,}/i.test(value)) found.push(`${name}: ${value}`);
      }
    }
    return found.filter((text) => !/[\u4e00-\u9fff]/.test(text));
  }, SAME_EVERYWHERE);

test('given a browser that prefers Chinese when pages are opened then all they say is in Chinese, and hydrates so', async () => {
  // Two of the addresses show nothing, and the server says so.
  await onDemo({ locale: 'zh-CN', expected: [/status of 404/] }, async ({ page, demo }) => {
    assert.equal(await page.getAttribute('html', 'lang'), 'zh-CN');
    for (const path of ['/', '/sets/default/web', '/deployments/default/api', '/sets/default/none', '/nowhere', '/?q=none']) {
      await page.goto(demo.url + path);
      await becomes(page, 'live');
      assert.ok(isChinese(await page.textContent('main')), path);
      assert.deepEqual(await englishSentences(page), [], path);
    }
    await page.goto(`${demo.url}/sets/default/web`);
    await becomes(page, 'live');
    await eventually('the reason is in Chinese', async () => assert.match(await page.textContent('.why'), /两个 Pod 都已就绪。/));
    // What comes later is in Chinese as well: the card, the dialogs, the list of keys, the ledger.
    await page.focus('.plot');
    await page.keyboard.press('ArrowLeft');
    assert.match(await page.textContent('.pod-card h3'), /第 \d+ 个 Pod · 就绪/);
    await page.keyboard.press('Escape');
    await page.keyboard.press('?');
    assert.match(await page.textContent('dialog.keys'), /显示或隐藏此列表/);
    await page.keyboard.press('Escape');
    await page.click('header .buttons >> text=扩缩…');
    assert.match(await page.textContent('dialog.ask'), /扩缩 web.*在终端里等同于/s);
    assert.deepEqual(await englishSentences(page), []);
    await page.click('dialog.ask >> text=取消');
    await page.click('.ledger summary');
    await eventually('the ledger is there', async () => assert.match(await page.textContent('.ledger'), /节点.*结束/s));
    assert.deepEqual(await englishSentences(page), []);
  });
});

test('given a page when its language is switched then the same is shown in the other one, and links keep it', async () => {
  await onDemo({ locale: 'en-GB' }, async ({ page, demo }) => {
    await page.goto(`${demo.url}/sets/default/web?namespace=default`);
    await becomes(page, 'live');
    assert.equal(await page.getAttribute('html', 'lang'), 'en');
    assert.ok(!isChinese((await page.textContent('.page')).replace(await page.textContent('header .language'), '')));
    await page.focus('header .language');
    await page.keyboard.press('Enter');
    await page.waitForURL(`${demo.url}/sets/default/web?namespace=default&lang=zh`);
    await becomes(page, 'live');
    assert.equal(await page.getAttribute('html', 'lang'), 'zh-CN');
    await page.click('header .logo');
    await page.waitForURL(`${demo.url}/?namespace=default&lang=zh`);
    assert.match(await page.textContent('main'), /2 个 Pod 中 2 个就绪/);
    await page.click('.fleet a');
    await page.waitForURL(`${demo.url}/sets/default/web?namespace=default&lang=zh`);
    await page.click('header .language');
    await page.waitForURL(`${demo.url}/sets/default/web?namespace=default&lang=en`);
    assert.match(await page.textContent('.why'), /Both pods are Ready\./);
  });
});

test('given no JavaScript when pages are opened then the browser or the link chooses the language', async () => {
  await onDemo({ locale: 'en-GB' }, async ({ demo }) => {
    const preferred = { 'accept-language': 'fr-FR, zh;q=0.5' };
    for (const [query, lang] of [
      ['', 'zh-CN'],
      ['?lang=en', 'en'],
      ['?lang=zh-TW', 'zh-CN'],
      ['?lang=fr', 'zh-CN'],
    ]) {
      const address = `${demo.url}/sets/default/web${query}`;
      await onPage(browser, address, { javaScript: false, extraHTTPHeaders: preferred }, async (page) => {
        assert.equal(await page.getAttribute('html', 'lang'), lang, query);
        assert.equal(isChinese(await page.textContent('.why')), lang !== 'en', query);
      });
    }
  });
});

test('given every text in Chinese when it is shown then the fonts that come with the page have its characters', async () => {
  const folder = new URL('../../app/locales/zh/', import.meta.url);
  const files = [...(await readdir(folder)).map((name) => new URL(name, folder)), new URL('../../server/src/walkthrough/texts.rs', import.meta.url)];
  const texts = (await Promise.all(files.map((file) => readFile(file, 'utf8')))).join('');
  const known = new Set(await readFile(new URL('../../public/fonts/chinese.txt', import.meta.url), 'utf8'));
  const lacking = [...new Set(texts)].filter((character) => character >= '\u2e80' && !known.has(character));
  assert.deepEqual(lacking, [], 'run tools/fonts.mjs');
  // And they are what is seen: without them, this machine's own fonts would be measured.
  await onDemo({ locale: 'zh-CN' }, async ({ page }) => {
    const loaded = () => page.evaluate(() => [...document.fonts].filter(({ status }) => status === 'loaded').map(({ family }) => family));
    await eventually('the fonts are loaded', async () =>
      assert.deepEqual([...new Set(await loaded())].sort(), ['"JetBrains Mono"', '"Noto Sans SC"', 'Inter'].map((it) => it.replaceAll('"', '')).sort()),
    );
  });
  await onDemo({ locale: 'en-GB' }, async ({ page }) => {
    await eventually('the fonts are loaded', async () => {
      const requested = await page.evaluate(() => performance.getEntriesByType('resource').filter(({ name }) => name.endsWith('.woff2')).map(({ name }) => name.replace(/.*\//, '').replace(/-[0-9a-f]+\.woff2$/, '')));
      assert.ok(requested.includes('inter') && requested.includes('jetbrains-mono'), `${requested}`);
    });
  });
});
