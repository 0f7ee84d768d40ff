// Sharing between agencies: the basis under which one reads `shared` records of another, the provider's approval, and
// what is said about them. docs/protocol.md, section 10.
import { Type, type Static } from 'typebox';
import { canonicalize, parseCanonicalBytes } from './canonical.ts';
import { malformed } from './errors.ts';
import { GrantCore, LINE } from './grant.ts';
import { ed25519Jwk, type JwsAlgorithm } from './jwk.ts';
import { parseJws, signJws, verifyJws, type Jws, type JwsSigner } from './jws.ts';
import { codec } from './messages/codec.ts';
import { textDigest, type ReceiptBasis } from './receipt.ts';
import { parseUscc } from './uscc.ts';

const BASIS_TYPE = 'xinlian-share-basis+jwt';
const APPROVAL_TYPE = 'xinlian-share-approval+jwt';
const QUESTION_TYPE = 'xinlian-share-question+jwt';

const closed = { additionalProperties: false };
const memberId = Type.String({ pattern: '^0x[0-9a-f]{64}$' });
const bytes32 = Type.String({ pattern: '^[A-Za-z0-9_-]{42}[AEIMQUYcgkosw048]$', description: '32 bytes, base64url' });
const seconds = Type.Integer({ minimum: 0, description: 'Seconds since 1970' });
const { suite, salt, subject, items, matter, from, to, policy } = GrantCore.properties;
const { uscc, name } = subject.properties;
const words = Type.String({ minLength: 1, maxLength: 500, pattern: LINE });

export const BasisIdText = Type.String({ pattern: '^[A-Za-z0-9_-]{22}$', description: '16 random bytes, base64url' });

/** Why an agency may read: in place of an enterprise's grant. */
export const ShareBasis = Type.Object(
  {
    type: Type.Literal('xinlian/share-basis/v1'),
    suite,
    salt,
    iss: { ...memberId, description: 'Agency that reads 需求部门' },
    aud: { ...memberId, description: 'Agency that provides 提供部门' },
    jti: BasisIdText,
    iat: seconds,
    requester: Type.Object({ uscc, name }, closed),
    items,
    ground: Type.Object(
      { kind: Type.Enum(['statute', 'duty']), citation: { ...words, description: 'The article, or who set the duty' } },
      { ...closed, description: 'Statute or duty 依据' },
    ),
    matter: Type.Object({ code: matter, name }, { ...closed, description: 'What it is needed for 事项' }),
    subjects: Type.Optional(
      Type.Array(uscc, { minItems: 1, maxItems: 500, description: 'About whom; absent: whomever the matter concerns' }),
    ),
    from,
    to,
    secrecy: Type.Optional(
      Type.Object(
        { citation: { ...words, description: 'The law that forbids to tell the subject of the access' } },
        closed,
      ),
    ),
    policy,
  },
  closed,
);
export type ShareBasis = Static<typeof ShareBasis>;

/** The provider's word for a basis: what of it may be read. */
export const ShareApproval = Type.Object(
  {
    iss: { ...memberId, description: 'The provider' },
    aud: { ...memberId, description: 'The requester' },
    jti: BasisIdText,
    iat: seconds,
    basis: { ...bytes32, description: 'SHA-256 of the RFC 8785 form of the basis' },
    by: Type.Enum(['catalogue', 'officer'], { description: 'catalogue: all items are shared unconditionally' }),
    officer: Type.Optional(Type.String({ minLength: 1, maxLength: 64, description: 'Who decided 经办人' })),
    items: Type.Array(Type.String(), { minItems: 1, maxItems: 32, description: 'Of those of the basis' }),
    to: { ...to, description: 'No later than that of the basis' },
  },
  closed,
);
export type ShareApproval = Static<typeof ShareApproval>;

/** A basis as its requester holds it, and shows it to read. */
export const ShareDocument = Type.Object(
  {
    basis: Type.String({ maxLength: 65_536, description: 'Compact JWS by the requester' }),
    approval: Type.String({ maxLength: 16_384, description: 'Compact JWS by the provider’s checkpoint key' }),
  },
  closed,
);
export type ShareDocument = Static<typeof ShareDocument>;

/** The requester asks what became of a basis, or ends it. */
export const ShareQuestion = Type.Object(
  {
    iss: memberId,
    aud: memberId,
    jti: BasisIdText,
    iat: seconds,
    exp: seconds,
    act: Type.Enum(['state', 'end']),
    reason: Type.Optional(words),
  },
  closed,
);
export type ShareQuestion = Static<typeof ShareQuestion>;

export const ShareState = Type.Object(
  {
    basis: BasisIdText,
    state: Type.Enum(['waiting', 'approved', 'refused', 'ended', 'expired']),
    asked: seconds,
    answerWithin: Type.Object(
      {
        workingDays: Type.Integer(),
        due: Type.String({ description: 'YYYY-MM-DD' }),
        provisional: Type.Boolean({ description: 'Whether holidays on the way are not known yet' }),
        citation: Type.String(),
        unverified: Type.Boolean(),
      },
      { ...closed, description: 'By when the provider answers' },
    ),
    reason: Type.Optional(Type.String()),
    approval: Type.Optional(Type.String({ description: 'Compact JWS' })),
    ended: Type.Optional(Type.Object({ by: memberId, time: seconds }, closed)),
  },
  closed,
);
export type ShareState = Static<typeof ShareState>;

