// The attachments of hosted members: taken in chunk by chunk, kept sealed, and shown to whoever may read the record that
// names them.
import {
  CHUNK_BYTES,
  chunkCount,
  chunkLength,
  openChunk,
  OFFER_SECONDS,
  parseAttachment,
  parseLeaves,
  sealChunk,
  TAG_BYTES,
  verifyChunk,
  type AttachmentOffer,
  type WantedAttachment,
} from '../core/attachment.ts';
import type { RecordPart } from '../core/answer-parts.ts';
import { fromBase64Url, fromUtf8, toBase64Url, utf8 } from '../core/bytes.ts';
import { openDisclosures, parsePayload } from '../core/disclosure.ts';
import { XinlianError } from '../core/errors.ts';
import type { MemberId } from '../core/ids.ts';
import type { AttachmentChunk, AttachmentState, OpenAttachment } from '../core/messages/attachment.ts';
import { queryCodec, type Query } from '../core/query.ts';
import type { Catalogue } from '../policy/pack.ts';
import type { GroupCommit } from './group-commit.ts';
import type { AttachmentBytes, AttachmentStore, Clock, StoredAttachment, WriteBatch } from './ports.ts';
import type { RecordVault } from './vault.ts';

/** What the sealed query in a handle is bound to. */
const HANDLE_PLACE = 'attachment';
const STRIDE = CHUNK_BYTES + TAG_BYTES;

type Batch = WriteBatch & { readonly length: number };

/** A hosted member, as far as it keeps attachments. */
export interface Keeper {
  id: MemberId;
  vault: RecordVault;
}

interface Dependencies<B extends Batch> {
  store: AttachmentStore<B>;
  files: AttachmentBytes;
  commits: GroupCommit<B>;
  catalogue: Catalogue;
  clock: Clock;
}

export class Attachments<B extends Batch> {
  readonly #needs: Dependencies<B>;
  /** The last write of each attachment: they are written one after the other. */
  readonly #writing = new Map<string, Promise<unknown>>();

  constructor(dependencies: Dependencies<B>) {
    this.#needs = dependencies;
  }

