// The reference control plane: a real API server with real controllers, for one test file.
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Kubectl } from './kubectl.js';
import { Program, setting } from './processes.js';
import { eventually } from './waiting.js';

const UP = fileURLToPath(new URL('../../control-plane/up', import.meta.url));

/** Starts a control plane; `settings` are those of `tests/control-plane/up`. */
export async function startControlPlane(settings = {}) {
  const directory = await mkdtemp(join(tmpdir(), 'berth-control-plane-'));
  const up = new Program(UP, [setting('CONTROL_PLANE_BIN'), directory], {
    env: { WITH_PARENT: '1', ...settings },
    own: true,
  });
  await up.line('the control plane is up', (line) => line === 'READY=1' || null);
  return new ControlPlane(up, directory);
}

class ControlPlane {
  #up;
  #directory;

  constructor(up, directory) {
    this.#up = up;
    this.#directory = directory;
    this.kubeconfig = this.#printed('KUBECONFIG');
    this.dns = this.#printed('DNS');
    this.program = this.#printed('KUBECTL');
    this.kubectl = this.kubectlOf(this.kubeconfig);
  }

  #printed(name) {
    return this.#up.lines.find((line) => line.startsWith(`${name}=`)).slice(name.length + 1);
  }

  /** kubectl as somebody else. */
  kubectlOf(kubeconfig) {
    return new Kubectl({ program: this.program, kubeconfig, cache: join(this.#directory, 'kubectl-cache') });
  }

  /** A new namespace, and kubectl in it. */
  async namespace(name) {
    await this.kubectl.run('create', 'namespace', name);
    return this.kubectl.in(name);
  }

  /** A kubeconfig of somebody who may do what `rules` say: everywhere, or in one namespace only. */
  async user(name, rules, { namespace } = {}) {
    const kind = namespace ? 'Role' : 'ClusterRole';
    const metadata = { name };
    const subjects = [{ kind: 'ServiceAccount', name, namespace: this.kubectl.namespace }];
    const roleRef = { apiGroup: 'rbac.authorization.k8s.io', kind, name };
    const apiVersion = 'rbac.authorization.k8s.io/v1';
    await this.kubectl.run('create', 'serviceaccount', name);
    await this.kubectl
      .in(namespace ?? this.kubectl.namespace)
      .apply(
        { apiVersion, kind, metadata, rules },
        { apiVersion, kind: `${kind}Binding`, metadata, subjects, roleRef },
      );
    const token = await this.kubectl.run('create', 'token', name);
    return this.#derivedKubeconfig(name, (config) => {
      config.users[0].user = { token };
    });
  }

  /** The admin's kubeconfig with a context of another name. */
  renamed(context) {
    return this.#derivedKubeconfig('renamed', (config) => {
      config.contexts[0].name = context;
      config['current-context'] = context;
    });
  }

  async #derivedKubeconfig(name, change) {
    const config = await this.kubectl.json('config', 'view', '--raw');
    change(config);
    const path = join(this.#directory, `${name}.kubeconfig`);
    await writeFile(path, JSON.stringify(config)); // JSON is YAML
    return path;
  }

  /** Kills kube-apiserver without a word; the rest stays up. */
  async killApiServer() {
    const before = await this.processId('kube-apiserver');
    this.#up.signal('SIGUSR1');
    await eventually('kube-apiserver is gone', () => {
      if (isAlive(before)) throw new Error(`process ${before} lives`);
    });
  }

  /** Starts it again and waits until it answers. */
  async startApiServer() {
    this.#up.signal('SIGUSR2');
    await eventually('kube-apiserver is ready', () =>
      this.kubectl.run('get', '--raw', '/readyz', '--request-timeout', '2s'),
    );
  }

  async processId(component) {
    return Number(await readFile(join(this.#directory, `${component}.pid`), 'utf8'));
  }

  async stop() {
    await this.#up.stop();
    // A process that was killed may have written its last file just now.
    await rm(this.#directory, { recursive: true, force: true, maxRetries: 5 });
  }
}

function isAlive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
