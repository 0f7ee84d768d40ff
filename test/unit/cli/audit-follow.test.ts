// `xinlian audit --follow`, against a real engine and mirrors that begin to lie.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { ed25519 } from '@noble/curves/ed25519.js';
import { expect } from 'chai';
import { run } from '../../../gateway/cli/program.ts';
import { toBase64, utf8 } from '../../../node/core/bytes.ts';
import { encodeCheckpoint } from '../../../node/core/checkpoint.ts';
import { parseNote, signNote } from '../../../node/core/note.ts';
import { digest, TestConsortium } from '../../helpers/consortium-on-anvil.ts';
import { until } from '../../helpers/consortium.ts';
import { noteOf } from '../../helpers/history.ts';
import { LAST_SECRET, playHonestly, type HonestHistory } from '../../helpers/honest-history.ts';
import { serveFiles, writeMirror, type FileServer } from '../../helpers/log-mirror.ts';

const CLI = fileURLToPath(new URL('../../../gateway/cli/main.ts', import.meta.url));

interface Told {
  alert: string;
  rule?: string;
  evidenceFile?: string;
  [name: string]: unknown;
}

describe('xinlian audit --follow', () => {
  let consortium: TestConsortium;
  let honest: HonestHistory;
  let folder: string;
  let mirror: string;
  let other: FileServer;
  let flags: string[];

  before(async () => {
    consortium = await TestConsortium.start();
    honest = await playHonestly(consortium);
  });
  after(() => consortium.stop());
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'xinlian-follow-'));
    mirror = join(folder, 'mirror');
    await writeMirror(mirror, honest.history);
    await writeMirror(join(folder, 'other'), honest.history);
    other = await serveFiles(join(folder, 'other'));
    const contracts = join(folder, 'contracts.json');
    await writeFile(contracts, JSON.stringify(honest.history.contracts));
    flags = ['--rpc', consortium.anvil.url, '--contracts', contracts, '--depth', '1', '--mirror', mirror];
    flags.push('--state', join(folder, 'state'));
  });
  afterEach(async () => {
    await other.stop();
    await rm(folder, { recursive: true, force: true });
  });

  async function xinlian(
    args: string[],
    stop = new AbortController(),
  ): Promise<{ code: number; out: string[]; said: string[] }> {
    // prettier-ignore
    const out: string[] = [];
    const said: string[] = [];
    const terminal = { env: {}, out: (text: string) => out.push(text), say: (text: string) => said.push(text) };
    const rest = { stderr: new PassThrough(), ask: undefined, prompt: undefined, fetch, signal: stop.signal };
    const running = run(args, { ...terminal, ...rest });
    live = { out, said };
    return { code: await running, out, said };
  }

  /** What the run that goes on has told so far. */
  let live: { out: string[]; said: string[] };
  const alerts = (): Told[] => live.out.map((line) => JSON.parse(line) as Told);

  async function metric(name: string): Promise<number> {
    const url = live.said.find((line) => line.startsWith('metrics at '))?.slice('metrics at '.length) ?? '';
    const text = await (await fetch(url)).text();
    return Number(new RegExp(`^${name} (\\S+)$`, 'm').exec(text)?.[1]);
  }

  /** Begins to follow, with metrics, and waits for the first round. */
  async function following(...more: string[]): Promise<() => Promise<number>> {
    const stop = new AbortController();
    const ended = xinlian(['audit', ...flags, '--follow', '--every', '0.05', '--metrics', '127.0.0.1:0', ...more], stop); // prettier-ignore
    await until(async () => (await metric('xinlian_audit_block')) > 0);
    return async () => {
      stop.abort();
      return (await ended).code;
    };
  }

  /** A checkpoint of the long log, of more entries than were anchored and another root. */
  async function forgedNote(more: number): Promise<string> {
    const { text } = parseNote(noteOf(honest.history, honest.long.log));
    const [origin = '', size = ''] = text.split('\n');
    const checkpoint = encodeCheckpoint({ origin, size: Number(size) + more, root: digest(`fork ${more}`) });
    const publicKey = ed25519.getPublicKey(LAST_SECRET);
    return signNote(checkpoint, { name: origin, publicKey, sign: (message) => ed25519.sign(message, LAST_SECRET) });
  }

  it('is silent while all is well, and tells a split view with both notes when there is one', async () => {
    const evidence = join(folder, 'evidence');
    const stop = await following('--also', `${other.url}/{log}`, '--evidence', evidence);
    expect(alerts()).to.deep.equal([]);
    expect(await metric('xinlian_audit_findings')).to.equal(0);
    const notes = [await forgedNote(5), await forgedNote(9)];
    const path = join(honest.long.log, 'checkpoint');
    await writeFile(join(folder, 'other', path), notes[0]!);
    await writeFile(join(mirror, path), notes[1]!);
    await until(async () => alerts().some(({ rule }) => rule === 'split-view'));
    const told = alerts().find(({ rule }) => rule === 'split-view')!;
    expect(told).to.include({ alert: 'finding', log: honest.long.log, member: honest.long.owner });
    expect(told['notes']).to.have.members(notes);
    const kept = JSON.parse(await readFile(join(evidence, told.evidenceFile!), 'utf8')) as {
      anchors: { size: number }[];
      served: { path: string; bytes: string }[];
    };
    const shown = kept.served.filter((file) => file.path === 'checkpoint').map(({ bytes }) => bytes);
    expect(shown).to.have.members(notes.map((note) => toBase64(utf8(note))));
    expect(kept.anchors.at(-1)?.size).to.equal(804);
    const count = alerts().length;
    const rounds = await metric('xinlian_audit_rounds_total{complete="true"}');
    await until(async () => (await metric('xinlian_audit_rounds_total{complete="true"}')) > rounds + 2);
    expect(alerts(), 'each is told once').to.have.length(count);
    expect(await stop()).to.equal(1);
    const again = await following('--also', `${other.url}/{log}`);
    expect(alerts(), 'nor again after a restart').to.deep.equal([]);
    expect(await again()).to.equal(1);
  });

  it('flags what is done in the first block after a stall, and goes on with what could not be read', async () => {
    const stop = await following('--stall', '600');
    const { long } = honest;
    await rm(join(mirror, long.log, 'checkpoint'));
    await until(async () => alerts().some(({ alert, what }) => alert === 'unread' && String(what).includes(long.log)));
    await consortium.anvil.call('evm_increaseTime', 5_000);
    await consortium.writer(consortium.bodies[0]!).setEndpoints('{}');
    await until(async () => alerts().some(({ alert }) => alert === 'act-after-stall'));
    const stall = alerts().find(({ alert }) => alert === 'stall');
    const act = alerts().find(({ alert }) => alert === 'act-after-stall');
    expect(stall?.['seconds']).to.be.at.least(5_000);
    expect(act).to.include({ act: 'EndpointsChanged', member: consortium.bodies[0]!.id, block: stall?.['block'] });
    expect(await metric('xinlian_audit_stalls')).to.equal(1);
    expect(await stop()).to.equal(0);
  });

  it('goes on after kill −9, to the digest of an audit that began anew', async () => {
    const args = [CLI, 'audit', ...flags, '--follow', '--every', '0.05'];
    const child = spawn(process.execPath, args, { stdio: 'ignore' });
    await until(async () => existsSync(join(folder, 'state')));
    await consortium.mine(3);
    child.kill('SIGKILL');
    await once(child, 'close');
    const resumed = await xinlian(['audit', ...flags, '--json']);
    const anew = await xinlian(['audit', ...flags.filter((flag, i) => flag !== '--state' && flags[i - 1] !== '--state'), '--json']); // prettier-ignore
    const digestOf = ({ out }: { out: string[] }): unknown => (JSON.parse(out.join('')) as { digest: string }).digest;
    expect(digestOf(resumed)).to.equal(digestOf(anew));
    expect([resumed.code, anew.code]).to.deep.equal([0, 0]);
  });

  it('refuses flags that make no sense beside it', async () => {
    for (const bad of [
      ['--json'],
      ['--block', '5'],
      ['--every', '0'],
      ['--stall', 'x'],
      ['--metrics', 'nowhere'],
      ['--html', 'x'],
    ]) {
      // prettier-ignore
      const { code, said } = await xinlian(['audit', ...flags, '--follow', ...bad]);
      expect(code, bad.join(' ')).to.equal(2);
      expect(said.join('\n'), bad.join(' ')).to.include('MALFORMED');
    }
  });
});