/** What the provider's officer decides. Narrower than was asked for, where items or end are given. */
export const ShareDecision = Type.Object(
  {
    basis: BasisIdText,
    outcome: Type.Enum(['approved', 'refused']),
    officer: Type.String({ minLength: 1, maxLength: 64, pattern: LINE }),
    reason: Type.Optional(words),
    items: Type.Optional(Type.Array(Type.String(), { minItems: 1, maxItems: 32 })),
    to: Type.Optional(to),
  },
  closed,
);
export type ShareDecision = Static<typeof ShareDecision>;

export const ShareEnd = Type.Object({ basis: BasisIdText, reason: Type.Optional(words) }, closed);
export type ShareEnd = Static<typeof ShareEnd>;

export const ShareListRequest = Type.Object(
  { after: Type.Optional({ ...BasisIdText, description: '`next` of the page before' }) },
  closed,
);

/** Bases as the provider's officer sees them. */
export const SharePage = Type.Object(
  {
    bases: Type.Array(
      Type.Object(
        { basis: ShareBasis, state: ShareState, text: Type.String({ description: 'In plain words' }) },
        closed,
      ),
    ),
    next: Type.Optional(BasisIdText),
  },
  closed,
);
export type SharePage = Static<typeof SharePage>;

const basisCodec = codec('share basis', ShareBasis);
const approvalCodec = codec('share approval', ShareApproval);
const questionCodec = codec('share question', ShareQuestion);
export const shareState = codec('share state', ShareState);
export const shareDecision = codec('share decision', ShareDecision);
export const shareEnd = codec('end of a share basis', ShareEnd);
export const shareListRequest = codec('share list request', ShareListRequest);
export const sharePage = codec('share bases', SharePage);

type More = { alg?: JwsAlgorithm; app?: string };

/** @param signer the requester's `client` key, or that of an application */
export function signBasis(basis: ShareBasis, signer: JwsSigner, more: More = {}): Promise<string> {
  return signJws(BASIS_TYPE, basisCodec.check(basis), signer, more);
}

/** Reads a basis; proves nothing. @returns its digest too, which names it. Throws `MALFORMED`. */
export function parseBasis(text: string): { basis: ShareBasis; digest: string; jws: Jws } {
  const jws = parseJws(text, BASIS_TYPE);
  const basis = basisCodec.check(parseCanonicalBytes(jws.payload));
  parseUscc(basis.requester.uscc);
  for (const subject of basis.subjects ?? []) parseUscc(subject);
  if (basis.to <= basis.from) malformed('term of the basis', `an end after ${basis.from}`, basis.to);
  const codes = basis.items.map(({ item }) => item);
  if (new Set(codes).size !== codes.length) malformed('items of the basis', 'each once', codes.join(', '));
  return { basis, digest: basisDigest(basis), jws };
}

/** SHA-256 of the RFC 8785 form, base64url. */
function basisDigest(basis: ShareBasis): string {
  return textDigest(canonicalize(basis));
}

/** @param signer the provider's checkpoint key */
export function signApproval(approval: ShareApproval, signer: JwsSigner): Promise<string> {
  return signJws(APPROVAL_TYPE, approvalCodec.check(approval), signer);
}

/** Reads an approval; proves nothing. Throws `MALFORMED`. */
export function parseApproval(text: string): { approval: ShareApproval; jws: Jws } {
  const jws = parseJws(text, APPROVAL_TYPE);
  return { approval: approvalCodec.decode(jws.payload), jws };
}

/** Throws `SIGNATURE_INVALID`. @param publicKey a checkpoint key of the provider, Ed25519 */
export function verifyApproval(jws: Jws, publicKey: Uint8Array, provider: string): Promise<void> {
  return verifyJws(jws, ed25519Jwk(publicKey), provider);
}

export function signShareQuestion(question: ShareQuestion, signer: JwsSigner, more: More = {}): Promise<string> {
  return signJws(QUESTION_TYPE, questionCodec.check(question), signer, more);
}

/** Reads a question; proves nothing. Throws `MALFORMED`. */
export function parseShareQuestion(text: string): { question: ShareQuestion; jws: Jws } {
  const jws = parseJws(text, QUESTION_TYPE);
  return { question: questionCodec.decode(jws.payload), jws };
}

/** What a receipt, or the note of a query, names a basis by. */
export function receiptBasis(
  { basis: { ground, matter, secrecy }, digest }: { basis: ShareBasis; digest: string },
  proofOnly: boolean | undefined,
): ReceiptBasis {
  return {
    basis: digest,
    citation: ground.citation,
    matter: matter.name,
    ...(secrecy && { hidden: secrecy.citation }),
    ...(proofOnly === true && { proofOnly }),
  };
}
