import { expect } from 'chai';
import { fromUtf8, utf8 } from '../../../node/core/bytes.ts';
import { XinlianError } from '../../../node/core/errors.ts';
import { openJwe, sealJwe } from '../../../node/core/jwe.ts';
import { newQueryId } from '../../../node/core/make-grant.ts';
import { answerBody, parseAnswer, signJournal, signQuery, type QueryRow } from '../../../node/core/query.ts';
import { textDigest } from '../../../node/core/receipt.ts';
import { Consumptions } from '../../../node/exchange/consumptions.ts';
import { QueryJournal } from '../../../node/exchange/journal.ts';
import { QueryRunner, type RanQuery } from '../../../node/exchange/query-runner.ts';
import type { Batch } from '../../../node/store/store.ts';
import { domain, Exchange } from '../../helpers/authorised.ts';
import { MEMBER } from '../../helpers/bundle.ts';
import { rejection } from '../../helpers/rejection.ts';

type Made = { row: QueryRow; reply: ReturnType<Exchange['query']>['reply'] };

describe('A query that the bank’s own node runs', () => {
  let exchange: Exchange;
  let runner: QueryRunner<Batch>;
  let cut: boolean;

  beforeEach(async () => {
    exchange = await Exchange.open();
    cut = false;
    const { agency, grants: view, store, sealing, bank } = exchange;
    const { commits, clock, log, vault } = agency;
    const consumptions = new Consumptions({ view, domain, clock });
    runner = new QueryRunner<Batch>({
      journal: new QueryJournal<Batch>({ store, commits, view, clock, consumptions }),
      asking: () => ({ id: bank.id, log, vault, sealing, writer: view }),
      ask: async (peer, sealed, { signal }) => {
        if (cut) throw new XinlianError('UNREACHABLE', { peer, reason: 'the line is cut' });
        return utf8(await exchange.provider.answer(exchange.member, sealed, signal));
      },
    });
  });

  async function made(change: Parameters<Exchange['grant']>[0] = {}): Promise<Made> {
    return sealed((await exchange.grant(change)).document);
  }

  async function sealed(document: Awaited<ReturnType<Exchange['grant']>>['document']): Promise<Made> {
    const { bank, sealing } = exchange;
    const { query, reply } = exchange.query(document, { jti: newQueryId().id });
    const jws = await signQuery(query, bank.signer);
    const { iss, jti, iat, exp, items } = query;
    const requests = [{ provider: MEMBER, request: textDigest(jws) }];
    const journal = await signJournal({ iss, aud: iss, jti, iat, exp, grant: document, items, requests }, bank.signer);
    const seal = (text: string): Promise<string> => sealJwe(utf8(text), sealing.publicKey, 'JWT');
    const row = { query: jti, journal: await seal(journal), parts: [{ provider: MEMBER, query: await seal(jws) }] };
    return { row, reply };
  }

  const run = (row: QueryRow, signal = AbortSignal.timeout(30_000)): Promise<RanQuery> =>
    runner.run(exchange.bank.id, row, signal);
  const partOf = (ran: RanQuery) => ('parts' in ran ? ran.parts[0]! : undefined);

  it('is logged and asked, and its answer stays sealed to the asker', async () => {
    const { row, reply } = await made();
    const before = exchange.agency.log.size;
    const ran = await run(row);
    // Its own line, and the receipt of the provider, which shares the log here.
    expect(exchange.agency.log.size).to.equal(before + 2);
    expect(ran).to.deep.include({ consumed: false });
    const { plaintext } = await openJwe(partOf(ran)!.answer!, reply);
    expect(answerBody.decode(utf8(parseAnswer(fromUtf8(plaintext)).answer.body)).outcome).to.equal('answered');
  });

  it('consumes a counted grant once, however often it is run, and is answered as before', async () => {
    const { row } = await made({ uses: 1 });
    const first = await run(row);
    expect(first).to.deep.include({ consumed: true });
    expect(await run(row)).to.deep.equal(first);
  });

  it('asks nobody where the chain does not let it', async () => {
    const { document } = await exchange.grant({ uses: 1 });
    await run((await sealed(document)).row);
    expect(await run((await sealed(document)).row)).to.include({ reason: 'GRANT_EXHAUSTED' });
  });

  it('says which provider was not reached, and which took it for no query', async () => {
    const { row } = await made();
    cut = true;
    expect(partOf(await run(row))).to.include({ outcome: 'unreachable', reason: 'UNREACHABLE' });
    cut = false;
    expect(partOf(await run(row))).to.include({ outcome: 'answer' });
    const other = (await made()).row;
    const wrong = { ...other, parts: [{ provider: MEMBER, query: other.journal }] };
    expect(partOf(await run(wrong))).to.include({ outcome: 'error' });
  });

  it('is of the id that its journal has, and in time', async () => {
    const { row } = await made();
    expect(await run({ ...row, query: newQueryId().id })).to.include({ reason: 'MALFORMED' });
    const late = (await made()).row;
    exchange.agency.clock.milliseconds += 301_000;
    exchange.grants.time += 301;
    expect(await run(late)).to.include({ reason: 'UNAUTHENTICATED' });
  });

  it('is given up with the node, and nothing is said of it', async () => {
    const { row } = await made();
    const reason = new Error('stopped');
    expect(await rejection(run(row, AbortSignal.abort(reason)))).to.equal(reason);
  });
});
