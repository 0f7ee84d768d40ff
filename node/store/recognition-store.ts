// Documents of recognition that a hosted member has, sealed to its vault.
import { fromHex, type Hex } from '../core/bytes.ts';
import type { MemberId } from '../core/ids.ts';
import type { CaseId } from '../core/recognition.ts';
import { key } from './buckets.ts';
import type { Batch, Store } from './store.ts';

export class LevelRecognitionStore {
  readonly #store: Store;

  constructor(store: Store) {
    this.#store = store;
  }

  document(member: MemberId, digest: Hex): Uint8Array | undefined {
    return this.#store.get('recognitionDocument', placeOf(member, digest));
  }

  decision(member: MemberId, caseId: CaseId): Uint8Array | undefined {
    return this.#store.get('recognitionDecision', placeOf(member, caseId));
  }

  putDecision(batch: Batch, member: MemberId, caseId: CaseId, decision: Uint8Array): void {
    batch.put('recognitionDecision', placeOf(member, caseId), decision);
  }

  putDocument(batch: Batch, member: MemberId, digest: Hex, sealed: Uint8Array): void {
    batch.put('recognitionDocument', placeOf(member, digest), sealed);
  }
}

function placeOf(member: MemberId, digest: Hex): Uint8Array {
  return key(fromHex(member, 32), fromHex(digest, 32));
}
