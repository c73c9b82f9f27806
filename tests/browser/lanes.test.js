// The lanes under the reader's hand: moved and zoomed by pointer, wheel, touch and keys; the card of a pod; what the order
// let through, in both directions; and crowded lanes.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { launchBrowser } from './support/browser.js';
import { settles } from './support/reading.js';
import { eventually } from './support/waiting.js';
import { withDemo } from './support/with-demo.js';

let browser;
before(async () => {
  browser = await launchBrowser();
});
after(() => browser?.close());

const onLanes = (options, use) =>
  withDemo(browser, options, async (stage) => {
    await settles(stage.page, 2);
    await use(stage);
  });

/** Where the plot's times are on the page: the drawing's clip, as its frame says. */
const plotArea = (page) =>
  page.$eval('.plot > svg', (svg) => {
    const whole = svg.getBoundingClientRect();
    const clip = svg.querySelector(':scope > svg');
    const scale = whole.width / svg.viewBox.baseVal.width;
    return {
      left: whole.left + clip.x.baseVal.value * scale,
      width: clip.width.baseVal.value * scale,
      top: whole.top,
      height: whole.height,
    };
  });

/** The left edge of a pod's block on the page, also where it is out of sight. */
const blockLeft = (page, uid) =>
  page.$eval(`.block[data-uid="${uid}"] .piece`, (piece) => piece.getBoundingClientRect().left);

/** Where the pod's first stage ends, which is well within what the page draws. */
const blockRight = (page, uid) =>
  page.$eval(`.block[data-uid="${uid}"] .piece`, (piece) => piece.getBoundingClientRect().right);

/** A place on a pod's block that can be seen. */
async function onBlock(page, uid) {
  const plot = await plotArea(page);
  const box = await page.$eval(`.block[data-uid="${uid}"] .outline`, (outline) => outline.getBoundingClientRect().toJSON());
  const left = Math.max(box.left, plot.left);
  const right = Math.min(box.right, plot.left + plot.width);
  assert.ok(right > left, `the block of ${uid} is in sight`);
  return { x: (left + right) / 2, y: box.top + box.height / 2 };
}

const follows = async (page) => (await page.locator('.lanes .follow').count()) === 0;
const uidOf = async (page, pod) => page.getAttribute(`tr[data-pod="${pod}"]`, 'data-uid');
const near = (value, expected, tolerance, what) =>
  assert.ok(Math.abs(value - expected) <= tolerance, `${what}: ${value} instead of ${expected}`);

/** Drags the lanes by so many pixels, and waits until that is drawn. */
async function drag(page, pixels) {
  const plot = await plotArea(page);
  const [x, y] = [plot.left + plot.width / 2, plot.top + plot.height - 8];
  await page.mouse.move(x, y);
  await page.mouse.down();
  await page.mouse.move(x + pixels, y, { steps: 6 });
  await page.mouse.up();
  await page.evaluate(() => new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(drawn))));
}

/** Shows some seconds only, of a moment that stays, in the middle of which a pod begins. */
async function standStill(page, uid) {
  for (let turn = 0; turn < 4; turn++) await page.keyboard.press('+');
  await eventually('the pod is in the middle', async () => {
    const plot = await plotArea(page);
    assert.ok((await blockLeft(page, uid)) < plot.left + plot.width * 0.7);
  });
  await drag(page, 10);
  assert.equal(await follows(page), false);
}

test('given the lanes when dragged then they go with the pointer, stay there, and follow again when asked', async () => {
  await onLanes({}, async ({ page }) => {
    const uid = await uidOf(page, 'web-0');
    await standStill(page, uid);
    assert.equal(await page.locator('.plot .now').count(), 0, 'now is out of sight');
    const before = await blockLeft(page, uid);
    await drag(page, 60);
    near(await blockLeft(page, uid), before + 60, 1.5, 'the block');
    await drag(page, -40);
    near(await blockLeft(page, uid), before + 20, 1.5, 'the block');
    const second = await page.textContent('.since [aria-hidden]');
    await eventually('time goes on', async () => assert.notEqual(await page.textContent('.since [aria-hidden]'), second));
    near(await blockLeft(page, uid), before + 20, 1.5, 'the block stands still');
    await page.click('.lanes .follow');
    assert.equal(await follows(page), true);
    await eventually('now is in sight', async () => assert.equal(await page.locator('.plot .now').count(), 1));
    await drag(page, -200);
    assert.equal(await follows(page), true, 'there is nothing after now');
  });
});

