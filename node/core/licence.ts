// Consent by an electronic licence 电子营业执照: what its service says of an enterprise that confirmed plain words, and how a
// member that identifies enterprises runs it. docs/protocol.md, section 9.
import { Type, type Static } from 'typebox';
import { GrantCore } from './grant.ts';
import { WantedGrant } from './grant-request.ts';
import { ed25519Jwk } from './jwk.ts';
import { parseJws, signJws, verifyJws, type Jws, type JwsSigner } from './jws.ts';
import { codec } from './messages/codec.ts';

const TYPE = 'xinlian-licence-evidence+jwt';

const closed = { additionalProperties: false };
const seconds = Type.Integer({ minimum: 0 });
const bytes32 = Type.String({ pattern: '^[A-Za-z0-9_-]{42}[AEIMQUYcgkosw048]$', description: '32 bytes, base64url' });
const { uscc } = GrantCore.properties.subject.properties;
const session = Type.String({ pattern: '^[A-Za-z0-9_-]{22}$', description: '16 random bytes, base64url' });

/** What the service signs when the holder of a licence has confirmed the words that it showed. */
export const LicenceEvidence = Type.Object(
  {
    jti: Type.String({ minLength: 1, maxLength: 64, description: 'Session at the service' }),
    iat: seconds,
    sub: uscc,
    text: { ...bytes32, description: 'SHA-256 of the words, UTF-8' },
  },
  closed,
);
export type LicenceEvidence = Static<typeof LicenceEvidence>;

/** What is to be confirmed: a grant; or the end of one that was made so. */
export const LicenceRequest = Type.Union([
  Type.Object({ wanted: WantedGrant }, closed),
  Type.Object({ withdraw: session }, closed),
]);
export type LicenceRequest = Static<typeof LicenceRequest>;

export const LicenceRef = Type.Object({ session }, closed);

export const LicenceState = Type.Object(
  {
    session,
    state: Type.Enum(['waiting', 'confirmed', 'refused', 'expired']),
    qr: Type.String({ description: 'What the QR code says that the enterprise scans' }),
    text: Type.String({ description: 'The words that it confirms' }),
    grant: Type.Optional(Type.String()),
    document: Type.Optional(Type.String({ description: 'Grant document, JSON: for the grantee' })),
  },
  closed,
);
export type LicenceState = Static<typeof LicenceState>;

const evidenceCodec = codec('licence evidence', LicenceEvidence);
export const licenceRequest = codec('licence request', LicenceRequest);
export const licenceRef = codec('licence reference', LicenceRef);
export const licenceState = codec('licence state', LicenceState);

/** @param signer the service's key */
export function signLicenceEvidence(evidence: LicenceEvidence, signer: JwsSigner): Promise<string> {
  return signJws(TYPE, evidenceCodec.check(evidence), signer);
}

/** Reads evidence; proves nothing. Throws `MALFORMED`. */
export function parseLicenceEvidence(text: string): { evidence: LicenceEvidence; jws: Jws } {
  const jws = parseJws(text, TYPE);
  return { evidence: evidenceCodec.decode(jws.payload), jws };
}

/** Throws `SIGNATURE_INVALID`. @param publicKey the service's, Ed25519 */
export function verifyLicenceEvidence(jws: Jws, publicKey: Uint8Array): Promise<void> {
  return verifyJws(jws, ed25519Jwk(publicKey), 'the licence service');
}
