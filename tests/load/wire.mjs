// The bytes that a change costs on the wire, beside the event of the API's own watch.
import { setTimeout as delay } from 'node:timers/promises';
import { service, statefulSet } from '../browser/support/manifests.js';
import { BinaryClient } from '../browser/support/stream.js';
import { eventually } from '../browser/support/waiting.js';
import { changes } from './changes.mjs';
import { bytes, median, percentile, table } from './figures.mjs';

const PODS = 5;
const CHANGES = 60;
/** How long frames are still counted as those of a change. */
const QUIET = 60;
/** EndpointSlices follow the pods by up to a second. */
const SLICES_FOLLOW = 2_000;
const GOAL = 200;

export async function wire({ cluster, berth, api }) {
  const kubectl = await cluster.namespace('wire');
  await kubectl.apply(service(), statefulSet({ replicas: PODS }));
  await kubectl.run('rollout', 'status', 'statefulset/web', '--timeout=120s');
  const set = { namespace: 'wire', name: 'web' };
  await delay(SLICES_FOLLOW);
  const alone = await BinaryClient.open(berth.url, [{ set }]);
  const page = await BinaryClient.open(berth.url, ['fleet', { set }]);
  const pods = Array.from({ length: PODS }, (_, ordinal) => `web-${ordinal}`);
  const { metadata } = await api.get('/api/v1/namespaces/wire/pods');
  const events = [];
  const stop = await api.watch(
    `/api/v1/namespaces/wire/pods?watch=1&resourceVersion=${metadata.resourceVersion}`,
    (line) => events.push(line),
  );
  const sizes = { alone: [], page: [], event: [] };
  let lives;
  try {
    for (const { pod, patch } of changes(pods, CHANGES)) {
      const counts = [alone, page].map((client) => client.deltas.length);
      const { metadata } = await api.patch(`/api/v1/namespaces/wire/pods/${pod}/status`, patch);
      const version = `"resourceVersion":"${metadata.resourceVersion}"`;
      const event = await eventually('the watch has the change', () => {
        const event = events.find((line) => line.includes(version));
        if (!event) throw new Error(`no event with ${version}`);
        return event;
      });
      await eventually('the stream has the change', () => {
        if ([alone, page].some((client, at) => client.deltas.length === counts[at])) throw new Error('no delta');
      });
      await delay(QUIET);
      sizes.alone.push(sum(alone.deltas, counts[0]));
      sizes.page.push(sum(page.deltas, counts[1]));
      sizes.event.push(Buffer.byteLength(event) + 1);
    }
    lives = await replaceAll(kubectl, { alone, page, events });
  } finally {
    stop();
    alone.close();
    page.close();
  }
  const row = (name, values) => [
    name,
    bytes(median(values)),
    bytes(percentile(values, 0.99)),
    bytes(Math.max(...values)),
  ];
  const most = Math.max(...sizes.alone);
  const mean = (total) => bytes(total / lives.events);
  return {
    title: `Bytes per change on the wire: ${CHANGES} single changes, WebSocket frames with their heads`,
    text: `${table([
      ['', 'p50', 'p99', 'most'],
      row('the stream, of one StatefulSet', sizes.alone),
      row('the stream as the page has it, with the fleet', sizes.page),
      row("the API's watch event (JSON)", sizes.event),
    ])}
  When all ${PODS} pods are deleted and come back, with all that follows (${lives.events} watch events of pods), the mean
  for each event: ${mean(lives.alone)} of the StatefulSet, ${mean(lives.page)} with the fleet; the event itself ${mean(lives.raw)}.`,
    goals: [{ goal: `under ${GOAL} bytes per change`, figure: `${bytes(most)} at most`, met: most < GOAL }],
  };
}

/** Has every pod replaced; gives how many events that were, and the bytes of all of them on each stream. */
async function replaceAll(kubectl, { alone, page, events }) {
  const [fromAlone, fromPage, fromEvent] = [alone.deltas.length, page.deltas.length, events.length];
  await kubectl.run('delete', 'pods', '--all', '--wait=false');
  await eventually('all pods were replaced', () => {
    const types = events.slice(fromEvent).map((line) => JSON.parse(line).type);
    for (const type of ['DELETED', 'ADDED']) {
      if (types.filter((found) => found === type).length < PODS) throw new Error(`${type} too few`);
    }
  });
  await kubectl.run('rollout', 'status', 'statefulset/web', '--timeout=120s');
  await delay(SLICES_FOLLOW);
  const raw = events.slice(fromEvent).map((line) => Buffer.byteLength(line) + 1);
  return {
    events: raw.length,
    raw: sum(raw, 0),
    alone: sum(alone.deltas, fromAlone),
    page: sum(page.deltas, fromPage),
  };
}

const sum = (sizes, from) => sizes.slice(from).reduce((total, size) => total + size, 0);
