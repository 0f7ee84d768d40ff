// `npm run coverage`: what the unit and property tests run of the TypeScript, and what their own tests run of the
// contracts; it fails where a line of a contract was not run. Hardhat marks a line as run only if every statement on it
// was; it counts statements, not the outcomes of conditions.
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const root = new URL('../', import.meta.url);

/** Reads an lcov trace: for each file the lines that were not run. */
function uncovered(trace: string): Map<string, number[]> {
  const files = new Map<string, number[]>();
  let lines: number[] = [];
  for (const entry of trace.split('\n')) {
    const [key, value = ''] = entry.split(/:(.*)/s);
    if (key === 'SF') files.set(value, (lines = []));
    const [line, count] = value.split(',').map(Number);
    if (key === 'DA' && line !== undefined && count === 0) lines.push(line);
  }
  return files;
}

const suites = ['test/unit/**/*.test.ts', 'test/property/**/*.test.ts'];
const c8 = [
  '--include=node',
  '--include=gateway',
  '--reporter=text-summary',
  '--reporter=lcovonly',
  '--reports-dir=coverage/typescript',
];
const typescript = spawnSync('c8', [...c8, 'mocha', '--reporter=dot', ...suites], {
  cwd: fileURLToPath(root),
  stdio: 'inherit',
});
if (typescript.status !== 0) process.exit(typescript.status ?? 1);

const run = spawnSync('hardhat', ['test', '--coverage'], { cwd: fileURLToPath(root), stdio: 'inherit' });
if (run.status !== 0) process.exit(run.status ?? 1);

const files = uncovered(readFileSync(new URL('coverage/lcov.info', root), 'utf8'));
const missed = [...files].filter(([, lines]) => lines.length > 0);
for (const [file, lines] of missed) console.error(`${file}: not run: lines ${lines.join(', ')}`);
if (files.size === 0) console.error('wanted the coverage of at least one contract, got none');
process.exitCode = missed.length > 0 || files.size === 0 ? 1 : 0;
