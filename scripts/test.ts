// `npm test`: every suite, then one line that says how many passed. The end-to-end tests wait more than they work, so they
// run beside the others.
//   npm test                    all of it
//   npm test -- unit property   the suites named
//   npm test -- third-party     the log format, read by tools written in Go (which it wants)
//   npm test -- java            the samples in JDK 17, and a client that Maven generates
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { ensureChromium } from './chromium.ts';

const ROOT = fileURLToPath(new URL('..', import.meta.url));

const SUITES: Record<string, [command: string, ...args: string[]]> = {
  unit: ['mocha', 'test/unit/**/*.test.ts'],
  property: ['mocha', 'test/property/**/*.test.ts'],
  contracts: ['hardhat', 'test'],
  browser: ['mocha', 'test/browser/**/*.test.ts'],
  sandbox: ['mocha', 'test/sandbox/**/*.test.ts'],
  e2e: ['mocha', 'test/e2e/**/*.test.ts'],
  'third-party': ['mocha', 'test/third-party/**/*.test.ts'],
  java: ['mocha', 'test/java/**/*.test.ts'],
};

/** What a suite wants of the machine besides the packages. Throws a sentence for whoever can put it there. */
const PREPARATIONS: Record<string, () => unknown> = { browser: ensureChromium };

/** Suites that want more than Node: they run where they are asked for by name. */
const ON_REQUEST = new Set(['third-party', 'java']);

const asked = process.argv.slice(2);
const unknown = asked.filter((name) => !(name in SUITES));
if (unknown.length > 0) {
  console.error(`No such suite: ${unknown.join(', ')}. There are ${Object.keys(SUITES).join(', ')}.`);
  process.exit(2);
}

/** Suites of one lane run one after the other, the lanes at the same time. */
const BESIDE = ['e2e', 'property'];
const LANES = [Object.keys(SUITES).filter((name) => !BESIDE.includes(name)), BESIDE];

let passed = 0;
let failed = 0;
const broken: string[] = [];
await Promise.all(
  LANES.map(async (lane) => {
    for (const name of lane) {
      if (asked.length > 0 ? asked.includes(name) : !ON_REQUEST.has(name)) await runSuite(name);
    }
  }),
);
if (broken.length > 0) console.error(`\nNot passed: ${broken.join(', ')}`);
console.log(`\n${passed} passed, ${Math.max(failed, broken.length)} failed`);
process.exit(broken.length > 0 ? 1 : 0);

async function runSuite(name: string): Promise<void> {
  const [command, ...args] = SUITES[name] as [string, ...string[]];
  console.log(`\n== ${name}`);
  const began = performance.now();
  try {
    PREPARATIONS[name]?.();
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    broken.push(name);
    return;
  }
  // What runs beside the others says whose its lines are.
  const { code, output } = await run(command, args, asked.length === 0 && BESIDE.includes(name) ? `${name} | ` : '');
  const passing = count(output, /(\d+) passing/g);
  passed += passing;
  failed += count(output, /(\d+) failing/g);
  // A suite that ran nothing, or that broke outside of a test, has not passed.
  if (code !== 0 || passing === 0) broken.push(name);
  console.log(`== ${name}: ${((performance.now() - began) / 1000).toFixed(0)} s`);
}

function run(command: string, args: readonly string[], prefix: string): Promise<{ code: number; output: string }> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd: ROOT, stdio: ['ignore', 'pipe', 'inherit'] });
    let output = '';
    createInterface({ input: child.stdout }).on('line', (line) => {
      console.log(`${prefix}${line}`);
      output += `${line}\n`;
    });
    child.once('error', reject);
    child.once('close', (code) => resolve({ code: code ?? 1, output }));
  });
}

function count(output: string, pattern: RegExp): number {
  return [...output.matchAll(pattern)].reduce((sum, match) => sum + Number(match[1]), 0);
}
