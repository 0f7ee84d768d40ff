// Verification of a proof bundle, offline: docs/protocol.md, section 4. Says what was checked, and what had to be trusted.
import { verifyAnchorEvent, verifyAnchorReceipt } from './anchor-proof.ts';
import {
  openContent,
  type ContentContext,
  type OpenedContent,
  type VerifiedAccess,
  type VerifiedRecord,
} from './bundle-content.ts';
import { parseBundle, type AnyBundle, type BundleContent } from './bundle.ts';
import { fromBase64, fromBase64Url, fromHex, toBase64Url, utf8, type Hex } from './bytes.ts';
import { parseCanonical } from './canonical.ts';
import { parseCheckpoint, parseOrigin, type LogOrigin } from './checkpoint.ts';
import { decodeEntry } from './entry.ts';
import { malformed, type ProofLink } from './errors.ts';
import { decodeHeader, hashedForm, type BlockHeader } from './ethereum.ts';
import { parseMemberId, type LogId, type MemberId } from './ids.ts';
import { leafHash, verifyInclusion } from './merkle.ts';
import { parseNote, verifyNote } from './note.ts';
import { broken, matches, throughLinks, within, type LinkCheck } from './proof-links.ts';
import { beginSeals, headersForFinality, takeSealed, type Consensus } from './seals.ts';
import { verifyStatus } from './status-tree.ts';

/** What the verifier knows by itself. Whatever is absent here, the bundle is trusted for, and that is said. */
export interface VerificationContext extends ContentContext {
  /** A block known to be part of the chain, or whether one is. */
  trustedBlock?: Hex | ((number: number, hash: Hex) => boolean);
  /** Who seals the block behind the one that is named, which is trusted: then the seals that a bundle has are verified. */
  consensus?: Consensus | ((block: number) => Consensus | undefined);
  /** The member's checkpoint key at a block; while no anchor is there yet, at the head of the chain. */
  checkpointKey?(member: MemberId, log: LogId, block: number | undefined): Uint8Array | undefined;
  /** Whose log it is. */
  logOwner?(log: LogId): MemberId | undefined;
}

export interface VerifiedCheckpoint {
  origin: LogOrigin;
  size: number;
  root: Uint8Array;
  member: MemberId;
  key: Uint8Array;
}

/** The block that the checkpoint is anchored in. */
export interface VerifiedAnchor extends BlockHeader {
  chainId: number;
  logAnchor: Hex;
  /** Whether the verifier knows the block to be part of the chain. */
  confirmed: boolean;
}

/**
 * How far a proof goes. `pending`: the agency's signed word, and nothing on the chain bears it out yet. `anchored`: a block
 * header does, and the verifier does not know that block. `final`: it knows the block to be part of the chain for good.
 */
export type ProofState = 'pending' | 'anchored' | 'final';

/** `state`, `record`, `access`, `checkpoint` and `anchor` are there only where every check passed. */
export interface Verification {
  /** Whether every link holds, up to the last that the bundle has: see `pending`. */
  ok: boolean;
  /** The bundle has no anchor yet: it is the agency's signed word, and nothing on the chain bears it out. */
  pending: boolean;
  /** In the order of checking; the first broken link ends them. */
  checks: LinkCheck[];
  /** For people: what the bundle does not prove. */
  trusted: string[];
  state?: ProofState;
  record?: VerifiedRecord;
  access?: VerifiedAccess;
  checkpoint?: VerifiedCheckpoint;
  anchor?: VerifiedAnchor;
}

/** Verifies a bundle, from text or as parsed JSON. Throws nothing for any content: what is wrong is in the checks. */
export function verifyBundle(json: unknown, context: VerificationContext): Verification {
  const checks: LinkCheck[] = [];
  const verified = throughLinks(checks, () => verifyLinks(json, context, checks));
  return verified ?? { ok: false, pending: false, checks, trusted: [] };
}

