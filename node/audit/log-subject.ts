// A log as its audit is given it.
import type { MemberId } from '../core/ids.ts';
import type { Anchor } from './chain-fold.ts';
import type { Place } from './rule.ts';
import type { Signer } from './rules/notes.ts';

/** A checkpoint key that a member has or had. */
export interface KnownKey extends Signer {
  key: Uint8Array;
}

export interface LogSubject {
  /** Origin line of its checkpoints. */
  origin: string;
  owner: MemberId;
  closed: boolean;
  /** Every anchor of it, in order. */
  anchors: readonly Anchor[];
  /** Checkpoint keys of all members. */
  keys: readonly KnownKey[];
  /** Time of the block that the audit goes to. */
  time: number;
  /** Where its findings are. */
  place: Place;
}
