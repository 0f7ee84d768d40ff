// Records of a subject at a member, opened: as they stand today, by the rules of today.
import { XinlianError } from '../core/errors.ts';
import type { ClaimValue } from '../core/disclosure.ts';
import type { MemberId, RecordId } from '../core/ids.ts';
import type { OwnRecord, OwnRecordPage } from '../core/messages/case.ts';
import { statusOf, type Status } from '../core/status-change.ts';
import { chinaDate } from '../policy/date.ts';
import type { Catalogue } from '../policy/pack.ts';
import { publicityOf, type Publicity } from '../policy/publicity.ts';
import type { Policies } from '../policy/rules.ts';
import type { AgencyLog } from './agency-log.ts';
import type { Clock, RecordStore, StoredRecord, WriteBatch } from './ports.ts';
import type { RecordVault } from './vault.ts';

const PAGE_RECORDS = 100;
/** Where the subject stands in a record's claims. */
const SUBJECT_CLAIM = 1;

/** A hosted member, as far as its records are read. */
export interface RecordHolder<B extends WriteBatch> {
  id: MemberId;
  /** GB/T 2260 code: whose rules hold. */
  region: string;
  log: AgencyLog<B>;
  vault: RecordVault;
}

/** The last version of a record. */
export interface OpenRecord {
  id: RecordId;
  record: StoredRecord;
  position: number;
  status: Status;
  claims: Map<string, ClaimValue>;
  /** USCC */
  subject: string;
}

interface Dependencies<B extends WriteBatch> {
  records: RecordStore<B>;
  policies: Policies;
  catalogue: Catalogue;
  clock: Clock;
}

export class SubjectRecords<B extends WriteBatch> {
  readonly #needs: Dependencies<B>;

  constructor(dependencies: Dependencies<B>) {
    this.#needs = dependencies;
  }

  /** Throws `NOT_FOUND` for one that is not of this member. */
  open({ log, vault }: RecordHolder<B>, id: RecordId): OpenRecord {
    const { records, catalogue } = this.#needs;
    const record = records.record(id);
    const version = record?.versions.length ?? 0;
    const position = record?.versions.at(-1)?.position;
    const sealed = records.version(id, version);
    if (!record || position === undefined || !sealed || record.log !== log.state.number)
      throw new XinlianError('NOT_FOUND', { what: 'record', id });
    const names = catalogue.names(record.item, record.edition);
    if (!names)
      throw new XinlianError('NOT_FOUND', { what: `schema of record ${id}`, id: `${record.item}, ${record.edition}` });
    const values = vault.open(sealed).claims;
    const claims = new Map(names.map((name, i) => [name, values[i] ?? null]));
    return {
      id,
      record,
      position,
      status: statusOf(log.status(position)),
      claims,
      subject: String(values[SUBJECT_CLAIM]),
    };
  }

  publicity({ region }: RecordHolder<B>, { record, claims }: OpenRecord, today: string): Publicity {
    return publicityOf(this.#needs.policies.get('publicity', region, today), { item: record.item, claims }, today);
  }

  /** What the member holds of a subject, in full: for that subject alone. */
  async page(member: RecordHolder<B>, uscc: string, after: string | undefined): Promise<OwnRecordPage> {
    const page: OwnRecordPage = { member: member.id, records: [] };
    let begun = after === undefined;
    for await (const id of this.#needs.records.bySubject(member.log.state.number, member.vault.subjectKey(uscc))) {
      if (!begun) {
        begun = id === after;
        continue;
      }
      if (page.records.length === PAGE_RECORDS) return { ...page, next: page.records.at(-1)?.record ?? '' };
      page.records.push(this.#ownRecord(member, this.open(member, id)));
    }
    return page;
  }

  #ownRecord(member: RecordHolder<B>, concerned: OpenRecord): OwnRecord {
    const { id, record, position, status, claims } = concerned;
    const { item, edition, versions } = record;
    return {
      record: id,
      item,
      edition,
      class: this.#needs.catalogue.item(item).class,
      version: versions.length,
      position,
      status,
      publicity: this.publicity(member, concerned, chinaDate(this.#needs.clock.now())),
      claims: Object.fromEntries(claims),
    };
  }
}
