import { expect } from 'chai';
import { localAccount, newAccountSecret } from '../../../node/core/account.ts';
import { toBase64Url } from '../../../node/core/bytes.ts';
import { encodeArtefact, parseArtefact, type GrantDocument } from '../../../node/core/grant.ts';
import { consentTo } from '../../../node/core/make-grant.ts';
import type { SubjectCertificate } from '../../../node/core/subject-certificate.ts';
import { CertificateVerifier } from '../../../node/exchange/certificate-verifier.ts';
import { GrantVerifier } from '../../../node/exchange/grant-verifier.ts';
import { domain, Exchange } from '../../helpers/authorised.ts';
import { company } from '../../helpers/rows.ts';

const DAY = 86_400;

describe('A grant document', () => {
  let exchange: Exchange;
  let verifier: GrantVerifier;

  before(async () => {
    exchange = await Exchange.open();
  });

  beforeEach(() => {
    exchange.revoked.clear();
    exchange.grants.suspended.clear();
    const revocations = { isRevoked: (_: string, jti: string) => exchange.revoked.has(jti), passedAt: () => undefined };
    const certificates = new CertificateVerifier({ view: exchange.grants, revocations });
    verifier = new GrantVerifier({ domain, rules: exchange.rules, certificates, view: exchange.grants });
  });

  const verify = (document: GrantDocument, now = exchange.now()) => verifier.verify(document, now);
  const refusalOf = async (document: GrantDocument, now = exchange.now()): Promise<string | undefined> => {
    const outcome = await verify(document, now);
    return 'refusal' in outcome ? outcome.refusal : undefined;
  };
  const certified = async (change: Partial<SubjectCertificate>, account = exchange.account) => {
    const draft = exchange.draft();
    return consentTo(draft, account, await exchange.certificate(change), domain);
  };

  it('that holds gives grant, terms and certificate', async () => {
    const { document, draft } = await exchange.grant();
    const outcome = await verify(document);
    if ('refusal' in outcome) throw new Error(outcome.detail);
    expect(outcome.hash).to.equal(draft.hash);
    expect(outcome.terms).to.deep.equal(draft.terms);
    expect(outcome.artefact).to.deep.equal(parseArtefact(draft.artefact).artefact);
    expect(outcome.certificate).to.include({ sub: company(1), level: 'A' });
  });

  it('is remembered, and what was remembered outlives no revocation, no end, no suspension', async () => {
    const jti = toBase64Url(new Uint8Array(16).fill(3));
    const document = await certified({ jti, exp: exchange.now() + DAY });
    expect(await refusalOf(document)).to.equal(undefined);
    exchange.revoked.add(jti);
    expect(await refusalOf(document)).to.equal('CERTIFICATE_REVOKED');
    exchange.revoked.clear();
    expect(await refusalOf(document)).to.equal(undefined);
    expect(await refusalOf(document, exchange.now() + DAY)).to.equal('CERTIFICATE_EXPIRED');
    exchange.grants.suspended.add(exchange.centre.id);
    expect(await refusalOf(document)).to.equal('CERTIFICATE_INVALID');
    exchange.grants.suspended.clear();
    expect(await refusalOf(document)).to.equal(undefined);
  });

  it('is another with another certificate, consent or artefact: none is remembered for the other', async () => {
    const { document } = await exchange.grant();
    expect(await refusalOf(document)).to.equal(undefined);
    const { consent, certificate } = document;
    const other = localAccount(newAccountSecret());
    const foreign = await consentTo(exchange.draft(), other, certificate, domain);
    const otherwise = await exchange.certificate({ sub: company(2) });
    expect(await refusalOf({ ...document, certificate: otherwise })).to.equal('CONSENT_INVALID');
    expect(await refusalOf({ ...document, consent: foreign.consent })).to.equal('CONSENT_INVALID');
    expect(await refusalOf({ ...foreign, consent })).to.equal('CONSENT_INVALID');
    expect(await refusalOf(document)).to.equal(undefined);
  });

  it('is consented to by the certified key, for that enterprise', async () => {
    expect(await refusalOf(await certified({}, localAccount(newAccountSecret())))).to.equal('CONSENT_INVALID');
    expect(await refusalOf(await certified({ sub: company(2) }))).to.equal('CONSENT_INVALID');
    expect(await refusalOf(await certified({ key: `0x${'a1'.repeat(20)}` }))).to.equal('CONSENT_INVALID');
    const otherwise = { ...domain, salt: `0x${'d7'.repeat(32)}` as const };
    const elsewhere = await consentTo(exchange.draft(), exchange.account, await exchange.certificate(), otherwise);
    expect(await refusalOf(elsewhere)).to.equal('CONSENT_INVALID');
  });

  it('is not consented to by a signature that anyone could have made of the true one', async () => {
    const { document } = await exchange.grant();
    for (const consent of [`${document.consent.slice(0, -2)}00`, `0x${'00'.repeat(65)}`]) {
      const outcome = await verify({ ...document, consent });
      expect(outcome).to.have.property('refusal', 'CONSENT_INVALID');
      expect(outcome).to.have.nested.property('artefact.subject.uscc', company(1));
    }
  });

  for (const level of ['B', 'C'] as const) {
    it(`of level ${level} is consented to by a custodian’s key, for the one grant of its evidence`, async () => {
      const [draft, other] = [exchange.draft(), exchange.draft()];
      const custodian = { level, capacity: 'custodian' as const };
      const certificate = await exchange.certificate({ ...custodian, grant: draft.terms.artefact });
      const consent = (one: typeof draft, by: string) => consentTo(one, exchange.account, by, domain);
      expect(await refusalOf(await consent(draft, certificate))).to.equal(undefined);
      expect(await refusalOf(await consent(other, certificate))).to.equal('CONSENT_INVALID');
      const any = await exchange.certificate(custodian);
      expect(await refusalOf(await consent(draft, any))).to.equal('CONSENT_INVALID');
    });
  }

  it('of level A may be bound to one grant too', async () => {
    const [draft, other] = [exchange.draft(), exchange.draft()];
    const certificate = await exchange.certificate({ grant: draft.terms.artefact });
    expect(await refusalOf(await consentTo(draft, exchange.account, certificate, domain))).to.equal(undefined);
    expect(await refusalOf(await consentTo(other, exchange.account, certificate, domain))).to.equal('CONSENT_INVALID');
  });

  describe('is refused, as far as it was read,', () => {
    it('where its artefact is none: nothing is known of it', async () => {
      const { document } = await exchange.grant();
      for (const artefact of ['', '{}', ` ${document.artefact}`, document.artefact.replace('"uses":0', '"uses":-1')]) {
        expect(await verify({ ...document, artefact })).to.have.all.keys('refusal', 'detail');
        expect(await refusalOf({ ...document, artefact })).to.equal('GRANT_MALFORMED');
      }
    });

    it('where its rules refuse it', async () => {
      const changes = {
        TERM_TOO_LONG: { to: exchange.now() + 400 * DAY },
        GRANT_MALFORMED: { purpose: 'curiosity' },
      };
      for (const [refusal, change] of Object.entries(changes)) {
        const { document, draft } = await exchange.grant(change);
        const outcome = await verify(document);
        expect(outcome).to.include({ refusal, hash: draft.hash });
        expect(await refusalOf(document), 'asked again').to.equal(refusal);
      }
    });

    it('where its words are others, though they were consented to', async () => {
      const draft = exchange.draft();
      const { artefact } = parseArtefact(draft.artefact);
      const changed = { ...draft, artefact: encodeArtefact({ ...artefact, text: '同意查询' }) };
      const document = await consentTo(changed, exchange.account, await exchange.certificate(), domain);
      expect(await refusalOf(document)).to.equal('GRANT_MALFORMED');
    });

    it('where its certificate is none', async () => {
      const { document, draft } = await exchange.grant();
      const outcome = await verify({ ...document, certificate: 'garbage' });
      expect(outcome).to.include({ refusal: 'CERTIFICATE_INVALID', hash: draft.hash });
    });
  });
});
