// A change that an event tells: its entry is in the log, and the status that it left is proved under the same checkpoint.
import type { AnswerStatus } from './answer-parts.ts';
import { fromBase64, fromBase64Url, utf8 } from './bytes.ts';
import { decodeEntry } from './entry.ts';
import { XinlianError } from './errors.ts';
import type { Change } from './event-part.ts';
import { leafHash, verifyInclusion } from './merkle.ts';
import { verifyStatus } from './status-tree.ts';

/** A proved checkpoint, with the root of its status tree. */
export interface AnsweredTree {
  size: number;
  root: Uint8Array;
  status: Uint8Array;
}

export interface VerifiedChange {
  kind: string;
  record: string;
  item: string;
  position: number;
  ref?: number;
  /** When the provider took it in, seconds since 1970. */
  time: number;
  /** RFC 8785 form of the status of `ref`, or of `position` where there is none; absent: live. */
  status?: string;
}

/**
 * @param items those of the subscription
 * @throws PROOF_INVALID, MALFORMED. What a change has to do with its record is the provider's word where the entry carries
 *   no record: an entry tells nothing of whose it is
 */
export function verifyChange(change: Change, under: AnsweredTree, items: readonly string[]): VerifiedChange {
  const { kind, record, item, position, ref, inclusion, status } = change;
  const bytes = fromBase64Url(change.entry);
  const entry = decodeEntry(bytes);
  same('kind of a change', entry.kind, kind);
  same('entry that a change refers to', String('ref' in entry ? entry.ref : undefined), String(ref));
  if ('item' in entry) same('item of a change', entry.item, item);
  if (!items.includes(item)) same('item of a change', items.join(), item);
  const proof = inclusion.map((hash) => fromBase64(hash));
  verifyInclusion({ index: position, size: under.size, leaf: leafHash(bytes), proof, root: under.root });
  verifyStatusPart(ref ?? position, status, under.status);
  const { value } = status;
  return {
    kind,
    record,
    item,
    position,
    ...(ref !== undefined && { ref }),
    time: entry.time,
    ...(value !== undefined && { status: value }),
  };
}

/** Throws `PROOF_INVALID`. */
export function verifyStatusPart(position: number, { value, bitmap, siblings }: AnswerStatus, root: Uint8Array): void {
  verifyStatus({
    position,
    value: value === undefined ? undefined : utf8(value),
    bitmap: fromBase64(bitmap),
    siblings: siblings.map((hash) => fromBase64(hash)),
    root,
  });
}

function same(what: string, wanted: string, got: string): void {
  if (wanted === got) return;
  throw new XinlianError('PROOF_INVALID', { link: 'format', reason: `the ${what} is another`, wanted, got });
}
