// What an auditor asks of what was audited.
import { fromUtf8 } from '../core/bytes.ts';
import { currentKey, type Role } from '../core/consortium.ts';
import type { LogId, MemberId } from '../core/ids.ts';
import type { Hex } from '../core/bytes.ts';
import type { ChainState } from './chain-fold.ts';
import type { LogFoldState } from './log-fold.ts';

export interface Publisher {
  member: MemberId;
  name: string;
  roles: readonly Role[];
  /** Account that sends its transactions. */
  account: Hex;
  /** Ed25519 key of its checkpoints. */
  checkpointKey: Uint8Array | undefined;
  /** Its open logs. */
  logs: LogId[];
}

/** Who could publish at the end of the last block: every active member with the role `source`. */
export function whoCanPublish({ consortium }: ChainState): Publisher[] {
  const logs = [...consortium.logs.values()].filter(({ closed }) => !closed);
  return [...consortium.members.values()].flatMap(({ member }) => {
    if (member.status !== 'active' || !member.roles.includes('source')) return [];
    const { id, name, roles, transaction } = member;
    const own = logs.filter(({ owner }) => owner === id).map((log) => log.id);
    return [
      { member: id, name, roles, account: transaction, checkpointKey: currentKey(member, 'checkpoint'), logs: own },
    ];
  });
}

/** A version of a record. */
export interface VersionPlace {
  position: number;
  item: string;
  /** `live`, `superseded`, `annulled` … */
  state: string;
  /** Position of the entry that gave it this state. */
  by?: number;
}

/**
 * Every version of the record that one of its positions belongs to, oldest first, with what became of each.
 * @returns none for a position that is no record, or not audited
 */
export function historyOf({ codes, statuses }: LogFoldState, position: number): VersionPlace[] {
  const changed = new Map<number, number>();
  for (const [at, value] of statuses.entries()) changed.set(changeIn(value).by, at);
  let first = position;
  for (let older = changed.get(first); older !== undefined; older = changed.get(first)) first = older;
  const versions: VersionPlace[] = [];
  for (let at: number | undefined = first; at !== undefined;) {
    const item = codes.item(at);
    if (item === undefined) break;
    const value = statuses.get(at);
    const change = value && changeIn(value);
    versions.push({ position: at, item, state: 'live', ...change });
    at = change?.by;
  }
  return versions;
}

/** As `statusChangeOf` wrote it. */
function changeIn(value: Uint8Array): { state: string; by: number } {
  return JSON.parse(fromUtf8(value)) as { state: string; by: number };
}
