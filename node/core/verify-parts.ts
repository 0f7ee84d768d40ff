// Records under one checkpoint, as a provider shows them: what whoever asked verifies of them, whatever it asked under.
import type { AnchoredPart, RecordPart } from './answer-parts.ts';
import { equalBytes, fromBase64, fromBase64Url, toBase64, toBase64Url } from './bytes.ts';
import { parseCheckpoint, parseOrigin } from './checkpoint.ts';
import { commitmentOf, openDisclosures, parsePayload, type ClaimValue } from './disclosure.ts';
import { decodeEntry } from './entry.ts';
import { XinlianError, type ProofLink } from './errors.ts';
import { leafHash, verifyConsistency, verifyInclusion } from './merkle.ts';
import { parseNote, verifyNote } from './note.ts';
import { isUsable, statusOf } from './status-change.ts';
import { verifyStatusPart, type AnsweredTree } from './verify-change.ts';

/** What the asker knows by itself. */
export interface PartsContext {
  /** Names of an item's claims in schema order. */
  names(item: string, edition: string): readonly string[] | undefined;
  /** Whether this is a checkpoint key of the provider now. Absent: the answer is trusted for it. */
  isCheckpointKey?(provider: string, key: Uint8Array): boolean;
  /** Last anchored checkpoint of a log, by the asker's own view: an answer under an older one hides what came since. */
  anchored?(log: string): { size: number; root: Uint8Array; owner: string } | undefined;
}

export interface VerifiedPart {
  record: string;
  version: number;
  item: string;
  edition: string;
  position: number;
  /** When the provider took it in, seconds since 1970. */
  time: number;
  claims: Map<string, ClaimValue>;
  /** An objection to it is open. */
  objected?: true;
}

/** A proved checkpoint, and of which log it is. */
export interface VerifiedTree extends AnsweredTree {
  log: string;
}

/**
 * @param told whose log it must be, by which key it is signed, and whether it may be older than the anchored one
 * @param trusted for people: takes what was not checked
 * @throws PROOF_INVALID, SIGNATURE_INVALID, MALFORMED
 */
export function verifyTree(
  part: AnchoredPart,
  { owner, key, past }: { owner: string; key: Uint8Array; past: boolean },
  context: PartsContext,
  trusted: string[],
): VerifiedTree {
  const note = parseNote(part.checkpoint);
  const { origin, size, root } = parseCheckpoint(note.text);
  verifyNote(part.checkpoint, [{ name: origin, publicKey: key }]);
  const { log } = parseOrigin(origin);
  const own = context.anchored?.(log);
  if (own) {
    if (own.owner !== owner) broken('signature', 'the log is of another', owner, own.owner);
    const older = size < own.size;
    if (older && !past)
      broken('consistency', 'the checkpoint is older than the anchored one', `${own.size}`, `${size}`);
    if (size === own.size && !equalBytes(root, own.root))
      broken('consistency', 'the checkpoint is another than the anchored one', toBase64(own.root), toBase64(root));
    if (part.anchored?.size === own.size) {
      if (part.anchored.root !== toBase64(own.root))
        broken('format', 'the anchored root is another', toBase64(own.root), part.anchored.root);
      const proof = part.anchored.consistency.map((hash) => fromBase64(hash));
      verifyConsistency({ sizeA: own.size, rootA: own.root, sizeB: size, rootB: root, proof });
    } else if (older) trusted.push(`that the anchored checkpoint of size ${own.size} extends that of size ${size}`);
    else trusted.push(`that the checkpoint of size ${size} extends the anchored one of size ${own.size}`);
  } else trusted.push(`that log ${log} is the provider’s, and its checkpoint no older than the anchored one`);

  const statusBytes = fromBase64Url(part.status.entry);
  const statusEntry = decodeEntry(statusBytes);
  if (statusEntry.kind !== 'status') return broken('status', 'the last entry', 'status', statusEntry.kind);
  const inclusion = part.status.inclusion.map((hash) => fromBase64(hash));
  verifyInclusion({ index: size - 1, size, leaf: leafHash(statusBytes), proof: inclusion, root });
  return { log, size, root, status: statusEntry.root };
}

/** Throws `PROOF_INVALID`, `MALFORMED`; for a record that may not be used, too. */
export function verifyRecordPart(
  part: RecordPart,
  { size, root, status }: AnsweredTree,
  context: Pick<PartsContext, 'names'>,
): VerifiedPart {
  const { item, edition } = parsePayload(part.payload);
  const names = context.names(item, edition);
  if (!names)
    return broken('disclosure', 'no schema is known for the item', 'a known item and edition', `${item}, ${edition}`);
  const opened = openDisclosures({ payload: part.payload, names, disclosures: part.disclosures });
  const bytes = fromBase64Url(part.entry);
  const entry = decodeEntry(bytes);
  if (!('item' in entry)) return broken('entry', 'the entry carries no record', 'a record', entry.kind);
  if (entry.item !== item || entry.edition !== edition)
    broken('entry', 'the entry is of another item', `${item}, ${edition}`, `${entry.item}, ${entry.edition}`);
  const commitment = toBase64Url(commitmentOf(part.payload));
  if (toBase64Url(entry.commitment) !== commitment)
    broken('commitment', 'the entry commits to another', commitment, toBase64Url(entry.commitment));
  const proof = part.inclusion.map((hash) => fromBase64(hash));
  verifyInclusion({ index: part.position, size, leaf: leafHash(bytes), proof, root });
  verifyStatusPart(part.position, part.status, status);
  const standing = statusOf(part.status.value);
  if (!isUsable(standing)) broken('status', 'the record may not be used', 'live, or objected to', standing);
  const inOrder = [...opened].sort(([a], [b]) => a - b);
  return {
    record: part.record,
    version: part.version,
    item,
    edition,
    position: part.position,
    time: entry.time,
    claims: new Map(inOrder.map(([, claim]) => [claim.name, claim.value])),
    ...(standing === 'objected' && { objected: true as const }),
  };
}

function broken(link: ProofLink, reason: string, wanted: string, got: string): never {
  throw new XinlianError('PROOF_INVALID', { link, reason, wanted, got });
}
