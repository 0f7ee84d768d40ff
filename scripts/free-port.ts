// Ports for processes that are about to start.
import { createServer } from 'node:net';

// Below those that systems give to connections that go out (32768 and up on Linux, 49152 elsewhere): one of those may be
// taken by any client between this moment and the start of the server that it is for.
const FIRST = 12_000;
const PORTS = 20_000;
/** Processes that choose at once begin apart. */
const APART = 64;

/** What this process was given already: a port that nobody listens on yet is free to the system, and comes again. */
const given = new Set<number>();
let next = (process.pid * APART) % PORTS;

/** @returns `wanted` where it is free on loopback, else any that is; never the same twice */
export async function freePort(wanted: number): Promise<number> {
  if (wanted !== 0 && (await take(wanted))) return wanted;
  for (let tried = 0; tried < PORTS; tried++) {
    const port = FIRST + next;
    next = (next + 1) % PORTS;
    if (await take(port)) return port;
  }
  throw new Error(`no port from ${FIRST} to ${FIRST + PORTS - 1} is free on loopback`);
}

async function take(port: number): Promise<boolean> {
  if (given.has(port)) return false;
  given.add(port);
  if (await isFree(port)) return true;
  given.delete(port);
  return false;
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });
}
