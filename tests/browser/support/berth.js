// Berth itself, as its users start it.
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { Program, setting } from './processes.js';
import { eventually } from './waiting.js';

const FREE_PORTS = fileURLToPath(new URL('../../../tools/free-ports.mjs', import.meta.url));

/** A free port that stays free while nobody listens on it: a server can be started again on it. */
export async function freePort() {
  const { stdout } = await promisify(execFile)('node', [FREE_PORTS, '0']);
  return Number(stdout);
}

/** Starts Berth and waits until it says where it is. */
export function startBerth({ kubeconfig, port = 0, flags = [] }) {
  const ledger = flags.includes('--ledger') ? [] : ['--ledger', 'memory'];
  return start(['--kubeconfig', kubeconfig, '--listen', `127.0.0.1:${port}`, ...ledger, ...flags]);
}

/** Shows a recording. */
export function startReplay({ file, flags = [] }) {
  return start(['replay', file, '--listen', '127.0.0.1:0', ...flags]);
}

/** Starts the demo, which writes a kubeconfig. */
export function startDemo({ kubeconfig, flags = [] }) {
  const own = ['--listen', '127.0.0.1:0', '--dns', '127.0.0.1:0', '--write-kubeconfig', kubeconfig];
  return start(['demo', ...own, ...flags]);
}

/** Starts the demo and shares it, on loopback. */
export function startShared({ kubeconfig, flags = [] }) {
  return start(['demo', '--share', '127.0.0.1:0', '--dns', '127.0.0.1:0', '--write-kubeconfig', kubeconfig, ...flags]);
}

async function start(args) {
  const began = performance.now();
  const program = new Program(setting('BERTH_BIN'), args, { env: { RUST_LOG: 'info,kube_client=off' } });
  const url = await program.line('Berth says where it is', (line) => line.match(/^Berth is at (\S+)$/)?.[1]);
  return new Berth(program, url, began);
}

class Berth {
  #program;

  constructor(program, url, began) {
    this.#program = program;
    this.url = url;
    this.began = began;
  }

  get pid() {
    return this.#program.pid;
  }

  /** What it logged. */
  get log() {
    return this.#program.transcript;
  }

  get isRunning() {
    return this.#program.isRunning;
  }

  /** Where it answers DNS questions, if it does. */
  get dns() {
    return this.#program.lines.find((line) => line.startsWith('DNS is at '))?.slice('DNS is at '.length);
  }

  /** The link behind these words, if it is shared. */
  link(words) {
    return this.#program.lines.find((line) => line.startsWith(words))?.slice(words.length).trim();
  }

  /** `GET` of a path: `{ status, text }`. */
  async get(path) {
    const response = await fetch(this.url + path);
    return { status: response.status, text: await response.text() };
  }

  /** Waits until everything that it watches was listed. */
  ready() {
    return eventually(`${this.url}/readyz says yes`, async () => {
      const { status, text } = await this.get('/readyz');
      if (status !== 200) throw new Error(text);
    });
  }

  /** Asks it to end; gives its exit code. */
  stop() {
    return this.#program.stop();
  }

  /** Ends it without a word. */
  kill() {
    return this.#program.stop('SIGKILL');
  }
}
