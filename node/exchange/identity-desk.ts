// A member that identifies enterprises: gives certificates, takes them back, and says which it took back. Each
// certificate has a line in the member's log, whose status tells whether it still stands.
import { sha256 } from '#sha256';
import { fromUtf8, toBase64Url, toHex, utf8 } from '../core/bytes.ts';
import { malformed, XinlianError } from '../core/errors.ts';
import { p256Jwk } from '../core/jwk.ts';
import { fromBase64Url } from '../core/bytes.ts';
import type {
  Certification,
  IssuedCertificate,
  StandingChange,
  StandingNote,
  StandingNoted,
} from '../core/messages/identity.ts';
import { signRevocations } from '../core/revocations.ts';
import { signCertificate, type SubjectCertificate } from '../core/subject-certificate.ts';
import { parseUscc } from '../core/uscc.ts';
import type { MemberId } from '../core/ids.ts';
import type { GrantRules } from '../policy/grant-rules.ts';
import type { AgencyLog } from './agency-log.ts';
import type { CheckpointKey } from './checkpointer.ts';
import type { GroupCommit } from './group-commit.ts';
import type { CertificateStore, Clock, GrantView, WriteBatch } from './ports.ts';
import type { RecordVault } from './vault.ts';

const DAY_SECONDS = 86_400;
/** Longest life of a certificate, in days. */
export const MOST_CERTIFICATE_DAYS = 400;

type Batch = WriteBatch & { readonly length: number };

/** A hosted member, as far as it identifies enterprises. */
export interface IdentifyingMember<B extends WriteBatch> {
  id: MemberId;
  log: AgencyLog<B>;
  key: CheckpointKey;
  vault: RecordVault;
}

interface Dependencies<B extends Batch> {
  store: CertificateStore<B>;
  commits: GroupCommit<B>;
  rules: GrantRules;
  view: Pick<GrantView, 'head'>;
  clock: Clock;
}

