// What keeping history costs those who look: one Berth that keeps it and one that does not, on one cluster and at one
// time, while pods change at a steady rate.
import { setTimeout as delay } from 'node:timers/promises';
import { startBerth } from '../browser/support/berth.js';
import { service, statefulSet } from '../browser/support/manifests.js';
import { Client } from '../browser/support/stream.js';
import { changes } from './changes.mjs';
import { median, millis, table } from './figures.mjs';

const NAMESPACE = 'sustained';
/** The pods whose changes are timed, and those that change beside them. */
const [TIMED, BESIDE] = [5, 20];
/** Changes that are timed at each rate, and those before that warm up. */
const [PROBES, WARM_UP] = [100, 10];
const PAUSE = 40;
/** How long a change may take before it counts as lost. */
const PATIENCE = 5_000;
/** Changes a second that are asked for beside the timed ones. */
const RATES = [50, 100, 200, 400];
/** The share of a rate that the API must hold for it to count. */
const HELD = 0.9;

/** The rates, each with what was reached: `{ rate, written, kept, lost, on, off, more }` (medians in milliseconds). */
export async function sustained({ cluster, api, ledger, progress }) {
  const kubectl = await cluster.namespace(NAMESPACE);
  const beside = statefulSet({ name: 'beside', labels: { app: 'beside' }, replicas: BESIDE, podManagementPolicy: 'Parallel' });
  await kubectl.apply(service(), statefulSet({ replicas: TIMED }), beside);
  for (const name of ['web', 'beside']) await kubectl.run('rollout', 'status', `statefulset/${name}`, '--timeout=180s');
  const flags = { on: ledger, off: 'off' };
  const berths = {};
  const clients = {};
  try {
    for (const [name, place] of Object.entries(flags)) {
      berths[name] = await startBerth({ kubeconfig: cluster.kubeconfig, flags: ['--ledger', place] });
      await berths[name].ready();
      clients[name] = await Client.open(berths[name].url, [{ StatefulSet: { namespace: NAMESPACE, name: 'web' } }]);
    }
    const probes = changes(names('web', TIMED), (PROBES + WARM_UP) * RATES.length);
    const load = endless(names('beside', BESIDE));
    const reached = [];
    for (const rate of RATES) {
      progress(`${rate} changes a second`);
      const timed = probes.splice(0, PROBES + WARM_UP);
      reached.push(await atRate({ rate, timed, load, api, clients, berth: berths.on }));
      if (reached.at(-1).written < rate * HELD) break;
    }
    return reached;
  } finally {
    for (const client of Object.values(clients)) client.close();
    for (const berth of Object.values(berths)) await berth.stop();
  }
}

const names = (set, count) => Array.from({ length: count }, (_, ordinal) => `${set}-${ordinal}`);
const path = (pod) => `/api/v1/namespaces/${NAMESPACE}/pods/${pod}/status`;

/** Restarts that go up for ever, of one pod after the other. */
function* endless(pods) {
  for (let n = 1; ; n += 1) {
    const pod = pods[n % pods.length];
    yield { pod, patch: [{ op: 'replace', path: '/status/containerStatuses/0/restartCount', value: n }] };
  }
}

/** Changes pods at a rate until it is stopped; that gives how many a second there were. */
function changing(api, load, rate) {
  const began = performance.now();
  let [asked, done, stopped] = [0, 0, false];
  const failed = [];
  const loop = (async () => {
    while (!stopped) {
      for (const due = ((performance.now() - began) / 1_000) * rate; asked < due && asked - done < rate; asked += 1) {
        const { pod, patch } = load.next().value;
        api.patch(path(pod), patch).catch((error) => failed.push(error)).finally(() => (done += 1));
      }
      await delay(5);
    }
    while (done < asked) await delay(5);
  })();
  return async () => {
    const [seconds, written] = [(performance.now() - began) / 1_000, done];
    stopped = true;
    await loop;
    if (failed.length) throw failed[0];
    return written / seconds;
  };
}

async function atRate({ rate, timed, load, api, clients, berth }) {
  const stop = changing(api, load, rate);
  const times = { on: [], off: [] };
  const before = { at: performance.now(), events: await events(berth) };
  let lost = 0;
  for (const [at, change] of timed.entries()) {
    const written = performance.now();
    const seen = Object.entries(clients).map(([name, client]) => sees(client, change).then((at) => [name, at - written]));
    await api.patch(path(change.pod), change.patch);
    const both = await Promise.race([Promise.all(seen), delay(PATIENCE)]);
    if (!both) lost += 1;
    else if (at >= WARM_UP) for (const [name, took] of both) times[name].push(took);
    await delay(PAUSE);
  }
  const written = await stop();
  const kept = ((await events(berth)) - before.events) / ((performance.now() - before.at) / 1_000);
  const more = median(times.on.map((on, at) => on - times.off[at]));
  return { rate, written, kept, lost, on: median(times.on), off: median(times.off), more };
}

/** How many events are kept by now. */
async function events(berth) {
  const { text } = await berth.get('/api/v1/history');
  return JSON.parse(text).events;
}

/** When a stream has told the change. */
function sees(client, { column, text }) {
  const [name, value] = { restarts: ['Restarts', `"count":${text}`], status: ['Status', `"${text}"`], ready: ['Ready', ''] }[column];
  return new Promise((resolve) => {
    client.onText = (message) => {
      if (message.includes(`"${name}"`) && message.includes(value)) resolve(performance.now());
    };
  });
}

/** The rates as a table. */
export const sustainedTable = (reached) =>
  table([
    ['changes a second beside', 'written', 'kept', 'lost', 'without history', 'with', 'later by'],
    ...reached.map(({ rate, written, kept, lost, on, off, more }) => [
      `${rate}`,
      `${Math.round(written)}/s`,
      `${Math.round(kept)}/s`,
      `${lost}`,
      millis(off),
      millis(on),
      millis(more),
    ]),
  ]);

/** The fastest rate at which what is live came within `most` times the time that it takes without history. */
export function fastest(reached, most) {
  return reached.filter(({ more, off }) => more <= off * (most - 1)).at(-1);
}
