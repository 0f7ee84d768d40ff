// Grants of enterprises that have no key: the enterprise confirms the plain words with its electronic licence, and a
// custodian's key, drawn for this one grant, signs it under a certificate of level B that names the evidence. The
// member that identifies the enterprise keeps the grant key, which withdraws the grant when the enterprise confirms that.
import { sha256 } from '#sha256';
import { localAccount, newAccountSecret } from '../core/account.ts';
import { fromBase64Url, fromUtf8, toBase64Url, utf8 } from '../core/bytes.ts';
import { malformed, XinlianError } from '../core/errors.ts';
import { parseArtefact } from '../core/grant.ts';
import { grantHashOf, type MemberId } from '../core/ids.ts';
import {
  parseLicenceEvidence,
  verifyLicenceEvidence,
  type LicenceRequest,
  type LicenceState,
} from '../core/licence.ts';
import { consentTo, draftGrant, signRegistration, signWithdrawal, type DraftGrant } from '../core/make-grant.ts';
import { textDigest } from '../core/receipt.ts';
import type { TypedDataDomain } from '../core/typed-data.ts';
import type { GrantRules } from '../policy/grant-rules.ts';
import type { GrantDesk } from './grant-desk.ts';
import type { GroupCommit } from './group-commit.ts';
import type { IdentifyingMember, IdentityDesk } from './identity-desk.ts';
import type { Clock, LicenceService, LicenceStore, WriteBatch } from './ports.ts';
import { Turns } from './turns.ts';
import type { SeenWithdrawals } from './withdrawals.ts';

const DAY_SECONDS = 86_400;
const WITHDRAWAL = '电子营业执照扫码,或身份核验单位窗口';

type Batch = WriteBatch & { readonly length: number };

/** A hosted member, as far as it is a custodian. */
export interface CustodianMember<B extends WriteBatch> extends IdentifyingMember<B> {
  grants: GrantDesk;
}

interface Kept {
  state: LicenceState['state'];
  qr: string;
  text: string;
  uscc: string;
  name: string;
  /** Session at the service. */
  remote: string;
  /** Of a grant: the artefact, and the grant key's secret, base64url. */
  draft?: { artefact: string; key: string };
  /** Of a withdrawal: session in which the grant was made. */
  withdraw?: string;
  grant?: string;
  document?: string;
}

interface Dependencies<B extends Batch> {
  store: LicenceStore<B>;
  commits: GroupCommit<B>;
  service: LicenceService;
  identity: IdentityDesk<B>;
  withdrawals: Pick<SeenWithdrawals<B>, 'take'>;
  rules: GrantRules;
  /** EIP-712 domain of the GrantRegistry. */
  domain: TypedDataDomain;
  clock: Clock;
}

export class LicenceDesk<B extends Batch> {
  readonly #needs: Dependencies<B>;
  readonly #turns = new Turns();

  constructor(dependencies: Dependencies<B>) {
    this.#needs = dependencies;
  }

  /**
   * Has the service show the words to the enterprise.
   * @throws MALFORMED for a grant that could not stand; NOT_FOUND, CONFLICT for one to withdraw that was not made here;
   *   what the service fails with
   */
  async begin(member: CustodianMember<B>, request: LicenceRequest): Promise<LicenceState> {
    const session = toBase64Url(crypto.getRandomValues(new Uint8Array(16)));
    const made = 'wanted' in request ? this.#draft(request.wanted) : this.#withdrawalOf(member, request.withdraw);
    const { session: remote, qr } = await this.#needs.service.begin(made);
    const kept: Kept = { state: 'waiting', qr, remote, ...made };
    await this.#save(member, session, kept);
    return stateOf(session, kept);
  }