/** Opens what a proof is about, and checks that its entry commits to it. */
export function openLinks(
  content: BundleContent,
  context: ContentContext,
  holds: (link: ProofLink, detail: string) => void,
): OpenedContent & { entry: Uint8Array } {
  const opened = within('disclosure', () => openContent(content, context));
  holds('disclosure', opened.shown);
  const bytes = within('entry', () => fromBase64Url(content.entry));
  const entry = within('entry', () => decodeEntry(bytes));
  within('entry', () => opened.checkKind(entry));
  const commitment = 'commitment' in entry ? toBase64Url(entry.commitment) : 'none';
  within('commitment', () => matches('commitment', 'commitment', commitment, toBase64Url(opened.commitment)));
  holds('commitment', `the entry commits to ${opened.what}`);
  holds(
    'entry',
    within('entry', () => opened.checkEntry(entry)),
  );
  return { ...opened, entry: bytes };
}

function verifyLinks(json: unknown, context: VerificationContext, checks: LinkCheck[]): Verification {
  const trusted: string[] = [];
  const holds = (link: ProofLink, detail: string): void => {
    checks.push({ link, ok: true, detail });
  };

  const bundle = within('format', () => parseBundle(json));
  holds('format', bundle.type);

  const content = openLinks(bundle, context, holds);

  const checkpoint = within('checkpoint', () => readCheckpoint(bundle));
  holds('checkpoint', `size ${checkpoint.size} of log ${checkpoint.origin.log}`);

  const header = within('header', () => bundle.anchor && decodeHeader(fromHex(bundle.anchor.header)));
  within('signature', () => verifySigner(bundle, checkpoint, header?.number, context, trusted));
  within('signature', () => content.checkOwner(checkpoint.member));
  holds('signature', `by ${checkpoint.member}`);

  within('inclusion', () => {
    const proof = bundle.inclusion.map((hash) => fromBase64(hash));
    const { size, root } = checkpoint;
    verifyInclusion({ index: bundle.position, size, leaf: leafHash(content.entry), proof, root });
  });
  holds('inclusion', `position ${bundle.position} of ${checkpoint.size}`);

  const status = within('status', () => verifyStatusPart(bundle, checkpoint));
  holds('status', status.status);

  const anchor =
    bundle.anchor && header && verifyAnchor(bundle.anchor, header, checkpoint, context, { holds, trusted });
  if (!anchor) trusted.push('that the checkpoint will be anchored as it is: no block bears it out yet');

  return {
    ok: true,
    pending: !anchor,
    checks,
    trusted,
    state: !anchor ? 'pending' : anchor.confirmed ? 'final' : 'anchored',
    ...content.tell({ position: bundle.position, ...status }),
    checkpoint,
    ...(anchor && { anchor }),
  };
}

function readCheckpoint({ checkpoint: note, signer, position }: AnyBundle): VerifiedCheckpoint {
  const { text, signatures } = parseNote(note);
  // A further signature would be a part of the bundle that nothing vouches for.
  if (signatures.length !== 1) broken('checkpoint', 'the note has other signatures', 'one', `${signatures.length}`);
  const { origin, size, root } = parseCheckpoint(text);
  if (position >= size - 1) {
    broken('checkpoint', 'the last entry is for the status alone', `a size over ${position + 1}`, `${size}`);
  }
  return {
    origin: parseOrigin(origin),
    size,
    root,
    member: parseMemberId(signer.member),
    key: fromBase64Url(signer.key, 32),
  };
}

function verifySigner(
  { checkpoint: note }: AnyBundle,
  { origin, member, key }: VerifiedCheckpoint,
  block: number | undefined,
  context: VerificationContext,
  trusted: string[],
): void {
  const name = parseCheckpoint(parseNote(note).text).origin;
  verifyNote(note, [{ name, publicKey: key }]);
  if (context.checkpointKey) {
    const known = context.checkpointKey(member, origin.log, block);
    matches('signature', "member's checkpoint key", known ? toBase64Url(known) : 'none', toBase64Url(key));
  } else {
    trusted.push(`that ${toBase64Url(key)} is the checkpoint key of member ${member}`);
  }
  if (context.logOwner) {
    matches('signature', "log's owner", context.logOwner(origin.log) ?? 'none', member);
  } else {
    trusted.push(`that log ${origin.log} is that of member ${member}`);
  }
}

