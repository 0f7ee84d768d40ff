// Webhooks of hosted members, what waits for each, and what was given up.
import { fromBase64Url, fromHex, fromUtf8, toBase64Url, toHex, utf8 } from '../core/bytes.ts';
import { parseMemberId, type MemberId } from '../core/ids.ts';
import { key } from './buckets.ts';
import type { Batch, Store } from './store.ts';

/** See `Delivery` in the exchange's ports. */
interface Delivery {
  cursor: number;
  lane: string;
  attempts: number;
  due: number;
}

/** See `GivenUp` in the exchange's ports. */
interface GivenUp {
  cursor: number;
  lane: string;
  attempts: number;
  time: number;
  status?: number;
  fault?: string;
}

const ID_BYTES = 16;

export class LevelWebhookStore {
  readonly #store: Store;

  constructor(store: Store) {
    this.#store = store;
  }

  putWebhook(batch: Batch, { member, id, sealed }: { member: MemberId; id: string; sealed: Uint8Array }): void {
    batch.put('webhook', key(fromHex(member, 32), fromBase64Url(id, ID_BYTES)), sealed);
  }

  forgetWebhook(batch: Batch, member: MemberId, id: string): void {
    batch.delete('webhook', key(fromHex(member, 32), fromBase64Url(id, ID_BYTES)));
  }

  async *webhooks(): AsyncGenerator<{ member: MemberId; id: string; sealed: Uint8Array }> {
    for await (const [at, sealed] of this.#store.entries('webhook'))
      yield { member: parseMemberId(toHex(at.subarray(0, 32))), id: toBase64Url(at.subarray(32)), sealed };
  }

  putDelivery(batch: Batch, webhook: string, delivery: Delivery): void {
    batch.put('delivery', placeOf(webhook, delivery.cursor), utf8(JSON.stringify(delivery)));
  }

  deliveries(webhook: string): AsyncGenerator<Delivery> {
    return this.#all<Delivery>('delivery', webhook, 0);
  }

  forgetDeliveries(batch: Batch, webhook: string, cursors: readonly number[]): void {
    for (const cursor of cursors) batch.delete('delivery', placeOf(webhook, cursor));
  }

  putDeadLetter(batch: Batch, webhook: string, letter: GivenUp): void {
    batch.put('deadLetter', placeOf(webhook, letter.cursor), utf8(JSON.stringify(letter)));
  }

  deadLetters(webhook: string, after: number): AsyncGenerator<GivenUp> {
    return this.#all<GivenUp>('deadLetter', webhook, after);
  }

  forgetDeadLetters(batch: Batch, webhook: string, cursors: readonly number[]): void {
    for (const cursor of cursors) batch.delete('deadLetter', placeOf(webhook, cursor));
  }

  async *#all<T>(bucket: 'delivery' | 'deadLetter', webhook: string, after: number): AsyncGenerator<T> {
    const range = { from: placeOf(webhook, after + 1), to: placeOf(webhook, Number.MAX_SAFE_INTEGER) };
    for await (const [, value] of this.#store.entries(bucket, range)) yield JSON.parse(fromUtf8(value)) as T;
  }
}

function placeOf(webhook: string, cursor: number): Uint8Array {
  return key(fromBase64Url(webhook, ID_BYTES), { u64: cursor });
}
