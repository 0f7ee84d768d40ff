// Ports of the sandbox: the usual ones where they are free.
import { createServer } from 'node:net';

/** What this process was given already: a port that nobody listens on yet is free to the system, and comes again. */
const given = new Set<number>();

/** @returns `wanted` where it is free on loopback, else any that is; never the same twice */
export async function freePort(wanted: number): Promise<number> {
  for (let asked = wanted; ; asked = 0) {
    const port = await tryPort(asked);
    if (port === undefined && asked === 0) throw new Error('no port is free on loopback');
    if (port === undefined || given.has(port)) continue;
    given.add(port);
    return port;
  }
}

function tryPort(port: number): Promise<number | undefined> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(undefined));
    server.listen(port, '127.0.0.1', () => {
      const { port: got } = server.address() as { port: number };
      server.close(() => resolve(got));
    });
  });
}
