// A PostgreSQL server of a test's own, from Debian's package.
import { execFile } from 'node:child_process';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { freePort } from './berth.js';
import { Program, run } from './processes.js';
import { eventually } from './waiting.js';

const VERSIONS = '/usr/lib/postgresql';
const isRoot = process.getuid() === 0;

/** A server that can go away and come back with its data. */
export class Postgres {
  #programs;
  #folder;
  #port;
  #server;

  /** Starts one on a free loopback port, with its data in a folder of its own. */
  static async start() {
    const postgres = new Postgres();
    // Debian keeps each version's programs in a folder of its own; the newest counts.
    const versions = (await readdir(VERSIONS)).map(Number).sort((a, b) => a - b);
    postgres.#programs = join(VERSIONS, `${versions.at(-1)}`, 'bin');
    postgres.#folder = await mkdtemp(join(tmpdir(), 'berth-postgres-'));
    if (isRoot) await run('chown', ['postgres', postgres.#folder]);
    await run(...postgres.#own('initdb', '-U', 'berth', '-A', 'trust', '-N', '-D', postgres.#data));
    postgres.#port = await freePort();
    await postgres.comeBack();
    return postgres;
  }

  get url() {
    return `postgres://berth@127.0.0.1:${this.#port}/postgres`;
  }

  get #data() {
    return join(this.#folder, 'data');
  }

  /** The program as a user who is not root, which PostgreSQL refuses. */
  #own(program, ...args) {
    const command = join(this.#programs, program);
    // Who becomes another user does not end with its parent any more, unless that is said anew.
    const user = ['--reuid', 'postgres', '--regid', 'postgres', '--clear-groups', '--pdeathsig', 'KILL', command];
    return isRoot ? ['setpriv', [...user, ...args]] : [command, args];
  }

  /** Starts it where it was, and waits until it answers. */
  async comeBack() {
    const settings = ['listen_addresses=127.0.0.1', 'fsync=off', `unix_socket_directories=${this.#folder}`];
    const flags = settings.flatMap((setting) => ['-c', setting]);
    this.#server = new Program(...this.#own('postgres', '-D', this.#data, '-p', `${this.#port}`, ...flags));
    await eventually('PostgreSQL answers', () => this.sql('SELECT 1'));
  }

  /** Goes away, at once and with every connection. */
  async goAway() {
    await this.#server.stop('SIGINT');
  }

  /** What a statement gives. */
  async sql(statement) {
    const args = ['-h', '127.0.0.1', '-p', `${this.#port}`, '-U', 'berth', '-d', 'postgres', '-qAtc', statement];
    const { stdout } = await promisify(execFile)(join(this.#programs, 'psql'), args);
    return stdout.trim();
  }

  async stop() {
    if (this.#server?.isRunning) await this.goAway();
    await rm(this.#folder, { recursive: true, force: true });
  }
}
