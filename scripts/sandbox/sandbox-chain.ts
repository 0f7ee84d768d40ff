// The sandbox's own chain: one process (scripts/chain.ts) that says itself what is final.
import { JsonRpc } from '../../node/chain/rpc.ts';
import { systemClock } from '../../node/chain/clock.ts';
import type { Hex } from '../../node/core/bytes.ts';
import { Type, type Static } from 'typebox';
import { codec } from '../../node/core/messages/codec.ts';
import type { ChainSource } from './consortium.ts';

const ChainReady = Type.Object({ url: Type.String(), chainId: Type.Integer(), accounts: Type.Array(Type.String()) });
/** What the process says when it is ready. */
export const chainReady = codec('ready chain', ChainReady);

export function sandboxChain({ url, chainId, accounts }: Static<typeof ChainReady>): ChainSource {
  return {
    chainId,
    endpointsOf: () => [url],
    // Blocks come when they are wanted, and every fifteen seconds where none is.
    settings: { finality: { kind: 'tag' }, blockSeconds: 15 },
    tipWei: 0,
    fund: (wanted) => fund({ url, chainId, rich: accounts[0] ?? '' }, wanted),
  };
}

/** Sends each account 100 ether from one that is unlocked, and waits until it has them. */
async function fund(chain: { url: string; chainId: number; rich: string }, accounts: readonly string[]): Promise<void> {
  const quiet = { debug() {}, info() {}, warn() {}, error() {} };
  const rpc = new JsonRpc({ endpoints: [chain.url], chainId: chain.chainId }, { clock: systemClock, log: quiet });
  const from = chain.rich;
  const value = '0x56bc75e2d63100000';
  const gasPrice = '0x77359400';
  try {
    const first = Number(await rpc.request<Hex>('eth_getTransactionCount', [from, 'latest']));
    const sent = accounts.map((to, i) => {
      const nonce = `0x${(first + i).toString(16)}`;
      return rpc.request<Hex>('eth_sendTransaction', [{ from, to, value, gasPrice, nonce }]);
    });
    for (const hash of await Promise.all(sent)) {
      while (!(await rpc.request('eth_getTransactionReceipt', [hash]))) await systemClock.sleep(50);
    }
  } finally {
    rpc.close();
  }
}
