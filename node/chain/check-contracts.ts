// Whether contracts at configured addresses are those of one consortium.
import type { Hex } from '../core/bytes.ts';
import { XinlianError } from '../core/errors.ts';
import { addressOf, artifact, type ContractName } from './abi.ts';
import type { ConsortiumContracts } from './events.ts';
import type { Rpc } from './rpc.ts';

/**
 * The deployment nonce tells the consortium; the other contracts name its Membership.
 * @throws CHAIN_WRONG; as `Rpc.request`
 */
export async function checkContracts(rpc: Rpc, contracts: ConsortiumContracts, signal?: AbortSignal): Promise<void> {
  const { deployment, membership } = contracts;
  const asked: [ContractName, 'deployment' | 'membership', Hex][] = [
    ['Membership', 'deployment', deployment],
    ['LogAnchor', 'membership', word(membership)],
    ['GrantRegistry', 'membership', word(membership)],
    ['RecognitionRegistry', 'membership', word(membership)],
  ];
  await Promise.all(
    asked.map(async ([name, method, wanted]) => {
      const to = addressOf(contracts, name);
      const data = artifact(name).abi.encodeFunctionData(method);
      const got = await rpc.request<string>('eth_call', [{ to, data }, 'latest'], signal);
      if (got !== wanted) throw new XinlianError('CHAIN_WRONG', { what: `${method} of ${name} at ${to}`, wanted, got });
    }),
  );
}

/** An address as a call returns it. */
function word(address: Hex): Hex {
  return `0x${address.slice(2).toLowerCase().padStart(64, '0')}`;
}
