// `npm run coverage`: what the tests run. Of the TypeScript, what unit and property tests run of it, as a figure. Of the
// contracts, every line and every outcome of every branch; it fails where one was not run.
//   npm run coverage                 both
//   npm run coverage -- contracts    one of `typescript`, `contracts`
import { spawnSync } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { measure } from './coverage/project.ts';
import { faultsOf, lcovOf, tableOf } from './coverage/report.ts';

const ROOT = new URL('../', import.meta.url);
const FOLDER = new URL('coverage/', ROOT);

const PARTS: Readonly<Record<string, () => Promise<boolean>>> = { typescript, contracts };

const asked = process.argv.slice(2);
const unknown = asked.filter((name) => !(name in PARTS));
if (unknown.length > 0) {
  console.error(`No such part: ${unknown.join(', ')}. There are ${Object.keys(PARTS).join(', ')}.`);
  process.exit(2);
}
for (const [name, part] of Object.entries(PARTS)) {
  if (asked.length > 0 && !asked.includes(name)) continue;
  console.log(`== ${name}`);
  if (!(await part())) process.exitCode = 1;
}

/** @returns whether the tests pass */
async function typescript(): Promise<boolean> {
  const suites = ['test/unit/**/*.test.ts', 'test/property/**/*.test.ts'];
  const reporters = ['--reporter=text-summary', '--reporter=lcovonly', '--reports-dir=coverage/typescript'];
  const c8 = ['--include=node', '--include=gateway', ...reporters];
  const options = { cwd: fileURLToPath(ROOT), stdio: 'inherit' } as const;
  return spawnSync('c8', [...c8, 'mocha', '--reporter=dot', ...suites], options).status === 0;
}

/** @returns whether nothing is missing */
async function contracts(): Promise<boolean> {
  console.log('running the tests of the contracts on an instrumented copy: a minute or two …');
  const coverage = await measure(fileURLToPath(ROOT), fileURLToPath(new URL('branches/', FOLDER)));
  const folder = new URL('contracts/', FOLDER);
  await mkdir(folder, { recursive: true });
  await writeFile(new URL('lcov.info', folder), lcovOf(coverage));
  console.log(tableOf(coverage));
  const faults = faultsOf(coverage);
  for (const fault of faults) console.error(fault);
  return faults.length === 0;
}
