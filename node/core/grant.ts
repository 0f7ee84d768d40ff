// The grant artefact: what an enterprise allows whom, for what, how long. docs/protocol.md, section 7.
import { Type, type Static } from 'typebox';
import { sha256 } from '#sha256';
import { checksumAddress } from './account.ts';
import { toHex, utf8, type Hex } from './bytes.ts';
import { canonicalize, parseCanonical } from './canonical.ts';
import type { GrantTerms } from './consortium.ts';
import { malformed } from './errors.ts';
import { memberIdOf, parseMemberId } from './ids.ts';
import { codec } from './messages/codec.ts';
import type { TypedData } from './subject-signer.ts';
import { typedDataDigest, type TypedDataDomain, type TypedDataTypes } from './typed-data.ts';
import { parseUscc } from './uscc.ts';

const closed = { additionalProperties: false };
const seconds = Type.Integer({ minimum: 0, maximum: 2 ** 32 - 1, description: 'Seconds since 1970' });
const memberId = Type.String({ pattern: '^0x[0-9a-f]{64}$' });
const uscc = Type.String({ pattern: '^[0-9A-HJ-NPQRTUWXY]{18}$' });
/** Words that stand in a line of the text that is signed: a break, or a mark that turns its order, would forge other lines. */
export const LINE = '^[^\\p{Cc}\\p{Cf}\\p{Zl}\\p{Zp}]*$';
const name = Type.String({ minLength: 1, maxLength: 200, pattern: LINE });
const code = Type.String({ pattern: '^[A-Za-z0-9][A-Za-z0-9._:/@+-]{0,63}$' });

/** Most items of a grant. */
const MOST_ITEMS = 32;

/** A grant without the words that its signer reads; `policy/grant-rules.ts` writes those. */
const core = {
  type: Type.Literal('xinlian/grant/v1'),
  suite: Type.Literal('intl-1'),
  salt: Type.String({ pattern: '^[A-Za-z0-9_-]{42}[AEIMQUYcgkosw048]$', description: '32 random bytes, base64url' }),
  subject: Type.Object({ uscc, name }, { ...closed, description: 'Who grants 授权人' }),
  grantee: Type.Object({ member: memberId, uscc, name }, { ...closed, description: 'Who may read 被授权人' }),
  items: Type.Array(
    Type.Object(
      { item: code, months: Type.Integer({ minimum: 1, maximum: 240, description: 'How far back, from the query' }) },
      closed,
    ),
    { minItems: 1, maxItems: MOST_ITEMS, description: 'Catalogue items; there is no wildcard' },
  ),
  regions: Type.Array(Type.String({ pattern: '^\\d{6}$' }), {
    minItems: 1,
    maxItems: MOST_ITEMS,
    description: 'Regions (GB/T 2260) whose agencies may answer',
  }),
  purpose: code,
  matter: Type.String({ minLength: 1, maxLength: 64, pattern: LINE, description: 'Number of the case or contract' }),
  uses: Type.Integer({ minimum: 0, maximum: 65535, description: 'Queries that it serves; 0: any number in its term' }),
  from: seconds,
  to: seconds,
  retentionDays: Type.Integer({
    minimum: 0,
    maximum: 36500,
    description: 'How long the grantee may keep what it read',
  }),
  onward: Type.Literal(false, { description: 'Nothing is passed on' }),
  automated: Type.String({
    maxLength: 500,
    pattern: LINE,
    description: 'Decisions made by machine, in words; empty: none',
  }),
  withdrawal: Type.String({
    minLength: 1,
    maxLength: 500,
    pattern: LINE,
    description: 'How it is withdrawn, in words',
  }),
  key: Type.String({ pattern: '^0x[0-9a-f]{40}$', description: 'Address of the grant key' }),
  policy: code,
};

export const GrantCore = Type.Object(core, closed);
export type GrantCore = Static<typeof GrantCore>;

export const GrantArtefact = Type.Object(
  { ...core, text: Type.String({ minLength: 1, maxLength: 8000, description: 'The grant in plain words, as signed' }) },
  closed,
);
export type GrantArtefact = Static<typeof GrantArtefact>;

/** A grant as the grantee holds it, and shows it to who is asked for records. */
export const GrantDocument = Type.Object(
  {
    artefact: Type.String({ maxLength: 65_536, description: 'RFC 8785 form of the artefact' }),
    consent: Type.String({
      pattern: '^0x[0-9a-f]{130}$',
      description: 'EIP-712 signature of GrantConsent by the key that the certificate names',
    }),
    certificate: Type.String({ maxLength: 8192, description: 'Compact JWS: whose key that is' }),
  },
  closed,
);
export type GrantDocument = Static<typeof GrantDocument>;

const artefactCodec = codec('grant artefact', GrantArtefact);
export const grantDocument = codec('grant document', GrantDocument);

/** What the enterprise signs: the words that it read, and the artefact that they are of. */
export const GRANT_CONSENT_TYPES = {
  GrantConsent: [
    { name: 'text', type: 'string' },
    { name: 'artefact', type: 'bytes32' },
  ],
} satisfies TypedDataTypes;

export interface ReadGrant {
  artefact: GrantArtefact;
  terms: GrantTerms;
}

/** The RFC 8785 form. Throws `MALFORMED`. */
export function encodeArtefact(artefact: GrantArtefact): string {
  const text = canonicalize(artefact);
  parseArtefact(text);
  return text;
}

/** Strict: canonical, no other members, codes and terms that can be. Throws `MALFORMED`. */
export function parseArtefact(text: string): ReadGrant {
  const artefact = artefactCodec.check(parseCanonical(text));
  checkGrant(artefact);
  return { artefact, terms: termsOf(artefact, text) };
}

/** What no schema says of a grant, made or asked for. Throws `MALFORMED`. */
export function checkGrant(grant: Pick<GrantCore, 'subject' | 'grantee' | 'items' | 'from' | 'to'>): void {
  const { subject, grantee, from, to } = grant;
  parseUscc(subject.uscc);
  // The signer reads name and code, the chain knows the id: they must be of one body.
  const member = memberIdOf(parseUscc(grantee.uscc));
  if (grantee.member !== member) malformed('grantee', `${member}, whose code is ${grantee.uscc}`, grantee.member);
  if (to <= from) malformed('grant term', `an end after ${from}`, to);
  const items = grant.items.map(({ item }) => item);
  if (new Set(items).size !== items.length) malformed('grant items', 'each once', items.join(', '));
}

function termsOf({ grantee, from, to, uses, key }: GrantArtefact, text: string): GrantTerms {
  return {
    artefact: toHex(sha256(utf8(text))),
    key: checksumAddress(key),
    grantee: parseMemberId(grantee.member),
    validFrom: from,
    validTo: to,
    uses,
  };
}

/** What a consent signs. @param domain that of the GrantRegistry */
export function consentData(
  domain: TypedDataDomain,
  { artefact: { text }, terms: { artefact } }: ReadGrant,
): TypedData {
  return { domain, types: GRANT_CONSENT_TYPES, message: { text, artefact } };
}

export function consentDigest(domain: TypedDataDomain, grant: ReadGrant): Hex {
  const { types, message } = consentData(domain, grant);
  return typedDataDigest(domain, types, message);
}
