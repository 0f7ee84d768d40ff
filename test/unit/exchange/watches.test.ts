import { expect } from 'chai';
import { join } from 'node:path';
import type { GrantHash } from '../../../node/core/ids.ts';
import type { VerifiedAnswer } from '../../../node/core/verify-answer.ts';
import { openStore, type Store } from '../../../node/store/store.ts';
import { company } from '../../helpers/rows.ts';
import { taxRow } from '../../helpers/authorised.ts';
import { newCaseId, openCases } from '../../helpers/cases.ts';
import { memoryStore } from '../../helpers/memory-store.ts';
import { rejection } from '../../helpers/rejection.ts';
import { useTemporaryFolder } from '../../helpers/temporary-folder.ts';
import { Watched, type Opened } from '../../helpers/watched.ts';

function shown({ body, records }: VerifiedAnswer): unknown[] {
  return [body.event?.number, body.event?.kind, records.map(({ claims }) => claims.get('NS_SJSE'))];
}

function suite(name: string, open: () => Promise<Store>): void {
  describe(`Subscriptions at a provider, over ${name}`, () => {
    let store: Store;
    let watched: Watched;

    beforeEach(async () => {
      store = await open();
      watched = await Watched.open(store);
    });
    afterEach(async () => {
      await watched.watches.stop();
      await store.close();
    });

    const eventsOf = async (opened: Opened, acks: Parameters<Watched['pull']>[0] = []): Promise<VerifiedAnswer[]> => {
      const { events } = await watched.pull(acks);
      return Promise.all(events.map(({ sealed }) => watched.read(sealed, opened)));
    };

    it('are opened under a live grant for the time after a loan, with a receipt', async () => {
      const { document, draft } = await watched.postLoan();
      const before = watched.exchange.agency.log.size;
      const { opened, answer } = await watched.subscribe(document);
      expect(opened).to.deep.equal({ state: 'open' });
      expect(answer.body).to.include({ outcome: 'answered', grant: draft.hash });
      expect(answer.body.event).to.deep.equal({ number: 0, kind: 'opened', changes: [] });
      expect(answer.receipt).to.include({ subject: company(1), purpose: 'post-loan', outcome: 'answered' });
      expect(watched.exchange.agency.log.size).to.equal(before + 1);
      expect(await watched.pull()).to.deep.equal({ events: [], unknown: [] });
    });

    it('are refused as queries are, and for any other purpose, each with a receipt', async () => {
      const before = watched.exchange.agency.log.size;
      const preLoan = await watched.exchange.grant();
      expect((await watched.subscribe(preLoan.document, { purpose: 'pre-loan' })).opened.reason).to.equal(
        'PURPOSE_MISMATCH',
      );
      const { document, draft } = await watched.postLoan();
      expect((await watched.subscribe(document, { items: ['social-insurance'] })).opened.reason).to.equal(
        'ITEM_NOT_GRANTED',
      );
      watched.withdraw(draft.hash);
      const { opened, answer } = await watched.subscribe(document);
      expect(opened).to.deep.equal({ state: 'refused', reason: 'GRANT_WITHDRAWN' });
      expect(answer.body).to.include({ outcome: 'refused', reason: 'GRANT_WITHDRAWN' });
      expect(watched.exchange.agency.log.size).to.equal(before + 3);
    });

    it('tell a new record and a correction of this enterprise, proved, and nothing of another', async () => {
      const opened = await watched.subscribe((await watched.postLoan()).document);
      await watched.exchange.publish([taxRow(1, { NS_BH: 'new', NS_SJSE: '7' }), taxRow(2, { NS_BH: 'other' })]);
      await watched.exchange.publish([taxRow(1, { NS_BH: 'new', NS_SJSE: '8' })]);
      const [event, ...more] = await eventsOf(opened);
      expect(more).to.deep.equal([]);
      // The newest version alone may be used; both entries are told.
      expect(shown(event!)).to.deep.equal([1, 'changes', ['8']]);
      const [published, corrected] = event!.changes;
      expect(published).to.include({ kind: 'publish', item: 'tax-payment' });
      expect(published!.status).to.equal(`{"by":${corrected!.position},"state":"superseded"}`);
      expect(corrected).to.include({ kind: 'supersede', ref: published!.position, record: published!.record });
      expect(event!.receipt).to.include({ outcome: 'answered', subject: company(1), query: opened.id });
    });

    it('tell an objection, and the end of the record that it comes to', async () => {
      const opened = await watched.subscribe((await watched.postLoan()).document);
      const { agency } = watched.exchange;
      const cases = openCases(agency);
      const [record] = await cases.publish('ns', [taxRow(1, { NS_BH: 'disputed', NS_SJSE: '9' })]);
      const objection = { record: record!, case: newCaseId(), kind: 'objection' } as const;
      await cases.subject(company(1), {
        ...objection,
        seq: 0,
        step: 'file',
        ground: 'factual-error',
        text: '金额有误',
      });
      await agency.checkpointer.sign();
      const [marked] = await eventsOf(opened);
      expect(marked!.changes.map(({ kind, record }) => [kind, record])).to.deep.equal([
        ['publish', record],
        ['objection', record],
      ]);
      expect(marked!.changes[1]!.status).to.contain('"objected"');
      // It may be used while it is disputed, with its mark.
      expect(shown(marked!)[2]).to.deep.equal(['9']);
      await cases.agency({ ...objection, seq: 1, step: 'uphold', text: '已删除', outcome: 'deleted' });
      await agency.checkpointer.sign();
      const [ended] = await eventsOf(opened, [{ subscription: opened.id, after: 1 }]);
      expect(ended!.changes.map(({ kind }) => kind)).to.deep.equal(['annul']);
      expect(ended!.changes[0]!.status).to.contain('"annulled"');
      expect(ended!.records).to.deep.equal([]);
    });

    it('tell what is under a checkpoint only, and wake who waits for it', async () => {
      const opened = await watched.subscribe((await watched.postLoan()).document);
      const { agency } = watched.exchange;
      await agency.open('file-unsigned', 'ns');
      await agency.send('file-unsigned', 0, [taxRow(1, { NS_BH: 'unsigned' })]);
      expect((await watched.pull()).events).to.deep.equal([]);
      const waiting = watched.pull([], 1_000_000);
      await agency.checkpointer.sign();
      const { events } = await waiting;
      expect(events.map(({ subscription, number }) => [subscription, number])).to.deep.equal([[opened.id, 1]]);
    });

    it('give up waiting when the caller does', async () => {
      await watched.subscribe((await watched.postLoan()).document);
      const leaving = new AbortController();
      const waiting = rejection(watched.pull([], 1_000_000, leaving.signal));
      leaving.abort(new Error('left'));
      expect(await waiting).to.have.property('message', 'left');
    });

    it('give an event again until it is acknowledged, with one receipt', async () => {
      const opened = await watched.subscribe((await watched.postLoan()).document);
      await watched.exchange.publish([taxRow(1, { NS_BH: 'one' })]);
      const first = await watched.pull();
      const size = watched.exchange.agency.log.size;
      expect(await watched.pull()).to.deep.equal(first);
      expect(watched.exchange.agency.log.size).to.equal(size);
      expect((await watched.pull([{ subscription: opened.id, after: 1 }])).events).to.deep.equal([]);
      await watched.exchange.publish([taxRow(1, { NS_BH: 'two' })]);
      expect((await eventsOf(opened)).map(({ body }) => body.event?.number)).to.deep.equal([2]);
    });

    it('tell nothing of a record that began before what was granted', async () => {
      const opened = await watched.subscribe((await watched.postLoan()).document);
      await watched.exchange.publish([taxRow(1, { NS_BH: 'old', NS_SSQ_Q: '2023-01-01', NS_SSQ_Z: '2023-03-31' })]);
      expect(await eventsOf(opened)).to.deep.equal([]);
    });

    describe('end with the grant, with a last event that says why, and withhold what was not told', () => {
      const ends: Record<string, (grant: GrantHash) => unknown> = {
        GRANT_WITHDRAWN: (grant) => watched.withdraw(grant),
        GRANT_SUSPENDED: (grant) => watched.exchange.grants.suspend(grant, true),
        GRANT_EXPIRED: () => {
          watched.exchange.agency.clock.milliseconds += 31 * 86_400_000;
          watched.exchange.grants.time += 31 * 86_400;
        },
        GRANTEE_NOT_ENTITLED: () => watched.exchange.grants.suspended.add(watched.exchange.bank.id),
        CERTIFICATE_REVOKED: async () => watched.exchange.revoked.add(watched.exchange.lastCertificate),
      };
      for (const [reason, end] of Object.entries(ends)) {
        it(reason, async () => {
          const { document, draft } = await watched.postLoan();
          const opened = await watched.subscribe(document);
          await watched.exchange.publish([taxRow(1, { NS_BH: 'made' })]);
          await watched.pull();
          await watched.exchange.publish([taxRow(1, { NS_BH: 'queued' })]);
          await end(draft.hash);
          const pulled = await watched.pull();
          expect(pulled.events.map(({ number, kind, reason }) => [number, kind, reason])).to.deep.equal([
            [2, 'ended', reason],
          ]);
          const last = await watched.read(pulled.events[0]!.sealed, opened);
          expect(last.body).to.include({ outcome: 'refused', reason });
          expect(last.receipt).to.include({ outcome: 'refused', reason, subject: company(1) });
          await watched.exchange.publish([taxRow(1, { NS_BH: 'after' })]);
          expect((await watched.pull()).events).to.deep.equal(pulled.events);
          const done = [{ subscription: opened.id, after: 2 }];
          expect(await watched.pull(done)).to.deep.equal({ events: [], unknown: [] });
          expect(await watched.pull(done)).to.deep.equal({ events: [], unknown: [opened.id] });
        });
      }

      it('at once, for who waits', async () => {
        const { document, draft } = await watched.postLoan();
        await watched.subscribe(document);
        const waiting = watched.pull([], 1_000_000);
        watched.withdraw(draft.hash);
        expect((await waiting).events.map(({ reason }) => reason)).to.deep.equal(['GRANT_WITHDRAWN']);
      });

      it('by the clock, which tells nobody', async () => {
        const { document } = await watched.postLoan({ to: watched.exchange.now() + 60 });
        await watched.subscribe(document);
        watched.watches.start();
        const waiting = watched.pull([], 1_000_000);
        watched.exchange.agency.clock.milliseconds += 61_000;
        expect((await waiting).events.map(({ reason }) => reason)).to.deep.equal(['GRANT_EXPIRED']);
      });
    });

    it('wait, and do not end, while the chain is not fresh', async () => {
      const opened = await watched.subscribe((await watched.postLoan()).document);
      await watched.exchange.publish([taxRow(1, { NS_BH: 'late' })]);
      watched.exchange.agency.clock.milliseconds += 300_000;
      expect((await watched.pull()).events).to.deep.equal([]);
      watched.exchange.grants.time += 300;
      expect((await eventsOf(opened)).map(({ body }) => body.event?.kind)).to.deep.equal(['changes']);
    });

    it('wait, and do not end, while their provider is suspended', async () => {
      const opened = await watched.subscribe((await watched.postLoan()).document);
      await watched.exchange.publish([taxRow(1, { NS_BH: 'late' })]);
      const { grants, member } = watched.exchange;
      grants.suspended.add(member.id);
      expect((await watched.pull()).events).to.deep.equal([]);
      grants.suspended.delete(member.id);
      expect((await eventsOf(opened)).map(({ body }) => body.event?.kind)).to.deep.equal(['changes']);
    });

    it('go on after a restart with what was queued, made and numbered', async () => {
      const opened = await watched.subscribe((await watched.postLoan()).document);
      await watched.exchange.publish([taxRow(1, { NS_BH: 'made' })]);
      const made = await watched.pull();
      await watched.exchange.publish([taxRow(1, { NS_BH: 'queued' })]);
      const again = await Watched.open(store, watched.exchange);
      const pulled = await again.pull();
      expect(pulled.events[0]).to.deep.equal(made.events[0]);
      expect(pulled.events.map(({ number }) => number)).to.deep.equal([1, 2]);
      await again.exchange.publish([taxRow(1, { NS_BH: 'then' })]);
      const acks = [{ subscription: opened.id, after: 2 }];
      expect((await again.pull(acks)).events.map(({ number }) => number)).to.deep.equal([3]);
    });

    it('answer the same when they are opened again, and refuse another under the same id', async () => {
      const { document } = await watched.postLoan();
      const opened = await watched.subscribe(document);
      const size = watched.exchange.agency.log.size;
      const [second, third] = await Promise.all([watched.send(opened.sealed), watched.send(opened.sealed)]);
      expect(second.answer).to.equal(third.answer);
      expect(watched.exchange.agency.log.size).to.equal(size);
      expect(await rejection(watched.subscribe(document, { jti: opened.id }))).to.have.property('code', 'CONFLICT');
    });

    it('are closed by their grantee, with all that waits', async () => {
      const opened = await watched.subscribe((await watched.postLoan()).document);
      await watched.exchange.publish([taxRow(1, { NS_BH: 'unread' })]);
      expect(await watched.pull([{ subscription: opened.id, after: 0, close: true }])).to.deep.equal({
        events: [],
        unknown: [],
      });
      for (const bucket of ['watch', 'watchChange', 'watchEvent'] as const)
        for await (const [key] of store.entries(bucket)) expect(key).to.equal(undefined, bucket);
    });

    it('are nothing that their provider can be made to tell another', async () => {
      const opened = await watched.subscribe((await watched.postLoan()).document);
      await watched.exchange.publish([taxRow(1, { NS_BH: 'secret' })]);
      const { member, otherBank } = watched.exchange;
      const acks = [{ subscription: opened.id, after: 9, close: true as const }];
      const pull = { member: member.id, grantee: otherBank.id, acks, waitMs: 0 };
      expect(await watched.watches.pull(member, pull, AbortSignal.timeout(1_000))).to.deep.equal({
        events: [],
        unknown: [opened.id],
      });
      expect((await watched.pull()).events).to.have.length(1);
    });
  });
}

suite('memory', memoryStore);
describe('', () => {
  const folder = useTemporaryFolder();
  suite('LevelDB', () => openStore(join(folder(), 'db')));
});
