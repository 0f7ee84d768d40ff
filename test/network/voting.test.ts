// A validator is voted in and out (EIP-225), and publishing goes on.
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'chai';
import { sampleFile } from '../../scripts/generate.ts';
import { nodeInfo, until, xinlian } from '../helpers/consortium.ts';
import { startNetworkConsortium, type NetworkConsortium } from '../helpers/network/consortium-on-validators.ts';

describe('a validator that is voted in and out', () => {
  let consortium: NetworkConsortium;
  let seed = 0;

  before(async () => {
    consortium = await startNetworkConsortium({ players: ['regulator', 'dafeng'] });
  });
  after(() => (consortium as NetworkConsortium | undefined)?.stop());

  async function publish(): Promise<void> {
    const file = join(consortium.data, `rows-${++seed}.csv`);
    await writeFile(file, [...sampleFile({ rows: 50, seed, item: 'xk', format: 'csv' })].join(''));
    const result = await xinlian('publish', file, '--json', '--no-wait', '--profile', consortium.profile('regulator'));
    expect(result.code, result.stderr).to.equal(0);
    const size = (await nodeInfo(consortium, 'regulator')).logs[0]?.size ?? 0;
    await until(async () => ((await nodeInfo(consortium, 'regulator')).logs[0]?.final ?? 0) >= size);
  }

  it('seals blocks when most have voted for it, and none when most have voted against it', async () => {
    const { network } = consortium;
    const [first, second, third] = network.validators;
    const joining = await network.join();
    const signers = async (): Promise<string[]> =>
      (await first!.call<string[]>('clique_getSigners')).map((address) => address.toLowerCase());
    const own = joining.address.toLowerCase();
    /** Blocks that it sealed, of the last 64. */
    const sealed = async (): Promise<number> =>
      (await first!.call<{ sealerActivity: Record<string, number> }>('clique_status')).sealerActivity[own] ?? 0;

    expect(await signers()).to.have.length(4);
    for (const validator of [first!, second!]) await validator.call('clique_propose', joining.address, true);
    await publish();
    expect(await signers(), 'two votes of four are not the majority').to.not.include(own);
    await third!.call('clique_propose', joining.address, true);
    await until(async () => (await signers()).includes(own));
    await until(async () => (await sealed()) > 0);
    await publish();

    for (const validator of [first!, second!, third!]) {
      await validator.call('clique_discard', joining.address);
      await validator.call('clique_propose', joining.address, false);
    }
    await until(async () => !(await signers()).includes(own));
    await joining.kill();
    await publish();
    expect(await signers()).to.have.length(4);
  });
});