function verifyStatusPart(
  { status, position }: AnyBundle,
  { size, root }: VerifiedCheckpoint,
): { status: string; supersededBy?: number } {
  const bytes = fromBase64Url(status.entry);
  const entry = decodeEntry(bytes);
  if (entry.kind !== 'status') return broken('status', 'the last entry is no status entry', 'status', entry.kind);
  const inclusion = status.inclusion.map((hash) => fromBase64(hash));
  verifyInclusion({ index: size - 1, size, leaf: leafHash(bytes), proof: inclusion, root });
  verifyStatus({
    position,
    value: status.value === undefined ? undefined : utf8(status.value),
    bitmap: fromBase64(status.bitmap),
    siblings: status.siblings.map((hash) => fromBase64(hash)),
    root: entry.root,
  });
  return status.value === undefined ? { status: 'live' } : readStatus(status.value);
}

function readStatus(text: string): { status: string; supersededBy?: number } {
  const value = parseCanonical(text);
  if (typeof value !== 'object' || value === null || Array.isArray(value) || typeof value['state'] !== 'string') {
    return malformed('status', 'an object with a state', text);
  }
  const { state, by } = value;
  return typeof by === 'number' ? { status: state, supersededBy: by } : { status: state };
}

function verifyAnchor(
  proof: NonNullable<AnyBundle['anchor']>,
  header: BlockHeader,
  checkpoint: VerifiedCheckpoint,
  { trustedBlock, consensus }: VerificationContext,
  { holds, trusted }: { holds: (link: ProofLink, detail: string) => void; trusted: string[] },
): VerifiedAnchor {
  const { chainId, logAnchor } = checkpoint.origin;
  within('anchor-event', () => verifyAnchorEvent(proof, checkpoint));
  holds('anchor-event', `event ${proof.logIndex} of ${logAnchor} tells this checkpoint`);
  within('receipt-proof', () => verifyAnchorReceipt(proof, header));
  holds('receipt-proof', `receipt ${proof.receiptIndex} of block ${header.number}`);

  const block = `block ${header.number} (${header.hash})`;
  const from = typeof consensus === 'function' ? consensus(header.number - 1) : consensus;
  const sealed = from && proof.seals ? within('seals', () => verifySeals(proof.seals ?? [], header, from)) : undefined;
  if (sealed) holds('seals', sealed.detail);
  if (trustedBlock === undefined) {
    const missing = sealed ? sealed.missing : `that ${block} is part of chain ${chainId}`;
    if (missing !== undefined) trusted.push(missing);
    holds('header', `${block}, ${missing === undefined ? 'sealed for good' : 'not confirmed'}`);
    return { ...header, chainId, logAnchor, confirmed: missing === undefined };
  }
  const known =
    typeof trustedBlock === 'string' ? trustedBlock === header.hash : trustedBlock(header.number, header.hash);
  within('header', () => matches('header', 'block', 'a block of the chain', known ? 'a block of the chain' : block));
  holds('header', `${block}, confirmed`);
  return { ...header, chainId, logAnchor, confirmed: true };
}

/** @returns what was verified, and what more headers would show */
function verifySeals(
  seals: readonly string[],
  header: BlockHeader,
  consensus: Consensus,
): { detail: string; missing: string | undefined } {
  if (consensus.block !== header.number - 1)
    broken('seals', 'the sealers are known for another block', `${header.number - 1}`, `${consensus.block}`);
  let state = beginSeals(consensus);
  let parent: Hex | undefined;
  const by = new Set<Hex>();
  for (const [i, text] of seals.entries()) {
    const rlp = fromHex(text);
    const { hash, parentHash } = decodeHeader(hashedForm(rlp));
    if (i === 0 && hash !== header.hash) broken('seals', 'the first sealed header is another', header.hash, hash);
    if (parent !== undefined && parentHash !== parent) broken('seals', 'a header is no child of the one before', parent, parentHash); // prettier-ignore
    parent = hash;
    const taken = takeSealed(state, rlp);
    state = taken.state;
    for (const sealer of taken.sealers) by.add(sealer);
  }
  const needed = headersForFinality(consensus);
  const block = `block ${header.number} (${header.hash})`;
  const missing =
    seals.length >= needed
      ? undefined
      : `that ${block} is final: ${needed} sealed headers prove it, and there are ${seals.length}`;
  return { detail: `${seals.length} headers, sealed by ${by.size} of ${consensus.sealers.length}`, missing };
}
