// A clerk's day, over real processes: a file with mistakes, the same file mended, a proof.
import { execFile } from 'node:child_process';
import { readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect } from 'chai';
import { createClient } from '../../gateway/client.ts';
import { fromBase64Url } from '../../node/core/bytes.ts';
import { parseCheckpoint, parseOrigin } from '../../node/core/checkpoint.ts';
import { cosignaturesOf, witnessName } from '../../node/core/cosignature.ts';
import type { Counts, RowOutcome } from '../../node/core/messages/publish.ts';
import type { RecordStatus } from '../../node/core/messages/record.ts';
import { parseNote } from '../../node/core/note.ts';
import { keyFileOf } from '../../node/keys/file-provider.ts';
import { makeUscc } from '../../node/core/uscc.ts';
import { CAST } from '../../scripts/sandbox/cast.ts';
import { keysDirectory, passphraseFile } from '../../scripts/sandbox/consortium.ts';
import { auditFile } from '../../scripts/sandbox/configs.ts';
import { startMonitor } from '../../scripts/sandbox/monitor.ts';
import { sampleFile } from '../../scripts/generate.ts';
import {
  command,
  lastJson,
  nodeInfo,
  readLog,
  startConsortium,
  until,
  xinlian,
  type TestConsortium,
} from '../helpers/consortium.ts';

interface PublishResult extends Counts {
  faults: { row: number; line: number; field?: string; code: string; wanted: string; got: string }[];
}

const PACKS = fileURLToPath(new URL('../../docs/packs', import.meta.url));
const ROWS = 1_000;
const SEED = 7;

const write = async (path: string, bad: number): Promise<string> => {
  const text = [...sampleFile({ rows: ROWS, seed: SEED, item: 'xk', format: 'csv', bad })].join('');
  await writeFile(path, text);
  return path;
};

