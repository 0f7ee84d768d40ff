// The keyspace: one table for the whole database. A key is a bucket's byte and the parts named here; integers are
// big-endian, so that keys sort as numbers do. A number, once used, is never used for something else.

export const BUCKETS = {
  /** name → value */
  meta: 0x01,
  /** log number (u32) → log id and state, JSON */
  log: 0x02,
  /** log number, position (u64) → entry */
  entry: 0x03,
  /** log number, tile level (u8), tile index (u64) → hashes, 32 bytes each; fewer than 256 while the tile is partial */
  tile: 0x04,
  /** log number, depth (u8), prefix (u64) → node hash of the status tree as it is now */
  statusNode: 0x05,
  /** log number, depth, prefix, position of a status entry (u64) → the hash that this entry replaced, or nothing */
  statusUndo: 0x06,
  /** log number, position (u64) → status, JSON; what is plain live has none */
  status: 0x07,
  /** log number, position, position of a status entry → the status that this entry replaced, or nothing */
  statusValueUndo: 0x08,
  /** log number, position → status that no status entry covers yet, JSON, or nothing where it is live again */
  statusPending: 0x13,
  /** log number, size (u64) → signed note */
  checkpoint: 0x09,
  /** log number, size → anchor part of a proof bundle, JSON */
  anchorProof: 0x0a,
  /** record id (16) → record state, JSON */
  record: 0x0b,
  /** record id, version (u32) → sealed claims */
  vault: 0x0c,
  /** record id, version → record key, wrapped by an epoch key */
  recordKey: 0x0d,
  /** record id, version → sealed fields about persons */
  personal: 0x0e,
  /** member (32), case id (16) → case of objection or repair with its steps, sealed */
  case: 0x50,
  /** log number, key of a name or a number (16), record id (16) → nothing: what is published is found by it */
  lookup: 0x53,
  /** record id (16), case id → nothing */
  recordCase: 0x51,
  /** member (32), subject key (16), case id → nothing */
  subjectCase: 0x52,
  /** member (32), submission id → state, JSON */
  submission: 0x0f,
  /** member, submission id, 0x00, chunk index (u32) → answer to the chunk, sealed */
  chunk: 0x10,
  /** time of closing (u64, milliseconds), member, submission id → number of its chunks (u32) */
  closedSubmission: 0x14,
  /** log number, subject key (16), record id (16) → nothing */
  subjectRecord: 0x15,
  /** log number, position → sealed opening of a receipt, or of a note of a query */
  opening: 0x16,
  /** log number, subject key (16), position → nothing: the receipts of a subject */
  subjectReceipt: 0x17,
  /** log number, commitment (32) → position (u64) of a receipt or a note */
  commitment: 0x18,
  /** provider (32), grantee (32), query id (32), page (u32) → digest of the query as signed (32), sealed answer */
  answer: 0x19,
  /** time (u64, seconds) from which an answer is kept no longer, place of the answer → nothing */
  answerExpiry: 0x1a,
  /** grant hash (32) → end of the grant, and what is still to be brought to the chain, JSON: a withdrawal that was seen */
  withdrawal: 0x1b,
  /** member (32), jti (16) → position, end and standing of a certificate that it gave, JSON */
  certificate: 0x1c,
  /** member (32), end (u64, seconds), jti (16) → nothing: certificates taken back */
  revokedCertificate: 0x1d,
  /** issuer (32) → its last revocation list, compact JWS */
  revocationList: 0x1e,
  /** member (32), request id (16) → sealed request for authorisation, with its decision */
  grantRequest: 0x1f,
  /** member (32), subject key (16), request id → nothing */
  subjectRequest: 0x20,
  /** member (32), digest (32) → document of an agreement or case of recognition, sealed */
  recognitionDocument: 0x60,
  /** member (32), case (32) → decision to recognise, as officers signed it, JSON */
  recognitionDecision: 0x63,
  /** member (32), number (22 digits) → credit report that it made, with the position of its line, sealed */
  report: 0x62,
  /** provider (32), grantee (32), subscription (32) → what it wants and how far it is, sealed */
  watch: 0x21,
  /** provider, grantee, subscription, position (u64) → change that is still to be told, JSON */
  watchChange: 0x22,
  /** provider, grantee, subscription, number (u64) → event that is not acknowledged yet, JSON */
  watchEvent: 0x23,
  /** log number, size → signature lines of those who cosigned the checkpoint */
  cosignatures: 0x49,
  /** member (32), log id (32) → the last checkpoint of another's log that the member cosigned, JSON */
  witnessed: 0x4a,
  /** member, log id, kind (u8: 0 split, 1 inconsistent), size (u64), digest (8) → what it refused to cosign, JSON */
  witnessConflict: 0x4b,
  /** member (32), basis id (16) → sealed share basis, with its approval and its end */
  shareBasis: 0x38,
  /** member (32), job id (16) → manifest, state and how far it is judged, JSON */
  job: 0x30,
  /** member, job id, index (u32) → digest of a chunk of rows (32), and the rows, sealed, until they are judged */
  jobChunk: 0x31,
  /** member, job id, index (u32) → block of the result file, 64 KiB each but the last; its lines are sealed to the asker */
  jobResult: 0x32,
  /** member (32), name of an attachment → file, wrapped key, chunks that are durable, JSON */
  attachment: 0x70,
  /** member, name of an attachment → its leaf hashes, 32 bytes each */
  attachmentLeaves: 0x71,
  /** log number, day in Beijing time (u32, since 1970), position (u64) → member (32) that asked: receipts and notes of a day */
  openingDay: 0x33,
  /** member (32), subscription (32), provider (32) → a subscription of a hosted member, JSON */
  subscription: 0x24,
  /** member, cursor (u64) → event that came, sealed to its application, JSON */
  inboxEvent: 0x25,
  /** member → its last cursor (u64) */
  inboxHead: 0x26,
  /** member, webhook id (16) → where it posts to, its keys, its state, sealed */
  webhook: 0x27,
  /** webhook id, cursor → attempts so far, and when the next is due, JSON */
  delivery: 0x28,
  /** webhook id, cursor → what was given up, JSON */
  deadLetter: 0x29,
  /** member (32), list (16) → white list that it pushes, sealed */
  whiteList: 0x2a,
  /** member, list, subject key (16) → what became of an enterprise in it, sealed */
  whiteListRow: 0x2b,
  /** member, list, number (u64) → event that the bank's node has not taken yet, JSON */
  whiteListEvent: 0x2c,
  /** bank (32), provider (32), list (16) → how far a white list came, JSON */
  receivedList: 0x2d,
  /** bank, provider, list, lane (16) → what was told last of an enterprise in it, sealed to the bank, JSON */
  receivedEntry: 0x2e,
  /** member (32), subject key (16) → who may be certified for the subject, and what changed that; sealed */
  standing: 0x39,
  /** member, subject key, jti (16) → capacity of a certificate that it gave */
  subjectCertificate: 0x3a,
  /** member (32), session (16) → what an enterprise is to confirm with its electronic licence, and what came of it; sealed */
  licence: 0x3b,
  /** block number (u64) → block with its events */
  chainBlock: 0x11,
  /** nothing → snapshot of the chain view */
  chainSnapshot: 0x12,
} as const;

