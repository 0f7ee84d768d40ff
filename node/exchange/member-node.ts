// One hosted member: its log, vault, keys and checkpoints, apart from those of every other member of the node.
import { toHex, utf8, type Hex } from '../core/bytes.ts';
import { currentKey } from '../core/consortium.ts';
import { XinlianError } from '../core/errors.ts';
import { witnessName } from '../core/cosignature.ts';
import type { LogId, MemberId } from '../core/ids.ts';
import type { Agreement } from '../core/jwe.ts';
import type { Keeper } from './attachments.ts';
import { AgencyLog } from './agency-log.ts';
import { Checkpointer, type CheckpointerOptions, type CheckpointKey } from './checkpointer.ts';
import type { Cosigning } from './cosigning.ts';
import type { GroupCommit } from './group-commit.ts';
import type {
  AnchorProver,
  ChainView,
  ChainWriter,
  Clock,
  GrantStopper,
  GrantWriter,
  Log,
  LogStore,
  StoredLog,
  WriteBatch,
} from './ports.ts';
import type { CaseMember } from './case-files.ts';
import { GrantDesk } from './grant-desk.ts';
import type { IdentifyingMember } from './identity-desk.ts';
import type { JobMember } from './jobs.ts';
import type { AskingMember } from './journal.ts';
import type { ProvidingMember } from './provider.ts';
import type { ServingMember } from './subject-desk.ts';
import type { PublishingMember } from './public-register.ts';
import type { Reading } from './records.ts';
import type { Publishing } from './submissions.ts';
import type { Home } from './sessions.ts';
import type { RecordVault } from './vault.ts';
import type { WitnessingMember } from './witness.ts';

/** A log's scope: ASCII, padded with zeros to 32 bytes. One log per member and scope is open. */
export function scopeOf(name: string): Hex {
  const bytes = new Uint8Array(32);
  bytes.set(utf8(name));
  return toHex(bytes);
}

/** The scope of a member that keeps one log for all its items. */
const MAIN_SCOPE = scopeOf('main');

type Batch = WriteBatch & { readonly length: number };

export interface HostedKeys {
  checkpoint: CheckpointKey;
  sealing: Agreement;
}

interface Dependencies<B extends Batch> {
  store: LogStore<B>;
  commits: GroupCommit<B>;
  keys: HostedKeys;
  vault: RecordVault;
  view: ChainView;
  writer: ChainWriter & GrantWriter & GrantStopper;
  prover: AnchorProver;
  cosigning?: Cosigning<B>;
  clock: Clock;
  logger: Log;
}

export class MemberNode<B extends Batch = Batch> {
  readonly id: MemberId;
  readonly #options: CheckpointerOptions;
  readonly #needs: Dependencies<B>;
  /** Brings grants to the chain, under this member's account. */
  readonly grants: GrantDesk;
  #open: { log: AgencyLog<B>; checkpointer: Checkpointer<B> } | undefined;
  #waits = 'the chain, to open its log';
  /** Whose entries are not here. */
  #missing: LogId | undefined;

  constructor(id: MemberId, options: CheckpointerOptions, dependencies: Dependencies<B>) {
    this.id = id;
    this.#options = options;
    this.#needs = dependencies;
    this.grants = new GrantDesk(dependencies.writer);
  }

  /** Goes on with the log that is in the store. @returns whether there is one */
  async resume(stored: readonly StoredLog[]): Promise<boolean> {
    const state = stored.find(({ owner, scope }) => owner === this.id && scope === MAIN_SCOPE);
    if (!state) return false;
    this.#begin(await AgencyLog.load(this.#needs.store, state));
    return true;
  }

