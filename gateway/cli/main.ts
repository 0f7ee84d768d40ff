// `npm run -s xinlian -- …`: the command line of Xinlian. The only reader of `process` in gateway/cli.
import { ReadStream } from 'node:tty';
import { askSecret } from './ask-secret.ts';
import { run } from './program.ts';

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
  fetch: globalThis.fetch,
  signal: stop.signal,
});
