// What is known of the attachments of hosted members; the bytes themselves are in files (attachment-files.ts).
import { concat, fromBase64, fromHex, fromUtf8, toBase64, utf8 } from '../core/bytes.ts';
import type { MemberId } from '../core/ids.ts';
import { key } from './buckets.ts';
import type { Batch, Store } from './store.ts';

/** See `StoredAttachment` in the exchange's ports. */
interface StoredAttachment {
  file: string;
  key: Uint8Array;
  received: number;
}

export class LevelAttachmentStore {
  readonly #store: Store;

  constructor(store: Store) {
    this.#store = store;
  }

  attachment(member: MemberId, text: string): StoredAttachment | undefined {
    const value = this.#store.get('attachment', placeOf(member, text));
    if (!value) return undefined;
    const [file, wrapped, received] = JSON.parse(fromUtf8(value)) as [string, string, number];
    return { file, key: fromBase64(wrapped), received };
  }

  putAttachment(
    batch: Batch,
    member: MemberId,
    text: string,
    { file, key: wrapped, received }: StoredAttachment,
  ): void {
    batch.put('attachment', placeOf(member, text), utf8(JSON.stringify([file, toBase64(wrapped), received])));
  }

  leaves(member: MemberId, text: string): Uint8Array | undefined {
    return this.#store.get('attachmentLeaves', placeOf(member, text));
  }

  putLeaves(batch: Batch, member: MemberId, text: string, leaves: Uint8Array): void {
    batch.put('attachmentLeaves', placeOf(member, text), leaves);
  }
}

function placeOf(member: MemberId, text: string): Uint8Array {
  return key(concat(fromHex(member, 32), utf8(text)));
}
