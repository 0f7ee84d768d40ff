// A network in two parts, three validators here and one there: both go on, and what the one sealed is taken back. All
// nodes but Dafeng's see the side that loses. There an agency anchors, a bank consumes a grant, a grant is withdrawn, and
// Shanghai recognises two reports, of which one application is withdrawn on the other side.
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { randomBytes } from 'node:crypto';
import { expect } from 'chai';
import { SigningKey } from 'ethers/crypto';
import { computeAddress } from 'ethers/transaction';
import { ApiError } from '../../gateway/client/api-error.ts';
import type { PreparedQuery } from '../../gateway/client/grantee.ts';
import { systemClock } from '../../node/chain/clock.ts';
import { JsonRpc } from '../../node/chain/rpc.ts';
import { Submitter } from '../../node/chain/submitter.ts';
import { ChainWriter } from '../../node/chain/writer.ts';
import type { Hex } from '../../node/core/bytes.ts';
import { signWithdrawal } from '../../node/core/make-grant.ts';
import { termsOf } from '../../node/core/messages/grant.ts';
import type { NodeInfo } from '../../node/core/messages/node.ts';
import type { RowOutcome } from '../../node/core/messages/publish.ts';
import type { CaseText } from '../../node/core/messages/recognition.ts';
import { sampleFile } from '../../scripts/generate.ts';
import { player, type Made } from '../../scripts/sandbox/programs.ts';
import { agree, Case, openSide, plainReport, type Side } from '../../scripts/sandbox/recognition.ts';
import type { Validator } from '../../scripts/validators/validator.ts';
import { silent } from '../helpers/consortium-on-anvil.ts';
import { nodeInfo, until, xinlian } from '../helpers/consortium.ts';
import { enterpriseOf } from '../helpers/enterprise.ts';
import {
  digestsAtOneBlock,
  startNetworkConsortium,
  type NetworkConsortium,
} from '../helpers/network/consortium-on-validators.ts';
import { outcomesOf, startLending, type Lending } from '../helpers/network/lending.ts';
import { Partition, sentTo, type SealedBlock } from '../helpers/network/partition.ts';

const CUT_OFF = 3;
const LOSING = ['regulator', 'tax', 'bank', 'shanghai'];
const TAX = player('tax').id;
const DAFENG = player('dafeng').id;

/** Looks again and again, and keeps what it saw. */
class Watcher<T> {
  readonly seen: T[] = [];
  readonly #watching: Promise<void>;
  #ended = false;

  constructor(look: () => Promise<T>) {
    this.#watching = (async () => {
      while (!this.#ended) {
        this.seen.push(await look());
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
    })();
    // Told to whoever ends it.
    this.#watching.catch(() => undefined);
  }

  async end(): Promise<T[]> {
    this.#ended = true;
    await this.#watching;
    return this.seen;
  }
}

