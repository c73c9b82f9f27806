// The Kubernetes API without kubectl: one connection that stays open, so that a request costs what the API takes.
import { once } from 'node:events';
import { Agent, request } from 'node:https';
import { createInterface } from 'node:readline';

/** A client with the credentials of a kubeconfig, as `kubectl config view --raw --output json` gives it. */
export class Api {
  #server;
  #agent;

  constructor({ clusters, users }) {
    const bytes = (text) => Buffer.from(text, 'base64');
    const [{ cluster }, { user }] = [clusters[0], users[0]];
    this.#server = cluster.server;
    this.#agent = new Agent({
      keepAlive: true,
      noDelay: true,
      ca: bytes(cluster['certificate-authority-data']),
      cert: bytes(user['client-certificate-data']),
      key: bytes(user['client-key-data']),
    });
  }

  async #ask(method, path, headers, body) {
    const asked = request(this.#server + path, { method, agent: this.#agent, headers });
    asked.end(body);
    const [response] = await once(asked, 'response');
    return response;
  }

  async #object(response) {
    let text = '';
    for await (const chunk of response) text += chunk;
    if (response.statusCode >= 300) throw new Error(`the API answered ${response.statusCode}: ${text}`);
    return JSON.parse(text);
  }

  async get(path) {
    return this.#object(await this.#ask('GET', path));
  }

  /** Applies a JSON patch. */
  async patch(path, patch) {
    const body = JSON.stringify(patch);
    const headers = { 'Content-Type': 'application/json-patch+json', 'Content-Length': Buffer.byteLength(body) };
    return this.#object(await this.#ask('PATCH', path, headers, body));
  }

  /** Calls `onEvent` with each line of a watch: one event as the API writes it. Gives what ends it. */
  async watch(path, onEvent) {
    const response = await this.#ask('GET', path);
    if (response.statusCode !== 200) await this.#object(response);
    createInterface({ input: response }).on('line', onEvent);
    return () => response.destroy();
  }

  close() {
    this.#agent.destroy();
  }
}
