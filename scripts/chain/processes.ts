// Who runs on a data directory. A supervisor that was killed leaves its engine behind; the next one ends it.
import { readFile, rm, writeFile } from 'node:fs/promises';
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';

interface Running {
  supervisor: number;
  engine?: number;
}

const FILE = 'processes.json';

export class Processes {
  readonly #path: string;
  /** Stands in the command line of every engine of this directory. */
  readonly #mark: string;
  #ours = false;

  constructor(directory: string, mark: string) {
    this.#path = join(directory, FILE);
    this.#mark = mark;
  }

  /** Takes the directory over. @throws where another supervisor runs on it */
  async takeOver(): Promise<void> {
    const { supervisor, engine } = await this.#read();
    if (engine !== undefined && isEngine(engine, this.#mark)) {
      // An engine whose supervisor is gone has another parent by now.
      if (parentOf(engine) === supervisor) throw new Error(`process ${supervisor} already runs on this directory`);
      process.kill(engine, 'SIGKILL');
      while (isEngine(engine, this.#mark)) await wait(20);
    }
    await this.keep();
    this.#ours = true;
  }

  async keep(engine?: number): Promise<void> {
    const running: Running = { supervisor: process.pid, ...(engine !== undefined && { engine }) };
    await writeFile(this.#path, JSON.stringify(running));
  }

  async forget(): Promise<void> {
    if (this.#ours) await rm(this.#path, { force: true });
  }

  async #read(): Promise<Partial<Running>> {
    try {
      return JSON.parse(await readFile(this.#path, 'utf8')) as Running;
    } catch (error) {
      // A torn file names nobody.
      if (error instanceof SyntaxError || (error as NodeJS.ErrnoException).code === 'ENOENT') return {};
      throw error;
    }
  }
}

/** Whether a process is an engine of ours. Its number may be another's by now: the command line tells. */
function isEngine(pid: number, mark: string): boolean {
  const command = ask(pid, 'args');
  return command.includes('anvil') && command.includes(mark);
}

function parentOf(pid: number): number {
  return Number(ask(pid, 'ppid'));
}

/** What `ps` says of a process; empty where there is none. Slim containers have no ps, but then they have /proc. */
function ask(pid: number, what: 'args' | 'ppid'): string {
  try {
    if (what === 'args') return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ');
    // The name before it may hold spaces and brackets.
    return readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)?.split(' ')[1] ?? '';
  } catch {
    const { stdout } = spawnSync('ps', ['-o', `${what}=`, '-ww', '-p', String(pid)], { encoding: 'utf8' });
    return stdout ?? '';
  }
}
