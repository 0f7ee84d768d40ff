// Logs as directories, and a plain file server for them that can be made to fail.
import { once } from 'node:events';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { dirname, join } from 'node:path';
import type { History } from './history.ts';

/** Writes every log of a history into DIR/<log id>. */
export async function writeMirror(directory: string, { logs }: Pick<History, 'logs'>): Promise<void> {
  for (const [log, files] of logs) {
    for (const [path, bytes] of files) {
      const file = join(directory, log, path);
      await mkdir(dirname(file), { recursive: true });
      await writeFile(file, bytes);
    }
  }
}

export interface FileServer {
  /** http://127.0.0.1:port */
  url: string;
  /** Paths asked for, in order. */
  asked: string[];
  /** Statuses to answer the next requests with, in place of the files. */
  failures: number[];
  stop(): Promise<void>;
}

export async function serveFiles(directory: string): Promise<FileServer> {
  const asked: string[] = [];
  const failures: number[] = [];
  const server = createServer((request, response) => {
    const path = request.url ?? '/';
    asked.push(path);
    const failure = failures.shift();
    if (failure !== undefined) {
      response.writeHead(failure, { 'retry-after': '0' }).end('no');
      return;
    }
    readFile(join(directory, path)).then(
      (bytes) => response.writeHead(200).end(bytes),
      () => response.writeHead(404).end(),
    );
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    asked,
    failures,
    stop: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}
