// Certificates that hosted members gave, and the revocation lists of all issuers as they were last seen.
import { fromBase64Url, fromHex, fromUtf8, toBase64Url, utf8 } from '../core/bytes.ts';
import type { MemberId } from '../core/ids.ts';
import { key } from './buckets.ts';
import type { Batch, Store } from './store.ts';

/** See `KeptCertificate` in the exchange's ports. */
interface KeptCertificate {
  position: number;
  exp: number;
  revoked: boolean;
  passedBlock?: number;
}

const NOTHING = new Uint8Array();
const JTI_BYTES = 16;

export class LevelCertificateStore {
  readonly #store: Store;

  constructor(store: Store) {
    this.#store = store;
  }

  certificate(member: MemberId, jti: string): KeptCertificate | undefined {
    const value = this.#store.get('certificate', placeOf(member, jti));
    return value && (JSON.parse(fromUtf8(value)) as KeptCertificate);
  }

  putCertificate(batch: Batch, member: MemberId, jti: string, certificate: KeptCertificate): void {
    batch.put('certificate', placeOf(member, jti), utf8(JSON.stringify(certificate)));
    const { exp, revoked } = certificate;
    if (revoked) {
      const place = key(fromHex(member, 32), { u64: exp }, fromBase64Url(jti, JTI_BYTES));
      batch.put('revokedCertificate', place, NOTHING);
    }
  }

  putSubjectCertificate(batch: Batch, member: MemberId, subject: Uint8Array, jti: string, capacity: string): void {
    const place = key(fromHex(member, 32), subject, fromBase64Url(jti, JTI_BYTES));
    batch.put('subjectCertificate', place, utf8(capacity));
  }

  async *subjectCertificates(member: MemberId, subject: Uint8Array): AsyncGenerator<[jti: string, capacity: string]> {
    const place = key(fromHex(member, 32), subject);
    const range = { from: place, to: key(place, new Uint8Array(JTI_BYTES + 1).fill(0xff)) };
    for await (const [at, capacity] of this.#store.entries('subjectCertificate', range))
      yield [toBase64Url(at.subarray(-JTI_BYTES)), fromUtf8(capacity)];
  }

  standing(member: MemberId, subject: Uint8Array): Uint8Array | undefined {
    return this.#store.get('standing', key(fromHex(member, 32), subject));
  }

  putStanding(batch: Batch, member: MemberId, subject: Uint8Array, sealed: Uint8Array): void {
    batch.put('standing', key(fromHex(member, 32), subject), sealed);
  }

  async *revoked(member: MemberId, nowSeconds: number): AsyncGenerator<string> {
    const range = {
      from: key(fromHex(member, 32), { u64: nowSeconds + 1 }),
      to: key(fromHex(member, 32), { u64: Number.MAX_SAFE_INTEGER }),
    };
    for await (const [at] of this.#store.entries('revokedCertificate', range)) {
      yield toBase64Url(at.subarray(-JTI_BYTES));
    }
  }

  revocationList(issuer: MemberId): string | undefined {
    const list = this.#store.get('revocationList', fromHex(issuer, 32));
    return list && fromUtf8(list);
  }

  putRevocationList(batch: Batch, issuer: MemberId, list: string): void {
    batch.put('revocationList', fromHex(issuer, 32), utf8(list));
  }
}

function placeOf(member: MemberId, jti: string): Uint8Array {
  return key(fromHex(member, 32), fromBase64Url(jti, JTI_BYTES));
}
