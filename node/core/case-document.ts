// Documents of recognition: what the digests on the chain stand for. Every one has a salt of its own, so that nobody finds
// by trial what it says. docs/recognition.md.
import { Type, type Static } from 'typebox';
import { sha256 } from '#sha256';
import { toHex, utf8, type Hex } from './bytes.ts';
import { canonicalize, parseCanonical, type JsonValue } from './canonical.ts';
import { AgreementContent } from './agreement-content.ts';
import { PointResult, POINTS } from './eight-points.ts';
import { codec } from './messages/codec.ts';

/** Longest document that is carried, in characters: two of them go into one sealed call. */
export const MOST_DOCUMENT = 800_000;

export const CaseDocument = Type.Object(
  {
    type: Type.Literal('xinlian/recognition-document/v1'),
    suite: Type.Literal('intl-1'),
    salt: Type.String({ pattern: '^[A-Za-z0-9_-]{42}[AEIMQUYcgkosw048]$', description: '32 random bytes, base64url' }),
    kind: Type.Enum(['agreement', 'notice', 'report', 'step'], { description: 'What it is a document of' }),
    number: Type.String({ minLength: 1, maxLength: 64, description: 'Number of the document 文号' }),
    text: Type.String({
      minLength: 1,
      maxLength: 700_000,
      description: 'What it says: for a step, facts and reasons; for a report, its SD-JWT',
    }),
    content: Type.Optional(AgreementContent),
    entry: Type.Optional(
      Type.Object(
        { log: Type.String({ pattern: '^0x[0-9a-f]{64}$' }), position: Type.Integer({ minimum: 0 }) },
        { additionalProperties: false, description: 'Line of a report in the log of who made it' },
      ),
    ),
    request: Type.Optional(
      Type.Object(
        {
          purpose: Type.String({ minLength: 1, maxLength: 64, description: 'A code of the agreement' }),
          grants: Type.Array(Type.String({ maxLength: 40_000 }), {
            maxItems: 10,
            description: 'Artefacts of the grants that its authorised lines were read under, RFC 8785',
          }),
        },
        { additionalProperties: false, description: 'Of the first step' },
      ),
    ),
    points: Type.Optional(
      Type.Array(PointResult, { maxItems: POINTS.length, description: 'The eight-point test, as it was then' }),
    ),
    calendar: Type.Optional(
      Type.Object(
        { edition: Type.String(), days: Type.Integer({ minimum: 0 }), provisional: Type.Boolean() },
        { additionalProperties: false, description: 'By which working days its due date was counted' },
      ),
    ),
  },
  { additionalProperties: false },
);
export type CaseDocument = Static<typeof CaseDocument>;

const documentCodec = codec('document of recognition', CaseDocument);

/** The RFC 8785 form, with a new salt. Throws `MALFORMED`. @param salt 32 random bytes, base64url */
export function makeDocument(document: Omit<CaseDocument, 'type' | 'suite'>): string {
  const whole = documentCodec.check({ type: 'xinlian/recognition-document/v1', suite: 'intl-1', ...document });
  return canonicalize(whole as JsonValue);
}

/** Strict: canonical, salted, no other members. Throws `MALFORMED`. */
export function parseDocument(text: string): CaseDocument {
  return documentCodec.check(parseCanonical(text));
}

/** SHA-256 of the UTF-8 form: what stands on the chain. */
export function documentDigest(text: string): Hex {
  return toHex(sha256(utf8(text)));
}
