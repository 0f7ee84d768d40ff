import { expect } from 'chai';
import { Enterprise } from '../../../gateway/client/enterprise.ts';
import { localAccount, newAccountSecret } from '../../../node/core/account.ts';
import { newAgreement } from '#agreement';
import { fromHex, fromUtf8, toBase64Url, utf8 } from '../../../node/core/bytes.ts';
import { canonicalize } from '../../../node/core/canonical.ts';
import { encodeEntry } from '../../../node/core/entry.ts';
import type { XinlianError } from '../../../node/core/errors.ts';
import { grantDocument, parseArtefact } from '../../../node/core/grant.ts';
import { signQuestion, signRequest, type GrantRequest } from '../../../node/core/grant-request.ts';
import { openJwe, sealJwe } from '../../../node/core/jwe.ts';
import { p256Jwk } from '../../../node/core/jwk.ts';
import { consentTo } from '../../../node/core/make-grant.ts';
import { historyPage, type HistoryPage } from '../../../node/core/messages/history.ts';
import { openingCommitment, receipt } from '../../../node/core/receipt.ts';
import {
  encodeSubjectCall,
  openSubjectAnswer,
  subjectCallDigest,
  type SubjectCall,
} from '../../../node/core/subject-call.ts';
import type { SubjectCertificate } from '../../../node/core/subject-certificate.ts';
import { CertificateVerifier } from '../../../node/exchange/certificate-verifier.ts';
import { GrantDesk } from '../../../node/exchange/grant-desk.ts';
import { openingPlace } from '../../../node/exchange/openings.ts';
import { RequestDesk } from '../../../node/exchange/request-desk.ts';
import { SubjectDesk, type ServingMember } from '../../../node/exchange/subject-desk.ts';
import { SeenWithdrawals } from '../../../node/exchange/withdrawals.ts';
import { LevelRequestStore } from '../../../node/store/access-store.ts';
import type { Batch, Store } from '../../../node/store/store.ts';
import { builtInCatalogue } from '../../../node/policy/pack.ts';
import { AnswerRecords } from '../../../node/exchange/answer-records.ts';
import { parseCheckpoint } from '../../../node/core/checkpoint.ts';
import { parseNote } from '../../../node/core/note.ts';
import { gatedStore, memoryStore } from '../../helpers/memory-store.ts';
import { silent, SIGNER } from '../../helpers/agency.ts';
import { domain, Exchange } from '../../helpers/authorised.ts';
import { LOG, MEMBER, OTHER_MEMBER } from '../../helpers/bundle.ts';
import { rejection } from '../../helpers/rejection.ts';
import { newCaseId, openCases } from '../../helpers/cases.ts';
import type { CaseAct } from '../../../node/core/case-act.ts';
import type { CasePage } from '../../../node/core/messages/case.ts';
import { company } from '../../helpers/rows.ts';
import type { MemberId } from '../../../node/core/ids.ts';
import type { CompileReport, ReportText } from '../../../node/core/messages/report.ts';

