// Hands a member the openings of its own receipts, notes and records, for the auditor that is entitled to them.
import { fromUtf8 } from '../core/bytes.ts';
import { commitRecord } from '../core/disclosure.ts';
import { XinlianError } from '../core/errors.ts';
import { parseRecordId, type RecordId } from '../core/ids.ts';
import type {
  OpenedLine,
  OpenedRecord,
  OpeningsPage,
  OpeningsRequest,
  RecordOpeningsPage,
  RecordOpeningsRequest,
} from '../core/messages/opening.ts';
import { queryNote, receipt } from '../core/receipt.ts';
import type { Catalogue } from '../policy/pack.ts';
import type { Timeliness } from '../policy/timeliness.ts';
import type { AgencyLog } from './agency-log.ts';
import { openingPlace } from './openings.ts';
import type { AccessStore, RecordStore, SealedVersion, StoredRecord, WriteBatch } from './ports.ts';
import type { RecordVault } from './vault.ts';

const PAGE_OPENINGS = 200;
/** Records of other items, or of other logs, that a page passes over at most. */
const PAGE_PASSED = 20_000;

/** A hosted member, as far as its openings are handed out. */
export interface OpeningHolder<B extends WriteBatch> {
  log: AgencyLog<B>;
  vault: RecordVault;
}

interface Dependencies<B extends WriteBatch> {
  accesses: Pick<AccessStore<B>, 'openings'>;
  records: Pick<RecordStore<B>, 'records' | 'version'>;
  catalogue: Pick<Catalogue, 'names'>;
  timeliness: Pick<Timeliness, 'decidedIn'>;
}

export class OpeningExport<B extends WriteBatch> {
  readonly #needs: Dependencies<B>;

  constructor(dependencies: Dependencies<B>) {
    this.#needs = dependencies;
  }

  /** A page of those of accesses and queries, by position. */
  async page({ log, vault }: OpeningHolder<B>, { after = -1 }: OpeningsRequest): Promise<OpeningsPage> {
    const { number, id } = log.state;
    // What is under a checkpoint is in the store; what is logged meanwhile may or may not be on the page.
    const size = log.shownSize;
    const openings: OpenedLine[] = [];
    for await (const [position, sealed] of this.#needs.accesses.openings(number, after, PAGE_OPENINGS + 1)) {
      const last = openings.at(-1);
      if (last && openings.length === PAGE_OPENINGS) return { log: id, size, openings, next: last.position };
      openings.push({ position, opening: decode(vault.openNote(sealed, openingPlace(number, position))) });
    }
    return { log: id, size, openings };
  }

  /**
   * A page of records that publish an item with a deadline, by their ids: the payload, and the day of the decision. What was
   * erased is left out.
   */
  async records({ log, vault }: OpeningHolder<B>, { after }: RecordOpeningsRequest): Promise<RecordOpeningsPage> {
    const { number, id } = log.state;
    const size = log.shownSize;
    const openings: OpenedRecord[] = [];
    let passed = 0;
    let last: RecordId | undefined;
    const from = after === undefined ? undefined : parseRecordId(after);
    for await (const [record, stored] of this.#needs.records.records(from)) {
      if (last !== undefined && (openings.length === PAGE_OPENINGS || passed === PAGE_PASSED))
        return { log: id, size, openings, next: last };
      last = record;
      const opened = stored.log === number ? this.#open(vault, record, stored) : undefined;
      if (opened) openings.push(opened);
      else passed++;
    }
    return { log: id, size, openings };
  }

  /** Its first version: what came later corrects what was published. */
  #open(vault: RecordVault, id: RecordId, { item, edition, versions }: StoredRecord): OpenedRecord | undefined {
    const { records, catalogue, timeliness } = this.#needs;
    const decided = timeliness.decidedIn(item);
    const sealed = decided.length === 0 ? undefined : records.version(id, 1);
    const names = catalogue.names(item, edition);
    const [first] = versions;
    if (!sealed || !names || !first) return undefined;
    const opened = openUnlessErased(vault, sealed);
    if (!opened) return undefined;
    const { key, claims: values } = opened;
    const { payload, disclosures } = commitRecord({ item, edition, names, values, key });
    const shown = disclosures.filter((_, i) => decided.includes(names[i] ?? ''));
    return { position: first.position, opening: { payload, disclosures: shown } };
  }
}

/** @returns undefined where its epoch key was destroyed */
function openUnlessErased(vault: RecordVault, sealed: SealedVersion): ReturnType<RecordVault['open']> | undefined {
  try {
    return vault.open(sealed);
  } catch (error) {
    if (XinlianError.is(error, 'KEY_UNAVAILABLE')) return undefined;
    throw error;
  }
}

function decode(bytes: Uint8Array): OpenedLine['opening'] {
  const { type } = JSON.parse(fromUtf8(bytes)) as { type?: string };
  return type === 'xinlian/query-note/v1' ? queryNote.decode(bytes) : receipt.decode(bytes);
}
