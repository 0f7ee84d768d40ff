// What a member publishes: records of items that the law publishes, in their period, that were not repaired, annulled or
// shielded. Judged on every read, so nothing has to run for a record to be gone.
import type { Bundle } from '../core/bundle.ts';
import { XinlianError } from '../core/errors.ts';
import { parseRecordId, type RecordId } from '../core/ids.ts';
import type { PublicPage, PublicRecord, PublicSearch } from '../core/messages/register.ts';
import { isUsable } from '../core/status-change.ts';
import { chinaDate } from '../policy/date.ts';
import type { Catalogue } from '../policy/pack.ts';
import type { CaseFiles, CaseMember } from './case-files.ts';
import { lookupKey, plainText } from './lookup.ts';
import type { Clock, RecordStore, WriteBatch } from './ports.ts';
import type { Reading, Records } from './records.ts';
import type { OpenRecord, SubjectRecords } from './subject-records.ts';

const PAGE_RECORDS = 50;
/** Where the class stands in a record's claims. */
const CLASS = 'class';

/** A hosted member, as far as it publishes. */
export interface PublishingMember<B extends WriteBatch> extends CaseMember<B> {
  reading: Reading<B>;
}

interface Dependencies<B extends WriteBatch> {
  store: RecordStore<B>;
  opened: SubjectRecords<B>;
  files: CaseFiles<B>;
  records: Records<B>;
  catalogue: Catalogue;
  clock: Clock;
}

export class PublicRegister<B extends WriteBatch> {
  readonly #needs: Dependencies<B>;

  constructor(dependencies: Dependencies<B>) {
    this.#needs = dependencies;
  }

  /** Throws `MALFORMED` where it is not asked for one thing. */
  async search(member: PublishingMember<B>, search: PublicSearch): Promise<PublicPage> {
    const page: PublicPage = { member: member.id, records: [] };
    let passed = search.after === undefined;
    for await (const id of this.#found(member, search)) {
      if (!passed) {
        passed = id === search.after;
        continue;
      }
      const record = await this.#published(member, id);
      if (!record || !isNamed(record, search, this.#needs.catalogue)) continue;
      if (page.records.length === PAGE_RECORDS) return { ...page, next: page.records.at(-1)?.record ?? id };
      page.records.push(record);
    }
    return page;
  }

  /** A published record with its proof. Throws `NOT_FOUND` for what is not published today, whatever the reason. */
  async record(member: PublishingMember<B>, id: string): Promise<{ record: PublicRecord; bundle: Bundle }> {
    const record = await this.#published(member, parseRecordId(id));
    if (!record) throw new XinlianError('NOT_FOUND', { what: 'published record', id });
    const bundle = await this.#needs.records.bundle(member.reading, { record: id, version: record.version });
    return { record, bundle };
  }

  #found(member: PublishingMember<B>, { code, name, number }: PublicSearch): AsyncIterable<RecordId> {
    const { store } = this.#needs;
    const { vault, log } = member;
    const asked = [code, name, number].filter((one) => one !== undefined);
    if (asked.length !== 1)
      throw new XinlianError('MALFORMED', {
        what: 'search',
        wanted: 'a code, a name or a number',
        got: `${asked.length} of them`,
      });
    if (code !== undefined) return store.bySubject(log.state.number, vault.subjectKey(code));
    const key = name === undefined ? lookupKey(vault, 'number', number ?? '') : lookupKey(vault, 'name', name);
    return store.byLookup(log.state.number, key);
  }

  async #published(member: PublishingMember<B>, id: RecordId): Promise<PublicRecord | undefined> {
    const { opened, catalogue, clock } = this.#needs;
    let open: OpenRecord;
    try {
      open = opened.open(member, id);
    } catch (error) {
      if (XinlianError.is(error, 'NOT_FOUND')) return undefined;
      throw error;
    }
    const { record, position, status, claims, subject } = open;
    const { item, edition, versions } = record;
    if (catalogue.item(item).class !== 'public' || claims.get(CLASS) !== 'public' || !isUsable(status))
      return undefined;
    const publicity = opened.publicity(member, open, chinaDate(clock.now()));
    // Nothing is published before it can be proved.
    if (!publicity.published || position >= member.log.shownSize) return undefined;
    const statement = await this.#statement(member, id);
    return {
      member: member.id,
      record: id,
      item,
      edition,
      version: versions.length,
      position,
      time: versions.at(-1)?.time ?? 0,
      subject,
      objected: status === 'objected',
      ...(statement !== undefined && { statement }),
      publicity,
      claims: Object.fromEntries(claims),
    };
  }

  /** The last words of a subject whose objection was rejected (征信业管理条例第二十五条). */
  async #statement(member: PublishingMember<B>, id: RecordId): Promise<string | undefined> {
    let statement: string | undefined;
    for await (const { steps } of this.#needs.files.ofRecord(member, id)) {
      const last = steps.at(-1)?.opening.act;
      if (last?.step === 'state') statement = last.text;
    }
    return statement;
  }
}

/** An index keeps what a record was called before it was corrected: only what it is called now counts. */
function isNamed({ item, claims }: PublicRecord, { name, number }: PublicSearch, catalogue: Catalogue): boolean {
  const { nameField, code } = catalogue.item(item);
  if (name !== undefined) return nameField !== undefined && plainText(claims[nameField]) === plainText(name);
  if (number !== undefined) return code !== undefined && plainText(claims[code]) === plainText(number);
  return true;
}
