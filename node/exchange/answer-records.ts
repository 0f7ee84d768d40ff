// The records of an answer: those of the subject and the items asked for that may be used today, each with its proof.
import type { AnchoredPart, RecordPart } from '../core/answer-parts.ts';
import type { AttachmentOffer } from '../core/attachment.ts';
import { toBase64, toBase64Url } from '../core/bytes.ts';
import type { Change } from '../core/event-part.ts';
import { commitRecord } from '../core/disclosure.ts';
import { XinlianError } from '../core/errors.ts';
import type { RecordId } from '../core/ids.ts';
import type { StandingPage } from '../core/messages/report.ts';
import { consistencyProof } from '../core/merkle.ts';
import type { Query } from '../core/query.ts';
import { isUsable, statusOf } from '../core/status-change.ts';
import { chinaDate } from '../policy/date.ts';
import type { Catalogue } from '../policy/pack.ts';
import type { AgencyLog } from './agency-log.ts';
import type { ChainView, LogStore, QueuedChange, RecordStore, StoredRecord, WriteBatch } from './ports.ts';
import { RecordProofs } from './record-proofs.ts';
import type { RecordVault } from './vault.ts';

/** Records of one answer: with their proofs they take some 4 kB each, and a frame between nodes takes 4 MiB. */
const PAGE_RECORDS = 300;

/** Where `validFrom` and `validTo` stand in a record's claims. */
const VALID_FROM = 3;
const VALID_TO = 4;

export interface CollectedRecords {
  log: AnchoredPart;
  records: RecordPart[];
  /** Items asked for of which nothing was found. */
  none: string[];
  more: boolean;
  /** Where the query asks for it. */
  attachment?: AttachmentOffer;
}

interface Found {
  id: RecordId;
  record: StoredRecord;
  version: number;
  position: number;
}

/** Of whom and what: by a grant, or a share basis. */
interface Asked {
  subject: { uscc: string };
  items: readonly { item: string; months: number }[];
}

interface Holder<B extends WriteBatch> {
  log: AgencyLog<B>;
  vault: RecordVault;
  key: { readonly publicKey: Uint8Array };
}

interface Dependencies<B extends WriteBatch> {
  records: RecordStore<B>;
  logs: LogStore<B>;
  view: Pick<ChainView, 'log'>;
  catalogue: Catalogue;
}

export class AnswerRecords<B extends WriteBatch> {
  readonly #needs: Dependencies<B>;
  readonly #proofs: RecordProofs<B>;

  constructor(dependencies: Dependencies<B>) {
    this.#needs = dependencies;
    this.#proofs = new RecordProofs(dependencies.logs);
  }

  /**
   * @param nowSeconds the time that it is judged at
   * @throws OVERLOADED before the log has its first checkpoint
   */
  async collect(
    holder: Holder<B>,
    { subject, items }: Asked,
    query: Pick<Query, 'items' | 'page' | 'proofOnly' | 'attachment'>,
    nowSeconds: number,
  ): Promise<CollectedRecords> {
    const { log, vault } = holder;
    const today = chinaDate(nowSeconds * 1000);
    const since = sinceWhen(items, today);
    const { size, checkpoint } = this.#shown(log);

    const parts: RecordPart[] = [];
    const seen = new Set<string>();
    const skipped = (query.page ?? 0) * PAGE_RECORDS;
    let usable = 0;
    for await (const found of this.#bySubject(log, vault.subjectKey(subject.uscc), query.items, size)) {
      const { item, edition } = found.record;
      if (query.attachment && found.id !== query.attachment.record) continue;
      const hidden = query.proofOnly === true;
      const bounds = { size, today, since: since.get(item) ?? today, item, edition, hidden };
      const part = await this.#part(holder, found, bounds);
      if (!part) continue;
      seen.add(item);
      if (usable++ >= skipped && parts.length <= PAGE_RECORDS) parts.push(part);
      if (parts.length > PAGE_RECORDS) break;
    }
    const more = parts.length > PAGE_RECORDS;
    return {
      log: this.#anchoredPart(holder, checkpoint, size),
      records: parts.slice(0, PAGE_RECORDS),
      none: more ? [] : query.items.filter((item) => !seen.has(item)),
      more,
    };
  }

