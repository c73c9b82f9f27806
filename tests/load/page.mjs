// How smoothly the page runs: when it opens, what a frame costs while a cluster changes, and whether its memory stays flat.
// All of it in Chromium, on a demo that plays the cluster.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { startDemo } from '../browser/support/berth.js';
import { onPage } from '../browser/support/browser.js';
import { Kubectl } from '../browser/support/kubectl.js';
import { setting } from '../browser/support/processes.js';
import { eventually } from '../browser/support/waiting.js';
import { megabytes, millis, percentile, table } from './figures.mjs';

const GOAL = { frame: 1_000 / 60, task: 50, open: 1_500, live: 1_000, grown: 1.1 };
/** Of the fleet: its namespaces, the StatefulSets in each, and the pods of each. */
const FLEET = { namespaces: 10, sets: 50, pods: 20 };
const LANES = 200;
/** Lanes whose memory is looked at: few enough for each to be full soon, with the most pods that a lane keeps. */
const FULL = 20;
/** Pods that are deleted a second: each of them changes some five times until its successor is Ready. */
const DELETIONS = 20;
/** For how long frames are timed, in seconds. */
const SECONDS = 20;
/** How much slower than this machine's the processor of a reader is. */
const SLOWDOWN = 4;

const set = (namespace, name, replicas) => ({
  apiVersion: 'apps/v1',
  kind: 'StatefulSet',
  metadata: { namespace, name },
  spec: {
    serviceName: name,
    replicas,
    podManagementPolicy: 'Parallel',
    selector: { matchLabels: { app: name } },
    template: { metadata: { labels: { app: name } }, spec: { containers: [{ name: 'nginx', image: 'nginx:1.9.1' }] } },
  },
});

/** Runs `use` with a demo that has these StatefulSets, all of whose pods are Ready. */
async function onDemo(sets, use) {
  const folder = await mkdtemp(join(tmpdir(), 'berth-page-'));
  const kubeconfig = join(folder, 'kubeconfig');
  const demo = await startDemo({ kubeconfig, flags: ['--empty', '--nodes', '50', '--speed', '4', '--ledger', 'off'] });
  try {
    await demo.ready();
    const kubectl = new Kubectl({ program: join(setting('CONTROL_PLANE_BIN'), 'kubectl'), kubeconfig, cache: join(folder, 'cache') });
    const { clusters } = await kubectl.json('config', 'view', '--raw');
    const homes = new Set(sets.map(({ metadata }) => metadata.namespace));
    const made = [...homes].filter((name) => name !== 'default');
    if (made.length) await kubectl.apply(...made.map((name) => ({ apiVersion: 'v1', kind: 'Namespace', metadata: { name } })));
    for (const home of homes) await kubectl.in(home).apply(...sets.filter(({ metadata }) => metadata.namespace === home));
    const wanted = sets.reduce((sum, { spec }) => sum + spec.replicas, 0);
    await eventually(
      `${wanted} pods are Ready`,
      async () => {
        const { statefulsets } = JSON.parse((await demo.get('/api/v1/topology')).text);
        const ready = statefulsets.reduce((sum, { ready }) => sum + ready, 0);
        if (ready !== wanted) throw new Error(`${ready} are`);
      },
      300_000,
    );
    return await use({ demo, api: clusters[0].cluster.server });
  } finally {
    await demo.stop();
    await rm(folder, { recursive: true });
  }
}

/** Deletes pods at a steady rate until it is stopped. */
function deleting(api, sets) {
  let stopped = false;
  const loop = (async () => {
    const began = performance.now();
    for (let n = 0; !stopped; n += 1) {
      const { metadata, spec } = sets[(n * 7) % sets.length];
      const pod = `${metadata.name}-${(n * 3) % spec.replicas}`;
      // A pod that is not back yet is deleted some other time.
      await fetch(`${api}/api/v1/namespaces/${metadata.namespace}/pods/${pod}`, { method: 'DELETE' }).then((it) => it.arrayBuffer());
      await delay(Math.max(0, began + (n * 1_000) / DELETIONS - performance.now()));
    }
  })();
  return async () => {
    stopped = true;
    await loop;
  };
}

/** Before the page's own scripts: notes when it became live, its long tasks, and its memory. */
const noteTimes = () => {
  window.noted = { tasks: [], live: null, memory: null };
  new PerformanceObserver((list) => window.noted.tasks.push(...list.getEntries().map(({ startTime, duration }) => ({ startTime, duration })))).observe({
    type: 'longtask',
    buffered: true,
  });
  const look = () => {
    if (window.noted.live === null && document.querySelector('.page')?.dataset.live === 'live') window.noted.live = performance.now();
  };
  new MutationObserver(look).observe(document, { subtree: true, childList: true, attributeFilter: ['data-live'] });
  const { instantiateStreaming } = WebAssembly;
  WebAssembly.instantiateStreaming = async (...args) => {
    const made = await instantiateStreaming.apply(WebAssembly, args);
    window.noted.memory = made.instance.exports.memory;
    window.noted.ready = performance.now();
    return made;
  };
};

/** Opens a page, perhaps on a slower processor, and hands it to `use` when it is live. */
const opened = (browser, address, slowdown, use) =>
  onPage(browser, 'about:blank', {}, async (page) => {
    await page.addInitScript(noteTimes);
    const tools = await page.context().newCDPSession(page);
    await tools.send('Emulation.setCPUThrottlingRate', { rate: slowdown });
    await page.goto(address);
    await page.waitForFunction(() => window.noted.live !== null, null, { timeout: 60_000 });
    const times = await page.evaluate(() => ({
      live: window.noted.live,
      painted: performance.getEntriesByName('first-contentful-paint')[0]?.startTime,
      ready: window.noted.ready,
    }));
    return use({ page, tools, times });
  });

