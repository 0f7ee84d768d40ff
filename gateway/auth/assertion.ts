// Who asks for a token: private_key_jwt (RFC 7523, section 3), under the member's key on the chain.
import { createPublicKey } from 'node:crypto';
import { decodeJwt, decodeProtectedHeader, errors, jwtVerify, type JWTPayload } from 'jose';
import { verifyApplication, type ApplicationCertificate } from '../../node/core/application.ts';
import { algorithmOf, ed25519Jwk, type PublicJwk } from '../../node/core/jwk.ts';
import { parseMemberId, type MemberId } from '../../node/core/ids.ts';
import { XinlianError } from '../../node/core/errors.ts';
import type { Clock, Members } from '../ports.ts';
import { OAuthError } from './oauth-error.ts';
import { ReplayCache } from './replay-cache.ts';

/** Longest life of an assertion, in seconds. */
const MAX_LIFE = 300;

/** What two clocks may differ by, in seconds. */
const SKEW = 30;

const MAX_JTI = 128;

/** Assertions of one member that are remembered at the same time. */
const MAX_REMEMBERED = 4_096;

export interface Asserted {
  member: MemberId;
  clientKey: Uint8Array;
  /** All that the application may ask for; absent: it is the member itself that asks. */
  scopes?: readonly string[];
}

export class AssertionVerifier {
  readonly #audiences: string[];
  readonly #members: Members;
  readonly #clock: Clock;
  readonly #replays = new ReplayCache(MAX_REMEMBERED);
  readonly #startedAt: number;

  constructor(options: { audiences: readonly string[] }, { members, clock }: { members: Members; clock: Clock }) {
    this.#audiences = [...options.audiences];
    this.#members = members;
    this.#clock = clock;
    this.#startedAt = Math.floor(clock.now() / 1000);
  }

  /** @throws OAuthError `invalid_client` */
  async verify(assertion: string): Promise<Asserted> {
    const member = issuerOf(assertion);
    const clientKey = this.#members.currentKey(member, 'client');
    if (!clientKey || !this.#members.isEntitledNow(member)) {
      return refuse('no active member with a client key has this issuer');
    }
    const application = await this.#application(assertion, member, clientKey);
    const claims = await this.#checked(assertion, member, application?.jwk ?? ed25519Jwk(clientKey));
    this.#checkTimes(claims);
    this.#useOnce(member, claims);
    return { member, clientKey, ...(application && { scopes: application.scope.split(' ') }) };
  }

  /** The application whose key signs, where the header has its certificate: its key and no other may sign then. */
  async #application(
    assertion: string,
    member: MemberId,
    clientKey: Uint8Array,
  ): Promise<ApplicationCertificate | undefined> {
    const { app } = headerOf(assertion);
    if (app === undefined) return undefined;
    if (typeof app !== 'string') return refuse('app in the header must be the certificate of the application');
    try {
      return await verifyApplication(app, member, clientKey, this.#clock.now() / 1000);
    } catch (error) {
      if (!XinlianError.is(error)) throw error;
      return refuse(`the certificate of the application does not hold: ${error.message}`);
    }
  }

  async #checked(assertion: string, member: MemberId, key: PublicJwk): Promise<JWTPayload> {
    try {
      const { payload } = await jwtVerify(assertion, createPublicKey({ key, format: 'jwk' }), {
        algorithms: key.kty === 'OKP' ? ['EdDSA', 'Ed25519'] : [algorithmOf(key)],
        issuer: member,
        subject: member,
        audience: this.#audiences,
        requiredClaims: ['exp', 'iat', 'jti'],
        clockTolerance: SKEW,
        currentDate: new Date(this.#clock.now()),
      });
      return payload;
    } catch (error) {
      if (!(error instanceof errors.JOSEError)) throw error;
      return refuse(reasonOf(error));
    }
  }

  #checkTimes({ exp = 0, iat = 0 }: JWTPayload): void {
    const now = this.#clock.now() / 1000;
    if (exp > now + MAX_LIFE + SKEW) refuse(`exp must be at most ${MAX_LIFE} s ahead`);
    if (iat > now + SKEW) refuse('iat is in the future');
    // What was used before the start is not remembered: an assertion of that time could be a replay.
    if (iat < this.#startedAt) refuse('iat is before the start of this gateway: sign a fresh assertion');
  }

  #useOnce(member: MemberId, { jti = '', exp = 0 }: JWTPayload): void {
    if (jti.length === 0 || jti.length > MAX_JTI) refuse(`jti must have 1 to ${MAX_JTI} characters`);
    const outcome = this.#replays.use(member, jti, exp + SKEW, this.#clock.now() / 1000);
    if (outcome === 'replayed') refuse('jti was used before');
    if (outcome === 'full') {
      throw new XinlianError('RATE_LIMITED', { limit: MAX_REMEMBERED, windowSeconds: MAX_LIFE, retryAfterSeconds: 60 });
    }
  }
}

function headerOf(assertion: string): Record<string, unknown> {
  try {
    return decodeProtectedHeader(assertion);
  } catch {
    return refuse('the assertion is not a JWT');
  }
}

function issuerOf(assertion: string): MemberId {
  try {
    return parseMemberId(decodeJwt(assertion).iss ?? '');
  } catch (error) {
    if (error instanceof errors.JOSEError) return refuse('the assertion is not a JWT');
    if (XinlianError.is(error, 'MALFORMED')) return refuse('iss must be a member id');
    throw error;
  }
}

function refuse(description: string): never {
  throw new OAuthError('invalid_client', description);
}

function reasonOf(error: InstanceType<typeof errors.JOSEError>): string {
  if (error instanceof errors.JWTExpired) return 'the assertion has expired';
  if (error instanceof errors.JWTClaimValidationFailed) return `${error.claim} is missing or not what it must be`;
  if (error instanceof errors.JOSEAlgNotAllowed) return 'alg must be that of the key: EdDSA, ES256 or RS256';
  if (error instanceof errors.JWSSignatureVerificationFailed) return 'the signature is not by the registered key';
  return 'the assertion is not a JWT that is signed';
}
