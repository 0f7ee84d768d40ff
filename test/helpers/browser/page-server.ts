// Serves a page on loopback, its script bundled as a web application's is: with the browser's halves of packages, and
// not at all where it needs something of Node.
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { build, type BuildFailure } from 'esbuild';

const ROOT = fileURLToPath(new URL('../../..', import.meta.url));

export interface PageServer {
  /** http://127.0.0.1:port, an origin of its own. */
  origin: string;
  /** Files that its script is made of; paths from the root of the project. */
  inputs: readonly string[];
  close(): Promise<void>;
}

export interface PageOptions {
  /** Modules that the page loads, in order; paths from the root of the project. */
  modules: readonly string[];
  /** Further files of the project that it loads before, as plain scripts. */
  scripts?: readonly string[];
  /** Origins that it may call besides its own; asked at each load. */
  connect?: () => readonly string[];
}

/** Throws with every fault of the bundle. */
export async function servePage({ modules, scripts = [], connect = () => [] }: PageOptions): Promise<PageServer> {
  const { script: page, inputs } = await bundle(modules);
  const files = new Map([['/page.js', page]]);
  for (const [i, script] of scripts.entries()) files.set(`/script-${i}.js`, await readFile(`${ROOT}${script}`, 'utf8'));
  const plain = [...files.keys()]
    .slice(1)
    .map((path) => `<script src="${path}"></script>`)
    .join('');
  const html = `<!doctype html><link rel="icon" href="data:,">${plain}<script type="module" src="/page.js"></script>`;
  const server = createServer((request, response) => {
    const script = files.get(request.url ?? '');
    if (script === undefined && request.url !== '/') {
      response.writeHead(404).end();
      return;
    }
    // As strict as an application can be: nothing of this project makes code of text.
    const policy = `default-src 'none'; script-src 'self'; img-src data:; connect-src 'self' ${connect().join(' ')}`;
    const type = script === undefined ? 'text/html' : 'text/javascript';
    response.writeHead(200, { 'content-type': `${type}; charset=utf-8`, 'content-security-policy': policy });
    response.end(script ?? html);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    inputs,
    close: () => closed(server),
  };
}

/** Whether a module needs nothing that a browser lacks, nor does what it imports. */
export async function runsInBrowser(path: string): Promise<boolean> {
  try {
    await bundle([path]);
    return true;
  } catch (error) {
    const { errors } = error as BuildFailure;
    if (errors.every(({ text }) => text.startsWith('Could not resolve '))) return false;
    throw error;
  }
}

async function bundle(modules: readonly string[]): Promise<{ script: string; inputs: string[] }> {
  const { outputFiles, metafile } = await build({
    stdin: { contents: modules.map((path) => `import './${path}';`).join('\n'), resolveDir: ROOT },
    absWorkingDir: ROOT,
    bundle: true,
    metafile: true,
    write: false,
    format: 'esm',
    platform: 'browser',
    target: 'es2024',
    sourcemap: 'inline',
    logLevel: 'silent',
  });
  return { script: outputFiles[0]?.text ?? '', inputs: Object.keys(metafile.inputs) };
}

async function closed(server: Server): Promise<void> {
  server.close();
  server.closeAllConnections();
  await once(server, 'close');
}
