// Signs checkpoints of a log, anchors them, and keeps the proof of each anchor that became final. Off the hot path:
// publishing goes on when the chain is down, and this catches up.
import { equalBytes } from '../core/bytes.ts';
import { checkpointOrigin, encodeCheckpoint, type LogOrigin } from '../core/checkpoint.ts';
import { currentKey } from '../core/consortium.ts';
import { XinlianError } from '../core/errors.ts';
import { consistencyProof, rootHash, verifyConsistency } from '../core/merkle.ts';
import { keyId, parseNote, signNote } from '../core/note.ts';
import type { AgencyLog } from './agency-log.ts';
import type { GroupCommit } from './group-commit.ts';
import type { AnchorProver, ChainView, ChainWriter, Clock, Log, LogStore, WriteBatch } from './ports.ts';

export interface CheckpointerOptions {
  origin: Omit<LogOrigin, 'log'>;
  /** Milliseconds between two signed checkpoints, at least. */
  signMs: number;
  /** Milliseconds between two anchors, at least. */
  anchorMs: number;
}

export interface CheckpointKey {
  readonly publicKey: Uint8Array;
  sign(message: Uint8Array): Uint8Array | Promise<Uint8Array>;
}

/** Blocks that an anchor may be ahead of the view: what an engine says beyond that keeps nothing waiting. */
const MOST_AHEAD = 64;

type Batch = WriteBatch & { readonly length: number };

interface Dependencies<B extends Batch> {
  log: AgencyLog<B>;
  store: LogStore<B>;
  commits: GroupCommit<B>;
  key: CheckpointKey;
  view: ChainView;
  writer: ChainWriter;
  prover: AnchorProver;
  /** Has others cosign what is anchored; absent: nobody is asked. */
  cosigning?: { collect(log: AgencyLog<B>, signal: AbortSignal): Promise<void> } | undefined;
  clock: Clock;
  logger: Log;
}

type Work = 'signing' | 'anchoring' | 'cosigning' | 'keeping an anchor proof';

export class Checkpointer<B extends Batch = Batch> {
  readonly #options: CheckpointerOptions;
  readonly #needs: Dependencies<B>;
  readonly #origin: string;
  readonly #abort = new AbortController();
  #timer: NodeJS.Timeout | undefined;
  #signing: Promise<void> | undefined;
  readonly #working = new Map<Work, Promise<void>>();
  #anchorDue = 0;
  /** Block of the last anchor that was sent: the view does not know of it before that. */
  #sentBlock = 0;
  /** What fails, in words. */
  readonly #troubles = new Map<Work, string>();
  /** Keys that are on their way to the chain in place of the one here. */
  readonly #held = new Set<Uint8Array>();
  #toldReplaced = false;
  /** Whether the last checkpoint is known to be signed with the key here, or to be anchored in the tenure of another. */
  #signerKnown = false;
  /** Set for good where this log must not go on. */
  #halted: XinlianError | undefined;

  constructor(options: CheckpointerOptions, dependencies: Dependencies<B>) {
    this.#options = options;
    this.#needs = dependencies;
    this.#origin = checkpointOrigin({ ...options.origin, log: dependencies.log.state.id });
  }

  start(): void {
    this.#timer ??= setInterval(() => this.#step(), this.#options.signMs);
  }

