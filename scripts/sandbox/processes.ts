// Child processes of the sandbox: started, watched, started again when they die, ended in reverse order.
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream, mkdirSync, type WriteStream } from 'node:fs';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const ROOT = join(dirname(fileURLToPath(import.meta.url)), '..', '..');

const FIRST_PAUSE_MS = 200;
const LONGEST_PAUSE_MS = 1_000;
/** A process that ran for so long was not started in vain. */
const STEADY_MS = 10_000;
/** After a polite signal. */
const KILL_AFTER_MS = 15_000;
const PATIENCE = 4;

export interface ChildSpec {
  name: string;
  /** Script of this project and its arguments. */
  script: string;
  args: string[];
  /** Its standard error and output, kept. */
  logFile: string;
}

/** What a child printed when it was ready: one line of JSON. */
export type Ready = { ready: true } & Record<string, unknown>;

export class Child {
  readonly spec: ChildSpec;
  readonly #say: (text: string) => void;
  readonly #log: WriteStream;
  #process: ChildProcess | undefined;
  #stopping = false;
  #gone: Promise<unknown> = Promise.resolve();
  #pause = FIRST_PAUSE_MS;

  constructor(spec: ChildSpec, say: (text: string) => void) {
    this.spec = spec;
    this.#say = say;
    mkdirSync(dirname(spec.logFile), { recursive: true });
    this.#log = createWriteStream(spec.logFile, { flags: 'a' });
  }

  get pid(): number | undefined {
    return this.#process?.pid;
  }

  /** Starts it. @returns what it said when it was ready. Throws where it ends before; later it is started again. */
  async start(): Promise<Ready> {
    if (this.#running()) throw new Error(`${this.spec.name} is running`);
    this.#stopping = false;
    const started = Date.now();
    const { script, args } = this.spec;
    // Its own process group: a Ctrl-C reaches the sandbox alone, which ends its children in order. The channel tells a
    // child that the sandbox is gone, however it went.
    const child = spawn(process.execPath, [join(ROOT, script), ...args], {
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
      detached: true,
    });
    const { stdout, stderr } = child;
    if (!stdout || !stderr) throw new Error(`${this.spec.name} has no output to read`);
    this.#process = child;
    this.#gone = once(child, 'exit');
    stderr.on('data', (data: Buffer) => this.#log.write(data));
    const ready = Promise.withResolvers<Ready>();
    createInterface({ input: stdout }).on('line', (line) => {
      const said = readyLine(line);
      if (said) ready.resolve(said);
      else this.#log.write(`${line}\n`);
    });
    child.on('error', (error) => ready.reject(error));
    let up = false;
    child.on('exit', (code, signal) => {
      ready.reject(new Error(`${this.spec.name} ended (${signal ?? `exit ${code}`}); see ${this.spec.logFile}`));
      if (up && !this.#stopping) void this.#restart(Date.now() - started);
    });
    const said = await ready.promise;
    up = true;
    return said;
  }

  /** As `start`, for the first time: what an earlier sandbox left behind is given a moment to end. */
  async startPatiently(): Promise<Ready> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.start();
      } catch (error) {
        if (attempt === PATIENCE || this.#stopping) throw error;
        await new Promise((resolve) => setTimeout(resolve, attempt * 500));
      }
    }
  }

  async stop(): Promise<void> {
    this.#stopping = true;
    const child = this.#running();
    if (!child) return;
    child.kill('SIGTERM');
    const kill = setTimeout(() => child.kill('SIGKILL'), KILL_AFTER_MS);
    await this.#gone;
    clearTimeout(kill);
  }

  #running(): ChildProcess | undefined {
    const child = this.#process;
    return child && child.exitCode === null && child.signalCode === null ? child : undefined;
  }

  async #restart(ranMs: number): Promise<void> {
    if (ranMs > STEADY_MS) this.#pause = FIRST_PAUSE_MS;
    while (!this.#stopping) {
      this.#say(`${this.spec.name} ended unasked; starting it again`);
      await new Promise((resolve) => setTimeout(resolve, this.#pause));
      this.#pause = Math.min(2 * this.#pause, LONGEST_PAUSE_MS);
      if (this.#stopping) return;
      try {
        await this.start();
        return;
      } catch (error) {
        this.#say(String(error));
      }
    }
  }
}

function readyLine(line: string): Ready | undefined {
  if (!line.startsWith('{"ready":true')) return undefined;
  return JSON.parse(line) as Ready;
}
