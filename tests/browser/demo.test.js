// `berth demo`: the walk-through beside the page, by its buttons and by a kubectl beside it, in both languages; what a room
// sees; and that no other site can act.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { launchBrowser, onPage } from './support/browser.js';
import { withDemo } from './support/with-demo.js';
import { becomes, contrast, lanes, podRows, settles, toldBeside, why } from './support/reading.js';
import { eventually } from './support/waiting.js';

const STEPS = [
  'make', 'order', 'hostnames', 'resolve', 'delete', 'return', 'contrast', 'scale-up', 'scale-down', 'partition', 'finish',
  'break', 'mend', 'not-ready', 'publish', 'restore', 'parallel',
]; // prettier-ignore

let browser;
before(async () => {
  browser = await launchBrowser();
});
after(() => browser?.close());

const onDemo = (options, use) => withDemo(browser, options, use);

const states = (page) =>
  page.$$eval('.guide li', (steps) => Object.fromEntries(steps.map((step) => [step.dataset.step, step.dataset.done])));

const ticked = (page, step) =>
  eventually(`the step ${step} is ticked`, async () => assert.equal((await states(page))[step], 'done'));

/** Runs a step by its button; gives what it printed. */
async function press(page, step) {
  const item = page.locator(`.guide li[data-step="${step}"]`);
  if (!(await item.locator('details').evaluate((details) => details.open))) await item.locator('summary').click();
  await item.locator('.button.primary').click();
  await item.locator('.output').waitFor();
  await ticked(page, step);
  return item.locator('.output').textContent();
}

const words = (page) => page.textContent('.guide');
const isChinese = (text) => /[\u4e00-\u9fff]/.test(text);

test('given the demo when every step is run by its button, in English, then each is ticked, and it can be started over', async () => {
  await onDemo({ locale: 'en-GB' }, async ({ page, demo }) => {
    assert.deepEqual(Object.keys(await states(page)), STEPS);
    await ticked(page, 'order');
    const before = await settles(page, 2);
    assert.equal(await press(page, 'hostnames'), 'web-0\nweb-1');
    const resolved = await press(page, 'resolve');
    for (const { pod, ip } of before) assert.ok(resolved.includes(`Name:      ${pod}.nginx\nAddress 1: ${ip} ${pod}.nginx`));
    await press(page, 'delete');
    await ticked(page, 'return');
    const after = await settles(page, 2);
    after.forEach(({ pod, ip }, at) => {
      assert.equal(pod, before[at].pod);
      assert.notEqual(ip, before[at].ip);
    });
    const replaced = await press(page, 'contrast');
    const names = replaced.match(/BEFORE  (api-\S+)\n +(api-\S+)\nAFTER   (api-\S+)\n +(api-\S+)\n/);
    assert.equal(new Set(names?.slice(1)).size, 4, `names before and after: ${replaced}`);
    for (const step of STEPS.slice(STEPS.indexOf('contrast') + 1)) await press(page, step);
    assert.equal(Object.values(await states(page)).every((state) => state === 'done'), true);
    assert.ok(!isChinese(await words(page)));

    // It is asked once whether all is to be taken away, and said what that is.
    const dialog = page.locator('dialog.reset');
    await page.click('.guide h2 .button');
    assert.match(await dialog.textContent(), /deletes every StatefulSet, Deployment, ReplicaSet, Service/);
    assert.match(await dialog.textContent(), /leaves as they are: other namespaces, nodes/);
    await dialog.getByText('Cancel').click();
    await eventually('the dialog is closed', async () => assert.equal(await dialog.isVisible(), false));
    assert.equal(Object.values(await states(page)).every((state) => state === 'done'), true);
    // Started over, all is as in the beginning, and every step can be run again.
    await page.click('.guide h2 .button');
    await dialog.locator('.primary').click();
    await eventually('the steps are to be done again', async () => {
      const { make, order, hostnames, ...later } = await states(page);
      assert.deepEqual([make, order, hostnames], ['done', 'done', 'next']);
      assert.ok(Object.values(later).every((state) => state === 'later'));
    });
    assert.match(demo.log, /run for a reader step="start over"/, 'what readers did is in the log');
    assert.match(demo.log, /run for a reader step="partition"/);
    await settles(page, 2);
    for (const step of STEPS) {
      await press(page, step);
      if (step === 'return') await settles(page, 2);
    }
    assert.equal(Object.values(await states(page)).every((state) => state === 'done'), true);
  });
});

