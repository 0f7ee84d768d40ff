// What an entry does to the status of the entry that it refers to: the same to who logs it and to who audits it.
import { fromUtf8, utf8 } from './bytes.ts';
import { canonicalize, parseCanonical } from './canonical.ts';
import type { Entry, EntryKind } from './entry.ts';
import { malformed } from './errors.ts';

/** Where a record stands: what is not plain live has a leaf in the status tree. */
export const STATUSES = ['live', 'objected', 'superseded', 'annulled', 'repaired', 'shielded'] as const;
export type Status = (typeof STATUSES)[number];

/** Those in which a record may be published, shared and used; `objected` with its mark. */
const USABLE: ReadonlySet<Status> = new Set<Status>(['live', 'objected']);

/** The status that a position has from the next status entry on. */
export interface StatusChange {
  position: number;
  /** RFC 8785 form, UTF-8: docs/protocol.md, section 3; null where it is plain live again. */
  value: Uint8Array | null;
}

/** Kinds of entry that change another. */
export type ChangingKind = Extract<Entry, { ref: number }>['kind'];

const CHANGES: Readonly<Record<ChangingKind, { to: Status; from: readonly Status[] }>> = {
  supersede: { to: 'superseded', from: ['live', 'objected'] },
  annul: { to: 'annulled', from: ['live', 'objected', 'shielded', 'repaired'] },
  objection: { to: 'objected', from: ['live'] },
  'objection-closed': { to: 'live', from: ['objected'] },
  repair: { to: 'repaired', from: ['live', 'objected', 'shielded'] },
  'repair-revoked': { to: 'live', from: ['repaired'] },
  shield: { to: 'shielded', from: ['live', 'objected'] },
  'shield-ended': { to: 'live', from: ['shielded'] },
};

/** @param position where the entry stands. @returns undefined for an entry that changes no other */
export function statusChangeOf(entry: Entry, position: number): StatusChange | undefined {
  if (!('ref' in entry)) return undefined;
  const state = CHANGES[entry.kind].to;
  const value = state === 'live' ? null : utf8(canonicalize({ by: position, state }));
  return { position: entry.ref, value };
}

/** Whether an entry of this kind may change what stands so. */
export function mayChange(kind: EntryKind, from: Status): boolean {
  return kind in CHANGES && CHANGES[kind as ChangingKind].from.includes(from);
}

export function isUsable(status: Status): boolean {
  return USABLE.has(status);
}

/** Whether the record itself, and not a version of it, may be used no more. */
export function isWithdrawn(status: Status): boolean {
  return status !== 'superseded' && !USABLE.has(status);
}

/** The status in a leaf of the status tree; undefined stands for no leaf. Throws `MALFORMED`. */
export function statusOf(value: Uint8Array | string | undefined): Status {
  if (value === undefined) return 'live';
  const text = typeof value === 'string' ? value : fromUtf8(value);
  const leaf = parseCanonical(text);
  const state = typeof leaf === 'object' && leaf !== null && !Array.isArray(leaf) ? leaf['state'] : undefined;
  const known = STATUSES.find((status) => status === state);
  return known ?? malformed('status', `one of ${STATUSES.join(', ')}`, text);
}
