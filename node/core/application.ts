// Keys of a member's applications: a certificate that the member's registered `client` key signs, so that a bank's program
// has a key of its own, of the kind that its platform has, that ends by itself and can be replaced.
import { Type, type Static } from 'typebox';
import { malformed, XinlianError } from './errors.ts';
import { ed25519Jwk, parsePublicJwk, PublicJwk } from './jwk.ts';
import { parseJws, signJws, verifyJws, type Jws, type JwsSigner } from './jws.ts';
import { codec } from './messages/codec.ts';

const TYPE = 'xinlian-app+jwt';

/** Longest life of an application's certificate, in seconds: 400 days. */
export const APPLICATION_SECONDS = 400 * 86_400;

export const ApplicationCertificate = Type.Object(
  {
    iss: Type.String({ pattern: '^0x[0-9a-f]{64}$', description: 'Member whose application it is' }),
    sub: Type.String({ pattern: '^[A-Za-z0-9._-]{1,64}$', description: 'Name of the application' }),
    iat: Type.Integer({ minimum: 0 }),
    exp: Type.Integer({ minimum: 0 }),
    scope: Type.String({ maxLength: 500, description: 'What it may ask of a gateway, divided by spaces' }),
    jwk: PublicJwk,
  },
  { additionalProperties: false },
);
export type ApplicationCertificate = Static<typeof ApplicationCertificate>;

const applicationCodec = codec('application certificate', ApplicationCertificate);

/** @param signer the member's `client` key */
export function signApplication(certificate: ApplicationCertificate, signer: JwsSigner): Promise<string> {
  return signJws(TYPE, applicationCodec.check(certificate), signer);
}

export interface Signed {
  /** Who signed: a member, or an application of its. */
  member: string;
  application?: ApplicationCertificate;
}

/**
 * Verifies a statement that a member signed, by its `client` key or by an application that this key certified.
 * @param issuer who the statement says it is of
 * @param clientKey the member's current `client` key, Ed25519; undefined where it has none
 * @throws SIGNATURE_INVALID, MALFORMED, UNAUTHENTICATED
 */
export async function verifyMemberStatement(
  jws: Jws,
  issuer: string,
  clientKey: Uint8Array | undefined,
  nowSeconds: number,
): Promise<Signed> {
  if (!clientKey) throw new XinlianError('UNAUTHENTICATED', { reason: `member ${issuer} has no client key` });
  const { app } = jws.header;
  if (app === undefined) {
    await verifyJws(jws, ed25519Jwk(clientKey), issuer);
    return { member: issuer };
  }
  const application = await verifyApplication(app, issuer, clientKey, nowSeconds);
  await verifyJws(jws, application.jwk, `${issuer}, ${application.sub}`);
  return { member: issuer, application };
}

/**
 * Verifies the certificate of an application.
 * @throws SIGNATURE_INVALID, MALFORMED, UNAUTHENTICATED
 */
export async function verifyApplication(
  text: string,
  issuer: string,
  clientKey: Uint8Array,
  nowSeconds: number,
): Promise<ApplicationCertificate> {
  const jws = parseJws(text, TYPE);
  const certificate = applicationCodec.decode(jws.payload);
  if (certificate.iss !== issuer) malformed('application certificate', `one of member ${issuer}`, certificate.iss);
  parsePublicJwk(certificate.jwk);
  await verifyJws(jws, ed25519Jwk(clientKey), issuer);
  const { iat, exp } = certificate;
  if (exp <= nowSeconds || iat > nowSeconds + 60 || exp - iat > APPLICATION_SECONDS) {
    const reason = `application ${certificate.sub} is certified from ${iat} to ${exp}, now is ${nowSeconds}`;
    throw new XinlianError('UNAUTHENTICATED', { reason });
  }
  return certificate;
}