test('given the demo in Chinese when somebody types the commands into a terminal then the steps are ticked all the same', async () => {
  await onDemo({ locale: 'zh-CN' }, async ({ page, kubectl }) => {
    assert.ok(isChinese(await page.textContent('.guide li[data-step="make"] summary')));
    assert.equal(await page.getAttribute('html', 'lang'), 'zh-CN');
    await settles(page, 2);
    await ticked(page, 'order');
    const inPod = (pod, ...command) => kubectl.run('exec', pod, '--', ...command);
    for (const pod of ['web-0', 'web-1']) assert.equal((await inPod(pod, 'sh', '-c', 'hostname')).trim(), pod);
    await ticked(page, 'hostnames');
    for (const pod of ['web-0', 'web-1']) await inPod('web-0', 'nslookup', `${pod}.nginx`);
    await ticked(page, 'resolve');
    await kubectl.run('delete', 'pod', '-l', 'app=nginx');
    await ticked(page, 'delete');
    await ticked(page, 'return');
    await kubectl.run('delete', 'pod', '-l', 'app=api');
    await ticked(page, 'contrast');
    await kubectl.run('scale', 'statefulset', 'web', '--replicas=4');
    await ticked(page, 'scale-up');
    await kubectl.run('scale', 'statefulset', 'web', '--replicas=2');
    await ticked(page, 'scale-down');
    // The second chapter's own commands, as the page shows them, in a shell.
    for (const step of STEPS.slice(STEPS.indexOf('partition'))) {
      const commands = await page.textContent(`.guide li[data-step="${step}"] pre`);
      for (const command of commands.split('\n')) await kubectl.shell(command);
      await ticked(page, step);
    }
    await settles(page, 2);
    // The reader can have it in English.
    await page.click('header .language');
    await eventually('the walk-through is told in English', async () =>
      assert.equal(await page.textContent('.guide li[data-step="delete"] summary'), 'Delete both pods and watch'),
    );
  });
});

