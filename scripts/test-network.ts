// `npm run test:network`: the exchange on a chain of several geth validators, which Go builds at the first run.
//   npm run test:network                  all of it
//   npm run test:network -- partition     the files whose names have the word
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { ensureGeth } from './validators/geth.ts';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
/** For one test: blocks take seconds, peers that were cut off half a minute to meet again, and a machine may be busy. */
const TIMEOUT_MS = 600_000;

try {
  await ensureGeth((text) => console.error(text));
} catch (error) {
  console.error(error instanceof Error ? error.message : String(error));
  process.exit(1);
}
const words = process.argv.slice(2);
const files = (words.length > 0 ? words : ['']).map((word) => `test/network/*${word}*.test.ts`);
const child = spawn('mocha', ['--timeout', String(TIMEOUT_MS), ...files], { cwd: ROOT, stdio: 'inherit' });
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => child.kill(signal));
child.once('exit', (code, signal) => {
  if (signal) console.error(`the tests were ended by ${signal}`);
  process.exit(code ?? 1);
});
