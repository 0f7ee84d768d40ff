// `xinlian audit` and `xinlian logs export`, against a real engine, directories and a file server.
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { expect } from 'chai';
import { run } from '../../../gateway/cli/program.ts';
import { RULES } from '../../../node/audit/rules.ts';
import { TestConsortium } from '../../helpers/consortium-on-anvil.ts';
import { auditHistory } from '../../helpers/history.ts';
import { playHonestly, type HonestHistory } from '../../helpers/honest-history.ts';
import { serveFiles, writeMirror, type FileServer } from '../../helpers/log-mirror.ts';

describe('xinlian audit', () => {
  let consortium: TestConsortium;
  let honest: HonestHistory;
  let digest: string;
  let folder: string;
  let mirror: string;
  let server: FileServer;
  let flags: string[];

  before(async () => {
    consortium = await TestConsortium.start();
    honest = await playHonestly(consortium);
    digest = (await auditHistory(honest.history)).digest;
  });
  after(() => consortium.stop());
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'xinlian-audit-'));
    mirror = join(folder, 'mirror');
    await writeMirror(mirror, honest.history);
    server = await serveFiles(mirror);
    await writeFile(join(folder, 'contracts.json'), JSON.stringify(honest.history.contracts));
    flags = ['--rpc', consortium.anvil.url, '--contracts', join(folder, 'contracts.json'), '--depth', '1'];
  });
  afterEach(async () => {
    await server.stop();
    await rm(folder, { recursive: true, force: true });
  });

  async function xinlian(...args: string[]): Promise<{ code: number; out: string[]; said: string[] }> {
    const out: string[] = [];
    const said: string[] = [];
    const code = await run(args, {
      env: {},
      out: (text) => out.push(...text.split('\n')),
      say: (text) => said.push(...text.split('\n')),
      stderr: new PassThrough(),
      ask: undefined,
      prompt: undefined,
      fetch,
      signal: new AbortController().signal,
    });
    return { code, out, said };
  }

  async function audited(...more: string[]): Promise<{ code: number; told: Record<string, unknown> }> {
    const { code, out, said } = await xinlian('audit', ...flags, '--json', ...more);
    expect(said.join('\n')).to.equal('');
    return { code, told: JSON.parse(out.join('')) as Record<string, unknown> };
  }

  it('is clean on a sound history, wherever the logs are read', async () => {
    for (const where of [
      ['--mirror', mirror],
      ['--logs', `${server.url}/{log}`],
    ]) {
      const { code, told } = await audited(...where);
      expect(code).to.equal(0);
      expect(told).to.include({ ok: true, complete: true, digest });
      expect(told).to.deep.include({ anomalies: [], unread: [] });
    }
    const { code, out } = await xinlian('audit', ...flags, '--mirror', mirror);
    expect(code).to.equal(0);
    expect(out.at(-1)).to.include(digest);
  });

  it('goes on from a state with the same digest, and does not read again what it has read', async () => {
    const state = ['--state', join(folder, 'state'), '--logs', `${server.url}/{log}`];
    const half = honest.history.contracts.block + Math.floor(honest.history.blocks.length / 2);
    await audited(...state, '--block', String(half));
    const { code, told } = await audited(...state);
    expect(code).to.equal(0);
    expect(told).to.include({ digest });
    server.asked.length = 0;
    expect((await audited(...state)).told).to.include({ digest });
    expect(new Set(server.asked.map((path) => path.split('/').at(-1)))).to.deep.equal(new Set(['checkpoint']));
  });

  it('compares what several places show', async () => {
    const also = ['--mirror', mirror, '--also', `${server.url}/{log}`];
    expect((await audited(...also)).told).to.include({ ok: true, digest });
    await rm(join(mirror, honest.short.log, 'checkpoint'));
    const { code, told } = await audited(...also);
    expect(code).to.equal(2);
    expect((told['unread'] as { source: string }[]).map(({ source }) => source)).to.include(
      `${server.url}/${honest.short.log}`,
    );
  });

  it('says 1 and names what is wrong, in JSON, in lines and in the report', async () => {
    const tile = join(mirror, honest.long.log, 'tile/0/001');
    await writeFile(tile, (await readFile(tile)).fill(7, 0, 32));
    const report = join(folder, 'report.html');
    const { code, told } = await audited('--mirror', mirror, '--html', report);
    expect(code).to.equal(1);
    expect(told['ok']).to.equal(false);
    // What is served wrongly is not part of what happened.
    expect(told['digest']).to.equal(digest);
    const [anomaly] = told['anomalies'] as Record<string, unknown>[];
    expect(anomaly).to.include({
      rule: 'tile-wrong',
      log: honest.long.log,
      member: honest.long.owner,
      file: 'tile/0/001',
    });
    const { out } = await xinlian('audit', ...flags, '--mirror', mirror);
    expect(out.join('\n')).to.match(/tile-wrong.*\n.*tile\/0\/001/);
    const html = await readFile(report, 'utf8');
    expect(html)
      .to.include('tile-wrong')
      .and.to.include(digest)
      .and.to.match(/发现异常/);
    expect(html).to.not.match(/<script|<link|src=|href=|url\(/);
  });

  it('says 2 where not everything could be read', async () => {
    await rm(join(mirror, honest.long.log), { recursive: true });
    const { code, told } = await audited('--mirror', mirror);
    expect(code).to.equal(2);
    expect(told).to.include({ ok: false, complete: false });
    expect((told['unread'] as { log: string }[]).map(({ log }) => log)).to.deep.equal([honest.long.log]);
    // Nobody serves anything where the members say.
    const nowhere = await xinlian('audit', ...flags, '--logs', 'http://127.0.0.1:9/{log}');
    expect(nowhere.code).to.equal(2);
    expect(nowhere.out.join('\n')).to.include('NOT READ');
  });

  it('says 2 where the chain cannot be read, or the flags make no sense', async () => {
    const contracts = ['--contracts', join(folder, 'contracts.json')];
    const down = await xinlian('audit', '--rpc', 'http://127.0.0.1:9', ...contracts);
    expect(down.code).to.equal(2);
    expect(down.said.join('\n')).to.include('CHAIN_UNREACHABLE');
    for (const bad of [
      [],
      ['--rpc', consortium.anvil.url],
      [...flags, '--logs', 'ftp://x/{log}'],
      [...flags, '--logs', 'http://x/'],
      [...flags, '--logs', 'http://x/{log}', '--mirror', mirror],
      [...flags, '--block', '-1'],
      [...flags, '--depth', '0'],
      [...flags, '--block-hash', `0x${'11'.repeat(32)}`],
      [...flags, '--chain', 'x'],
      [...flags, '--consensus', 'pow', '--sealers', `0x${'11'.repeat(20)}`],
      [...flags, '--consensus', 'clique'],
      [...flags, '--consensus', 'qbft', '--sealers', '0x11'],
      [...flags, '--sealers', `0x${'11'.repeat(20)}`],
      [...flags, '--also', 'http://x/'],
      [...flags, '--state', join(folder, 's'), '--record', join(folder, 'r')],
    ]) {
      const { code, said } = await xinlian('audit', ...bad);
      expect(code, bad.join(' ')).to.equal(2);
      expect(said.join('\n'), bad.join(' ')).to.include('MALFORMED');
    }
  });

  it('refuses a chain other than the one that the auditor knows', async () => {
    const block = String(honest.history.contracts.block + honest.history.blocks.length - 1);
    const hash = `0x${'11'.repeat(32)}`;
    const { code, told } = await audited('--mirror', mirror, '--block', block, '--block-hash', hash);
    expect(code).to.equal(1);
    expect((told['anomalies'] as { rule: string }[]).map(({ rule }) => rule)).to.deep.equal(['block-trusted']);
  });

  it('records the chain, and audits the record without it', async () => {
    const chain = join(folder, 'chain.ndjson');
    await audited('--mirror', mirror, '--record', chain);
    const contracts = ['--contracts', join(folder, 'contracts.json')];
    const offline = await xinlian('audit', '--chain', chain, ...contracts, '--mirror', mirror, '--json');
    expect(offline.code).to.equal(0);
    expect(JSON.parse(offline.out.join(''))).to.include({ digest });
    await writeFile(chain, (await readFile(chain, 'utf8')).replace('"timestamp":"0x', '"timestamp":"0x1'));
    const forged = await xinlian('audit', '--chain', chain, ...contracts, '--mirror', mirror);
    expect(forged.code).to.equal(1);
    expect(forged.out.join('\n')).to.include('block-hash');
    await writeFile(chain, 'no block\n');
    expect((await xinlian('audit', '--chain', chain, ...contracts)).code).to.equal(2);
  });

  it('lists its rules', async () => {
    const lines = await xinlian('audit', 'rules');
    expect(lines.code).to.equal(0);
    for (const { id, zh } of RULES) expect(lines.out.join('\n')).to.include(id).and.to.include(zh);
    const json = await xinlian('audit', 'rules', '--json');
    expect(json.out.map((line) => (JSON.parse(line) as { id: string }).id)).to.deep.equal(RULES.map(({ id }) => id));
  });

  describe('questions', () => {
    const json = (lines: readonly string[]): Record<string, unknown>[] =>
      lines.map((line) => JSON.parse(line) as Record<string, unknown>);

    it('publishers: who could publish at the end of a block', async () => {
      const first = String(honest.history.contracts.block);
      const before = await xinlian('audit', 'publishers', ...flags, '--block', first, '--json');
      expect(before.code, before.said.join()).to.equal(0);
      expect(json(before.out).map(({ member }) => member)).to.have.members(consortium.bodies.map(({ id }) => id));
      const now = json((await xinlian('audit', 'publishers', ...flags, '--json')).out);
      // The second agency was removed, the first is there, with its log and its last key.
      expect(now.map(({ member }) => member))
        .to.include(honest.long.owner)
        .and.to.not.include(honest.short.owner);
      expect(now.find(({ member }) => member === honest.long.owner)).to.deep.include({ logs: [honest.long.log] });
      expect((await xinlian('audit', 'publishers', ...flags)).out.join('\n')).to.include(honest.long.owner);
    });

    it('entries: all between two positions, proved', async () => {
      const ask = ['audit', 'entries', honest.long.log, '250', '310', ...flags, '--mirror', mirror];
      const { code, out, said } = await xinlian(...ask);
      expect(code, said.join()).to.equal(0);
      expect(json(out).map(({ position }) => position)).to.deep.equal(Array.from({ length: 61 }, (_, i) => 250 + i));
      expect(json(out)[50]).to.have.property('entry').that.includes({ kind: 'supersede', ref: 4 });
      expect(said.join('\n')).to.include('size 804');
      const path = join(mirror, honest.long.log, 'tile/entries/001');
      const bytes = await readFile(path);
      await writeFile(path, bytes.with(100, (bytes[100] ?? 0) ^ 1));
      const forged = await xinlian(...ask);
      expect(forged.code).to.equal(2);
      expect(forged.said.join('\n')).to.include('PROOF_INVALID').and.to.include('entry 256');
      const beyond = await xinlian('audit', 'entries', honest.long.log, '800', '804', ...flags, '--mirror', mirror);
      expect(beyond.said.join('\n')).to.include('within 0 to 804');
    });

    it('history: every version of a record, by any of its positions', async () => {
      for (const position of ['4', '300', '302']) {
        const ask = ['audit', 'history', honest.long.log, position, ...flags, '--mirror', mirror, '--json'];
        const { code, out } = await xinlian(...ask);
        expect(code).to.equal(0);
        expect(json(out)).to.deep.equal([
          { position: 4, item: 'xk', state: 'superseded', by: 300 },
          { position: 300, item: 'xk', state: 'superseded', by: 302 },
          { position: 302, item: 'xk', state: 'live' },
        ]);
      }
      const annulled = await xinlian('audit', 'history', honest.long.log, '7', ...flags, '--mirror', mirror);
      expect(annulled.out).to.deep.equal(['version 1: 7  cf  annulled by 303']);
      const none = await xinlian('audit', 'history', honest.long.log, '301', ...flags, '--mirror', mirror);
      expect(none).to.deep.include({ code: 2, out: [] });
    });

    it('are not answered from a chain that is not sound', async () => {
      const chain = join(folder, 'chain.ndjson');
      await audited('--mirror', mirror, '--record', chain);
      await writeFile(chain, (await readFile(chain, 'utf8')).replace('"timestamp":"0x', '"timestamp":"0x1'));
      const contracts = ['--contracts', join(folder, 'contracts.json')];
      const { code, said } = await xinlian('audit', 'publishers', '--chain', chain, ...contracts);
      expect(code).to.equal(2);
      expect(said.join('\n')).to.include('CHAIN_WRONG').and.to.include('block-hash');
    });
  });

  describe('logs export', () => {
    it('copies a log that can be audited', async () => {
      const copies = join(folder, 'copies');
      for (const log of honest.history.logs.keys()) {
        const { code, out, said } = await xinlian('logs', 'export', log, copies, '--from', `${server.url}/{log}`);
        expect(code, said.join()).to.equal(0);
        expect(out[0]).to.include('entries of');
      }
      const { code, told } = await audited('--mirror', copies);
      expect(code).to.equal(0);
      expect(told).to.include({ digest });
    });

    it('goes on where it was broken off, and keeps full tiles', async () => {
      const { log } = honest.long;
      const from = ['--from', `${server.url}/{log}`];
      const missing = join(mirror, log, 'tile/entries/002');
      const bytes = await readFile(missing);
      await rm(missing);
      const broken = await xinlian('logs', 'export', log, join(folder, 'copies'), ...from);
      expect(broken.code).to.equal(1);
      expect(broken.said.join('\n')).to.include('NOT_FOUND');
      // A copy without a checkpoint is none.
      expect((await audited('--mirror', join(folder, 'copies'))).code).to.equal(2);
      await writeFile(missing, bytes);
      server.asked.length = 0;
      expect((await xinlian('logs', 'export', log, join(folder, 'copies'), ...from)).code).to.equal(0);
      expect(server.asked).to.not.include(`/${log}/tile/entries/000`);
    });

    it('refuses entries that do not give the root', async () => {
      const { log } = honest.short;
      const tiles = join(mirror, log, 'tile/entries/000.p');
      const [partial = ''] = await readdir(tiles);
      const path = join(tiles, partial);
      const bytes = await readFile(path);
      await writeFile(path, bytes.with(40, (bytes[40] ?? 0) ^ 1));
      const { code, said } = await xinlian(
        'logs',
        'export',
        log,
        join(folder, 'copies'),
        '--from',
        `${server.url}/{log}`,
      );
      expect(code).to.equal(1);
      expect(said.join('\n')).to.include('LOG_INCONSISTENT');
    });
  });

  it('tries again what fails for a moment, and gives up on what goes on failing', async () => {
    server.failures.push(503, 429, 500);
    const { code, told } = await audited('--logs', `${server.url}/{log}`);
    expect(code).to.equal(0);
    expect(told).to.include({ digest });
    server.failures.push(403);
    const refused = await audited('--logs', `${server.url}/{log}`);
    expect(refused.code).to.equal(2);
    expect((refused.told['unread'] as { reason: string }[])[0]?.reason).to.include('HTTP 403');
  });
});
