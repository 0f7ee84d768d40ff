import { expect } from 'chai';
import { fromBase64, fromBase64Url, utf8 } from '../../../node/core/bytes.ts';
import { parseCheckpoint } from '../../../node/core/checkpoint.ts';
import { leafHash, verifyConsistency, verifyInclusion } from '../../../node/core/merkle.ts';
import { parseNote } from '../../../node/core/note.ts';
import type { GrantArtefact } from '../../../node/core/grant.ts';
import { parseArtefact } from '../../../node/core/grant.ts';
import { parseRecordId, type RecordId } from '../../../node/core/ids.ts';
import { decodeEntry } from '../../../node/core/entry.ts';
import { verifyStatus } from '../../../node/core/status-tree.ts';
import { AnswerRecords, type CollectedRecords } from '../../../node/exchange/answer-records.ts';
import { RecordProofs } from '../../../node/exchange/record-proofs.ts';
import { builtInCatalogue } from '../../../node/policy/pack.ts';
import type { Batch } from '../../../node/store/store.ts';
import { openAgency, type Agency } from '../../helpers/agency.ts';
import { Exchange, taxRow } from '../../helpers/authorised.ts';
import { LOG } from '../../helpers/bundle.ts';
import { memoryStore } from '../../helpers/memory-store.ts';
import { rejection } from '../../helpers/rejection.ts';
import { company } from '../../helpers/rows.ts';

