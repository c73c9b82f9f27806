// What keeping history costs those who look: one Berth that keeps it and one that does not, on one cluster and at one
// time, while pods change at a steady rate. A watch of the API beside them tells what the API itself was late with: under
// load that is most of the time, and a change that it has not told is nobody else's loss.
import { readFile } from 'node:fs/promises';
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
/** How many changes that the API does not tell in time end a rate. */
const UNTOLD = 3;
/** How many requests may wait in the API: more would only make the timed ones wait behind them. */
const IN_FLIGHT = 8;
/** Changes a second that are asked for beside the timed ones. */
const RATES = [50, 100, 200, 400];
/** The share of a rate that the API must hold for it to count. */
const HELD = 0.9;

/**
 * The rates, each with what was reached: `{ rate, written, kept, untold, lost, told, on, off, more, cpu }` (medians in
 * milliseconds; `cpu` is what each Berth took of a processor). The last one may be more than the API holds.
 */
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
      clients[name] = await Stream.open(berths[name].url);
    }
    clients.told = await Watch.open(api);
    const probes = changes(names('web', TIMED), (PROBES + WARM_UP) * RATES.length);
    const load = endless(names('beside', BESIDE));
    const reached = [];
    for (const rate of RATES) {
      progress(`${rate} changes a second`);
      const timed = probes.splice(0, PROBES + WARM_UP);
      reached.push(await atRate({ rate, timed, load, api, clients, berths }));
      if (!isHeld(reached.at(-1))) break;
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
      for (const due = ((performance.now() - began) / 1_000) * rate; asked < due && asked - done < IN_FLIGHT; asked += 1) {
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

async function atRate({ rate, timed, load, api, clients, berths }) {
  const stop = changing(api, load, rate);
  const times = { told: [], on: [], off: [] };
  const before = { at: performance.now(), events: await events(berths.on), cpu: await processors(berths) };
  let [untold, lost] = [0, 0];
  for (const [at, change] of timed.entries()) {
    const written = performance.now();
    const seen = {};
    const all = Object.entries(clients).map(async ([name, client]) => {
      seen[name] = (await client.sees(change)) - written;
    });
    await api.patch(path(change.pod), change.patch);
    await Promise.race([Promise.all(all), delay(PATIENCE)]);
    if (seen.told === undefined) untold += 1;
    else if (seen.on === undefined || seen.off === undefined) lost += 1;
    else if (at >= WARM_UP) for (const [name, took] of Object.entries(seen)) times[name].push(took);
    if (untold >= UNTOLD) break;
    await delay(PAUSE);
  }
  const written = await stop();
  const seconds = (performance.now() - before.at) / 1_000;
  const kept = ((await events(berths.on)) - before.events) / seconds;
  const after = await processors(berths);
  const cpu = Object.fromEntries(Object.entries(after).map(([name, used]) => [name, (used - before.cpu[name]) / seconds]));
  const middle = (values) => (values.length ? median(values) : NaN);
  const more = middle(times.on.map((on, at) => on - times.off[at]));
  return { rate, written, kept, untold, lost, told: middle(times.told), on: middle(times.on), off: middle(times.off), more, cpu };
}

/** How many events are kept by now. */
async function events(berth) {
  const { text } = await berth.get('/api/v1/history');
  return JSON.parse(text).events;
}

/** The seconds of a processor that each Berth has taken. */
async function processors(berths) {
  const used = async ({ pid }) => {
    const fields = (await readFile(`/proc/${pid}/stat`, 'utf8')).split(') ')[1].split(' ');
    return (Number(fields[11]) + Number(fields[12])) / 100; // Linux counts in hundredths for those who read
  };
  return Object.fromEntries(await Promise.all(Object.entries(berths).map(async ([name, berth]) => [name, await used(berth)])));
}

/** Those who wait for a change, told by what is heard: a pod's name, a column and its text. */
class Waiting {
  #wanted;
  #resolve;

  /** When the change is heard. */
  sees(change) {
    this.#wanted = change;
    return new Promise((resolve) => {
      this.#resolve = resolve;
    });
  }

  heard(pod, column, text) {
    const wanted = this.#wanted;
    if (wanted?.pod === pod && wanted.column === column && wanted.text === text) this.#resolve(performance.now());
  }
}

/** A stream of Berth's. */
class Stream extends Waiting {
  #client;

  static async open(url) {
    const stream = new Stream();
    stream.#client = await Client.open(url, [{ StatefulSet: { namespace: NAMESPACE, name: 'web' } }]);
    stream.#client.onText = (message) => {
      for (const { Pod } of JSON.parse(message).Delta?.changes.StatefulSet?.changes ?? []) {
        for (const { Ready, Status, Restarts } of Pod?.changes ?? []) {
          const pod = `web-${Pod.ordinal}`;
          if (Ready) stream.heard(pod, 'ready', `${Ready.ready}/${Ready.total}`);
          if (Status) stream.heard(pod, 'status', Status);
          if (Restarts) stream.heard(pod, 'restarts', `${Restarts.count}`);
        }
      }
    };
    return stream;
  }

  close() {
    this.#client.close();
  }
}

/** A watch of the API's. */
class Watch extends Waiting {
  #end;

  static async open(api) {
    const pods = `/api/v1/namespaces/${NAMESPACE}/pods?labelSelector=app%3Dnginx`;
    const { metadata } = await api.get(pods);
    const watch = new Watch();
    watch.#end = await api.watch(`${pods}&watch=true&resourceVersion=${metadata.resourceVersion}`, (line) => {
      const { metadata, status } = JSON.parse(line).object;
      const [container] = status?.containerStatuses ?? [];
      if (!container) return;
      watch.heard(metadata.name, 'ready', `${container.ready ? 1 : 0}/1`);
      watch.heard(metadata.name, 'restarts', `${container.restartCount}`);
      if (status.reason) watch.heard(metadata.name, 'status', status.reason);
    });
    return watch;
  }

  close() {
    this.#end();
  }
}

/** The rates as a table. */
export const sustainedTable = (reached) =>
  table([
    ['changes a second beside', 'written', 'kept', 'untold', 'lost', 'the API told', 'without history', 'with', 'later by', 'processor without', 'with'],
    ...reached.map((it) => [
      `${it.rate}${isHeld(it) ? '' : ' (more than the API holds)'}`,
      `${Math.round(it.written)}/s`,
      `${Math.round(it.kept)}/s`,
      `${it.untold}`,
      `${it.lost}`,
      millis(it.told),
      millis(it.off),
      millis(it.on),
      millis(it.more),
      `${(it.cpu.off * 100).toFixed(1)} %`,
      `${(it.cpu.on * 100).toFixed(1)} %`,
    ]),
  ]);

/** Whether the API held a rate: it took the changes and told of them. */
export const isHeld = ({ rate, written, untold }) => written >= rate * HELD && untold === 0;

/** Of the rates that the API held, those at which nothing was lost and what is live came within `most` times the time that it takes without history. */
export const within = (reached, most) =>
  reached.filter(isHeld).filter(({ lost, more, off }) => lost === 0 && more <= off * (most - 1));
