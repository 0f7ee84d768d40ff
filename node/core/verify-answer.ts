// What the asker checks of an answer, offline but for its own view of the chain: who signed, what it answers, and every
// record in it under one checkpoint. docs/protocol.md, section 8.
import type { RecordPart } from './answer-parts.ts';
import { fromBase64Url, toBase64Url } from './bytes.ts';
import { parseCanonical } from './canonical.ts';
import { XinlianError, type ProofLink } from './errors.ts';
import { ed25519Jwk } from './jwk.ts';
import { verifyJws } from './jws.ts';
import { answerBody, parseAnswer, type Answer, type AnswerBody } from './query.ts';
import { textDigest, type Receipt } from './receipt.ts';
import { verifyChange, type AnsweredTree, type VerifiedChange } from './verify-change.ts';
import { verifyRecordPart, verifyTree, type PartsContext, type VerifiedPart } from './verify-parts.ts';

export interface VerifiedAnswer {
  body: AnswerBody;
  receipt: Receipt;
  records: VerifiedPart[];
  /** Of an event: what happened, in the order of the log. */
  changes: VerifiedChange[];
  /** For people: what was not checked. */
  trusted: string[];
}

/**
 * @param text the signed answer, as it was under the seal
 * @param asked digest of the query or subscription as it was signed, whom it was for, and which of both it was; or edition of a white list
 * @throws MALFORMED, SIGNATURE_INVALID, PROOF_INVALID: nothing of such an answer may be used
 */
export async function verifyAnswer(
  text: string,
  asked: { request: string; provider: string; subscription?: boolean; list?: boolean; proofOnly?: boolean },
  context: PartsContext,
): Promise<VerifiedAnswer> {
  const { answer, jws } = parseAnswer(text);
  const body = answerBody.check(parseCanonical(answer.body));
  const { opening } = answer.receipt;
  same('provider', asked.provider, body.provider);
  same('request', asked.request, body.request);
  const wanted = asked.subscription === true ? 'an event' : 'no event';
  same('kind of answer', wanted, body.event ? 'an event' : 'no event');
  same('list of an answer', asked.list === true ? 'one' : 'none', body.list ? 'one' : 'none');
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
  same('list of the receipt', listText(body.list?.list, body.list), listText(opening.list?.id, opening.list));
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
  context: PartsContext,
  trusted: string[],
): AnsweredTree {
  // An event is of when it was made: it may be read later, and says nothing of now.
  const told = { owner: body.provider, key, past: body.event !== undefined };
  const tree = verifyTree(part, told, context, trusted);
  same('log of the receipt', tree.log, receipt.log);
  return tree;
}

function verifyRecord(
  part: RecordPart,
  under: AnsweredTree,
  { subject, items }: Receipt,
  context: PartsContext & { proofOnly: boolean },
): VerifiedPart {
  const record = verifyRecordPart(part, under, context);
  if (!context.proofOnly) same('subject of a record', subject, String(record.claims.get('subject')));
  else if (part.disclosures.length > 0) broken('disclosure', 'claims in an answer of proofs', 'none', 'some');
  if (!items.includes(record.item))
    broken('format', 'a record of an item that was not asked for', items.join(), record.item);
  return record;
}

function listText(id: string | undefined, list: { edition: number; name: string } | undefined): string {
  return list ? `${id}, edition ${list.edition}: ${list.name}` : 'none';
}

function same(what: string, wanted: string, got: string): void {
  if (wanted !== got) broken('format', `the ${what} is another`, wanted, got);
}

function broken(link: ProofLink, reason: string, wanted: string, got: string): never {
  throw new XinlianError('PROOF_INVALID', { link, reason, wanted, got });
}
