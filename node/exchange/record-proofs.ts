// Proofs of what is in a log: that an entry is under a checkpoint, and what its status was there.
import type { EntryProof } from '../core/bundle.ts';
import { fromUtf8, toBase64, toBase64Url } from '../core/bytes.ts';
import { XinlianError } from '../core/errors.ts';
import type { MemberId } from '../core/ids.ts';
import { inclusionProof } from '../core/merkle.ts';
import { keyId, parseNote } from '../core/note.ts';
import { proveStatus, STATUS_DEPTH } from '../core/status-tree.ts';
import type { AgencyLog } from './agency-log.ts';
import type { LogStore, WriteBatch } from './ports.ts';

/** The entry that holds the status root of a checkpoint, and its proof. Hashes are base64, the entry base64url. */
export interface StatusEntryProof {
  entry: string;
  inclusion: string[];
}

/** Status of a position: its value (RFC 8785; absent: live) and the way to the root. base64. */
export interface StatusProof {
  value?: string;
  bitmap: string;
  siblings: string[];
}

/** A log with whose it is. */
export interface ProvingLog<B extends WriteBatch> {
  member: MemberId;
  log: AgencyLog<B>;
  /** Checkpoint keys that the member has or had. */
  signers: () => readonly Uint8Array[];
}

export class RecordProofs<B extends WriteBatch> {
  readonly #logs: LogStore<B>;

  constructor(logs: LogStore<B>) {
    this.#logs = logs;
  }

  /**
   * The whole proof of an entry, which holds nothing that is not public: under the last checkpoint whose anchor is final, so
   * that its status is the newest that the chain bears out; under the last signed one where that does not cover it yet.
   * @throws NOT_FOUND; CONFLICT where no checkpoint covers it yet
   */
  async entry({ member, log, signers }: ProvingLog<B>, position: number): Promise<EntryProof> {
    const { number, id } = log.state;
    const bytes = this.#logs.entry(number, position);
    if (!bytes) throw new XinlianError('NOT_FOUND', { what: `entry of log ${id}`, id: String(position) });
    const last = await this.#logs.lastAnchorProof(number);
    // The last entry under a checkpoint is its status entry, which has no status of its own.
    const anchored = last && last.size - 1 > position ? last : undefined;
    const size = anchored?.size ?? log.shownSize;
    const checkpoint = this.#logs.checkpoint(number, size);
    if (size - 1 <= position || checkpoint === undefined) {
      throw new XinlianError('CONFLICT', {
        what: `entry ${position} of log ${id}`,
        wanted: 'a signed checkpoint over it',
        got: 'it is accepted, and signed next',
      });
    }
    const cosignatures = this.#logs.cosignatures(number, size);
    return {
      entry: toBase64Url(bytes),
      position,
      inclusion: this.inclusion(log, position, size),
      status: { ...(await this.status(log, position, size)), ...this.statusEntry(log, size) },
      checkpoint,
      signer: { key: toBase64Url(signerOf(checkpoint, signers())), member },
      ...(anchored && { anchor: anchored.proof }),
      ...(cosignatures !== undefined && { cosignatures }),
    };
  }

  /** That the entry at `position` is under the checkpoint of `size`: base64. */
  inclusion(log: AgencyLog<B>, position: number, size: number): string[] {
    return inclusionProof(position, size, log.reader(size)).map((hash) => toBase64(hash));
  }

  /** The status entry under the checkpoint of `size`: its last one. */
  statusEntry(log: AgencyLog<B>, size: number): StatusEntryProof {
    const at = size - 1;
    const entry = this.#logs.entry(log.state.number, at);
    if (!entry) {
      const what = `log ${log.state.id}`;
      throw new XinlianError('STORE_CORRUPT', { what, wanted: `an entry at ${at}`, got: 'none' });
    }
    return { entry: toBase64Url(entry), inclusion: this.inclusion(log, at, size) };
  }

  /** The status of `position` as the checkpoint of `size` covers it. */
  async status(log: AgencyLog<B>, position: number, size: number): Promise<StatusProof> {
    const at = size - 1;
    const siblings = await this.#siblings(log, position, at);
    const { bitmap, siblings: hashes } = proveStatus(position, (depth) => siblings.get(depth));
    const { number, statusChanged } = log.state;
    const value =
      statusChanged <= at ? this.#logs.status(number, position) : await this.#logs.statusAt(number, position, at);
    return {
      ...(value && { value: fromUtf8(value) }),
      bitmap: toBase64(bitmap),
      siblings: hashes.map((hash) => toBase64(hash)),
    };
  }

  /** Nodes beside the way to a position, by depth, as they were under the status entry at `at`. */
  async #siblings(log: AgencyLog<B>, position: number, at: number): Promise<Map<number, Uint8Array | undefined>> {
    const { number, statusChanged } = log.state;
    const siblings = new Map<number, Uint8Array | undefined>();
    // Nothing in this log ever had another status than live: the tree is empty.
    if (statusChanged < 0) return siblings;
    for (let depth = 1; depth <= STATUS_DEPTH; depth++) {
      const prefix = Math.floor(position / 2 ** (STATUS_DEPTH - depth));
      const sibling = prefix % 2 === 0 ? prefix + 1 : prefix - 1;
      // Where nothing has changed since, the tree of now is that tree, and costs no search.
      const hash =
        statusChanged <= at
          ? this.#logs.statusNode(number, depth, sibling)
          : await this.#logs.statusNodeAt(number, depth, sibling, at);
      siblings.set(depth, hash);
    }
    return siblings;
  }
}

/** The key of a checkpoint: one that was rotated since still verifies what it signed. */
function signerOf(checkpoint: string, keys: readonly Uint8Array[]): Uint8Array {
  const signed = parseNote(checkpoint).signatures[0];
  const key = signed && keys.find((publicKey) => keyId({ name: signed.name, publicKey }) === signed.keyId);
  if (!key)
    throw new XinlianError('KEY_UNAVAILABLE', {
      key: 'checkpoint key',
      reason: 'the checkpoint is of none that the member had',
    });
  return key;
}
