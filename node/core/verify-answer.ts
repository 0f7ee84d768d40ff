// What the asker checks of an answer, offline but for its own view of the chain: who signed, what it answers, and every
// record in it under one checkpoint. docs/protocol.md, section 8.
import type { RecordPart } from './answer-parts.ts';
import { equalBytes, fromBase64, fromBase64Url, toBase64, toBase64Url } from './bytes.ts';
import { parseCanonical } from './canonical.ts';
import { parseCheckpoint, parseOrigin } from './checkpoint.ts';
import { commitmentOf, openDisclosures, parsePayload, type ClaimValue } from './disclosure.ts';
import { decodeEntry } from './entry.ts';
import { XinlianError, type ProofLink } from './errors.ts';
import { ed25519Jwk } from './jwk.ts';
import { verifyJws } from './jws.ts';
import { leafHash, verifyConsistency, verifyInclusion } from './merkle.ts';
import { parseNote, verifyNote } from './note.ts';
import { answerBody, parseAnswer, type Answer, type AnswerBody } from './query.ts';
import { textDigest, type Receipt } from './receipt.ts';
import { verifyChange, verifyStatusPart, type AnsweredTree, type VerifiedChange } from './verify-change.ts';
import { isUsable, statusOf } from './status-change.ts';

/** What the asker knows by itself. */
export interface AnswerContext {
  /** Names of an item's claims in schema order. */
  names(item: string, edition: string): readonly string[] | undefined;
  /** Whether this is a checkpoint key of the provider now. Absent: the answer is trusted for it. */
  isCheckpointKey?(provider: string, key: Uint8Array): boolean;
  /** Last anchored checkpoint of a log, by the asker's own view: an answer under an older one hides what came since. */
  anchored?(log: string): { size: number; root: Uint8Array; owner: string } | undefined;
}

