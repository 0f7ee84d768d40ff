// What a member changes of itself on the chain, under its account.
import { equalBytes, fromBase64Url, type Hex } from '../core/bytes.ts';
import { currentKey, type KeyKind } from '../core/consortium.ts';
import { XinlianError } from '../core/errors.ts';
import type { LogId, MemberId } from '../core/ids.ts';
import {
  ROTATED_KEYS,
  type KeyRotation,
  type KeysRotated,
  type LogReplaced,
  type MemberChanged,
  type MemberEndpoints,
  type RotatedKey,
} from '../core/messages/member.ts';
import type { ChainView } from './ports.ts';

/** Every method resolves when a block has it. */
export interface SelfWriter {
  setEndpoints(endpoints: string): Promise<{ block: number }>;
  replaceLog(lost: LogId): Promise<{ block: number; log: LogId }>;
  rotateKey(kind: KeyKind, key: Uint8Array): Promise<{ block: number }>;
  /** @param signature by the new account, of `KEY_ROTATION_TYPES` */
  rotateTransactionKey(current: Hex, signature: Hex): Promise<{ block: number }>;
}

/** A member whose checkpoint key may be replaced. */
export interface RotatingMember {
  id: MemberId;
  checkpointer: { hold(key: Uint8Array): () => void } | undefined;
}

/** A member whose log may be lost. */
export interface LosingMember {
  id: MemberId;
  /** The log on the chain that cannot go on from what is here. */
  lost: LogId | undefined;
}

interface Dependencies {
  view: Pick<ChainView, 'log' | 'member'>;
  /** Resolves when this node has read the block. */
  reached(block: number): Promise<void>;
  /** Of each hosted member. */
  writers: ReadonlyMap<MemberId, SelfWriter>;
}

/** Calls can be repeated without harm: the same change again changes nothing. */
export class SelfDesk {
  readonly #needs: Dependencies;
  /** Under way, by the log. */
  readonly #replacing = new Map<LogId, Promise<LogReplaced>>();
  /** Under way, by the member: one after the other. */
  readonly #rotating = new Map<MemberId, Promise<KeysRotated>>();

  constructor(dependencies: Dependencies) {
    this.#needs = dependencies;
  }

  /** @throws as `ChainWriter.setEndpoints` */
  async setEndpoints(member: MemberId, endpoints: MemberEndpoints): Promise<MemberChanged> {
    const { block } = await this.#writer(member).setEndpoints(JSON.stringify(endpoints));
    return { block };
  }

  /**
   * Closes the member's log on the chain and opens its successor: for a log that was lost, and no other.
   * @throws CONFLICT where nothing is lost; as `ChainWriter.replaceLog`
   */
  replaceLog({ id, lost }: LosingMember): Promise<LogReplaced> {
    if (lost === undefined) {
      const got = 'one that goes on from what is here, or one that the chain was not asked about yet';
      throw new XinlianError('CONFLICT', { what: 'log', wanted: 'one that is lost', got });
    }
    const known = this.#replacing.get(lost);
    if (known) return known;
    const begun = this.#replace(id, lost).finally(() => this.#replacing.delete(lost));
    this.#replacing.set(lost, begun);
    return begun;
  }

  /**
   * Replaces keys of the member on the chain, those that it does not name yet. From the rotation of the checkpoint key on
   * nothing more is signed or anchored with the old one. It goes on to its end, whoever waits for it: peers may cut off
   * a node whose old key was replaced.
   * @throws MEMBER_UNKNOWN; as `ChainWriter.rotateKey`, with all before done
   */
  rotateKeys(member: RotatingMember, rotation: KeyRotation): Promise<KeysRotated> {
    const { id } = member;
    const before = this.#rotating.get(id)?.catch(() => undefined) ?? Promise.resolve();
    const begun = before
      .then(() => this.#rotate(member, rotation))
      .finally(() => {
        if (this.#rotating.get(id) === begun) this.#rotating.delete(id);
      });
    this.#rotating.set(id, begun);
    return begun;
  }

  async #rotate(member: RotatingMember, rotation: KeyRotation): Promise<KeysRotated> {
    const writer = this.#writer(member.id);
    const rotated: RotatedKey[] = [];
    let block: number | undefined;
    for (const kind of ROTATED_KEYS) {
      const written =
        kind === 'account'
          ? await this.#rotateAccount(member.id, writer, rotation.account)
          : await this.#rotateKey(member, writer, kind, rotation[kind]);
      if (!written) continue;
      rotated.push(kind);
      block = written.block;
    }
    // Whoever asks next is not told to do it again.
    if (block !== undefined) await this.#needs.reached(block);
    return { rotated, ...(block !== undefined && { block }) };
  }

  async #rotateKey(
    { id, checkpointer }: RotatingMember,
    writer: SelfWriter,
    kind: KeyKind,
    text: string | undefined,
  ): Promise<{ block: number } | undefined> {
    if (text === undefined) return undefined;
    const key = fromBase64Url(text, 32);
    const member = this.#needs.view.member(id);
    const current = member && currentKey(member, kind);
    if (current && equalBytes(current, key)) return undefined;
    const release = kind === 'checkpoint' ? checkpointer?.hold(key) : undefined;
    try {
      return await writer.rotateKey(kind, key);
    } catch (error) {
      release?.();
      throw error;
    }
  }

  async #rotateAccount(
    id: MemberId,
    writer: SelfWriter,
    account: KeyRotation['account'],
  ): Promise<{ block: number } | undefined> {
    if (!account || this.#needs.view.member(id)?.transaction.toLowerCase() === account.current.toLowerCase())
      return undefined;
    return writer.rotateTransactionKey(account.current as Hex, account.signature as Hex);
  }

  async #replace(member: MemberId, lost: LogId): Promise<LogReplaced> {
    const before = this.#needs.view.log(lost)?.successor;
    if (before !== undefined) return { lost, successor: before };
    const { log: successor, block } = await this.#writer(member).replaceLog(lost);
    return { lost, successor, block };
  }

  #writer(member: MemberId): SelfWriter {
    const writer = this.#needs.writers.get(member);
    if (!writer) throw new XinlianError('MEMBER_UNKNOWN', { member });
    return writer;
  }
}
