// A copy of a project whose contracts are instrumented, and what its own tests run of them.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { copyFile, cp, mkdir, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { instrumentAll } from './instrument.ts';
import type { Outcome } from './outcome.ts';

const LIBRARY = '__Branches.sol';
const TESTS = join('test', 'contracts');

/** What the copy has of its own; everything else is where it was. `test` is a folder of its own for its sake. */
const OWN = new Set(['contracts', 'test', 'package.json', 'hardhat.config.ts']);
/** What no test of a contract reads. */
const LEFT_OUT = new Set(['.git', '.cache', 'artifacts', 'cache', 'coverage', 'data']);

export interface Coverage {
  outcomes: Outcome[];
  /** How often each tag was told, by its hex. */
  counts: ReadonlyMap<string, number>;
  /** For each contract, from the folder of all contracts: its lines that have statements, and whether all were run. */
  lines: ReadonlyMap<string, ReadonlyMap<number, boolean>>;
}

/**
 * Makes the copy, and runs `hardhat test --coverage` in it.
 * @param root of the project: contracts in `contracts`, their tests in `test/contracts`
 * @param copy folder that is emptied, and left as it is at the end
 * @throws where a contract cannot be instrumented, or a test fails
 */
export async function measure(root: string, copy: string): Promise<Coverage> {
  await rm(copy, { recursive: true, force: true });
  await linkAll(root, copy, (name) => OWN.has(name) || LEFT_OUT.has(name));
  await linkAll(join(root, 'test'), join(copy, 'test'), (name) => name === 'contracts');
  for (const name of ['package.json', 'hardhat.config.ts']) await copyFile(join(root, name), join(copy, name));
  await cp(join(root, TESTS), join(copy, TESTS), { recursive: true });
  const outcomes = await instrumentInto(join(copy, 'contracts'), join(root, 'contracts'));
  await runTests(copy);
  return {
    outcomes,
    counts: await readCounts(join(copy, 'coverage', 'data')),
    lines: readLines(await readFile(join(copy, 'coverage', 'lcov.info'), 'utf8')),
  };
}

async function linkAll(from: string, to: string, except: (name: string) => boolean): Promise<void> {
  await mkdir(to, { recursive: true });
  for (const name of await readdir(from)) if (!except(name)) await symlink(join(from, name), join(to, name));
}

async function instrumentInto(to: string, from: string): Promise<Outcome[]> {
  const paths = (await readdir(from, { recursive: true })).filter((path) => path.endsWith('.sol')).sort();
  const contents = new Map<string, string>();
  for (const path of paths) contents.set(path, await readFile(join(from, path), 'utf8'));
  const outcomes: Outcome[] = [];
  for (const [path, instrumented] of instrumentAll(contents)) {
    await mkdir(dirname(join(to, path)), { recursive: true });
    await writeFile(join(to, path), instrumented.text);
    outcomes.push(...instrumented.outcomes);
  }
  await copyFile(fileURLToPath(new URL('Branches.sol', import.meta.url)), join(to, LIBRARY));
  return outcomes;
}

async function runTests(copy: string): Promise<void> {
  const child = spawn('hardhat', ['test', '--coverage'], { cwd: copy, stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (data: Buffer) => (output += data.toString('utf8')));
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  if (code !== 0) throw new Error(`hardhat test --coverage ended with ${code}:\n${output}`);
}

/** Hardhat keeps what was told, whatever it knows of it, in files of JSON: tag → count. */
async function readCounts(folder: string): Promise<Map<string, number>> {
  const counts = new Map<string, number>();
  if (!existsSync(folder)) return counts;
  for (const path of await readdir(folder, { recursive: true })) {
    if (!path.endsWith('.json')) continue;
    const told = JSON.parse(await readFile(join(folder, path), 'utf8')) as Record<string, number>;
    for (const [tag, count] of Object.entries(told)) counts.set(tag, (counts.get(tag) ?? 0) + count);
  }
  return counts;
}

/** Of an lcov trace: for each file its lines. */
function readLines(trace: string): Map<string, Map<number, boolean>> {
  const files = new Map<string, Map<number, boolean>>();
  let lines = new Map<number, boolean>();
  for (const entry of trace.split('\n')) {
    const [key, value = ''] = entry.split(/:(.*)/s);
    if (key === 'SF') files.set(value.replace(/^contracts\//, ''), (lines = new Map()));
    const [line, count] = value.split(',').map(Number);
    if (key === 'DA' && line !== undefined) lines.set(line, count !== 0);
  }
  files.delete(LIBRARY);
  return files;
}
