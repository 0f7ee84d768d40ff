// The browser that the suite `browser` drives: found, or installed where that can be done without asking anyone.
import { spawnSync } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';

const NAMES = ['chromium', 'chromium-browser', 'google-chrome-stable', 'google-chrome'];

/** Where macOS keeps what is in no folder of PATH. */
const APPLICATIONS = [
  '/Applications/Chromium.app/Contents/MacOS/Chromium',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
];

/** Another process of the same machine may be installing something. */
const LOCK_SECONDS = 600;

const WANTED =
  'The suite `browser` wants Chromium or Chrome: install it (Debian: apt-get install chromium), or give its path in CHROMIUM.';

interface Machine {
  env: Readonly<Record<string, string | undefined>>;
  /** Whether there is a program at this path. */
  isProgram(path: string): boolean;
  isRoot: boolean;
  /** Runs a program, shows what it says, and waits. @returns its exit code */
  run(command: string, args: readonly string[]): number;
  say(text: string): void;
}

const thisMachine: Machine = {
  env: process.env,
  isRoot: process.getuid?.() === 0,
  isProgram: (path) => {
    try {
      accessSync(path, constants.X_OK);
      return true;
    } catch {
      return false;
    }
  },
  run: (command, args) => {
    const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
    // Standard output is that of the tests.
    return spawnSync(command, args, { stdio: ['ignore', 2, 2], env }).status ?? 1;
  },
  say: (text) => console.error(text),
};

/** Path of a browser. Throws what is wanted where there is none. */
export function findChromium(machine: Machine = thisMachine): string {
  const found = lookForChromium(machine);
  if (found === undefined) throw new Error(WANTED);
  return found;
}

/**
 * Path of a browser, which is installed by apt-get where there is none, the machine has apt-get and root asks.
 * Throws what is wanted where that cannot be done, or fails.
 */
export function ensureChromium(machine: Machine = thisMachine): string {
  const found = lookForChromium(machine);
  if (found !== undefined) return found;
  const aptGet = lookFor(['apt-get'], machine);
  if (!machine.isRoot || aptGet === undefined) throw new Error(WANTED);
  machine.say('Chromium is not here: installing it with apt-get (once, a minute or two) …');
  // Lists that are old, or that cannot be had, may still do.
  if (machine.run(aptGet, ['update']) !== 0)
    machine.say('apt-get update failed; going on with the lists that are here');
  const install = ['install', '--yes', '--no-install-recommends', '-o', `DPkg::Lock::Timeout=${LOCK_SECONDS}`];
  const code = machine.run(aptGet, [...install, 'chromium']);
  if (code !== 0) throw new Error(`apt-get install chromium ended with ${code}. ${WANTED}`);
  return findChromium(machine);
}

function lookForChromium(machine: Machine): string | undefined {
  const { CHROMIUM: given } = machine.env;
  if (given === undefined) return lookFor(NAMES, machine) ?? APPLICATIONS.find((path) => machine.isProgram(path));
  if (machine.isProgram(given)) return given;
  throw new Error(`CHROMIUM is ${given}, where there is no program. ${WANTED}`);
}

function lookFor(names: readonly string[], machine: Machine): string | undefined {
  const folders = (machine.env['PATH'] ?? '').split(delimiter).filter(Boolean);
  return names.flatMap((name) => folders.map((folder) => join(folder, name))).find((path) => machine.isProgram(path));
}
