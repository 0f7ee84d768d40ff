// A node with four endpoints, each a real validator behind a proxy that can be given a fault.
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'chai';
import { sampleFile } from '../../scripts/generate.ts';
import { nodeInfo, until, xinlian } from '../helpers/consortium.ts';
import { FaultProxy, type Fault } from '../helpers/fault-proxy.ts';
import {
  digestsAtOneBlock,
  startNetworkConsortium,
  type NetworkConsortium,
} from '../helpers/network/consortium-on-validators.ts';

const ENOUGH = 60;

describe('an endpoint with a fault', () => {
  let consortium: NetworkConsortium;
  const proxies: FaultProxy[] = [];
  let seed = 0;

  before(async () => {
    let urls: string[] = [];
    consortium = await startNetworkConsortium({
      players: ['regulator', 'dafeng'],
      prepare: async (network) => {
        for (const { url } of network.validators) proxies.push(await FaultProxy.start(url));
        urls = proxies.map(({ url }) => url);
      },
      endpointsOf: (player, network) => (player === 'regulator' ? urls : [network.validator(3).url]),
    });
  });
  after(async () => {
    await (consortium as NetworkConsortium | undefined)?.stop();
    for (const proxy of proxies) await proxy.stop();
  });

  async function publish(): Promise<number> {
    const file = join(consortium.data, `rows-${++seed}.csv`);
    await writeFile(file, [...sampleFile({ rows: 50, seed, item: 'xk', format: 'csv' })].join(''));
    const result = await xinlian('publish', file, '--json', '--no-wait', '--profile', consortium.profile('regulator'));
    expect(result.code, result.stderr).to.equal(0);
    return (await nodeInfo(consortium, 'regulator')).logs[0]?.size ?? 0;
  }

  /** The one that is asked most, of enough requests to tell: the others are asked for each block too. */
  async function inUse(): Promise<FaultProxy> {
    const before = proxies.map(({ requests }) => requests);
    let asked: number[] = [];
    await until(async () => {
      asked = proxies.map(({ requests }, i) => requests - (before[i] ?? 0));
      return asked.reduce((sum, requests) => sum + requests, 0) >= ENOUGH;
    });
    return proxies[asked.indexOf(Math.max(...asked))] as FaultProxy;
  }

  async function states(): Promise<string> {
    return (await fetch(`${consortium.nodeUrl('regulator')}/metrics`)).text();
  }

  const faults: Fault['kind'][] = ['duplicate', 'drop', 'hang', 'lag', 'hide', 'lie'];
  for (const kind of faults) {
    it(`${kind}: what is published becomes final by another`, async () => {
      const faulty = await inUse();
      const head = await consortium.network.validator(3).head();
      faulty.fault = kind === 'lie' ? { kind, from: head + 1 } : kind === 'lag' ? { kind, at: head } : { kind };
      const size = await publish();
      await until(async () => ((await nodeInfo(consortium, 'regulator')).logs[0]?.final ?? 0) >= size);
      expect(await inUse()).to.not.equal(faulty);
      if (kind === 'lie' || kind === 'hide')
        expect(await states()).to.match(/^xinlian_chain_endpoints\{state="contradicted"\} [12]$/m);
      const [regulator, dafeng] = await digestsAtOneBlock(consortium, ['regulator', 'dafeng']);
      expect(regulator).to.match(/^0x[0-9a-f]{64}$/);
      expect(regulator).to.equal(dafeng);
      faulty.fault = { kind: 'none' };
    });
  }
});