  /**
   * How far it is. When the enterprise has confirmed, the grant is certified, signed and registered, once.
   * @throws NOT_FOUND; SIGNATURE_INVALID, MALFORMED where the service's evidence is not of these words and this enterprise
   */
  async state(member: CustodianMember<B>, session: string): Promise<LicenceState> {
    return this.#turns.run(`${member.id}/${session}`, async () => {
      const kept = this.#kept(member, session);
      if (kept.state !== 'waiting') return stateOf(session, kept);
      const outcome = await this.#needs.service.outcome(kept.remote);
      if (outcome.state === 'waiting') return stateOf(session, kept);
      const done =
        outcome.state === 'confirmed'
          ? await this.#confirmed(member, kept, outcome.evidence)
          : { ...kept, state: outcome.state };
      await this.#save(member, session, done);
      return stateOf(session, done);
    });
  }

  async #confirmed(member: CustodianMember<B>, kept: Kept, text: string): Promise<Kept> {
    const { service } = this.#needs;
    const { evidence, jws } = parseLicenceEvidence(text);
    await verifyLicenceEvidence(jws, service.key);
    const wanted = [kept.remote, kept.uscc, textDigest(kept.text)];
    const got = [evidence.jti, evidence.sub, evidence.text];
    if (wanted.join() !== got.join()) malformed('licence evidence', wanted.join(), got.join());
    const { draft, withdraw } = kept;
    if (draft) return this.#grant(member, kept, draft, text);
    const made = this.#kept(member, withdraw ?? '');
    if (made.draft) {
      const withdrawal = await signWithdrawal(draftOf(made.text, made.draft), this.#needs.domain);
      await this.#needs.withdrawals.take(withdrawal, true);
    }
    return { ...kept, state: 'confirmed', ...(made.grant !== undefined && { grant: made.grant }) };
  }

  async #grant(
    member: CustodianMember<B>,
    kept: Kept,
    made: NonNullable<Kept['draft']>,
    evidence: string,
  ): Promise<Kept> {
    const { identity, service, domain, clock } = this.#needs;
    const draft = draftOf(kept.text, made);
    // For this one signature, and never kept.
    const custodian = localAccount(newAccountSecret());
    const now = Math.floor(clock.now() / 1000);
    const { certificate } = await identity.certify(member, {
      sub: kept.uscc,
      name: kept.name,
      capacity: 'custodian',
      level: 'B',
      key: custodian.address.toLowerCase(),
      grant: draft.terms.artefact,
      evidence: { kind: 'e-licence', digest: toBase64Url(sha256(utf8(evidence))), provider: service.name },
      // Longer than the grant, so that no end of the certificate comes before that of the grant.
      days: Math.ceil((draft.terms.validTo - now) / DAY_SECONDS) + 1,
    });
    const document = await consentTo(draft, custodian, certificate, domain);
    const [outcome] = await member.grants.register([await signRegistration(draft, domain, now)]);
    // Registered before, and cut off before that was kept: the same grant stands.
    if (outcome?.ok !== true && outcome?.error !== 'GrantRegistryAlreadyRegistered')
      throw new XinlianError('TRANSACTION_REVERTED', { hash: '', error: outcome?.error ?? 'none', arguments: [] });
    return { ...kept, state: 'confirmed', grant: draft.hash, document: JSON.stringify(document) };
  }

  #draft(wanted: Extract<LicenceRequest, { wanted: unknown }>['wanted']) {
    const { rules } = this.#needs;
    const { artefact, text, key } = draftGrant(wanted, WITHDRAWAL, (core) => rules.describe(core));
    const [fault] = rules.faults(parseArtefact(artefact).artefact);
    if (fault) malformed(`${fault.code} of the grant`, fault.wanted, fault.got);
    const { uscc, name } = wanted.subject;
    return { text, uscc, name, draft: { artefact, key: toBase64Url(key) } };
  }

  #withdrawalOf(member: CustodianMember<B>, session: string) {
    const { grant, uscc, name, text } = this.#kept(member, session);
    if (grant === undefined)
      throw new XinlianError('CONFLICT', {
        what: `session ${session}`,
        wanted: 'one that made a grant',
        got: 'another',
      });
    return { text: `撤回下列授权,即时生效:\n${text}`, uscc, name, withdraw: session };
  }

  #kept({ id, vault }: IdentifyingMember<B>, session: string): Kept {
    const sealed = this.#needs.store.licence(id, session);
    if (!sealed) throw new XinlianError('NOT_FOUND', { what: 'licence session', id: session });
    return JSON.parse(fromUtf8(vault.openNote(sealed, placeOf(id, session)))) as Kept;
  }

  #save({ id, vault }: IdentifyingMember<B>, session: string, kept: Kept): Promise<void> {
    const sealed = vault.sealNote(utf8(JSON.stringify(kept)), placeOf(id, session));
    return this.#needs.commits.run((batch) => this.#needs.store.putLicence(batch, id, session, sealed));
  }
}

function draftOf(text: string, { artefact, key }: NonNullable<Kept['draft']>): DraftGrant {
  const { terms } = parseArtefact(artefact);
  return { artefact, text, terms, hash: grantHashOf(terms), key: fromBase64Url(key, 32) };
}

function stateOf(session: string, { state, qr, text, grant, document }: Kept): LicenceState {
  return {
    session,
    state,
    qr,
    text,
    ...(grant !== undefined && { grant }),
    ...(document !== undefined && { document }),
  };
}

function placeOf(member: MemberId, session: string): string {
  return `licence/${member}/${session}`;
}
