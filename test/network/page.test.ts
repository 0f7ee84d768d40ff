// docs/network.md, walked by three founders and a member that joins and leaves, from the page alone: every command of its steps is
// run as it stands there. In place of Besu in Docker: a development engine, and our processes under the settings that
// the kit wrote, told by environment variables where they run.
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { cp, mkdir, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { parse, stringify } from 'yaml';
import { parseCheckpoint } from '../../node/core/checkpoint.ts';
import type { NodeInfo } from '../../node/core/messages/node.ts';
import { parseNote } from '../../node/core/note.ts';
import type { NetworkDescription } from '../../scripts/network/description.ts';
import { sampleFile } from '../../scripts/generate.ts';
import { player, type Program } from '../../scripts/sandbox/programs.ts';
import { freePort } from '../../scripts/free-port.ts';
import { startAnvil, TEST_CHAIN_ID, type Anvil } from '../helpers/anvil.ts';
import { until } from '../helpers/consortium.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const FOUNDERS = ['dafeng', 'shanghai', 'regulator'];
const NEWCOMER = 'tax';

interface Block {
  kind: string;
  text: string;
}

async function end(child: ChildProcess): Promise<void> {
  child.kill('SIGTERM');
  if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
}

/** The blocks of a section, without their indent. */
async function blocksOf(heading: string): Promise<Block[]> {
  const page = await readFile(join(ROOT, 'docs/network.md'), 'utf8');
  const [, rest = ''] = page.split(`${heading}\n`);
  const [section = ''] = rest.split(/^##+ /m);
  return [...section.matchAll(/^( *)```(\w*)\n(.*?)^ *```$/gms)].map(([, indent = '', kind = '', text = '']) => ({
    kind,
    text: text.replaceAll(new RegExp(`^${indent}`, 'gm'), ''),
  }));
}

describe('the page of networks', () => {
  let folder: string;
  let anvil: Anvil;
  let steps: Block[];
  let ports: NonNullable<NetworkDescription['ports']>;
  /** By what runs and whose it is. */
  const children = new Map<string, ChildProcess>();
  const ids = new Map<string, Program['id']>();

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'xinlian-page-'));
    anvil = await startAnvil(['--block-time', '1', '--gas-price', '0', '--block-base-fee-per-gas', '0']);
    steps = await blocksOf('## From nothing to the first anchored record');
    const [peer, node, nodeHttp, gateway] = (await Promise.all([0, 0, 0, 0].map(freePort))) as [
      number,
      number,
      number,
      number,
    ];
    ports = { peer, rpc: anvil.port, node, nodeHttp, gateway };
  });
  after(async () => {
    for (const child of children.values()) await end(child);
    await (anvil as Anvil | undefined)?.kill();
    await rm(folder, { recursive: true, force: true });
  });

  /** The one block of the steps that has these words. */
  function step(words: string, kind = ''): string {
    const found = steps.filter((block) => block.kind === kind && block.text.includes(words));
    expect(found, words).to.have.length(1);
    return found[0]?.text ?? '';
  }

  const home = (key: string): string => join(folder, key);
  const hostOf = (key: string): string => `127.0.0.${[...FOUNDERS, NEWCOMER].indexOf(key) + 1}`;
  const keyFile = (key: string): string => join(home(key), 'secrets', 'keys', `${ids.get(key)}.json`);

  /** Runs what stands on the page, in a member's own folder. @returns what it printed */
  async function run(key: string, text: string, replaced: Record<string, string> = {}): Promise<string> {
    let command = text.replaceAll('data/secrets/keys/0x….json', keyFile(key)).replaceAll('data/', `${home(key)}/`);
    for (const [from, to] of Object.entries(replaced)) {
      expect(command).to.include(from);
      command = command.replaceAll(from, to);
    }
    const child = spawn('bash', ['-euo', 'pipefail', '-c', command], { cwd: ROOT, stdio: ['ignore', 'pipe', 'pipe'] });
    let [out, said] = ['', ''];
    child.stdout.on('data', (data: Buffer) => (out += data.toString()));
    child.stderr.on('data', (data: Buffer) => (said += data.toString()));
    const [code] = (await once(child, 'close')) as [number];
    expect(code, `${command}\n${said}`).to.equal(0);
    return out.trim();
  }

  const nodeKeys = new Map<string, string>();

  async function makeKeys(key: string): Promise<void> {
    await mkdir(home(key), { recursive: true });
    const printed = await run(key, step('keys new'));
    nodeKeys.set(key, printed.split('\n').at(-1) ?? '');
  }

  /** As the page shows it, for each member; all have the same. */
  async function describeNetwork(members: readonly string[]): Promise<void> {
    const shown = parse(step('emptyBlockSeconds', 'yaml')) as NetworkDescription;
    const [template] = shown.members;
    const described = members.map((key) => ({
      ...template,
      ...(({ name, uscc, region, roles, gateway }) => ({ name, uscc, region, roles, gateway }))(player(key)),
      key,
      host: hostOf(key),
      nodeKey: nodeKeys.get(key),
      keys: `keys/${key}.json`,
      ...(key === NEWCOMER && { validator: false }),
    }));
    const text = stringify({ ...shown, chainId: TEST_CHAIN_ID, ports, members: described });
    for (const key of members) {
      await mkdir(join(home(key), 'keys'), { recursive: true });
      await writeFile(join(home(key), 'network.yaml'), text);
      for (const other of members) await cp(join(home(other), 'public.json'), join(home(key), 'keys', `${other}.json`));
    }
  }

  async function write(key: string, more = ''): Promise<string> {
    const printed = await run(key, `${step('network.ts write').trim()} ${more}`);
    for (const [, name = '', id = ''] of printed.matchAll(/^(\S+): member (0x[0-9a-f]{64}),/gm))
      ids.set(name, id as Program['id']);
    return readFile(join(home(key), 'out', 'genesis.json'), 'utf8');
  }

  async function keepSecrets(key: string): Promise<void> {
    await rename(join(home(key), 'secrets', 'keys', 'new.json'), keyFile(key));
    await cp(join(home(key), 'secrets'), join(home(key), 'out', 'members', key, 'secrets'), { recursive: true });
  }

  /** What `docker compose up` starts, told by variables where it is. */
  function start(key: string, what: 'node' | 'gateway'): void {
    const own = join(home(key), 'out', 'members', key);
    const prefix = `XINLIAN_${what.toUpperCase()}`;
    const told: Record<string, string> = {
      KEYS_DIRECTORY: join(own, 'secrets', 'keys'),
      KEYS_PASSPHRASEFILE: join(own, 'secrets', 'passphrase'),
      CHAIN_ENDPOINTS: JSON.stringify([anvil.url]),
      CHAIN_POLLMS: '100',
      HTTP_HOST: hostOf(key),
      ...(what === 'node' && {
        DATA: join(own, 'data'),
        P2P_LISTEN: JSON.stringify([`/ip4/${hostOf(key)}/tcp/${ports.node}`]),
      }),
    };
    const env = Object.fromEntries(Object.entries(told).map(([name, value]) => [`${prefix}_${name}`, value]));
    const child = spawn(process.execPath, [`${what}/main.ts`, '--config', join(own, `${what}.yaml`)], {
      cwd: ROOT,
      env: { ...process.env, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const log = createWriteStream(join(folder, `${what}-${key}.log`), { flags: 'a' });
    child.stdout.pipe(log, { end: false });
    child.stderr.pipe(log, { end: false });
    children.set(`${what}-${key}`, child);
  }

  async function untilReady(key: string): Promise<void> {
    await until(async () => {
      const ready = await fetch(`http://${hostOf(key)}:${ports.nodeHttp}/healthz/ready`);
      return ((await ready.json()) as { ok: boolean }).ok;
    });
  }

  async function writeProfile(key: string): Promise<void> {
    const shown = parse(step('passphraseFile', 'yaml')) as Record<string, string>;
    const own = { gateway: `http://${hostOf('dafeng')}:${ports.gateway}`, member: ids.get(key) };
    expect(shown['keys']).to.equal('data/secrets/keys/0x….json');
    const files = { keys: keyFile(key), passphraseFile: join(home(key), 'secrets', 'passphrase') };
    await writeFile(join(home(key), 'profile.yaml'), stringify({ ...shown, ...own, ...files }));
  }

  async function publish(key: string, seed: number): Promise<string> {
    const file = join(folder, `${key}.csv`);
    await writeFile(file, [...sampleFile({ rows: 20, seed, item: 'xk', format: 'csv' })].join(''));
    return run(key, step('publish FILE.csv'), { 'FILE.csv': file });
  }

  it('brings three founders from nothing to the first anchored record', async () => {
    for (const key of FOUNDERS) await makeKeys(key);
    await describeNetwork(FOUNDERS);
    const genesis = [];
    for (const key of FOUNDERS) genesis.push(await write(key));
    expect(new Set(genesis).size).to.equal(1);
    for (const key of FOUNDERS) await keepSecrets(key);

    const [, curl = ''] = step('eth_blockNumber').split('docker compose up -d besu prometheus grafana\n');
    expect(await run('dafeng', curl, { 'localhost:8545': `127.0.0.1:${anvil.port}` })).to.include('"result":"0x');
    await run('dafeng', step('network.ts deploy'), { 'http://127.0.0.1:8545': anvil.url });
    for (const key of FOUNDERS) {
      if (key !== 'dafeng') await cp(join(home('dafeng'), 'contracts.json'), join(home(key), 'contracts.json'));
      await write(key, '--contracts data/contracts.json');
      start(key, 'node');
      if (player(key).gateway) start(key, 'gateway');
    }
    for (const key of FOUNDERS) {
      await untilReady(key);
      await writeProfile(key);
    }
    const members = await run('dafeng', 'npm run -s xinlian -- members --profile data/profile.yaml');
    for (const key of FOUNDERS) expect(members).to.include(ids.get(key)).and.to.include(player(key).name);
    expect(await publish('regulator', 1)).to.include('20');
  });

  it('lets a member replace its keys, and go on', async () => {
    const [renew = '', rotate = ''] = ((await blocksOf('### Replace keys'))[0]?.text ?? '').split(
      /\n(?=npm run -s xinlian -- member)/,
    );
    const key = 'dafeng';
    await run(key, renew);
    const rotated = await run(key, `${rotate.trim()} --yes`);
    expect(JSON.parse(rotated)).to.deep.equal({
      rotated: ['checkpoint', 'client', 'gatewayPeer', 'nodePeer', 'account'],
    });
    await cp(
      join(home(key), 'secrets', 'next.json'),
      join(home(key), 'out', 'members', key, 'secrets', 'keys', `${ids.get(key)}.json`),
    );
    await rename(join(home(key), 'secrets', 'next.json'), keyFile(key));
    for (const what of ['node', 'gateway'] as const) {
      await end(children.get(`${what}-${key}`) as ChildProcess);
      start(key, what);
    }
    await untilReady(key);
    expect(await publish(key, 3)).to.include('20');
    expect(await publish('regulator', 4)).to.include('20');
  });

  /** The founders' votes: what Dafeng proposed, the regulator approves. */
  async function pass(proposal: string): Promise<void> {
    const [, list = '', vote = ''] = await votes();
    await until(async () => (await run('regulator', list)).includes(proposal));
    expect(await run('regulator', `${vote.trim()} --yes`, { '0x…': proposal })).to.equal(proposal);
  }

  async function votes(): Promise<string[]> {
    const admission = (await blocksOf('### Join')).find(({ text }) => text.includes('council propose admit'));
    return (admission?.text ?? '').split(/\n(?=npm run)/);
  }

  it('lets another join by the votes of the council, and publish', async () => {
    const [propose = ''] = await votes();
    await makeKeys(NEWCOMER);
    await cp(join(home(NEWCOMER), 'public.json'), join(home('dafeng'), 'new-member.json'));
    const { name, uscc, region, roles } = player(NEWCOMER);
    const proposal = await run('dafeng', propose, {
      NAME: name,
      CODE: uscc,
      '320904': region,
      source: roles.join(','),
      '/dns/node.example/tcp/9200': `/ip4/${hostOf(NEWCOMER)}/tcp/${ports.node}`,
    });
    await pass(proposal);

    await describeNetwork([...FOUNDERS, NEWCOMER]);
    expect(await write(NEWCOMER)).to.equal(await readFile(join(home('dafeng'), 'out', 'genesis.json'), 'utf8'));
    await cp(join(home('dafeng'), 'contracts.json'), join(home(NEWCOMER), 'contracts.json'));
    await keepSecrets(NEWCOMER);
    await write(NEWCOMER, '--contracts data/contracts.json');
    start(NEWCOMER, 'node');
    await untilReady(NEWCOMER);
    await writeProfile(NEWCOMER);
    expect(await publish(NEWCOMER, 2)).to.include('20');
  });

  it('lets it leave: it publishes nothing more, and its log stays', async () => {
    const [block] = await blocksOf('### Leave');
    const reason = join(folder, 'reason.pdf');
    await writeFile(reason, '退出');
    const member = ids.get(NEWCOMER) ?? '';
    await pass(await run('dafeng', block?.text ?? '', { MEMBER: member, 'REASON.pdf': reason }));
    const listed = async (): Promise<string[]> =>
      (await run('dafeng', 'npm run -s xinlian -- members --profile data/profile.yaml')).split('\n');
    await until(async () => (await listed()).some((line) => line.includes(member) && line.includes('removed')));

    const surface = `http://${hostOf(NEWCOMER)}:${ports.nodeHttp}`;
    const { logs } = (await (await fetch(`${surface}/info`)).json()) as NodeInfo;
    const { log, size, final } = logs[0] ?? {};
    expect(size).to.equal(final);
    const refused = await publish(NEWCOMER, 5).catch((error: unknown) => error);
    expect(refused).to.be.instanceOf(Error);
    const note = await (await fetch(`${surface}/logs/${log}/checkpoint`)).text();
    expect(parseCheckpoint(parseNote(note).text).size).to.equal(size);
  });
});