/** What each frame cost: the milliseconds from its beginning until it was painted, and those of long tasks meanwhile. */
async function frames(page, seconds) {
  const scrolled = (async () => {
    await page.mouse.move(700, 500);
    for (let n = 0; n < seconds * 10; n += 1) {
      await page.mouse.wheel(0, n % 40 < 20 ? 300 : -300);
      await delay(100);
    }
  })();
  const told = await page.evaluate(
    (length) =>
      new Promise((resolve) => {
        const began = performance.now();
        const costs = [];
        const { port1, port2 } = new MessageChannel();
        let from = 0;
        port1.onmessage = () => {
          costs.push(performance.now() - from);
          if (performance.now() - began < length) requestAnimationFrame(frame);
          else resolve({ costs, tasks: window.noted.tasks.filter(({ startTime }) => startTime > began).map(({ duration }) => duration) });
        };
        const frame = (start) => {
          from = start;
          // Runs once the frame is painted.
          port2.postMessage(null);
        };
        requestAnimationFrame(frame);
      }),
    seconds * 1_000,
  );
  await scrolled;
  return told;
}

/** Bytes that the page holds once what it needs no more is collected. */
async function held(page, tools) {
  await tools.send('HeapProfiler.collectGarbage');
  const { usedSize } = await tools.send('Runtime.getHeapUsage');
  return usedSize + (await page.evaluate(() => window.noted.memory?.buffer.byteLength ?? 0));
}

const worst = (values) => Math.max(0, ...values);

export async function page({ browser, soak, progress }) {
  const { namespaces, sets, pods } = FLEET;
  const fleet = Array.from({ length: namespaces * sets }, (_, n) => set(`n${n % namespaces}`, `set-${n}`, pods));
  const smooth = [];
  const timed = async ({ name, address, slowdown = 1, api, changing }) => {
    progress(name);
    return opened(browser, address, slowdown, async ({ page, times }) => {
      const stop = deleting(api, changing);
      const { costs, tasks } = await frames(page, SECONDS);
      await stop();
      smooth.push({ name, frames: costs.length, p95: percentile(costs, 0.95), worst: worst(costs), task: worst(tasks) });
      return times;
    });
  };
  const opening = await onDemo(fleet, ({ demo, api }) =>
    timed({ name: `${fleet.length} StatefulSets, ${fleet.length * pods} pods, scrolled`, address: `${demo.url}/`, api, changing: fleet }),
  );
  const [slow, memory] = await onDemo([set('default', 'web', LANES), set('default', 'few', 3), set('default', 'full', FULL)], async ({ demo, api }) => {
    const changing = [set('default', 'web', LANES)];
    await timed({ name: `${LANES} lanes, scrolled`, address: `${demo.url}/sets/default/web`, api, changing });
    progress('a slow processor');
    const slow = await opened(browser, `${demo.url}/sets/default/few`, SLOWDOWN, ({ times }) => times);
    const memory = await opened(browser, `${demo.url}/sets/default/full`, 1, async ({ page, tools }) => {
      const stop = deleting(api, [set('default', 'full', FULL)]);
      // What is kept of the past at first is not growth.
      await delay(100_000);
      const sizes = [];
      for (let passed = 0; passed <= soak; passed += soak / 6) {
        progress(`memory after ${Math.round(passed)} s`);
        await delay((soak / 6) * 1_000);
        sizes.push(await held(page, tools));
      }
      await stop();
      return sizes;
    });
    return [slow, memory];
  });
  const [settled, last] = [memory[0], memory.at(-1)];
  const [p95, task] = [worst(smooth.map(({ p95 }) => p95)), worst(smooth.map(({ task }) => task))];
  return {
    title: `The page in Chromium, while ${DELETIONS} pods a second are deleted and come back (some ${5 * DELETIONS} changes a second)`,
    text: [
      table([
        ['a frame costs', 'frames', '95 %', 'worst', 'longest task'],
        ...smooth.map(({ name, frames, p95, worst, task }) => [name, `${frames}`, millis(p95), millis(worst), task ? millis(task) : 'none']),
      ]),
      `  ${fleet.length} StatefulSets are live ${millis(opening.live)} after they are asked for`,
      `  On a processor ${SLOWDOWN} times as slow a StatefulSet is painted after ${millis(slow.painted)}, its WebAssembly can run after ${millis(slow.ready)}, and it is live after ${millis(slow.live)}`,
      `  The memory of ${FULL} lanes that keep as many pods as they can, over ${soak} s: ${memory.map(megabytes).join(', ')}`,
    ].join('\n'),
    goals: [
      { goal: `95 % of frames within ${millis(GOAL.frame)}`, figure: millis(p95), met: p95 < GOAL.frame },
      { goal: `no task over ${GOAL.task} ms`, figure: task ? millis(task) : 'none', met: task <= GOAL.task },
      { goal: `${fleet.length} StatefulSets open within ${GOAL.open} ms`, figure: millis(opening.live), met: opening.live < GOAL.open },
      { goal: 'painted before the WebAssembly can run', figure: `${millis(slow.painted)}, ${millis(slow.ready)}`, met: slow.painted < slow.ready },
      { goal: `live within ${GOAL.live} ms on a processor ${SLOWDOWN} times as slow`, figure: millis(slow.live), met: slow.live < GOAL.live },
      { goal: 'memory stays flat', figure: `${((last / settled - 1) * 100).toFixed(1)} %`, met: last / settled < GOAL.grown },
    ],
  };
}
