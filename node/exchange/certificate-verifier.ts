// Whether a subject certificate holds now. Its signature is verified once and remembered; its end, its issuer's standing
// and whether it was taken back are asked every time.
import { toBase64Url } from '../core/bytes.ts';
import { currentKey, type Member } from '../core/consortium.ts';
import { XinlianError } from '../core/errors.ts';
import { parseMemberId, type MemberId } from '../core/ids.ts';
import type { Refusal } from '../core/query.ts';
import { parseCertificate, verifyCertificate, type SubjectCertificate } from '../core/subject-certificate.ts';
import type { GrantView } from './ports.ts';

/** Certificates remembered: some 1 kB each. */
const MOST_KNOWN = 20_000;
/** Of difference between two clocks. */
const SKEW_SECONDS = 60;

/** Certificates that their issuers took back. */
export interface Revocations {
  /** @returns undefined where nothing recent enough is known of the issuer's revocations */
  isRevoked(issuer: MemberId, jti: string, nowSeconds: number): boolean | undefined;
  /** Of one that was taken back: grants that were registered by this block stand; undefined: none does. */
  passedAt(issuer: MemberId, jti: string): number | undefined;
}

export type CertificateOutcome =
  | { certificate: SubjectCertificate }
  | {
      refusal: Extract<Refusal, 'CERTIFICATE_INVALID' | 'CERTIFICATE_EXPIRED' | 'CERTIFICATE_REVOKED'>;
      detail: string;
      /** Where it was taken back, and what its key had granted by a block stands. */
      passed?: { certificate: SubjectCertificate; block: number };
    };

export class CertificateVerifier {
  readonly #view: Pick<GrantView, 'member' | 'isEntitledNow'>;
  readonly #revocations: Revocations;
  readonly #known = new Map<string, { certificate: SubjectCertificate; key: string }>();

  constructor(dependencies: { view: Pick<GrantView, 'member' | 'isEntitledNow'>; revocations: Revocations }) {
    this.#view = dependencies.view;
    this.#revocations = dependencies.revocations;
  }

  async verify(text: string, nowSeconds: number): Promise<CertificateOutcome> {
    const read = this.#known.get(text) ?? (await this.#read(text));
    if ('detail' in read) return { refusal: 'CERTIFICATE_INVALID', detail: read.detail };
    const { certificate, key } = read;
    const issuer = parseMemberId(certificate.iss);
    if (!this.#view.isEntitledNow(issuer, ['identifier']))
      return { refusal: 'CERTIFICATE_INVALID', detail: `${issuer} does not identify enterprises now` };
    const stillIts = this.#view.member(issuer)?.keys.checkpoint.some((tenure) => toBase64Url(tenure.key) === key);
    if (stillIts !== true)
      return { refusal: 'CERTIFICATE_INVALID', detail: `the key of ${issuer} is not on the chain any more` };
    const { jti, iat, exp } = certificate;
    if (iat > nowSeconds + SKEW_SECONDS || exp <= nowSeconds)
      return { refusal: 'CERTIFICATE_EXPIRED', detail: `valid from ${iat} to ${exp}, now is ${nowSeconds}` };
    const revoked = this.#revocations.isRevoked(issuer, jti, nowSeconds);
    if (revoked === undefined)
      return { refusal: 'CERTIFICATE_INVALID', detail: `what ${issuer} took back of late is not known here` };
    if (!revoked) return { certificate };
    const block = this.#revocations.passedAt(issuer, jti);
    const detail = `certificate ${jti} was taken back`;
    return { refusal: 'CERTIFICATE_REVOKED', detail, ...(block !== undefined && { passed: { certificate, block } }) };
  }

  async #read(text: string): Promise<{ certificate: SubjectCertificate; key: string } | { detail: string }> {
    try {
      const { certificate, jws } = parseCertificate(text);
      const issuer = this.#view.member(parseMemberId(certificate.iss));
      if (!issuer) return { detail: `${certificate.iss} is no member` };
      const key = await signerOf(issuer, (candidate) => verifyCertificate(jws, candidate, issuer.id));
      if (!key) return { detail: `not signed by ${issuer.name}` };
      const known = { certificate, key: toBase64Url(key) };
      const [oldest] = this.#known.keys();
      if (this.#known.size >= MOST_KNOWN && oldest !== undefined) this.#known.delete(oldest);
      this.#known.set(text, known);
      return known;
    } catch (error) {
      if (!XinlianError.is(error)) throw error;
      return { detail: error.message };
    }
  }
}

/** A certificate outlives a rotation of the key that signed it: its own end and revocation end it. */
async function signerOf(issuer: Member, verify: (key: Uint8Array) => Promise<void>): Promise<Uint8Array | undefined> {
  if (!currentKey(issuer, 'checkpoint')) return undefined;
  for (const { key } of issuer.keys.checkpoint.toReversed()) {
    try {
      await verify(key);
      return key;
    } catch (error) {
      if (!XinlianError.is(error, 'SIGNATURE_INVALID')) throw error;
    }
  }
  return undefined;
}
