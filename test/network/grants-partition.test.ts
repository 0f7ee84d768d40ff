// Grants in a network of two parts: the bank's node and one provider see the side that loses. What was consumed there is
// consumed again and served once; what was withdrawn there stays withdrawn for whoever saw it, though no chain has it now.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'chai';
import { SigningKey } from 'ethers/crypto';
import { computeAddress } from 'ethers/transaction';
import { randomBytes } from 'node:crypto';
import { ApiError } from '../../gateway/client/api-error.ts';
import { systemClock } from '../../node/chain/clock.ts';
import { JsonRpc } from '../../node/chain/rpc.ts';
import { Submitter } from '../../node/chain/submitter.ts';
import { ChainWriter } from '../../node/chain/writer.ts';
import type { Hex } from '../../node/core/bytes.ts';
import { signWithdrawal } from '../../node/core/make-grant.ts';
import { termsOf } from '../../node/core/messages/grant.ts';
import { player, type Made } from '../../scripts/sandbox/programs.ts';
import type { Validator } from '../../scripts/validators/validator.ts';
import { silent } from '../helpers/consortium-on-anvil.ts';
import { nodeInfo, until } from '../helpers/consortium.ts';
import { enterpriseOf } from '../helpers/enterprise.ts';
import { startNetworkConsortium, type NetworkConsortium } from '../helpers/network/consortium-on-validators.ts';
import { outcomesOf, startLending, type Lending } from '../helpers/network/lending.ts';

const CUT_OFF = 3;
const TAX = player('tax').id;
const DAFENG = player('dafeng').id;

interface Block {
  number: string;
  hash: string;
  transactions: string[];
}

interface Pooled {
  hash: string;
  to: string | null;
}

