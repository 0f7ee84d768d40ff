// What a transaction offers for its gas. Gas has a price and no value here: an empty account works where the engine
// allows a price of zero.
import { quantity, toQuantity, type Rpc } from './rpc.ts';

/** EIP-1559 fees, or a legacy gas price where blocks have no base fee. Wei. */
export type Fees = { kind: 'dynamic'; maxFee: bigint; tip: bigint } | { kind: 'legacy'; gasPrice: bigint };

/** @param tip wei for the miner, in the engines that do not carry transactions without one */
export async function currentFees(rpc: Rpc, tip: bigint, signal?: AbortSignal): Promise<Fees> {
  const block = await rpc.request<{ baseFeePerGas?: string }>('eth_getBlockByNumber', ['latest', false], signal);
  if (block.baseFeePerGas === undefined) {
    const gasPrice = await rpc.request<string>('eth_gasPrice', [], signal);
    return { kind: 'legacy', gasPrice: BigInt(gasPrice) };
  }
  // Twice the base fee lasts through six full blocks (each raises it by an eighth).
  const baseFee = BigInt(quantity('base fee', block.baseFeePerGas));
  return { kind: 'dynamic', maxFee: baseFee * 2n + tip, tip };
}

/** Enough to take the place of `old` in every engine's pool (most ask for an eighth more), and what the market asks. */
export function raisedFees(old: Fees, market: Fees): Fees {
  const raise = (fee: bigint): bigint => fee + fee / 8n + 1n;
  const most = (a: bigint, b: bigint): bigint => (a > b ? a : b);
  if (old.kind === 'legacy') {
    return { kind: 'legacy', gasPrice: most(raise(old.gasPrice), market.kind === 'legacy' ? market.gasPrice : 0n) };
  }
  const tip = raise(old.tip);
  const wanted = market.kind === 'dynamic' ? most(raise(old.maxFee), market.maxFee) : raise(old.maxFee);
  return { kind: 'dynamic', tip, maxFee: most(wanted, tip) };
}

/** The fee fields of a call for `eth_estimateGas` and `eth_call`. */
export function feeFields(fees: Fees): Record<string, string> {
  return fees.kind === 'legacy'
    ? { gasPrice: toQuantity(fees.gasPrice) }
    : { maxFeePerGas: toQuantity(fees.maxFee), maxPriorityFeePerGas: toQuantity(fees.tip) };
}
