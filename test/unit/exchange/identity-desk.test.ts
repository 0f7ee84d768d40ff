import { expect } from 'chai';
import { sha256 } from '#sha256';
import { newAgreement } from '#agreement';
import { fromUtf8, toBase64Url, utf8 } from '../../../node/core/bytes.ts';
import { decodeEntry } from '../../../node/core/entry.ts';
import type { Certification } from '../../../node/core/messages/identity.ts';
import { parseRevocations, verifyRevocations } from '../../../node/core/revocations.ts';
import { parseCertificate, verifyCertificate } from '../../../node/core/subject-certificate.ts';
import { IdentityDesk, MOST_CERTIFICATE_DAYS, type IdentifyingMember } from '../../../node/exchange/identity-desk.ts';
import { RecordProofs } from '../../../node/exchange/record-proofs.ts';
import { GRANT_PACKS, GrantRules } from '../../../node/policy/grant-rules.ts';
import { builtInCatalogue } from '../../../node/policy/pack.ts';
import { LevelCertificateStore } from '../../../node/store/certificate-store.ts';
import type { Batch, Store } from '../../../node/store/store.ts';
import { openAgency, SIGNER, type Agency } from '../../helpers/agency.ts';
import { Body } from '../../helpers/authorised.ts';
import { OTHER_MEMBER } from '../../helpers/bundle.ts';
import { memoryStore } from '../../helpers/memory-store.ts';
import { rejection } from '../../helpers/rejection.ts';
import { company } from '../../helpers/rows.ts';

const DAY = 86_400;
const seal = toBase64Url(newAgreement().publicKey);
const digest = toBase64Url(new Uint8Array(32).fill(3));
const grant = `0x${'91'.repeat(32)}`;

const OWN: Certification = {
  sub: company(1),
  name: '盐城某某科技有限公司',
  capacity: 'legal-representative',
  level: 'A',
  key: `0x${'a1'.repeat(20)}`,
  days: 30,
};
const LICENCE: Certification = {
  ...OWN,
  capacity: 'custodian',
  level: 'B',
  grant,
  evidence: { kind: 'e-licence', digest, provider: '电子营业执照' },
};
const PAPER: Certification = {
  ...LICENCE,
  level: 'C',
  evidence: { kind: 'sealed-paper', digest, officer: '张三' },
};