test('given the lanes when zoomed by the wheel then what is under the pointer stays, and without Ctrl the page scrolls', async () => {
  await onLanes({}, async ({ page }) => {
    const uid = await uidOf(page, 'web-0');
    await standStill(page, uid);
    const plot = await plotArea(page);
    const [block, end] = [await blockLeft(page, uid), await blockRight(page, uid)];
    await page.mouse.move(block, plot.top + plot.height - 8);
    await page.keyboard.down('Control');
    await page.mouse.wheel(0, -300);
    await page.keyboard.up('Control');
    await eventually('it is zoomed', async () => assert.ok((await blockRight(page, uid)) > end + 3));
    near(await blockLeft(page, uid), block, 1.5, 'the block under the pointer');
    await page.mouse.wheel(0, 200);
    await eventually('the page has scrolled', async () => assert.ok((await page.evaluate(() => scrollY)) > 100));
    await page.mouse.wheel(0, -200);
    await eventually('it is back', async () => assert.equal(await page.evaluate(() => scrollY), 0));
    await page.keyboard.press('0');
    assert.equal(await follows(page), true);
    await page.mouse.wheel(-120, 0);
    await eventually('the wheel sideways moves the lanes', async () => assert.equal(await follows(page), false));
  });
});

test('given a phone when pinched then the lanes zoom, and a finger moves them', async () => {
  const phone = { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true };
  await onLanes(phone, async ({ page }) => {
    const session = await page.context().newCDPSession(page);
    await page.locator('.plot').scrollIntoViewIfNeeded();
    const plot = await plotArea(page);
    const y = plot.top + plot.height / 2;
    const touch = (type, ...places) =>
      session.send('Input.dispatchTouchEvent', { type, touchPoints: places.map((x, id) => ({ x, y, id })) });
    const [a, b] = [plot.left + plot.width * 0.4, plot.left + plot.width * 0.5];
    await touch('touchStart', a, b);
    for (const step of [10, 20, 30, 40, 50]) await touch('touchMove', a - step, b + step);
    await touch('touchEnd');
    await eventually('it is zoomed', async () => assert.equal(await page.locator('.windows [aria-pressed="true"]').count(), 0));
    await page.keyboard.press('0');
    await touch('touchStart', a);
    for (const step of [20, 40, 60, 80]) await touch('touchMove', a + step);
    await touch('touchEnd');
    await eventually('it has moved', async () => assert.equal(await follows(page), false));
    assert.ok((await page.evaluate(() => document.documentElement.scrollWidth)) <= 390, 'nothing is wider than the phone');
  });
});

test('given a pod when pointed at then its card says what it is, and stays when clicked', async () => {
  await onLanes({}, async ({ page, kubectl }) => {
    const uid = await uidOf(page, 'web-1');
    const card = page.locator('.pod-card');
    const { x, y } = await onBlock(page, uid);
    await page.mouse.move(x, y);
    await card.waitFor();
    const told = await card.textContent();
    const pod = await kubectl.json('get', 'pod', 'web-1');
    assert.equal(pod.metadata.uid, uid);
    for (const fact of ['web-1', uid, pod.status.podIP, pod.spec.nodeName, pod.metadata.labels['controller-revision-hash']]) {
      assert.ok(told.includes(fact), `${fact} in ${told}`);
    }
    // On the way to the card it stays; elsewhere it goes.
    const box = await card.boundingBox();
    await page.mouse.move(box.x + 30, box.y + 40, { steps: 8 });
    await page.waitForTimeout(400); // longer than the card waits for the pointer to come back
    assert.equal(await card.count(), 1);
    await page.mouse.move(5, 5);
    await card.waitFor({ state: 'detached' });
    await page.mouse.click(x, y);
    await page.mouse.move(5, 5);
    await page.waitForTimeout(400);
    assert.equal(await card.count(), 1, 'it was clicked');
    const commands = await card.locator('code').allTextContents();
    assert.equal(commands[0], 'kubectl -n default describe pod web-1');
    for (const command of commands.slice(1)) {
      assert.match(command, /^kubectl -n default /);
      await kubectl.run(...command.split(' ').slice(1));
    }
    assert.match(await kubectl.run(...commands.at(-1).split(' ').slice(1)), /Scheduled/);

    await kubectl.run('delete', 'pod', 'web-1');
    await eventually('the card goes on', async () => assert.match(await card.textContent(), /Ended/));
    assert.equal(await card.locator('code').count(), 1, 'of a pod that is gone only its events are left');
    await page.keyboard.press('Tab');
    await page.locator('.plot').focus();
    await page.keyboard.press('Escape');
    assert.equal(await card.count(), 0);
  });
});

