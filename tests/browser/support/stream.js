// Raw clients of the stream, as scripts are: without a browser.
import { once } from 'node:events';
import WebSocket from 'ws';

/** As in `topology::wire`. A server that speaks another one says so in its `Bye`. */
const PROTOCOL = 5;

/** A client that reads JSON. */
export class Client {
  #socket;
  /** Every message, as it came. */
  texts = [];
  /** Called with each message, at once. */
  onText = () => {};

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
      else {
        this.onText(text);
        this.texts.push(text);
      }
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
    leave(this.#socket);
  }
}

/** A client that reads nothing but how large the deltas are: frames are postcard, as the page has them. */
export class BinaryClient {
  #socket;
  /** The sizes of the frames with a delta, heads included. */
  deltas = [];

  /** Connects and subscribes to scopes: `'fleet'` or `{ set: { namespace, name } }`. */
  static async open(url, scopes) {
    const socket = new WebSocket(`${url.replace(/^http/, 'ws')}/api/v1/stream`);
    const client = new BinaryClient(socket);
    await once(socket, 'open');
    socket.send(hello(scopes));
    await client.#greeted(scopes.length);
    return client;
  }

  #snapshots = 0;
  #wake = () => {};

  constructor(socket) {
    this.#socket = socket;
    socket.on('message', (data) => {
      const kind = SERVER_MESSAGES[data[0]];
      if (kind === 'Bye') throw new Error('the server closed the stream');
      // A pong carries the ping's time, which is all that a ping carries.
      if (kind === 'Ping')
        socket.send(Buffer.concat([Buffer.from([CLIENT_MESSAGES.indexOf('Pong')]), data.subarray(1)]));
      if (kind === 'Snapshot') this.#snapshots += 1;
      if (kind === 'Delta') this.deltas.push(data.length + frameHead(data.length));
      this.#wake();
    });
  }

  async #greeted(snapshots) {
    while (this.#snapshots < snapshots) {
      await new Promise((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  close() {
    leave(this.#socket);
  }
}

/** Ends a connection: what still comes on it, such as the farewell of a server that ends just then, is nobody's. */
function leave(socket) {
  socket.removeAllListeners('message');
  socket.on('error', () => {});
  socket.close();
}

/** The messages in the order of their enums in `topology::wire`: postcard begins each with its number. */
const CLIENT_MESSAGES = ['Hello', 'Subscribe', 'Pong'];
const SERVER_MESSAGES = ['Welcome', 'Snapshot', 'Delta', 'Status', 'Ping', 'Bye'];

/** The head of a frame that a server sends. */
const frameHead = (length) => (length < 126 ? 2 : length < 65_536 ? 4 : 10);

/** A hello in postcard: numbers below 128 are bytes, texts and lists begin with their length. */
function hello(scopes) {
  const text = (value) => [value.length, ...Buffer.from(value)];
  const scope = (scope) => (scope === 'fleet' ? [0] : [1, ...text(scope.set.namespace), ...text(scope.set.name)]);
  const subscriptions = scopes.flatMap((wanted) => [...scope(wanted), 0]);
  return Buffer.from([CLIENT_MESSAGES.indexOf('Hello'), PROTOCOL, scopes.length, ...subscriptions]);
}
