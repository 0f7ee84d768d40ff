// What a node answers of its records: how far each version has come, and its proofs.
import type { Bundle, EntryProof } from '../core/bundle.ts';
import { fromBase64Url, toBase64 } from '../core/bytes.ts';
import { commitRecord, discloseRecord } from '../core/disclosure.ts';
import { decodeEntry, type Entry } from '../core/entry.ts';
import { XinlianError } from '../core/errors.ts';
import { parseRecordId } from '../core/ids.ts';
import type { BundleRequest, RecordRef, RecordState, RecordStatus, RecordVersion } from '../core/messages/record.ts';
import { isWithdrawn, statusOf } from '../core/status-change.ts';
import type { Catalogue } from '../policy/pack.ts';
import type { AgencyLog } from './agency-log.ts';
import type { ChainView, LogStore, RecordStore, StoredRecord, WriteBatch } from './ports.ts';
import { RecordProofs, type ProvingLog } from './record-proofs.ts';
import type { RecordVault } from './vault.ts';

/** A member, with what its records are read by. */
export interface Reading<B extends WriteBatch> extends ProvingLog<B> {
  vault: RecordVault;
  /** What its log waits for, in words. */
  waits(): string;
}

export class Records<B extends WriteBatch> {
  readonly #records: RecordStore<B>;
  readonly #view: ChainView;
  readonly #catalogue: Catalogue;
  readonly #proofs: RecordProofs<B>;

  constructor(dependencies: { records: RecordStore<B>; logs: LogStore<B>; view: ChainView; catalogue: Catalogue }) {
    this.#records = dependencies.records;
    this.#view = dependencies.view;
    this.#catalogue = dependencies.catalogue;
    this.#proofs = new RecordProofs(dependencies.logs);
  }

  /** Throws `NOT_FOUND`. */
  status(reading: Reading<B>, { record: id, version: only }: RecordRef): RecordStatus {
    const record = this.#record(reading, id);
    const { log } = reading;
    const versions = record.versions
      .map(({ position, time }, i): RecordVersion => ({
        version: i + 1,
        kind: i === 0 ? 'publish' : 'supersede',
        position,
        time,
        state: this.#state(log, position),
        status: statusOf(log.status(position)),
      }))
      .filter(({ version }) => only === undefined || version === only);
    const last = versions.at(-1);
    if (!last) throw new XinlianError('NOT_FOUND', { what: 'version of the record', id: `${id}/${only}` });
    const { signed } = log.state;
    const anchor = this.#view.log(log.state.id)?.head;
    const head = this.#view.head();
    return {
      record: id,
      item: record.item,
      edition: record.edition,
      class: this.#catalogue.item(record.item).class,
      log: log.state.id,
      state: last.state,
      why:
        last.state === 'final'
          ? 'It is final: nothing is awaited.'
          : `It is ${last.state} and waits for ${reading.waits()}.`,
      versions,
      ...(signed && signed.size > last.position && { checkpoint: { size: signed.size, root: toBase64(signed.root) } }),
      ...(anchor &&
        head &&
        anchor.size > last.position && {
          anchor: {
            size: anchor.size,
            block: anchor.block,
            transaction: anchor.transaction,
            confirmations: head.number - anchor.block + 1,
            final: this.#view.final() >= anchor.block,
          },
        }),
    };
  }

  /**
   * The proof bundle of a version, with the claims asked for: under the last checkpoint whose anchor is final, so that
   * its status is the newest that the chain bears out; pending where that does not cover it yet.
   * @throws NOT_FOUND; CONFLICT where no checkpoint covers it yet; RECORD_WITHDRAWN for the claims of what was repaired,
   *   annulled or shielded
   */
  async bundle(reading: Reading<B>, request: BundleRequest): Promise<Bundle> {
    return (await this.proof(reading, request)).bundle;
  }

  /** As `bundle`, with the lines of who cosigned its checkpoint. */
  async proof(
    reading: Reading<B>,
    { record: id, version, claims }: BundleRequest,
  ): Promise<{ bundle: Bundle; cosignatures: string | undefined }> {
    const record = this.#record(reading, id);
    const standing = statusOf(reading.log.status(record.versions.at(-1)?.position ?? 0));
    // That it was logged stays provable, to its agency and to auditors; what it says is shown no more, in any version.
    if (claims?.length !== 0 && isWithdrawn(standing))
      throw new XinlianError('RECORD_WITHDRAWN', { record: id, status: standing });
    const number = version ?? record.versions.length;
    const position = record.versions[number - 1]?.position;
    const sealed = this.#records.version(parseRecordId(id), number);
    if (position === undefined || !sealed)
      throw new XinlianError('NOT_FOUND', { what: 'version of the record', id: `${id}/${number}` });
    const { cosignatures, ...proof } = await this.entryProof(reading, position);
    const { key, claims: values } = reading.vault.open(sealed);
    const { item, edition } = recordEntry(fromBase64Url(proof.entry), reading.log.state.id);
    const names = this.#names({ item, edition }, id);
    const positions = this.#positions(names, claims);
    const bundle: Bundle = {
      type: 'xinlian/bundle/v1',
      payload: commitRecord({ item, edition, names, values, key }).payload,
      disclosures: discloseRecord({ names, values, key, positions }),
      ...proof,
    };
    return { bundle, cosignatures };
  }

  /** The proof of any entry: what it holds is public. @throws NOT_FOUND; CONFLICT where no checkpoint covers it yet */
  entryProof(log: ProvingLog<B>, position: number): Promise<EntryProof> {
    return this.#proofs.entry(log, position);
  }

  #record({ log }: Reading<B>, id: string): StoredRecord {
    const record = this.#records.record(parseRecordId(id));
    if (!record || record.log !== log.state.number) throw new XinlianError('NOT_FOUND', { what: 'record', id });
    return record;
  }

  #names({ item, edition }: { item: string; edition: string }, id: string): readonly string[] {
    const names = this.#catalogue.names(item, edition);
    if (!names) throw new XinlianError('NOT_FOUND', { what: `schema of record ${id}`, id: `${item}, ${edition}` });
    return names;
  }

  #positions(names: readonly string[], claims: readonly string[] | undefined): number[] {
    if (!claims) return names.map((_, i) => i);
    return [...new Set(claims)]
      .map((claim) => {
        const position = names.indexOf(claim);
        if (position < 0) throw new XinlianError('MALFORMED', { what: 'claims', wanted: names.join(', '), got: claim });
        return position;
      })
      .sort((a, b) => a - b);
  }

  #state(log: AgencyLog<B>, position: number): RecordState {
    const chain = this.#view.log(log.state.id);
    if (position < (chain?.final?.size ?? 0)) return 'final';
    if (position < (chain?.head?.size ?? 0)) return 'anchored';
    return position < (log.state.signed?.size ?? 0) ? 'logged' : 'accepted';
  }
}

function recordEntry(bytes: Uint8Array, log: string): Extract<Entry, { item: string }> {
  const entry = decodeEntry(bytes);
  if ('item' in entry) return entry;
  throw new XinlianError('STORE_CORRUPT', { what: `log ${log}`, wanted: 'the entry of a record', got: entry.kind });
}