describe('The desk that identifies enterprises', () => {
  const centre = new Body('中心', 'MB190401', ['identifier']);
  let store: Store;
  let agency: Agency;
  let certificates: LevelCertificateStore;
  let desk: IdentityDesk<Batch>;
  let member: IdentifyingMember<Batch>;

  async function open(): Promise<void> {
    agency = await openAgency(store);
    certificates = new LevelCertificateStore(store);
    const { commits, clock, log } = agency;
    const rules = new GrantRules(GRANT_PACKS, builtInCatalogue);
    desk = new IdentityDesk<Batch>({
      store: certificates,
      commits,
      rules,
      view: { head: () => ({ number: 12, hash: '0x00', time: 0 }) },
      clock,
    });
    member = {
      id: centre.id,
      log,
      key: { publicKey: centre.checkpoint.publicKey, sign: centre.certifier.sign },
      vault: agency.vault,
    };
  }

  beforeEach(async () => {
    store = await memoryStore();
    await open();
  });

  const now = () => Math.floor(agency.clock.now() / 1000);
  const refuse = async (change: Partial<Certification>, of = OWN) => {
    const size = agency.log.size;
    const error = await rejection(desk.certify(member, { ...of, ...change }));
    expect(error, JSON.stringify(change)).to.have.property('code', 'MALFORMED');
    expect(agency.log.size).to.equal(size);
  };
  const revoked = async (): Promise<string[]> => parseRevocations(await desk.revocations(member)).list.revoked;

  for (const [level, asked] of Object.entries({ A: { ...OWN, seal }, B: LICENCE, C: PAPER })) {
    it(`certifies at level ${level}, under its checkpoint key, what it was asked to`, async () => {
      const { certificate: text, jti } = await desk.certify(member, asked);
      const { certificate, jws } = parseCertificate(text);
      await verifyCertificate(jws, centre.checkpoint.publicKey, centre.id);
      const { days, ...rest } = asked;
      expect(certificate).to.deep.equal({ ...rest, iss: centre.id, jti, iat: now(), exp: now() + days * DAY });
    });
  }

  it('leaves a line in its log, of which nobody tells whose certificate it is', async () => {
    const position = agency.log.size;
    const { certificate, jti } = await desk.certify(member, OWN);
    const bytes = agency.logs.entry(1, position)!;
    const entry = decodeEntry(bytes);
    if (entry.kind !== 'certificate') throw new Error(entry.kind);
    expect(entry.commitment).to.deep.equal(sha256(utf8(certificate)));
    expect(Buffer.from(bytes).toString('latin1')).to.not.contain(company(1));
    expect(certificates.certificate(centre.id, jti)).to.deep.equal({ position, exp: now() + 30 * DAY, revoked: false });
  });

  it('draws an id anew every time', async () => {
    const ids = [await desk.certify(member, OWN), await desk.certify(member, OWN)].map(({ jti }) => jti);
    expect(new Set(ids).size).to.equal(2);
  });

  it('certifies no code that is none, for no longer than it may, to no point that is none', async () => {
    await refuse({ sub: `${company(1).slice(0, 17)}0` });
    await refuse({ sub: '320922199001011230' });
    await refuse({ days: MOST_CERTIFICATE_DAYS + 1 });
    await desk.certify(member, { ...OWN, days: MOST_CERTIFICATE_DAYS });
    const none = newAgreement().publicKey.slice();
    none[0] = 7;
    await refuse({ seal: toBase64Url(none) });
    await refuse({ seal: 'AAAA' });
    await refuse({ key: 'none' });
  });

  it('wants at every level the evidence that it stands for, and no other', async () => {
    const own = LICENCE.evidence!;
    await refuse({ evidence: own });
    await refuse({ capacity: 'custodian' });
    for (const level of [LICENCE, PAPER]) {
      const { grant: _, ...ungranted } = level;
      const { evidence: __, ...bare } = level;
      await refuse({}, ungranted);
      await refuse({}, bare);
      for (const capacity of ['legal-representative', 'agent', 'bankruptcy-administrator'] as const)
        await refuse({ capacity }, level);
    }
    await refuse({ evidence: PAPER.evidence! }, LICENCE);
    for (const kind of ['e-licence', 'ca-signature', 'e-seal'] as const) {
      await desk.certify(member, { ...LICENCE, evidence: { kind, digest } });
      await refuse({ evidence: { kind, digest, officer: '张三' } }, PAPER);
    }
    await refuse({ evidence: { kind: 'sealed-paper', digest } }, PAPER);
  });

  it('takes a certificate back: its line is annulled, and the list has it', async () => {
    const { position, jti } = { position: agency.log.size, ...(await desk.certify(member, OWN)) };
    const { jti: other } = await desk.certify(member, OWN);
    await agency.checkpointer.sign();
    expect(await revoked()).to.deep.equal([]);
    const at = agency.log.size;
    await desk.revoke(member, jti);
    expect(await revoked()).to.deep.equal([jti]);
    const entry = decodeEntry(agency.logs.entry(1, at)!);
    expect(entry).to.include({ kind: 'annul', ref: position });
    expect(fromUtf8(agency.log.status(position)!)).to.equal(`{"by":${at},"state":"annulled"}`);
    await agency.checkpointer.sign();
    const status = await new RecordProofs(agency.logs).status(agency.log, position, agency.log.size);
    expect(status.value).to.equal(`{"by":${at},"state":"annulled"}`);
    expect(certificates.certificate(centre.id, other)?.revoked).to.equal(false);
  });

  it('takes it back once, whoever asks how often, and none that it never gave', async () => {
    const { jti } = await desk.certify(member, OWN);
    await Promise.all([desk.revoke(member, jti), desk.revoke(member, jti)]);
    await desk.revoke(member, jti);
    const kinds = Array.from({ length: agency.log.size }, (_, i) => decodeEntry(agency.logs.entry(1, i)!).kind);
    expect(kinds).to.deep.equal(['certificate', 'annul']);
    expect(await rejection(desk.revoke(member, 'AAAAAAAAAAAAAAAAAAAAAA'))).to.have.property('code', 'NOT_FOUND');
    const another = { ...member, id: OTHER_MEMBER };
    expect(await rejection(desk.revoke(another, jti))).to.have.property('code', 'NOT_FOUND');
  });

  it('signs the list with its own key, dated now', async () => {
    const { jti } = await desk.certify(member, OWN);
    await desk.revoke(member, jti);
    agency.clock.milliseconds += 5_000;
    const { list, jws } = parseRevocations(await desk.revocations(member));
    expect(list).to.deep.equal({ iss: centre.id, iat: now(), revoked: [jti] });
    await verifyRevocations(jws, centre.checkpoint.publicKey, centre.id);
    const wrong = await rejection(verifyRevocations(jws, SIGNER, centre.id));
    expect(wrong).to.have.property('code', 'SIGNATURE_INVALID');
    const { list: none } = parseRevocations(await desk.revocations({ ...member, id: OTHER_MEMBER }));
    expect(none.revoked).to.deep.equal([]);
  });

  it('lists a certificate until it ends by itself', async () => {
    const { jti } = await desk.certify(member, { ...OWN, days: 1 });
    await desk.revoke(member, jti);
    agency.clock.milliseconds += (DAY - 1) * 1000;
    expect(await revoked()).to.deep.equal([jti]);
    agency.clock.milliseconds += 1000;
    expect(await revoked()).to.deep.equal([]);
  });

  it('knows after a restart what it gave and took back', async () => {
    const [first, second] = [await desk.certify(member, OWN), await desk.certify(member, OWN)];
    await desk.revoke(member, first.jti);
    await open();
    expect(await revoked()).to.deep.equal([first.jti]);
    await desk.revoke(member, second.jti);
    expect(await revoked()).to.have.members([first.jti, second.jti]);
  });

  describe('where somebody else speaks for an enterprise', () => {
    const evidence = { kind: 'registry-notice', digest } as const;
    const court = { kind: 'court-decision', digest } as const;
    const administrator: Certification = { ...OWN, capacity: 'bankruptcy-administrator', evidence: court };
    const codeOf = async (attempt: Promise<unknown>) => ((await rejection(attempt)) as { code: string }).code;
    const list = async () => parseRevocations(await desk.revocations(member)).list;
    beforeEach(async () => {
      store = await memoryStore();
      await open();
    });

    it('takes back what the former representative had, and lets its grants live on', async () => {
      const { jti } = await desk.certify(member, OWN);
      const { jti: others } = await desk.certify(member, { ...OWN, sub: company(2) });
      const noted = await desk.note(member, { sub: company(1), change: 'representative-changed', evidence });
      expect(noted).to.deep.include({ revoked: [jti], grants: 'pass' });
      const { revoked, passed } = await list();
      expect([revoked, passed]).to.deep.equal([[jti], [{ jti, block: 12 }]]);
      expect(revoked).to.not.include(others);
      await desk.certify(member, OWN);
    });

    it('ends grants that lived on under an earlier representative, when the enterprise is bankrupt', async () => {
      const { jti } = await desk.certify(member, OWN);
      await desk.note(member, { sub: company(1), change: 'representative-changed', evidence });
      const again = await desk.note(member, { sub: company(1), change: 'representative-changed', evidence });
      expect([again.revoked, (await list()).passed]).to.deep.equal([[], [{ jti, block: 12 }]]);
      const noted = await desk.note(member, { sub: company(1), change: 'bankruptcy', evidence: court });
      expect(noted).to.deep.include({ revoked: [jti], grants: 'end' });
      const { revoked, passed } = await list();
      expect([revoked, passed]).to.deep.equal([[jti], undefined]);
      expect((await desk.note(member, { sub: company(1), change: 'bankruptcy', evidence: court })).revoked).to.be.empty;
    });

    it('ends them by taking the certificate back once more', async () => {
      const { jti } = await desk.certify(member, OWN);
      await desk.note(member, { sub: company(1), change: 'representative-changed', evidence });
      await desk.revoke(member, jti);
      const { revoked, passed } = await list();
      expect([revoked, passed]).to.deep.equal([[jti], undefined]);
    });

    it('certifies nobody but the administrator that a court appointed, once an enterprise is bankrupt', async () => {
      const { jti } = await desk.certify(member, OWN);
      const { jti: paper } = await desk.certify(member, PAPER);
      const noted = await desk.note(member, { sub: company(1), change: 'bankruptcy', evidence: court });
      expect(noted.revoked).to.have.members([jti, paper]);
      expect((await list()).passed, 'grants end').to.equal(undefined);
      for (const request of [OWN, PAPER, { ...administrator, evidence: undefined }, { ...administrator, evidence }])
        expect(await codeOf(desk.certify(member, request as Certification))).to.equal('MALFORMED');
      await open();
      expect(await codeOf(desk.certify(member, OWN)), 'after a restart').to.equal('MALFORMED');
      const { jti: own } = await desk.certify(member, administrator);
      await desk.note(member, { sub: company(1), change: 'bankruptcy-ended', evidence: court });
      expect((await list()).revoked).to.include(own);
      await desk.certify(member, OWN);
    });

    it('certifies nobody for one that was dissolved', async () => {
      const { jti } = await desk.certify(member, OWN);
      await desk.note(member, { sub: company(1), change: 'dissolved', evidence });
      expect((await list()).revoked).to.deep.equal([jti]);
      for (const request of [OWN, LICENCE, PAPER, administrator])
        expect(await codeOf(desk.certify(member, request))).to.equal('MALFORMED');
      await desk.certify(member, { ...OWN, sub: company(2) });
    });

    it('tells nobody without the vault whose standing changed', async () => {
      await desk.note(member, { sub: company(1), change: 'dissolved', evidence });
      for await (const [, value] of store.entries('standing'))
        expect(Buffer.from(value).includes(company(1))).to.equal(false);
    });
  });
});
