// What can be done of a row before its place in the log is known: reading, judging, hashing and sealing it. It is most of
// the work of publishing, and needs nothing but the row and the vault's keys; so it can be done beside the log's thread.
import { toBase64Url } from '../core/bytes.ts';
import { commitRecord, type ClaimValue } from '../core/disclosure.ts';
import { XinlianError } from '../core/errors.ts';
import { parseRecordId, type RecordId } from '../core/ids.ts';
import type { RowOutcome } from '../core/messages/publish.ts';
import type { Catalogue, CatalogueItem } from '../policy/pack.ts';
import { createRowReader, type NormalRow, type RowReader } from '../policy/row.ts';
import { parseLines } from './chunk-lines.ts';
import { lookupKey } from './lookup.ts';
import type { SealedVersion } from './ports.ts';
import { RowReport } from './row-report.ts';
import type { RecordVault } from './vault.ts';

/** As many as 64 KiB can have; the answer to more would fill more than a frame. */
const MAX_CHUNK_ROWS = 1 << 15;

export interface PrepareRequest {
  /** USCC of the member whose rows they are: the records' `agency`. */
  agency: string;
  /** Catalogue code. */
  item: string;
  /** The date in China, YYYY-MM-DD. */
  today: string;
  /** Whether records are to be made; else the rows are only judged (a dry run). */
  seal: boolean;
  /** NDJSON, whole lines. */
  body: Uint8Array;
}

/** What the answer says of a row, beside its outcome. */
export type RowNotes = Pick<RowOutcome, 'faults' | 'warnings'>;

export type PreparedRow = { ok: false; notes: RowNotes } | { ok: true; notes: RowNotes; row: ReadyRow };

/** A row that may be published. */
export interface ReadyRow {
  /** The same for all versions: the business key (agency, item, document, subject), under the vault's own key. */
  id: RecordId;
  /** Keyed digest of all that the row says: tells a correction from a repetition. 32 bytes. */
  digest: Uint8Array;
  /** What its subject's records are found by; see `RecordVault.subjectKey`. */
  subject: Uint8Array;
  /** What else it is found by, where it is published: see `lookupKey`. */
  lookups: readonly Uint8Array[];
  /** Absent in a dry run. */
  made?: { commitment: Uint8Array; sealed: SealedVersion };
}

export class RowPreparer {
  readonly #catalogue: Catalogue;
  readonly #vault: RecordVault;
  readonly #readers = new Map<CatalogueItem, RowReader>();

  constructor(catalogue: Catalogue, vault: RecordVault) {
    this.#catalogue = catalogue;
    this.#vault = vault;
  }

  /** @returns one for each line that is not empty, in order. Throws `TOO_LARGE` for too many, `NOT_FOUND` the item. */
  prepare(request: PrepareRequest): PreparedRow[] {
    const item = this.#catalogue.item(request.item);
    const read = this.#reader(item);
    const rows = parseLines(request.body);
    if (rows.length > MAX_CHUNK_ROWS) {
      throw new XinlianError('TOO_LARGE', { what: 'rows of a chunk', limit: MAX_CHUNK_ROWS, got: rows.length });
    }
    const report = new RowReport();
    return rows.map((value): PreparedRow => {
      if (typeof value !== 'object' || value === null || Array.isArray(value)) {
        const fault = { code: 'json', wanted: 'a JSON object, one a line', got: kindOf(value) };
        return { ok: false, notes: report.tell([fault], []) };
      }
      const result = read(value as Record<string, unknown>, request.today);
      if (!result.ok) return { ok: false, notes: report.tell(result.faults, result.warnings) };
      return { ok: true, notes: report.tell([], result.row.warnings), row: this.#make(request, item, result.row) };
    });
  }

  #make({ agency, seal }: PrepareRequest, catalogued: CatalogueItem, row: NormalRow): ReadyRow {
    const { item, edition, claims: names } = catalogued;
    const vault = this.#vault;
    const { document, subject } = row;
    const id = vault.digest('record-id', JSON.stringify([agency, item, document, subject])).subarray(0, 16);
    // So that none begins with a hyphen, which a command takes for an option and a spreadsheet for a formula.
    id[0] = (id[0] ?? 0) & 0x7f;
    const values: ClaimValue[] = [agency, ...row.claims];
    // The texts are what is sealed, and what tells a correction from a repetition.
    const claims = JSON.stringify(values);
    const personal = Object.keys(row.personal).length > 0 ? JSON.stringify(row.personal) : '';
    const ready = {
      id: parseRecordId(toBase64Url(id)),
      digest: vault.digest('row', `${claims}\0${personal}`),
      subject: vault.subjectKey(subject),
      lookups: this.#lookups(catalogued, values),
    };
    if (!seal) return ready;
    const key = vault.newRecordKey();
    const { commitment } = commitRecord({ item, edition, names, values, key });
    return { ...ready, made: { commitment, sealed: vault.seal(key, claims, personal) } };
  }

  #lookups({ class: disclosure, claims, nameField, code }: CatalogueItem, values: readonly ClaimValue[]): Uint8Array[] {
    if (disclosure !== 'public') return [];
    const key = (kind: 'name' | 'number', field: string | undefined): Uint8Array[] => {
      const value = field === undefined ? undefined : values[claims.indexOf(field)];
      return typeof value === 'string' ? [lookupKey(this.#vault, kind, value)] : [];
    };
    return [...key('name', nameField), ...key('number', code)];
  }

  #reader(item: CatalogueItem): RowReader {
    let reader = this.#readers.get(item);
    if (!reader) this.#readers.set(item, (reader = createRowReader(item)));
    return reader;
  }
}

function kindOf(value: unknown): string {
  if (value === undefined) return 'a line that is no JSON in UTF-8';
  return Array.isArray(value) ? 'a list' : value === null ? 'null' : `a ${typeof value}`;
}
