// Programs that a test starts. Each is stopped by its own process id, and ends with the test when nobody stopped it.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { inTime } from './waiting.js';

/** A setting that `tools/env` or `tools/test` makes. */
export function setting(name) {
  const value = process.env[name];
  if (!value) throw new Error(`${name} is not set: run \`tools/test\`, or see tests/browser/README.md`);
  return value;
}

/** A running program, the lines that it printed, and those that it said on standard error. */
export class Program {
  #child;
  #exited;
  #awaited = new Set();
  /** Called with each line that it prints, at once. */
  onLine = () => {};
  lines = [];
  complaints = [];

  /** Ends with this process, however that ends. */
  constructor(command, args, { env, input, own = false } = {}) {
    this.#child = spawn('setpriv', ['--pdeathsig', 'KILL', command, ...args], {
      env: { ...process.env, ...env },
      stdio: [input === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'],
      detached: own, // a process group of its own: Ctrl-C does not reach it
    });
    this.#exited = once(this.#child, 'close');
    this.#exited.catch(() => {}); // a command that does not exist: whoever waits is told
    if (input !== undefined) this.#child.stdin.end(input);
    createInterface({ input: this.#child.stdout }).on('line', (line) => {
      this.onLine(line);
      this.lines.push(line);
      for (const check of this.#awaited) check();
    });
    createInterface({ input: this.#child.stderr }).on('line', (line) => this.complaints.push(line));
  }

  get pid() {
    return this.#child.pid;
  }

  get isRunning() {
    return this.#child.exitCode === null && this.#child.signalCode === null;
  }

  /** Everything that it printed, for those who want to know why it failed. */
  get transcript() {
    return [...this.lines, ...this.complaints].join('\n');
  }

  /** What `find` makes of the first line that it makes something of. */
  async line(what, find) {
    const found = new Promise((resolve) => {
      const check = () => {
        const hit = this.lines.map(find).find((match) => match !== null && match !== undefined);
        if (hit === undefined) return;
        this.#awaited.delete(check);
        resolve(hit);
      };
      this.#awaited.add(check);
      check();
    });
    const ended = this.#exited.then(() => {
      throw new Error(`it ended before: ${what}\n${this.transcript}`);
    });
    ended.catch(() => {}); // later, when it is stopped
    return inTime(what, Promise.race([found, ended]));
  }

  /** Its exit code (or the name of the signal that ended it) when it has ended. */
  async exit() {
    const [code, signal] = await this.#exited;
    return code ?? signal;
  }

  signal(name) {
    this.#child.kill(name);
  }

  /** Asks it to end and waits until it did. */
  async stop(name = 'SIGTERM') {
    if (this.isRunning) this.signal(name);
    return inTime(`process ${this.pid} ends after ${name}`, this.exit());
  }
}

/** Runs a program to its end and gives what it printed; anything but success is an error with its own words. */
export async function run(command, args, options) {
  const program = new Program(command, args, options);
  const code = await program.exit();
  if (code !== 0) throw new Error(`${command} ${args.join(' ')}: ${code}\n${program.transcript}`);
  return program.lines.join('\n');
}
