// From a write to the API to the change of the page, beside the line that `kubectl get pods --watch` printed for it.
import { setTimeout as delay } from 'node:timers/promises';
import { onPage } from '../browser/support/browser.js';
import { service, statefulSet } from '../browser/support/manifests.js';
import { becomes, settles } from '../browser/support/reading.js';
import { changes } from './changes.mjs';
import { now, skew } from './clocks.mjs';
import { median, millis, p99, table } from './figures.mjs';

const PODS = 5;
const CHANGES = 200;
/** Changes before those that count: connections, caches and compilers warm up. */
const WARM_UP = 30;
/** How long a change may take before it counts as lost. */
const PATIENCE = 5_000;
/** Between two changes, of several lengths so that they do not march in step with the screen. */
const PAUSES = [20, 33, 47, 59, 71];

const GOALS = { p50: 15, p99: 60 };

export async function latency({ cluster, berth, browser, api }) {
  const kubectl = await cluster.namespace('latency');
  await kubectl.apply(service(), statefulSet({ replicas: PODS }));
  return onPage(browser, `${berth.url}/?namespace=latency`, {}, async (page) => {
    await page.click('.rail a.row[data-set="latency/web"]');
    await settles(page, PODS);
    await becomes(page, 'live');
    const sightings = new Sightings();
    const watch = kubectl.watchPodTable();
    watch.onLine = (line) => {
      const at = now();
      const [pod, ready, status, restarts] = line.split(/\s+/);
      for (const [column, text] of Object.entries({ ready, status, restarts }))
        sightings.saw('kubectl', pod, column, text, at);
    };
    await watch.line('kubectl watches', (line) => (line.startsWith(`web-${PODS - 1} `) ? true : null));
    await observe(page, (pod, column, text, at) => sightings.saw('page', pod, column, text, at));

    const before = await skew(page);
    const pods = Array.from({ length: PODS }, (_, ordinal) => `web-${ordinal}`);
    const measured = [];
    for (const [at, change] of changes(pods, WARM_UP + CHANGES).entries()) {
      const seen = sightings.expect(change);
      const written = now();
      await api.patch(`/api/v1/namespaces/latency/pods/${change.pod}/status`, change.patch);
      const answered = now();
      await Promise.race([seen, delay(PATIENCE)]);
      if (at >= WARM_UP) measured.push({ written, answered, ...sightings.expected });
      await delay(PAUSES[at % PAUSES.length]);
    }
    const after = await skew(page);
    await watch.stop();
    return report(measured, { before, after });
  });
}

/** What was seen of the change that is waited for. */
class Sightings {
  expected = {};
  #resolve;

  /** Waits for a change: done when both have seen it. */
  expect({ pod, column, text }) {
    this.expected = { pod, column, text };
    return new Promise((resolve) => {
      this.#resolve = resolve;
    });
  }

  saw(who, pod, column, text, at) {
    const { expected } = this;
    if (expected.pod !== pod || expected.column !== column || expected.text !== text) return;
    expected[who] ??= at;
    if (expected.kubectl && expected.page) this.#resolve();
  }
}

/** Reports each change of a cell of the page's table, with the page's time at which its document changed. */
async function observe(page, saw) {
  await page.exposeFunction('berthSaw', saw);
  await page.evaluate(() => {
    new MutationObserver((mutations) => {
      const at = performance.timeOrigin + performance.now();
      const elements = mutations.map(({ target }) => (target instanceof Element ? target : target.parentElement));
      const cells = new Set(elements.map((element) => element?.closest('td[data-column]')).filter(Boolean));
      for (const cell of cells) {
        window.berthSaw(cell.closest('tr').dataset.pod, cell.dataset.column, cell.textContent.trim(), at);
      }
    }).observe(document.querySelector('table.pods'), { subtree: true, childList: true, characterData: true });
  });
}

function report(measured, { before, after }) {
  const ahead = (before.ahead + after.ahead) / 2;
  const reached = measured.filter(({ page }) => page);
  const printed = measured.filter(({ kubectl }) => kubectl);
  const both = reached.filter(({ kubectl }) => kubectl);
  if (!both.length) throw new Error('no change was seen by both the page and kubectl');
  const since = (all, end) => all.map((change) => end(change) - change.written);
  const toPage = since(reached, ({ page }) => page - ahead);
  const toKubectl = since(printed, ({ kubectl }) => kubectl);
  const answered = since(measured, ({ answered }) => answered);
  const behind = both.map(({ page, kubectl }) => page - ahead - kubectl);
  const row = (name, values) => [
    name,
    `${values.length}`,
    millis(median(values)),
    millis(p99(values)),
    millis(Math.max(...values)),
  ];
  const clock = ({ ahead, uncertainty }) => `${ahead.toFixed(2)} ± ${uncertainty.toFixed(2)} ms`;
  return {
    title: `From a write to the API to the page: ${CHANGES} single changes of ${PODS} pods`,
    text: [
      table([
        ['after the request was sent', 'seen', 'p50', 'p99', 'most'],
        row('the API answered', answered),
        row('kubectl get pods --watch printed it', toKubectl),
        row("the page's document changed", toPage),
        row('the page behind kubectl', behind),
      ]),
      `  Clocks: the page's was ${clock(before)} ahead of Node's before and ${clock(after)} after; ${ahead.toFixed(2)} ms are taken off.`,
    ].join('\n'),
    goals: [
      {
        goal: `every one of ${CHANGES} changes reaches the page`,
        figure: `${reached.length}`,
        met: reached.length === CHANGES,
      },
      {
        goal: `p50 within ${GOALS.p50} ms of kubectl's line`,
        figure: millis(median(behind)),
        met: median(behind) <= GOALS.p50,
      },
      {
        goal: `p99 within ${GOALS.p99} ms of kubectl's line`,
        figure: millis(p99(behind)),
        met: p99(behind) <= GOALS.p99,
      },
    ],
  };
}
