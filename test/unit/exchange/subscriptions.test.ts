import { expect } from 'chai';
import { join } from 'node:path';
import { decodeEntry } from '../../../node/core/entry.ts';
import { openStore, type Store } from '../../../node/store/store.ts';
import { taxRow } from '../../helpers/authorised.ts';
import { memoryStore } from '../../helpers/memory-store.ts';
import { rejection } from '../../helpers/rejection.ts';
import { useTemporaryFolder } from '../../helpers/temporary-folder.ts';
import { Watched } from '../../helpers/watched.ts';
import { WatchingBank } from '../../helpers/watching-bank.ts';

const soon = (): AbortSignal => AbortSignal.timeout(10_000);

function suite(name: string, open: () => Promise<Store>): void {
  describe(`Subscriptions of a bank, over ${name}`, () => {
    let store: Store;
    let watched: Watched;
    let bank: WatchingBank;

    beforeEach(async () => {
      store = await open();
      watched = await Watched.open();
      bank = await WatchingBank.open({ store, watched });
    });
    afterEach(async () => {
      await bank.stop();
      await store.close();
    });

    const publish = (document: string): Promise<void> => watched.exchange.publish([taxRow(1, { NS_BH: document })]);
    const list = (): unknown[] => bank.subscriptions.list(bank.id, { limit: 10 }).subscriptions;

    it('are opened at the provider behind a line in the bank’s own log, and listed', async () => {
      const { document, draft } = await watched.postLoan();
      const { id, opened } = await bank.subscribe(document);
      expect(opened.parts.map(({ provider, outcome }) => [provider, outcome])).to.deep.equal([
        [watched.exchange.member.id, 'open'],
      ]);
      expect(decodeEntry(bank.agency.logs.entry(1, 0)!).kind).to.equal('query');
      expect(list()).to.deep.equal([
        {
          subscription: id,
          provider: watched.exchange.member.id,
          grant: draft.hash,
          state: 'open',
          opened: watched.exchange.now(),
          last: 0,
        },
      ]);
    });

    it('bring events, sealed to the application, under one cursor', async () => {
      const first = await bank.subscribe((await watched.postLoan()).document);
      const second = await bank.subscribe((await watched.postLoan()).document);
      await publish('new');
      const events = await bank.events(2);
      expect(events.map(({ cursor, number, kind }) => [cursor, number, kind])).to.deep.equal([
        [1, 1, 'changes'],
        [2, 1, 'changes'],
      ]);
      expect(events.map(({ subscription }) => subscription)).to.have.members([first.id, second.id]);
      const own = events.find(({ subscription }) => subscription === first.id)!;
      const { records, changes } = await bank.read(own, first);
      expect(records.map(({ claims }) => claims.get('NS_BH'))).to.deep.equal(['new']);
      expect(changes.map(({ kind }) => kind)).to.deep.equal(['publish']);
      expect(await rejection(bank.read(own, second))).to.have.property('code', 'SIGNATURE_INVALID');
      // One enterprise, one lane.
      expect(new Set(events.map(({ lane }) => lane)).size).to.equal(1);
    });

    it('are given in pages, of one subscription where that is asked for, and are waited for', async () => {
      const { id } = await bank.subscribe((await watched.postLoan()).document);
      const other = await bank.subscribe((await watched.postLoan()).document);
      await publish('one');
      await bank.events(2);
      await publish('two');
      await bank.events(4);
      const page = (request: object) =>
        bank.inbox.events(bank.id, { after: 0, limit: 10, waitMs: 0, ...request }, soon());
      expect(await page({ limit: 3 })).to.deep.include({ next: 3, more: true });
      expect(await page({ after: 3 })).to.deep.include({ next: 4, more: false });
      expect(await page({ after: 4 })).to.deep.equal({ events: [], next: 4, more: false });
      const mine = await page({ subscription: id });
      expect(mine.events.map(({ subscription }) => subscription)).to.deep.equal([id, id]);
      const coming = page({ after: 4, waitMs: 1_000_000, subscription: other.id });
      await publish('three');
      expect((await coming).events.map(({ number }) => number)).to.deep.equal([3]);
    });

    it('end with the grant, and say why', async () => {
      const { document, draft } = await watched.postLoan();
      const keys = await bank.subscribe(document);
      watched.withdraw(draft.hash);
      const [event] = await bank.events(1);
      expect(event).to.include({ kind: 'ended', reason: 'GRANT_WITHDRAWN' });
      expect((await bank.read(event!, keys)).body).to.include({ reason: 'GRANT_WITHDRAWN' });
      expect(list()).to.have.deep.nested.property('[0].state', 'ended');
      expect(list()).to.have.deep.nested.property('[0].reason', 'GRANT_WITHDRAWN');
    });

    it('tell where the grant stands no more, though the provider is away', async () => {
      const { document, draft } = await watched.postLoan();
      await bank.subscribe(document);
      bank.line.cut = true;
      watched.exchange.withdrawn.add(draft.hash);
      expect(list()).to.have.deep.nested.property('[0].reason', 'GRANT_WITHDRAWN');
    });

    it('say what a provider refused, or that it was not reached; the same sent again opens it', async () => {
      const { document } = await watched.exchange.grant();
      const refused = await bank.subscribe(document);
      expect(refused.opened.parts[0]).to.include({ outcome: 'refused', reason: 'PURPOSE_MISMATCH' });
      bank.line.cut = true;
      const keys = await bank.subscribe((await watched.postLoan()).document);
      expect(keys.opened.parts[0]).to.include({ outcome: 'unreachable', reason: 'UNREACHABLE' });
      expect(list()).to.deep.equal([]);
      bank.line.cut = false;
      const again = async () => (await bank.subscriptions.subscribe(bank.asking, keys.body, soon())).parts[0]?.outcome;
      expect([await again(), await again()]).to.deep.equal(['open', 'open']);
      expect(list()).to.have.length(1);
      const other = { ...keys.body, subscription: refused.id };
      expect(await rejection(bank.subscriptions.subscribe(bank.asking, other, soon()))).to.have.property(
        'code',
        'MALFORMED',
      );
    });

    it('are closed: the provider forgets them when it is reached, and nothing more comes', async () => {
      const { id } = await bank.subscribe((await watched.postLoan()).document);
      bank.line.cut = true;
      await bank.subscriptions.close(bank.id, { subscription: id });
      expect(list()).to.have.deep.nested.property('[0].state', 'closing');
      await publish('unheard');
      bank.line.cut = false;
      while (list().length > 0) await new Promise((resolve) => setImmediate(resolve));
      expect(await watched.pull([{ subscription: id, after: 0 }])).to.deep.equal({ events: [], unknown: [id] });
      expect(await rejection(bank.subscriptions.close(bank.id, { subscription: id }))).to.have.property(
        'code',
        'NOT_FOUND',
      );
    });

    it('go on after a restart of the bank’s node: what came is there, what was missed comes', async () => {
      const keys = await bank.subscribe((await watched.postLoan()).document);
      await publish('before');
      await bank.events(1);
      await bank.stop();
      await publish('meanwhile');
      bank = await WatchingBank.open({ store, watched });
      const events = await bank.events(2);
      expect(events.map(({ cursor, number }) => [cursor, number])).to.deep.equal([
        [1, 1],
        [2, 2],
      ]);
      expect((await bank.read(events[1]!, keys)).records.map(({ claims }) => claims.get('NS_BH'))).to.deep.equal([
        'meanwhile',
      ]);
    });

    it('end where the provider knows them no more, by the own node’s word', async () => {
      const { id } = await bank.subscribe((await watched.postLoan()).document);
      await bank.stop();
      await watched.pull([{ subscription: id, after: 0, close: true }]);
      bank = await WatchingBank.open({ store, watched });
      const [event] = await bank.events(1);
      expect(event).to.include({ kind: 'ended', reason: 'NOT_FOUND', number: 1 });
      expect(event).to.not.have.property('sealed');
    });

    it('keep events for their time, and their cursors for good', async () => {
      await bank.subscribe((await watched.postLoan({ to: watched.exchange.now() + 60 * 86_400 })).document);
      await publish('old');
      await bank.events(1);
      for (const clock of [bank.agency.clock, watched.exchange.agency.clock]) clock.milliseconds += 31 * 86_400_000;
      watched.exchange.grants.time += 31 * 86_400;
      await publish('young');
      const { events } = await bank.inbox.events(bank.id, { after: 1, limit: 10, waitMs: 1_000_000 }, soon());
      expect(events.map(({ cursor }) => cursor)).to.deep.equal([2]);
      expect((await bank.events(1)).map(({ cursor }) => cursor)).to.deep.equal([2]);
    });

    it('are in the store without a word of whom they are about', async () => {
      await bank.subscribe((await watched.postLoan()).document);
      await publish('written');
      await bank.events(1);
      await bank.webhooks.create(bank.id, { url: 'https://bank.example/hook' });
      const { uscc, name } = watched.exchange.subject;
      for (const bucket of ['subscription', 'inboxEvent', 'webhook', 'delivery'] as const)
        for await (const [, value] of store.entries(bucket))
          for (const secret of [uscc, name, 'bank.example'])
            expect(Buffer.from(value).includes(secret), bucket).to.equal(false);
    });
  });
}

suite('memory', memoryStore);
describe('', () => {
  const folder = useTemporaryFolder();
  suite('LevelDB', () => openStore(join(folder(), 'db')));
});
