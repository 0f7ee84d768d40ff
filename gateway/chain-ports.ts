// The chain's view, as the ports of the app ask for it.
import { decodeCouncilCall } from '../node/chain/council-calls.ts';
import type { ChainView } from '../node/chain/view.ts';
import { currentKey, type Member } from '../node/core/consortium.ts';
import { XinlianError } from '../node/core/errors.ts';
import type { MemberId } from '../node/core/ids.ts';
import type { OpenProposal } from '../node/exchange/council-desk.ts';
import type { Host } from '../node/net/host.ts';
import type { Council, Logs, Members, NodeCaller } from './ports.ts';

export function membersOf(view: ChainView): Members {
  return {
    get: (id) => view.member(id),
    list: () => view.members(),
    isEntitledNow: (id, roles) => view.isEntitledNow(id, roles),
    standingAt: (id, block) => view.standingAt(id, block),
    currentKey: (id, kind) => view.currentKey(id, kind),
  };
}

export function logsOf(view: ChainView): Logs {
  return { get: (id) => view.log(id), list: () => view.logs() };
}

export function councilOf(view: { threshold(): number; proposals(): readonly OpenProposal[] }): Council {
  return {
    threshold: () => view.threshold(),
    proposals: () =>
      view.proposals().map(({ call, ...open }) => Object.assign(open, { call: decodeCouncilCall(call) })),
  };
}

/** Calls the node that the chain names for a member. */
export function nodesOf(view: ChainView, host: Host): NodeCaller {
  return {
    call: (id, method, argument, options) => host.call(peerOf(view.member(id), id), method, argument, options),
  };
}

function peerOf(member: Member | undefined, id: MemberId) {
  if (!member) throw new XinlianError('MEMBER_UNKNOWN', { member: id });
  const publicKey = currentKey(member, 'nodePeer');
  const addresses = member.endpoints.node ?? [];
  if (!publicKey || publicKey.length === 0 || addresses.length === 0) {
    throw new XinlianError('UNREACHABLE', { peer: id, reason: 'the chain names no node of this member' });
  }
  return { publicKey, addresses };
}