test('given only a keyboard when the lanes have the focus then each pod can be chosen, and time can be moved through', async () => {
  await onLanes({}, async ({ page, kubectl }) => {
    const old = await uidOf(page, 'web-0');
    await kubectl.run('delete', 'pod', 'web-0');
    await eventually('web-0 is back', async () => assert.notEqual(await uidOf(page, 'web-0'), old));
    const pods = await settles(page, 2);
    const card = page.locator('.pod-card');
    const chosen = () => card.getAttribute('data-uid');
    await page.locator('.plot').focus();
    await page.keyboard.press('ArrowDown');
    assert.equal(await chosen(), await uidOf(page, 'web-0'));
    assert.match(await card.textContent(), new RegExp(`→ ${pods[0].ip.replaceAll('.', '\\.')}`), 'the address before and now');
    await page.keyboard.press('ArrowLeft');
    assert.equal(await chosen(), old);
    await page.keyboard.press('ArrowRight');
    await page.keyboard.press('ArrowDown');
    assert.equal(await chosen(), await uidOf(page, 'web-1'));
    assert.equal(await page.locator('.block[data-pointed="true"]').getAttribute('data-uid'), await chosen());
    await page.keyboard.press('ArrowUp');
    assert.equal(await chosen(), await uidOf(page, 'web-0'));
    await page.keyboard.press('Escape');
    assert.equal(await card.count(), 0);

    const pressed = () => page.locator('.windows [aria-pressed="true"]').textContent();
    await page.keyboard.press('+');
    assert.equal(await pressed(), '1m');
    await page.keyboard.press('-');
    assert.equal(await pressed(), '2m');
    await page.keyboard.press('Shift+ArrowLeft');
    assert.equal(await follows(page), false);
    await page.keyboard.press('Shift+ArrowRight');
    assert.equal(await follows(page), true);
    await page.keyboard.press('Shift+ArrowLeft');
    await page.keyboard.press('0');
    assert.equal(await follows(page), true);

    const keys = page.locator('dialog.keys');
    await page.keyboard.press('?');
    assert.equal(await keys.evaluate((dialog) => dialog.open), true);
    assert.equal(await page.evaluate(() => document.activeElement.closest('dialog')?.className.includes('keys')), true);
    await page.keyboard.press('Escape');
    assert.equal(await keys.evaluate((dialog) => dialog.open), false);
    await page.click('.keys-switch');
    assert.equal(await keys.evaluate((dialog) => dialog.open), true);
    await page.keyboard.press('?');
    assert.equal(await keys.evaluate((dialog) => dialog.open), false);
  });
});

test('given scaling and a rollout when drawn then arrows tell what each pod had waited for, and new revisions are marked', async () => {
  await onLanes({}, async ({ page, kubectl }) => {
    const steps = (kind) => page.locator(`.arrow[data-step="${kind}"]`).count();
    await kubectl.run('scale', 'statefulset', 'web', '--replicas=4');
    await settles(page, 4);
    assert.equal(await steps('ready-so-next'), 3);
    assert.equal(await steps('gone-so-next'), 0);
    await kubectl.run('scale', 'statefulset', 'web', '--replicas=2');
    await eventually('web-3 went, and so web-2 had to', async () => assert.equal(await steps('gone-so-next'), 1));
    await settles(page, 2);
    assert.equal(await page.locator('.block .revised').count(), 0);
    await kubectl.run('set', 'image', 'statefulset', 'web', 'nginx=nginx:1.9.2');
    await eventually('web-1 was new and Ready, and so web-0 had to go', async () =>
      assert.equal(await steps('ready-so-replaced'), 1),
    );
    await eventually('both new pods are marked', async () => assert.equal(await page.locator('.block .revised').count(), 2));
  });
});

test('given pods that live shortly when much time is shown then they fold into one, but for the last', async () => {
  await onLanes({ flags: ['--speed', '20'] }, async ({ page, kubectl }) => {
    for (let turn = 0; turn < 6; turn++) {
      const uid = await uidOf(page, 'web-1');
      await kubectl.run('delete', 'pod', 'web-1');
      await eventually('web-1 is back', async () => assert.notEqual(await uidOf(page, 'web-1'), uid));
      await settles(page, 2);
    }
    const lane = page.locator('.lane[data-lane="web-1"]');
    await page.click('.windows button >> text="1m"');
    await page.click('.windows button >> text="+"');
    await page.click('.windows button >> text="+"');
    await eventually('each has its block', async () => assert.equal(await lane.locator('.folded').count(), 0));
    await page.click('.windows button >> text="1h"');
    await eventually('six are one', async () => assert.equal(await lane.locator('.folded').getAttribute('data-pods'), '6'));
    assert.equal(await lane.locator('.block[data-uid]').getAttribute('data-uid'), await uidOf(page, 'web-1'));
  });
});