export type Bucket = keyof typeof BUCKETS;

/** A key's parts, joined: bytes as they are, `u32` and `u64` big-endian. */
export function key(...parts: (Uint8Array | { u8: number } | { u32: number } | { u64: number })[]): Uint8Array {
  let length = 0;
  for (const part of parts)
    length += part instanceof Uint8Array ? part.length : 'u8' in part ? 1 : 'u32' in part ? 4 : 8;
  const bytes = new Uint8Array(length);
  const view = new DataView(bytes.buffer);
  let offset = 0;
  for (const part of parts) {
    if (part instanceof Uint8Array) {
      bytes.set(part, offset);
      offset += part.length;
    } else if ('u8' in part) {
      view.setUint8(offset, part.u8);
      offset += 1;
    } else if ('u32' in part) {
      view.setUint32(offset, part.u32);
      offset += 4;
    } else {
      view.setUint32(offset, Math.floor(part.u64 / 2 ** 32));
      view.setUint32(offset + 4, part.u64 % 2 ** 32);
      offset += 8;
    }
  }
  return bytes;
}

/** The `u64` part of a key, or of a value, at an offset. */
export function u64At(bytes: Uint8Array, offset: number): number {
  return u32At(bytes, offset) * 2 ** 32 + u32At(bytes, offset + 4);
}

/** The `u32` part. */
export function u32At(bytes: Uint8Array, offset: number): number {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.length).getUint32(offset);
}
