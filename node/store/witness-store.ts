// What hosted members saw of others' logs, as witnesses.
import { sha256 } from '#sha256';
import { fromHex, fromUtf8, utf8 } from '../core/bytes.ts';
import type { LogId, MemberId } from '../core/ids.ts';
import { key } from './buckets.ts';
import type { Batch, Store } from './store.ts';

/** See `WitnessedCheckpoint` in the exchange's witness. */
interface Witnessed {
  size: number;
  root: string;
  note: string;
  cosignature?: string;
}

/** See `WitnessConflict` there. */
interface Conflict {
  kind: 'split' | 'inconsistent';
  time: number;
  cosigned: string;
  refused: string;
  proof: string[];
}

const SPLIT = 0;
const INCONSISTENT = 1;

export class LevelWitnessStore {
  readonly #store: Store;

  constructor(store: Store) {
    this.#store = store;
  }

  witnessed(member: MemberId, log: LogId): Witnessed | undefined {
    const kept = this.#store.get('witnessed', key(fromHex(member), fromHex(log)));
    return kept && (JSON.parse(fromUtf8(kept)) as Witnessed);
  }

  putWitnessed(batch: Batch, member: MemberId, log: LogId, checkpoint: Witnessed): void {
    batch.put('witnessed', key(fromHex(member), fromHex(log)), utf8(JSON.stringify(checkpoint)));
  }

  async conflicts(member: MemberId, log: LogId): Promise<Conflict[]> {
    const conflicts: Conflict[] = [];
    const range = {
      from: key(fromHex(member), fromHex(log)),
      to: key(fromHex(member), fromHex(log), { u8: INCONSISTENT + 1 }),
    };
    for await (const [, kept] of this.#store.entries('witnessConflict', range)) {
      conflicts.push(JSON.parse(fromUtf8(kept)) as Conflict);
    }
    return conflicts;
  }

  putConflict(batch: Batch, member: MemberId, log: LogId, size: number, conflict: Conflict): void {
    const place =
      conflict.kind === 'split'
        ? key({ u8: SPLIT }, { u64: size }, sha256(utf8(conflict.refused)).subarray(0, 8))
        : key({ u8: INCONSISTENT });
    batch.put('witnessConflict', key(fromHex(member), fromHex(log), place), utf8(JSON.stringify(conflict)));
  }
}
