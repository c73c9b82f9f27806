// kubectl, bound to a cluster and a namespace: how tests change the cluster, and what the page is compared with.
import { Program, run } from './processes.js';

/** kubectl in one namespace. */
export class Kubectl {
  #cluster;

  /** `cluster` is where kubectl is and how it reaches the cluster: `{ program, kubeconfig, cache }`. */
  constructor(cluster, namespace = 'default') {
    this.#cluster = cluster;
    this.namespace = namespace;
  }

  /** The same, in another namespace. */
  in(namespace) {
    return new Kubectl(this.#cluster, namespace);
  }

  #command(args) {
    const { program, kubeconfig, cache } = this.#cluster;
    return [program, ['--kubeconfig', kubeconfig, '--cache-dir', cache, '--namespace', this.namespace, ...args]];
  }

  /** Runs a command to its end and gives what it printed. */
  run(...args) {
    return run(...this.#command(args));
  }

  /** Runs a line of a shell that calls kubectl, as somebody types it. */
  shell(line) {
    const [program, args] = this.#command([]);
    const quoted = [program, ...args].map((word) => `'${word.replaceAll("'", `'\\''`)}'`).join(' ');
    return run('bash', ['-euc', `kubectl() { ${quoted} "$@"; }; ${line}`]);
  }

  /** Applies manifests: objects, written as JSON. */
  apply(...objects) {
    const list = { apiVersion: 'v1', kind: 'List', items: objects };
    return run(...this.#command(['apply', '--validate=false', '--filename', '-']), { input: JSON.stringify(list) });
  }

  async json(...args) {
    return JSON.parse(await this.run(...args, '--output', 'json'));
  }

  /** The pods of a StatefulSet's selector (or all), as objects. */
  async pods(selector) {
    const args = selector ? ['--selector', selector] : [];
    return (await this.json('get', 'pods', ...args)).items;
  }

  /** What `kubectl get pods` prints, as rows: `{ NAME, READY, STATUS, RESTARTS, AGE }`. */
  async podTable() {
    return table(await this.run('get', 'pods'));
  }

  /** Patches a pod's status, as a kubelet would. */
  patchStatus(pod, patch, type = 'strategic') {
    const body = JSON.stringify(patch);
    return this.run('patch', 'pod', pod, '--subresource', 'status', '--type', type, '--patch', body);
  }

  /** Follows the pods of the namespace: `kubectl get pods --watch`, each line a watch event. */
  watchPods() {
    return new PodWatch(
      new Program(...this.#command(['get', 'pods', '--watch', '--output', 'json', '--output-watch-events'])),
    );
  }

  /** `kubectl get pods --watch` as people use it. */
  watchPodTable() {
    return new Program(...this.#command(['get', 'pods', '--watch']));
  }
}

/** What kubectl saw of a namespace's pods, in order. */
export class PodWatch {
  #program;

  constructor(program) {
    this.#program = program;
  }

  /** The events so far: `{ type, object }`. */
  get events() {
    return this.#program.lines.map((line) => JSON.parse(line));
  }

  stop() {
    return this.#program.stop();
  }
}

/** Rows of kubectl's table, by the names in its head. */
export function table(text) {
  const [head, ...rows] = text.split('\n').filter(Boolean);
  if (!head) return [];
  // Columns stand under their heads; RESTARTS holds blanks: `3 (5m ago)`.
  const columns = [...head.matchAll(/\S+/g)].map((match) => ({ name: match[0], at: match.index }));
  const cell = (row, index) => row.slice(columns[index].at, columns[index + 1]?.at).trim();
  return rows.map((row) => Object.fromEntries(columns.map(({ name }, index) => [name, cell(row, index)])));
}
