import { expect } from 'chai';
import { sha256 } from '#sha256';
import { fromBase64Url, toBase64Url, utf8 } from '../../../node/core/bytes.ts';
import { grantDocument } from '../../../node/core/grant.ts';
import { parseLicenceEvidence, verifyLicenceEvidence, type LicenceState } from '../../../node/core/licence.ts';
import { termsOf } from '../../../node/core/messages/grant.ts';
import { parseCertificate } from '../../../node/core/subject-certificate.ts';
import { GrantDesk } from '../../../node/exchange/grant-desk.ts';
import { IdentityDesk } from '../../../node/exchange/identity-desk.ts';
import { LicenceDesk, type CustodianMember } from '../../../node/exchange/licence-desk.ts';
import type { LicenceService } from '../../../node/exchange/ports.ts';
import { verifyWithdrawal } from '../../../node/exchange/withdrawals.ts';
import { mockLicenceService } from '../../../node/licence/mock-service.ts';
import { LevelCertificateStore } from '../../../node/store/certificate-store.ts';
import { LevelLicenceStore } from '../../../node/store/licence-store.ts';
import type { Batch } from '../../../node/store/store.ts';
import { startLicenceMock, type LicenceMock } from '../../../scripts/sandbox/licence-service.ts';
import { domain, Exchange } from '../../helpers/authorised.ts';
import { rejection } from '../../helpers/rejection.ts';

const code = async (attempt: Promise<unknown>) => ((await rejection(attempt)) as { code: string }).code;