describe('publishing a file', () => {
  let consortium: TestConsortium;
  let outcomes: RowOutcome[];
  const publish = (file: string, ...more: string[]) =>
    xinlian('publish', file, '--json', '--no-wait', '--profile', consortium.profile('regulator'), ...more);

  const noteOf = async (player: string, log: string) =>
    (await fetch(`${consortium.nodeUrl(player)}/logs/${log}/checkpoint`)).text();

  before(async () => {
    // Every process that is started from here on knows the items of the place.
    process.env['XINLIAN_PACKS'] = PACKS;
    consortium = await startConsortium(['dafeng', 'regulator']);
  });
  after(async () => {
    delete process.env['XINLIAN_PACKS'];
    await (consortium as TestConsortium | undefined)?.stop();
  });

  it('changes nothing in a dry run, and tells what it would do', async () => {
    const result = await publish(await write(join(consortium.data, 'dry.csv'), 5), '--dry-run');
    expect(result.code, result.stderr).to.equal(2);
    expect(lastJson(result)).to.include({ rows: ROWS, published: 995, rejected: 5 });
    expect((await nodeInfo(consortium, 'regulator')).logs[0]?.size).to.equal(0);
  });

  it('publishes 995 rows of 1,000 and names the five that are bad', async () => {
    const list = join(consortium.data, 'outcomes.ndjson');
    const result = await publish(await write(join(consortium.data, 'bad.csv'), 5), '--outcomes', list);
    expect(result.code, result.stderr).to.equal(2);
    const summary = lastJson(result) as PublishResult;
    expect(summary).to.include({ rows: ROWS, published: 995, rejected: 5, unchanged: 0, corrected: 0 });
    expect(new Set(summary.faults.map(({ row }) => row)).size).to.equal(5);
    expect(new Set(summary.faults.map(({ code }) => code)).size).to.be.at.least(4);
    for (const { line, row, wanted } of summary.faults) {
      expect(line).to.equal(row + 1);
      expect(wanted).to.not.equal('');
    }
    outcomes = (await readFile(list, 'utf8'))
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as RowOutcome);
    expect(outcomes).to.have.length(ROWS);
  });

  it('publishes exactly five when the file is sent again mended', async () => {
    const mended = await write(join(consortium.data, 'mended.csv'), 0);
    const result = await publish(mended);
    expect(result.code, result.stderr).to.equal(0);
    expect(lastJson(result)).to.include({ published: 5, unchanged: 995, rejected: 0 });
    const again = await publish(mended);
    expect(lastJson(again)).to.include({ published: 0, unchanged: ROWS });
    const entries = await readLog(consortium, 'regulator');
    await until(
      async () => (await readLog(consortium, 'regulator')).filter(({ kind }) => kind === 'publish').length === ROWS,
    );
    expect(entries.filter(({ kind }) => kind === 'supersede')).to.be.empty;
  });

  it('takes a changed row as a correction that supersedes, and shows both versions', async () => {
    const [first = ''] = sampleFile({ rows: 1, seed: SEED, item: 'xk', format: 'ndjson' });
    const row = JSON.parse(first) as Record<string, string>;
    const file = join(consortium.data, 'corrected.ndjson');
    await writeFile(file, `${JSON.stringify({ ...row, BZ: '更正' })}\n`);
    expect(lastJson(await publish(file))).to.include({ corrected: 1, published: 0 });
    const id = outcomes[0]?.record ?? '';
    const shown = await xinlian('record', id, '--json', '--profile', consortium.profile('regulator'));
    const { versions } = lastJson(shown) as RecordStatus;
    expect(versions.map(({ status }) => status)).to.deep.equal(['superseded', 'live']);
  });

  it('takes an item of a local catalogue, which no code knows, from its file to the public register and a proof', async () => {
    const file = join(consortium.data, 'farm.csv');
    const [farm, trace] = [
      makeUscc({ authority: '9', category: '3', region: '320904', body8: 'MA1FARM2' }),
      'ZS-2026-0001',
    ];
    const row = (code: string, result: string): string =>
      `大丰某合作社,法人及非法人组织,${farm},${code},草莓,大丰区大中街道,2026-10-08,${result},,长期`;
    const head = '企业名称,主体类别,统一社会信用代码,追溯码,产品名称,产地,检测日期,检测结果,检测机构,有效期至';
    await writeFile(file, `${[head, row(trace, '合格'), row('ZS-2026-0002', '很好')].join('\n')}\n`);
    const sent = lastJson(await publish(file, '--item', 'nc')) as PublishResult;
    expect(sent).to.include({ published: 1, rejected: 1 });
    expect(sent.faults[0]).to.include({ row: 2, field: 'NC_JCJG', got: '很好' });

    const client = createClient({ baseUrl: consortium.gatewayUrl('dafeng') });
    const search = async () => (await client.searchPublic({ query: { number: trace } })).records;
    await until(async () => (await search()).length > 0);
    const [found] = await search();
    expect(found?.itemName).to.deep.equal({ zh: '食用农产品追溯信息', en: 'Tracing of farm products' });

    const bundle = join(consortium.data, 'farm.bundle.json');
    const profile = ['--profile', consortium.profile('regulator')];
    const made = await xinlian('bundle', found!.record, '--out', bundle, ...profile);
    expect(made.code, made.stderr).to.equal(0);
    const verified = await xinlian('verify', bundle, '--json', '--gateway', consortium.gatewayUrl('dafeng'));
    expect(verified.code, verified.stderr).to.equal(0);
  });

  it('has two of the council change a member’s roles, each over its own node', async () => {
    const as = (player: string, ...args: string[]) =>
      command('council', ...args, '--profile', consortium.profile(player));
    const tax = CAST.find(({ key }) => key === 'tax')!;
    const proposed = await as('regulator', 'propose', 'set-roles', tax.uscc, '--roles', 'source,auditor');
    expect(proposed.code, proposed.stderr).to.equal(0);
    const id = proposed.stdout.trim();
    await until(async () => (await as('dafeng', 'list')).stdout.includes(id));
    expect((await as('dafeng', 'show', id)).stdout).to.include(`let ${tax.id} be source, auditor`);
    const voted = await as('dafeng', 'vote', id, '--yes');
    expect(voted.code, voted.stderr).to.equal(0);
    expect(voted.stderr).to.include('in force');
    const client = createClient({ baseUrl: consortium.gatewayUrl('dafeng') });
    await until(async () => (await client.getMember({ params: { member: tax.id } })).roles.includes('auditor'));
    expect((await as('dafeng', 'show', id)).stderr).to.include('NOT_FOUND');
  });

  it('has its checkpoints cosigned by who is there, whoever is away', async () => {
    const { logs } = await nodeInfo(consortium, 'regulator');
    const log = logs[0]?.log ?? '';
    const witness = CAST.find(({ key }) => key === 'dafeng')!.id;
    const { chainId, logAnchor } = parseOrigin(parseCheckpoint(parseNote(await noteOf('regulator', log)).text).origin);
    const { keys } = await createClient({ baseUrl: consortium.gatewayUrl('dafeng') }).getMember({
      params: { member: witness },
    });
    const name = witnessName({ chainId, logAnchor }, witness);
    const cosigner = { name, publicKey: fromBase64Url(keys.checkpoint ?? '', 32) };
    await until(async () => cosignaturesOf(await noteOf('regulator', log), [cosigner]).length === 1);
    // The witness shows what it saw, with its cosignature, to whoever looks for a split view.
    const seen = await noteOf('dafeng', `witness/${witness}/${log}`);
    expect(cosignaturesOf(seen, [cosigner])).to.have.length(1);
    const conflicts = await fetch(`${consortium.nodeUrl('dafeng')}/logs/witness/${witness}/${log}/conflicts`);
    expect(await conflicts.json()).to.deep.equal({ conflicts: [] });
  });

  it('becomes final, and its bundle verifies offline; a changed byte does not', async () => {
    const id = outcomes.find(({ outcome, row }) => outcome === 'published' && row > 1)?.record ?? '';
    await until(async () => {
      const shown = await xinlian('record', id, '--json', '--profile', consortium.profile('regulator'));
      return (lastJson(shown) as RecordStatus).state === 'final';
    });
    const file = join(consortium.data, 'bundle.json');
    const made = await xinlian('bundle', id, '--out', file, '--profile', consortium.profile('regulator'));
    expect(made.code, made.stderr).to.equal(0);
    const verified = await xinlian('verify', file);
    expect(verified.code, verified.stdout + verified.stderr).to.equal(0);

    const { anchor, ...pending } = JSON.parse(await readFile(file, 'utf8')) as { anchor: object; position: number };
    const early = join(consortium.data, 'pending.json');
    await writeFile(early, JSON.stringify(pending));
    const upgraded = await xinlian('bundle', '--upgrade', early, '--profile', consortium.profile('regulator'));
    expect(upgraded.code, upgraded.stderr).to.equal(0);
    const known = await xinlian('verify', early, '--json', '--gateway', consortium.gatewayUrl('dafeng'));
    expect(lastJson(known), known.stdout).to.deep.include({ ok: true });

    const text = join(consortium.data, 'record.tlog-proof');
    await xinlian('bundle', id, '--format', 'tlog-proof', '--out', text, '--profile', consortium.profile('regulator'));
    const gateway = consortium.gatewayUrl('dafeng');
    const witnessed = await xinlian('verify', text, '--gateway', gateway, '--quorum', '1');
    expect(witnessed.code, witnessed.stdout + witnessed.stderr).to.equal(0);

    const bundle = { ...pending, anchor };
    await writeFile(file, JSON.stringify({ ...bundle, position: bundle.position + 1 }));
    const refused = await xinlian('verify', file);
    expect(refused.code).to.equal(1);
    expect(refused.stdout).to.match(/inclusion/);
  });

  it('is watched by an audit that goes on, whose metrics tell how far it is and that nothing was found', async () => {
    const monitor = await startMonitor(consortium.data, () => {});
    try {
      const told = async (name: string): Promise<number> =>
        Number(new RegExp(`^xinlian_audit_${name} (\\d+)$`, 'm').exec(await (await fetch(monitor.metricsUrl)).text())?.[1]); // prettier-ignore
      await until(async () => (await told('entries')) >= ROWS);
      expect(await told('block')).to.be.above(0);
      expect(await told('findings')).to.equal(0);
    } finally {
      await monitor.stop();
    }
  });

  it('opens to an auditor when its records were decided', async () => {
    // What it opens to an auditor is what it logged; what was due before it was here is nobody's to judge.
    const opened = join(consortium.data, 'records.ndjson');
    const exported = await xinlian('records', 'export', opened, '--profile', consortium.profile('regulator'));
    expect(exported.stdout).to.match(new RegExp(`^${ROWS} records of `));
    const late = await xinlian('audit', 'late', 'administrative-licence', '--contracts', auditFile(consortium.data), '--records', opened, '--json'); // prettier-ignore
    expect(late.code, late.stdout + late.stderr).to.equal(0);
  });

  it('goes on with its log after the node’s database was lost, from an archive', async () => {
    const standing = async () => (await nodeInfo(consortium, 'regulator')).logs[0];
    const settled = async (): Promise<boolean> => {
      const log = await standing();
      return log !== undefined && log.final === log.size;
    };
    await until(settled);
    const { log, size } = (await standing())!;
    const [archives, mirror] = ['archives', 'mirror'].map((name) => join(consortium.data, name)) as [string, string];
    const profile = ['--profile', consortium.profile('regulator')];
    const made = await xinlian('archive', 'make', log, archives, ...profile);
    expect(made.code, made.stderr).to.equal(0);
    const restored = await xinlian('archive', 'restore', join(archives, log), mirror);
    expect(restored.code, restored.stderr).to.equal(0);

    const node = consortium.nodes.get('regulator')!;
    await node.stop();
    await rm(join(consortium.data, 'nodes/regulator/db'), { recursive: true });
    const config = join(consortium.data, 'config/node-regulator.yaml');
    await promisify(execFile)(process.execPath, ['scripts/restore-log.ts', config, join(mirror, log)]);
    await node.start();
    await until(async () => (await standing())?.log === log);
    const published = async () => (await readLog(consortium, 'regulator')).filter(({ kind }) => kind === 'publish');
    const before = (await published()).length;
    const file = join(consortium.data, 'later.csv');
    await writeFile(file, [...sampleFile({ rows: 3, seed: 99, item: 'xk', format: 'csv' })].join(''));
    expect(lastJson(await publish(file))).to.include({ published: 3 });
    await until(async () => ((await standing())?.final ?? 0) > size + 3);
    expect(before).to.be.at.least(ROWS);
    expect(await published()).to.have.length(before + 3);
  });

  it('goes on under new keys when a member has replaced its own, and what the old ones signed still verifies', async () => {
    const { id } = CAST.find(({ key }) => key === 'regulator')!;
    const own = keyFileOf(keysDirectory(consortium.data), id);
    const next = join(consortium.data, 'next.json');
    const profile = ['--profile', consortium.profile('regulator')];
    const kinds = ['checkpoint', 'client', 'nodePeer', 'account'];
    const passphrase = ['--passphrase-file', passphraseFile(consortium.data)];
    const renewed = await command('keys', 'renew', ...kinds, '--from', own, '--out', next, ...passphrase);
    expect(renewed.code, renewed.stderr).to.equal(0);
    const { checkpoint } = JSON.parse(renewed.stdout) as { checkpoint: string };
    const publishRows = async (seed: number): Promise<string> => {
      const file = join(consortium.data, `keys-${seed}.csv`);
      const list = join(consortium.data, `keys-${seed}.ndjson`);
      await writeFile(file, [...sampleFile({ rows: 3, seed, item: 'xk', format: 'csv' })].join(''));
      expect(lastJson(await publish(file, '--outcomes', list))).to.include({ published: 3 });
      const [first = ''] = (await readFile(list, 'utf8')).split('\n');
      return (JSON.parse(first) as RowOutcome).record ?? '';
    };
    /** Of its anchored proof: one without an anchor is judged by the key of today. */
    const signerOf = async (record: string): Promise<string> => {
      const file = join(consortium.data, `keys-${record}.json`);
      let bundle: { anchor?: object; signer: { key: string } } | undefined;
      await until(async () => {
        const made = await command('bundle', record, '--out', file, ...profile);
        if (made.code === 0) bundle = JSON.parse(await readFile(file, 'utf8')) as typeof bundle;
        return bundle?.anchor !== undefined;
      });
      const verified = await command('verify', file, '--json', '--gateway', consortium.gatewayUrl('dafeng'));
      expect(lastJson(verified), verified.stdout).to.deep.include({ ok: true });
      return bundle?.signer.key ?? '';
    };
    const before = await publishRows(201);
    expect(await signerOf(before)).to.not.equal(checkpoint);

    const rotated = await command('member', 'rotate-keys', next, '--yes', ...profile);
    expect(rotated.code, rotated.stderr).to.equal(0);
    expect(JSON.parse(rotated.stdout)).to.deep.equal({ rotated: kinds });
    const node = consortium.nodes.get('regulator')!;
    await node.stop();
    await rename(next, own);
    await node.start();
    const after = await publishRows(202);
    expect(await signerOf(after)).to.equal(checkpoint);
    const kept = join(consortium.data, `keys-${before}.json`);
    const still = await command('verify', kept, '--json', '--gateway', consortium.gatewayUrl('dafeng'));
    expect(lastJson(still), still.stdout).to.deep.include({ ok: true });
    const audited = await command('audit', '--contracts', auditFile(consortium.data), '--json');
    expect(audited.code, audited.stdout).to.equal(0);
  });
});
