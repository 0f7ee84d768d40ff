// Short-lived access tokens in the form of RFC 9068, and who stands behind one at the moment of its use.
import { createHash, createPublicKey, randomUUID, type KeyObject } from 'node:crypto';
import { errors, jwtVerify, SignJWT, type JWTPayload } from 'jose';
import { XinlianError } from '../../node/core/errors.ts';
import type { MemberId } from '../../node/core/ids.ts';
import { SCOPE_ROLES, SCOPES, type Scope } from '../api/scopes.ts';
import type { Clock, Members } from '../ports.ts';
import { privateKeyOf } from './ed25519.ts';

export const TOKEN_SECONDS = 600;

/** Verified tokens that are kept, so that a signature is checked once and not at every request. */
const MAX_KEPT = 10_000;

export interface Caller {
  member: MemberId;
  /** What the token grants, as far as the member's roles still allow it. */
  scopes: ReadonlySet<Scope>;
}

interface Grant {
  member: MemberId;
  scopes: Scope[];
  /** Of the key that signed the assertion: a rotated key ends the tokens that it got. */
  clientKey: string;
  expires: number;
}

export class AccessTokens {
  readonly #issuer: string;
  readonly #privateKey: KeyObject;
  readonly #publicKey: KeyObject;
  readonly #members: Members;
  readonly #clock: Clock;
  readonly #kept = new Map<string, Grant>();
  readonly #digests = new WeakMap<Uint8Array, string>();

  constructor(options: { issuer: string; key: Uint8Array }, { members, clock }: { members: Members; clock: Clock }) {
    this.#issuer = options.issuer;
    this.#privateKey = privateKeyOf(options.key);
    this.#publicKey = createPublicKey(this.#privateKey);
    this.#members = members;
    this.#clock = clock;
  }

  async issue(member: MemberId, clientKey: Uint8Array, scopes: readonly Scope[]): Promise<string> {
    const now = Math.floor(this.#clock.now() / 1000);
    return new SignJWT({ client_id: member, scope: scopes.join(' '), client_key: digest(clientKey) })
      .setProtectedHeader({ alg: 'EdDSA', typ: 'at+jwt' })
      .setIssuer(this.#issuer)
      .setAudience(this.#issuer)
      .setSubject(member)
      .setIssuedAt(now)
      .setExpirationTime(now + TOKEN_SECONDS)
      .setJti(randomUUID())
      .sign(this.#privateKey);
  }

  /** @throws UNAUTHENTICATED */
  async authenticate(token: string): Promise<Caller> {
    const grant = this.#kept.get(token) ?? this.#keep(token, await this.#verified(token));
    const caller = this.#present(token, grant);
    return typeof caller === 'string' ? refuse(caller) : caller;
  }

  /** The caller, at once, where the token was verified lately and is good; else `authenticate` has the answer. */
  known(token: string): Caller | undefined {
    const grant = this.#kept.get(token);
    const caller = grant && this.#present(token, grant);
    return typeof caller === 'string' ? undefined : caller;
  }

  /** The chain, not the token, says what its holder is now. @returns why it is no good, where it is not */
  #present(token: string, { member, scopes, clientKey, expires }: Grant): Caller | string {
    if (expires <= this.#clock.now() / 1000) {
      this.#kept.delete(token);
      return 'the token has expired';
    }
    if (!this.#members.isEntitledNow(member)) return 'its member is not active any more';
    const key = this.#members.currentKey(member, 'client');
    if (!key || this.#digest(key) !== clientKey) return 'the client key was rotated since';
    const held = scopes.filter((scope) => this.#members.isEntitledNow(member, SCOPE_ROLES[scope]));
    return { member, scopes: new Set(held) };
  }

  /** The view gives the same bytes for the same key: at every request they are hashed once. */
  #digest(key: Uint8Array): string {
    let known = this.#digests.get(key);
    if (known === undefined) this.#digests.set(key, (known = digest(key)));
    return known;
  }

  async #verified(token: string): Promise<Grant> {
    let claims: JWTPayload;
    try {
      ({ payload: claims } = await jwtVerify(token, this.#publicKey, {
        algorithms: ['EdDSA'],
        typ: 'at+jwt',
        issuer: this.#issuer,
        audience: this.#issuer,
        requiredClaims: ['sub', 'exp', 'scope', 'client_key'],
        currentDate: new Date(this.#clock.now()),
      }));
    } catch (error) {
      if (error instanceof errors.JWTExpired) return refuse('the token has expired');
      if (error instanceof errors.JOSEError) return refuse('the token is not one of this gateway');
      throw error;
    }
    const granted = String(claims['scope']).split(' ');
    return {
      member: claims.sub as MemberId,
      scopes: SCOPES.filter((scope) => granted.includes(scope)),
      clientKey: String(claims['client_key']),
      expires: claims.exp ?? 0,
    };
  }

  #keep(token: string, grant: Grant): Grant {
    const [oldest] = this.#kept.keys();
    if (this.#kept.size >= MAX_KEPT && oldest !== undefined) this.#kept.delete(oldest);
    this.#kept.set(token, grant);
    return grant;
  }
}

function digest(key: Uint8Array): string {
  return createHash('sha256').update(key).digest('base64url');
}

function refuse(reason: string): never {
  throw new XinlianError('UNAUTHENTICATED', { reason });
}