  /**
   * Opens the member's log on the chain, which must be followed to its head, and begins it here.
   * @param number free number in this database
   * @throws STORE_CORRUPT where the chain knows a log with entries that are not here: it was lost, and must be replaced
   */
  async openLog(number: number, signal: AbortSignal): Promise<void> {
    const { view, writer, store, commits } = this.#needs;
    if (this.#open) return;
    if (!view.isEntitledNow(this.id))
      throw new XinlianError('MEMBER_NOT_ENTITLED', {
        member: this.id,
        wanted: 'an active member',
        got: view.member(this.id)?.status ?? 'none',
      });
    const known = view.openLog(this.id, MAIN_SCOPE);
    if (known?.head) {
      const got = 'none: was the data folder lost? Replace the log on the chain';
      this.#waits = `entries of log ${known.id}, which are not here`;
      this.#missing = known.id;
      throw new XinlianError('STORE_CORRUPT', { what: `log ${known.id}`, wanted: `${known.head.size} entries`, got });
    }
    const id = known?.id ?? (await writer.registerLog(MAIN_SCOPE, signal)).log;
    const log = AgencyLog.create(store, { number, id, owner: this.id, scope: MAIN_SCOPE });
    await commits.run((batch) => log.save(batch));
    this.#missing = undefined;
    this.#begin(log);
  }

  /** The log on the chain that cannot go on from what is here: its entries are missing, or others. */
  get lost(): LogId | undefined {
    return this.#open?.checkpointer.halted === true ? this.#open.log.state.id : this.#missing;
  }

  get opened(): boolean {
    return this.#open !== undefined;
  }

  /** Throws `OVERLOADED` while the log is not open. */
  get log(): AgencyLog<B> {
    if (!this.#open)
      throw new XinlianError('OVERLOADED', {
        what: `member ${this.id} waits for ${this.#waits}`,
        retryAfterSeconds: 5,
      });
    return this.#open.log;
  }

  /** Under this member's account. */
  get writer(): ChainWriter & GrantWriter {
    return this.#needs.writer;
  }

  get vault(): RecordVault {
    return this.#needs.vault;
  }

  waits(): string {
    return this.#open?.checkpointer.waits() ?? this.#waits;
  }

  publishing(): Publishing<B> {
    const member = this.#needs.view.member(this.id);
    if (!member) throw new XinlianError('MEMBER_UNKNOWN', { member: this.id });
    return { agency: member.uscc, log: this.log, vault: this.vault };
  }

  reading(): Reading<B> {
    const { view, keys } = this.#needs;
    const past = view.member(this.id)?.keys.checkpoint.map(({ key }) => key) ?? [];
    return {
      member: this.id,
      log: this.log,
      vault: this.vault,
      signers: () => [...past, keys.checkpoint.publicKey],
      waits: () => this.waits(),
    };
  }

  identifying(): IdentifyingMember<B> {
    return { id: this.id, log: this.log, key: this.#needs.keys.checkpoint, vault: this.vault };
  }

  /** As what decides objections and repairs has it. */
  deciding(): CaseMember<B> {
    const { keys, vault, view } = this.#needs;
    const member = view.member(this.id);
    if (!member) throw new XinlianError('MEMBER_UNKNOWN', { member: this.id });
    return { id: this.id, region: member.region, log: this.log, vault, key: keys.checkpoint };
  }

  /** As the public register has it. */
  published(): PublishingMember<B> {
    return { ...this.deciding(), reading: this.reading() };
  }

  serving(): ServingMember<B> {
    return { ...this.deciding(), sealing: this.#needs.keys.sealing };
  }

  providing(): ProvidingMember<B> {
    const { keys } = this.#needs;
    return { ...this.deciding(), sealing: keys.sealing, key: keys.checkpoint };
  }

  keeping(): Keeper {
    return { id: this.id, vault: this.#needs.vault };
  }

  asking(): AskingMember<B> {
    const { keys, vault, writer } = this.#needs;
    return { id: this.id, log: this.log, vault, sealing: keys.sealing, writer };
  }

  witnessing(): WitnessingMember {
    const { checkpoint } = this.#needs.keys;
    const name = witnessName(this.#options.origin, this.id);
    const sign = (message: Uint8Array): Uint8Array | Promise<Uint8Array> => checkpoint.sign(message);
    return { id: this.id, cosigner: { name, publicKey: checkpoint.publicKey, sign } };
  }

  /** Needs no log: jobs leave none. */
  jobbing(): JobMember {
    const { keys, vault } = this.#needs;
    return { id: this.id, vault, sealing: keys.sealing };
  }

  home(): Home {
    const { view, keys } = this.#needs;
    return {
      member: this.id,
      sealing: keys.sealing,
      clientKey: (client) => {
        if (client !== this.id) return undefined;
        const member = view.member(this.id);
        return member && currentKey(member, 'client');
      },
    };
  }

  async stop(): Promise<void> {
    await this.#open?.checkpointer.stop();
  }

  /** Signs and anchors what was taken in, without waiting for the next turn. */
  get checkpointer(): Checkpointer<B> | undefined {
    return this.#open?.checkpointer;
  }

  #begin(log: AgencyLog<B>): void {
    const { keys, ...rest } = this.#needs;
    const checkpointer = new Checkpointer(this.#options, { ...rest, log, key: keys.checkpoint });
    this.#needs.commits.beforeCommit((batch) => log.save(batch));
    checkpointer.start();
    this.#open = { log, checkpointer };
  }
}
