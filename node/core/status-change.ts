// What an entry does to the status of the entry that it refers to: the same to who logs it and to who audits it.
import { utf8 } from './bytes.ts';
import { canonicalize } from './canonical.ts';
import type { Entry } from './entry.ts';

/** The status that a position has from the next status entry on. */
export interface StatusChange {
  position: number;
  /** RFC 8785 form, UTF-8: docs/protocol.md, section 3. */
  value: Uint8Array;
}

const STATES = { supersede: 'superseded', annul: 'annulled' } as const;

/** @param position where the entry stands. @returns undefined for an entry that changes no other */
export function statusChangeOf(entry: Entry, position: number): StatusChange | undefined {
  if (!('ref' in entry)) return undefined;
  return { position: entry.ref, value: utf8(canonicalize({ by: position, state: STATES[entry.kind] })) };
}