test('given the demo when readers act on the page then each dialog asks once, shows the command, and says what came of it', async () => {
  await onDemo({ locale: 'en', expected: [/422 \(Unprocessable Entity\)/] }, async ({ page, kubectl }) => {
    const before = await settles(page, 2);
    const dialog = page.locator('dialog.ask');
    const ask = (label) => page.click(`header .buttons >> text=${label}`);
    const confirm = async () => {
      await dialog.locator('.primary').click();
      return toldBeside(page);
    };
    await ask('Scale…');
    await dialog.locator('input').fill('-3');
    assert.equal((await dialog.locator('.told').first().textContent()).trim(), 'Type a whole number from 0 to 1000.');
    assert.equal(await dialog.locator('.primary').isDisabled(), true);
    await dialog.locator('input').fill('3');
    assert.equal(await dialog.locator('pre').textContent(), 'kubectl scale statefulset web --replicas=3');
    assert.equal(await confirm(), 'statefulset.apps/web scaled');
    await settles(page, 3);

    await ask('Image…');
    await eventually('the image of now is there', async () => assert.equal(await dialog.locator('input').inputValue(), 'nginx:1.9.1'));
    await dialog.locator('.primary').click();
    assert.equal(await toldBeside(page), 'statefulset.apps/web unchanged: nginx has the image nginx:1.9.1 already');
    await ask('Image…');
    await eventually('the image of now is there', async () => assert.equal(await dialog.locator('input').inputValue(), 'nginx:1.9.1'));
    await dialog.locator('input').fill('nginx:');
    await dialog.locator('.primary').click();
    await eventually('a refusal stays where it can be mended', async () =>
      assert.match(await dialog.locator('.told').first().textContent(), /this image cannot exist: the tag "" has to be/),
    );
    await dialog.locator('input').fill('nginx:1.9.2');
    assert.equal(await dialog.locator('pre').textContent(), 'kubectl set image statefulset web nginx=nginx:1.9.2');
    assert.equal(await confirm(), 'statefulset.apps/web image updated');
    await eventually('all pods have it', async () => {
      const images = (await kubectl.pods('app=nginx')).map(({ spec }) => spec.containers[0].image);
      assert.deepEqual(images, Array(3).fill('nginx:1.9.2'));
    });
    const rolled = await settles(page, 3);

    await page.locator('tr[data-pod="web-1"] >> text=Not ready…').click();
    assert.match(await confirm(), /^pod\/web-1 annotated$/);
    await eventually('web-1 is not ready', async () => assert.equal((await podRows(page))[1].ready, '0/1'));
    await page.locator('tr[data-pod="web-1"]').getByText('Ready…', { exact: true }).click();
    await confirm();
    await settles(page, 3);

    // Escape leaves everything as it is.
    await ask('Delete pods…');
    assert.equal(await dialog.locator('h2').textContent(), 'Delete all 3 pods of web?');
    await page.keyboard.press('Escape');
    assert.deepEqual((await settles(page, 3)).map(({ uid }) => uid), rolled.map(({ uid }) => uid));
    // What is asked about one place is asked no more at another.
    await ask('Scale…');
    await page.goBack();
    await eventually('the dialog is closed', async () => assert.equal(await dialog.isVisible(), false));
    await page.goForward();
    await settles(page, 3);
    await page.locator('tr[data-pod="web-2"] >> text=Delete…').click();
    assert.equal(await dialog.locator('pre').textContent(), 'kubectl delete pod web-2');
    assert.equal(await confirm(), 'pod "web-2" deleted from default namespace');
    await eventually('another web-2 is there', async () => {
      const row = (await podRows(page))[2];
      assert.equal(row.stage, 'ready');
      assert.notEqual(row.uid, rolled[2].uid);
    });
    await ask('Restart…');
    assert.equal(await confirm(), 'statefulset.apps/web restarted');
    await eventually('all pods were replaced', async () => {
      const uids = (await podRows(page)).map(({ uid, stage }) => stage === 'ready' && uid);
      assert.ok(uids.every((uid) => uid && ![...before, ...rolled].some((row) => row.uid === uid)));
    });
  });
});

test('given the walk-through beside a page of 1280 pixels when a status is long then every button and column stays in reach', async () => {
  await onDemo({ locale: 'en', viewport: { width: 1280, height: 800 } }, async ({ page, kubectl }) => {
    await settles(page, 2);
    await kubectl.run('set', 'image', 'statefulset/web', 'nginx=nginx:missing');
    await eventually('web-1 fails', async () => assert.equal((await podRows(page))[1].status, 'ImagePullBackOff'));
    const box = (selector) => page.$eval(selector, (element) => element.getBoundingClientRect().toJSON());
    await page.locator('tr[data-pod="web-1"]').scrollIntoViewIfNeeded();
    const guide = await box('.guide');
    const button = await box('tr[data-pod="web-1"] .do .button:last-child');
    assert.ok(button.right <= guide.left, `the button ends at ${button.right}, the walk-through begins at ${guide.left}`);
    const topmost = await page.evaluate(({ x, y }) => document.elementFromPoint(x, y).textContent, { x: button.x + 5, y: button.y + 5 });
    assert.equal(topmost, 'Delete…');
    // Options stay with their values, and names in one piece.
    await page.click('.guide li[data-step="delete"] summary');
    const pieces = await page.$$eval('.guide li[data-step="delete"] .whole', (all) =>
      all.map((it) => [it.textContent, it.getBoundingClientRect().height]),
    );
    assert.ok(pieces.some(([text]) => text === '-l app=nginx'), JSON.stringify(pieces));
    assert.ok(pieces.every(([, height]) => height < 26), `no piece is broken: ${JSON.stringify(pieces)}`);
    // The ledger's last column is seen as well.
    await page.setViewportSize({ width: 1400, height: 800 });
    await page.click('.ledger summary');
    await page.waitForSelector('.ledger td');
    const [shown, all] = await page.$eval('.ledger .scroll', (it) => [it.clientWidth, it.scrollWidth]);
    assert.ok(all <= shown, `the ledger is ${all} px wide in ${shown} px`);
    const width = await page.evaluate(() => document.documentElement.scrollWidth);
    assert.ok(width <= 1400, `the page is not scrolled sideways: ${width} px`);
    if (process.env.SCREENSHOTS) await page.screenshot({ path: join(process.env.SCREENSHOTS, 'narrow.png'), fullPage: true });
  });
});

