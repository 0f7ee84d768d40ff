// Share bases that were put down at a hosted member, sealed to its vault.
import { fromBase64Url, fromHex, toBase64Url } from '../core/bytes.ts';
import type { MemberId } from '../core/ids.ts';
import { key } from './buckets.ts';
import type { Batch, Store } from './store.ts';

const ID_BYTES = 16;
const LAST_ID = new Uint8Array(ID_BYTES + 1).fill(0xff);

export class LevelShareStore {
  readonly #store: Store;

  constructor(store: Store) {
    this.#store = store;
  }

  basis(member: MemberId, id: string): Uint8Array | undefined {
    return this.#store.get('shareBasis', placeOf(member, id));
  }

  putBasis(batch: Batch, member: MemberId, id: string, sealed: Uint8Array): void {
    batch.put('shareBasis', placeOf(member, id), sealed);
  }

  async *bases(member: MemberId, after?: string): AsyncGenerator<string> {
    const all = fromHex(member, 32);
    const from = after === undefined ? all : key(placeOf(member, after), { u8: 0 });
    for await (const [at] of this.#store.entries('shareBasis', { from, to: key(all, LAST_ID) }))
      yield toBase64Url(at.subarray(-ID_BYTES));
  }
}

function placeOf(member: MemberId, id: string): Uint8Array {
  return key(fromHex(member, 32), fromBase64Url(id, ID_BYTES));
}