  /**
   * What happened to records, with what may be used of them now. Of a record that began before what was granted nothing is
   * told.
   * @param changes under the last checkpoint
   * @throws OVERLOADED before the log has its first checkpoint
   */
  async collectChanges(
    holder: Holder<B>,
    { items }: Pick<Asked, 'items'>,
    changes: readonly QueuedChange[],
    nowSeconds: number,
  ): Promise<CollectedRecords & { changes: Change[] }> {
    const { log } = holder;
    const today = chinaDate(nowSeconds * 1000);
    const since = sinceWhen(items, today);
    const { size, checkpoint } = this.#shown(log);
    const told: Change[] = [];
    const parts = new Map<string, RecordPart | undefined>();
    for (const change of changes) {
      const record = this.#needs.records.record(change.record);
      const found = record && lastUnder(change.record, record, size);
      if (!found || this.#startsBefore(holder, found, since.get(change.item) ?? today)) continue;
      told.push(await this.#change(log, change, size));
      if (parts.has(change.record)) continue;
      const { item, edition } = found.record;
      const facts = { size, today, since: since.get(item) ?? today, item, edition, hidden: false };
      parts.set(change.record, await this.#part(holder, found, facts));
    }
    return {
      log: this.#anchoredPart(holder, checkpoint, size),
      records: [...parts.values()].filter((part) => part !== undefined),
      none: [],
      more: false,
      changes: told,
    };
  }

  /**
   * Records by their ids, those that may be used now.
   * @throws OVERLOADED before the log has its first checkpoint
   */
  async collectById(
    holder: Holder<B>,
    ids: readonly RecordId[],
    nowSeconds: number,
  ): Promise<Pick<CollectedRecords, 'log' | 'records'>> {
    const { size, checkpoint } = this.#shown(holder.log);
    const parts: RecordPart[] = [];
    for (const id of ids) {
      const record = this.#needs.records.record(id);
      const found = record && lastUnder(id, record, size);
      if (!found) continue;
      const { item, edition } = found.record;
      const bounds = { size, today: chinaDate(nowSeconds * 1000), since: '', item, edition, hidden: false };
      const part = await this.#part(holder, found, bounds);
      if (part) parts.push(part);
    }
    return { log: this.#anchoredPart(holder, checkpoint, size), records: parts };
  }

  /**
   * How entries stand, whatever they are.
   * @throws OVERLOADED before the log has its first checkpoint; NOT_FOUND for a position that the last one does not cover
   */
  async standings(holder: Pick<Holder<B>, 'log' | 'key'>, positions: readonly number[]): Promise<StandingPage> {
    const { log } = holder;
    const { size, checkpoint } = this.#shown(log);
    const entries: StandingPage['entries'] = [];
    for (const position of positions) {
      const entry = position < size - 1 ? this.#needs.logs.entry(log.state.number, position) : undefined;
      if (!entry) throw new XinlianError('NOT_FOUND', { what: `entry of log ${log.state.id}`, id: String(position) });
      entries.push({
        position,
        entry: toBase64Url(entry),
        inclusion: this.#proofs.inclusion(log, position, size),
        status: await this.#proofs.status(log, position, size),
        now: statusOf(log.status(position)),
      });
    }
    return { log: this.#anchoredPart(holder, checkpoint, size), entries };
  }

  async #change(log: AgencyLog<B>, { kind, record, item, position, ref }: QueuedChange, size: number): Promise<Change> {
    const entry = this.#needs.logs.entry(log.state.number, position);
    if (!entry) {
      const what = `log ${log.state.id}`;
      throw new XinlianError('STORE_CORRUPT', { what, wanted: `an entry at ${position}`, got: 'none' });
    }
    return {
      kind,
      record,
      item,
      position,
      ...(ref !== undefined && { ref }),
      entry: toBase64Url(entry),
      inclusion: this.#proofs.inclusion(log, position, size),
      status: await this.#proofs.status(log, ref ?? position, size),
    };
  }

  #startsBefore({ vault }: Holder<B>, { id, version }: Found, since: string): boolean {
    const sealed = this.#needs.records.version(id, version);
    const from = sealed && vault.open(sealed).claims[VALID_FROM];
    return typeof from === 'string' && from < since;
  }

  /** What is proved to others is under the last checkpoint that is durable. */
  #shown(log: AgencyLog<B>): { size: number; checkpoint: string } {
    const size = log.shownSize;
    const checkpoint = this.#needs.logs.checkpoint(log.state.number, size);
    if (checkpoint === undefined)
      throw new XinlianError('OVERLOADED', { what: 'the first checkpoint of this log', retryAfterSeconds: 2 });
    return { size, checkpoint };
  }

  /** The last version under the checkpoint, of each record of the subject and these items. */
  async *#bySubject(
    log: AgencyLog<B>,
    subject: Uint8Array,
    items: readonly string[],
    size: number,
  ): AsyncGenerator<Found> {
    for await (const id of this.#needs.records.bySubject(log.state.number, subject)) {
      const record = this.#needs.records.record(id);
      if (!record || !items.includes(record.item)) continue;
      const found = lastUnder(id, record, size);
      if (found) yield found;
    }
  }

  /** @returns undefined for what may not be used: repaired, annulled, superseded or shielded, expired, further back than was granted */
  async #part(
    { log, vault }: Holder<B>,
    { id, version, position }: Found,
    {
      size,
      today,
      since,
      item,
      edition,
      hidden,
    }: { size: number; today: string; since: string; item: string; edition: string; hidden: boolean },
  ): Promise<RecordPart | undefined> {
    const { records, logs, catalogue } = this.#needs;
    if (!isUsable(statusOf(log.status(position)))) return undefined;
    const status = await this.#proofs.status(log, position, size);
    const sealed = records.version(id, version);
    const entry = logs.entry(log.state.number, position);
    const names = catalogue.names(item, edition);
    if (!isUsable(statusOf(status.value)) || !sealed) return undefined;
    if (!entry || !names) {
      const what = `record ${id}`;
      throw new XinlianError('STORE_CORRUPT', { what, wanted: 'its entry and the schema of its item', got: 'none' });
    }
    const { key, claims: values } = vault.open(sealed);
    const [from, to] = [values[VALID_FROM], values[VALID_TO]];
    if (typeof to === 'string' && to < today) return undefined;
    if (typeof from === 'string' && from < since) return undefined;
    const { payload, disclosures } = commitRecord({ item, edition, names, values, key });
    return {
      record: id,
      version,
      payload,
      disclosures: hidden ? [] : disclosures,
      entry: toBase64Url(entry),
      position,
      inclusion: this.#proofs.inclusion(log, position, size),
      status,
    };
  }

