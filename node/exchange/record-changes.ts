// Who wants to know of an entry about a record is told in the batch that has it: what they add to it is written with it.
import type { EntryKind } from '../core/entry.ts';
import type { RecordId } from '../core/ids.ts';
import type { WriteBatch } from './ports.ts';

export interface RecordChange {
  /** Log number. */
  log: number;
  /** See `RecordVault.subjectKey`. */
  subject: Uint8Array;
  record: RecordId;
  item: string;
  kind: EntryKind;
  position: number;
  /** Position of the entry that it changes. */
  ref?: number;
}

export class RecordChanges<B extends WriteBatch> {
  readonly #listeners: ((batch: B, change: RecordChange) => void)[] = [];

  /** A listener MUST NOT throw. */
  listen(listener: (batch: B, change: RecordChange) => void): void {
    this.#listeners.push(listener);
  }

  /** Told by whoever stages the entry, behind it. */
  changed(batch: B, change: RecordChange): void {
    for (const listener of this.#listeners) listener(batch, change);
  }
}