/** Every word that is smaller than a room can read, with its size. */
const smallWords = (page) =>
  page.evaluate(() => {
    const walker = document.createTreeWalker(document.querySelector('.page'), NodeFilter.SHOW_TEXT);
    const found = [];
    for (let node = walker.nextNode(); node; node = walker.nextNode()) {
      const element = node.parentElement;
      const box = element.getBoundingClientRect();
      if (!node.data.trim() || !element.checkVisibility() || box.width <= 1 || box.bottom < 0) continue;
      if (element.closest('title')) continue;
      const svg = element.closest('.plot > svg');
      const scale = svg ? svg.getBoundingClientRect().width / svg.viewBox.baseVal.width : 1;
      const size = parseFloat(getComputedStyle(element).fontSize) * scale;
      if (size < 18) found.push(`${node.data.trim()}: ${size.toFixed(1)} px`);
    }
    return found;
  });

for (const lanes of [2, 4, 8]) {
  test(`given ${lanes} lanes when presented to a room then the why line and all lanes fill the screen, and no word is small`, async () => {
    await onDemo({ locale: 'en', viewport: { width: 1280, height: 720 }, flags: ['--speed', '10'] }, async ({ page, kubectl }) => {
      await kubectl.run('scale', 'statefulset', 'web', `--replicas=${lanes}`);
      await settles(page, lanes);
      await kubectl.run('delete', 'pod', '-l', 'app=nginx', '--wait=false');
      await page.click('text=Present');
      await settles(page, lanes);
      await eventually('all of it is on the screen', async () => {
        assert.deepEqual(await smallWords(page), []);
        const { bottom, height } = await page.$eval('.plot > svg', (svg) => svg.getBoundingClientRect().toJSON());
        const room = await page.$eval('.plot', (plot) => plot.getBoundingClientRect().bottom);
        assert.ok(bottom <= room + 1 && room <= 720, `the lanes end at ${bottom} of ${room} px`);
        assert.ok(lanes === 2 || height > 250, `they fill it: ${height} px`);
        const legend = await page.$eval('.legend', (legend) => legend.getBoundingClientRect().bottom);
        assert.ok(legend <= 720, `the legend ends at ${legend} of 720 px`);
        assert.equal(await page.$$eval('g.lane', (all) => all.length), lanes);
      });
      // The words of a lane lie within it: no block covers its neighbour's.
      const tops = await page.$$eval('g.lane rect.outline', (all) => all.map((it) => it.getBoundingClientRect().toJSON()));
      assert.ok(tops.every(({ height }) => height > 24), 'blocks are high enough for a word');
      if (process.env.SCREENSHOTS) await page.screenshot({ path: join(process.env.SCREENSHOTS, `present-${lanes}.png`) });
      assert.equal(await page.isVisible('.guide'), false);
      assert.equal((await why(page)).reason, 'Settled');
      await page.keyboard.press('Escape');
      await eventually('the page is as before', async () => assert.equal(await page.isVisible('.guide'), true));
    });
  });
}

test('given a page that is presented when the reader goes back then it is an ordinary page, with its buttons', async () => {
  await onDemo({ locale: 'en' }, async ({ page }) => {
    await page.click('a.logo');
    await page.click('tr[data-set="default/web"] a');
    await settles(page, 2);
    await page.click('text=Present');
    await eventually('it is presented', async () => assert.equal(await page.isVisible('.guide'), false));
    await page.goBack();
    await eventually('it is the list', async () => assert.equal(await page.isVisible('table.fleet'), true));
    assert.equal(await page.getAttribute('.page', 'data-presents'), 'false');
    assert.equal(await page.isVisible('.guide'), true);
    assert.equal(await page.isVisible('header .theme'), true);
  });
});

