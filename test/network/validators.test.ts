// Validators come and go. One is voted in and out (EIP-225), and publishing goes on. Others end like in a power cut: with
// one gone nothing stops; with two gone the chain stalls, and nothing else does.
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'chai';
import type { NodeInfo } from '../../node/core/messages/node.ts';
import { sampleFile } from '../../scripts/generate.ts';
import { lastJson, nodeInfo, until, xinlian } from '../helpers/consortium.ts';
import { player, type Made } from '../../scripts/sandbox/programs.ts';
import { startLending, type Lending } from '../helpers/network/lending.ts';
import {
  BLOCK_SECONDS,
  startNetworkConsortium,
  type NetworkConsortium,
} from '../helpers/network/consortium-on-validators.ts';

const ROWS = 100;
/** Reads close when the head is older. */
const FAIL_CLOSED_SECONDS = 40;
const FAIL_CLOSED = 'XINLIAN_NODE_ACCESS_FAILCLOSEDSECONDS';

describe('validators that come and go', () => {
  let consortium: NetworkConsortium;
  let lending: Lending;
  let grant: Made;
  let seed = 0;

  before(async () => {
    process.env[FAIL_CLOSED] = String(FAIL_CLOSED_SECONDS);
    consortium = await startNetworkConsortium({ players: ['regulator', 'dafeng', 'tax', 'bank'] });
    lending = await startLending(consortium, ['tax']);
    grant = await lending.granted();
  });
  after(async () => {
    delete process.env[FAIL_CLOSED];
    await (lending as Lending | undefined)?.programs.close();
    await (consortium as NetworkConsortium | undefined)?.stop();
  });

  const info = (): Promise<NodeInfo> => nodeInfo(consortium, 'regulator');
  const log = async () => (await info()).logs[0];

  /** @returns entries of the log behind it */
  async function publish(): Promise<number> {
    const file = join(consortium.data, `rows-${++seed}.csv`);
    await writeFile(file, [...sampleFile({ rows: ROWS, seed, item: 'xk', format: 'csv' })].join(''));
    const result = await xinlian('publish', file, '--json', '--no-wait', '--profile', consortium.profile('regulator'));
    expect(result.code, result.stderr).to.equal(0);
    expect(lastJson(result)).to.include({ published: ROWS });
    return (await log())?.size ?? 0;
  }

  const reads = (): Promise<string[]> => lending.asked(grant, [player('tax').id]);

  async function said(message: string): Promise<Record<string, unknown>[]> {
    const lines = (await readFile(join(consortium.data, 'logs', 'node-regulator.log'), 'utf8')).split('\n');
    return lines.filter((line) => line.includes(message)).map((line) => JSON.parse(line) as Record<string, unknown>);
  }

  async function publishFinally(): Promise<void> {
    const size = await publish();
    await until(async () => ((await log())?.final ?? 0) >= size);
  }

  it('seal blocks when most have voted for one, and none when most have voted against it', async () => {
    const { network } = consortium;
    const voters = network.validators.slice(0, 3);
    const [first] = voters;
    const joining = await network.join();
    const own = joining.address.toLowerCase();
    const signers = async (): Promise<string[]> =>
      (await first!.call<string[]>('clique_getSigners')).map((address) => address.toLowerCase());
    /** Blocks that it sealed, of the last 64. */
    const sealed = async (): Promise<number> =>
      (await first!.call<{ sealerActivity: Record<string, number> }>('clique_status')).sealerActivity[own] ?? 0;

    expect(await signers()).to.have.length(4);
    for (const validator of voters.slice(0, 2)) await validator.call('clique_propose', joining.address, true);
    await publishFinally();
    expect(await signers(), 'two votes of four are not the majority').to.not.include(own);
    await voters[2]!.call('clique_propose', joining.address, true);
    await until(async () => (await signers()).includes(own));
    await until(async () => (await sealed()) > 0);
    await publishFinally();

    for (const validator of voters) {
      await validator.call('clique_discard', joining.address);
      await validator.call('clique_propose', joining.address, false);
    }
    await until(async () => !(await signers()).includes(own));
    await joining.kill();
    for (const validator of voters) await validator.call('clique_discard', joining.address);
    await publishFinally();
    expect(await signers()).to.have.length(4);
  });

  it('stop nothing when it is one, though it is the one that a node asks', async () => {
    await consortium.network.validator(0).kill();
    await publishFinally();
    expect((await info()).stalledSeconds).to.equal(undefined);
    expect(await reads()).to.deep.equal(['answered']);
  });

  it('stall the chain when they are two: an alarm tells within three block times, and publishing goes on', async () => {
    await consortium.network.validator(1).kill();
    await until(async () => (await info()).stalledSeconds !== undefined);
    await until(async () => (await said('ALARM: the chain stalls')).length > 0);
    const [alarm] = await said('ALARM: the chain stalls');
    expect(alarm?.['seconds']).to.be.within(2.5 * BLOCK_SECONDS, 3 * BLOCK_SECONDS);
    const metrics = await (await fetch(`${consortium.nodeUrl('regulator')}/metrics`)).text();
    expect(metrics).to.match(/^xinlian_chain_stalled 1$/m);

    const before = (await log())?.anchored ?? 0;
    const size = await publish();
    await until(async () => ((await log())?.signed ?? 0) >= size);
    expect((await log())?.anchored).to.equal(before);
    const ready = await fetch(`${consortium.nodeUrl('regulator')}/healthz/ready`);
    expect(ready.status).to.equal(200);
    expect(((await ready.json()) as { warning: string }).warning).to.match(/no new block for \d+ s/);
  });

  it('close what is read under grants when the head is older than the fail-closed window, and not before', async () => {
    const { head } = await nodeInfo(consortium, 'tax');
    const age = (): number => Date.now() / 1000 - (head?.time ?? 0);
    while (age() < FAIL_CLOSED_SECONDS - 15) expect(await reads()).to.deep.equal(['answered']);
    await until(async () => (await reads())[0] === 'CHAIN_STALE');
    expect(age()).to.be.above(FAIL_CLOSED_SECONDS);
  });

  it('let everything catch up when one returns', async () => {
    await consortium.network.restart(consortium.network.validator(1));
    const size = (await log())?.size ?? 0;
    await until(async () => ((await log())?.final ?? 0) >= size);
    await until(async () => (await info()).stalledSeconds === undefined);
    expect(await said('the chain goes on')).to.have.length(1);
    await until(async () => (await reads())[0] === 'answered');
  });
});
