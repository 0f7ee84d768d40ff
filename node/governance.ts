// Governance in a node: joins what a member does in the council, and with itself, with its account.
import { encodeCouncilCall } from './chain/council-calls.ts';
import type { Follower } from './chain/follower.ts';
import type { ChainWriter } from './chain/writer.ts';
import { XinlianError } from './core/errors.ts';
import type { MemberId } from './core/ids.ts';
import { CouncilDesk } from './exchange/council-desk.ts';
import { SelfDesk } from './exchange/self-desk.ts';
import type { Lifecycle } from './lifecycle.ts';
import { reach } from './reach.ts';

interface Needs {
  follower: Follower;
  writers: ReadonlyMap<MemberId, ChainWriter>;
}

export function openGovernance(
  { follower, writers }: Needs,
  started: Lifecycle,
): { council: CouncilDesk; self: SelfDesk } {
  const { view } = follower;
  const stopping = new AbortController();
  started.defer(() => stopping.abort(new XinlianError('CLOSED', { what: 'node' })));
  return {
    council: new CouncilDesk({
      view,
      refresh: async () => reach(follower, await follower.latest(stopping.signal), stopping.signal),
      writers,
      encode: encodeCouncilCall,
    }),
    self: new SelfDesk({ view, reached: (block) => reach(follower, block, stopping.signal), writers }),
  };
}
