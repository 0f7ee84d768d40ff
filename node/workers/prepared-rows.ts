// Prepared rows on their way between threads: one buffer that is handed over instead of thousands that would be copied.
import type { RecordId } from '../core/ids.ts';
import type { PreparedRow, ReadyRow, RowNotes } from '../exchange/row-preparer.ts';
import { LOOKUP_BYTES } from '../exchange/lookup.ts';
import { SUBJECT_BYTES } from '../exchange/vault.ts';

const ID_CHARACTERS = 22;
const DIGEST_BYTES = 32;
/** Behind them the number of lookups, and these. */
const FOUND_BYTES = DIGEST_BYTES + SUBJECT_BYTES + 1;
const COMMITMENT_BYTES = 32;
const KEY_BYTES = 44;
/** Lengths of the two sealed parts, u32 each. */
const LENGTHS_BYTES = 8;
const MADE_BYTES = COMMITMENT_BYTES + KEY_BYTES + LENGTHS_BYTES;

const REJECTED = 0;
const JUDGED = 1;
const MADE = 2;

export interface PackedRows {
  /** What became of each row: rejected, judged, made. */
  kinds: Uint8Array;
  /** Ids of those that were not rejected, one behind the other. */
  ids: string;
  /** Of the rows that have something to tell. */
  notes: [row: number, notes: RowNotes][];
  bytes: Uint8Array<ArrayBuffer>;
}

export function packRows(rows: readonly PreparedRow[]): PackedRows {
  const kinds = new Uint8Array(rows.length);
  const notes: [number, RowNotes][] = [];
  let ids = '';
  let length = 0;
  for (const [i, prepared] of rows.entries()) {
    if (prepared.notes.faults || prepared.notes.warnings) notes.push([i, prepared.notes]);
    if (!prepared.ok) continue;
    const { id, lookups, made } = prepared.row;
    ids += id;
    kinds[i] = made ? MADE : JUDGED;
    length += FOUND_BYTES + LOOKUP_BYTES * lookups.length;
    if (made) length += MADE_BYTES + made.sealed.claims.length + (made.sealed.personal?.length ?? 0);
  }
  const bytes = new Uint8Array(length);
  const view = new DataView(bytes.buffer);
  let at = 0;
  const put = (part: Uint8Array): void => {
    bytes.set(part, at);
    at += part.length;
  };
  for (const prepared of rows) {
    if (!prepared.ok) continue;
    const { digest, subject, lookups, made } = prepared.row;
    put(digest);
    put(subject);
    bytes[at++] = lookups.length;
    for (const key of lookups) put(key);
    if (!made) continue;
    const { key, claims, personal } = made.sealed;
    put(made.commitment);
    put(key);
    view.setUint32(at, claims.length);
    view.setUint32(at + 4, personal?.length ?? 0);
    at += LENGTHS_BYTES;
    put(claims);
    if (personal) put(personal);
  }
  return { kinds, ids, notes, bytes };
}

/** The rows' bytes are views of the packed ones. */
export function unpackRows({ kinds, ids, notes, bytes }: PackedRows): PreparedRow[] {
  const told = new Map(notes);
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  let at = 0;
  let idAt = 0;
  const take = (length: number): Uint8Array => bytes.subarray(at, (at += length));
  return Array.from(kinds, (kind, i): PreparedRow => {
    const own = told.get(i) ?? {};
    if (kind === REJECTED) return { ok: false, notes: own };
    const id = ids.slice(idAt, (idAt += ID_CHARACTERS)) as RecordId;
    const [digest, subject] = [take(DIGEST_BYTES), take(SUBJECT_BYTES)];
    const lookups = Array.from({ length: bytes[at++] ?? 0 }, () => take(LOOKUP_BYTES));
    const row: ReadyRow = { id, digest, subject, lookups };
    if (kind === MADE) {
      const commitment = take(COMMITMENT_BYTES);
      const key = take(KEY_BYTES);
      const [claimsLength, personalLength] = [view.getUint32(at), view.getUint32(at + 4)];
      at += LENGTHS_BYTES;
      const claims = take(claimsLength);
      row.made = { commitment, sealed: { key, claims, ...(personalLength > 0 && { personal: take(personalLength) }) } };
    }
    return { ok: true, notes: own, row };
  });
}
