// Authorised exchange over a store in memory and grants on paper: a provider with tax records, a bank, an enterprise, and
// the centre that identifies it.
import { ed25519 } from '@noble/curves/ed25519.js';
import { newAgreement } from '#agreement';
import { localAccount, newAccountSecret } from '../../node/core/account.ts';
import { fromUtf8, toBase64Url, utf8 } from '../../node/core/bytes.ts';
import type { KeyKind, Member, Role } from '../../node/core/consortium.ts';
import type { GrantDocument } from '../../node/core/grant.ts';
import type { WantedGrant } from '../../node/core/grant-request.ts';
import { memberIdOf, type MemberId } from '../../node/core/ids.ts';
import { openJwe, sealJwe } from '../../node/core/jwe.ts';
import { p256Jwk } from '../../node/core/jwk.ts';
import { consentTo, draftGrant, newQueryId, type DraftGrant } from '../../node/core/make-grant.ts';
import { signQuery, type Query } from '../../node/core/query.ts';
import { textDigest } from '../../node/core/receipt.ts';
import { signCertificate, type SubjectCertificate } from '../../node/core/subject-certificate.ts';
import { xinlianDomain } from '../../node/core/typed-data.ts';
import { makeUscc, type Uscc } from '../../node/core/uscc.ts';
import { verifyAnswer, type VerifiedAnswer } from '../../node/core/verify-answer.ts';
import { AnswerRecords } from '../../node/exchange/answer-records.ts';
import { Attachments } from '../../node/exchange/attachments.ts';
import { CertificateVerifier } from '../../node/exchange/certificate-verifier.ts';
import { GrantAccess } from '../../node/exchange/grant-access.ts';
import { GrantVerifier } from '../../node/exchange/grant-verifier.ts';
import { Provider, type ProviderOptions, type ProvidingMember } from '../../node/exchange/provider.ts';
import { ShareAccess } from '../../node/exchange/share-access.ts';
import { ShareDesk } from '../../node/exchange/share-desk.ts';
import { GRANT_PACKS, GrantRules } from '../../node/policy/grant-rules.ts';
import { builtInCatalogue } from '../../node/policy/pack.ts';
import { builtInShareRules } from '../../node/policy/share-rules.ts';
import { LevelAccessStore } from '../../node/store/access-store.ts';
import { LevelShareStore } from '../../node/store/share-store.ts';
import { LevelAttachmentStore } from '../../node/store/attachment-store.ts';
import type { Batch, Store } from '../../node/store/store.ts';
import { member as agencyMember, openAgency, SIGNER, type Agency } from './agency.ts';
import { CHAIN_ID, MEMBER } from './bundle.ts';
import { MemoryAttachments } from './memory-attachments.ts';
import { memoryStore } from './memory-store.ts';
import { PaperGrants } from './paper-grants.ts';
import { AGENCY, company } from './rows.ts';

const secret = new Uint8Array(32).fill(7);
const DAY = 86_400;

export const domain = xinlianDomain({
  chainId: CHAIN_ID,
  verifyingContract: `0x${'e5'.repeat(20)}`,
  deployment: `0x${'d6'.repeat(32)}`,
});

/** A body with keys of its own, on paper. */
export class Body {
  readonly id: MemberId;
  readonly uscc: Uscc;
  readonly client = ed25519.keygen();
  readonly checkpoint = ed25519.keygen();
  /** The transaction key. */
  readonly account = localAccount(newAccountSecret());
  readonly member: Member;

  constructor(name: string, body8: string, roles: Role[], region = '320904') {
    this.uscc = makeUscc({ authority: '9', category: '1', region: '320904', body8 });
    this.id = memberIdOf(this.uscc);
    const keys: Record<KeyKind, { key: Uint8Array; since: number }[]> = {
      checkpoint: [{ key: this.checkpoint.publicKey, since: 1 }],
      client: [{ key: this.client.publicKey, since: 1 }],
      sealing: [],
      nodePeer: [],
      gatewayPeer: [],
    };
    const rest = { status: 'active', transaction: this.account.address, endpoints: {}, admitted: 1 } as const;
    this.member = { id: this.id, name, uscc: this.uscc, region, roles, keys, ...rest };
  }

  /** Signs with the `client` key. */
  get signer() {
    return { sign: (message: Uint8Array) => ed25519.sign(message, this.client.secretKey) };
  }

  /** Signs with the checkpoint key. */
  get certifier() {
    return { sign: (message: Uint8Array) => ed25519.sign(message, this.checkpoint.secretKey) };
  }
}

