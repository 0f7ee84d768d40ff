// The engine of test networks: geth 1.13.15, the last that seals Clique, built by Go from its own module.
import { spawn, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const VERSION = '1.13.15';
const FOLDER = fileURLToPath(new URL(`../../.cache/geth-${VERSION}`, import.meta.url));
const BINARY = join(FOLDER, process.platform === 'win32' ? 'geth.exe' : 'geth');
// Go 1.23 and later refuse what one of its dependencies links to, unless told.
const BUILD = ['install', '-v', '-ldflags=-checklinkname=0', `github.com/ethereum/go-ethereum/cmd/geth@v${VERSION}`];
const TELL_EVERY_MS = 10_000;

/**
 * The path of geth; built first where it was not yet, which takes some minutes and the Go module proxy.
 * @param say told how far it is
 * @throws where there is no Go, or the build fails
 */
export async function ensureGeth(say: (text: string) => void): Promise<string> {
  if (existsSync(BINARY)) return BINARY;
  if (spawnSync('go', ['version']).status !== 0) {
    throw new Error(`Go is wanted to build geth ${VERSION} (https://go.dev/dl), and there is none on the PATH`);
  }
  say(`building geth ${VERSION} with Go: some minutes, once`);
  const making = `${FOLDER}.making`;
  await mkdir(making, { recursive: true });
  await build(making, say);
  // In one step: a build that was ended in the middle leaves nothing that looks whole.
  await rename(making, FOLDER);
  return BINARY;
}

async function build(folder: string, say: (text: string) => void): Promise<void> {
  const child = spawn('go', BUILD, { stdio: ['ignore', 'ignore', 'pipe'], env: { ...process.env, GOBIN: folder } });
  let packages = 0;
  let tail = '';
  child.stderr.on('data', (data: Buffer) => {
    const text = data.toString();
    packages += text.split('\n').length - 1;
    tail = (tail + text).slice(-4_000);
  });
  const telling = setInterval(() => say(`building geth: ${packages} packages`), TELL_EVERY_MS);
  try {
    const code = await new Promise<number | null>((resolve, reject) => {
      child.once('error', reject).once('close', resolve);
    });
    if (code !== 0) throw new Error(`go ${BUILD.join(' ')} ended with ${code}:\n${tail}`);
  } finally {
    clearInterval(telling);
  }
}
