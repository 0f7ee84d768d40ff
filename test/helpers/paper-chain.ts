// A chain that exists on paper: it takes anchors as LogAnchor does, proofs verified, and can be down, late or reorganised.
import { makeAnchorProof } from '../../node/core/anchor-proof.ts';
import type { AnchorProof } from '../../node/core/bundle.ts';
import { equalBytes, toHex, u64, type Hex } from '../../node/core/bytes.ts';
import { currentKey, type AnchoredHead, type KeyKind, type LogState, type Member } from '../../node/core/consortium.ts';
import { XinlianError } from '../../node/core/errors.ts';
import type { LogId, MemberId } from '../../node/core/ids.ts';
import { verifyConsistency } from '../../node/core/merkle.ts';
import type { AnchorProver, ChainView, ChainWriter, GrantStopper, GrantWriter } from '../../node/exchange/ports.ts';
import type { TellingView } from '../../node/exchange/view-of.ts';
import { PaperGrants } from './paper-grants.ts';
import { anchoringBlock, CHAIN_ID, LOG, LOG_ANCHOR } from './bundle.ts';

type Anchoring = Parameters<ChainWriter['anchor']>[0];

/** Knows one member and its log, `LOG`. */
export class PaperChain implements ChainView, ChainWriter, AnchorProver, GrantWriter, GrantStopper, TellingView {
  readonly #member: Member;
  readonly grants = new PaperGrants(1_780_000_000);
  readonly contracts = {
    chainId: CHAIN_ID,
    grantRegistry: `0x${'e5'.repeat(20)}`,
    recognitionRegistry: `0x${'e6'.repeat(20)}`,
    deployment: `0x${'d6'.repeat(32)}`,
  };
  #anchors: AnchoredHead[] = [];
  #block = 1;
  #final = 0;
  /** The last block that the node has followed; undefined: the head. */
  followed: number | undefined;
  down = false;
  /** What is said of the block of an anchor, in the place of the truth. */
  toldBlock: number | undefined;
  /** Every checkpoint that was sent, taken or not. */
  readonly sent: Anchoring[] = [];

  constructor(member: Member) {
    this.#member = member;
  }

  head(): { number: number; hash: Hex; time: number } {
    const number = this.followed ?? this.#block;
    return { number, hash: blockHash(number), time: 1_780_000_000 + number };
  }

  final(): number {
    return this.#final;
  }

  member(id: MemberId): Member | undefined {
    return id === this.#member.id ? this.#member : undefined;
  }

  log(id: LogId): LogState | undefined {
    if (id !== LOG) return undefined;
    const head = this.#anchors.findLast(({ block }) => block <= this.head().number);
    const final = this.#anchors.findLast(({ block }) => block <= this.#final);
    const { id: owner } = this.#member;
    const state = { id, owner, scope: toHex(new Uint8Array(32)), ordinal: 0, registered: 1, closed: false };
    return { ...state, ...(head && { head }), ...(final && { final }) };
  }

  members(): Member[] {
    return [this.#member];
  }

  logs(): LogState[] {
    const log = this.log(LOG);
    return log ? [log] : [];
  }

  registerGrants: GrantWriter['registerGrants'] = (items) => this.grants.registerGrants(items);
  withdrawGrants: GrantWriter['withdrawGrants'] = (items) => this.grants.withdrawGrants(items);
  suspendGrant: GrantStopper['suspendGrant'] = (grant) => this.grants.suspendGrant(grant);
  resumeGrant: GrantStopper['resumeGrant'] = (grant) => this.grants.resumeGrant(grant);
  withdrawGrantFor: GrantStopper['withdrawGrantFor'] = (grant) => this.grants.withdrawGrantFor(grant);
  consumeGrants: GrantWriter['consumeGrants'] = (items) => this.grants.consumeGrants(items);

  openLog(owner: MemberId): LogState | undefined {
    return owner === this.#member.id ? this.log(LOG) : undefined;
  }

  currentKey(id: MemberId, kind: KeyKind): Uint8Array | undefined {
    const member = this.member(id);
    return member && currentKey(member, kind);
  }

  isEntitledNow(id: MemberId): boolean {
    return this.member(id)?.status === 'active';
  }

  async registerLog(): Promise<{ log: LogId }> {
    return { log: LOG };
  }

  async anchor(anchoring: Anchoring): Promise<{ transaction: Hex; block: number }> {
    this.sent.push(anchoring);
    this.#checkUp();
    const { size, root, proof } = anchoring;
    const last = this.#anchors.at(-1);
    const same = last?.size === size && equalBytes(last.root, root);
    if (last) verifyConsistency({ sizeA: last.size, rootA: last.root, sizeB: size, rootB: root, proof });
    else if (proof.length > 0) throw new Error('the first proof must be empty');
    const block = ++this.#block;
    const transaction = blockHash(1_000 + block);
    if (!same) this.#anchors.push({ size, root, block, blockHash: blockHash(block), transaction });
    return { transaction, block: this.toldBlock ?? block };
  }

  async capture(_log: LogId, { size, root }: AnchoredHead): Promise<AnchorProof> {
    this.#checkUp();
    const { block, receipts } = anchoringBlock(size, root);
    return makeAnchorProof({ chainId: CHAIN_ID, logAnchor: LOG_ANCHOR, log: LOG, size, root }, block, receipts);
  }

  /** Everything so far is final. */
  finalise(): void {
    this.#final = this.#block;
  }

  /** Blocks go by. */
  pass(blocks: number): void {
    this.#block += blocks;
  }

  /** Takes back all anchors that are not final. */
  reorganise(): void {
    this.#anchors = this.#anchors.filter(({ block }) => block <= this.#final);
    this.#block++;
  }

  /** As if another node with this member's keys had anchored. */
  plant(size: number, root: Uint8Array): void {
    const block = ++this.#block;
    this.#anchors.push({ size, root, block, blockHash: blockHash(block), transaction: blockHash(1_000 + block) });
  }

  #checkUp(): void {
    if (this.down) throw new XinlianError('CHAIN_UNREACHABLE', { endpoint: 'paper', reason: 'down' });
  }
}

function blockHash(number: number): Hex {
  return toHex(new Uint8Array([...new Uint8Array(24), ...u64(number)]));
}
