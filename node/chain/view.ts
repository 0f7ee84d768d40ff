// What the chain says, answered from memory: read-only, fed by the follower.
import { getAddress } from 'ethers/address';
import { toHex, type Hex } from '../core/bytes.ts';
import type { ChainHead, GrantState, GrantUse, KeyKind, LogState, Member, Role } from '../core/consortium.ts';
import { currentKey } from '../core/consortium.ts';
import type { GrantHash, LogId, MemberId } from '../core/ids.ts';
import type { ChainChange, ConsortiumContracts } from './events.ts';
import type { LiveState } from './live-state.ts';
import { RecognitionView } from './recognition-view.ts';
import { ACTIVE } from './narrowing.ts';
import { digestState } from './stored.ts';
import { openKey, standingAt, type ConsortiumState, type LogRecord, type Proposal, type Standing } from './state.ts';

/** Is called at once and in order, MUST NOT throw and MUST NOT wait. */
export type ChainListener = (change: ChainChange) => void;

export class ChainView {
  readonly contracts: ConsortiumContracts;
  readonly recognition: RecognitionView;
  readonly #live: LiveState;
  readonly #listeners = new Set<ChainListener>();
  /** Peer keys (hex) of the final state, worked out when first asked for after a change. */
  #peers: Map<string, MemberId> | undefined;
  /** Of the final state at a block. */
  #digest: { block: number; digest: Hex } | undefined;

  constructor(contracts: ConsortiumContracts, live: LiveState) {
    this.contracts = contracts;
    this.#live = live;
    this.recognition = new RecognitionView(live);
  }

  /** The last block that was followed; undefined before the first. */
  head(): ChainHead | undefined {
    return this.#live.head.block;
  }

  /** Number of the last final block that was followed; -1 before the first. */
  final(): number {
    return this.#live.final.block?.number ?? -1;
  }

