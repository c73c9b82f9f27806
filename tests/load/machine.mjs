// Where the figures come from: the machine, and the versions of what was measured.
import { cpus, loadavg, release, totalmem } from 'node:os';
import { run, setting } from '../browser/support/processes.js';

export async function machine() {
  const [{ model }] = cpus();
  const [berth, chromium, kubectl] = await Promise.all([
    run(setting('BERTH_BIN'), ['--version']),
    run(setting('CHROMIUM'), ['--version']),
    run(`${setting('CONTROL_PLANE_BIN')}/kubectl`, ['version', '--client', '--output', 'json']),
  ]);
  return [
    `Machine: ${model.trim()}, ${cpus().length} cores, ${(totalmem() / 2 ** 30).toFixed(0)} GiB, Linux ${release()}; load before: ${loadavg()[0].toFixed(1)}`,
    `Versions: ${berth}, ${chromium.trim()}, Kubernetes ${JSON.parse(kubectl).clientVersion.gitVersion}, Node.js ${process.version}`,
  ].join('\n');
}
