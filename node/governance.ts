// Governance in a node: joins what a member does in the council, and with itself, with its account.
import { encodeCouncilCall } from './chain/council-calls.ts';
import type { ChainView } from './chain/view.ts';
import type { ChainWriter } from './chain/writer.ts';
import type { MemberId } from './core/ids.ts';
import { CouncilDesk } from './exchange/council-desk.ts';
import { SelfDesk } from './exchange/self-desk.ts';

interface Needs {
  view: ChainView;
  writers: ReadonlyMap<MemberId, ChainWriter>;
}

export function openGovernance({ view, writers }: Needs): { council: CouncilDesk; self: SelfDesk } {
  return {
    council: new CouncilDesk({ view, writers, encode: encodeCouncilCall }),
    self: new SelfDesk({ view, writers }),
  };
}