  /** Digest of everything that is final, for comparison with other nodes at the same block; see `digestState`. */
  finalDigest(): Hex | undefined {
    const block = this.final();
    if (block < 0) return undefined;
    if (this.#digest?.block !== block) this.#digest = { block, digest: digestState(this.#live.final) };
    return this.#digest.digest;
  }

  /** Approvals that a proposal needs, at the head. */
  threshold(): number {
    return this.#live.head.threshold;
  }

  /** Proposals that can still be approved, at the head. */
  proposals(): Proposal[] {
    return [...this.#live.head.proposals.values()];
  }

  /** A member as it is at the head, whatever its status. For what it may do, ask `isEntitledNow`. */
  member(id: MemberId): Member | undefined {
    return this.#live.head.members.get(id)?.member;
  }

  members(): Member[] {
    return Array.from(this.#live.head.members.values(), ({ member }) => member);
  }

  /** The member whose transaction key this account is or ever was, at the head. */
  memberByAccount(account: string): Member | undefined {
    const id = this.#live.head.accounts.get(getAddress(account));
    return id && this.member(id);
  }

  /** The member that is entitled now and whose node or gateway has this Ed25519 key. */
  memberByPeer(publicKey: Uint8Array): Member | undefined {
    const key = toHex(publicKey);
    this.#peers ??= peersOf(this.#live.final);
    const id = this.#peers.get(key);
    if (id === undefined || !this.isEntitledNow(id)) return undefined;
    const kept = (['nodePeer', 'gatewayPeer'] as const).some((kind) => this.#holds(id, kind, key));
    return kept ? this.member(id) : undefined;
  }

  /**
   * Whether a member may act in these roles now: admitted by what is final, and not narrowed by any block ever seen,
   * reorganised or not, that a later final one did not overrule.
   */
  isEntitledNow(id: MemberId, roles: readonly Role[] = []): boolean {
    const member = this.#live.final.members.get(id)?.member;
    if (member?.status !== 'active' || !this.#live.narrowings.allows(id, 'standing', ACTIVE)) return false;
    return roles.every((role) => member.roles.includes(role) && this.#live.narrowings.allows(id, 'roles', role));
  }

  /** Whether `account` is the transaction key of the member now, under the rule of `isEntitledNow`. */
  isTransactionKeyNow(id: MemberId, account: string): boolean {
    const current = this.#live.final.members.get(id)?.member.transaction;
    const address = getAddress(account);
    return current === address && this.#live.narrowings.allows(id, 'transaction', address);
  }

  /** The member's key of a kind now, under the rule of `isEntitledNow`. */
  currentKey(id: MemberId, kind: KeyKind): Uint8Array | undefined {
    const member = this.#live.final.members.get(id)?.member;
    const key = member && currentKey(member, kind);
    return key && this.#live.narrowings.allows(id, kind, toHex(key)) ? key : undefined;
  }

  /** Whether the member was active with all of `roles` at the end of a block. Blocks to come are like the head. */
  entitledAt(id: MemberId, roles: readonly Role[], block: number): boolean {
    const record = this.#live.head.members.get(id);
    const standing = record && standingAt(record, block);
    return standing?.status === 'active' && roles.every((role) => standing.roles.includes(role));
  }

  /** What the member was entitled to at the end of a block; undefined before its admission. */
  standingAt(id: MemberId, block: number): Standing | undefined {
    const record = this.#live.head.members.get(id);
    return record && standingAt(record, block);
  }

  /** The member's transaction key at the end of a block; undefined before its admission. */
  transactionKeyAt(id: MemberId, block: number): Hex | undefined {
    const record = this.#live.head.members.get(id);
    return record && standingAt(record, block)?.transaction;
  }

  /**
   * The member's checkpoint key at the end of a block; undefined before its admission. In the block of a rotation the
   * key before it was valid too: `Member.keys` has both tenures.
   */
  checkpointKeyAt(id: MemberId, block: number): Uint8Array | undefined {
    const tenures = this.#live.head.members.get(id)?.member.keys.checkpoint ?? [];
    const tenure = tenures.findLast(({ since }) => since <= block);
    return tenure && (tenure.until === undefined || block <= tenure.until) ? tenure.key : undefined;
  }

  log(id: LogId): LogState | undefined {
    const record = this.#live.head.logs.get(id);
    return record && this.#logState(record);
  }

  logs(): LogState[] {
    return Array.from(this.#live.head.logs.values(), (record) => this.#logState(record));
  }

  /** The open log of a member for a scope, at the head. */
  openLog(owner: MemberId, scope: Hex): LogState | undefined {
    const id = this.#live.head.open.get(openKey(owner, scope));
    return id && this.log(id);
  }

  /**
   * A grant, unless the chain never heard of it or it ended so long ago that it is forgotten: either way it cannot be
   * used.
   */
  grant(hash: GrantHash): GrantState | undefined {
    const record = this.#live.head.grants.get(hash);
    const orphaned = this.#live.narrowings.grants.get(hash);
    if (!record && !orphaned) return undefined;
    const { terms, registered, usesLeft = 0, withdrawn = false, suspended = false, resumed } = record ?? {};
    return {
      hash,
      ...(terms && { terms }),
      ...(registered !== undefined && { registered }),
      registeredFinal: this.#isFinal(registered),
      usesLeft,
      withdrawn: withdrawn || orphaned?.withdrawn === true,
      suspended:
        suspended || (resumed !== undefined && !this.#isFinal(resumed)) || orphaned?.suspendedAbove !== undefined,
    };
  }

  /** A query id's use of a grant, at the head. */
  consumption(hash: GrantHash, queryId: Hex): GrantUse | undefined {
    const block = this.#live.head.grants.get(hash)?.consumed.get(queryId);
    return block === undefined ? undefined : { block, final: this.#isFinal(block) };
  }

  /**
   * Tells a listener of every change from now on. What happened while the process was down is not told again: a
   * listener with a memory of its own MUST first compare it with the view.
   * @returns ends the subscription
   */
  subscribe(listener: ChainListener): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  /** For the follower: the state has changed. */
  publish(change: ChainChange): void {
    this.#peers = undefined;
    if (change.finalityBroken) this.#digest = undefined;
    for (const listener of this.#listeners) listener(change);
  }

  #isFinal(block: number | undefined): boolean {
    return block !== undefined && block <= this.final();
  }

  #logState({ last, ...record }: LogRecord): LogState {
    const final = this.#live.final.logs.get(record.id)?.last;
    return { ...record, ...(last && { head: last }), ...(final && { final }) };
  }

  #holds(id: MemberId, kind: KeyKind, key: Hex): boolean {
    const current = this.currentKey(id, kind);
    return current !== undefined && toHex(current) === key;
  }
}

function peersOf(state: ConsortiumState): Map<string, MemberId> {
  const peers = new Map<string, MemberId>();
  for (const { member } of state.members.values()) {
    for (const kind of ['nodePeer', 'gatewayPeer'] as const) {
      const key = currentKey(member, kind);
      if (key) peers.set(toHex(key), member.id);
    }
  }
  return peers;
}
