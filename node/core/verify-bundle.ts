// Verification of a proof bundle, offline: docs/protocol.md, section 4. Says what was checked, and what had to be trusted.
import { verifyAnchorEvent, verifyAnchorReceipt } from './anchor-proof.ts';
import { parseBundle, type Bundle } from './bundle.ts';
import { fromBase64, fromBase64Url, fromHex, toBase64Url, utf8, type Hex } from './bytes.ts';
import { parseCanonical } from './canonical.ts';
import { parseCheckpoint, parseOrigin, type LogOrigin } from './checkpoint.ts';
import { commitmentOf, openDisclosures, parsePayload, type ClaimValue, type RecordPayload } from './disclosure.ts';
import { decodeEntry, type Entry } from './entry.ts';
import { malformed, XinlianError, type ProofLink } from './errors.ts';
import { decodeHeader, type BlockHeader } from './ethereum.ts';
import { parseMemberId, type LogId, type MemberId } from './ids.ts';
import { leafHash, verifyInclusion } from './merkle.ts';
import { parseNote, verifyNote } from './note.ts';
import { verifyStatus } from './status-tree.ts';

/** What the verifier knows by itself. Whatever is absent here, the bundle is trusted for, and that is said. */
export interface VerificationContext {
  /** Names of an item's claims in schema order; `undefined` where the edition has no such item. */
  names(item: string, edition: string): readonly string[] | undefined;
  /** A block known to be part of the chain, or whether one is. */
  trustedBlock?: Hex | ((number: number, hash: Hex) => boolean);
  /** The member's checkpoint key at a block; while no anchor is there yet, at the head of the chain. */
  checkpointKey?(member: MemberId, log: LogId, block: number | undefined): Uint8Array | undefined;
  /** Whose log it is. */
  logOwner?(log: LogId): MemberId | undefined;
}

export interface LinkCheck {
  link: ProofLink;
  ok: boolean;
  /** For people: what was checked, or why it fails. */
  detail: string;
}

export interface VerifiedRecord {
  item: string;
  edition: string;
  /** Kind of its log entry. */
  kind: string;
  position: number;
  /** When the agency took it in, seconds since 1970. */
  time: number;
  /** What is disclosed, in schema order. */
  claims: Map<string, ClaimValue>;
  /** Names of the claims that are not. */
  undisclosed: string[];
  /** `live`, or the state that the status tree has for it under this checkpoint. */
  status: string;
  /** Position of the entry that supersedes it, where one does. */
  supersededBy?: number;
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

/** `record`, `checkpoint` and `anchor` are there only where every check passed. */
export interface Verification {
  /** Whether every link holds, up to the last that the bundle has: see `pending`. */
  ok: boolean;
  /** The bundle has no anchor yet: it is the agency's signed word, and nothing on the chain bears it out. */
  pending: boolean;
  /** In the order of checking; the first broken link ends them. */
  checks: LinkCheck[];
  /** For people: what the bundle does not prove. */
  trusted: string[];
  record?: VerifiedRecord;
  checkpoint?: VerifiedCheckpoint;
  anchor?: VerifiedAnchor;
}

/** Verifies a bundle, from text or as parsed JSON. Throws nothing for any content: what is wrong is in the checks. */
export function verifyBundle(json: unknown, context: VerificationContext): Verification {
  const checks: LinkCheck[] = [];
  try {
    return verifyLinks(json, context, checks);
  } catch (error) {
    if (!(error instanceof BrokenLink)) throw error;
    checks.push({ link: error.link, ok: false, detail: error.message });
    return { ok: false, pending: false, checks, trusted: [] };
  }
}

class BrokenLink extends Error {
  readonly link: ProofLink;

