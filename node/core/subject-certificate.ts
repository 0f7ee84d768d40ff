// Whose key it is: a member that identifies enterprises certifies, off the chain, the key that consents in an
// enterprise's name. docs/protocol.md, section 7.
import { Type, type Static } from 'typebox';
import { fromBase64Url } from './bytes.ts';
import { codec } from './messages/codec.ts';
import { ed25519Jwk, p256Jwk } from './jwk.ts';
import { parseJws, signJws, verifyJws, type Jws, type JwsSigner } from './jws.ts';
import { parseUscc } from './uscc.ts';

const TYPE = 'xinlian-subject+jwt';

const closed = { additionalProperties: false };
const bytes32 = '^[A-Za-z0-9_-]{42}[AEIMQUYcgkosw048]$';

/**
 * How sure the consent is: A, the enterprise's own key; B, an electronic licence, a licensed CA's signature or an e-seal
 * over the plain words; C, sealed paper, scanned and attested by a named officer. For B and C a custodian's key signs just
 * the grant that the evidence names.
 */
export const CONSENT_LEVELS = ['C', 'B', 'A'] as const;
export type ConsentLevel = (typeof CONSENT_LEVELS)[number];

/** Whether a level is at least another. */
export function levelReaches(level: ConsentLevel, least: ConsentLevel): boolean {
  return CONSENT_LEVELS.indexOf(level) >= CONSENT_LEVELS.indexOf(least);
}

export const Evidence = Type.Object(
  {
    kind: Type.Enum(['e-licence', 'ca-signature', 'e-seal', 'sealed-paper', 'court-decision', 'registry-notice']),
    digest: Type.String({ pattern: bytes32, description: 'SHA-256 of the evidence, base64url' }),
    provider: Type.Optional(Type.String({ maxLength: 200, description: 'Who issued the means of signing' })),
    officer: Type.Optional(Type.String({ maxLength: 64, description: 'Who attests the paper; level C' })),
  },
  closed,
);
export type Evidence = Static<typeof Evidence>;

export const SubjectCertificate = Type.Object(
  {
    iss: Type.String({ pattern: '^0x[0-9a-f]{64}$', description: 'Member that identified the enterprise' }),
    jti: Type.String({ pattern: '^[A-Za-z0-9_-]{22}$', description: '16 random bytes' }),
    iat: Type.Integer({ minimum: 0 }),
    exp: Type.Integer({ minimum: 0 }),
    sub: Type.String({ pattern: '^[0-9A-HJ-NPQRTUWXY]{18}$', description: 'USCC of the enterprise' }),
    name: Type.String({ minLength: 1, maxLength: 200 }),
    capacity: Type.Enum(['legal-representative', 'agent', 'bankruptcy-administrator', 'custodian'], {
      description: 'In what capacity the holder of the key acts',
    }),
    level: Type.Enum([...CONSENT_LEVELS]),
    key: Type.String({ pattern: '^0x[0-9a-f]{40}$', description: 'Account that consents' }),
    seal: Type.Optional(
      Type.String({ pattern: '^[A-Za-z0-9_-]{44}$', description: 'P-256 point that the enterprise reads with' }),
    ),
    grant: Type.Optional(
      Type.String({ pattern: '^0x[0-9a-f]{64}$', description: 'Digest of the one artefact that the key may sign' }),
    ),
    evidence: Type.Optional(Evidence),
  },
  closed,
);
export type SubjectCertificate = Static<typeof SubjectCertificate>;

const certificateCodec = codec('subject certificate', SubjectCertificate);

/** @param signer the identification member's checkpoint key */
export function signCertificate(certificate: SubjectCertificate, signer: JwsSigner): Promise<string> {
  return signJws(TYPE, certificateCodec.check(certificate), signer);
}

/** Reads a certificate; proves nothing. Throws `MALFORMED`. */
export function parseCertificate(text: string): { certificate: SubjectCertificate; jws: Jws } {
  const jws = parseJws(text, TYPE);
  const certificate = certificateCodec.decode(jws.payload);
  parseUscc(certificate.sub);
  if (certificate.seal !== undefined) p256Jwk(fromBase64Url(certificate.seal, 33));
  return { certificate, jws };
}

/** Throws `SIGNATURE_INVALID`. @param publicKey a checkpoint key of the issuer, Ed25519 */
export function verifyCertificate(jws: Jws, publicKey: Uint8Array, issuer: string): Promise<void> {
  return verifyJws(jws, ed25519Jwk(publicKey), issuer);
}