export interface AnsweredRecord {
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

export interface VerifiedAnswer {
  body: AnswerBody;
  receipt: Receipt;
  records: AnsweredRecord[];
  /** Of an event: what happened, in the order of the log. */
  changes: VerifiedChange[];
  /** For people: what was not checked. */
  trusted: string[];
}

/**
 * @param text the signed answer, as it was under the seal
 * @param asked digest of the query or subscription as it was signed, whom it was for, and which of both it was
 * @throws MALFORMED, SIGNATURE_INVALID, PROOF_INVALID: nothing of such an answer may be used
 */
export async function verifyAnswer(
  text: string,
  asked: { request: string; provider: string; subscription?: boolean; proofOnly?: boolean },
  context: AnswerContext,
): Promise<VerifiedAnswer> {
  const { answer, jws } = parseAnswer(text);
  const body = answerBody.check(parseCanonical(answer.body));
  const { opening } = answer.receipt;
  same('provider', asked.provider, body.provider);
  same('request', asked.request, body.request);
  const wanted = asked.subscription === true ? 'an event' : 'no event';
  same('kind of answer', wanted, body.event ? 'an event' : 'no event');
  checkOpening(opening, body, textDigest(answer.body));
  checkOutcome(body);

  const trusted: string[] = [];
  const key = fromBase64Url(body.log?.key ?? answer.receipt.key, 32);
  same('key', answer.receipt.key, toBase64Url(key));
  if (!context.isCheckpointKey) trusted.push(`that ${toBase64Url(key)} is the checkpoint key of ${body.provider}`);
  else if (!context.isCheckpointKey(body.provider, key))
    throw new XinlianError('SIGNATURE_INVALID', { what: 'answer', key: toBase64Url(key) });
  await verifyJws(jws, ed25519Jwk(key), body.provider);

  const proofOnly = asked.proofOnly === true;
  if (!body.log) return { body, receipt: opening, records: [], changes: [], trusted };
  const under = verifyAnchored(body, body.log, answer.receipt, key, context, trusted);
  const records = body.records.map((record) => verifyRecord(record, under, opening, { ...context, proofOnly }));
  if (proofOnly && records.length > 0)
    trusted.push('that the records are of the subject, until what came another way is checked against these proofs');
  const changes = (body.event?.changes ?? []).map((change) => verifyChange(change, under, opening.items));
  return { body, receipt: opening, records, changes, trusted };
}

/** The line in the log is of this answer, and says of it what the answer says. */
function checkOpening(opening: Receipt, body: AnswerBody, digest: string): void {
  same('answer digest of the receipt', digest, opening.answer);
  for (const part of ['provider', 'grantee', 'grant', 'query', 'request', 'outcome', 'reason', 'time'] as const)
    same(`${part} of the receipt`, String(body[part]), String(opening[part]));
  same('basis of the receipt', String(body.basis), String(opening.basis?.basis));
  same('block of the receipt', JSON.stringify(body.head), JSON.stringify(opening.head));
  const positions = body.records.map(({ position }) => position);
  same('records of the receipt', positions.join(), opening.records.join());
  if (new Set(positions).size < positions.length)
    broken('format', 'a record comes twice', 'each once', positions.join());
}

/** An answer is under a checkpoint, a refusal has its reason and nothing else. */
function checkOutcome({ outcome, reason, log, records, none, event }: AnswerBody): void {
  if (outcome === 'answered') {
    if (!log) broken('checkpoint', 'an answer without a checkpoint', 'one', 'none');
    if (reason !== undefined) broken('format', 'an answer with a reason to refuse', 'none', reason);
    return;
  }
  if (reason === undefined) broken('format', 'a refusal without a reason', 'one', 'none');
  if (log || records.length > 0 || none.length > 0 || (event?.changes.length ?? 0) > 0)
    broken('format', 'a refusal that shows something', 'nothing', 'more');
}

/** @returns the tree that all records and changes of the answer are in */
function verifyAnchored(
  body: AnswerBody,
  part: NonNullable<AnswerBody['log']>,
  receipt: Answer['receipt'],
  key: Uint8Array,
  context: AnswerContext,
  trusted: string[],
): AnsweredTree {
  const note = parseNote(part.checkpoint);
  const { origin, size, root } = parseCheckpoint(note.text);
  verifyNote(part.checkpoint, [{ name: origin, publicKey: key }]);
  const { log } = parseOrigin(origin);
  same('log of the receipt', log, receipt.log);
  const own = context.anchored?.(log);
  if (own) {
    if (own.owner !== body.provider) broken('signature', 'the log is of another', body.provider, own.owner);
    // An event is of when it was made: it may be read later, and says nothing of now.
    const older = size < own.size;
    if (older && !body.event)
      broken('consistency', 'the checkpoint is older than the anchored one', `${own.size}`, `${size}`);
    if (size === own.size && !equalBytes(root, own.root))
      broken('consistency', 'the checkpoint is another than the anchored one', toBase64(own.root), toBase64(root));
    if (part.anchored?.size === own.size) {
      same('anchored root', toBase64(own.root), part.anchored.root);
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
  return { size, root, status: statusEntry.root };
}

function verifyRecord(
  part: RecordPart,
  { size, root, status }: AnsweredTree,
  { subject, items }: Receipt,
  context: AnswerContext & { proofOnly: boolean },
): AnsweredRecord {
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
  const claims = new Map(inOrder.map(([, claim]) => [claim.name, claim.value]));
  if (!context.proofOnly) same('subject of a record', subject, String(claims.get('subject')));
  else if (part.disclosures.length > 0) broken('disclosure', 'claims in an answer of proofs', 'none', 'some');
  if (!items.includes(item)) broken('format', 'a record of an item that was not asked for', items.join(), item);
  return {
    record: part.record,
    version: part.version,
    item,
    edition,
    position: part.position,
    time: entry.time,
    claims,
    ...(standing === 'objected' && { objected: true as const }),
  };
}

function same(what: string, wanted: string, got: string): void {
  if (wanted !== got) broken('format', `the ${what} is another`, wanted, got);
}

function broken(link: ProofLink, reason: string, wanted: string, got: string): never {
  throw new XinlianError('PROOF_INVALID', { link, reason, wanted, got });
}
