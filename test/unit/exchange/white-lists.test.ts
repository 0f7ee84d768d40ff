import { expect } from 'chai';
import { decodeEntry } from '../../../node/core/entry.ts';
import { company } from '../../helpers/rows.ts';
import { taxRow } from '../../helpers/authorised.ts';
import { MEMBER } from '../../helpers/bundle.ts';
import { Listed } from '../../helpers/listed.ts';
import { memoryStore } from '../../helpers/memory-store.ts';
import { rejection } from '../../helpers/rejection.ts';

const [FIRST, SECOND] = [company(1), company(2)];

describe('White lists', () => {
  let listed: Listed;

  beforeEach(async () => {
    listed = await Listed.open();
  });
  afterEach(() => listed.stop());

  /** Grants of the first enterprise, and of the second, for what is pushed. */
  const granted = () => listed.exchange.grant();
  const grantedBySecond = async (change = {}) => {
    const subject = { uscc: SECOND, name: '二' };
    return listed.exchange.grant({ subject, ...change }, await listed.exchange.certificate({ sub: SECOND }));
  };
  const receipts = (): number => listed.exchange.agency.log.size;
  const until = async (so: () => boolean | Promise<boolean>): Promise<void> => {
    while (!(await so())) await new Promise((resolve) => setImmediate(resolve));
  };
  const states = async () => (await listed.entries()).map(({ kind, reason }) => reason ?? kind).sort();

  it('bring each enterprise that consented to the bank, with its records proved, and a receipt', async () => {
    const [one, two] = [await granted(), await grantedBySecond()];
    const before = receipts();
    const { state, rows } = await listed.push([
      { uscc: FIRST, grant: one.document },
      { uscc: SECOND, grant: two.document },
    ]);
    expect(state).to.include({ whole: true, listed: 2, leftOut: 0, delisted: 0, edition: 1 });
    expect(rows.map(({ uscc, state }) => [uscc, state])).to.deep.equal([
      [FIRST, 'listed'],
      [SECOND, 'listed'],
    ]);
    expect(receipts()).to.equal(before + 2);
    const events = await listed.events(2);
    expect(events.map(({ kind, number, list }) => [kind, number, list])).to.deep.equal(
      [1, 2].map((number) => ['listed', number, { id: listed.list().list, edition: 1 }]),
    );
    expect(listed.arrived).to.deep.equal(events);
    const told = await listed.read(events[0]!);
    expect(told.body).to.deep.include({ outcome: 'answered', list: listed.list(), grant: one.draft.hash });
    expect(told.receipt).to.deep.include({ subject: FIRST, list: { id: listed.list().list, edition: 1, name: listed.list().name } }); // prettier-ignore
    expect(told.records.map(({ claims }) => claims.get('subject'))).to.deep.equal([FIRST, FIRST]);
    const { lists } = await listed.received.lists(listed.exchange.bank.id);
    expect(lists).to.have.length(1);
    expect(lists[0]).to.include({ provider: MEMBER, listed: 2, last: 2, edition: 1 });
    await until(() => listed.lists.lists(MEMBER).lists[0]!.pending === 0);
  });

  it('are in both stores without a word of whom they are about', async () => {
    const store = await memoryStore();
    const bankStore = await memoryStore();
    const own = await Listed.open(store, undefined, bankStore);
    const { document } = await own.exchange.grant();
    await own.push([{ uscc: FIRST, grant: document }, { uscc: SECOND }]);
    await own.events(1);
    for (const [of, buckets] of [
      [store, ['whiteList', 'whiteListRow', 'whiteListEvent']],
      [bankStore, ['inboxEvent', 'receivedList', 'receivedEntry']],
    ] as const)
      // prettier-ignore
      for (const bucket of buckets)
        for await (const [key, value] of of.entries(bucket)) {
          const text = new TextDecoder().decode(new Uint8Array([...key, ...value]));
          for (const secret of [FIRST, SECOND, own.list().name]) expect(text, bucket).to.not.contain(secret);
        }
    await own.stop();
  });

  describe('leave out who gave no such consent, with its reason and a receipt, and tell the bank nothing', () => {
    type Case = () => Promise<Parameters<Listed['push']>>;
    const pre = (document: Awaited<ReturnType<typeof granted>>['document'], change = {}): Parameters<Listed['push']> => [[{ uscc: FIRST, grant: document }], change]; // prettier-ignore
    const cases: Record<string, Case> = {
      GRANT_MISSING: async () => [[{ uscc: FIRST }]],
      SUBJECT_MISMATCH: async () => [[{ uscc: FIRST, grant: (await grantedBySecond()).document }]],
      PURPOSE_MISMATCH: async () => pre((await listed.exchange.grant({ purpose: 'post-loan' })).document),
      ITEM_NOT_GRANTED: async () => pre((await granted()).document, { items: ['social-insurance'] }),
      REGION_MISMATCH: async () => pre((await listed.exchange.grant({ regions: ['310000'] })).document),
      GRANT_NOT_CONSUMED: async () => pre((await listed.exchange.grant({ uses: 3 })).document),
      GRANTEE_MISMATCH: async () => {
        const { id, uscc, member } = listed.exchange.otherBank;
        return pre((await listed.exchange.grant({ grantee: { member: id, uscc, name: member.name } })).document);
      },
      GRANT_WITHDRAWN: async () => {
        const { document, draft } = await granted();
        listed.withdraw(draft.hash);
        return pre(document);
      },
      PROVIDER_NOT_ENTITLED: async () => {
        const { document } = await granted();
        listed.exchange.grants.suspended.add(MEMBER);
        return pre(document);
      },
    };
    for (const [reason, make] of Object.entries(cases)) {
      it(reason, async () => {
        const [rows, change] = await make();
        const before = receipts();
        const { state, rows: told } = await listed.push(rows, change);
        expect(told.map(({ state, reason }) => [state, reason])).to.deep.equal([['left-out', reason]]);
        expect(state).to.include({ listed: 0, leftOut: 1, pending: 0 });
        expect(receipts()).to.equal(before + 1);
        expect(decodeEntry(listed.exchange.agency.logs.entry(1, before)!).kind).to.equal('receipt');
        expect(listed.line.calls).to.equal(0);
      });
    }
  });

  describe('lose an enterprise, with an event that says why, a receipt, and nothing more', () => {
    const ends: Record<string, (hash: Awaited<ReturnType<typeof granted>>['draft']['hash']) => unknown> = {
      GRANT_WITHDRAWN: (hash) => listed.withdraw(hash),
      GRANT_SUSPENDED: (hash) => listed.exchange.grants.suspend(hash, true),
      GRANT_EXPIRED: () => {
        listed.exchange.agency.clock.milliseconds += 31 * 86_400_000;
        listed.exchange.grants.time += 31 * 86_400;
        listed.exchange.grants.finalise();
      },
      CERTIFICATE_REVOKED: () => listed.exchange.revoked.add(listed.exchange.lastCertificate),
    };
    for (const [reason, end] of Object.entries(ends)) {
      it(reason, async () => {
        const { document, draft } = await granted();
        await listed.push([{ uscc: FIRST, grant: document }]);
        await listed.events(1);
        const before = receipts();
        await end(draft.hash);
        const [, last] = await listed.events(2);
        expect(last).to.include({ kind: 'delisted', reason, number: 2, grant: draft.hash });
        const told = await listed.read(last!);
        expect(told.body).to.include({ outcome: 'refused', reason });
        expect(told.records).to.deep.equal([]);
        expect(receipts()).to.equal(before + 1);
        expect(await states()).to.deep.equal([reason]);
        expect(listed.lists.lists(MEMBER).lists[0]).to.include({ listed: 0, delisted: 1 });
        // The same row again does not bring it back.
        const { rows } = await listed.push([{ uscc: FIRST, grant: document }]);
        expect(rows[0]).to.include({ state: 'delisted', reason });
        expect(receipts()).to.equal(before + 1);
      }).timeout(10_000);
    }
  });

  it('are replaced by their next edition: who is not in it leaves, who is in it is told anew', async () => {
    const [one, two] = [await granted(), await grantedBySecond()];
    await listed.push([{ uscc: FIRST, grant: one.document }, { uscc: SECOND, grant: two.document }]); // prettier-ignore
    await listed.exchange.publish([taxRow(1, { NS_BH: 'since' })]);
    const { state } = await listed.push([{ uscc: FIRST, grant: one.document }], { edition: 2 });
    expect(state).to.include({ edition: 2, listed: 1, delisted: 1 });
    const [, , again, left] = await listed.events(4);
    expect([again!.kind, left!.kind, left!.reason]).to.deep.equal(['listed', 'delisted', 'NOT_LISTED']);
    expect((await listed.read(again!, listed.list({ edition: 2 }))).records).to.have.length(3);
    expect(await states()).to.deep.equal(['NOT_LISTED', 'listed']);
    // An edition without rows ends it.
    const last = await listed.push([], { edition: 3 });
    expect(last.state).to.include({ listed: 0, delisted: 1 });
    await listed.events(5);
    expect((await listed.received.lists(listed.exchange.bank.id)).lists[0]).to.include({ listed: 0 });
  });

  it('take the same rows again, and change nothing; what was missing for the moment is judged anew', async () => {
    const { document } = await granted();
    listed.exchange.grants.finalAtOnce = false;
    const pending = await grantedBySecond();
    const rows = [{ uscc: FIRST, grant: document }, { uscc: SECOND, grant: pending.document }]; // prettier-ignore
    const first = await listed.push(rows);
    expect(first.rows.map(({ state, reason }) => reason ?? state)).to.deep.equal(['listed', 'GRANT_PENDING']);
    listed.exchange.grants.finalise();
    const size = receipts();
    const second = await listed.push(rows);
    expect(second.state).to.include({ listed: 2, leftOut: 0 });
    expect(receipts()).to.equal(size + 1);
    await listed.push(rows);
    expect(receipts()).to.equal(size + 1);
    expect((await listed.events(2)).map(({ number }) => number)).to.deep.equal([1, 2]);
  });

  it('refuse other rows in an edition that is whole, another text in it, an older one, an enterprise twice', async () => {
    const [one, two] = [await granted(), await grantedBySecond()];
    const row = { uscc: FIRST, grant: one.document };
    await listed.push([row]);
    const refused = async (...push: Parameters<Listed['push']>) =>
      expect(await rejection(listed.push(...push))).to.have.property('code', 'CONFLICT');
    await refused([row, { uscc: SECOND, grant: two.document }]);
    await refused([row], { name: 'another' });
    await refused([row, { ...row, grant: (await granted()).document }], { edition: 2 });
    await listed.push([row], { edition: 2 });
    await refused([row]);
    await refused([row], { edition: 3, grantee: listed.exchange.otherBank.id });
  });

  it('are for active banks alone', async () => {
    const grantee = listed.exchange.centre.id;
    expect(await rejection(listed.push([], { grantee }))).to.have.property('code', 'MEMBER_NOT_ENTITLED');
  });

  it('come when the bank’s node is back, in their order, over a restart of either side', async () => {
    const [store, bankStore] = [await memoryStore(), await memoryStore()];
    const before = await Listed.open(store, undefined, bankStore);
    before.line.cut = true;
    const { document, draft } = await before.exchange.grant();
    await before.push([{ uscc: FIRST, grant: document }]);
    await until(() => before.line.calls > 0);
    await before.stop();
    before.line.cut = false;
    const after = await Listed.open(store, before, bankStore);
    expect((await after.events(1)).map(({ kind }) => kind)).to.deep.equal(['listed']);
    await after.stop();
    const again = await Listed.open(store, after, bankStore);
    again.withdraw(draft.hash);
    expect((await again.events(2)).map(({ kind, number }) => [kind, number])).to.deep.equal([
      ['listed', 1],
      ['delisted', 2],
    ]);
    await again.stop();
  });

  describe('at the bank', () => {
    it('take an event once, whoever brings it again', async () => {
      const { document } = await granted();
      await listed.push([{ uscc: FIRST, grant: document }]);
      const [event] = await listed.events(1);
      const [entry] = await listed.entries();
      const { time: _, ...again } = entry!;
      const delivery = {
        provider: MEMBER,
        grantee: listed.exchange.bank.id,
        list: listed.list().list,
        events: [again],
      };
      expect(await listed.deliver(delivery)).to.deep.equal({ last: 1 });
      expect(await listed.events(1)).to.deep.equal([event]);
    });

    it('come of active sources alone', async () => {
      const { bank, centre } = listed.exchange;
      const event = { number: 1, kind: 'listed' as const, edition: 1, row: 'A'.repeat(43), lane: 'A'.repeat(22), grant: `0x${'0'.repeat(64)}`, sealed: '' }; // prettier-ignore
      const delivery = { provider: centre.id, grantee: bank.id, list: listed.list().list, events: [event] };
      expect(await rejection(listed.deliver(delivery))).to.have.property('code', 'MEMBER_NOT_ENTITLED'); // prettier-ignore
    });
  });

  it('are shown row by row to who pushes, in pages', async () => {
    const { document } = await granted();
    await listed.push([{ uscc: FIRST, grant: document }, { uscc: SECOND }]);
    const page = (after?: string) =>
      listed.lists.rows(listed.exchange.member, { list: listed.list().list, limit: 1, ...(after && { after }) });
    const first = await page();
    const second = await page(first.next);
    expect(second.next).to.equal(undefined);
    expect(new Set([...first.rows, ...second.rows].map(({ uscc }) => uscc))).to.deep.equal(new Set([FIRST, SECOND]));
  });
});
