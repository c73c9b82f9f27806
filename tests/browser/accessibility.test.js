// Everybody can use the page: axe-core finds nothing on any view, in any theme and language; all of it works by keyboard
// alone; colours are told apart, and not needed.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { after, before, test } from 'node:test';
import {
  differenceCiede2000,
  filterDeficiencyDeuter,
  filterDeficiencyProt,
  filterDeficiencyTrit,
  wcagContrast,
} from 'culori';
import { launchBrowser } from './support/browser.js';
import { statefulSet } from './support/manifests.js';
import { becomes, explains } from './support/reading.js';
import { eventually } from './support/waiting.js';
import { withDemo } from './support/with-demo.js';

const AXE = await readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
/** WCAG 2.2 AA, and what is good practice beyond it. */
const ALL = {
  type: 'tag',
  values: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'],
};
/** What depends on the theme: 4.5:1 for words, or 7:1. */
const colours = (...more) => ({ type: 'rule', values: ['color-contrast', 'link-in-text-block', ...more] });
const THEMES = [
  { name: 'light', media: { colorScheme: 'light', contrast: 'no-preference' }, rules: ALL },
  { name: 'dark', media: { colorScheme: 'dark', contrast: 'no-preference' }, rules: colours() },
  { name: 'high contrast', media: { colorScheme: 'light', contrast: 'more' }, rules: colours('color-contrast-enhanced') },
  { name: 'dark high contrast', media: { colorScheme: 'dark', contrast: 'more' }, rules: colours('color-contrast-enhanced') },
];

let browser;
before(async () => {
  browser = await launchBrowser();
});
after(() => browser?.close());

/** What axe finds wrong, in words. */
async function violations(page, runOnly) {
  if (!(await page.evaluate(() => 'axe' in window))) await page.evaluate(AXE);
  return page.evaluate(async (options) => {
    const { violations } = await window.axe.run(document, options);
    return violations.flatMap(({ id, nodes }) => nodes.map(({ target, failureSummary }) => `${id}: ${target}: ${failureSummary}`));
  }, { runOnly });
}

/** What is wrong with what is shown, in any theme. */
async function look(page, what) {
  const found = [];
  for (const { name, media, rules } of THEMES) {
    await page.emulateMedia(media);
    found.push(...(await violations(page, rules)).map((violation) => `${what}, ${name}: ${violation}`));
  }
  await page.emulateMedia(THEMES[0].media);
  return found;
}

/** What can be opened on the page of a StatefulSet, by keyboard alone, and closed again. */
const OPENED = [
  ['the list of keys', (page) => page.keyboard.press('?'), 'dialog.keys[open]', (page) => page.keyboard.press('Escape')],
  ['a dialog', (page) => press(page, 'header .buttons .button >> nth=1'), 'dialog.ask[open]', (page) => page.keyboard.press('Escape')],
  [
    'a card',
    async (page) => {
      await page.focus('.plot');
      await page.keyboard.press('ArrowLeft');
    },
    '.pod-card',
    (page) => page.keyboard.press('Escape'),
  ],
  ['the ledger', (page) => press(page, '.ledger summary'), '.ledger tbody tr', (page) => press(page, '.ledger summary')],
  ['a room', (page) => press(page, 'header .present'), '.page[data-presents="true"]', (page) => page.keyboard.press('Escape')],
];

async function press(page, selector) {
  await page.focus(selector);
  await page.keyboard.press('Enter');
}

for (const locale of ['en-GB', 'zh-CN']) {
  test(`given ${locale} when any view is shown in any theme then axe finds no violation`, async () => {
    // What moves on its way into a record is looked at where it rests.
    await withDemo(browser, { locale, reducedMotion: 'reduce', expected: [/status of 404/] }, async ({ page, demo, kubectl }) => {
      const found = [];
      await kubectl.apply(
        statefulSet({ name: 'lost', labels: { app: 'lost' }, serviceName: 'missing', replicas: 1 }),
        statefulSet({ name: 'none', labels: { app: 'none' }, replicas: 0 }),
      );
      for (const path of ['/', '/?q=nothing', '/sets/default/none', '/sets/default/lost', '/deployments/default/api', '/sets/default/unknown', '/nowhere']) {
        await page.goto(demo.url + path);
        await becomes(page, 'live');
        found.push(...(await look(page, path)));
      }
      await page.goto(`${demo.url}/sets/default/web`);
      await explains(page, 'Settled');
      found.push(...(await look(page, 'a StatefulSet')));
      for (const [what, open, shown, close] of OPENED) {
        await open(page);
        await page.waitForSelector(shown);
        found.push(...(await look(page, what)));
        await close(page);
        await eventually(`${what} is closed`, async () => assert.equal(await page.isVisible(shown), false));
      }
      const at = Date.now() - 500;
      await page.goto(`${demo.url}/sets/default/web?at=${at}`);
      await becomes(page, 'past');
      found.push(...(await look(page, 'the past')));
      assert.deepEqual(found, []);
    });
  });
}

