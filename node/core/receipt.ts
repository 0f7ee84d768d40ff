// The receipt of an access: one salted commitment in the provider's log (and one of the query in the grantee's), whose
// opening goes to the subject, the grantee and auditors. docs/protocol.md, section 8.
import { Type, type Static } from 'typebox';
import { sha256 } from '#sha256';
import { toBase64Url, utf8 } from './bytes.ts';
import { canonicalize } from './canonical.ts';
import { codec } from './messages/codec.ts';

const closed = { additionalProperties: false };
const bytes32 = Type.String({ pattern: '^[A-Za-z0-9_-]{42}[AEIMQUYcgkosw048]$', description: '32 bytes, base64url' });
const memberId = Type.String({ pattern: '^0x[0-9a-f]{64}$' });

/** The basis under which an agency read, in place of a grant. */
export const ReceiptBasis = Type.Object(
  {
    basis: { ...bytes32, description: 'SHA-256 of the RFC 8785 form of the basis' },
    citation: Type.String({ description: 'Statute or duty' }),
    matter: Type.String(),
    hidden: Type.Optional(Type.String({ description: 'The law that forbids to tell the subject' })),
    proofOnly: Type.Optional(Type.Boolean({ description: 'The records travelled another way' })),
  },
  closed,
);
export type ReceiptBasis = Static<typeof ReceiptBasis>;

/** What both kinds of opening have. */
const shared = {
  salt: bytes32,
  grantee: memberId,
  grant: Type.Optional(Type.String({ pattern: '^0x[0-9a-f]{64}$', description: 'Absent under a share basis' })),
  basis: Type.Optional(ReceiptBasis),
  query: { ...bytes32, description: 'Query id' },
  subject: Type.String({ description: 'USCC' }),
  purpose: Type.String(),
  items: Type.Array(Type.String()),
  time: Type.Integer({ minimum: 0, description: 'Own clock, seconds since 1970' }),
};

export const Receipt = Type.Object(
  {
    type: Type.Literal('xinlian/receipt/v1'),
    ...shared,
    provider: memberId,
    request: { ...bytes32, description: 'SHA-256 of the query as it was signed' },
    outcome: Type.Enum(['answered', 'refused']),
    reason: Type.Optional(Type.String({ description: 'Why it was refused: a code' })),
    records: Type.Array(Type.Integer({ minimum: 0 }), { description: 'Log positions of what was shown' }),
    event: Type.Optional(
      Type.Integer({ minimum: 0, description: 'Where it answers no query: number of the event of its subscription' }),
    ),
    list: Type.Optional(
      Type.Object(
        { id: Type.String(), edition: Type.Integer({ minimum: 1 }), name: Type.String() },
        { ...closed, description: 'Where nobody asked: the white list that the enterprise was judged for' },
      ),
    ),
    answer: { ...bytes32, description: 'SHA-256 of the answer’s body' },
    level: Type.Optional(Type.String({ description: 'Level of the consent, where the grant was read so far' })),
    head: Type.Object(
      { number: Type.Integer({ minimum: 0 }), time: Type.Integer({ minimum: 0 }) },
      { ...closed, description: 'Block that it was judged at' },
    ),
  },
  closed,
);
export type Receipt = Static<typeof Receipt>;

/** The grantee's own line for a query that it sends. */
export const QueryNote = Type.Object(
  {
    type: Type.Literal('xinlian/query-note/v1'),
    ...shared,
    requests: Type.Array(Type.Object({ provider: memberId, request: bytes32 }, closed), {
      description: 'Whom it asked, with the SHA-256 of each query as it was signed',
    }),
  },
  closed,
);
export type QueryNote = Static<typeof QueryNote>;

export const receipt = codec('receipt', Receipt);
export const queryNote = codec('query note', QueryNote);

/** SHA-256 of the RFC 8785 form of an opening: what stands in the log. 32 bytes. */
export function openingCommitment(opening: Receipt | QueryNote): Uint8Array {
  return sha256(utf8(canonicalize(opening)));
}

/** SHA-256 of a text's UTF-8 form, base64url: of a query as signed, of an answer's body. */
export function textDigest(text: string): string {
  return toBase64Url(sha256(utf8(text)));
}