  /** Begins an attachment, or tells how far it came. Throws `MALFORMED` for leaf hashes that do not give its root. */
  async open(keeper: Keeper, { attachment, leaves }: OpenAttachment): Promise<AttachmentState> {
    const { store, files, commits } = this.#needs;
    const bytes = parseLeaves(parseAttachment(attachment), leaves);
    return this.#inTurn(keeper, attachment, async () => {
      const known = store.attachment(keeper.id, attachment);
      if (known) return stateOf(attachment, known);
      const begun = { file: await files.create(), key: keeper.vault.wrap(keeper.vault.newRecordKey()), received: 0 };
      await commits.run((batch) => {
        store.putAttachment(batch, keeper.id, attachment, begun);
        store.putLeaves(batch, keeper.id, attachment, bytes);
      });
      return stateOf(attachment, begun);
    });
  }

  /**
   * Takes a chunk; one that is here already changes nothing.
   * @returns when it is durable
   * @throws NOT_FOUND where it was not opened; PROOF_INVALID for other bytes; CONFLICT where one before it is missing
   */
  chunk(keeper: Keeper, { attachment, index }: AttachmentChunk, body: Uint8Array): Promise<AttachmentState> {
    const { store, files, commits } = this.#needs;
    const { id, vault } = keeper;
    return this.#inTurn(keeper, attachment, async () => {
      const { known, leaves } = this.#known(id, attachment);
      verifyChunk(parseAttachment(attachment), leaves, index, body);
      if (index < known.received) return stateOf(attachment, known);
      if (index > known.received) {
        const what = `attachment ${attachment}`;
        throw new XinlianError('CONFLICT', { what, wanted: `chunk ${known.received}`, got: `chunk ${index}` });
      }
      await files.write(known.file, index * STRIDE, await sealChunk(vault.unwrap(known.key), index, body));
      const next = { ...known, received: index + 1 };
      await commits.run((batch) => store.putAttachment(batch, id, attachment, next));
      return stateOf(attachment, next);
    });
  }

  /**
   * What a query for an attachment is answered with.
   * @param record the one that it names, as it is shown
   * @returns undefined where the record does not name it, or it is not whole here
   */
  offer(
    { id, vault }: Keeper,
    query: Query,
    wanted: WantedAttachment,
    record: RecordPart,
  ): AttachmentOffer | undefined {
    const { store, catalogue, clock } = this.#needs;
    const { attachment } = wanted;
    const { item, edition } = parsePayload(record.payload);
    const opened = openDisclosures({ ...record, names: catalogue.names(item, edition) ?? [] });
    const isNamed = [...opened.values()].some(
      ({ value }) => typeof value === 'string' && value.split(' ').includes(attachment),
    );
    const known = store.attachment(id, attachment);
    if (!isNamed || !known || known.received < chunkCount(parseAttachment(attachment).size)) return undefined;
    const until = Math.floor(clock.now() / 1000) + OFFER_SECONDS;
    const handle = toBase64Url(vault.sealNote(utf8(JSON.stringify([until, query])), HANDLE_PLACE));
    const leaves = toBase64Url(store.leaves(id, attachment) ?? new Uint8Array());
    return { attachment, leaves, handle, secret: toBase64Url(vault.noteSecret(handle)), until };
  }

  /**
   * A chunk for the holder of a handle, sealed to the secret of its offer.
   * @param mayRead judges the query that the offer answered, as it stands now; throws where it would be refused
   * @throws MALFORMED for a handle that is none of this member; UNAUTHENTICATED for one that has run out
   */
  async read(
    { id, vault }: Keeper,
    { handle, index }: { handle: string; index: number },
    mayRead: (query: Query) => Promise<void>,
  ): Promise<Uint8Array> {
    const { until, query } = readHandle(vault, handle);
    if (until <= this.#needs.clock.now() / 1000)
      throw new XinlianError('UNAUTHENTICATED', { reason: `the offer of the attachment ended at ${until}` });
    const { attachment } = query.attachment ?? { attachment: '' };
    const { known } = this.#known(id, attachment);
    const { size } = parseAttachment(attachment);
    const length = chunkLength(size, index);
    await mayRead(query);
    const sealed = await this.#needs.files.read(known.file, index * STRIDE, length + TAG_BYTES);
    const chunk = await openChunk(vault.unwrap(known.key), index, sealed);
    return sealChunk(vault.noteSecret(handle), index, chunk);
  }

  #known(member: MemberId, attachment: string): { known: StoredAttachment; leaves: Uint8Array } {
    const known = this.#needs.store.attachment(member, attachment);
    const leaves = known && this.#needs.store.leaves(member, attachment);
    if (!known || !leaves) throw new XinlianError('NOT_FOUND', { what: 'attachment', id: attachment });
    return { known, leaves };
  }

  async #inTurn<T>({ id }: Keeper, attachment: string, work: () => Promise<T>): Promise<T> {
    const place = `${id}/${attachment}`;
    const before = this.#writing.get(place);
    const turn = (async () => {
      // What became of the one before is told to who sent it.
      await Promise.allSettled([before]);
      return work();
    })();
    this.#writing.set(place, turn);
    try {
      return await turn;
    } finally {
      if (this.#writing.get(place) === turn) this.#writing.delete(place);
    }
  }
}

function stateOf(attachment: string, { received }: StoredAttachment): AttachmentState {
  return { attachment, chunks: chunkCount(parseAttachment(attachment).size), received };
}

function readHandle(vault: RecordVault, handle: string): { until: number; query: Query } {
  let note: Uint8Array;
  try {
    note = vault.openNote(fromBase64Url(handle), HANDLE_PLACE);
  } catch (cause) {
    if (!XinlianError.is(cause)) throw cause;
    throw new XinlianError(
      'MALFORMED',
      { what: 'handle', wanted: 'one that this provider gave', got: 'another' },
      { cause },
    );
  }
  // Sealed here, so written here.
  const [until, query] = JSON.parse(fromUtf8(note)) as [number, unknown];
  return { until, query: queryCodec.check(query) };
}
