// Credit reports that hosted centres made, sealed to their vaults.
import { fromHex, fromUtf8, utf8 } from '../core/bytes.ts';
import type { MemberId } from '../core/ids.ts';
import { key } from './buckets.ts';
import type { Batch, Store } from './store.ts';

const MEMBER_BYTES = 32;
const PAST_DIGITS = utf8(':');

/** See `ReportStore` in the exchange's report desk. */
export class LevelReportStore {
  readonly #store: Store;

  constructor(store: Store) {
    this.#store = store;
  }

  report(member: MemberId, number: string): Uint8Array | undefined {
    return this.#store.get('report', placeOf(member, number));
  }

  putReport(batch: Batch, member: MemberId, number: string, sealed: Uint8Array): void {
    batch.put('report', placeOf(member, number), sealed);
  }

  async *reports(member: MemberId, after: string | undefined): AsyncGenerator<string> {
    const place = fromHex(member, MEMBER_BYTES);
    const from = after === undefined ? place : key(placeOf(member, after), { u8: 0 });
    for await (const [at] of this.#store.entries('report', { from, to: key(place, PAST_DIGITS) }))
      yield fromUtf8(at.subarray(-22));
  }
}

function placeOf(member: MemberId, number: string): Uint8Array {
  return key(fromHex(member, MEMBER_BYTES), utf8(number));
}
