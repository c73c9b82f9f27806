// How much memory Berth takes and how soon it is ready, with thousands of pods.
import { readFile } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { startBerth } from '../browser/support/berth.js';
import { service, statefulSet } from '../browser/support/manifests.js';
import { eventually } from '../browser/support/waiting.js';
import { median, megabytes, millis, table } from './figures.mjs';

const PODS_PER_SET = 100;
/** How many StatefulSets are made before the next ones wait for their pods. */
const STEP = 5;
const RUNS = 3;
/** After it is ready, before its memory counts: what the start needed is given back by then. */
const SETTLING = 5_000;
const GOAL = { pods: 5_000, bytes: 120e6 };

/** Enough addresses for the pods, and quick pods. */
export const SETTINGS = { IP_RANGE: '64 128', CREATE_MS: '20', READY_MS: '50' };

export async function scale({ cluster, progress }, counts) {
  const kubectl = await cluster.namespace('scale');
  const rows = [['pods', 'StatefulSets', 'ready after', 'memory', 'most memory']];
  const goals = [];
  let made = 0;
  for (const pods of [...counts].sort((a, b) => a - b)) {
    made = await grow(kubectl, made, Math.ceil(pods / PODS_PER_SET), progress);
    await quiet(kubectl, progress);
    const runs = [];
    for (let run = 0; run < RUNS; run += 1) runs.push(await measure(cluster, made * PODS_PER_SET));
    const [ready, memory, most] = ['ready', 'memory', 'most'].map((figure) => runs.map((run) => run[figure]));
    rows.push([
      (made * PODS_PER_SET).toLocaleString('en'),
      `${made}`,
      millis(median(ready)),
      megabytes(Math.max(...memory)),
      megabytes(Math.max(...most)),
    ]);
    if (made * PODS_PER_SET >= GOAL.pods) {
      goals.push({
        goal: `under ${megabytes(GOAL.bytes)} at ${GOAL.pods.toLocaleString('en')} pods`,
        figure: megabytes(Math.max(...memory)),
        met: Math.max(...memory) < GOAL.bytes,
      });
    }
  }
  return {
    title: `Memory (RSS ${SETTLING / 1000} s after it was ready) and time to ready: ${RUNS} starts each, the median time and the most memory`,
    text: table(rows),
    goals,
  };
}

/** Makes StatefulSets, each with its headless Service, until there are `wanted`; waits until all their pods are Ready. */
async function grow(kubectl, made, wanted, progress) {
  while (made < wanted) {
    const step = Math.min(STEP, wanted - made);
    const names = Array.from({ length: step }, (_, at) => `set-${made + at}`);
    await kubectl.apply(
      ...names.flatMap((name) => {
        const labels = { app: name };
        return [
          service({ name, selector: labels }),
          statefulSet({ name, labels, serviceName: name, replicas: PODS_PER_SET, podManagementPolicy: 'Parallel' }),
        ];
      }),
    );
    made += step;
    await eventually(
      `${made * PODS_PER_SET} pods are Ready`,
      async () => {
        const ready = await readyPods(kubectl);
        progress(`${ready} of ${wanted * PODS_PER_SET} pods are Ready`);
        if (ready < made * PODS_PER_SET) {
          await delay(1_000);
          throw new Error(`${ready} are`);
        }
      },
      600_000,
    );
  }
  return made;
}

async function readyPods(kubectl) {
  const counts = await kubectl.run('get', 'statefulsets', '--output', 'jsonpath={.items[*].status.readyReplicas}');
  return counts.split(/\s+/).reduce((sum, count) => sum + Number(count), 0);
}

/** Waits until the controllers have written all that follows: nothing changes any more. */
async function quiet(kubectl, progress) {
  let [before, since] = ['', performance.now()];
  await eventually(
    'the cluster is quiet',
    async () => {
      const list = await kubectl.run('get', '--raw', '/apis/discovery.k8s.io/v1/endpointslices?limit=1');
      const version = JSON.parse(list).metadata.resourceVersion;
      if (version !== before) [before, since] = [version, performance.now()];
      progress(`waiting until nothing changes (at ${version})`);
      await delay(500);
      if (performance.now() - since < 3_000) throw new Error('it changes');
    },
    300_000,
  );
}

async function measure(cluster, pods) {
  const berth = await startBerth({ kubeconfig: cluster.kubeconfig });
  try {
    await eventually('Berth is ready', async () => {
      // Asked at every millisecond or so: that is what is measured.
      while ((await berth.get('/readyz')).status !== 200) await delay(1);
    });
    const ready = performance.now() - berth.began;
    const { statefulsets } = JSON.parse((await berth.get('/api/v1/topology?namespace=scale')).text);
    const seen = statefulsets.reduce((sum, { ready }) => sum + ready, 0);
    if (seen !== pods) throw new Error(`Berth shows ${seen} pods Ready, not ${pods}`);
    await delay(SETTLING);
    return { ready, ...(await memory(berth.pid)) };
  } finally {
    await berth.stop();
  }
}

/** The memory of a process now, and the most that it had. */
async function memory(pid) {
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  const kibibytes = (name) => Number(status.match(new RegExp(`^${name}:\\s+(\\d+) kB$`, 'm'))[1]) * 1024;
  return { memory: kibibytes('VmRSS'), most: kibibytes('VmHWM') };
}