  #anchoredPart({ log, key }: Pick<Holder<B>, 'log' | 'key'>, checkpoint: string, size: number): AnchoredPart {
    const anchored = this.#needs.view.log(log.state.id)?.head;
    return {
      checkpoint,
      key: toBase64Url(key.publicKey),
      status: this.#proofs.statusEntry(log, size),
      // A chain that is ahead of this checkpoint has one of its own that is newer: the asker will see that.
      ...(anchored &&
        anchored.size <= size && {
          anchored: {
            size: anchored.size,
            root: toBase64(anchored.root),
            consistency: consistencyProof(anchored.size, size, log.reader(size)).map((hash) => toBase64(hash)),
          },
        }),
    };
  }
}

/** The last version under a checkpoint; what came after it is told when the next one covers it. */
function lastUnder(id: RecordId, record: StoredRecord, size: number): Found | undefined {
  // The status entry is at size − 1.
  const version = record.versions.findLastIndex(({ position }) => position < size - 1) + 1;
  const position = record.versions[version - 1]?.position;
  return position === undefined ? undefined : { id, record, version, position };
}

/** From which day on records of an item may be shown. */
function sinceWhen(items: Asked['items'], today: string): Map<string, string> {
  return new Map(items.map(({ item, months }) => [item, monthsBefore(today, months)]));
}

/** The day so many months before, or the last of its month. @param date YYYY-MM-DD */
function monthsBefore(date: string, months: number): string {
  const [year = 0, month = 0, day = 0] = date.split('-').map(Number);
  const first = new Date(Date.UTC(year, month - 1 - months, 1));
  const last = new Date(Date.UTC(first.getUTCFullYear(), first.getUTCMonth() + 1, 0)).getUTCDate();
  return new Date(Date.UTC(first.getUTCFullYear(), first.getUTCMonth(), Math.min(day, last)))
    .toISOString()
    .slice(0, 10);
}
