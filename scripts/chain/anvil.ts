// Where npm put the anvil of this platform.
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

// The platform's package is a dependency of this one, wherever npm puts it.
const require = createRequire(createRequire(import.meta.url).resolve('@foundry-rs/anvil/package.json'));
/** Node's names of architectures in the names of the packages. */
const ARCHITECTURES: Record<string, string> = { x64: 'amd64', arm64: 'arm64' };

/** @throws where the platform has no package, or it was not installed */
export function anvilBinary(): string {
  const name = `@foundry-rs/anvil-${process.platform}-${ARCHITECTURES[process.arch] ?? process.arch}`;
  const path = join(dirname(require.resolve(`${name}/package.json`)), 'bin', 'anvil');
  if (!existsSync(path)) throw new Error(`${name} is installed without its binary ${path}`);
  return path;
}
