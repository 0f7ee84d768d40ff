// A member that identifies enterprises: gives certificates, takes them back, and says which it took back. Each
// certificate has a line in the member's log, whose status tells whether it still stands.
import { sha256 } from '#sha256';
import { toBase64Url, utf8 } from '../core/bytes.ts';
import { malformed, XinlianError } from '../core/errors.ts';
import { p256Jwk } from '../core/jwk.ts';
import { fromBase64Url } from '../core/bytes.ts';
import type { Certification, IssuedCertificate } from '../core/messages/identity.ts';
import { signRevocations } from '../core/revocations.ts';
import { signCertificate, type SubjectCertificate } from '../core/subject-certificate.ts';
import { parseUscc } from '../core/uscc.ts';
import type { MemberId } from '../core/ids.ts';
import type { AgencyLog } from './agency-log.ts';
import type { CheckpointKey } from './checkpointer.ts';
import type { GroupCommit } from './group-commit.ts';
import type { CertificateStore, Clock, WriteBatch } from './ports.ts';

const DAY_SECONDS = 86_400;
/** Longest life of a certificate, in days. */
export const MOST_CERTIFICATE_DAYS = 400;

type Batch = WriteBatch & { readonly length: number };

/** A hosted member, as far as it identifies enterprises. */
export interface IdentifyingMember<B extends WriteBatch> {
  id: MemberId;
  log: AgencyLog<B>;
  key: CheckpointKey;
}

interface Dependencies<B extends Batch> {
  store: CertificateStore<B>;
  commits: GroupCommit<B>;
  clock: Clock;
}

export class IdentityDesk<B extends Batch> {
  readonly #needs: Dependencies<B>;
  /** On their way to the disk, by member and jti: a certificate is annulled once. */
  readonly #revoking = new Map<string, Promise<void>>();

  constructor(dependencies: Dependencies<B>) {
    this.#needs = dependencies;
  }

  /**
   * Certifies whose key it is. That the enterprise was identified is the member's word.
   * @throws MALFORMED for a code that is none, evidence that does not fit its level, more days than there may be
   */
  async certify({ id, log, key }: IdentifyingMember<B>, request: Certification): Promise<IssuedCertificate> {
    const { sub, days, level, seal, grant, evidence, ...rest } = request;
    parseUscc(sub);
    if (days > MOST_CERTIFICATE_DAYS) malformed('days of a certificate', `at most ${MOST_CERTIFICATE_DAYS}`, days);
    if (seal !== undefined) p256Jwk(fromBase64Url(seal, 33));
    checkEvidence(request);
    const iat = Math.floor(this.#needs.clock.now() / 1000);
    const certificate: SubjectCertificate = {
      ...rest,
      iss: id,
      jti: toBase64Url(crypto.getRandomValues(new Uint8Array(16))),
      iat,
      exp: iat + days * DAY_SECONDS,
      sub,
      level,
      ...(seal !== undefined && { seal }),
      ...(grant !== undefined && { grant }),
      ...(evidence && { evidence }),
    };
    const text = await signCertificate(certificate, key);
    await this.#needs.commits.run((batch) => {
      // Its jti is random: the digest tells nobody whose certificate it is.
      const position = log.append(batch, { kind: 'certificate', time: iat, commitment: sha256(utf8(text)) });
      this.#needs.store.putCertificate(batch, id, certificate.jti, { position, exp: certificate.exp, revoked: false });
    });
    return { certificate: text, jti: certificate.jti };
  }

  /** Takes a certificate back: grants that its key signed are refused from then on. Throws `NOT_FOUND`. */
  revoke(member: IdentifyingMember<B>, jti: string): Promise<void> {
    const name = `${member.id}/${jti}`;
    const before = this.#revoking.get(name);
    if (before) return before;
    const done = this.#revoke(member, jti).finally(() => this.#revoking.delete(name));
    this.#revoking.set(name, done);
    return done;
  }

  async #revoke({ id, log }: IdentifyingMember<B>, jti: string): Promise<void> {
    const { store, commits, clock } = this.#needs;
    const kept = store.certificate(id, jti);
    if (!kept) throw new XinlianError('NOT_FOUND', { what: 'certificate', id: jti });
    if (kept.revoked) return;
    const time = Math.floor(clock.now() / 1000);
    await commits.run((batch) => {
      log.appendChange(batch, { kind: 'annul', time, ref: kept.position });
      store.putCertificate(batch, id, jti, { ...kept, revoked: true });
    });
  }

  /** The signed list of what was taken back and has not ended by itself. */
  async revocations({ id, key }: IdentifyingMember<B>): Promise<string> {
    const iat = Math.floor(this.#needs.clock.now() / 1000);
    const revoked: string[] = [];
    for await (const jti of this.#needs.store.revoked(id, iat)) revoked.push(jti);
    return signRevocations({ iss: id, iat, revoked }, key);
  }
}

function checkEvidence({ level, grant, evidence, capacity }: Certification): void {
  if (level === 'A') {
    if (capacity === 'custodian') malformed('capacity', 'one in which the enterprise itself signs', capacity);
    if (evidence) malformed('evidence', 'none: at level A the enterprise signs with its own key', evidence.kind);
    return;
  }
  if (grant === undefined || !evidence) {
    malformed(`certificate of level ${level}`, 'the one grant that it is for, and the evidence', 'without');
  }
  if (capacity !== 'custodian')
    malformed('capacity', 'custodian: the enterprise signs with no key of its own', capacity);
  const paper = evidence.kind === 'sealed-paper';
  if (paper !== (level === 'C'))
    malformed('evidence', level === 'C' ? 'sealed-paper' : 'an electronic one', evidence.kind);
  if (paper && evidence.officer === undefined) malformed('evidence', 'the officer who attests the paper', 'none');
}
