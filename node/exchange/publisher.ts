// Publishing: prepared rows of a member become records, each with a line in its log. Idempotent by business key.
import { equalBytes } from '../core/bytes.ts';
import type { RecordId } from '../core/ids.ts';
import type { Counts, RowOutcome } from '../core/messages/publish.ts';
import { isUsable, statusOf } from '../core/status-change.ts';
import type { CatalogueItem } from '../policy/pack.ts';
import type { AgencyLog } from './agency-log.ts';
import type { RecordChanges } from './record-changes.ts';
import type { Clock, RecordStore, StoredRecord, WriteBatch } from './ports.ts';
import type { PreparedRow, ReadyRow } from './row-preparer.ts';

interface Chunk<B extends WriteBatch> {
  log: AgencyLog<B>;
  item: CatalogueItem;
  /** Seconds since 1970. */
  time: number;
  /** Absent in a dry run. */
  write: { batch: B; staged: [RecordId, StoredRecord][] } | undefined;
}

export class Publisher<B extends WriteBatch> {
  readonly #records: RecordStore<B>;
  readonly #clock: Clock;
  readonly #changes: RecordChanges<B>;
  /** Records that are staged and may not be on the disk yet. */
  readonly #staged = new Map<RecordId, StoredRecord>();

  constructor(dependencies: { records: RecordStore<B>; clock: Clock; changes: RecordChanges<B> }) {
    this.#records = dependencies.records;
    this.#clock = dependencies.clock;
    this.#changes = dependencies.changes;
  }

  /**
   * Stages rows in a batch; good ones go on whatever the bad ones are. Without a batch it is a dry run: nothing changes,
   * and each row is judged against what is published, not against the rows before it.
   * @param rows made for `item`; with a batch, records and not only judgements
   * @param firstRow ordinal of the first row in its submission, from 1
   * @returns outcomes in the order of the rows, and what to call when the batch is durable
   */
  stage(
    batch: B | undefined,
    log: AgencyLog<B>,
    item: CatalogueItem,
    rows: readonly PreparedRow[],
    firstRow: number,
  ): { outcomes: RowOutcome[]; settle: () => void } {
    const staged: [RecordId, StoredRecord][] = [];
    const time = Math.floor(this.#clock.now() / 1000);
    const chunk: Chunk<B> = { log, item, time, write: batch && { batch, staged } };
    const outcomes = rows.map((prepared, i): RowOutcome => {
      const row = firstRow + i;
      if (!prepared.ok) return { row, outcome: 'rejected', ...prepared.notes };
      return { row, ...this.#take(chunk, prepared.row), ...prepared.notes };
    });
    const settle = () => {
      for (const [id, record] of staged) if (this.#staged.get(id) === record) this.#staged.delete(id);
    };
    return { outcomes, settle };
  }

  #take(chunk: Chunk<B>, { id, digest, subject, lookups, made }: ReadyRow): Omit<RowOutcome, 'row'> {
    const { log, item, time, write } = chunk;
    const known = this.#staged.get(id) ?? this.#records.record(id);
    const last = known?.versions.at(-1);
    if (known && last && equalBytes(known.digest, digest)) {
      return { outcome: 'unchanged', record: id, version: known.versions.length, position: last.position };
    }
    const status = last ? statusOf(log.status(last.position)) : 'live';
    if (!isUsable(status)) {
      // What was repaired or annulled does not come back by being sent again.
      const fault = { code: 'record-ended', wanted: 'a record that may be used', got: status };
      return { outcome: 'rejected', faults: [fault] };
    }
    const version = (known?.versions.length ?? 0) + 1;
    const outcome = last ? 'corrected' : 'published';
    if (!write || !made) return { outcome, record: id, version };

    const position = append(write.batch, chunk, made.commitment, last?.position);
    // An objection is to the record: the mark goes on to what corrects it.
    if (status === 'objected') log.appendChange(write.batch, { kind: 'objection', time, ref: position });
    const versions = [...(known?.versions ?? []), { position, time }];
    const record = { log: log.state.number, item: item.item, edition: item.edition, digest, versions };
    this.#records.putVersion(write.batch, id, version, made.sealed);
    this.#records.putRecord(write.batch, id, record);
    // A later version has the same subject: it is part of the business key.
    if (!last) this.#records.putSubject(write.batch, log.state.number, subject, id);
    for (const lookup of lookups) this.#records.putLookup(write.batch, log.state.number, lookup, id);
    this.#staged.set(id, record);
    write.staged.push([id, record]);
    const change = { log: log.state.number, subject, record: id, item: item.item, position };
    if (last) this.#changes.changed(write.batch, { ...change, kind: 'supersede', ref: last.position });
    else this.#changes.changed(write.batch, { ...change, kind: 'publish' });
    return { outcome, record: id, version, position };
  }
}

/** @param ref position of the version that this one supersedes */
function append<B extends WriteBatch>(
  batch: B,
  { log, item: { item, edition }, time }: Chunk<B>,
  commitment: Uint8Array,
  ref: number | undefined,
): number {
  if (ref === undefined) return log.append(batch, { kind: 'publish', time, item, edition, commitment });
  return log.appendChange(batch, { kind: 'supersede', time, item, edition, commitment, ref });
}

export function countOutcomes(outcomes: readonly RowOutcome[]): Counts {
  const counts = { rows: outcomes.length, published: 0, corrected: 0, unchanged: 0, rejected: 0 };
  for (const { outcome } of outcomes) counts[outcome]++;
  return counts;
}