  constructor(link: ProofLink, cause: XinlianError) {
    super(describe(cause), { cause });
    this.link = link;
  }
}

function describe({ code, details }: XinlianError): string {
  const { reason, what, wanted, got } = details as { reason?: string; what?: string; wanted?: string; got?: string };
  const compared = wanted === undefined ? '' : `: wanted ${wanted}, got ${got ?? 'nothing'}`;
  return `${reason ?? what ?? code}${compared}`;
}

/** Runs a part of the proof; what fails in it breaks `link`. */
function within<T>(link: ProofLink, part: () => T): T {
  try {
    return part();
  } catch (error) {
    if (XinlianError.is(error)) throw new BrokenLink(link, error);
    throw error;
  }
}

type RecordEntry = Extract<Entry, { item: string }>;

function verifyLinks(json: unknown, context: VerificationContext, checks: LinkCheck[]): Verification {
  const trusted: string[] = [];
  const holds = (link: ProofLink, detail: string): void => {
    checks.push({ link, ok: true, detail });
  };

  const bundle = within('format', () => parseBundle(json));
  holds('format', bundle.type);

  const { payload, names, claims } = within('disclosure', () => openRecord(bundle, context));
  holds('disclosure', `${claims.size} of ${names.length} claims are shown, each in its place`);

  const entryBytes = within('entry', () => fromBase64Url(bundle.entry));
  const entry = within('entry', () => recordEntry(entryBytes));
  within('commitment', () => matches('commitment', 'commitment', toBase64Url(entry.commitment), toBase64Url(commitmentOf(bundle.payload)))); // prettier-ignore
  holds('commitment', "the entry commits to the record's payload");
  within('entry', () => {
    matches('entry', 'item', payload.item, entry.item);
    matches('entry', 'edition', payload.edition, entry.edition);
  });
  holds('entry', `${entry.kind} of ${entry.item}, ${entry.edition}, at ${entry.time}`);

  const checkpoint = within('checkpoint', () => readCheckpoint(bundle));
  holds('checkpoint', `size ${checkpoint.size} of log ${checkpoint.origin.log}`);

  const header = within('header', () => bundle.anchor && decodeHeader(fromHex(bundle.anchor.header)));
  within('signature', () => verifySigner(bundle, checkpoint, header?.number, context, trusted));
  holds('signature', `by ${checkpoint.member}`);

  within('inclusion', () => {
    const proof = bundle.inclusion.map((hash) => fromBase64(hash));
    const { size, root } = checkpoint;
    verifyInclusion({ index: bundle.position, size, leaf: leafHash(entryBytes), proof, root });
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
    record: {
      item: entry.item,
      edition: entry.edition,
      kind: entry.kind,
      position: bundle.position,
      time: entry.time,
      claims,
      undisclosed: names.filter((name) => !claims.has(name)),
      ...status,
    },
    checkpoint,
    ...(anchor && { anchor }),
  };
}

function openRecord(
  { payload: text, disclosures }: Bundle,
  context: VerificationContext,
): { payload: RecordPayload; names: readonly string[]; claims: Map<string, ClaimValue> } {
  const payload = parsePayload(text);
  const { item, edition } = payload;
  const names = context.names(item, edition);
  if (!names)
    return broken('disclosure', 'no schema is known for the item', 'a known item and edition', `${item}, ${edition}`);
  const opened = openDisclosures({ payload: text, names, disclosures });
  const inOrder = [...opened].sort(([a], [b]) => a - b);
  return { payload, names, claims: new Map(inOrder.map(([, { name, value }]) => [name, value])) };
}

function recordEntry(bytes: Uint8Array): RecordEntry {
  const entry = decodeEntry(bytes);
  return 'item' in entry ? entry : broken('entry', 'the entry carries no record', 'a record', entry.kind);
}

function readCheckpoint({ checkpoint: note, signer, position }: Bundle): VerifiedCheckpoint {
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
  { checkpoint: note }: Bundle,
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
  { status, position }: Bundle,
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
  proof: NonNullable<Bundle['anchor']>,
  header: BlockHeader,
  checkpoint: VerifiedCheckpoint,
  { trustedBlock }: VerificationContext,
  { holds, trusted }: { holds: (link: ProofLink, detail: string) => void; trusted: string[] },
): VerifiedAnchor {
  const { chainId, logAnchor } = checkpoint.origin;
  within('anchor-event', () => verifyAnchorEvent(proof, checkpoint));
  holds('anchor-event', `event ${proof.logIndex} of ${logAnchor} tells this checkpoint`);
  within('receipt-proof', () => verifyAnchorReceipt(proof, header));
  holds('receipt-proof', `receipt ${proof.receiptIndex} of block ${header.number}`);

  const block = `block ${header.number} (${header.hash})`;
  if (trustedBlock === undefined) {
    trusted.push(`that ${block} is part of chain ${chainId}`);
    holds('header', `${block}, not confirmed`);
  } else {
    const known =
      typeof trustedBlock === 'string' ? trustedBlock === header.hash : trustedBlock(header.number, header.hash);
    within('header', () => matches('header', 'block', 'a block of the chain', known ? 'a block of the chain' : block));
    holds('header', `${block}, confirmed`);
  }
  return { ...header, chainId, logAnchor, confirmed: trustedBlock !== undefined };
}

function matches(link: ProofLink, what: string, wanted: string, got: string): void {
  if (got !== wanted) broken(link, `the ${what} is another`, wanted, got);
}

function broken(link: ProofLink, reason: string, wanted: string, got: string): never {
  throw new XinlianError('PROOF_INVALID', { link, reason, wanted, got });
}