describe('Records for an answer', () => {
  let exchange: Exchange;
  let agency: Agency;
  let records: AnswerRecords<Batch>;

  beforeEach(async () => {
    exchange = await Exchange.open();
    agency = exchange.agency;
    records = recordsOf(agency);
  });

  function recordsOf({ recordStore, logs, chain }: Agency, catalogue = builtInCatalogue): AnswerRecords<Batch> {
    return new AnswerRecords<Batch>({ records: recordStore, logs, view: chain, catalogue });
  }

  const artefactOf = (months = 24, subject = exchange.subject): GrantArtefact =>
    parseArtefact(exchange.draft({ subject, items: [{ item: 'tax-payment', months }] }).artefact).artefact;

  async function collect({
    months = 24,
    page,
    at = exchange.now(),
    by = records,
  }: { months?: number; page?: number; at?: number; by?: AnswerRecords<Batch> } = {}): Promise<CollectedRecords> {
    const { document } = await exchange.grant();
    const { query } = exchange.query(document, page === undefined ? {} : { page });
    return by.collect(exchange.member, artefactOf(months), query, at);
  }
  const numbersOf = ({ records: parts }: CollectedRecords): string[] =>
    parts.map(({ disclosures }) => {
      const claims = disclosures.map((text) => JSON.parse(Buffer.from(text, 'base64url').toString()) as unknown[]);
      return String(claims.find(([, name]) => name === 'NS_BH')?.[2]);
    });
  const idOf = async (number: string): Promise<RecordId> => {
    const collected = await collect();
    const at = numbersOf(collected).indexOf(number);
    return parseRecordId(collected.records[at]!.record);
  };
  const positionOf = (id: RecordId): number => agency.recordStore.record(id)!.versions.at(-1)!.position;

  /** With the line that every change of status has. */
  const setStatus = (id: RecordId, value: string | null): Promise<void> =>
    agency.commits.run((batch) => {
      const ref = positionOf(id);
      agency.log.append(batch, { kind: 'annul', time: exchange.now(), ref });
      agency.log.setStatus(batch, ref, value === null ? null : utf8(value));
    });

  it('come each with its proof under one checkpoint', async () => {
    const { log, records: parts, none, more } = await collect();
    expect([parts.length, none, more]).to.deep.equal([2, [], false]);
    const { size, root } = parseCheckpoint(parseNote(log.checkpoint).text);
    const proof = (hashes: string[]) => hashes.map((hash) => fromBase64(hash));
    const last = fromBase64Url(log.status.entry);
    verifyInclusion({ index: size - 1, size, leaf: leafHash(last), proof: proof(log.status.inclusion), root });
    const entry = decodeEntry(last);
    if (entry.kind !== 'status') throw new Error(entry.kind);
    for (const { position, entry: text, inclusion, status } of parts) {
      verifyInclusion({ index: position, size, leaf: leafHash(fromBase64Url(text)), proof: proof(inclusion), root });
      const { bitmap, siblings } = status;
      verifyStatus({
        position,
        value: undefined,
        bitmap: fromBase64(bitmap),
        siblings: proof(siblings),
        root: entry.root,
      });
    }
    expect(log).to.not.have.property('anchored');
  });

  it('come with the proof that their checkpoint extends the anchored one', async () => {
    await agency.settle();
    const before = agency.log.state.signed!;
    const same = await collect();
    expect(same.log.anchored).to.deep.include({ size: before.size, consistency: [] });
    await exchange.publish([taxRow(1, { NS_BH: 'later' })]);
    const { log } = await collect();
    const { size, root } = parseCheckpoint(parseNote(log.checkpoint).text);
    const proof = log.anchored!.consistency.map((hash) => fromBase64(hash));
    verifyConsistency({ sizeA: before.size, rootA: before.root, sizeB: size, rootB: root, proof });
  });

  it('say nothing of an anchored checkpoint that is newer than theirs', async () => {
    agency.chain.plant(agency.log.size + 5, new Uint8Array(32).fill(9));
    expect(agency.chain.log(LOG)?.head?.size).to.equal(agency.log.size + 5);
    expect((await collect()).log).to.not.have.property('anchored');
  });

  it('are none before the log has its first checkpoint', async () => {
    const fresh = await openAgency(await memoryStore());
    const { document } = await exchange.grant();
    const { query } = exchange.query(document);
    const holder = { log: fresh.log, vault: fresh.vault, key: exchange.member.key };
    const error = await rejection(recordsOf(fresh).collect(holder, artefactOf(), query, exchange.now()));
    expect(error).to.have.property('code', 'OVERLOADED');
  });

  it('are left out from the moment on when their status changes, whether or not a checkpoint covers that', async () => {
    const id = await idOf('SB2026-1b');
    await setStatus(id, '{"state":"annulled"}');
    expect(numbersOf(await collect())).to.deep.equal(['SB2026-1']);
    await agency.checkpointer.sign();
    expect(numbersOf(await collect())).to.deep.equal(['SB2026-1']);
  });

  it('are left out too while only the checkpoint says that they may not be used', async () => {
    const id = await idOf('SB2026-1b');
    await setStatus(id, '{"state":"annulled"}');
    await agency.checkpointer.sign();
    // Live again, and the next checkpoint will say so.
    await setStatus(id, null);
    expect(numbersOf(await collect())).to.deep.equal(['SB2026-1']);
    await agency.checkpointer.sign();
    expect(numbersOf(await collect())).to.have.members(['SB2026-1', 'SB2026-1b']);
  });

  it('prove the status that the checkpoint covers, though a later one is on the disk', async () => {
    const id = await idOf('SB2026-1b');
    const size = agency.log.shownSize;
    await setStatus(id, '{"state":"annulled"}');
    await agency.checkpointer.sign();
    const proofs = new RecordProofs(agency.logs);
    const [then, later] = [
      await proofs.status(agency.log, positionOf(id), size),
      await proofs.status(agency.log, positionOf(id), agency.log.shownSize),
    ];
    expect(then).to.not.have.property('value');
    expect(later.value).to.equal('{"state":"annulled"}');
    for (const [proof, at] of [
      [then, size],
      [later, agency.log.shownSize],
    ] as const) {
      const entry = decodeEntry(fromBase64Url(proofs.statusEntry(agency.log, at).entry));
      if (entry.kind !== 'status') throw new Error(entry.kind);
      verifyStatus({
        position: positionOf(id),
        value: proof.value === undefined ? undefined : utf8(proof.value),
        bitmap: fromBase64(proof.bitmap),
        siblings: proof.siblings.map((hash) => fromBase64(hash)),
        root: entry.root,
      });
    }
  });

  it('are of as many months as were granted, counted back to the last day that there is', async () => {
    await exchange.publish([
      taxRow(1, { NS_BH: 'last of February', NS_SSQ_Q: '2026-02-28', NS_SSQ_Z: '2026-03-31' }),
      taxRow(1, { NS_BH: 'before it', NS_SSQ_Q: '2026-02-27', NS_SSQ_Z: '2026-03-31' }),
    ]);
    // In China it is the 31st already.
    const at = Date.UTC(2026, 2, 30, 16) / 1000;
    expect(numbersOf(await collect({ months: 1, at }))).to.deep.equal(['last of February']);
    expect(numbersOf(await collect({ months: 1, at: at - 1 }))).to.deep.equal(['last of February']);
    const sixty = Date.UTC(2026, 3, 27, 16) / 1000;
    expect(numbersOf(await collect({ months: 2, at: sixty }))).to.deep.equal(['last of February']);
    expect(numbersOf(await collect({ months: 2, at: sixty - 1 }))).to.have.members(['last of February', 'before it']);
  });

  it('end with their last day, in China', async () => {
    await exchange.publish([taxRow(1, { NS_BH: 'ending', NS_YXQ_Z: '2026-06-10' })]);
    const midnight = Date.UTC(2026, 5, 10, 16) / 1000;
    expect(numbersOf(await collect({ at: midnight - 1 }))).to.include('ending');
    expect(numbersOf(await collect({ at: midnight }))).to.not.include('ending');
  });

  it('beyond the last page are none', async () => {
    const { records: parts, more, none } = await collect({ page: 1 });
    expect([parts, more, none]).to.deep.equal([[], false, []]);
  });

  it('whose key was destroyed are left out', async () => {
    const id = await idOf('SB2026-1b');
    await agency.store.batch().delete('recordKey', recordKeyPlace(id)).commit();
    expect(numbersOf(await collect())).to.deep.equal(['SB2026-1']);
  });

  it('whose entry or schema is lost are a fault, and no smaller answer', async () => {
    const unknowing = recordsOf(agency, { ...builtInCatalogue, names: () => undefined });
    expect(await rejection(collect({ by: unknowing }))).to.have.property('code', 'STORE_CORRUPT');
    const id = await idOf('SB2026-1b');
    const at = new Uint8Array(12);
    new DataView(at.buffer).setUint32(0, 1);
    new DataView(at.buffer).setUint32(8, positionOf(id));
    await agency.store.batch().delete('entry', at).commit();
    expect(await rejection(collect())).to.have.property('code', 'STORE_CORRUPT');
  });

  it('of another enterprise are never read', async () => {
    const { document } = await exchange.grant();
    const { query } = exchange.query(document);
    const of = (uscc: string) => ({ ...artefactOf(), subject: { uscc, name: '某公司' } });
    const two = await records.collect(exchange.member, of(company(2)), query, exchange.now());
    expect(numbersOf(two)).to.deep.equal(['SB2026-2']);
    const nobody = await records.collect(exchange.member, of(company(99)), query, exchange.now());
    expect([nobody.records, nobody.none]).to.deep.equal([[], ['tax-payment']]);
  });

  it('cannot be proved where the log has lost its last entry', () => {
    const proofs = new RecordProofs(agency.logs);
    expect(() => proofs.statusEntry(agency.log, agency.log.size + 1)).to.throw('STORE_CORRUPT');
  });
});

/** Record id, version 1. */
function recordKeyPlace(id: RecordId): Uint8Array {
  return new Uint8Array([...Buffer.from(id, 'base64url'), 0, 0, 0, 1]);
}