/** A tax row of a company. */
export function taxRow(i: number, change: Record<string, unknown> = {}): Record<string, unknown> {
  return {
    NS_MC: `盐城某某科技有限公司${i}`,
    NS_LB: '法人及非法人组织',
    NS_SHXYM: company(i),
    NS_BH: `SB2026-${i}`,
    NS_SSQ_Q: '2026-01-01',
    NS_SSQ_Z: '2026-03-31',
    NS_SZ: '增值税',
    NS_YJSE: '12.5',
    NS_SJSE: '12.5',
    NS_LYDW: '税务局',
    NS_LYDWDM: AGENCY,
    ...change,
  };
}

export interface Answered {
  jwe: string;
  answer: VerifiedAnswer;
}

type Options = Partial<ProviderOptions> & { failClosedSeconds?: number };

export class Exchange {
  readonly agency: Agency;
  readonly grants: PaperGrants;
  readonly store: LevelAccessStore;
  readonly files = new MemoryAttachments();
  readonly attachments: Attachments<Batch>;
  readonly provider: Provider<Batch>;
  readonly shares: ShareDesk<Batch>;
  readonly member: ProvidingMember<Batch>;
  readonly sealing: ReturnType<typeof newAgreement>;
  readonly bank: Body;
  readonly otherBank = new Body('另一家银行', 'MA190405', ['bank']);
  readonly centre: Body;
  /** The enterprise's own account, and the grants that it keeps. */
  readonly account: ReturnType<typeof localAccount>;
  /** Id of the certificate that was given last. */
  lastCertificate = '';
  readonly subject = { uscc: company(1), name: '盐城某某科技有限公司1' };
  readonly rules = new GrantRules(GRANT_PACKS, builtInCatalogue);
  readonly revoked = new Set<string>();
  /** Certificates whose grants live on: up to which block. */
  readonly passed = new Map<string, number>();
  readonly withdrawn = new Set<string>();
  readonly answered: string[] = [];

  private constructor(agency: Agency, store: Store, options: Options, before: Exchange | undefined) {
    this.bank = before?.bank ?? new Body('大丰示范农村商业银行', 'MA190404', ['bank']);
    this.centre = before?.centre ?? new Body('大丰信用中心', 'MB190401', ['identifier']);
    this.account = before?.account ?? localAccount(newAccountSecret());
    this.sealing = before?.sealing ?? newAgreement();
    this.agency = agency;
    this.grants = before?.grants ?? new PaperGrants(this.now());
    for (const { member } of [this.bank, this.otherBank, this.centre]) this.grants.members.set(member.id, member);
    this.grants.members.set(MEMBER, agencyMember);
    this.store = new LevelAccessStore(store);
    const revocations = {
      isRevoked: (_: MemberId, jti: string) => this.revoked.has(jti),
      passedAt: (_: MemberId, jti: string) => this.passed.get(jti),
    };
    const certificates = new CertificateVerifier({ view: this.grants, revocations });
    const { recordStore: records, logs, chain, commits, clock, log, vault } = agency;
    const closing = { failClosedSeconds: options.failClosedSeconds ?? 120 };
    const sharing = { rules: builtInShareRules, view: this.grants, clock };
    this.shares = new ShareDesk<Batch>({ ...sharing, store: new LevelShareStore(store), commits });
    this.attachments = new Attachments({
      store: new LevelAttachmentStore(store),
      files: this.files,
      commits,
      catalogue: builtInCatalogue,
      clock,
    });
    this.provider = new Provider<Batch>(
      { finalityWaitMs: 0, ...options },
      {
        store: this.store,
        commits,
        grants: new GrantAccess(closing, {
          verifier: new GrantVerifier({ domain, rules: this.rules, certificates, view: this.grants }),
          rules: this.rules,
          view: this.grants,
          withdrawals: { isWithdrawn: (grant) => this.withdrawn.has(grant) },
          clock,
        }),
        shares: new ShareAccess(closing, { ...sharing, bases: this.shares }),
        attachments: this.attachments,
        records: new AnswerRecords({ records, logs, view: chain, catalogue: builtInCatalogue }),
        view: this.grants,
        clock,
        answered: (outcome, reason) => this.answered.push(reason ?? outcome),
      },
    );
    const key = { publicKey: SIGNER, sign: (message: Uint8Array) => ed25519.sign(message, secret) };
    this.member = { id: MEMBER, region: '320904', log, vault, sealing: this.sealing, key };
  }

