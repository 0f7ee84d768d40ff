// Proof bundles: one document that proves what is in a log, offline. docs/protocol.md, section 4. `verify-bundle.ts` checks
// them. A kind of content is a type here, and how it is opened in `bundle-content.ts`.
import { Type, type Static } from 'typebox';
import { canonicalize, type JsonValue } from './canonical.ts';
import { MOST_CLAIMS } from './disclosure.ts';
import { malformed, XinlianError } from './errors.ts';
import { codec } from './messages/codec.ts';

export const BUNDLE_MEDIA_TYPE = 'application/vnd.xinlian.bundle+json';

/** Characters of a bundle as text. The longest parts are a receipt and its trie nodes. */
const MAX_BUNDLE_LENGTH = 1_000_000;

const MAX_PROOF = 64;
export const LARGEST_POSITION = 2 ** 40 - 1;

const closed = { additionalProperties: false };

const hash = Type.String({ pattern: '^[A-Za-z0-9+/]{42}[AEIMQUYcgkosw048]=$', description: '32 bytes, base64' });
export const HASHES = Type.Array(hash, { maxItems: MAX_PROOF });
/** As many headers as a consensus of a hundred signers needs for finality. */
const MAX_SEALED = 128;

const HEX = '^0x([0-9a-f]{2})*$';
export const ENTRY_TEXT = Type.String({
  pattern: '^[A-Za-z0-9_-]+$',
  description: 'Bytes of a log entry, base64url',
});
export const STATUS_BITMAP = Type.String({
  pattern: '^[A-Za-z0-9+/]{6}[AEIMQUYcgkosw048]=$',
  description: '5 bytes, base64',
});
const index = Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER });

/** Status of the entry at `position`, as the status entry under the checkpoint covers it. */
export const StatusPart = Type.Object(
  {
    value: Type.Optional(Type.String({ description: 'RFC 8785 form of the status; absent: live' })),
    bitmap: STATUS_BITMAP,
    siblings: HASHES,
    entry: ENTRY_TEXT,
    inclusion: HASHES,
  },
  closed,
);
export type StatusPart = Static<typeof StatusPart>;

/** The event by which the chain took the checkpoint, proved against a block header. Bytes are lower-case hex. */
export const AnchorProof = Type.Object(
  {
    chainId: Type.Integer({ minimum: 1, maximum: Number.MAX_SAFE_INTEGER }),
    logAnchor: Type.String({ pattern: '^0x[0-9a-f]{40}$' }),
    header: Type.String({ pattern: HEX, description: 'RLP of the header, as the chain hashes it' }),
    receipt: Type.String({ pattern: HEX, description: 'RLP of the receipt, typed envelope included' }),
    receiptIndex: index,
    logIndex: Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER, description: 'In the receipt' }),
    proof: Type.Array(Type.String({ pattern: HEX }), {
      maxItems: MAX_PROOF,
      description: 'Trie nodes from the receipts root down',
    }),
    seals: Type.Optional(
      Type.Array(Type.String({ pattern: HEX }), {
        minItems: 1,
        maxItems: MAX_SEALED,
        description: 'RLP of sealed headers with all their seals, from the anchoring one on',
      }),
    ),
  },
  closed,
);
export type AnchorProof = Static<typeof AnchorProof>;

export const anchorProof = codec('anchor proof', AnchorProof);

/** What proves an entry, whatever it is about: everything in it is public. */
const PROOF = {
  entry: ENTRY_TEXT,
  position: Type.Integer({ minimum: 0, maximum: LARGEST_POSITION }),
  inclusion: HASHES,
  status: StatusPart,
  checkpoint: Type.String({ description: 'C2SP signed note with one signature' }),
  signer: Type.Object(
    {
      key: Type.String({ pattern: '^[A-Za-z0-9_-]{42}[AEIMQUYcgkosw048]$', description: 'Ed25519, base64url' }),
      member: Type.String({ pattern: '^0x[0-9a-f]{64}$' }),
    },
    closed,
  ),
  anchor: Type.Optional(AnchorProof),
};

/** Members of a bundle that tell what it is about. */
const RECORD = {
  type: Type.Literal('xinlian/bundle/v1'),
  payload: Type.String({ description: "RFC 8785 form of the record's payload" }),
  disclosures: Type.Array(Type.String({ pattern: '^[A-Za-z0-9_-]+$' }), { maxItems: MOST_CLAIMS }),
};
const RECEIPT = {
  type: Type.Literal('xinlian/receipt-bundle/v1'),
  opening: Type.String({ description: 'RFC 8785 form of the opening of a receipt, or of the note of a query' }),
};