/** What changed last who speaks for an enterprise. */
interface Standing {
  change: StandingChange;
  time: number;
  /** SHA-256, base64url. */
  evidence: string;
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
  async certify(member: IdentifyingMember<B>, request: Certification): Promise<IssuedCertificate> {
    const { id, log, key, vault } = member;
    const { sub, days, level, seal, grant, evidence, ...rest } = request;
    parseUscc(sub);
    if (days > MOST_CERTIFICATE_DAYS) malformed('days of a certificate', `at most ${MOST_CERTIFICATE_DAYS}`, days);
    if (seal !== undefined) p256Jwk(fromBase64Url(seal, 33));
    checkEvidence(request);
    this.#checkCapacity(member, request);
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
      const { jti, exp, capacity } = certificate;
      this.#needs.store.putCertificate(batch, id, jti, { position, exp, revoked: false });
      this.#needs.store.putSubjectCertificate(batch, id, vault.subjectKey(sub), jti, capacity);
    });
    return { certificate: text, jti: certificate.jti };
  }

  /**
   * Notes what changes who speaks for an enterprise: certificates are taken back, and grants end or live on, as the rules
   * say. The same again takes back what was certified since.
   * @throws MALFORMED for a code that is none
   */
  async note(member: IdentifyingMember<B>, { sub, change, evidence }: StandingNote): Promise<StandingNoted> {
    const { store, commits, clock, view, rules } = this.#needs;
    const { id, vault } = member;
    const subject = vault.subjectKey(parseUscc(sub));
    const { revokes, grants, capacities } = rules.change(change);
    const standing: Standing = { change, time: Math.floor(clock.now() / 1000), evidence: evidence.digest };
    // Before the certificates: none is given meanwhile to whom the change bars.
    await commits.run((batch) =>
      store.putStanding(batch, id, subject, vault.sealNote(utf8(JSON.stringify(standing)), placeOf(id, subject))),
    );
    const block = view.head()?.number ?? 0;
    const revoked: string[] = [];
    for await (const [jti, capacity] of store.subjectCertificates(id, subject)) {
      if (!revokes.some((own) => own === capacity)) continue;
      const kept = store.certificate(id, jti);
      // One that an earlier change took back may still have grants that live on: a change that ends grants ends them.
      if (!kept || (kept.revoked && (grants === 'pass' || kept.passedBlock === undefined))) continue;
      await this.revoke(member, jti, grants === 'pass' ? block : undefined);
      revoked.push(jti);
    }
    return { change, revoked, grants, capacities };
  }

  #checkCapacity({ id, vault }: IdentifyingMember<B>, { sub, capacity }: Certification): void {
    const subject = vault.subjectKey(sub);
    const sealed = this.#needs.store.standing(id, subject);
    if (!sealed) return;
    const { change } = JSON.parse(fromUtf8(vault.openNote(sealed, placeOf(id, subject)))) as Standing;
    const { capacities } = this.#needs.rules.change(change);
    if (!capacities.some((own) => own === capacity))
      malformed(`capacity, after ${change}`, capacities.join(' or ') || 'none: nobody speaks for it', capacity);
  }

  /**
   * Takes a certificate back: grants that its key signed are refused from then on, those too that lived on before. Throws
   * `NOT_FOUND`.
   * @param passedBlock but for those that were registered by this block
   */
  revoke(member: IdentifyingMember<B>, jti: string, passedBlock?: number): Promise<void> {
    const name = `${member.id}/${jti}`;
    const before = this.#revoking.get(name);
    if (before) return before;
    const done = this.#revoke(member, jti, passedBlock).finally(() => this.#revoking.delete(name));
    this.#revoking.set(name, done);
    return done;
  }

  async #revoke({ id, log }: IdentifyingMember<B>, jti: string, passedBlock: number | undefined): Promise<void> {
    const { store, commits, clock } = this.#needs;
    const kept = store.certificate(id, jti);
    if (!kept) throw new XinlianError('NOT_FOUND', { what: 'certificate', id: jti });
    const { passedBlock: passing, ...rest } = kept;
    if (kept.revoked) {
      // Its line is annulled already; nothing that it signed lives on from now on.
      if (passing !== undefined && passedBlock === undefined)
        await commits.run((batch) => store.putCertificate(batch, id, jti, rest));
      return;
    }
    const time = Math.floor(clock.now() / 1000);
    await commits.run((batch) => {
      log.appendChange(batch, { kind: 'annul', time, ref: kept.position });
      const passed = passedBlock !== undefined && { passedBlock };
      store.putCertificate(batch, id, jti, { ...kept, revoked: true, ...passed });
    });
  }

  /** The signed list of what was taken back and has not ended by itself. */
  async revocations({ id, key }: IdentifyingMember<B>): Promise<string> {
    const iat = Math.floor(this.#needs.clock.now() / 1000);
    const { store } = this.#needs;
    const revoked: string[] = [];
    const passed: { jti: string; block: number }[] = [];
    for await (const jti of store.revoked(id, iat)) {
      revoked.push(jti);
      const block = store.certificate(id, jti)?.passedBlock;
      if (block !== undefined) passed.push({ jti, block });
    }
    return signRevocations({ iss: id, iat, revoked, ...(passed.length > 0 && { passed }) }, key);
  }
}

function checkEvidence({ level, grant, evidence, capacity }: Certification): void {
  if (level === 'A') {
    if (capacity === 'custodian') malformed('capacity', 'one in which the enterprise itself signs', capacity);
    const administrator = capacity === 'bankruptcy-administrator';
    if (administrator && evidence?.kind !== 'court-decision')
      malformed('evidence', 'court-decision: a court appoints the administrator', evidence?.kind ?? 'none');
    if (evidence && !administrator)
      malformed('evidence', 'none: at level A the enterprise signs with its own key', evidence.kind);
    return;
  }
  if (grant === undefined || !evidence) {
    malformed(`certificate of level ${level}`, 'the one grant that it is for, and the evidence', 'without');
  }
  if (capacity !== 'custodian')
    malformed('capacity', 'custodian: the enterprise signs with no key of its own', capacity);
  if (evidence.kind === 'court-decision' || evidence.kind === 'registry-notice')
    malformed('evidence', 'one of a consent', evidence.kind);
  const paper = evidence.kind === 'sealed-paper';
  if (paper !== (level === 'C'))
    malformed('evidence', level === 'C' ? 'sealed-paper' : 'an electronic one', evidence.kind);
  if (paper && evidence.officer === undefined) malformed('evidence', 'the officer who attests the paper', 'none');
}

function placeOf(member: MemberId, subject: Uint8Array): string {
  return `standing/${member}/${toHex(subject)}`;
}
