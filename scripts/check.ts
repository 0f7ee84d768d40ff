// `npm run check`: format, lint, types, dead code and import direction. All of them run, then the verdict.
import { spawnSync } from 'node:child_process';

const checks: [name: string, command: string, ...args: string[]][] = [
  ['format', 'prettier', '--check', '--log-level=warn', '.'],
  ['lint and import direction', 'oxlint', '--type-aware', '--deny-warnings', '--quiet'],
  ['Solidity', 'solhint', '--max-warnings=0', 'contracts/**/*.sol'],
  ['types', 'tsc', '-p', 'tsconfig.json'],
  ['dead code', 'knip', '--no-progress'],
];

const failed: string[] = [];
for (const [name, command, ...args] of checks) {
  const started = performance.now();
  const run = spawnSync(command, args, { stdio: 'inherit' });
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  console.log(`${run.status === 0 ? 'ok  ' : 'FAIL'} ${name} (${seconds} s)`);
  if (run.status !== 0) failed.push(name);
}
if (failed.length > 0) {
  console.error(`failed: ${failed.join(', ')}`);
  process.exit(1);
}