/** Proves a record. */
export const Bundle = Type.Object({ ...RECORD, ...PROOF }, closed);
export type Bundle = Static<typeof Bundle>;

/** Proves an access, or that it was asked for. */
export const ReceiptBundle = Type.Object({ ...RECEIPT, ...PROOF }, closed);
export type ReceiptBundle = Static<typeof ReceiptBundle>;

export type AnyBundle = Bundle | ReceiptBundle;

/** What a bundle is about, with its entry: what a proof in another form has beside it. */
export type BundleContent =
  Pick<Bundle, keyof typeof RECORD | 'entry'> | Pick<ReceiptBundle, keyof typeof RECEIPT | 'entry'>;

/** The proof of an entry, as its log's node makes it for anyone, with the lines of who cosigned the checkpoint. */
export const EntryProof = Type.Object({ ...PROOF, cosignatures: Type.Optional(Type.String()) }, closed);
export type EntryProof = Static<typeof EntryProof>;

export const entryProof = codec('entry proof', EntryProof);

const records = codec('bundle', Bundle);
const receipts = codec('bundle', ReceiptBundle);
const recordContent = codec('bundle', Type.Object({ ...RECORD, entry: ENTRY_TEXT }, closed));
const receiptContent = codec('bundle', Type.Object({ ...RECEIPT, entry: ENTRY_TEXT }, closed));

/**
 * Reads a bundle, from text or as JSON parsed already. Strict: unknown members, repeated members and other spellings of
 * bytes and numbers are refused. Proves nothing. Throws `MALFORMED`, or `TOO_LARGE` over a million characters.
 */
export function parseBundle(json: unknown): AnyBundle {
  return parseStrictly(json, (value) => (isReceipt(value) ? receipts.check(value) : records.check(value)));
}

/** As `parseBundle`, of the content alone. */
export function parseBundleContent(json: unknown): BundleContent {
  return parseStrictly(json, (value) => (isReceipt(value) ? receiptContent.check(value) : recordContent.check(value)));
}

function isReceipt(value: unknown): boolean {
  return typeof value === 'object' && value !== null && 'type' in value && value.type === RECEIPT.type.const;
}

function parseStrictly<T>(json: unknown, check: (value: unknown) => T): T {
  if (typeof json !== 'string') {
    // What JSON cannot hold never came from a bundle.
    canonicalize(json as JsonValue);
    return check(json);
  }
  if (json.length > MAX_BUNDLE_LENGTH) {
    throw new XinlianError('TOO_LARGE', { what: 'bundle', limit: MAX_BUNDLE_LENGTH, got: json.length });
  }
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch (cause) {
    throw new XinlianError('MALFORMED', { what: 'bundle', wanted: 'JSON', got: json.slice(0, 120) }, { cause });
  }
  const checked = check(value);
  if (compact(json) !== JSON.stringify(checked)) malformed('bundle', 'every member once', 'a member twice');
  return checked;
}

/** The part of a bundle that tells what it is about. */
export function contentOf(bundle: AnyBundle): BundleContent {
  return 'opening' in bundle
    ? { type: bundle.type, opening: bundle.opening, entry: bundle.entry }
    : { type: bundle.type, payload: bundle.payload, disclosures: bundle.disclosures, entry: bundle.entry };
}

/**
 * The same content under another proof: of a pending bundle, a final one.
 * Throws `PROOF_INVALID` (entry) where the proof is of another entry.
 */
export function upgradeBundle<B extends AnyBundle>(bundle: B, newest: EntryProof): B {
  const { cosignatures: _, ...proof } = newest;
  if (proof.entry !== bundle.entry || proof.position !== bundle.position) {
    const reason = 'the proof is of another entry';
    const [wanted, got] = [bundle, proof].map(({ position, entry }) => `${entry} at ${position}`);
    throw new XinlianError('PROOF_INVALID', { link: 'entry', reason, wanted: wanted ?? '', got: got ?? '' });
  }
  const { anchor: _old, ...kept } = bundle;
  return { ...kept, ...proof } as unknown as B;
}

/** JSON without white space between its tokens, and with one spelling per string. */
function compact(json: string): string {
  return json.replaceAll(/("[^"\\]*(?:\\.[^"\\]*)*")|\s+/g, (_, text: string | undefined) =>
    text === undefined ? '' : JSON.stringify(JSON.parse(text)),
  );
}
