// What a command needs of the process that it runs in. Only main.ts knows the process itself.
import type { Writable } from 'node:stream';

export interface Terminal {
  env: Readonly<Record<string, string | undefined>>;
  /** A line to standard output: results. */
  out(line: string): void;
  /** A line to standard error: everything else. */
  say(line: string): void;
  stderr: Writable & { isTTY?: boolean };
  /** Asks for a secret without showing it; undefined where nobody can be asked. */
  ask: ((question: string) => Promise<string>) | undefined;
  /** Asks in the open; undefined where nobody can be asked. */
  prompt: ((question: string) => Promise<string>) | undefined;
  fetch: typeof fetch;
  /** Waits before a call is tried again; absent: as long as it says. */
  wait?: (ms: number, signal?: AbortSignal) => Promise<void>;
  /** Aborted by Ctrl-C. */
  signal: AbortSignal;
}
