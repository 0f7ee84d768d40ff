import { expect } from 'chai';
import type { Bundle } from '../../../node/core/bundle.ts';
import { verifyBundle } from '../../../node/core/verify-bundle.ts';
import { context, openAgency, type Agency } from '../../helpers/agency.ts';
import { memoryStore } from '../../helpers/memory-store.ts';
import { rejection } from '../../helpers/rejection.ts';
import { AGENCY, company, licence } from '../../helpers/rows.ts';

const FILE = 'file-0001';

function verified(bundle: Bundle) {
  const result = verifyBundle(JSON.stringify(bundle), context);
  expect(result.checks.filter(({ ok }) => !ok)).to.deep.equal([]);
  expect(result.ok).to.equal(true);
  return { ...result.record!, pending: result.pending, size: result.checkpoint!.size };
}

describe('Records', () => {
  let agency: Agency;
  let id: string;
  let chunks: number;

  beforeEach(async () => {
    agency = await openAgency(await memoryStore());
    await agency.open(FILE, 'xk');
    const { outcomes } = await agency.send(FILE, 0, [licence(0), licence(1), licence(2)]);
    id = outcomes[1]!.record!;
    chunks = 1;
  });

  const publish = (...rows: unknown[]) => agency.send(FILE, chunks++, rows);
  const correct = (text: string) => publish(licence(1, { XK_NR: text }));
  const bundle = (version?: number, claims?: string[]) =>
    agency.records.bundle(agency.reading, {
      record: id,
      ...(version !== undefined && { version }),
      ...(claims && { claims }),
    });

  describe('a bundle', () => {
    it('is not to be had before a checkpoint covers the record', async () => {
      expect(await rejection(bundle())).to.have.property('code', 'CONFLICT');
    });

    it('verifies while it is pending', async () => {
      await agency.checkpointer.sign();
      const record = verified(await bundle());
      expect(record).to.include({ pending: true, status: 'live', kind: 'publish', position: 1 });
      expect(Object.fromEntries(record.claims)).to.include({
        agency: AGENCY,
        subject: company(1),
        class: 'public',
        validFrom: '2026-04-01',
        validTo: '2031-03-31',
        XK_ZT: 1,
      });
      expect(record.undisclosed).to.deep.equal([]);
    });

    it('verifies when it is anchored', async () => {
      await agency.settle();
      expect(verified(await bundle())).to.include({ pending: false, status: 'live' });
    });

    it('shows the claims asked for, each once, and no others', async () => {
      await agency.settle();
      const record = verified(await bundle(1, ['XK_NR', 'subject', 'XK_NR']));
      expect([...record.claims.keys()]).to.deep.equal(['subject', 'XK_NR']);
      expect(record.undisclosed).to.include('XK_XDR_MC');
      expect(verified(await bundle(1, [])).claims.size).to.equal(0);
      expect(await rejection(bundle(1, ['XK_FRDB']))).to.have.property('code', 'MALFORMED');
    });

    it('tells of both versions what became of them', async () => {
      await correct('散装食品销售');
      await agency.settle();
      expect(verified(await bundle(1))).to.include({ status: 'superseded', supersededBy: 3, kind: 'publish' });
      const second = verified(await bundle(2));
      expect(second).to.include({ status: 'live', kind: 'supersede' });
      expect(second.claims.get('XK_NR')).to.equal('散装食品销售');
      expect(verified(await bundle()).position).to.equal(second.position);
    });

    it('has the newest status that the chain bears out', async () => {
      await agency.settle();
      await correct('乙');
      await agency.settle();
      expect(verified(await bundle(1))).to.include({ pending: false, status: 'superseded' });
    });

    it('has the status of its own checkpoint, whatever came later', async () => {
      await agency.settle();
      await correct('乙');
      await agency.checkpointer.sign();
      await correct('丙');
      await publish(licence(7), licence(2, { XK_NR: '丁' }));
      await agency.checkpointer.sign();
      // The last anchor that is final knows nothing of the corrections.
      expect(verified(await bundle(1))).to.include({ pending: false, status: 'live', size: 4 });
      expect(verified(await bundle(2))).to.include({ pending: true, status: 'superseded' });
      expect(verified(await bundle(3))).to.include({ pending: true, status: 'live' });
    });

    it('verifies while rows come in', async () => {
      await agency.settle();
      for (let i = 0; i < 3; i++) {
        const rows = Array.from({ length: 300 }, (_, row) => licence(1_000 * (i + 1) + row));
        const coming = publish(...rows, licence(1, { XK_NR: String(i) }));
        verified(await bundle(1));
        const signing = agency.checkpointer.sign();
        verified(await bundle(1));
        await Promise.all([coming, signing]);
      }
      await agency.settle();
      for (const version of [1, 2, 3, 4]) verified(await bundle(version));
    });

    it('verifies after a restart', async () => {
      await correct('乙');
      await agency.settle();
      agency = await openAgency(agency.store, { chain: agency.chain });
      expect(verified(await bundle(1))).to.include({ status: 'superseded' });
    });
  });

  describe('status', () => {
    const status = () => agency.records.status(agency.reading, { record: id });

    it('follows a record to the chain', async () => {
      expect(status()).to.include({ state: 'accepted', class: 'public', item: 'administrative-licence' });
      expect(status().why).to.include('the next checkpoint');
      await agency.checkpointer.sign();
      expect(status()).to.include({ state: 'logged' });
      expect(status().checkpoint?.size).to.equal(4);
      await agency.checkpointer.anchor();
      expect(status()).to.include({ state: 'anchored' });
      expect(status().anchor).to.include({ size: 4, final: false });
      agency.chain.finalise();
      expect(status()).to.include({ state: 'final' });
      expect(status().anchor).to.include({ final: true });
    });

    it('goes back when a reorganisation takes the anchor back', async () => {
      await agency.checkpointer.sign();
      await agency.checkpointer.anchor();
      agency.chain.reorganise();
      expect(status()).to.include({ state: 'logged' });
      expect(status()).to.not.have.property('anchor');
    });

    it('tells each version', async () => {
      await correct('乙');
      expect(status().versions.map(({ version, kind, status }) => [version, kind, status])).to.deep.equal([
        [1, 'publish', 'superseded'],
        [2, 'supersede', 'live'],
      ]);
      const one = agency.records.status(agency.reading, { record: id, version: 1 });
      expect(one.versions).to.have.length(1);
      expect(() => agency.records.status(agency.reading, { record: id, version: 3 }))
        .to.throw()
        .with.property('code', 'NOT_FOUND');
    });
  });

  it('knows no record of another log, and none that was never published', async () => {
    const other = 'AAAAAAAAAAAAAAAAAAAAAA';
    expect(() => agency.records.status(agency.reading, { record: other }))
      .to.throw()
      .with.property('code', 'NOT_FOUND');
    expect(await rejection(bundle(9))).to.have.property('code', 'NOT_FOUND');
  });
});