test('given a dialog when its answer comes after another one was opened then it is not shown there', async () => {
  await onDemo({ locale: 'en' }, async ({ page }) => {
    await settles(page, 2);
    const dialog = page.locator('dialog.ask');
    let letGo;
    const held = new Promise((resolve) => {
      letGo = resolve;
    });
    await page.route('**/api/v1/actions', async (route) => {
      await held;
      await route.continue();
    });
    await page.click('header .buttons >> text=Scale…');
    await dialog.locator('input').fill('3');
    await dialog.locator('.primary').click();
    assert.equal(await dialog.locator('input').isDisabled(), true, 'what was sent cannot be edited');
    await page.keyboard.press('Escape');
    await page.click('header .buttons >> text=Restart…');
    const answered = page.waitForResponse((response) => response.request().method() === 'POST');
    letGo();
    assert.equal((await answered).status(), 200);
    await settles(page, 3);
    assert.equal((await dialog.locator('.told').first().textContent()).trim(), '');
    assert.match(await dialog.locator('.note').textContent(), /replaced from the highest number down/);
    assert.equal(await dialog.locator('.primary').isDisabled(), false);
    await page.keyboard.press('Escape');
    assert.equal(await toldBeside(page), 'statefulset.apps/web scaled', 'whoever closed its dialog is told all the same');
  });
});

test('given pods of which one is another by now when all are deleted then the others go, and the page shows both', async () => {
  await onDemo({ locale: 'en' }, async ({ page, kubectl }) => {
    const before = await settles(page, 2);
    const dialog = page.locator('dialog.ask');
    await page.click('header .buttons >> text=Delete pods…');
    await eventually('it can be confirmed', async () => assert.equal(await dialog.locator('.primary').isDisabled(), false));
    await kubectl.run('delete', 'pod', 'web-0');
    await eventually('web-0 is another', async () => assert.notEqual((await podRows(page))[0].uid, before[0].uid));
    await dialog.locator('.primary').click();
    await eventually('both are told', async () => {
      assert.equal((await dialog.locator('.told').first().textContent()).trim(), 'pod "web-1" deleted from default namespace');
      assert.match(await dialog.locator('.failed').textContent(), /^web-0: /);
    });
  });
});

test('given a Deployment when its pods are deleted then each lane ends, and others come under names that were not there', async () => {
  await onDemo({ locale: 'en' }, async ({ page, demo, kubectl }) => {
    assert.equal(await page.textContent('.rail .heading'), 'For contrast: Deployments');
    await eventually('its pods are Ready', async () =>
      assert.deepEqual(await contrast(page), [
        { deployment: 'default/api', text: 'names never return', dots: ['ready', 'ready'] },
      ]),
    );
    await page.click('.rail a.row[data-deployment="default/api"]');
    assert.equal(page.url(), `${demo.url}/deployments/default/api`);
    const named = async () => (await kubectl.pods('app=api')).map(({ metadata }) => metadata.name).sort();
    const live = async () => (await lanes(page)).filter(({ blocks }) => !blocks[0].ended);
    const before = await eventually('each pod has a lane', async () => {
      const shown = await live();
      assert.deepEqual(shown.map(({ lane }) => lane).sort(), await named());
      assert.ok(shown.every(({ blocks }) => blocks.length === 1));
      return shown.map(({ lane }) => lane);
    });
    assert.equal(before.length, 2);
    assert.equal(await page.title(), 'api · default · Berth');
    assert.match(await page.textContent('.contrast'), /their names never return/);
    assert.equal(await page.isVisible('.timeline'), false, 'its past is not kept');
    assert.equal(await page.locator('header .buttons >> text=Scale…').count(), 0, 'it is only looked at');

    await kubectl.run('delete', 'pod', '-l', 'app=api');
    const after = await eventually('two others are Ready', async () => {
      const shown = await live();
      assert.deepEqual(shown.map(({ lane }) => lane).sort(), await named());
      assert.ok(shown.every(({ lane, blocks }) => !before.includes(lane) && blocks[0].stages.at(-1) === 'ready'));
      assert.equal(shown.length, 2);
      assert.equal(await page.textContent('[data-chip="ready"]'), '2 / 2 ready');
      return shown.map(({ lane }) => lane);
    });
    const all = await lanes(page);
    assert.deepEqual(all.map(({ lane }) => lane), [...new Set([...before, ...after])], 'those that are gone keep their lanes');
    assert.ok(all.every(({ arrows }) => arrows.length === 0), 'nobody waits for anybody');
    await page.keyboard.press('+');
    await eventually('it is said of both as soon as there is room', async () => {
      const gone = await page.$$eval('g.lane .gap text', (texts) => texts.map((text) => text.textContent));
      assert.ok(gone.length === 2 && gone.every((words) => /^(gone for good|this name does not return)$/.test(words)), `${gone}`);
    });
    const rows = await podRows(page);
    assert.deepEqual(rows.filter(({ stage }) => stage === 'ready').map(({ pod }) => pod), after);

    // The address alone shows the same, and a StatefulSet beside it is as ever.
    await page.reload();
    await becomes(page, 'live');
    await eventually('the lanes are there again', async () => assert.deepEqual(await lanes(page), all));
    await page.click('.rail a.row[data-set="default/web"]');
    await settles(page, 2);
    assert.deepEqual((await lanes(page)).map(({ lane }) => lane), ['web-0', 'web-1']);
    await page.goBack();
    await eventually('the Deployment is back', async () => assert.equal((await lanes(page)).length, 4));
    await kubectl.run('delete', 'deployment', 'api');
    await eventually('it is gone', async () => {
      assert.equal(await page.textContent('.chip.bad'), 'no Deployment object');
      assert.equal((await contrast(page))[0].text, 'gone');
    });
  });
});

