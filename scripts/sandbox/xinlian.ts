// Runs the command line as a user would.
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const CLI = fileURLToPath(new URL('../../gateway/cli/main.ts', import.meta.url));

/** @param onLine told each line that it prints, as it comes @returns its exit code and what it printed. Throws for a code that is not expected */
export async function xinlian(
  args: readonly string[],
  expected: readonly number[] = [0],
  onLine: (line: string) => void = () => {},
): Promise<{ code: number; out: string }> {
  const child = spawn(process.execPath, [CLI, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  let complaint = '';
  let out = '';
  createInterface({ input: child.stdout }).on('line', (line) => {
    out += `${line}\n`;
    onLine(line);
  });
  child.stderr.on('data', (data: Buffer) => (complaint = (complaint + data.toString()).slice(-4_000)));
  const code = await new Promise<number>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (exit) => resolve(exit ?? -1));
  });
  if (!expected.includes(code)) throw new Error(`xinlian ${args.join(' ')} ended with ${code}:\n${complaint}`);
  return { code, out };
}

/** The last line of what a command printed, which is JSON. */
export function lastLine(out: string): unknown {
  return JSON.parse(out.trimEnd().split('\n').at(-1) ?? '');
}
