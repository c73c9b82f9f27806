#!/usr/bin/env node
// Measures Berth against the reference control plane and says which goals are met. `make bench` builds what it needs.
// Usage: bench.mjs [--only latency,wire,scale,dns,history,page,size] [--pods 1000,5000] [--changes 1000000] [--recording 100000000] [--soak 60]
// Ends with 0 whether or not goals are met; with 1 when something could not be measured.
import { parseArgs } from 'node:util';
import { startBerth } from '../browser/support/berth.js';
import { launchBrowser } from '../browser/support/browser.js';
import { startControlPlane } from '../browser/support/control-plane.js';
import { setting } from '../browser/support/processes.js';
import { Api } from './api.mjs';
import { dns } from './dns.mjs';
import { history } from './history.mjs';
import { latency } from './latency.mjs';
import { machine } from './machine.mjs';
import { page } from './page.mjs';
import { SETTINGS, scale } from './scale.mjs';
import { size } from './size.mjs';
import { wire } from './wire.mjs';

const { only, pods, changes, recording, soak } = options();

/** Runs `measure` with a control plane of its own, and what else it asks for. */
async function onCluster(settings, parts, measure) {
  const cluster = await startControlPlane(settings);
  const open = { cluster, progress };
  try {
    if (parts.includes('berth')) {
      const flags = parts.includes('dns') ? ['--dns', '127.0.0.1:0'] : [];
      open.berth = await startBerth({ kubeconfig: cluster.kubeconfig, flags });
      await open.berth.ready();
    }
    if (parts.includes('browser')) open.browser = await launchBrowser();
    if (parts.includes('api')) open.api = new Api(await cluster.kubectl.json('config', 'view', '--raw'));
    return await measure(open);
  } finally {
    open.api?.close();
    await open.browser?.close();
    await open.berth?.stop();
    await cluster.stop();
  }
}

const MEASUREMENTS = {
  latency: () => onCluster({}, ['berth', 'browser', 'api'], latency),
  wire: () => onCluster({}, ['berth', 'api'], wire),
  scale: () => onCluster(SETTINGS, [], (open) => scale(open, pods)),
  dns: () => onCluster({}, ['berth', 'dns'], (open) => dns({ ...open, load: setting('LOAD_DNS') })),
  history: () => onCluster({}, ['browser', 'api'], (open) => history({ ...open, load: setting('LOAD_HISTORY'), changes, recording })),
  page: async () => {
    const browser = await launchBrowser();
    try {
      return await page({ browser, soak, progress });
    } finally {
      await browser.close();
    }
  },
  size,
};

function options() {
  try {
    const { values } = parseArgs({
      options: {
        only: { type: 'string', default: 'latency,wire,scale,dns,history,page,size' },
        pods: { type: 'string', default: '1000,5000' },
        changes: { type: 'string', default: '1000000' },
        recording: { type: 'string', default: '100000000' },
        soak: { type: 'string', default: '60' },
      },
    });
    const counts = values.pods.split(',').map(Number);
    if (!counts.every((count) => Number.isInteger(count) && count > 0)) throw new Error('--pods takes whole numbers');
    const [changes, recording, soak] = ['changes', 'recording', 'soak'].map((name) => {
      const number = Number(values[name]);
      if (!Number.isInteger(number) || number < 1) throw new Error(`--${name} takes a whole number`);
      return number;
    });
    return { only: values.only.split(','), pods: counts, changes, recording, soak };
  } catch (error) {
    return fail(error.message);
  }
}

function fail(message) {
  console.error(`${message}\nusage: bench.mjs [--only latency,wire,scale,dns,history,page,size] [--pods 1000,5000] [--changes 1000000] [--recording 100000000] [--soak 60]`);
  process.exit(2);
}

/** Says on standard error what is going on: on a terminal in one line, else now and then. */
function progress(text) {
  if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${text}`);
  else if (performance.now() - progress.last > 15_000) console.error(`  ${text}`);
  else return;
  progress.last = performance.now();
}
progress.last = -Infinity;

const unknown = only.filter((name) => !MEASUREMENTS[name]);
if (unknown.length) fail(`there is no measurement ${unknown.join(', ')}`);

console.log(await machine());
const goals = [];
for (const name of only) {
  console.error(`measuring ${name} ...`);
  try {
    const report = await MEASUREMENTS[name]();
    if (process.stderr.isTTY) process.stderr.write('\r\x1b[K');
    console.log(`\n${report.title}\n${report.text}`);
    goals.push(...report.goals);
  } catch (error) {
    console.log(`\n${name} could not be measured: ${error.stack}`);
    process.exitCode = 1;
  }
}
console.log('\nGoals');
for (const { goal, figure, met } of goals) console.log(`  ${met ? 'met   ' : 'MISSED'}  ${goal}: ${figure}`);
