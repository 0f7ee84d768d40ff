import { expect } from 'chai';
import { toBase64Url, utf8, fromUtf8 } from '../../../node/core/bytes.ts';
import { sha256 } from '#sha256';
import { decodeEntry } from '../../../node/core/entry.ts';
import { parseApproval, signBasis, verifyApproval, type ShareBasis } from '../../../node/core/share.ts';
import { checkPayload, decodePayload } from '../../../node/core/share-payload.ts';
import { builtInCatalogue } from '../../../node/policy/pack.ts';
import { AnswerRecords } from '../../../node/exchange/answer-records.ts';
import { SharePayloads } from '../../../node/exchange/share-payloads.ts';
import type { Batch } from '../../../node/store/store.ts';
import { SIGNER } from '../../helpers/agency.ts';
import { MEMBER, OTHER_MEMBER } from '../../helpers/bundle.ts';
import { rejection } from '../../helpers/rejection.ts';
import { company } from '../../helpers/rows.ts';
import { SharingExchange } from '../../helpers/sharing.ts';

const code = async (attempt: Promise<unknown>) => ((await rejection(attempt)) as { code: string }).code;

describe('Sharing between agencies', () => {
  let sharing: SharingExchange;
  before(async () => {
    sharing = await SharingExchange.open();
  });
  afterEach(() => sharing.exchange.grants.suspended.clear());

  const lastEntry = () => {
    const { logs, log } = sharing.exchange.agency;
    return decodeEntry(logs.entry(log.state.number, log.size - 1)!);
  };
  const receiptsOf = async (uscc: string): Promise<number> => {
    const { agency, store } = sharing.exchange;
    let count = 0;
    for await (const _ of store.subjectReceipts(1, agency.vault.subjectKey(uscc), -1, 1000)) count++;
    return count;
  };

  describe('asked and decided', () => {
    it('approves at once what the catalogue shares unconditionally, with a line in the log', async () => {
      const { state } = await sharing.ask(sharing.basis());
      expect(state).to.include({ state: 'approved' });
      expect(state.answerWithin).to.include({ workingDays: 1, unverified: true });
      const { approval, jws } = parseApproval(state.approval!);
      await verifyApproval(jws, SIGNER, MEMBER);
      expect(approval).to.include({ by: 'catalogue', iss: MEMBER, aud: sharing.requester.id });
      const entry = lastEntry();
      if (entry.kind !== 'share') throw new Error(entry.kind);
      expect(toBase64Url(entry.commitment)).to.equal(toBase64Url(sha256(utf8(state.approval!))));
    });

    it('lets an officer decide where an item is shared conditionally', async () => {
      const basis = sharing.conditional();
      const { state } = await sharing.ask(basis);
      expect(state).to.include({ state: 'waiting', basis: basis.jti });
      // Asked on Monday, 2026-06-01.
      expect(state.answerWithin).to.include({ workingDays: 10, due: '2026-06-15', provisional: false });
      const { bases } = await sharing.shares.list(sharing.exchange.member);
      const seen = bases.find((one) => one.basis.jti === basis.jti)!;
      expect(seen.text).to.contain('行政强制信息(最近24个月,有条件共享)').and.to.contain('税收征收管理法第六条');
      const decided = await sharing.approve(basis.jti);
      expect(decided.state).to.equal('approved');
      expect(parseApproval(decided.approval!).approval).to.include({ by: 'officer', officer: '李四' });
      expect(await sharing.question(basis.jti)).to.deep.equal(decided);
      expect(await sharing.approve(basis.jti), 'again').to.deep.equal(decided);
      const { member } = sharing.exchange;
      const other = sharing.shares.decide(member, { basis: basis.jti, outcome: 'refused', officer: '李四' });
      expect(await code(other)).to.equal('CONFLICT');
    });

    it('lets an officer decide where the subject is not to be told, whatever the items', async () => {
      const { state } = await sharing.ask(sharing.basis({ secrecy: { citation: '反洗钱法第五条' } }));
      expect(state.state).to.equal('waiting');
    });

    it('narrows, and never widens', async () => {
      const items = [
        { item: 'administrative-coercion', months: 24 },
        { item: 'supervisory-inspection', months: 24 },
      ];
      const basis = sharing.basis({ items });
      await sharing.ask(basis);
      expect(await code(sharing.approve(basis.jti, { items: ['tax-payment'] }))).to.equal('MALFORMED');
      expect(await code(sharing.approve(basis.jti, { to: basis.to + 1 }))).to.equal('MALFORMED');
      const decided = await sharing.approve(basis.jti, { items: ['supervisory-inspection'], to: basis.to - 1 });
      expect(parseApproval(decided.approval!).approval).to.deep.include({
        items: ['supervisory-inspection'],
        to: basis.to - 1,
      });
    });

    it('refuses what is not shared, and says so', async () => {
      const { state } = await sharing.ask(sharing.basis({ items: [{ item: 'tax-payment', months: 12 }] }));
      expect(state.state).to.equal('refused');
      expect(state.reason).to.contain('ITEM_NOT_SHARED');
    });

    it('takes the same basis again, and no other under its id', async () => {
      const basis = sharing.basis();
      const { text, state } = await sharing.ask(basis);
      const { size } = sharing.exchange.agency.log;
      expect(await sharing.put(text)).to.deep.equal(state);
      expect(sharing.exchange.agency.log.size).to.equal(size);
      expect(await code(sharing.ask({ ...basis, to: basis.to - 1 }))).to.equal('CONFLICT');
    });

    const wrong: Record<string, [Partial<ShareBasis>, string]> = {
      'for another provider': [{ aud: OTHER_MEMBER }, 'UNAUTHENTICATED'],
      'in the name of another body': [{ requester: { uscc: company(3), name: '某局' } }, 'MALFORMED'],
      'that ends before it begins': [{ to: 5 }, 'MALFORMED'],
      'for longer than the rules allow': [{ from: 0 }, 'MALFORMED'],
      'of an edition that nobody knows': [{ policy: 'cn-sharing-1999' }, 'MALFORMED'],
    };
    for (const [what, [change, wanted]] of Object.entries(wrong)) {
      it(`takes none ${what}`, async () => {
        expect(await code(sharing.ask(sharing.basis(change)))).to.equal(wanted);
      });
    }

    it('takes none that its requester did not sign, and none of a bank', async () => {
      const forged = await signBasis(sharing.basis(), sharing.other.signer);
      expect(await code(sharing.put(forged))).to.equal('SIGNATURE_INVALID');
      const { bank } = sharing.exchange;
      bank.member.keys.sealing = [{ key: sharing.sealing.publicKey, since: 1 }];
      expect(await code(sharing.ask(sharing.basis({}, bank), bank))).to.equal('MEMBER_NOT_ENTITLED');
    });

    it('tells of a basis to its requester alone', async () => {
      const basis = sharing.basis();
      await sharing.ask(basis);
      expect(await code(sharing.question(basis.jti, {}, sharing.other))).to.equal('NOT_FOUND');
      const stale = { iat: sharing.exchange.now() - 600, exp: sharing.exchange.now() - 1 };
      expect(await code(sharing.question(basis.jti, stale))).to.equal('UNAUTHENTICATED');
    });
  });

  describe('read', () => {
    it('answers under an approved basis, with proofs, status and a receipt that names it', async () => {
      const before = await receiptsOf(company(1));
      const { body, records, receipt } = await sharing.read(await sharing.approved());
      expect(records).to.have.length(1);
      expect(records[0]!.claims.get('JC_JGUO')).to.equal('未发现问题');
      expect(body.basis).to.match(/^[\w-]{43}$/);
      expect(body).to.not.have.property('grant');
      expect(receipt.basis).to.deep.equal({
        basis: body.basis,
        citation: '税收征收管理法第六条',
        matter: '纳税信用评价',
      });
      expect(await receiptsOf(company(1))).to.equal(before + 1);
    });

    it('is hidden from the subject under a law that is cited, once an officer accepted that; never from the log', async () => {
      const basis = sharing.basis({ secrecy: { citation: '反洗钱法第五条' } });
      const before = await receiptsOf(company(1));
      const { text } = await sharing.ask(basis);
      // Until then the citation is the requester's word alone.
      expect(await sharing.reason({ basis: text, approval: 'a.b.c' })).to.equal('BASIS_NOT_APPROVED');
      expect(await receiptsOf(company(1))).to.equal(before + 1);
      const { approval } = await sharing.approve(basis.jti);
      const { receipt } = await sharing.read({ basis: text, approval: approval! });
      expect(receipt.basis?.hidden).to.equal('反洗钱法第五条');
      expect(await receiptsOf(company(1))).to.equal(before + 1);
      expect(lastEntry().kind).to.equal('receipt');
    });

    type Ask = () => Promise<string>;
    const cases: Record<string, Ask> = {
      BASIS_MALFORMED: async () => sharing.reason({ ...(await sharing.approved()), basis: 'a.b.c' }),
      BASIS_UNKNOWN: async () => {
        const { approval } = await sharing.approved();
        return sharing.reason({ basis: await signBasis(sharing.basis(), sharing.requester.signer), approval });
      },
      BASIS_NOT_APPROVED: async () => {
        const { text } = await sharing.ask(sharing.conditional());
        const { approval } = await sharing.approved();
        return sharing.reason({ basis: text, approval }, { items: ['administrative-coercion'] });
      },
      BASIS_REFUSED: async () => {
        const basis = sharing.conditional();
        const { text } = await sharing.ask(basis);
        const refused = { basis: basis.jti, outcome: 'refused', officer: '李四', reason: '依据不足' } as const;
        await sharing.shares.decide(sharing.exchange.member, refused);
        const { approval } = await sharing.approved();
        return sharing.reason({ basis: text, approval }, { items: ['administrative-coercion'] });
      },
      BASIS_ENDED: async () => {
        const basis = sharing.basis();
        const document = await sharing.approved(basis);
        expect(await sharing.reason(document)).to.equal('answered');
        await sharing.question(basis.jti, { act: 'end', reason: '事项办结' });
        return sharing.reason(document);
      },
      BASIS_EXPIRED: async () => {
        const document = await sharing.approved(sharing.basis({ to: sharing.exchange.now() + 5 }));
        sharing.exchange.grants.time = sharing.exchange.now() + 5;
        const reason = await sharing.reason(document);
        sharing.exchange.grants.time = sharing.exchange.now();
        return reason;
      },
      BASIS_NOT_YET_VALID: async () =>
        sharing.reason(await sharing.approved(sharing.basis({ from: sharing.exchange.now() + 3_600 }))),
      REQUESTER_MISMATCH: async () => sharing.reason(await sharing.approved(), {}, sharing.other),
      REQUESTER_NOT_ENTITLED: async () => {
        const document = await sharing.approved();
        sharing.exchange.grants.suspended.add(sharing.requester.id);
        return sharing.reason(document);
      },
      PURPOSE_MISMATCH: async () => sharing.reason(await sharing.approved(), { purpose: 'SX-002' }),
      ITEM_NOT_IN_BASIS: async () => sharing.reason(await sharing.approved(), { items: ['administrative-coercion'] }),
      SUBJECT_NOT_IN_BASIS: async () =>
        sharing.reason(await sharing.approved(sharing.basis({ subjects: [company(2)] }))),
      CHAIN_STALE: async () => {
        const document = await sharing.approved();
        const { grants } = sharing.exchange;
        grants.time -= 1_000;
        const reason = await sharing.reason(document);
        grants.time += 1_000;
        return reason;
      },
    };
    for (const [reason, ask] of Object.entries(cases)) {
      it(`refuses with ${reason}, and leaves a receipt`, async () => {
        expect(await ask()).to.equal(reason);
        expect(lastEntry().kind).to.equal('receipt');
      });
    }

    it('takes no query with both a grant and a basis, without a subject, or of proofs under a grant', async () => {
      const basis = await sharing.approved();
      const { document: grant } = await sharing.exchange.grant();
      for (const change of [{ grant }, { subject: undefined }, { basis: undefined, grant, proofOnly: true }])
        expect(await code(sharing.read(basis, change as object))).to.equal('MALFORMED');
    });
  });

  describe('ended', () => {
    it('by the provider too, at once and for good, and its line tells', async () => {
      const basis = sharing.basis();
      const document = await sharing.approved(basis);
      const { member, agency } = sharing.exchange;
      const position = agency.log.size - 1;
      const ended = await sharing.shares.end(member, { basis: basis.jti, reason: '机构改革' });
      expect(ended).to.include({ state: 'ended', reason: '机构改革' });
      expect(ended.ended?.by).to.equal(MEMBER);
      expect(fromUtf8(agency.log.status(position)!)).to.contain('"state":"annulled"');
      expect(await sharing.question(basis.jti, { act: 'end' }), 'again').to.deep.equal(ended);
      expect(await sharing.reason(document)).to.equal('BASIS_ENDED');
    });

    it('before it was decided: an officer decides no more', async () => {
      const basis = sharing.conditional();
      await sharing.ask(basis);
      await sharing.question(basis.jti, { act: 'end' });
      expect(await code(sharing.approve(basis.jti))).to.equal('CONFLICT');
    });

    it('once, though both sides end and an officer approves at the same time', async () => {
      const basis = sharing.conditional();
      await sharing.ask(basis);
      const { member } = sharing.exchange;
      const all = [
        sharing.shares.end(member, { basis: basis.jti }),
        sharing.question(basis.jti, { act: 'end' }),
        sharing.approve(basis.jti).catch(() => undefined),
      ];
      await Promise.all(all);
      expect((await sharing.question(basis.jti)).state).to.equal('ended');
    });
  });

  describe('in proof-only mode', () => {
    const names = builtInCatalogue.names.bind(builtInCatalogue);

    async function payload(basis: string) {
      const { agency, grants: view, member } = sharing.exchange;
      const records = new AnswerRecords<Batch>({
        records: agency.recordStore,
        logs: agency.logs,
        view: agency.chain,
        catalogue: builtInCatalogue,
      });
      const payloads = new SharePayloads<Batch>({ bases: sharing.shares, records, view, clock: agency.clock });
      return fromUtf8(await payloads.export(member, { basis, subject: company(1) }));
    }

    it('gives proofs and a receipt, and nothing of the records; what came another way is checked against them', async () => {
      const basis = sharing.basis();
      const { body, receipt, records, text } = await sharing.read(await sharing.approved(basis), { proofOnly: true });
      expect(records.map(({ claims }) => claims.size)).to.deep.equal([0]);
      expect(receipt.basis?.proofOnly).to.equal(true);
      expect(text).to.not.contain(company(1).slice(0, 8)).and.to.not.contain('disclosures":["');
      const file = await payload(basis.jti);
      const [checked, ...more] = checkPayload(decodePayload(file), body.records, receipt.subject, names);
      expect(more).to.deep.equal([]);
      expect(checked).to.include({ outcome: 'proved', item: 'supervisory-inspection' });
      expect(checked!.claims!.get('JC_JGUO')).to.equal('未发现问题');
    });

    it('tells what was altered, left out, missing, or is of another', async () => {
      const basis = sharing.basis();
      const { body, receipt } = await sharing.read(await sharing.approved(basis), { proofOnly: true });
      const [line] = decodePayload(await payload(basis.jti));
      const outcomes = (lines: NonNullable<typeof line>[], subject = receipt.subject) =>
        checkPayload(lines, body.records, subject, names).map(({ outcome }) => outcome);
      const [first, ...rest] = line!.disclosures;
      const [salt, name] = JSON.parse(Buffer.from(first!, 'base64url').toString()) as [string, string];
      const forged = toBase64Url(utf8(JSON.stringify([salt, name, '别的值'])));
      expect(outcomes([{ ...line!, disclosures: [forged, ...rest] }])).to.deep.equal(['altered']);
      expect(outcomes([{ ...line!, disclosures: rest }])).to.deep.equal(['altered']);
      expect(outcomes([{ ...line!, disclosures: [...line!.disclosures, first!] }])).to.deep.equal(['altered']);
      expect(outcomes([line!], company(2))).to.deep.equal(['altered']);
      expect(outcomes([])).to.deep.equal(['missing']);
      expect(outcomes([line!, { ...line!, version: 2 }])).to.deep.equal(['proved', 'unproved']);
      expect(() => outcomes([line!, line!])).to.throw('MALFORMED');
    });

    it('takes nothing out of a basis that is not approved, has ended, or is of others', async () => {
      const waiting = sharing.conditional();
      await sharing.ask(waiting);
      expect(await code(payload(waiting.jti))).to.equal('CONFLICT');
      const ended = sharing.basis();
      await sharing.approved(ended);
      await sharing.question(ended.jti, { act: 'end' });
      expect(await code(payload(ended.jti))).to.equal('CONFLICT');
      const others = sharing.basis({ subjects: [company(2)] });
      await sharing.approved(others);
      expect(await code(payload(others.jti))).to.equal('CONFLICT');
      expect(await code(payload('A'.repeat(22)))).to.equal('NOT_FOUND');
    });
  });
});
