// Raw clients of the stream, as scripts are: without a browser.
import { once } from 'node:events';
import WebSocket from 'ws';

/** As in `topology::wire`. A server that speaks another one says so in its `Bye`. */
const PROTOCOL = 2;

/** A client that reads JSON. */
export class Client {
  #socket;
  /** Every message, as it came. */
  texts = [];

  /** Connects and subscribes to scopes, such as `'Fleet'` or `{ StatefulSet: { namespace, name } }`. */
  static async open(url, scopes) {
    const socket = new WebSocket(`${url.replace(/^http/, 'ws')}/api/v1/stream?format=json`);
    const client = new Client(socket);
    await once(socket, 'open');
    const subscriptions = scopes.map((scope) => ({ scope, since: null }));
    socket.send(JSON.stringify({ Hello: { protocol: PROTOCOL, subscriptions } }));
    return client;
  }

  constructor(socket) {
    this.#socket = socket;
    socket.on('message', (data) => {
      const text = data.toString();
      const { Ping, Bye } = JSON.parse(text);
      if (Bye) throw new Error(`the server closed the stream: ${text}`);
      if (Ping) socket.send(JSON.stringify({ Pong: Ping }));
      else this.texts.push(text);
    });
  }

  get messages() {
    return this.texts.map((text) => JSON.parse(text));
  }

  /** The deltas of a kind of scope, `'Fleet'` or `'StatefulSet'`. */
  deltas(kind) {
    return this.messages.filter(({ Delta }) => Delta?.changes[kind]);
  }

  /** The last revision that it heard of. */
  get revision() {
    return this.messages
      .map(({ Snapshot, Delta }) => (Snapshot ?? Delta)?.revision ?? 0)
      .reduce((a, b) => Math.max(a, b), 0);
  }

  close() {
    this.#socket.close();
  }
}
