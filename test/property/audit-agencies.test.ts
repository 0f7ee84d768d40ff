// Agencies that lie in their own logs, with every hash and signature in order: the entries themselves give them away.
import { expect } from 'chai';
import { ed25519 } from '@noble/curves/ed25519.js';
import type { AuditResult } from '../../node/audit/audit.ts';
import { u64, utf8, type Hex } from '../../node/core/bytes.ts';
import { encodeCheckpoint } from '../../node/core/checkpoint.ts';
import { cosign, witnessName } from '../../node/core/cosignature.ts';
import { encodeEntry, type Entry } from '../../node/core/entry.ts';
import { leafHash } from '../../node/core/merkle.ts';
import { parseNote, signNote } from '../../node/core/note.ts';
import { filesOf } from '../helpers/log-files.ts';
import { digest, fund, TestConsortium } from '../helpers/consortium-on-anvil.ts';
import { auditHistory, noteOf, record, signingBody, TestLog, type History } from '../helpers/history.ts';
import { now, publishes } from '../helpers/honest-history.ts';
import { signerOf } from '../helpers/small-log.ts';
import { admitByVote } from '../../node/chain/deploy.ts';

describe('an audit of an agency that lies in its own log', () => {
  let consortium: TestConsortium;
  let snapshot: string;
  const body = signingBody(7);
  const other = signingBody(8);

  before(async () => {
    consortium = await TestConsortium.start();
    for (const { signer, admission } of [body, other]) {
      await fund(consortium.anvil, signer.address);
      await admitByVote(consortium.contracts, admission, consortium.council());
    }
    snapshot = await consortium.anvil.call('evm_snapshot');
  });
  after(() => consortium.stop());
  beforeEach(async () => {
    await consortium.anvil.call('evm_revert', snapshot);
    snapshot = await consortium.anvil.call('evm_snapshot');
  });

  const time = now();
  const sound = publishes(10, time);
  const supersede = (ref: number, members: Partial<Entry> = {}): Entry =>
    ({ kind: 'supersede', time, item: 'xk', edition: '2024', commitment: digest('new'), ref, ...members }) as Entry;

  /** A log of these entries under one anchor. @param closing whether a true status entry covers them */
  async function logOf(entries: readonly Entry[], closing = true): Promise<{ log: TestLog; history: History }> {
    const log = await TestLog.open(consortium, body);
    await log.append(entries);
    await (closing ? log.sign(time) : log.signAsItIs());
    await log.anchor();
    return { log, history: await record(consortium, [log]) };
  }

  function expectOnly({ findings, complete }: AuditResult, log: TestLog, rule: string, position: number): void {
    expect(findings.map(({ rule }) => rule)).to.deep.equal([rule]);
    expect(findings[0]).to.include({ log: log.id, member: body.id, position, evidence: 'log' });
    expect(findings[0]).to.not.have.property('source');
    expect(complete).to.equal(true);
  }

  const cases: [what: string, rule: string, position: number, entries: Entry[], closing?: false][] = [
    ['superseded twice', 'ref-changed-before', 11, [...sound, supersede(2), supersede(2)]],
    [
      'annulled and then superseded',
      'ref-changed-before',
      11,
      [...sound, { kind: 'annul', time, ref: 2 }, supersede(2)],
    ],
    ['changes what comes later', 'ref-not-before', 10, [...sound, supersede(40)]],
    ['changes itself', 'ref-not-before', 10, [...sound, supersede(10)]],
    ['changes what is no record', 'ref-not-record', 11, [...sound, { kind: 'annul', time, ref: 1 }, supersede(10)]],
    ['superseded by another item', 'ref-other-item', 10, [...sound, supersede(1)]],
    [
      'older than the one before',
      'time-backwards',
      10,
      [...sound, ...publishes(1, time - 60, 5), ...publishes(1, time - 60, 6)],
    ],
    ['younger than its block', 'time-ahead', 0, publishes(1, time + 4_000)],
    ['no status entry at the end', 'checkpoint-without-status', 9, sound, false],
    [
      'a status that is made up',
      'status-root',
      10,
      [...sound, { kind: 'status', time, root: digest('made up') }],
      false,
    ],
    ['a status that hides a change', 'status-root', 11, [...sound, supersede(2), { kind: 'status', time, root: new Uint8Array(32) }], false], // prettier-ignore
  ];
  for (const [what, rule, position, entries, closing] of cases) {
    it(`names an entry: ${what}`, async () => {
      const { log, history } = await logOf(entries, closing ?? true);
      const result = await auditHistory(history);
      if (rule === 'time-ahead') {
        // Its status entry is older again.
        expect(result.findings.map((finding) => finding.rule)).to.deep.equal(['time-ahead', 'time-backwards']);
      } else {
        expectOnly(result, log, rule, position);
      }
    });
  }

  it('names a range of entries that were anchored late', async () => {
    const { log, history } = await logOf([...publishes(10, time - 90_000)]);
    const result = await auditHistory(history);
    expectOnly(result, log, 'anchored-late', 0);
    expect(result.findings[0]).to.include({ end: 10, severity: 'irregularity' });
  });

  it('names bytes that are no entry', async () => {
    const log = await TestLog.open(consortium, body);
    const unknown = utf8('{"kind":"wish","suite":"intl-1","time":1,"v":1}');
    const status = encodeEntry({ kind: 'status', time, root: new Uint8Array(32) });
    const served = await filesOf([...sound.map(encodeEntry), unknown, status], { log: log.id, contracts: consortium.contracts, secret: body.secret }); // prettier-ignore
    await consortium.writer(body).anchor({ log: log.id, size: served.size, root: served.root, proof: [] });
    const { blocks, contracts } = await record(consortium, []);
    expectOnly(
      await auditHistory({ contracts, blocks, logs: new Map([[log.id, served.files]]) }),
      log,
      'entry-unreadable',
      10,
    );
  });

  it('names a log that was rewritten and served in a piece, and up to where it is the old one', async () => {
    const { log } = await logOf(sound);
    await log.append(publishes(20, time, 2));
    await log.sign(time);
    await log.anchor();
    await log.append(publishes(20, time, 3));
    await log.sign(time);
    await log.anchor();
    const history = await record(consortium, [log]);
    const entries = [...sound, { kind: 'status' as const, time, root: new Uint8Array(32) }, ...publishes(20, time, 9)];
    const all = [...entries, ...publishes(22, time, 4)].map(encodeEntry);
    const forged = await filesOf(all, { log: log.id, contracts: history.contracts, secret: body.secret });
    const result = await auditHistory({ ...history, logs: new Map([[log.id, forged.files]]) });
    const rewritten = result.findings.find(({ rule }) => rule === 'log-rewritten');
    expect(rewritten).to.include({ log: log.id, member: body.id, source: `mirror/${log.id}`, position: 11, end: 32 });
    expect(result.findings.map(({ rule }) => rule)).to.have.members(['log-rewritten', 'note-root']);
    expect(result.complete).to.equal(false);
    expect(result.logs[0]?.proven).to.equal(11);
  });

  /** The history with another checkpoint served. */
  async function withNote(history: History, log: TestLog, note: string): Promise<AuditResult> {
    const files = new Map(history.logs.get(log.id));
    files.set('checkpoint', utf8(note));
    return auditHistory({ ...history, logs: new Map([[log.id, files]]) });
  }

  const sign = (text: string, secret: Uint8Array): Promise<string> =>
    signNote(text, {
      name: text.slice(0, text.indexOf('\n')),
      publicKey: ed25519.getPublicKey(secret),
      sign: (message) => ed25519.sign(message, secret),
    });

  it('names a checkpoint by another member’s key', async () => {
    const { log, history } = await logOf(sound);
    const { text } = parseNote(Buffer.from(history.logs.get(log.id)!.get('checkpoint')!).toString());
    const result = await withNote(history, log, await sign(text, other.secret));
    expect(result.findings.map(({ rule }) => rule)).to.deep.equal(['note-signature']);
    expect(result.findings[0]?.got).to.include(other.id);
    const stranger = await withNote(history, log, await sign(text, digest('nobody')));
    expect(stranger.findings[0]?.got).to.equal('none that holds');
  });

  it('names a key that signs after its tenure', async () => {
    const log = await TestLog.open(consortium, body);
    await log.append(sound);
    await log.sign(time);
    await consortium.writer(body).rotateKey('checkpoint', ed25519.getPublicKey(digest('next')));
    await consortium.mine();
    await log.anchor();
    const result = await auditHistory(await record(consortium, [log]));
    expect(result.findings.map(({ rule }) => rule)).to.deep.equal(['note-key-retired']);
    expect(result.findings[0]).to.include({ member: body.id, log: log.id });
  });

  it('names a checkpoint that shows another log than was anchored: a split view', async () => {
    const { log, history } = await logOf(sound);
    const [origin = '', size = ''] = noteLines(history, log);
    const text = encodeCheckpoint({ origin, size: Number(size), root: leafHash(u64(1)) });
    const same = await withNote(history, log, await sign(text, body.secret));
    expect(same.findings.map(({ rule }) => rule)).to.deep.equal(['note-root']);
    const smaller = encodeCheckpoint({ origin, size: Number(size) - 1, root: leafHash(u64(1)) });
    const behind = await withNote(history, log, await sign(smaller, body.secret));
    expect(behind.findings.map(({ rule }) => rule)).to.include.members(['note-behind']);
    const larger = encodeCheckpoint({ origin, size: Number(size) + 9, root: leafHash(u64(1)) });
    const ahead = await withNote(history, log, await sign(larger, body.secret));
    expect(ahead.findings.map(({ rule }) => rule)).to.include.members(['note-not-extending']);
  });

  it('takes a checkpoint that is newer than the last anchor, unless it is a day old', async () => {
    const { log } = await logOf(sound);
    await log.append(publishes(5, time, 2));
    await log.sign(time);
    const fresh = await record(consortium, [log]);
    expect((await auditHistory(fresh)).findings).to.deep.equal([]);
    await consortium.anvil.call('evm_increaseTime', 100_000);
    await consortium.mine();
    const stale = await auditHistory(await record(consortium, [log]));
    expect(stale.findings.map(({ rule }) => rule)).to.deep.equal(['note-unanchored']);
  });

  it('finds that two sources were shown logs that part, and keeps both notes', async () => {
    const { log, history } = await logOf(sound);
    const anchored = [...sound, { kind: 'status' as const, time, root: new Uint8Array(32) }];
    const fork = async (count: number, seed: number): Promise<History['logs']> => {
      const entries = [...anchored, ...publishes(count, time, seed)].map(encodeEntry);
      const { files } = await filesOf(entries, { log: log.id, contracts: history.contracts, secret: body.secret });
      return new Map([[log.id, files]]);
    };
    const [one, longer, other] = [await fork(5, 2), await fork(9, 2), await fork(7, 3)];
    const even = await fork(5, 4);
    const same = await auditHistory({ ...history, logs: one }, { also: { second: one, third: longer } });
    expect(same.findings).to.deep.equal([]);
    for (const [main, also] of [
      [one, other],
      [other, one],
      [longer, other],
      [one, even],
    ] as const) {
      const { findings, complete } = await auditHistory({ ...history, logs: main }, { also: { second: also } });
      expect(findings.map(({ rule }) => rule)).to.deep.equal(['split-view']);
      expect(findings[0]).to.include({ log: log.id, member: body.id });
      expect(findings[0]?.source).to.include(`mirror/${log.id}`).and.to.include(`second/${log.id}`);
      const notes = [main, also].map((logs) => Buffer.from(logs.get(log.id)!.get('checkpoint')!).toString());
      expect(findings[0]?.notes).to.have.members(notes);
      expect(complete).to.equal(true);
    }
    const away = await auditHistory({ ...history, logs: one }, { also: { second: new Map() } });
    expect(away).to.deep.include({ findings: [], complete: false });
  });

  it('asks witnesses what they saw and refused, and believes the notes alone', async () => {
    const { log, history } = await logOf(sound);
    const anchored = [...sound, { kind: 'status' as const, time, root: new Uint8Array(32) }];
    const fork = async (count: number, seed: number): Promise<Map<string, Uint8Array>> => {
      const entries = [...anchored, ...publishes(count, time, seed)].map(encodeEntry);
      return (await filesOf(entries, { log: log.id, contracts: history.contracts, secret: body.secret })).files;
    };
    const [older, newer, other] = [await fork(3, 2), await fork(9, 2), await fork(7, 3)];
    const textOf = (files: Map<string, Uint8Array>) => Buffer.from(files.get('checkpoint')!).toString();
    const seen = (note: Uint8Array, conflicts: object[] = []) =>
      new Map([
        ['checkpoint', note],
        ['conflicts', utf8(JSON.stringify({ conflicts }))],
      ]);
    const audited = (first: Map<string, Uint8Array> | undefined) => {
      const logs = new Map([[log.id, newer]]);
      const [asked] = consortium.bodies;
      return auditHistory({ ...history, logs }, { witnesses: (member) => (member === asked!.id ? first : new Map()) });
    };
    const viewOf = ({ logs }: AuditResult) =>
      logs[0]!.witnesses.find(({ member }) => member === consortium.bodies[0]!.id);

    const agreeing = await audited(seen(older.get('checkpoint')!));
    expect(agreeing).to.deep.include({ findings: [], complete: true });
    expect(viewOf(agreeing)).to.deep.include({ size: anchored.length + 3, refused: 0 });
    expect(agreeing.logs[0]!.witnesses).to.have.length.above(1);

    const conflict = { refused: textOf(other), cosigned: textOf(older) };
    for (const files of [seen(other.get('checkpoint')!), seen(older.get('checkpoint')!, [conflict])]) {
      const { findings } = await audited(files);
      expect(new Set(findings.map(({ rule }) => rule))).to.deep.equal(new Set(['split-view', 'note-not-extending']));
      for (const { member, notes } of findings) {
        expect(member).to.equal(body.id);
        expect(notes).to.include(textOf(other));
      }
    }
    expect(viewOf(await audited(seen(older.get('checkpoint')!, [conflict])))).to.include({ refused: 1 });

    // What the owner did not sign says nothing of it, nor does a witness that talks nonsense or is away.
    const forged = utf8(await sign(parseNote(textOf(other)).text, digest('another secret')));
    for (const files of [
      seen(forged, [{ refused: 'x', cosigned: 'y' }]),
      new Map([['conflicts', utf8('[')]]),
      undefined,
    ]) {
      expect(await audited(files)).to.deep.include({ findings: [], complete: true });
    }
    expect(viewOf(await audited(undefined))?.away).to.include('UNREACHABLE');
  });

  it('counts who cosigned a checkpoint, and who could have', async () => {
    const { log, history } = await logOf(sound);
    const { chainId, logAnchor } = history.contracts;
    const name = witnessName({ chainId, logAnchor }, other.id);
    const signer = signerOf(name, other.secret);
    const note = noteOf(history, log.id);
    const line = await cosign(parseNote(note).text, time, signer);
    const good = await withNote(history, log, note + line);
    expect(good.findings).to.deep.equal([]);
    const [audited] = good.logs;
    expect(audited!.cosigned).to.deep.equal([other.id]);
    expect(audited!.notCosigned).to.have.members(consortium.bodies.map(({ id }) => id));
    const bad = await withNote(history, log, note + (await cosign(`${parseNote(note).text}x\n`, time, signer)));
    expect(bad.findings.map(({ rule }) => rule)).to.deep.equal(['note-cosignature']);
    expect(bad.logs[0]!.cosigned).to.deep.equal([]);
  });

  it('does not take a chain of another consortium for this one', async () => {
    const { history } = await logOf(sound);
    const deployment: Hex = `0x${'77'.repeat(32)}`;
    const result = await auditHistory({ ...history, contracts: { ...history.contracts, deployment } });
    expect(result.findings.map(({ rule }) => rule)).to.deep.equal(['log-id']);
  });

  function noteLines(history: History, log: TestLog): string[] {
    return Buffer.from(history.logs.get(log.id)!.get('checkpoint')!).toString().split('\n');
  }
});
