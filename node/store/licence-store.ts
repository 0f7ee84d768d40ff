// Sessions in which enterprises confirm with their electronic licences, sealed to the vault of the member that runs them.
import { fromBase64Url, fromHex } from '../core/bytes.ts';
import type { MemberId } from '../core/ids.ts';
import { key } from './buckets.ts';
import type { Batch, Store } from './store.ts';

const ID_BYTES = 16;

export class LevelLicenceStore {
  readonly #store: Store;

  constructor(store: Store) {
    this.#store = store;
  }

  licence(member: MemberId, session: string): Uint8Array | undefined {
    return this.#store.get('licence', placeOf(member, session));
  }

  putLicence(batch: Batch, member: MemberId, session: string, sealed: Uint8Array): void {
    batch.put('licence', placeOf(member, session), sealed);
  }
}

function placeOf(member: MemberId, session: string): Uint8Array {
  return key(fromHex(member, 32), fromBase64Url(session, ID_BYTES));
}