describe('A grant by an electronic licence', () => {
  let mock: LicenceMock;
  let exchange: Exchange;
  let member: CustodianMember<Batch>;
  let later: number;

  before(async () => {
    mock = await startLicenceMock(0, () => Date.now() + later);
  });
  after(() => mock.stop());
  beforeEach(async () => {
    later = 0;
    exchange = await Exchange.open();
    const { log, vault } = exchange.agency;
    const { id, certifier, checkpoint } = exchange.centre;
    const key = { publicKey: checkpoint.publicKey, sign: certifier.sign };
    member = { id, log, vault, key, grants: new GrantDesk(exchange.grants) };
  });

  function open(service: LicenceService = mockLicenceService(mock)): LicenceDesk<Batch> {
    const { store, commits, clock } = exchange.agency;
    const { rules, grants } = exchange;
    const certificates = new LevelCertificateStore(store);
    return new LicenceDesk<Batch>({
      store: new LevelLicenceStore(store),
      commits,
      service,
      identity: new IdentityDesk<Batch>({ store: certificates, commits, rules, view: grants, clock }),
      withdrawals: {
        take: async (withdrawal) => {
          const grant = verifyWithdrawal(withdrawal, domain);
          await grants.withdrawGrants([{ terms: termsOf(withdrawal.terms) }]);
          return grant;
        },
      },
      rules,
      domain,
      clock,
    });
  }

  /** Opens the page that the code names, and presses a button. */
  async function scan({ qr }: LicenceState, decision: 'confirm' | 'refuse'): Promise<string> {
    const shown = await (await fetch(qr)).text();
    await fetch(qr, { method: 'POST', body: new URLSearchParams({ decision }) });
    return shown;
  }

  async function confirmed(desk = open()): Promise<LicenceState> {
    const begun = await desk.begin(member, { wanted: exchange.wanted() });
    await scan(begun, 'confirm');
    return desk.state(member, begun.session);
  }

  it('is made when the enterprise confirms the plain words, at level B, and is read under', async () => {
    const desk = open();
    const begun = await desk.begin(member, { wanted: exchange.wanted() });
    expect(begun.state).to.equal('waiting');
    const shown = await scan(begun, 'confirm');
    for (const line of begun.text.split('\n')) expect(shown).to.contain(line);
    const state = await desk.state(member, begun.session);
    expect(state.state).to.equal('confirmed');
    const document = grantDocument.decode(utf8(state.document!));
    const { certificate } = parseCertificate(document.certificate);
    expect(certificate).to.include({ level: 'B', capacity: 'custodian', sub: exchange.subject.uscc });
    expect(certificate.evidence?.kind).to.equal('e-licence');
    const { body, receipt } = (await exchange.ask(document)).answer;
    expect([body.outcome, receipt.level]).to.deep.equal(['answered', 'B']);
    const { size } = exchange.agency.log;
    expect(await desk.state(member, begun.session), 'again').to.deep.equal(state);
    expect(await open().state(member, begun.session), 'after a restart').to.deep.equal(state);
    expect(exchange.agency.log.size).to.equal(size);
  });

  it('has evidence over just these words, that the service signed', async () => {
    const service = mockLicenceService(mock);
    const begun = await service.begin({ text: '同意', uscc: exchange.subject.uscc, name: '某公司' });
    await scan({ qr: begun.qr } as LicenceState, 'confirm');
    const outcome = await service.outcome(begun.session);
    if (outcome.state !== 'confirmed') throw new Error(outcome.state);
    const { evidence, jws } = parseLicenceEvidence(outcome.evidence);
    await verifyLicenceEvidence(jws, fromBase64Url(mock.key, 32));
    expect(evidence.text).to.equal(toBase64Url(sha256(utf8('同意'))));
  });

  it('is not made where the enterprise refuses, or does not come', async () => {
    const desk = open();
    const refused = await desk.begin(member, { wanted: exchange.wanted() });
    await scan(refused, 'refuse');
    expect((await desk.state(member, refused.session)).state).to.equal('refused');
    const left = await desk.begin(member, { wanted: exchange.wanted() });
    expect((await desk.state(member, left.session)).state).to.equal('waiting');
    later = 3_600_000;
    const expired = await desk.state(member, left.session);
    expect(expired.state).to.equal('expired');
    expect(expired).to.not.have.any.keys('grant', 'document');
  });

  it('is not made on evidence of other words, of another, or of no service', async () => {
    const real = mockLicenceService(mock);
    const other = await real.begin({ text: '别的文字', uscc: exchange.subject.uscc, name: '某公司' });
    await scan({ qr: other.qr } as LicenceState, 'confirm');
    const { evidence } = (await real.outcome(other.session)) as { evidence: string };
    const lies: [LicenceService, string][] = [
      [{ ...real, outcome: async () => ({ state: 'confirmed', evidence }) }, 'MALFORMED'],
      [
        { ...real, key: exchange.bank.client.publicKey, outcome: async () => ({ state: 'confirmed', evidence }) },
        'SIGNATURE_INVALID',
      ],
    ];
    for (const [service, wanted] of lies) {
      const desk = open(service);
      const { session } = await desk.begin(member, { wanted: exchange.wanted() });
      expect(await code(desk.state(member, session))).to.equal(wanted);
    }
  });

  it('is made once, though it is asked for twice at the same time', async () => {
    const desk = open();
    const { session, qr } = await desk.begin(member, { wanted: exchange.wanted() });
    await scan({ qr } as LicenceState, 'confirm');
    const [one, two] = await Promise.all([desk.state(member, session), desk.state(member, session)]);
    expect(one).to.deep.equal(two);
  });

  it('cannot be asked for where it could not stand, of a service that is down, or under no session', async () => {
    const long = exchange.wanted({ to: exchange.now() + 500 * 86_400 });
    expect(await code(open().begin(member, { wanted: long }))).to.equal('MALFORMED');
    const down = mockLicenceService({ url: 'http://127.0.0.1:1', key: mock.key });
    expect(await code(open(down).begin(member, { wanted: exchange.wanted() }))).to.equal('UNREACHABLE');
    expect(await code(open().state(member, 'A'.repeat(22)))).to.equal('NOT_FOUND');
  });

  it('is withdrawn when the enterprise confirms that', async () => {
    const desk = open();
    const made = await confirmed(desk);
    const document = grantDocument.decode(utf8(made.document!));
    expect(await exchange.reason(document)).to.equal('answered');
    const ending = await desk.begin(member, { withdraw: made.session });
    expect(ending.text).to.contain('撤回').and.to.contain(made.text);
    expect(await exchange.reason(document), 'until then').to.equal('answered');
    await scan(ending, 'confirm');
    expect((await desk.state(member, ending.session)).grant).to.equal(made.grant);
    expect(await exchange.reason(document)).to.equal('GRANT_WITHDRAWN');
    expect(await code(desk.begin(member, { withdraw: 'A'.repeat(22) }))).to.equal('NOT_FOUND');
  });
});
