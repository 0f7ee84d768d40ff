// The node's view of the chain, for the applications of its members.
import { toBase64, toBase64Url } from '../core/bytes.ts';
import { currentKey, type LogState, type Member } from '../core/consortium.ts';
import type { View, ViewedMember } from '../core/messages/view.ts';
import type { ChainView } from './ports.ts';

/** What of the chain's view is told. */
export interface TellingView extends Pick<ChainView, 'head' | 'isEntitledNow'> {
  members(): Member[];
  logs(): LogState[];
  readonly contracts: View['contracts'];
}

/** @param wanted member ids; undefined: all */
export function viewOf(view: TellingView, wanted: readonly string[] | undefined): View {
  const head = view.head();
  const { chainId, grantRegistry, deployment } = view.contracts;
  const logs = Map.groupBy(view.logs(), ({ owner }) => owner);
  const members = view
    .members()
    .filter(({ id }) => wanted === undefined || wanted.includes(id))
    .map((member) => viewed(member, view.isEntitledNow(member.id), logs.get(member.id) ?? []));
  return {
    ...(head && { head: { number: head.number, time: head.time } }),
    contracts: { chainId, grantRegistry, deployment },
    members,
  };
}

function viewed(member: Member, active: boolean, logs: readonly LogState[]): ViewedMember {
  const { id, name, uscc, region, roles, keys } = member;
  const sealing = currentKey(member, 'sealing');
  return {
    id,
    name,
    uscc,
    region,
    roles,
    active,
    ...(sealing && { sealing: toBase64Url(sealing) }),
    checkpoint: keys.checkpoint.map(({ key }) => toBase64Url(key)),
    logs: logs.flatMap(({ id: log, head }) => (head ? [{ log, size: head.size, root: toBase64(head.root) }] : [])),
  };
}
