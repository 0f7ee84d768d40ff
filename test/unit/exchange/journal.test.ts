import { expect } from 'chai';
import { fromUtf8, toBase64Url, utf8 } from '../../../node/core/bytes.ts';
import { decodeEntry } from '../../../node/core/entry.ts';
import { XinlianError } from '../../../node/core/errors.ts';
import type { GrantDocument } from '../../../node/core/grant.ts';
import { sealJwe } from '../../../node/core/jwe.ts';
import { newQueryId } from '../../../node/core/make-grant.ts';
import { signJournal, type Journal, type Journalled } from '../../../node/core/query.ts';
import { openingCommitment, queryNote, type QueryNote } from '../../../node/core/receipt.ts';
import { Consumptions } from '../../../node/exchange/consumptions.ts';
import { QueryJournal, type AskingMember } from '../../../node/exchange/journal.ts';
import { openingPlace } from '../../../node/exchange/openings.ts';
import type { GrantWriter, ItemOutcome } from '../../../node/exchange/ports.ts';
import type { Batch } from '../../../node/store/store.ts';
import { domain, Exchange, type Body } from '../../helpers/authorised.ts';
import { MEMBER } from '../../helpers/bundle.ts';
import { rejection } from '../../helpers/rejection.ts';
import { company } from '../../helpers/rows.ts';

type Items = Parameters<GrantWriter['consumeGrants']>[0];

/** Brings consumptions to the chain on paper when the test lets it, and can be told what the chain answers. */
class Courier implements GrantWriter {
  readonly batches: Items[] = [];
  /** Size of the log when each batch was sent. */
  readonly logged: number[] = [];
  gate: Promise<void> = Promise.resolve();
  answer: ((items: Items) => ItemOutcome[]) | undefined;
  readonly #exchange: Exchange;

  constructor(exchange: Exchange) {
    this.#exchange = exchange;
  }

  registerGrants: GrantWriter['registerGrants'] = (items) => this.#exchange.grants.registerGrants(items);
  withdrawGrants: GrantWriter['withdrawGrants'] = (items) => this.#exchange.grants.withdrawGrants(items);