  /** With tax rows of companies 1 and 2 under a checkpoint. @param before the same bodies and grants, of a node that restarts */
  static async open(options: Options = {}, store?: Store, before?: Exchange): Promise<Exchange> {
    const over = store ?? (await memoryStore());
    const exchange = new Exchange(await openAgency(over), over, options, before);
    if (exchange.agency.log.size === 0) {
      await exchange.publish([taxRow(1), taxRow(1, { NS_BH: 'SB2026-1b' }), taxRow(2)]);
    }
    return exchange;
  }

  now(): number {
    return Math.floor(this.agency.clock.now() / 1000);
  }

  async publish(rows: readonly unknown[], submission = `file-${this.agency.log.size}-0000`): Promise<void> {
    await this.agency.open(submission, 'ns');
    await this.agency.send(submission, 0, rows);
    await this.agency.checkpointer.sign();
  }

  certificate(change: Partial<SubjectCertificate> = {}): Promise<string> {
    const certificate: SubjectCertificate = {
      iss: this.centre.id,
      jti: toBase64Url(crypto.getRandomValues(new Uint8Array(16))),
      iat: this.now() - DAY,
      exp: this.now() + 90 * DAY,
      sub: this.subject.uscc,
      name: this.subject.name,
      capacity: 'legal-representative',
      level: 'A',
      key: this.account.address.toLowerCase(),
      ...change,
    };
    this.lastCertificate = certificate.jti;
    return signCertificate(certificate, this.centre.certifier);
  }

  wanted(change: Partial<WantedGrant> = {}): WantedGrant {
    return {
      subject: this.subject,
      grantee: { member: this.bank.id, uscc: this.bank.uscc, name: this.bank.member.name },
      items: [{ item: 'tax-payment', months: 24 }],
      regions: ['320900'],
      purpose: 'pre-loan',
      matter: 'DK-2026-0001',
      uses: 0,
      from: this.now() - 3_600,
      to: this.now() + 30 * DAY,
      retentionDays: 365,
      automated: '',
      policy: 'cn-authorisation-2026',
      ...change,
    };
  }

  draft(change: Partial<WantedGrant> = {}): DraftGrant {
    return draftGrant(this.wanted(change), '大丰区信用中心窗口或客户端', (core) => this.rules.describe(core));
  }

  /** A grant that stands: consented, certified, registered, final. */
  async grant(
    change: Partial<WantedGrant> = {},
    certificate?: string,
  ): Promise<{ draft: DraftGrant; document: GrantDocument }> {
    const draft = this.draft(change);
    const document = await consentTo(draft, this.account, certificate ?? (await this.certificate()), domain);
    await this.grants.registerGrants([draft]);
    return { draft, document };
  }

  query(
    document: GrantDocument,
    change: Partial<Query> = {},
  ): { query: Query; reply: ReturnType<typeof newAgreement> } {
    const reply = newAgreement();
    const query: Query = {
      iss: this.bank.id,
      aud: MEMBER,
      jti: newQueryId().id,
      iat: this.now(),
      exp: this.now() + 300,
      grant: document,
      items: ['tax-payment'],
      purpose: 'pre-loan',
      reply: p256Jwk(reply.publicKey),
      ...change,
    };
    return { query, reply };
  }

  /** Asks as the bank would, and verifies what comes. */
  async ask(document: GrantDocument, change: Partial<Query> = {}, as: Body = this.bank): Promise<Answered> {
    const { query, reply } = this.query(document, { iss: as.id, ...change });
    return this.send(await signQuery(query, as.signer), reply);
  }

  async send(jws: string, reply: ReturnType<typeof newAgreement>): Promise<Answered> {
    const sealed = await sealJwe(utf8(jws), this.sealing.publicKey, 'JWT');
    const jwe = await this.provider.answer(this.member, sealed, AbortSignal.timeout(30_000));
    const { plaintext } = await openJwe(jwe, reply);
    const context = {
      names: (item: string, edition: string) => builtInCatalogue.names(item, edition),
      isCheckpointKey: (_: string, key: Uint8Array) => toBase64Url(key) === toBase64Url(SIGNER),
    };
    const answer = await verifyAnswer(fromUtf8(plaintext), { request: textDigest(jws), provider: MEMBER }, context);
    return { jwe, answer };
  }

  /** The reason why a query was refused; `answered` where it was not. */
  async reason(document: GrantDocument, change: Partial<Query> = {}, as: Body = this.bank): Promise<string> {
    const { body } = (await this.ask(document, change, as)).answer;
    return body.reason ?? body.outcome;
  }
}
