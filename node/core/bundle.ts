// The proof bundle: one document that proves a record offline. docs/protocol.md, section 4. `verify-bundle.ts` checks it.
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
  },
  closed,
);
export type AnchorProof = Static<typeof AnchorProof>;

export const Bundle = Type.Object(
  {
    type: Type.Literal('xinlian/bundle/v1'),
    payload: Type.String({ description: "RFC 8785 form of the record's payload" }),
    disclosures: Type.Array(Type.String({ pattern: '^[A-Za-z0-9_-]+$' }), { maxItems: MOST_CLAIMS }),
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
  },
  closed,
);
export type Bundle = Static<typeof Bundle>;

export const bundle = codec('bundle', Bundle);

/**
 * Reads a bundle, from text or as JSON parsed already. Strict: unknown members, repeated members and other spellings of
 * bytes and numbers are refused. Proves nothing. Throws `MALFORMED`, or `TOO_LARGE` over a million characters.
 */
export function parseBundle(json: unknown): Bundle {
  if (typeof json !== 'string') {
    // What JSON cannot hold never came from a bundle.
    canonicalize(json as JsonValue);
    return bundle.check(json);
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
  const checked = bundle.check(value);
  if (compact(json) !== JSON.stringify(checked)) malformed('bundle', 'every member once', 'a member twice');
  return checked;
}

/** JSON without white space between its tokens, and with one spelling per string. */
function compact(json: string): string {
  return json.replaceAll(/("[^"\\]*(?:\\.[^"\\]*)*")|\s+/g, (_, text: string | undefined) =>
    text === undefined ? '' : JSON.stringify(JSON.parse(text)),
  );
}