describe('a partition', () => {
  let consortium: NetworkConsortium;
  let lending: Lending;
  let dafeng: Side;
  let shanghai: Side;
  /** For one query; for a term. */
  let single: Made;
  let ended: Made;
  /** From Dafeng, both examined in Shanghai: the application for the first is withdrawn on the side that wins. */
  let withdrawn: Case;
  let recognised: Case;
  /** Tells the chain nothing that depends on who it is. */
  const stranger = new SigningKey(randomBytes(32));
  const clients: JsonRpc[] = [];

  let partition: Partition;
  let forked: SealedBlock;
  let published: { record: string; size: number; final: number };
  let prepared: PreparedQuery;
  let answered = false;
  let asking: Promise<void>;
  let log: Watcher<NodeInfo>;
  let cases: Watcher<readonly CaseText[]>;

  before(async () => {
    // Each has one endpoint alone: it sees what that validator sees.
    consortium = await startNetworkConsortium({
      players: ['dafeng', ...LOSING],
      endpointsOf: (key, network) => [network.validator(LOSING.includes(key) ? CUT_OFF : 0).url],
    });
    await consortium.network.fund([computeAddress(stranger.publicKey)]);
    lending = await startLending(consortium, ['tax', 'dafeng']);
    [single, ended] = await Promise.all([lending.granted({ uses: 1 }), lending.granted()]);
    await until(async () => (await lending.asked(ended, [TAX, DAFENG])).every((one) => one === 'answered'));
    const { programs } = lending;
    [dafeng, shanghai] = await Promise.all([openSide(programs, 'dafeng'), openSide(programs, 'shanghai')]);
    const agreement = await agree(dafeng, shanghai, () => {});
    [withdrawn, recognised] = [new Case(dafeng, shanghai, agreement), new Case(dafeng, shanghai, agreement)];
    for (const [i, one] of [withdrawn, recognised].entries()) {
      const report = await plainReport(dafeng, `大丰示范企业${i}`, `MA1HH01${i}`);
      await one.request(`DF-${i}`, report, 'licensing');
      expect(await one.tested()).to.deep.equal([]);
      await one.examine();
      expect(await one.both('examining')).to.equal(true);
    }
  });
  after(async () => {
    await Promise.all([(log as Watcher<unknown> | undefined)?.end(), (cases as Watcher<unknown> | undefined)?.end()]);
    for (const rpc of clients) rpc.close();
    await (lending as Lending | undefined)?.programs.close();
    await (consortium as NetworkConsortium | undefined)?.stop();
  });

  const logOf = ({ logs }: NodeInfo) => logs[0] ?? { size: 0, anchored: 0, final: 0 };

  /** @returns a record of the file, entries of the log behind it, and those that are final */
  async function publish(): Promise<{ record: string; size: number; final: number }> {
    const file = join(consortium.data, 'rows.csv');
    const list = join(consortium.data, 'outcomes.ndjson');
    await writeFile(file, [...sampleFile({ rows: 100, seed: 1, item: 'xk', format: 'csv' })].join(''));
    const profile = consortium.profile('regulator');
    const result = await xinlian('publish', file, '--json', '--no-wait', '--outcomes', list, '--profile', profile);
    expect(result.code, result.stderr).to.equal(0);
    const [first = ''] = (await readFile(list, 'utf8')).split('\n');
    const { size, final } = logOf(await nodeInfo(consortium, 'regulator'));
    return { record: (JSON.parse(first) as RowOutcome).record ?? '', size, final };
  }

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

  /** Queries under the one-off grant that the tax bureau answered, as the enterprise sees it in its log. */
  async function served(): Promise<number> {
    const seen = await (await enterpriseOf(lending.programs, lending.enterprise)).history(TAX);
    return seen.filter(({ receipt }) => receipt.grant === single.draft.hash && receipt.outcome === 'answered').length;
  }

  const caseOf = (all: readonly CaseText[], { id }: Case): CaseText | undefined => all.find((one) => one.id === id);

  it('shows at first sight what the smaller side seals, and none of it as final', async () => {
    const { contracts } = consortium.consortium;
    const { logAnchor, grantRegistry, recognitionRegistry } = contracts;
    partition = await Partition.cut(consortium.network, CUT_OFF);
    const { majority, minority } = partition;
    log = new Watcher(() => nodeInfo(consortium, 'regulator'));
    cases = new Watcher(async () => (await shanghai.office.page()).cases);

    published = await publish();
    prepared = await lending.bank.prepare({ grant: single.document, providers: [TAX] });
    asking = lending.bank.send(prepared).then(
      () => void (answered = true),
      () => undefined,
    );
    const { terms, signature } = await signWithdrawal(ended.draft, lending.programs.domain);
    const writer = new ChainWriter(contracts, strangerAt(minority));
    const withdrawing = writer.withdrawGrants([{ terms: termsOf(terms), signature: signature as Hex }]);
    const recognising = Promise.all([withdrawn.recognise(), recognised.recognise()]);
    await until(
      async () =>
        (await partition.waiting(logAnchor)) > 0 &&
        (await partition.waiting(grantRegistry)) >= 2 &&
        (await partition.waiting(recognitionRegistry)) >= 2,
    );
    // On the other side the same nonce goes to something else: there the withdrawal can never be mined.
    await strangerAt(majority).submit({ to: computeAddress(stranger.publicKey) as Hex, data: '0x' });
    await withdrawn.withdraw();

    forked = await partition.fork();
    expect((await withdrawing).block).to.equal(Number(forked.number));
    await recognising;
    expect(sentTo(forked, logAnchor)).to.be.at.least(1);
    expect(sentTo(forked, grantRegistry)).to.equal(2);
    expect(sentTo(forked, recognitionRegistry)).to.equal(2);

    for (const key of LOSING) await until(async () => (await nodeInfo(consortium, key)).head?.hash === forked.hash);
    expect(await lending.asked(ended, [TAX])).to.deep.equal(['GRANT_WITHDRAWN']);
    expect(answered).to.equal(false);
    expect(await served()).to.equal(0);
    const onFork = await nodeInfo(consortium, 'regulator');
    expect(logOf(onFork).anchored).to.be.at.least(published.size);
    const page = await shanghai.office.page();
    for (const one of [withdrawn, recognised])
      expect(caseOf(page.cases, one)).to.include({ state: 'recognised', final: 'examining', recognised: false });
    for (const key of LOSING) expect((await nodeInfo(consortium, key)).final, key).to.be.below(Number(forked.number));
    expect(log.seen.every((info) => logOf(info).final <= published.final)).to.equal(true);
    expect(cases.seen.flat().some(({ final }) => final === 'recognised')).to.equal(false);
  });

  it('is taken back by every node, and all of them come to one state', async () => {
    await partition.heal(forked);
    for (const key of LOSING) {
      await until(async () => (await nodeInfo(consortium, key)).final > Number(forked.number));
      const said = await readFile(join(consortium.data, 'logs', `node-${key}.log`), 'utf8');
      expect(said, key).to.include('the chain was reorganised');
    }
    const digests = await digestsAtOneBlock(consortium, ['dafeng', ...LOSING]);
    expect(new Set(digests).size).to.equal(1);
    expect(digests[0]).to.match(/^0x[0-9a-f]{64}$/);
  });

  it('loses no anchor: each is made again, and proves what it anchors', async () => {
    await until(async () => logOf(await nodeInfo(consortium, 'regulator')).final >= published.size);
    const onFork = (await log.end()).filter(({ head }) => head?.hash === forked.hash);
    expect(onFork).to.not.be.empty;
    for (const info of onFork) expect(logOf(info).final).to.be.below(published.size);

    const file = join(consortium.data, 'bundle.json');
    const made = await xinlian('bundle', published.record, '--out', file, '--profile', consortium.profile('regulator'));
    expect(made.code, made.stderr).to.equal(0);
    expect((await xinlian('verify', file)).code).to.equal(0);
    const { anchor } = JSON.parse(await readFile(file, 'utf8')) as { anchor: { header?: string } };
    expect(anchor.header).to.not.equal(undefined);
  });

  it('serves a grant for one query once, and keeps to a withdrawal that was seen', async () => {
    const { asked, bank, programs } = lending;
    await asking;
    await until(async () => {
      const again = await bank.open(await bank.send(prepared));
      return outcomesOf(again)[0] === 'answered';
    });
    const refused: unknown = await asked(single, [TAX]).catch((error: unknown) => error);
    expect(refused).to.be.instanceOf(ApiError).and.include({ code: 'GRANT_REFUSED' });
    await until(async () => (await served()) > 0);
    expect(await served()).to.equal(1);

    // No chain has the withdrawal any more. Who saw it keeps to it; who did not cannot know.
    const { client } = await programs.program('bank');
    expect(await client.getGrant({ params: { grant: ended.draft.hash } })).to.include({ withdrawn: false });
    expect(await asked(ended, [TAX, DAFENG])).to.deep.equal(['GRANT_WITHDRAWN', 'answered']);
  });

  it('takes the steps of cases again where they still hold, and both sides agree', async () => {
    expect(await recognised.both('recognised')).to.equal(true);
    expect(await withdrawn.both('withdrawn')).to.equal(true);
    const seen = (await cases.end()).map((all) => caseOf(all, withdrawn));
    expect(seen.some((one) => one?.state === 'recognised')).to.equal(true);
    expect(seen.some((one) => one?.final === 'recognised' || one?.recognised === true)).to.equal(false);
  });
});