describe('The desk of enterprises', () => {
  let exchange: Exchange;
  let desk: SubjectDesk<Batch>;
  let requests: RequestDesk<Batch>;
  let member: ServingMember<Batch>;
  let centre: ServingMember<Batch>;
  const sealing = newAgreement();
  const seal = toBase64Url(sealing.publicKey);
  /** Reports that were ordered. */
  let ordered: object[];
  /** What the desk's answers are on their way to the enterprise. */
  let carried: (answer: string) => Promise<string>;

  beforeEach(() => open());

  async function open(store?: Store): Promise<void> {
    ordered = [];
    exchange = await Exchange.open({}, store);
    const { commits, clock, log, vault, logs } = exchange.agency;
    const { grants: view, rules, store: accesses } = exchange;
    const revocations = { isRevoked: (_: string, jti: string) => exchange.revoked.has(jti), passedAt: () => undefined };
    const certificates = new CertificateVerifier({ view, revocations });
    requests = new RequestDesk<Batch>({
      store: new LevelRequestStore(exchange.agency.store),
      commits,
      view,
      rules,
      clock,
    });
    const { desk: cases, opened } = openCases(exchange.agency);
    const report = async (at: MemberId, order: CompileReport): Promise<ReportText> => {
      ordered.push({ at, ...order });
      return { number: '2'.repeat(22), digest: `0x${'1'.repeat(64)}`, log: LOG, position: 1, text: 'made' };
    };
    desk = new SubjectDesk<Batch>({
      store: accesses,
      logs,
      certificates,
      requests,
      cases,
      opened,
      report,
      domain,
      clock,
    });
    member = { id: MEMBER, region: '320904', log, vault, sealing: exchange.sealing, key: { publicKey: SIGNER } };
    centre = { ...member, id: exchange.centre.id };
    carried = async (answer) => answer;
  }

  async function enterprise(change: Partial<SubjectCertificate> = {}, account = exchange.account): Promise<Enterprise> {
    const { commits, clock } = exchange.agency;
    const { store, grants } = exchange;
    const withdrawals = await SeenWithdrawals.open<Batch>({
      store,
      commits,
      domain,
      view: grants,
      writer: grants,
      clock,
      logger: silent,
    });
    return new Enterprise({
      client: {
        callAsSubject: async ({ params, body }) => {
          const to = params.member === centre.id ? centre : member;
          return { answer: await carried(await desk.call(to, body.call)) };
        },
        registerGrants: async ({ body }) => ({ outcomes: await new GrantDesk(grants).register(body.grants) }),
        withdrawGrant: async ({ params, body }) => {
          await withdrawals.take(body, true);
          return { grant: params.grant, told: [MEMBER], unreached: [] };
        },
      },
      signer: account,
      sealing,
      certificate: await exchange.certificate({ seal, ...change }),
      domain,
      keysOf: async () => ({ sealing: exchange.sealing.publicKey, checkpoint: [SIGNER] }),
      clock,
    });
  }

  /** A call as it is signed, with a change to it or to what goes with it. */
  async function call(
    change: Partial<SubjectCall> = {},
    {
      certificate,
      by = exchange.account,
      to = exchange.sealing.publicKey,
    }: {
      certificate?: Partial<SubjectCertificate>;
      by?: typeof exchange.account;
      to?: Uint8Array;
    } = {},
  ): Promise<unknown> {
    const made: SubjectCall = { aud: MEMBER, iat: exchange.now(), method: 'history', argument: {}, ...change };
    const text = encodeSubjectCall(made);
    const signature = await by.sign(fromHex(subjectCallDigest(domain, made.aud, text), 32));
    const signed = { certificate: await exchange.certificate({ seal, ...certificate }), call: text, signature };
    return openSubjectAnswer(await desk.call(member, await sealJwe(utf8(canonicalize(signed)), to)), sealing);
  }
  const code = async (attempt: Promise<unknown>) => ((await rejection(attempt)) as XinlianError).code;

  it('has a report made of the enterprise that calls, and of no other', async () => {
    const special = { fields: ['tax'], from: '2025-01-01', to: '2026-01-01' };
    const made = await (await enterprise()).report(MEMBER, { special });
    expect(made).to.include({ text: 'made' });
    const { uscc, name } = exchange.subject;
    expect(ordered).to.deep.equal([{ at: MEMBER, uscc, name, special }]);
    expect(await code(call({ method: 'report', argument: { uscc: company(9) } }))).to.equal('MALFORMED');
  });

  describe('shows an enterprise its history', () => {
    it('each access with its proof, a refusal too; what is not under a checkpoint yet without', async () => {
      const { document, draft } = await exchange.grant();
      await exchange.ask(document);
      await exchange.reason(document, { purpose: 'post-loan' });
      await exchange.agency.checkpointer.sign();
      await exchange.ask(document);
      const seen = await (await enterprise()).history(MEMBER);
      expect(seen.map(({ proved, receipt: { outcome } }) => `${outcome} ${proved}`)).to.deep.equal([
        'answered true',
        'refused true',
        'answered false',
      ]);
      for (const { receipt: opening } of seen)
        expect(opening).to.include({
          subject: company(1),
          grant: draft.hash,
          grantee: exchange.bank.id,
          provider: MEMBER,
        });
      await exchange.agency.checkpointer.sign();
      const later = await (await enterprise()).history(MEMBER);
      expect(later.every(({ proved }) => proved)).to.equal(true);
    });

    it('its own, and no other’s', async () => {
      const { document } = await exchange.grant();
      await exchange.ask(document);
      const other = await exchange.grant(
        { subject: { uscc: company(2), name: '二' } },
        await exchange.certificate({ sub: company(2) }),
      );
      await exchange.ask(other.document);
      const [mine, theirs] = [await enterprise(), await enterprise({ sub: company(2) })];
      expect((await mine.history(MEMBER)).map(({ receipt: own }) => own.subject)).to.deep.equal([company(1)]);
      expect((await theirs.history(MEMBER)).map(({ receipt: own }) => own.subject)).to.deep.equal([company(2)]);
      expect(await (await enterprise({ sub: company(3) })).history(MEMBER)).to.deep.equal([]);
    });

    it('before the first checkpoint too', async () => {
      const empty = (await call()) as HistoryPage;
      expect(historyPage.check(empty)).to.include({ provider: MEMBER, log: LOG });
      expect(empty.receipts).to.deep.equal([]);
    });

    it('in pages of a hundred, each once', async () => {
      const { document } = await exchange.grant();
      const { answer } = await exchange.ask(document);
      const { log, vault, commits } = exchange.agency;
      const kind = { kind: 'receipt', time: exchange.now() } as const;
      await commits.run((batch) => {
        for (let i = 0; i < 249; i++) {
          const opening = { ...answer.receipt, salt: toBase64Url(crypto.getRandomValues(new Uint8Array(32))) };
          const commitment = openingCommitment(opening);
          const position = log.append(batch, { ...kind, commitment });
          const sealed = vault.sealNote(receipt.encode(opening), openingPlace(1, position));
          exchange.store.putOpening(batch, 1, position, commitment, sealed);
          exchange.store.putSubjectReceipt(batch, 1, vault.subjectKey(company(1)), position);
        }
      });
      await exchange.agency.checkpointer.sign();
      const seen = await (await enterprise()).history(MEMBER);
      expect(seen).to.have.length(250);
      expect(new Set(seen.map(({ position }) => position)).size).to.equal(250);
      expect(seen.every(({ proved }) => proved)).to.equal(true);

      const sizes: number[] = [];
      for (let after: number | undefined; ;) {
        const page = (await call({ argument: after === undefined ? {} : { after } })) as HistoryPage;
        sizes.push(page.receipts.length);
        if (page.next === undefined) break;
        after = page.next;
      }
      expect(sizes).to.deep.equal([100, 100, 50]);
      const beyond = (await call({ argument: { after: Number.MAX_SAFE_INTEGER } })) as HistoryPage;
      expect(beyond.receipts).to.deep.equal([]);
    });

    it('under the checkpoint that is on the disk, while the next is on its way there', async () => {
      const { promise, resolve } = Promise.withResolvers<void>();
      let writes = Infinity;
      await open(gatedStore(await memoryStore(), async () => (writes-- > 0 ? undefined : promise)));
      const { document } = await exchange.grant();
      await exchange.ask(document);
      const { log } = exchange.agency;
      const before = log.shownSize;
      // Its status entry is written, its note is not.
      writes = 1;
      const signing = exchange.agency.checkpointer.sign();
      while (log.state.signed?.size === before) await new Promise((next) => setImmediate(next));
      const [seen] = await (await enterprise()).history(MEMBER);
      expect([log.shownSize, seen?.proved]).to.deep.equal([before, false]);
      const rules = { records: exchange.agency.recordStore, logs: exchange.agency.logs, view: exchange.agency.chain };
      const records = new AnswerRecords({ ...rules, catalogue: builtInCatalogue });
      const { artefact } = parseArtefact(document.artefact);
      const { query } = exchange.query(document);
      const collected = await records.collect(exchange.member, artefact, query, exchange.now());
      expect(parseCheckpoint(parseNote(collected.log.checkpoint).text).size).to.equal(before);
      resolve();
      await signing;
      expect(log.shownSize).to.equal(log.size);
      expect((await (await enterprise()).history(MEMBER))[0]?.proved).to.equal(true);
    });
  });

  describe('cannot lie to an enterprise that looks: it finds', () => {
    const shown = async (change: (page: HistoryPage) => void): Promise<unknown> => {
      const { document } = await exchange.grant();
      await exchange.ask(document);
      await exchange.ask(document);
      await exchange.agency.checkpointer.sign();
      carried = async (answer) => {
        const page = historyPage.check(await openSubjectAnswer(answer, sealing));
        change(page);
        return sealJwe(utf8(JSON.stringify(page)), sealing.publicKey);
      };
      return code((await enterprise()).history(MEMBER));
    };

    it('a receipt that is not that of its line', async () => {
      expect(await shown(({ receipts }) => (receipts[0]!.opening.purpose = 'self-check'))).to.equal('PROOF_INVALID');
    });

    it('a line that is not in the log', async () => {
      expect(await shown(({ receipts }) => (receipts[0]!.position += 1))).to.equal('PROOF_INVALID');
    });

    it('a line of another place', async () => {
      expect(await shown(({ receipts }) => (receipts[0]!.entry = receipts[1]!.entry))).to.equal('PROOF_INVALID');
    });

    it('another checkpoint than was signed', async () => {
      const other = (page: HistoryPage) => (page.checkpoint = page.checkpoint.replace(/\n\d+\n/, '\n999\n'));
      expect(await shown(other)).to.equal('SIGNATURE_INVALID');
    });

    it('a receipt of another provider', async () => {
      const forged = ({ receipts }: HistoryPage) => {
        const [first] = receipts;
        first!.opening.provider = OTHER_MEMBER;
        const commitment = openingCommitment(first!.opening);
        first!.entry = toBase64Url(encodeEntry({ kind: 'receipt', time: exchange.now(), commitment }));
        delete first!.inclusion;
      };
      expect(await shown(forged)).to.equal('PROOF_INVALID');
    });
  });

  describe('hears an enterprise on requests:', () => {
    async function ask(
      change: Partial<GrantRequest['wanted']> = {},
    ): Promise<{ made: GrantRequest; reply: ReturnType<typeof newAgreement> }> {
      const reply = newAgreement();
      const made: GrantRequest = {
        iss: exchange.bank.id,
        aud: centre.id,
        jti: toBase64Url(crypto.getRandomValues(new Uint8Array(16))),
        iat: exchange.now(),
        exp: exchange.now() + 86_400,
        wanted: exchange.wanted(change),
        reply: p256Jwk(reply.publicKey),
      };
      const jws = await signRequest(made, exchange.bank.signer);
      await requests.put(centre, await sealJwe(utf8(jws), exchange.sealing.publicKey, 'JWT'));
      return { made, reply };
    }
    const state = async (made: GrantRequest) => {
      const question = { iss: made.iss, aud: made.aud, jti: made.jti, iat: exchange.now(), exp: exchange.now() + 60 };
      const jws = await signQuestion(question, exchange.bank.signer);
      return requests.state(centre, await sealJwe(utf8(jws), exchange.sealing.publicKey, 'JWT'));
    };

    it('it sees, grants and registers, and the bank alone opens what was granted', async () => {
      const { made, reply } = await ask();
      const own = await enterprise();
      const [seen] = await own.requests(centre.id);
      expect(seen).to.deep.include({ request: made, text: exchange.rules.describeWanted(made.wanted) });
      const draft = exchange.draft(seen!.request.wanted);
      expect(draft.text.startsWith(seen!.text)).to.equal(true);
      const document = await consentTo(draft, exchange.account, await exchange.certificate({ seal }), domain);
      expect(await own.register(draft)).to.include({ ok: true, grant: draft.hash });
      expect((await own.grant(centre.id, seen!.request, document)).state).to.equal('granted');
      const told = await state(made);
      expect(told.state).to.equal('granted');
      const { plaintext } = await openJwe(told.document!, reply);
      expect(grantDocument.decode(plaintext)).to.deep.equal(document);
      expect(await exchange.reason(grantDocument.decode(plaintext))).to.equal('answered');
      expect(await code(openJwe(told.document!, sealing))).to.equal('SIGNATURE_INVALID');
    });

    it('it refuses, and says why', async () => {
      const { made } = await ask();
      const own = await enterprise();
      await own.refuse(centre.id, made, '不需要');
      expect(await state(made)).to.deep.include({ state: 'refused', reason: '不需要' });
      expect((await own.requests(centre.id))[0]?.decision).to.equal('refused');
    });

    it('it sees and decides those to itself alone', async () => {
      const { made } = await ask();
      const other = await enterprise({ sub: company(2) });
      expect(await other.requests(centre.id)).to.deep.equal([]);
      expect(await code(other.refuse(centre.id, made))).to.equal('NOT_FOUND');
      expect((await state(made)).state).to.equal('waiting');
    });

    it('it withdraws what it granted, at once', async () => {
      const { document, draft } = await exchange.grant();
      const own = await enterprise();
      expect(await own.withdraw(draft)).to.deep.include({ told: [MEMBER], unreached: [] });
      while (!exchange.grants.grant(draft.hash)?.withdrawn) await new Promise((resolve) => setTimeout(resolve, 5));
      expect(await exchange.reason(document)).to.equal('GRANT_WITHDRAWN');
    });
  });

  describe('hears no call', () => {
    const now = () => exchange.now();

    it('by another key than the certificate names', async () => {
      expect(await code(call({}, { by: localAccount(newAccountSecret()) }))).to.equal('SIGNATURE_INVALID');
    });

    it('for another member', async () => {
      expect(await code(call({ aud: centre.id }))).to.equal('UNAUTHENTICATED');
    });

    it('that is stale, or of the future', async () => {
      await call({ iat: now() - 300 });
      await call({ iat: now() + 300 });
      expect(await code(call({ iat: now() - 301 }))).to.equal('UNAUTHENTICATED');
      expect(await code(call({ iat: now() + 301 }))).to.equal('UNAUTHENTICATED');
    });

    it('under a certificate that does not hold', async () => {
      const jti = toBase64Url(new Uint8Array(16).fill(3));
      exchange.revoked.add(jti);
      expect(await code(call({}, { certificate: { jti } }))).to.equal('UNAUTHENTICATED');
      expect(await code(call({}, { certificate: { exp: now() } }))).to.equal('UNAUTHENTICATED');
      exchange.grants.suspended.add(exchange.centre.id);
      expect(await code(call())).to.equal('UNAUTHENTICATED');
    });

    it('under a certificate for one grant only, or with no key to answer to', async () => {
      const grant = `0x${'91'.repeat(32)}`;
      expect(await code(call({}, { certificate: { grant } }))).to.equal('FORBIDDEN');
      const { seal: _, ...bare } = { seal, aud: MEMBER };
      const text = encodeSubjectCall({ ...bare, iat: now(), method: 'history', argument: {} });
      const signature = await exchange.account.sign(fromHex(subjectCallDigest(domain, MEMBER, text), 32));
      const signed = canonicalize({ certificate: await exchange.certificate(), call: text, signature });
      const sealed = await sealJwe(utf8(signed), exchange.sealing.publicKey);
      expect(await code(desk.call(member, sealed))).to.equal('FORBIDDEN');
    });

    it('for what it cannot be asked', async () => {
      expect(await code(call({ argument: { after: -1 } }))).to.equal('MALFORMED');
      expect(await code(call({ argument: { subject: company(2) } }))).to.equal('MALFORMED');
      expect(await code(call({ argument: null }))).to.equal('MALFORMED');
      expect(await code(call({ method: 'decide', argument: {} }))).to.equal('MALFORMED');
      expect(await code(call({ method: 'delete' as never }))).to.equal('MALFORMED');
    });

    it('that is sealed to another, or is none', async () => {
      expect(await code(call({}, { to: sealing.publicKey }))).to.equal('SIGNATURE_INVALID');
      const sealed = await sealJwe(utf8('garbage'), exchange.sealing.publicKey);
      expect(await code(desk.call(member, sealed))).to.equal('MALFORMED');
      expect(await code(desk.call(member, 'garbage'))).to.equal('MALFORMED');
    });
  });

  it('answers under the enterprise’s seal: who carries it learns nothing', async () => {
    const { document } = await exchange.grant();
    await exchange.ask(document);
    let answer = '';
    carried = async (text) => (answer = text);
    await (await enterprise()).history(MEMBER);
    const readable = answer
      .split('.')
      .map((part) => Buffer.from(part, 'base64url').toString('latin1'))
      .join('\n');
    for (const secret of [company(1), LOG, 'answered']) expect(readable).to.not.contain(secret);
    expect(fromUtf8((await openJwe(answer, sealing)).plaintext)).to.contain(company(1));
  });

  describe('and what is held of an enterprise', () => {
    const act = (record: string, change: Partial<CaseAct> = {}): CaseAct => ({
      record,
      case: newCaseId(),
      seq: 0,
      kind: 'objection',
      step: 'file',
      ground: 'factual-error',
      text: '税额有误',
      ...change,
    });

    it('shows it its own records, with what may be done about them', async () => {
      const own = await enterprise();
      const records = await own.records(MEMBER);
      expect(records.map(({ claims }) => claims['NS_SHXYM'])).to.deep.equal([company(1), company(1)]);
      expect(records[0]).to.include({ item: 'tax-payment', status: 'live', class: 'authorised' });
    });

    it('takes its objection, and proves each step of it', async () => {
      const own = await enterprise();
      const [first] = await own.records(MEMBER);
      const filed = act(first!.record);
      expect(await own.act(MEMBER, filed)).to.include({ state: 'open', turn: 'agency' });
      expect((await own.cases(MEMBER))[0]).to.include({ proved: false });
      await exchange.agency.checkpointer.sign();
      const [seen] = await own.cases(MEMBER, { open: true });
      expect(seen).to.include({ proved: true, case: filed.case });
      // What it signed is kept, and is what the line commits to.
      expect(JSON.parse(seen!.steps[0]!.evidence)).to.have.keys('call', 'certificate', 'signature');
      expect((await own.records(MEMBER)).find(({ record }) => record === first!.record)).to.include({
        status: 'objected',
      });
    });

    it('refuses the record of another, and an act of the agency', async () => {
      const own = await enterprise();
      const [first] = await own.records(MEMBER);
      const other = await rejection((await enterprise({ sub: company(2) })).act(MEMBER, act(first!.record)));
      expect(other).to.have.property('code', 'NOT_FOUND');
      const annul = act(first!.record, { kind: 'annulment', step: 'annul' });
      expect(await rejection(own.act(MEMBER, annul))).to.have.property('code', 'FORBIDDEN');
    });

    it('believes no page whose steps are not in the log', async () => {
      const own = await enterprise();
      const [first] = await own.records(MEMBER);
      await own.act(MEMBER, act(first!.record));
      await exchange.agency.checkpointer.sign();
      const changed = async (change: (page: CasePage) => void): Promise<unknown> => {
        carried = async (answer) => {
          const page = (await openSubjectAnswer(answer, sealing)) as CasePage;
          change(page);
          return sealJwe(utf8(JSON.stringify(page)), sealing.publicKey);
        };
        return rejection(own.cases(MEMBER));
      };
      const lies: ((page: CasePage) => void)[] = [
        (page) => (page.cases[0]!.steps[0]!.opening.act.text = '另一理由'),
        (page) => (page.cases[0]!.steps[0]!.evidence = 'another'),
        (page) => (page.cases[0]!.case = newCaseId()),
        (page) => (page.member = `0x${'11'.repeat(32)}`),
        (page) => (page.cases[0]!.steps[0]!.position += 1),
      ];
      for (const lie of lies) expect(await changed(lie)).to.have.property('code', 'PROOF_INVALID');
      const key = toBase64Url(new Uint8Array(32));
      expect(await changed((page) => (page.key = key))).to.have.property('code', 'SIGNATURE_INVALID');
    });
  });
});
