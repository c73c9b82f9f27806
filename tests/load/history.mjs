// What history costs, how quickly a moment of it is shown, and how soon a long recording is on the page.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onPage } from '../browser/support/browser.js';
import { startBerth, startReplay } from '../browser/support/berth.js';
import { run } from '../browser/support/processes.js';
import { eventually } from '../browser/support/waiting.js';
import { latency } from './latency.mjs';
import { megabytes, millis, table } from './figures.mjs';

const GOAL = { moment: 100, bytes: 120, frame: 1_000, latency: 1.1 };

/** The seconds, the bytes and the milliseconds that `load-history keep` tells. */
async function kept(load, changes, folder) {
  const told = await run(load, ['keep', `${changes}`, join(folder, 'ledger.db')]);
  const [seconds, bytes, median, most, worst] = told.trim().split(' ').map(Number);
  return { seconds, bytes: bytes / changes, median, most, worst };
}

/** The milliseconds until a page shows the first pods of a recording. */
async function opened(load, browser, length, folder) {
  const file = join(folder, 'recording.berth');
  const entries = Number(await run(load, ['record', `${length}`, file]));
  const began = performance.now();
  const berth = await startReplay({ file });
  try {
    return await onPage(browser, `${berth.url}/`, {}, async (page) => {
      await eventually('a StatefulSet is there', () => page.waitForSelector('.rail a.row', { timeout: 50 }));
      return { took: performance.now() - began, entries };
    });
  } finally {
    await berth.stop();
  }
}

/** The latency of single changes while history is kept, and while it is not. */
async function latencies({ cluster, browser, api, folder }) {
  const medians = {};
  for (const [name, ledger] of [['off', 'off'], ['on', join(folder, 'live.db')]]) {
    const berth = await startBerth({ kubeconfig: cluster.kubeconfig, flags: ['--ledger', ledger] });
    try {
      await berth.ready();
      medians[name] = (await latency({ cluster, berth, browser, api, namespace: `latency-${name}` })).median;
    } finally {
      await berth.stop();
    }
  }
  return medians;
}

export async function history({ cluster, browser, api, load, changes, recording, progress }) {
  const folder = await mkdtemp(join(tmpdir(), 'berth-history-'));
  try {
    progress('latency with and without history');
    const { on, off } = await latencies({ cluster, browser, api, folder });
    progress(`${changes} changes`);
    const it = await kept(load, changes, folder);
    progress('a long recording');
    const { took, entries } = await opened(load, browser, recording, folder);
    const rate = changes / it.seconds;
    return {
      title: `History: ${changes.toLocaleString('en')} changes of 48 StatefulSets, kept in SQLite`,
      text: [
        table([
          ['a random moment', 'median', '95 %', 'worst'],
          ['to the whole state', millis(it.median), millis(it.most), millis(it.worst)],
        ]),
        `  ${Math.round(rate).toLocaleString('en')} changes a second are kept, at ${it.bytes.toFixed(1)} bytes each`,
        `  from a write to the API to the page: ${millis(on)} with history, ${millis(off)} without (medians)`,
        `  a recording of ${megabytes(recording)} (${entries.toLocaleString('en')} entries) is on the page after ${millis(took)}`,
      ].join('\n'),
      goals: [
        { goal: `a random moment within ${GOAL.moment} ms`, figure: millis(it.most), met: it.most < GOAL.moment },
        { goal: `less than ${GOAL.bytes} bytes a change`, figure: it.bytes.toFixed(1), met: it.bytes < GOAL.bytes },
        { goal: 'latency with history within 10 % of that without', figure: `${((on / off - 1) * 100).toFixed(0)} %`, met: on <= off * GOAL.latency },
        { goal: `a recording of ${megabytes(recording)} on the page within ${GOAL.frame} ms`, figure: millis(took), met: took < GOAL.frame },
      ],
    };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