  /** Ends for good: waits for a signature under way, gives up what waits for the chain. */
  async stop(): Promise<void> {
    clearInterval(this.#timer);
    this.#abort.abort(new XinlianError('CLOSED', { what: 'checkpointer' }));
    await Promise.all(this.#working.values());
  }

  /** Whether this log must not go on: it is not the one that the chain has. */
  get halted(): boolean {
    return this.#halted !== undefined;
  }

  /** What the next step waits for; empty when everything is final. */
  waits(): string {
    const { log, view } = this.#needs;
    if (this.#halted) return this.#halted.message;
    const chain = view.log(log.state.id);
    const { size } = log;
    if (size === 0 || (chain?.final?.size ?? 0) >= size) return '';
    if (!this.#keyStands()) return 'a restart with the checkpoint key that the chain names';
    const [trouble] = this.#troubles.values();
    if (trouble !== undefined) return trouble;
    if (size > (log.state.signed?.size ?? 0)) return 'the next checkpoint';
    if (!chain) return 'the chain to know this log';
    if (size > (chain.head?.size ?? 0)) return 'the next anchor';
    return 'the anchoring block to become final';
  }

  /**
   * Another checkpoint key is about to replace the one here: nothing more is signed or anchored with that, since what a key
   * signed counts as long as it was anchored in its tenure.
   * @returns for when it does not come to it
   */
  hold(key: Uint8Array): () => void {
    if (!equalBytes(key, this.#needs.key.publicKey)) this.#held.add(key);
    return () => void this.#held.delete(key);
  }

  /**
   * Signs a checkpoint over everything taken in so far; none where nothing is new.
   * @throws STORE_CORRUPT where that does not extend what was signed or anchored: then nothing is signed ever again
   */
  sign(): Promise<void> {
    return (this.#signing ??= this.#sign().finally(() => (this.#signing = undefined)));
  }

  async #sign(): Promise<void> {
    const { log, commits, clock, key, view } = this.#needs;
    if (this.#halted) throw this.#halted;
    if (!this.#keyStands()) return this.#tellReplaced();
    const head = view.log(log.state.id)?.head;
    if (!log.unsigned && this.#isOwn(head?.size ?? 0)) return;
    if (head) this.#assertOurs(head.size, head.root);
    const { size, root } = await commits.run((batch) => {
      log.appendStatus(batch, Math.floor(clock.now() / 1000));
      return { size: log.size, root: log.root() };
    });
    this.#assertExtends(size, root);
    const text = encodeCheckpoint({ origin: this.#origin, size, root });
    const note = await signNote(text, {
      name: this.#origin,
      publicKey: key.publicKey,
      sign: (message) => key.sign(message),
    });
    await commits.run((batch) => log.setSigned(batch, { size, root }, note));
    this.#signerKnown = true;
  }

  /** Sends the last signed checkpoint to the chain, where that has not got it. */
  async anchor(): Promise<void> {
    const { log, view, writer, logger } = this.#needs;
    const { id, signed } = log.state;
    const chain = view.log(id);
    if (!chain || !signed || !this.#keyStands()) return;
    const anchored = chain.head?.size ?? 0;
    // Signed again first, with the key that has its tenure now.
    if (!this.#isOwn(anchored)) return;
    if (chain.head) this.#assertOurs(chain.head.size, chain.head.root);
    if (signed.size <= anchored || (view.head()?.number ?? 0) < this.#sentBlock) return;
    const proof = anchored === 0 ? [] : consistencyProof(anchored, signed.size, log.reader(signed.size));
    const { transaction, block } = await writer.anchor(
      { log: id, size: signed.size, root: signed.root, proof },
      this.#abort.signal,
    );
    this.#sentBlock = Math.min(block, (view.head()?.number ?? 0) + MOST_AHEAD);
    logger.debug({ log: id, size: signed.size, transaction, block }, 'anchored');
  }

  /** Asks the witnesses for the last signed checkpoint: the one that goes to the chain at the same time. */
  async cosign(): Promise<void> {
    const { cosigning, log } = this.#needs;
    await cosigning?.collect(log, this.#abort.signal);
  }

  /** Keeps the proof of the last final anchor. */
  async capture(): Promise<void> {
    const { log, store, commits, view, prover } = this.#needs;
    const { id, number } = log.state;
    const final = view.log(id)?.final;
    if (!final || final.size > log.size || store.checkpoint(number, final.size) === undefined) return;
    if (((await store.lastAnchorProof(number))?.size ?? 0) >= final.size) return;
    const proof = await prover.capture(id, final, this.#abort.signal);
    await commits.run((batch) => store.putAnchorProof(batch, number, final.size, proof));
  }

  /** Each kind of work runs beside the others: what waits for a chain that is down must not keep the log from signing. */
  #step(): void {
    this.#begin('signing', () => this.sign());
    this.#begin('keeping an anchor proof', () => this.capture());
    if (this.#needs.clock.now() < this.#anchorDue) return;
    this.#anchorDue = this.#needs.clock.now() + this.#options.anchorMs;
    this.#begin('anchoring', () => this.anchor());
    this.#begin('cosigning', () => this.cosign());
  }

  #begin(what: Work, work: () => Promise<void>): void {
    if (this.#working.has(what)) return;
    this.#working.set(
      what,
      this.#attempt(what, work).finally(() => this.#working.delete(what)),
    );
  }

  async #attempt(what: Work, work: () => Promise<void>): Promise<void> {
    if (this.#halted || this.#abort.signal.aborted) return;
    try {
      await work();
      this.#troubles.delete(what);
    } catch (error) {
      if (this.#abort.signal.aborted) return;
      this.#troubles.set(what, `${what}: ${error instanceof Error ? error.message : String(error)}`);
      this.#needs.logger.warn({ log: this.#needs.log.state.id, err: error }, `${what} failed; tried again`);
    }
  }

  /** Whether the chain names the key here, as far as it says anything of this member. */
  #keyStands(): boolean {
    if (this.#held.size > 0) return false;
    const { log, view, key } = this.#needs;
    const member = view.member(log.state.owner);
    const named = member && currentKey(member, 'checkpoint');
    return named === undefined || equalBytes(named, key.publicKey);
  }

  #tellReplaced(): void {
    const { log, logger } = this.#needs;
    if (this.#toldReplaced) return;
    this.#toldReplaced = true;
    logger.warn({ log: log.state.id }, 'the chain names another checkpoint key; nothing is signed with the one here');
  }

  /** Whether the last signed checkpoint can be anchored as it is: false where a key that was replaced since signed it. */
  #isOwn(anchored: number): boolean {
    if (this.#signerKnown) return true;
    const { log, store, key } = this.#needs;
    const { signed, number } = log.state;
    const note = signed && signed.size > anchored ? store.checkpoint(number, signed.size) : undefined;
    const own = keyId({ name: this.#origin, publicKey: key.publicKey });
    this.#signerKnown = note === undefined || parseNote(note).signatures.some((signature) => signature.keyId === own);
    return this.#signerKnown;
  }

  /** A node never signs a checkpoint that does not extend its last signed one. */
  #assertExtends(size: number, root: Uint8Array): void {
    const { log } = this.#needs;
    const last = log.state.signed;
    if (!last) return;
    const proof = consistencyProof(last.size, size, log.reader(size));
    try {
      verifyConsistency({ sizeA: last.size, rootA: last.root, sizeB: size, rootB: root, proof });
    } catch (error) {
      throw this.#halt(error);
    }
  }

  /** The chain's head must be a prefix of what is here: else this log was lost, and must be closed on the chain. */
  #assertOurs(size: number, root: Uint8Array): void {
    const { log } = this.#needs;
    if (size <= log.size && equalBytes(rootHash(size, log.reader(size)), root)) return;
    throw this.#halt(undefined);
  }

  #halt(cause: unknown): XinlianError {
    const { log, logger } = this.#needs;
    const wanted = 'entries that extend the last checkpoint';
    const got = 'others: was an old backup restored? Close this log on the chain and go on with its successor';
    this.#halted = new XinlianError('STORE_CORRUPT', { what: `log ${log.state.id}`, wanted, got }, { cause });
    logger.error({ log: log.state.id, err: this.#halted }, 'this log is lost; nothing more is signed');
    return this.#halted;
  }
}
