// Runs a script of this project on a fresh machine: `node scripts/run.mjs [--quiet] SCRIPT ARGS`.
//
// Plain JavaScript that old Node versions understand. It finds a Node that is new enough (the host's, or one fetched
// from npm for this project alone), installs what the lockfile says, compiles the contracts, and hands over.
import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const cache = join(root, '.cache');
const args = process.argv.slice(2);
const quiet = args[0] === '--quiet';
if (quiet) args.shift();

const started = Date.now();
function say(text) {
  // Standard output belongs to the script: its last line is read by machines.
  process.stderr.write(`[set-up ${((Date.now() - started) / 1000).toFixed(0)} s] ${text}\n`);
}

function fail(text) {
  say(text);
  process.exit(1);
}

/** The npm that started us, or the one beside the host's node. */
function npmCli() {
  const candidates = [
    process.env.npm_execpath,
    join(dirname(process.execPath), '..', 'lib', 'node_modules', 'npm', 'bin', 'npm-cli.js'),
    '/usr/share/nodejs/npm/bin/npm-cli.js',
    '/usr/lib/node_modules/npm/bin/npm-cli.js',
  ];
  const found = candidates.find((path) => path && /npm-cli\.(c?js)$/.test(path) && existsSync(path));
  if (!found) fail('npm was not found beside node: start this with npm (npm start, npm test).');
  return found;
}

function npm(node, directory, label) {
  say(label);
  const run = spawnSync(
    node,
    [npmCli(), 'ci', '--ignore-scripts', '--no-audit', '--no-fund', '--no-update-notifier', '--loglevel=error'],
    {
      cwd: directory,
      stdio: ['ignore', quiet ? 'ignore' : 2, 2],
      env: { ...process.env, PATH: dirname(node) + delimiter + process.env.PATH, NODE_ENV: 'development' },
    },
  );
  if (run.status !== 0) fail(`npm ci failed in ${directory} (exit ${run.status ?? run.signal}).`);
}

function newEnough(version) {
  const [major, minor] = version.replace('v', '').split('.').map(Number);
  return major > 22 || (major === 22 && minor >= 18);
}

/** A node that runs TypeScript as it is: the host's, or a copy that npm carries, under scripts/runtime. */
function findNode() {
  if (newEnough(process.version)) return process.execPath;
  const directory = join(root, 'scripts', 'runtime');
  const binary = join(directory, 'node_modules', `node-${process.platform}-${process.arch}`, 'bin', 'node');
  if (!existsSync(binary)) {
    npm(process.execPath, directory, `This is Node ${process.version}; fetching Node 24 for this project alone …`);
  }
  if (!existsSync(binary)) {
    fail(
      `Node 22.18 or later is wanted, this is ${process.version}, and npm has none for ${process.platform}-${process.arch}.`,
    );
  }
  return binary;
}

function digest(paths) {
  const hash = createHash('sha256');
  for (const path of paths) hash.update(path.slice(root.length)).update('\0').update(readFileSync(path)).update('\0');
  return hash.digest('hex');
}

function filesUnder(directory, ending) {
  return readdirSync(directory)
    .sort()
    .map((name) => join(directory, name))
    .flatMap((path) => (statSync(path).isDirectory() ? filesUnder(path, ending) : path.endsWith(ending) ? [path] : []));
}

/** Runs `work` unless it ran before on the same inputs. One set-up at a time: a second waits for the first. */
function once(name, inputs, outputs, work) {
  const stamp = join(cache, `${name}.stamp`);
  const wanted = digest(inputs);
  const done = () =>
    outputs.every((path) => existsSync(path)) && existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted;
  if (done()) return;
  const lock = join(cache, 'lock');
  while (!takeLock(lock)) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 200);
  try {
    if (done()) return;
    work();
    writeFileSync(stamp, wanted);
  } finally {
    rmSync(lock, { recursive: true, force: true });
  }
}

function takeLock(lock) {
  try {
    mkdirSync(lock);
    writeFileSync(join(lock, 'pid'), String(process.pid));
    return true;
  } catch (error) {
    if (error.code !== 'EEXIST') throw error;
  }
  // A set-up that was killed leaves its lock behind; its process is gone.
  let owner = 0;
  try {
    owner = Number(readFileSync(join(lock, 'pid'), 'utf8'));
  } catch (error) {
    if (error.code !== 'ENOENT') throw error;
    if (existsSync(lock) && Date.now() - statSync(lock).mtimeMs > 5_000) rmSync(lock, { recursive: true, force: true });
    return false;
  }
  try {
    process.kill(owner, 0);
  } catch (error) {
    if (error.code === 'ESRCH') rmSync(lock, { recursive: true, force: true });
  }
  return false;
}

mkdirSync(cache, { recursive: true });
const node = findNode();
const path = [join(root, 'node_modules', '.bin'), dirname(node), process.env.PATH].join(delimiter);
const env = {
  ...process.env,
  PATH: path,
  NODE_COMPILE_CACHE: process.env.NODE_COMPILE_CACHE ?? join(cache, 'compile'),
};

once(
  'install',
  [join(root, 'package.json'), join(root, 'package-lock.json')],
  [join(root, 'node_modules', '.bin')],
  () => npm(node, root, 'Installing packages from the lockfile (a minute or so) …'),
);
once(
  'contracts',
  [...filesUnder(join(root, 'contracts'), '.sol'), join(root, 'hardhat.config.ts'), join(root, 'package-lock.json')],
  [join(root, 'artifacts')],
  () => {
    say('Compiling the contracts …');
    const run = spawnSync(node, [join(root, 'node_modules', 'hardhat', 'dist', 'src', 'cli.js'), 'build', '--quiet'], {
      cwd: root,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...env, HARDHAT_DISABLE_TELEMETRY_PROMPT: 'true' },
    });
    // Where it compiles, all that it has to say is that newer compilers reserve names of OpenZeppelin's.
    if (run.status !== 0) process.stderr.write(Buffer.concat([run.stdout, run.stderr]));
    if (run.status !== 0) fail(`hardhat build failed (exit ${run.status ?? run.signal}).`);
  },
);

once(
  'pages',
  [
    ...['verifier', 'authorise', 'page', 'client', 'api'].flatMap((name) =>
      filesUnder(join(root, 'gateway', name), ''),
    ),
    ...filesUnder(join(root, 'node', 'core'), '.ts'),
    ...filesUnder(join(root, 'node', 'policy'), ''),
    join(root, 'package-lock.json'),
  ],
  ['verify.html', 'authorise.html'].map((name) => join(cache, name)),
  () => {
    const run = spawnSync(node, [join(root, 'scripts', 'pages.ts')], {
      cwd: root,
      stdio: ['ignore', 2, 2],
      env,
    });
    if (run.status !== 0) fail(`the pages could not be made (exit ${run.status ?? run.signal}).`);
  },
);

const [script, ...rest] = args;
if (!script) fail('Which script? node scripts/run.mjs SCRIPT ARGS');
const child = spawn(node, [join(root, script), ...rest], { stdio: 'inherit', env: { ...env, XINLIAN_NODE: node } });
// npm that is ended by a signal leaves its children behind: they end with it.
const parent = process.ppid;
setInterval(() => {
  if (process.ppid !== parent) child.kill('SIGTERM');
}, 500).unref();
// A Ctrl-C reaches the child by itself (same terminal); a signal sent to us alone is passed on.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
child.on('exit', (code, signal) => process.exit(signal ? 128 + (signal === 'SIGINT' ? 2 : 15) : (code ?? 1)));
