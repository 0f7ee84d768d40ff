// Publishing: rows of a member become records, each with a line in its log. Idempotent by business key.
import { commitRecord, type ClaimValue } from '../core/disclosure.ts';
import { equalBytes, toBase64Url, utf8 } from '../core/bytes.ts';
import { canonicalize } from '../core/canonical.ts';
import { parseRecordId, type RecordId } from '../core/ids.ts';
import type { Counts, RowOutcome } from '../core/messages/publish.ts';
import type { CatalogueItem } from '../policy/pack.ts';
import { chinaDate } from '../policy/date.ts';
import { createRowReader, type NormalRow, type RowReader } from '../policy/row.ts';
import type { AgencyLog } from './agency-log.ts';
import type { Clock, RecordStore, StoredRecord, WriteBatch } from './ports.ts';
import { RowReport } from './row-report.ts';
import type { RecordVault } from './vault.ts';

/** A member, with the parts of the node that are its own. */
export interface Publishing<B extends WriteBatch> {
  /** USCC of the member: the record's `agency`. */
  agency: string;
  log: AgencyLog<B>;
  vault: RecordVault;
}

/** What is the same for all rows of a chunk. */
interface Chunk<B extends WriteBatch> {
  member: Publishing<B>;
  item: CatalogueItem;
  read: RowReader;
  /** Seconds since 1970. */
  time: number;
  /** In China. */
  today: string;
  report: RowReport;
  /** Absent in a dry run. */
  write: { batch: B; staged: [RecordId, StoredRecord][] } | undefined;
}

export class Publisher<B extends WriteBatch> {
  readonly #records: RecordStore<B>;
  readonly #clock: Clock;
  readonly #readers = new Map<CatalogueItem, RowReader>();
  /** Records that are staged and may not be on the disk yet. */
  readonly #staged = new Map<RecordId, StoredRecord>();

  constructor({ records, clock }: { records: RecordStore<B>; clock: Clock }) {
    this.#records = records;
    this.#clock = clock;
  }

  /**
   * Stages rows in a batch; good ones go on whatever the bad ones are. Without a batch it is a dry run: nothing changes,
   * and each row is judged against what is published, not against the rows before it.
   * @param rows what JSON gave for each line, or undefined for a line that is no JSON
   * @param firstRow ordinal of the first row in its submission, from 1
   * @returns outcomes in the order of the rows, and what to call when the batch is durable
   */
  stage(
    batch: B | undefined,
    member: Publishing<B>,
    item: CatalogueItem,
    rows: readonly unknown[],
    firstRow: number,
  ): { outcomes: RowOutcome[]; settle: () => void } {
    const staged: [RecordId, StoredRecord][] = [];
    const now = this.#clock.now();
    const chunk: Chunk<B> = {
      member,
      item,
      read: this.#reader(item),
      time: Math.floor(now / 1000),
      today: chinaDate(now),
      report: new RowReport(),
      write: batch && { batch, staged },
    };
    const outcomes = rows.map((row, i) => this.#take(chunk, row, firstRow + i));
    const settle = () => {
      for (const [id, record] of staged) if (this.#staged.get(id) === record) this.#staged.delete(id);
    };
    return { outcomes, settle };
  }

  #take(chunk: Chunk<B>, value: unknown, row: number): RowOutcome {
    const { member, item, report, time, write } = chunk;
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
      const fault = { code: 'json', wanted: 'a JSON object, one a line', got: kindOf(value) };
      return { row, outcome: 'rejected', ...report.tell([fault], []) };
    }
    const read = chunk.read(value as Record<string, unknown>, chunk.today);
    if (!read.ok) return { row, outcome: 'rejected', ...report.tell(read.faults, read.warnings) };
    const notes = report.tell([], read.row.warnings);

    const id = recordId(member, item, read.row);
    const content = contentOf(member, read.row);
    const digest = member.vault.digest('row', `${content.claims}\0${content.personal}`);
    const known = this.#staged.get(id) ?? this.#records.record(id);
    const last = known?.versions.at(-1);
    if (known && last && equalBytes(known.digest, digest)) {
      const version = known.versions.length;
      return { row, outcome: 'unchanged', record: id, version, position: last.position, ...notes };
    }
    const version = (known?.versions.length ?? 0) + 1;
    const outcome = last ? 'corrected' : 'published';
    if (!write) return { row, outcome, record: id, version, ...notes };

    const position = this.#append(write.batch, member, item, {
      id,
      version,
      content,
      time,
      ...(last && { ref: last.position }),
    });
    const record = {
      log: member.log.state.number,
      item: item.item,
      edition: item.edition,
      digest,
      versions: [...(known?.versions ?? []), { position, time }],
    };
    this.#records.putRecord(write.batch, id, record);
    this.#staged.set(id, record);
    write.staged.push([id, record]);
    return { row, outcome, record: id, version, position, ...notes };
  }

  #append(
    batch: B,
    { log, vault }: Publishing<B>,
    { item, edition, claims: names }: CatalogueItem,
    {
      id,
      version,
      content,
      time,
      ref,
    }: { id: RecordId; version: number; content: Content; time: number; ref?: number },
  ): number {
    const { values } = content;
    const key = vault.newRecordKey();
    const { commitment } = commitRecord({ item, edition, names, values, key });
    this.#records.putVersion(batch, id, version, vault.seal(key, content.claims, content.personal));
    if (ref === undefined) return log.append(batch, { kind: 'publish', time, item, edition, commitment });
    const position = log.append(batch, { kind: 'supersede', time, item, edition, commitment, ref });
    log.setStatus(batch, ref, utf8(canonicalize({ state: 'superseded', by: position })));
    return position;
  }

  #reader(item: CatalogueItem): RowReader {
    let reader = this.#readers.get(item);
    if (!reader) this.#readers.set(item, (reader = createRowReader(item)));
    return reader;
  }
}

/** The same for all versions: the business key (agency, item, document, subject), under the vault's own key. */
function recordId<B extends WriteBatch>(
  { agency, vault }: Publishing<B>,
  { item }: CatalogueItem,
  { document, subject }: NormalRow,
): RecordId {
  return parseRecordId(
    toBase64Url(vault.digest('record-id', JSON.stringify([agency, item, document, subject])).subarray(0, 16)),
  );
}

/** What a row says, as the record's claims and as texts: they are sealed, and tell a correction from a repetition. */
interface Content {
  values: ClaimValue[];
  claims: string;
  /** Empty where there is nothing about persons. */
  personal: string;
}

function contentOf<B extends WriteBatch>({ agency }: Publishing<B>, row: NormalRow): Content {
  const values = [agency, ...row.claims];
  const personal = Object.keys(row.personal).length > 0 ? JSON.stringify(row.personal) : '';
  return { values, claims: JSON.stringify(values), personal };
}

function kindOf(value: unknown): string {
  if (value === undefined) return 'a line that is no JSON in UTF-8';
  return Array.isArray(value) ? 'a list' : value === null ? 'null' : `a ${typeof value}`;
}

export function countOutcomes(outcomes: readonly RowOutcome[]): Counts {
  const counts = { rows: outcomes.length, published: 0, corrected: 0, unchanged: 0, rejected: 0 };
  for (const { outcome } of outcomes) counts[outcome]++;
  return counts;
}