test('given the keyboard alone when it goes through a page then it reaches all that can be pressed, and one sees where it is', async () => {
  await withDemo(browser, { locale: 'en-GB' }, async ({ page, demo }) => {
    for (const path of ['/', '/sets/default/web', '/deployments/default/api']) {
      await page.goto(demo.url + path);
      await becomes(page, 'live');
      await page.waitForSelector('.guide li');
      const all = await page.evaluate(() => {
        const pressable = 'a[href], button:enabled, select, input, summary, [tabindex="0"]';
        const seen = [...document.querySelectorAll(pressable)].filter((it) => it.checkVisibility() && !it.closest('details:not([open]) > :not(summary)'));
        seen.forEach((element, at) => (element.dataset.pressable = at));
        return seen.length;
      });
      assert.ok(all > 15, `${path}: ${all} can be pressed`);
      const reached = new Set();
      await page.evaluate(() => document.body.focus());
      for (let presses = 0; presses < all + 5; presses += 1) {
        await page.keyboard.press('Tab');
        const { at, name, outline } = await page.evaluate(() => {
          const { dataset, outerHTML } = document.activeElement;
          const { outlineStyle, outlineWidth } = getComputedStyle(document.activeElement);
          return { at: dataset.pressable, name: outerHTML.slice(0, 120), outline: outlineStyle !== 'none' && outlineWidth };
        });
        if (at === undefined) continue;
        reached.add(at);
        assert.ok(outline && parseFloat(outline) >= 2, `${path}: no outline around ${name}`);
      }
      const missed = await page.evaluate(
        (seen) => [...document.querySelectorAll('[data-pressable]')].filter((it) => !seen.includes(it.dataset.pressable)).map((it) => it.outerHTML.slice(0, 120)),
        [...reached],
      );
      assert.deepEqual(missed, [], path);
    }
  });
});

/** How a stage is drawn: its ground, its strokes, its words, and the lines of its pattern. */
const drawn = (page) =>
  page.$$eval('defs pattern', (patterns) =>
    patterns.map((pattern) => {
      const [ground, strokes] = [pattern.querySelector('rect'), pattern.querySelector('path')];
      const words = getComputedStyle(document.documentElement).getPropertyValue(`--${pattern.dataset.stage}-ink`);
      const probe = document.createElement('i');
      probe.style.setProperty('color', `var(--${pattern.dataset.stage}-ink)`);
      document.body.append(probe);
      const ink = words && getComputedStyle(probe).color;
      probe.remove();
      return {
        stage: pattern.dataset.stage,
        ground: getComputedStyle(ground).fill,
        ink,
        lines: `${pattern.getAttribute('patternTransform')} ${strokes.getAttribute('d')}`,
      };
    }),
  );

/** What must not be taken for each other even by somebody who looks at the colours alone. */
const APART = [
  ['ready', 'failing'],
  ['ready', 'creating'],
  ['ready', 'pending'],
  ['ready', 'starting'],
  ['ready', 'terminating'],
  ['failing', 'creating'],
  ['failing', 'pending'],
  ['failing', 'terminating'],
  ['failing', 'starting'],
  ['creating', 'starting'],
];
const SIGHTS = {
  all: (colour) => colour,
  protanopia: filterDeficiencyProt(1),
  deuteranopia: filterDeficiencyDeuter(1),
  tritanopia: filterDeficiencyTrit(1),
};

test('given eyes that see fewer colours when stages are drawn then each has a pattern of its own, and colours stay apart', async () => {
  await withDemo(browser, { locale: 'en-GB' }, async ({ page }) => {
    for (const { name, media } of THEMES) {
      await page.emulateMedia(media);
      const stages = await drawn(page);
      assert.equal(new Set(stages.map(({ lines }) => lines)).size, stages.length, 'every pattern is another');
      const named = Object.fromEntries(stages.map((it) => [it.stage, it]));
      for (const [sight, seen] of Object.entries(SIGHTS)) {
        for (const [one, other] of APART) {
          const difference = differenceCiede2000()(seen(named[one].ground), seen(named[other].ground));
          assert.ok(difference > 11, `${one} and ${other} are ${difference.toFixed(1)} apart, ${name}, ${sight}`);
        }
        for (const { stage, ground, ink } of stages.filter((it) => it.ink)) {
          const contrast = wcagContrast(seen(ground), seen(ink));
          assert.ok(contrast >= 4.5, `words on ${stage}: ${contrast.toFixed(1)}:1, ${name}, ${sight}`);
        }
      }
    }
  });
});

test('given paper when a page is printed then all of it is there, black on white, and nothing is cut off', async () => {
  await withDemo(browser, { locale: 'en-GB', colorScheme: 'dark' }, async ({ page, demo }) => {
    for (const path of ['/', '/sets/default/web']) {
      await page.goto(demo.url + path);
      await becomes(page, 'live');
      await page.emulateMedia({ media: 'print', colorScheme: 'dark' });
      // The width of a sheet of A4 on its side between its margins, at 96 dots an inch.
      await page.setViewportSize({ width: 1031, height: 700 });
      const told = await page.evaluate(() => ({
        wider: [...document.querySelectorAll('main *:not(svg *)')].filter((it) => it.checkVisibility() && it.getBoundingClientRect().right > innerWidth + 1).map((it) => it.outerHTML.slice(0, 100)),
        pressable: [...document.querySelectorAll('button, select, input, .rail, .guide')].filter((it) => it.checkVisibility()).map((it) => it.outerHTML.slice(0, 100)),
        paper: getComputedStyle(document.body).backgroundColor,
        when: document.querySelector('.live').textContent,
      }));
      assert.deepEqual(told.wider, [], path);
      assert.deepEqual(told.pressable, [], path);
      assert.equal(told.paper, 'rgb(255, 255, 255)');
      assert.match(told.when, /Live/);
      const pages = (await page.pdf({ preferCSSPageSize: true })).toString('latin1').match(/\/Type \/Page\b/g).length;
      assert.ok(pages >= 1 && pages <= 4, `${path} takes ${pages} sheets`);
    }
  });
});