describe('grants in a partition', () => {
  let consortium: NetworkConsortium;
  let lending: Lending;
  let majority: Validator;
  let minority: Validator;
  /** Tells the chain nothing that depends on who it is. */
  const stranger = new SigningKey(randomBytes(32));
  const clients: JsonRpc[] = [];

  before(async () => {
    consortium = await startNetworkConsortium({
      players: ['dafeng', 'tax', 'bank'],
      endpointsOf: (key, network) => [network.validator(key === 'dafeng' ? 0 : CUT_OFF).url],
    });
    majority = consortium.network.validator(0);
    minority = consortium.network.validator(CUT_OFF);
    await consortium.network.fund([computeAddress(stranger.publicKey)]);
    lending = await startLending(consortium, ['tax', 'dafeng']);
  });
  after(async () => {
    for (const rpc of clients) rpc.close();
    await (lending as Lending | undefined)?.programs.close();
    await (consortium as NetworkConsortium | undefined)?.stop();
  });

  /** The stranger's account at one validator: at each it begins with the same nonce. */
  function strangerAt({ url }: Validator): Submitter {
    const { chainId } = consortium.network;
    const rpc = new JsonRpc({ endpoints: [url], chainId }, { clock: systemClock, log: silent });
    clients.push(rpc);
    const signer = {
      address: computeAddress(stranger.publicKey),
      sign: (digest: Uint8Array) => stranger.sign(digest).serialized,
    };
    return new Submitter({ chainId, tip: 1n }, { rpc, signer, clock: systemClock, log: silent, random: Math.random });
  }

  const headOf = (validator: Validator): Promise<Block> =>
    validator.call<Block>('eth_getBlockByNumber', 'latest', false);

  /** Transactions to the registry of grants that wait at a validator. */
  async function waiting(validator: Validator): Promise<string[]> {
    const registry = consortium.consortium.contracts.grantRegistry.toLowerCase();
    const { pending } = await validator.call<{ pending: Record<string, Record<string, Pooled>> }>('txpool_content');
    const pooled = Object.values(pending).flatMap((ofOne) => Object.values(ofOne));
    return pooled.flatMap(({ hash, to }) => (to?.toLowerCase() === registry ? [hash] : []));
  }

  /** As the enterprise sees it, in the provider's log. */
  async function served({ draft }: Made): Promise<number> {
    const { programs, enterprise } = lending;
    const seen = await (await enterpriseOf(programs, enterprise)).history(TAX);
    return seen.filter(({ receipt }) => receipt.grant === draft.hash && receipt.outcome === 'answered').length;
  }

  it('that are for one query are served once though a reorganisation took the consumption back; withdrawn, they stay so', async () => {
    const { network } = consortium;
    const { bank, programs, asked, granted } = lending;
    const single = await granted({ uses: 1 });
    const ended = await granted();
    await until(async () => (await asked(ended, [TAX, DAFENG])).every((one) => one === 'answered'));

    // Who sealed one of the last two blocks may not seal the next: the one to be cut off rests before.
    await minority.call('miner_stop');
    const rested = (await majority.head()) + 3;
    await until(async () => (await majority.head()) >= rested && (await minority.head()) >= rested);
    await network.partition(
      network.validators.filter((validator) => validator !== minority),
      [minority],
    );

    const prepared = await bank.prepare({ grant: single.document, providers: [TAX] });
    let answered = false;
    const first = bank.send(prepared).then(
      () => (answered = true),
      () => undefined,
    );
    const { terms, signature } = await signWithdrawal(ended.draft, programs.domain);
    const writer = new ChainWriter(consortium.consortium.contracts, strangerAt(minority));
    const withdrawing = writer.withdrawGrants([{ terms: termsOf(terms), signature: signature as Hex }]);
    await until(async () => (await waiting(minority)).length >= 2);
    const reverted = await waiting(minority);
    // On the other side the same nonce goes to something else: there the withdrawal can never be mined.
    await strangerAt(majority).submit({ to: computeAddress(stranger.publicKey) as Hex, data: '0x' });

    await minority.call('miner_start');
    const { block } = await withdrawing;
    const forked = await headOf(minority);
    expect(Number(forked.number)).to.equal(block);
    expect(forked.transactions).to.include.members(reverted);

    // At first sight, and in a block that will not stay.
    await until(async () => (await nodeInfo(consortium, 'tax')).head?.hash === forked.hash);
    expect(await asked(ended, [TAX])).to.deep.equal(['GRANT_WITHDRAWN']);
    expect((await nodeInfo(consortium, 'tax')).final).to.be.below(block);
    expect(answered).to.equal(false);
    expect(await served(single)).to.equal(0);

    await until(async () => (await majority.head()) > block + 3);
    const other = await majority.call<Block>('eth_getBlockByNumber', forked.number, false);
    expect(other.hash).to.not.equal(forked.hash);
    await network.heal();
    await until(
      async () => (await minority.call<Block>('eth_getBlockByNumber', forked.number, false)).hash === other.hash,
    );

    await first;
    await until(async () => {
      const again = await bank.open(await bank.send(prepared));
      return outcomesOf(again)[0] === 'answered';
    });
    const refused: unknown = await asked(single, [TAX]).catch((error: unknown) => error);
    expect(refused).to.be.instanceOf(ApiError).and.include({ code: 'GRANT_REFUSED' });
    await until(async () => (await served(single)) > 0);
    expect(await served(single)).to.equal(1);

    // No chain has the withdrawal any more. Who saw it keeps to it; who did not cannot know.
    await until(async () => (await nodeInfo(consortium, 'tax')).final > block + 3);
    const { client } = await programs.program('bank');
    expect(await client.getGrant({ params: { grant: ended.draft.hash } })).to.include({ withdrawn: false });
    expect(await asked(ended, [TAX, DAFENG])).to.deep.equal(['GRANT_WITHDRAWN', 'answered']);
    for (const key of ['tax', 'bank']) {
      const log = await readFile(join(consortium.data, 'logs', `node-${key}.log`), 'utf8');
      expect(log).to.include('the chain was reorganised');
    }
  });
});
