// What accesses leave behind: openings of receipts and notes, sealed; answers, for who asks again; withdrawals seen.
import { concat, fromBase64Url, fromHex, fromUtf8, toBase64Url, toHex, utf8 } from '../core/bytes.ts';
import { parseGrantHash, type GrantHash, type MemberId } from '../core/ids.ts';
import type { GrantWithdrawal } from '../core/messages/grant.ts';
import { key, u64At } from './buckets.ts';
import type { Batch, Store } from './store.ts';

/** See `AnswerPlace` in the exchange's ports. */
interface AnswerPlace {
  provider: string;
  grantee: string;
  query: string;
  page: number;
}

/** See `SeenWithdrawal` in the exchange's ports. */
interface SeenWithdrawal {
  validTo: number;
  pending?: GrantWithdrawal;
}

const NOTHING = new Uint8Array();
const DIGEST_BYTES = 32;
const SUBJECT_BYTES = 16;
const ID_BYTES = 16;

export class LevelAccessStore {
  readonly #store: Store;

  constructor(store: Store) {
    this.#store = store;
  }

  putOpening(batch: Batch, log: number, position: number, commitment: Uint8Array, sealed: Uint8Array): void {
    batch.put('opening', key({ u32: log }, { u64: position }), sealed);
    batch.put('commitment', key({ u32: log }, commitment), key({ u64: position }));
  }

  opening(log: number, position: number): Uint8Array | undefined {
    return this.#store.get('opening', key({ u32: log }, { u64: position }));
  }

  async *openings(log: number, after: number, limit: number): AsyncGenerator<[number, Uint8Array]> {
    const range = {
      from: key({ u32: log }, { u64: after + 1 }),
      to: key({ u32: log }, { u64: Number.MAX_SAFE_INTEGER }),
      limit,
    };
    for await (const [at, sealed] of this.#store.entries('opening', range)) yield [u64At(at, 4), sealed];
  }

  byCommitment(log: number, commitment: Uint8Array): number | undefined {
    const position = this.#store.get('commitment', key({ u32: log }, commitment));
    return position && u64At(position, 0);
  }

  putDay(batch: Batch, log: number, day: number, position: number, party: string): void {
    batch.put('openingDay', key({ u32: log }, { u32: day }, { u64: position }), fromHex(party, 32));
  }

  async *day(log: number, day: number, after: number): AsyncGenerator<{ position: number; party: string }> {
    const range = {
      from: key({ u32: log }, { u32: day }, { u64: after + 1 }),
      to: key({ u32: log }, { u32: day + 1 }, { u64: 0 }),
    };
    for await (const [at, party] of this.#store.entries('openingDay', range))
      yield { position: u64At(at, 8), party: toHex(party) };
  }

  putSubjectReceipt(batch: Batch, log: number, subject: Uint8Array, position: number): void {
    batch.put('subjectReceipt', key({ u32: log }, subject, { u64: position }), NOTHING);
  }

  async *subjectReceipts(log: number, subject: Uint8Array, after: number, limit: number): AsyncGenerator<number> {
    const range = {
      from: key({ u32: log }, subject, { u64: after + 1 }),
      to: key({ u32: log }, subject, { u64: Number.MAX_SAFE_INTEGER }),
      limit,
    };
    for await (const [at] of this.#store.entries('subjectReceipt', range)) yield u64At(at, 4 + SUBJECT_BYTES);
  }

  putAnswer(batch: Batch, place: AnswerPlace, request: Uint8Array, answer: string, keptUntil: number): void {
    const at = placeOf(place);
    batch.put('answer', at, concat(request, utf8(answer)));
    batch.put('answerExpiry', key({ u64: keptUntil }, at), NOTHING);
  }

  answer(place: AnswerPlace): { request: Uint8Array; answer: string } | undefined {
    const value = this.#store.get('answer', placeOf(place));
    return value && { request: value.subarray(0, DIGEST_BYTES), answer: fromUtf8(value.subarray(DIGEST_BYTES)) };
  }

  async expiredAnswers(nowSeconds: number, limit: number): Promise<Uint8Array[]> {
    const expired: Uint8Array[] = [];
    for await (const [at] of this.#store.entries('answerExpiry', { to: key({ u64: nowSeconds }), limit }))
      expired.push(at);
    return expired;
  }

  forgetAnswers(batch: Batch, expired: readonly Uint8Array[]): void {
    for (const at of expired) batch.delete('answerExpiry', at).delete('answer', at.subarray(8));
  }

  putWithdrawal(batch: Batch, grant: GrantHash, withdrawal: SeenWithdrawal): void {
    batch.put('withdrawal', fromHex(grant, 32), utf8(JSON.stringify(withdrawal)));
  }

  async *withdrawals(): AsyncGenerator<[GrantHash, SeenWithdrawal]> {
    for await (const [grant, value] of this.#store.entries('withdrawal')) {
      yield [parseGrantHash(toHex(grant)), JSON.parse(fromUtf8(value)) as SeenWithdrawal];
    }
  }

  forgetWithdrawal(batch: Batch, grant: GrantHash): void {
    batch.delete('withdrawal', fromHex(grant, 32));
  }
}

/** Requests for authorisation that wait at a hosted member. */
export class LevelRequestStore {
  readonly #store: Store;

  constructor(store: Store) {
    this.#store = store;
  }

  request(member: MemberId, id: string): Uint8Array | undefined {
    return this.#store.get('grantRequest', key(fromHex(member, 32), fromBase64Url(id, ID_BYTES)));
  }

  putRequest(batch: Batch, member: MemberId, id: string, sealed: Uint8Array): void {
    batch.put('grantRequest', key(fromHex(member, 32), fromBase64Url(id, ID_BYTES)), sealed);
  }

  putSubjectRequest(batch: Batch, member: MemberId, subject: Uint8Array, id: string): void {
    batch.put('subjectRequest', key(fromHex(member, 32), subject, fromBase64Url(id, ID_BYTES)), NOTHING);
  }

  async *requests(member: MemberId, subject: Uint8Array): AsyncGenerator<string> {
    const place = key(fromHex(member, 32), subject);
    const range = { from: place, to: key(place, new Uint8Array(ID_BYTES + 1).fill(0xff)) };
    for await (const [at] of this.#store.entries('subjectRequest', range)) yield toBase64Url(at.subarray(-ID_BYTES));
  }
}

function placeOf({ provider, grantee, query, page }: AnswerPlace): Uint8Array {
  return key(fromHex(provider, 32), fromHex(grantee, 32), fromBase64Url(query, 32), { u32: page });
}
