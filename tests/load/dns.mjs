// How many questions a second Berth's DNS server answers beside CoreDNS, and what one endpoint's change costs.
import { service, statefulSet } from '../browser/support/manifests.js';
import { run } from '../browser/support/processes.js';
import { eventually } from '../browser/support/waiting.js';
import { median, table } from './figures.mjs';

const PODS = 20;
/** Each server is asked so often, in turn, for so many seconds. */
const [RUNS, SECONDS] = [5, 3];
/** The servers' core, and the asking program's. */
const [SERVER, CLIENT] = ['0', '1'];
const GOAL = { times: 2, micros: 1_000 };

export async function dns({ cluster, berth, load, progress }) {
  const kubectl = await cluster.namespace('dns');
  await kubectl.apply(service(), statefulSet({ replicas: PODS, podManagementPolicy: 'Parallel' }));
  const names = Array.from({ length: PODS }, (_, at) => `web-${at}.nginx.dns.svc.cluster.local`);
  const servers = [
    { name: 'Berth', at: berth.dns, pid: berth.pid },
    { name: 'CoreDNS', at: cluster.dns, pid: await cluster.processId('coredns') },
  ];
  for (const server of servers) {
    await run('taskset', ['--all-tasks', '--cpu-list', '--pid', SERVER, `${server.pid}`]);
    await eventually(`${server.name} knows every name`, async () => {
      for (const name of names) {
        const [host, port] = server.at.split(':');
        const told = await run('dig', ['+short', '+tries=1', '+time=2', `@${host}`, '-p', port, name]);
        if (!/^\d+(\.\d+){3}\s*$/.test(told)) throw new Error(`${name}: ${told}`);
      }
    }, 120_000);
    server.rates = [];
  }
  const notes = [];
  for (let at = 0; at < RUNS; at += 1) {
    for (const server of servers) {
      progress(`${server.name}, ${at + 1} of ${RUNS}`);
      const told = await run('taskset', ['--cpu-list', CLIENT, load, 'ask', server.at, `${SECONDS}`, ...names]);
      const [rate, empty, lost] = told.trim().split(' ').map(Number);
      server.rates.push(rate);
      if (empty || lost) notes.push(`${server.name}: ${empty} answers without a record, ${lost} lost`);
    }
  }
  const [ours, theirs] = servers.map(({ rates }) => median(rates));
  const change = await run('taskset', ['--cpu-list', SERVER, load, 'change']);
  const [fold, worstFold, records, worstRecords, size] = change.trim().split(' ').map(Number);
  const row = (name, rates) => [name, ...[median(rates), Math.min(...rates), Math.max(...rates)].map(count)];
  const rates = table([['a second, over UDP', 'median', 'least', 'most'], ...servers.map((it) => row(it.name, it.rates))]);
  const costs = table([
    ['one endpoint of 1,000 changes', 'median', 'worst'],
    ['to the delta’s bytes', micros(fold), micros(worstFold)],
    ['then to the whole record set', micros(records), micros(worstRecords)],
  ]);
  return {
    title: `DNS: ${PODS} names, each server on one core, asked from another; ${RUNS} runs of ${SECONDS} s each in turn`,
    text: [rates, ...notes.map((note) => `  ${note}`), costs, `  the largest delta has ${size} bytes`].join('\n'),
    goals: [
      {
        goal: `at least ${GOAL.times} times CoreDNS's answers on UDP`,
        figure: `${(ours / theirs).toFixed(1)} times`,
        met: ours >= GOAL.times * theirs,
      },
      {
        goal: `one endpoint's change to record set and delta under ${micros(GOAL.micros)}`,
        figure: micros(fold + records),
        met: fold + records < GOAL.micros,
      },
    ],
  };
}

const count = (value) => Math.round(value).toLocaleString('en');
const micros = (value) => `${value.toLocaleString('en')} µs`;
