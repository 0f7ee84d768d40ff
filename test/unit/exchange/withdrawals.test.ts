import { expect } from 'chai';
import { XinlianError } from '../../../node/core/errors.ts';
import { newAccountSecret } from '../../../node/core/account.ts';
import { signRegistration, signWithdrawal, type DraftGrant } from '../../../node/core/make-grant.ts';
import type { GrantWithdrawal } from '../../../node/core/messages/grant.ts';
import type { GrantWriter } from '../../../node/exchange/ports.ts';
import { SeenWithdrawals, verifyWithdrawal } from '../../../node/exchange/withdrawals.ts';
import type { Batch } from '../../../node/store/store.ts';
import { silent } from '../../helpers/agency.ts';
import { domain, Exchange } from '../../helpers/authorised.ts';
import { codeOf } from '../../helpers/code-of.ts';
import { rejection } from '../../helpers/rejection.ts';

const DAY = 86_400;

describe('Withdrawals that were seen', () => {
  let exchange: Exchange;
  /** Batches that were brought to the chain, taken or not. */
  let sent: number[];
  let down: boolean;
  let opened: SeenWithdrawals<Batch>[];

  beforeEach(async () => {
    exchange = await Exchange.open();
    sent = [];
    down = false;
    opened = [];
  });
  afterEach(() => Promise.all(opened.map((seen) => seen.stop())));

  async function open(): Promise<SeenWithdrawals<Batch>> {
    const { commits, clock } = exchange.agency;
    const withdrawGrants: GrantWriter['withdrawGrants'] = async (items) => {
      sent.push(items.length);
      if (down) throw new XinlianError('CHAIN_UNREACHABLE', { endpoint: 'paper', reason: 'down' });
      return exchange.grants.withdrawGrants(items);
    };
    const writer = { withdrawGrants };
    const needs = { store: exchange.store, commits, domain, view: exchange.grants, writer, clock, logger: silent };
    const seen = await SeenWithdrawals.open<Batch>(needs);
    opened.push(seen);
    return seen;
  }

  const until = async (check: () => boolean): Promise<void> => {
    while (!check()) await new Promise((resolve) => setTimeout(resolve, 5));
  };
  const onChain = (draft: DraftGrant) => exchange.grants.grant(draft.hash)?.withdrawn === true;
  const stored = async (): Promise<[string, boolean][]> => {
    const all: [string, boolean][] = [];
    for await (const [grant, { pending }] of exchange.store.withdrawals()) all.push([grant, pending !== undefined]);
    return all;
  };

  it('bind at once: before the disk has them, and before any block', async () => {
    const seen = await open();
    const { draft } = await exchange.grant();
    expect(seen.isWithdrawn(draft.hash)).to.equal(false);
    const taken = seen.take(await signWithdrawal(draft, domain), false);
    expect(seen.isWithdrawn(draft.hash)).to.equal(true);
    expect(await taken).to.equal(draft.hash);
    expect(onChain(draft)).to.equal(false);
    expect(sent).to.deep.equal([]);
  });

  it('bind a grant that no chain has yet', async () => {
    const seen = await open();
    const draft = exchange.draft();
    await seen.take(await signWithdrawal(draft, domain), true);
    await until(() => onChain(draft));
    const [outcome] = (await exchange.grants.registerGrants([draft])).items;
    expect(outcome).to.include({ ok: false, error: 'GrantRegistryWithdrawn' });
  });

  it('are brought to the chain where they were given to this node, once', async () => {
    const seen = await open();
    const { draft } = await exchange.grant();
    const withdrawal = await signWithdrawal(draft, domain);
    await Promise.all([seen.take(withdrawal, true), seen.take(withdrawal, true)]);
    await until(() => onChain(draft));
    await seen.take(withdrawal, true);
    await seen.take(withdrawal, false);
    await seen.stop();
    expect(sent).to.deep.equal([1]);
    expect(await stored()).to.deep.equal([[draft.hash, false]]);
  });

  it('are not brought where a block has them', async () => {
    const seen = await open();
    const { draft } = await exchange.grant();
    await exchange.grants.withdrawGrants([draft]);
    await seen.take(await signWithdrawal(draft, domain), true);
    await seen.stop();
    expect(sent).to.deep.equal([]);
    expect(await stored()).to.deep.equal([[draft.hash, false]]);
  });

  it('are brought all, though they are more than one batch takes', async () => {
    const seen = await open();
    const drafts = Array.from({ length: 40 }, () => exchange.draft());
    for (const draft of drafts) await exchange.grants.registerGrants([draft]);
    down = true;
    for (const draft of drafts) await seen.take(await signWithdrawal(draft, domain), true);
    await until(() => sent.length > 0);
    await seen.stop();
    down = false;
    sent = [];
    const again = await open();
    again.start();
    await until(() => drafts.every(onChain));
    expect(sent).to.deep.equal([32, 8]);
  });

  it('survive a restart, and are brought then where the chain was down', async () => {
    const { draft } = await exchange.grant();
    down = true;
    const before = await open();
    await before.take(await signWithdrawal(draft, domain), true);
    await until(() => sent.length > 0);
    await before.stop();
    expect(await stored()).to.deep.equal([[draft.hash, true]]);

    down = false;
    const after = await open();
    expect(after.isWithdrawn(draft.hash)).to.equal(true);
    expect(onChain(draft)).to.equal(false);
    after.start();
    await until(() => onChain(draft));
    await after.stop();
    expect(await stored()).to.deep.equal([[draft.hash, false]]);
  });

  it('that the chain was down for are brought with the next', async () => {
    const { draft } = await exchange.grant();
    const seen = await open();
    down = true;
    await seen.take(await signWithdrawal(draft, domain), true);
    await until(() => sent.length === 1);
    const other = (await exchange.grant()).draft;
    // The next one takes it along.
    down = false;
    await seen.take(await signWithdrawal(other, domain), true);
    await until(() => onChain(draft) && onChain(other));
    expect(sent[0]).to.equal(1);
  });

  it('of which the chain refuses one are not sent for ever', async () => {
    const seen = await open();
    const { draft } = await exchange.grant();
    const hidden = { ...exchange.grants.grant(draft.hash)!, withdrawn: false };
    // The view is behind: the chain has it already.
    await exchange.grants.withdrawGrants([draft]);
    const truth = exchange.grants.grant.bind(exchange.grants);
    exchange.grants.grant = (hash) => (hash === draft.hash ? hidden : truth(hash));
    await seen.take(await signWithdrawal(draft, domain), true);
    await until(() => sent.length === 1);
    await seen.stop();
    expect(await stored()).to.deep.equal([[draft.hash, false]]);
  });

  it('of grants that ended are forgotten a day later, and brought no more', async () => {
    const ending = await exchange.grant({ to: exchange.now() + DAY });
    const lasting = await exchange.grant({ to: exchange.now() + 30 * DAY });
    down = true;
    const before = await open();
    for (const { draft } of [ending, lasting]) await before.take(await signWithdrawal(draft, domain), true);
    await until(() => sent.length > 0);
    await before.stop();

    exchange.agency.clock.milliseconds += 2 * DAY * 1000;
    const same = await open();
    expect([ending, lasting].map(({ draft }) => same.isWithdrawn(draft.hash))).to.deep.equal([true, true]);
    await same.stop();

    exchange.agency.clock.milliseconds += 1000;
    down = false;
    sent = [];
    const after = await open();
    expect([ending, lasting].map(({ draft }) => after.isWithdrawn(draft.hash))).to.deep.equal([false, true]);
    after.start();
    await until(() => onChain(lasting.draft));
    await after.stop();
    expect([sent, onChain(ending.draft)]).to.deep.equal([[1], false]);
    expect(await stored()).to.deep.equal([[lasting.draft.hash, false]]);
  });

  it('are none where another key signed, or for other terms', async () => {
    const seen = await open();
    const { draft } = await exchange.grant();
    const right = await signWithdrawal(draft, domain);
    const thief = await signWithdrawal({ ...draft, key: newAccountSecret() }, domain);
    const registration = await signRegistration(draft, domain, exchange.now());
    const elsewhere = await signWithdrawal(draft, { ...domain, chainId: 1 });
    const forged: GrantWithdrawal[] = [
      thief,
      elsewhere,
      { ...right, signature: registration.signature },
      { ...right, terms: { ...right.terms, uses: right.terms.uses + 1 } },
      { ...right, terms: { ...right.terms, validTo: right.terms.validTo + 1 } },
      { ...right, terms: { ...right.terms, key: `0x${'00'.repeat(20)}` } },
    ];
    for (const withdrawal of forged) {
      expect(await rejection(seen.take(withdrawal, true))).to.have.property('code', 'SIGNATURE_INVALID');
      expect(codeOf(() => verifyWithdrawal(withdrawal, domain))).to.equal('SIGNATURE_INVALID');
    }
    expect(seen.isWithdrawn(draft.hash)).to.equal(false);
    expect([sent, await stored()]).to.deep.equal([[], []]);
    expect(verifyWithdrawal(right, domain)).to.equal(draft.hash);
  });

  it('are none in another form', async () => {
    const seen = await open();
    const right = await signWithdrawal(exchange.draft(), domain);
    const wrong = [
      { ...right, signature: '0x00' },
      { ...right, terms: { ...right.terms, grantee: 'bank' } },
      { ...right, terms: { ...right.terms, validTo: 2 ** 32 } },
    ];
    for (const withdrawal of wrong)
      expect(await rejection(seen.take(withdrawal, true))).to.have.property('code', 'MALFORMED');
  });

  it('stop twice', async () => {
    const seen = await open();
    seen.start();
    seen.start();
    await seen.stop();
    await seen.stop();
    expect(sent).to.deep.equal([]);
  });
});
