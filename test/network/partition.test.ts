// A network in two parts, three validators here and one there: both go on, and what the one sealed is taken back.
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'chai';
import type { NodeInfo } from '../../node/core/messages/node.ts';
import type { RowOutcome } from '../../node/core/messages/publish.ts';
import { sampleFile } from '../../scripts/generate.ts';
import type { Validator } from '../../scripts/validators/validator.ts';
import { nodeInfo, until, xinlian } from '../helpers/consortium.ts';
import { startNetworkConsortium, type NetworkConsortium } from '../helpers/network/consortium-on-validators.ts';

const CUT_OFF = 3;

interface Block {
  number: string;
  hash: string;
  transactions: string[];
}

describe('a partition', () => {
  let consortium: NetworkConsortium;
  let majority: Validator;
  let minority: Validator;

  before(async () => {
    // Each has one endpoint alone: the regulator's node sees what the validator that is cut off sees.
    consortium = await startNetworkConsortium({
      players: ['regulator', 'dafeng'],
      endpointsOf: (player, network) => [network.validator(player === 'regulator' ? CUT_OFF : 0).url],
    });
    majority = consortium.network.validator(0);
    minority = consortium.network.validator(CUT_OFF);
  });
  after(() => (consortium as NetworkConsortium | undefined)?.stop());

  const info = (): Promise<NodeInfo> => nodeInfo(consortium, 'regulator');
  const log = async () => (await info()).logs[0];

  /** @returns a record of the file, and entries of the log behind it */
  async function publish(seed: number): Promise<{ record: string; size: number }> {
    const file = join(consortium.data, `rows-${seed}.csv`);
    const list = join(consortium.data, `outcomes-${seed}.ndjson`);
    await writeFile(file, [...sampleFile({ rows: 100, seed, item: 'xk', format: 'csv' })].join(''));
    const profile = consortium.profile('regulator');
    const result = await xinlian('publish', file, '--json', '--no-wait', '--outcomes', list, '--profile', profile);
    expect(result.code, result.stderr).to.equal(0);
    const [first = ''] = (await readFile(list, 'utf8')).split('\n');
    return { record: (JSON.parse(first) as RowOutcome).record ?? '', size: (await log())?.size ?? 0 };
  }

  const headOf = (validator: Validator): Promise<Block> =>
    validator.call<Block>('eth_getBlockByNumber', 'latest', false);

  it('takes anchors back with the fork that they are in; none was shown as final, and each is made again', async () => {
    const { network } = consortium;
    const first = await publish(1);
    await until(async () => ((await log())?.final ?? 0) >= first.size);
    const final = (await log())?.final;

    // Who sealed one of the last two blocks may not seal the next: the one to be cut off rests before.
    await minority.call('miner_stop');
    const rested = (await majority.head()) + 3;
    await until(async () => (await majority.head()) >= rested && (await minority.head()) >= rested);
    await network.partition(
      network.validators.filter((validator) => validator !== minority),
      [minority],
    );

    const shown: NodeInfo[] = [];
    let watching = true;
    const watcher = (async () => {
      while (watching) {
        shown.push(await info());
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
    })();

    const second = await publish(2);
    await until(async () => (await minority.call<{ pending: string }>('txpool_status')).pending !== '0x0');
    await minority.call('miner_start');
    await until(async () => ((await log())?.anchored ?? 0) >= second.size);
    const forked = await headOf(minority);
    expect(forked.transactions).to.have.length(1);
    expect((await log())?.final).to.equal(final);
    await until(async () => (await majority.head()) > Number(forked.number) + 3);
    const other = await majority.call<Block>('eth_getBlockByNumber', forked.number, false);
    expect(other.hash).to.not.equal(forked.hash);

    await network.heal();
    await until(async () => ((await log())?.final ?? 0) >= second.size);
    watching = false;
    await watcher;

    expect((await majority.call<Block>('eth_getBlockByNumber', forked.number, false)).hash).to.equal(other.hash);
    expect(await readFile(join(consortium.data, 'logs', 'node-regulator.log'), 'utf8')).to.include(
      'the chain was reorganised',
    );
    const onFork = shown.filter(({ head }) => head?.hash === forked.hash);
    expect(onFork).to.not.be.empty;
    for (const { logs } of onFork) {
      expect(logs[0]?.anchored).to.be.at.least(second.size);
      expect(logs[0]?.final).to.be.below(second.size);
    }

    const file = join(consortium.data, 'bundle.json');
    const made = await xinlian('bundle', second.record, '--out', file, '--profile', consortium.profile('regulator'));
    expect(made.code, made.stderr).to.equal(0);
    expect((await xinlian('verify', file)).code).to.equal(0);
    const { anchor } = JSON.parse(await readFile(file, 'utf8')) as { anchor: { header: string } };
    expect(anchor.header).to.not.equal(undefined);
  });
});