test('given an empty demo when the walk-through is applied by its button then it is made, again and again', async () => {
  await onDemo({ locale: 'en', flags: ['--empty'], expected: [/404 \(Not Found\)/] }, async ({ page }) => {
    await page.click('a.logo');
    const dialog = page.locator('dialog.ask');
    for (const done of ['created', 'unchanged']) {
      await page.click('header .buttons >> text=Apply the walk-through…');
      assert.equal(await dialog.locator('pre').textContent(), 'kubectl apply -f svc.yaml -f statefulset.yaml');
      await dialog.locator('.primary').click();
      assert.equal(await toldBeside(page), `service/nginx ${done}\nstatefulset.apps/web ${done}`);
    }
    await page.click('tr[data-set="default/web"] a');
    await settles(page, 2);
  });
});

test('given the demo when another site asks it to act then it is refused, whatever it sends', async () => {
  await onDemo({ locale: 'en' }, async ({ page, demo }) => {
    const before = await settles(page, 2);
    const { origin } = new URL(demo.url);
    const scale = JSON.stringify({ Scale: { set: { namespace: 'default', name: 'web' }, replicas: 0 } });
    const send = async (path, headers, body = scale) => {
      const response = await fetch(demo.url + path, { method: 'POST', headers, body });
      return response.status;
    };
    const json = { 'content-type': 'application/json' };
    for (const path of ['/api/v1/actions', '/api/v1/walkthrough/delete', '/api/v1/walkthrough/reset']) {
      assert.equal(await send(path, { ...json, origin: 'https://evil.example' }), 403, path);
      assert.equal(await send(path, { ...json, origin: 'null' }), 403, path);
    }
    // What a form could send, even from a page of the same origin.
    for (const kind of ['text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data']) {
      assert.equal(await send('/api/v1/actions', { 'content-type': kind, origin }), 415, kind);
    }
    assert.equal(await send('/api/v1/actions', { ...json, origin }, '{"Scale": 1}'), 422);
    assert.equal(await send('/api/v1/actions', { ...json, origin }, 'x'.repeat(3 << 20)), 413);
    assert.equal(await send('/api/v1/walkthrough/nowhere', { ...json, origin }), 404);
    for (const [query, mend] of [['lang=fr', 'en or zh'], ['bogus=1', 'there are lang']]) {
      const { status, text } = await demo.get(`/api/v1/walkthrough?${query}`);
      assert.deepEqual([status, JSON.parse(text).detail.includes(mend)], [400, true], text);
    }
    assert.equal((await demo.get('/api/v1/actions?namespace=default&bogus=1')).status, 400);
    const after = await settles(page, 2);
    assert.deepEqual(after.map(({ uid }) => uid), before.map(({ uid }) => uid), 'nothing was changed');
  });
});
