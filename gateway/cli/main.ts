// `npm run -s xinlian -- …`: the command line of Xinlian. The only reader of `process` in gateway/cli.
import { createInterface } from 'node:readline/promises';
import { ReadStream } from 'node:tty';
import { askSecret } from './ask-secret.ts';
import { keepHeapLean } from './lean-heap.ts';
import { run } from './program.ts';

keepHeapLean();

const stop = new AbortController();
// A first Ctrl-C ends in order; a second, at once.
process.once('SIGINT', () => stop.abort());
process.once('SIGTERM', () => stop.abort());
// A reader that has seen enough (`| head`) is no fault.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
});

const { stdin, stdout, stderr } = process;
process.exitCode = await run(process.argv.slice(2), {
  env: process.env,
  out: (line) => stdout.write(`${line}\n`),
  say: (line) => stderr.write(`${line}\n`),
  stderr,
  ask: stdin instanceof ReadStream && stdin.isTTY ? (question) => askSecret(question, stdin, stderr) : undefined,
  prompt: stdin.isTTY ? (question) => prompt(question, stop.signal) : undefined,
  fetch: globalThis.fetch,
  signal: stop.signal,
});

async function prompt(question: string, signal: AbortSignal): Promise<string> {
  const lines = createInterface({ input: stdin, output: stderr });
  try {
    return await lines.question(question, { signal });
  } finally {
    lines.close();
  }
}
