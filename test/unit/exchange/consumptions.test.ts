import { expect } from 'chai';
import { localAccount, newAccountSecret, type LocalAccount } from '../../../node/core/account.ts';
import type { XinlianError } from '../../../node/core/errors.ts';
import { newQueryId, signConsumption } from '../../../node/core/make-grant.ts';
import type { GrantConsumption } from '../../../node/core/messages/grant.ts';
import type { DraftGrant } from '../../../node/core/make-grant.ts';
import { Consumptions, type ConsumingMember } from '../../../node/exchange/consumptions.ts';
import { domain, Exchange } from '../../helpers/authorised.ts';
import { MEMBER } from '../../helpers/bundle.ts';
import { rejection } from '../../helpers/rejection.ts';

describe('A consumption that is carried for another', () => {
  let exchange: Exchange;
  let consumptions: Consumptions;
  let sent: number[];
  let by: ConsumingMember;

  beforeEach(async () => {
    exchange = await Exchange.open();
    exchange.grants.finalAtOnce = false;
    sent = [];
    by = {
      id: MEMBER,
      writer: {
        consumeGrants: (items) => {
          sent.push(items.length);
          return exchange.grants.consumeGrants(items);
        },
      },
    };
    consumptions = new Consumptions({ view: exchange.grants, domain, clock: exchange.agency.clock });
  });

  async function oneOff(uses = 1): Promise<DraftGrant> {
    const { draft } = await exchange.grant({ uses });
    exchange.grants.finalise();
    return draft;
  }

  const signed = (
    { terms }: Pick<DraftGrant, 'terms'>,
    query = newQueryId().id,
    account: LocalAccount = exchange.bank.account,
    now = exchange.now(),
  ): Promise<GrantConsumption> => signConsumption({ terms, query }, account, domain, now);

  it('is taken by a block once, and told to be final when it is', async () => {
    const draft = await oneOff();
    const consumption = await signed(draft);
    const first = await consumptions.relay(by, consumption);
    expect(first).to.deep.include({ grant: draft.hash, query: consumption.query, final: false });
    exchange.grants.finalise();
    expect(await consumptions.relay(by, consumption)).to.deep.equal({ ...first, final: true });
    expect(sent).to.deep.equal([1]);
  });

  it('goes with those that come at the same time, and of two of one query id one counts', async () => {
    const draft = await oneOff(2);
    const query = newQueryId().id;
    const [twice, again, other] = await Promise.all([signed(draft, query), signed(draft, query), signed(draft)]);
    const outcomes = await Promise.all([twice, again, other].map((one) => consumptions.relay(by, one)));
    expect(outcomes.every(({ block }) => block === outcomes[0]!.block)).to.equal(true);
    expect(sent).to.deep.equal([3]);
    expect(exchange.grants.grant(draft.hash)?.usesLeft).to.equal(0);
  });

  it('is refused by the chain for its own reason', async () => {
    const draft = await oneOff();
    await consumptions.relay(by, await signed(draft));
    const error = (await rejection(consumptions.relay(by, await signed(draft)))) as XinlianError<'GRANT_REFUSED'>;
    expect(error.code).to.equal('GRANT_REFUSED');
    expect(error.details).to.deep.include({ reason: 'GRANT_EXHAUSTED', grant: draft.hash });
  });

  it('costs nobody gas where it is not the grantee’s word, or no word for now', async () => {
    const draft = await oneOff();
    const stranger = localAccount(newAccountSecret());
    const good = await signed(draft);
    const spoiled: [GrantConsumption, string][] = [
      [await signed(draft, good.query, stranger), 'SIGNATURE_INVALID'],
      [await signed(draft, good.query, exchange.otherBank.account), 'SIGNATURE_INVALID'],
      [{ ...good, query: newQueryId().id }, 'SIGNATURE_INVALID'],
      [{ ...good, deadline: good.deadline + 1 }, 'SIGNATURE_INVALID'],
      [{ ...good, terms: { ...good.terms, uses: 2 } }, 'SIGNATURE_INVALID'],
      [{ ...good, signature: `0x${'00'.repeat(65)}` }, 'SIGNATURE_INVALID'],
      [{ ...good, terms: { ...good.terms, grantee: `0x${'9'.repeat(64)}` } }, 'MEMBER_UNKNOWN'],
      [await signed(draft, good.query, exchange.bank.account, exchange.now() - 1_000), 'MALFORMED'],
    ];
    for (const [consumption, code] of spoiled)
      expect(await rejection(consumptions.relay(by, consumption)), JSON.stringify(consumption)).to.include({ code });
    expect(sent).to.deep.equal([]);
  });
});