  consumeGrants: GrantWriter['consumeGrants'] = async (items) => {
    this.batches.push(items);
    this.logged.push(this.#exchange.agency.log.state.size);
    await this.gate;
    return this.answer ? { block: 9, items: this.answer(items) } : this.#exchange.grants.consumeGrants(items);
  };
}

describe('The journal of queries', () => {
  let exchange: Exchange;
  let courier: Courier;
  let journal: QueryJournal<Batch>;
  let member: AskingMember<Batch>;

  beforeEach(async () => {
    exchange = await Exchange.open();
    courier = new Courier(exchange);
    const { commits, clock, log, vault } = exchange.agency;
    const consumptions = new Consumptions({ view: exchange.grants, domain, clock });
    journal = new QueryJournal<Batch>({ store: exchange.store, commits, view: exchange.grants, clock, consumptions });
    member = { id: exchange.bank.id, log, vault, sealing: exchange.sealing, writer: courier };
  });

  const signal = () => AbortSignal.timeout(30_000);

  async function seal(
    document: GrantDocument,
    change: Partial<Journal> = {},
    by: Body = exchange.bank,
  ): Promise<string> {
    const now = exchange.now();
    const made: Journal = {
      iss: exchange.bank.id,
      aud: exchange.bank.id,
      jti: newQueryId().id,
      iat: now,
      exp: now + 300,
      grant: document,
      items: ['tax-payment'],
      requests: [{ provider: MEMBER, request: toBase64Url(new Uint8Array(32).fill(4)) }],
      ...change,
    };
    return sealJwe(utf8(await signJournal(made, by.signer)), exchange.sealing.publicKey, 'JWT');
  }

  const take = async (document: GrantDocument, change: Partial<Journal> = {}): Promise<Journalled> =>
    journal.take(member, await seal(document, change), signal());

  /** Notes in the log from a position on, opened. */
  function notes(from: number): QueryNote[] {
    return Array.from({ length: exchange.agency.log.size - from }, (_, i) => {
      const position = from + i;
      const entry = decodeEntry(exchange.agency.logs.entry(1, position)!);
      if (entry.kind !== 'query') throw new Error(entry.kind);
      const note = queryNote.decode(
        exchange.agency.vault.openNote(exchange.store.opening(1, position)!, openingPlace(1, position)),
      );
      expect(toBase64Url(entry.commitment)).to.equal(toBase64Url(openingCommitment(note)));
      return note;
    });
  }

  it('logs an uncounted query, hidden, and leaves the chain alone', async () => {
    const { document, draft } = await exchange.grant();
    const before = exchange.agency.log.size;
    const jti = newQueryId().id;
    expect(await take(document, { jti })).to.deep.equal({ query: jti, consumed: false });
    expect(courier.batches).to.deep.equal([]);
    const [note, ...more] = notes(before);
    expect(more).to.deep.equal([]);
    expect(note).to.deep.include({
      query: jti,
      grant: draft.hash,
      subject: company(1),
      purpose: 'pre-loan',
      time: exchange.now(),
    });
    expect(note!.requests[0]!.provider).to.equal(MEMBER);
    const text = Buffer.from(exchange.agency.logs.entry(1, before)!).toString('latin1');
    for (const secret of [company(1), jti, draft.hash]) expect(text).to.not.contain(secret);
  });

  it('logs a counted query before it consumes, and answers when that is final', async () => {
    const { document, draft } = await exchange.grant({ uses: 1 });
    exchange.grants.finalAtOnce = false;
    const before = exchange.agency.log.size;
    const { id, hex } = newQueryId();
    let done = false;
    const taken = take(document, { jti: id }).finally(() => (done = true));
    while (!exchange.grants.consumption(draft.hash, hex)) await new Promise((resolve) => setTimeout(resolve, 5));
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(done).to.equal(false);
    expect(courier.logged).to.deep.equal([before + 1]);
    exchange.grants.finalise();
    expect(await taken).to.deep.equal({ query: id, consumed: true });
    expect(courier.batches.flat().map(({ terms, queryId }) => ({ terms, queryId }))).to.deep.equal([
      { terms: draft.terms, queryId: hex },
    ]);
    expect(courier.batches).to.have.length(1);
  });

  it('gathers what comes together into one batch, in which a bad one fails alone', async () => {
    const [one, two] = [await exchange.grant({ uses: 1 }), await exchange.grant({ uses: 1 })];
    const used = await exchange.grant({ uses: 1 });
    await exchange.grants.consumeGrants([{ terms: used.draft.terms, queryId: newQueryId().hex }]);
    const sealed = await Promise.all([one, used, two].map(({ document }) => seal(document)));
    const [first, bad, second] = await Promise.allSettled(sealed.map((text) => journal.take(member, text, signal())));
    expect([first?.status, bad?.status, second?.status]).to.deep.equal(['fulfilled', 'rejected', 'fulfilled']);
    expect(bad).to.have.nested.property('reason.code', 'GRANT_REFUSED');
    expect(bad).to.have.nested.property('reason.details.reason', 'GRANT_EXHAUSTED');
    expect(bad).to.have.nested.property('reason.details.grant', used.draft.hash);
    expect(courier.batches.map(({ length }) => length)).to.deep.equal([3]);
  });

  it('sends no more together than the contract takes', async () => {
    const { document } = await exchange.grant({ uses: 40 });
    const sealed = await Promise.all(Array.from({ length: 40 }, () => seal(document)));
    const all = await Promise.all(sealed.map((text) => journal.take(member, text, signal())));
    expect(all.every(({ consumed }) => consumed)).to.equal(true);
    expect(courier.batches.reduce((sum, { length }) => sum + length, 0)).to.equal(40);
    for (const { length } of courier.batches) expect(length).to.be.at.most(32);
  });

  describe('of a query that is sent again', () => {
    it('has it once, while it is under way and when it is done', async () => {
      const { document } = await exchange.grant({ uses: 2 });
      const before = exchange.agency.log.size;
      const sealed = await seal(document);
      const [first, second] = await Promise.all([
        journal.take(member, sealed, signal()),
        journal.take(member, sealed, signal()),
      ]);
      const third = await journal.take(member, sealed, signal());
      expect([second, third]).to.deep.equal([first, first]);
      expect(courier.batches).to.have.length(1);
      expect(notes(before)).to.have.length(1);
    });

    it('consumes nothing twice, and logs whom it asks now', async () => {
      const { document, draft } = await exchange.grant({ uses: 2 });
      const before = exchange.agency.log.size;
      const jti = newQueryId().id;
      const request = toBase64Url(new Uint8Array(32).fill(5));
      await take(document, { jti });
      await take(document, { jti, requests: [{ provider: MEMBER, request }] });
      expect(courier.batches).to.have.length(1);
      expect(exchange.grants.grant(draft.hash)?.usesLeft).to.equal(1);
      expect(notes(before).map(({ requests }) => requests[0]?.request)).to.have.members([
        request,
        toBase64Url(new Uint8Array(32).fill(4)),
      ]);
    });

    it('is not taken for another under the same id, while that is under way', async () => {
      const [one, two] = [await exchange.grant({ uses: 1 }), await exchange.grant({ uses: 1 })];
      const jti = newQueryId().id;
      const before = exchange.agency.log.size;
      await Promise.all([take(one.document, { jti }), take(two.document, { jti })]);
      expect(notes(before).map(({ grant }) => grant)).to.have.members([one.draft.hash, two.draft.hash]);
      expect([one, two].map(({ draft }) => exchange.grants.grant(draft.hash)?.usesLeft)).to.deep.equal([0, 0]);
    });

    it('goes on where a relay has consumed for it', async () => {
      const { document, draft } = await exchange.grant({ uses: 1 });
      const { id, hex } = newQueryId();
      await exchange.grants.consumeGrants([{ terms: draft.terms, queryId: hex }]);
      expect(await take(document, { jti: id })).to.deep.equal({ query: id, consumed: true });
      expect(courier.batches).to.deep.equal([]);
    });

    it('goes on where a relay consumes for it in the same moment', async () => {
      const { document, draft } = await exchange.grant({ uses: 1 });
      const { id, hex } = newQueryId();
      const gate = Promise.withResolvers<void>();
      courier.gate = gate.promise;
      const taken = take(document, { jti: id });
      while (courier.batches.length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
      await exchange.grants.consumeGrants([{ terms: draft.terms, queryId: hex }]);
      gate.resolve();
      expect(await taken).to.deep.equal({ query: id, consumed: true });
    });
  });

  describe('where the chain refuses', () => {
    const reasons = {
      GrantRegistryNotRegistered: 'GRANT_UNKNOWN',
      GrantRegistryWithdrawn: 'GRANT_WITHDRAWN',
      GrantRegistrySuspended: 'GRANT_SUSPENDED',
      GrantRegistryNotYetValid: 'GRANT_NOT_YET_VALID',
      GrantRegistryEnded: 'GRANT_EXPIRED',
      GrantRegistryUsedUp: 'GRANT_EXHAUSTED',
      GrantRegistryNotGrantee: 'GRANTEE_NOT_ENTITLED',
    };
    for (const [error, reason] of Object.entries(reasons)) {
      it(`with ${error} says ${reason}, and its line stays`, async () => {
        const { document, draft } = await exchange.grant({ uses: 1 });
        const before = exchange.agency.log.size;
        courier.answer = (items) => items.map(() => ({ ok: false, error, arguments: [] }));
        expect(await rejection(take(document))).to.deep.include({
          code: 'GRANT_REFUSED',
          details: { grant: draft.hash, reason, detail: 'the chain did not let this query consume it' },
        });
        expect(notes(before)).to.have.length(1);
      });
    }

    it('with an error that is none of those tells it as it is', async () => {
      const { document } = await exchange.grant({ uses: 1 });
      courier.answer = (items) => items.map(() => ({ ok: false, error: 'Panic', arguments: ['17'] }));
      expect(await rejection(take(document))).to.deep.include({
        code: 'TRANSACTION_REVERTED',
        details: { hash: '', error: 'Panic', arguments: ['17'] },
      });
      courier.answer = () => [];
      expect(await rejection(take(document))).to.have.property('code', 'TRANSACTION_REVERTED');
    });

    it('or is not there at all, the same journal can be sent again', async () => {
      const { document } = await exchange.grant({ uses: 1 });
      const sealed = await seal(document);
      courier.answer = () => {
        throw new XinlianError('CHAIN_UNREACHABLE', { endpoint: 'paper', reason: 'down' });
      };
      expect(await rejection(journal.take(member, sealed, signal()))).to.have.property('code', 'CHAIN_UNREACHABLE');
      courier.answer = undefined;
      expect((await journal.take(member, sealed, signal())).consumed).to.equal(true);
    });
  });

  describe('gives up', () => {
    const reason = new XinlianError('CANCELLED', { what: 'test' });

    it('for who leaves, at once, whatever it waits for', async () => {
      const { document } = await exchange.grant({ uses: 2 });
      exchange.grants.finalAtOnce = false;
      const gate = Promise.withResolvers<void>();
      courier.gate = gate.promise;
      const leaving = new AbortController();
      const before = exchange.agency.log.size;
      const taken = journal.take(member, await seal(document), leaving.signal);
      while (courier.batches.length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
      leaving.abort(reason);
      expect(await rejection(taken)).to.equal(reason);
      gate.resolve();
      expect(notes(before)).to.have.length(1);
    });

    it('for nobody else than who leaves', async () => {
      const { document, draft } = await exchange.grant({ uses: 2 });
      exchange.grants.finalAtOnce = false;
      const leaving = new AbortController();
      const sealed = await seal(document);
      const [left, stays] = [journal.take(member, sealed, leaving.signal), journal.take(member, sealed, signal())];
      while ((exchange.grants.grant(draft.hash)?.usesLeft ?? 0) > 1)
        await new Promise((resolve) => setTimeout(resolve, 5));
      leaving.abort(reason);
      expect(await rejection(left)).to.equal(reason);
      exchange.grants.finalise();
      expect((await stays).consumed).to.equal(true);
    });

    it('when the query has ended before its consumption is final', async () => {
      const { document, draft } = await exchange.grant({ uses: 1 });
      exchange.grants.finalAtOnce = false;
      const taken = take(document);
      while ((exchange.grants.grant(draft.hash)?.usesLeft ?? 0) > 0)
        await new Promise((resolve) => setTimeout(resolve, 5));
      exchange.agency.clock.milliseconds += 300_000;
      exchange.grants.suspend(draft.hash, false);
      expect(await rejection(taken)).to.have.property('code', 'TIMEOUT');
    });
  });

  describe('takes no journal', () => {
    const refused = async (change: Partial<Journal>, code: string, by?: Body) => {
      const { document } = await exchange.grant();
      const before = exchange.agency.log.size;
      const error = await rejection(journal.take(member, await seal(document, change, by), signal()));
      expect(error, JSON.stringify(change)).to.have.property('code', code);
      expect(exchange.agency.log.size).to.equal(before);
    };

    it('of another, for another, or signed by another', async () => {
      await refused({}, 'SIGNATURE_INVALID', exchange.otherBank);
      await refused({ iss: exchange.otherBank.id }, 'UNAUTHENTICATED');
      await refused({ aud: exchange.otherBank.id }, 'UNAUTHENTICATED');
    });

    it('of another time', async () => {
      const now = exchange.now();
      await refused({ iat: now - 400, exp: now }, 'UNAUTHENTICATED');
      await refused({ iat: now + 61, exp: now + 100 }, 'UNAUTHENTICATED');
      await refused({ exp: now + 901 }, 'UNAUTHENTICATED');
    });

    it('with a grant that is none, or sealed to another', async () => {
      const { document } = await exchange.grant();
      await refused({ grant: { ...document, artefact: '{}' } }, 'MALFORMED');
      const text = await seal(document);
      const [head] = text.split('.');
      expect(fromUtf8(new Uint8Array(Buffer.from(head!, 'base64url')))).to.contain('ECDH-ES');
      const elsewhere = { ...member, sealing: exchange.query(document).reply };
      expect(await rejection(journal.take(elsewhere, text, signal()))).to.have.property('code', 'SIGNATURE_INVALID');
    });
  });
});
