// What history costs, how quickly a moment of it is shown, and how soon a long recording is on the page.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onPage } from '../browser/support/browser.js';
import { startReplay } from '../browser/support/berth.js';
import { run } from '../browser/support/processes.js';
import { eventually } from '../browser/support/waiting.js';
import { median, megabytes, millis, table } from './figures.mjs';
import { isHeld, sustained, sustainedTable, within } from './sustained.mjs';

const GOAL = { moment: 100, bytes: 120, frame: 1_000, latency: 1.1 };

/** What `load-history keep` tells: the seconds, the bytes, and the milliseconds of moments of an early and of the whole window. */
async function kept(load, changes, folder) {
  const told = await run(load, ['keep', `${changes}`, join(folder, 'ledger.db')]);
  const [seconds, bytes, ...times] = told.trim().split(' ').map(Number);
  const window = ([count, median, most, worst]) => ({ count, median, most, worst });
  return { seconds, bytes: bytes / changes, early: window(times.slice(0, 4)), whole: window(times.slice(4)) };
}

/** Changes a second that the hub is given without an API server before it, for how many seconds, and how often. */
const [RATES, SECONDS, ROUNDS] = [[1_000, 5_000, 20_000], 3, 3];

/**
 * What a hub tells at rates that no API server here holds: `{ rate, taken, kept, dropped, on, off }`, medians of rounds in
 * which it keeps history (`on`) and does not, in turns; the times in milliseconds.
 */
async function fed(load, folder, progress) {
  const told = [];
  for (const rate of RATES) {
    progress(`${rate} changes a second for the hub`);
    const [on, off] = [[], []];
    for (let round = 0; round < ROUNDS; round += 1) {
      for (const [times, place] of [[off, 'off'], [on, join(folder, `fed-${rate}-${round}.db`)]]) {
        const line = await run(load, ['live', `${rate}`, `${SECONDS}`, place]);
        const [taken, kept, dropped, middle] = line.trim().split(' ').map(Number);
        times.push({ taken, kept, dropped, took: middle / 1_000 });
      }
    }
    const middle = (rounds, of) => median(rounds.map(of));
    told.push({
      rate,
      taken: Math.min(middle(on, ({ taken }) => taken), middle(off, ({ taken }) => taken)),
      kept: middle(on, ({ kept }) => kept),
      dropped: Math.max(...on.map(({ dropped }) => dropped)),
      on: middle(on, ({ took }) => took),
      off: middle(off, ({ took }) => took),
    });
  }
  return told;
}

const fine = (value) => `${value.toFixed(3)} ms`;

const fedTable = (told) =>
  table([
    ['changes a second for the hub', 'taken', 'kept', 'no room for', 'told without history', 'with'],
    ...told.map(({ rate, taken, kept, dropped, on, off }) => [
      `${rate}`,
      `${Math.round(taken)}/s`,
      `${Math.round(kept)}/s`,
      `${dropped}`,
      fine(off),
      fine(on),
    ]),
  ]);

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

export async function history({ cluster, browser, api, load, changes, recording, progress }) {
  const folder = await mkdtemp(join(tmpdir(), 'berth-history-'));
  try {
    const reached = await sustained({ cluster, api, ledger: join(folder, 'live.db'), progress });
    const told = await fed(load, folder, progress);
    progress(`${changes} changes`);
    const it = await kept(load, changes, folder);
    progress('a long recording');
    const { took, entries } = await opened(load, browser, recording, folder);
    const rate = changes / it.seconds;
    const [held, met] = [reached.filter(isHeld), within(reached, GOAL.latency)];
    // A reader waits for the API first: a tenth of all that is what history may cost.
    const tenth = held.length ? Math.min(...held.map(({ off }) => off)) * (GOAL.latency - 1) : 0;
    const quick = told.filter(({ rate, taken, dropped, on, off }) => taken >= rate * 0.9 && dropped === 0 && on - off <= tenth);
    const moments = ({ count, median, most, worst }) => [
      `of a window of ${count.toLocaleString('en')} changes`,
      millis(median),
      millis(most),
      millis(worst),
    ];
    const { most } = it.whole;
    return {
      title: `History: ${changes.toLocaleString('en')} changes of 48 StatefulSets, kept in SQLite`,
      text: [
        table([['a random moment', 'median', '95 %', 'worst'], moments(it.early), moments(it.whole)]),
        `  ${Math.round(rate).toLocaleString('en')} changes a second are kept, at ${it.bytes.toFixed(1)} bytes each`,
        `  From a write to the API to the stream, side by side while other pods change (medians):`,
        sustainedTable(reached),
        `  From a watch's report to the encoded frame, without an API server (medians of ${ROUNDS} rounds in turns):`,
        fedTable(told),
        `  a recording of ${megabytes(recording)} (${entries.toLocaleString('en')} entries) is on the page after ${millis(took)}`,
      ].join('\n'),
      goals: [
        { goal: `a random moment within ${GOAL.moment} ms`, figure: millis(most), met: most < GOAL.moment },
        { goal: `less than ${GOAL.bytes} bytes a change`, figure: it.bytes.toFixed(1), met: it.bytes < GOAL.bytes },
        {
          goal: 'what is live within 10 % of that without history, at each rate that the API holds',
          figure: met.length ? `${Math.round(met.at(-1).kept)} changes kept a second` : 'at none',
          met: held.length > 0 && met.length === held.length,
        },
        {
          goal: 'and at more than an API holds, later by no more than a tenth of the time from a write to the stream',
          figure: quick.length ? `${Math.round(quick.at(-1).kept).toLocaleString('en')} changes kept a second` : 'at none',
          met: quick.length > 0,
        },
        { goal: `a recording of ${megabytes(recording)} on the page within ${GOAL.frame} ms`, figure: millis(took), met: took < GOAL.frame },
      ],
    };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
