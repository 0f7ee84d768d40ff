// A network of validators as the chain under a consortium.
import { finalityDepth } from '../../node/chain/finality.ts';
import type { ChainSource } from '../sandbox/consortium.ts';
import type { ValidatorNetwork } from './network.ts';

/** Seconds by which a block that is sealed out of turn comes late at most (EIP-225), on a busy machine. */
export const LATE_SECONDS = 4;

export function validatorChain(network: ValidatorNetwork, endpointsOf: ChainSource['endpointsOf']): ChainSource {
  const depth = finalityDepth({ kind: 'clique', signers: network.validators.length });
  return {
    chainId: network.chainId,
    endpointsOf,
    settings: { finality: { kind: 'depth', depth }, blockSeconds: network.period + LATE_SECONDS },
    // geth carries no transaction without one.
    tipWei: 1,
    fund: (accounts) => network.fund(accounts),
  };
}
