#!/usr/bin/env node
// Prints a free loopback port for each argument: the argument itself where it is a free port, another one otherwise
// (0: any). All are different. They are chosen below the range from which the kernel takes the ports of outgoing
// connections, so that none of those takes a port while its server is down for a moment.
import { createSocket } from 'node:dgram';
import { createServer } from 'node:net';

const LOWEST = 20_000;
const BEYOND = 32_000;
const ATTEMPTS = 500;

const opened = (emitter, open) =>
  new Promise((resolve) => {
    emitter.once('error', () => resolve(null));
    open(() => resolve(emitter));
  });

/** Holds `port` for TCP and UDP; nothing when either is taken. */
async function hold(port) {
  const server = createServer();
  const tcp = await opened(server, (done) => server.listen({ host: '127.0.0.1', port, exclusive: true }, done));
  if (!tcp) return null;
  const socket = createSocket('udp4');
  const udp = await opened(socket, (done) => socket.bind({ address: '127.0.0.1', port, exclusive: true }, done));
  if (udp) return [tcp, udp];
  tcp.close();
  return null;
}

const held = [];
for (const wanted of process.argv.slice(2).map(Number)) {
  let port = wanted;
  let holder = wanted > 0 ? await hold(wanted) : null;
  for (let attempt = 0; !holder && attempt < ATTEMPTS; attempt += 1) {
    port = LOWEST + Math.floor(Math.random() * (BEYOND - LOWEST));
    holder = await hold(port);
  }
  if (!holder) {
    console.error(`no free port between ${LOWEST} and ${BEYOND}`);
    process.exit(1);
  }
  held.push(...holder);
  console.log(port);
}
for (const holder of held) holder.close();
