// Banks and providers that lie about accesses in their own logs, or in what they hand over: the audit names whose lie it is.
import { expect } from 'chai';
import type { AuditResult } from '../../node/audit/audit.ts';
import type { ReadAccess } from '../../node/audit/access-audit.ts';
import type { HandedOpening } from '../../node/audit/ports.ts';
import { admitByVote, passByVote } from '../../node/chain/deploy.ts';
import { ed25519 } from '@noble/curves/ed25519.js';
import { toBase64Url, toHex, type Hex } from '../../node/core/bytes.ts';
import { canonicalize } from '../../node/core/canonical.ts';
import { answerBody, signAnswer } from '../../node/core/query.ts';
import { textDigest } from '../../node/core/receipt.ts';
import { rejection } from '../helpers/rejection.ts';
import type { LogId } from '../../node/core/ids.ts';
import {
  QueryNote as QueryNoteSchema,
  Receipt as ReceiptSchema,
  type QueryNote,
  type Receipt,
} from '../../node/core/receipt.ts';
import { accessEntry, handedOver, testNote, testReceipt, type TestAccess } from '../helpers/accesses.ts';
import { digest, fund, TestConsortium } from '../helpers/consortium-on-anvil.ts';
import { grantOf, GrantSigner, type TestGrant } from '../helpers/grants-on-anvil.ts';
import { auditHistory, record, signingBody, TestLog, withRoles, type History } from '../helpers/history.ts';
import { now, publishes } from '../helpers/honest-history.ts';

const PROVIDER = withRoles(signingBody(7), ['source', 'regulator']);
const BANK = withRoles(signingBody(8), ['bank']);
const REASON: Hex = toHex(digest('reason'));

describe('an audit of accesses', () => {
  let consortium: TestConsortium;
  let snapshot: string;
  const counted = grantOf('counted', BANK.id);
  const lasting = grantOf('lasting', BANK.id, { uses: 0 });
  let logs: { provider: TestLog; bank: TestLog };

  before(async () => {
    consortium = await TestConsortium.start();
    for (const { signer, admission } of [PROVIDER, BANK]) {
      await fund(consortium.anvil, signer.address);
      await admitByVote(consortium.contracts, admission, consortium.council());
    }
    const sign = new GrantSigner(consortium.contracts);
    const registrations = [await sign.registration(counted), await sign.registration(lasting)];
    await consortium.writer(PROVIDER).registerGrants(registrations);
    snapshot = await consortium.anvil.call('evm_snapshot');
  });
  after(() => consortium.stop());
  beforeEach(async () => {
    await consortium.anvil.call('evm_revert', snapshot);
    snapshot = await consortium.anvil.call('evm_snapshot');
    logs = { provider: await TestLog.open(consortium, PROVIDER), bank: await TestLog.open(consortium, BANK) };
    await logs.provider.append(publishes(6, now()));
    await logs.provider.append([{ kind: 'supersede', time: now(), item: 'xk', edition: '2024', commitment: digest('n'), ref: 0 }]); // prettier-ignore
    await logs.provider.sign(now());
    await logs.provider.anchor();
  });

  async function head(): Promise<{ number: number; time: number }> {
    const { number, timestamp } = await consortium.anvil.call<{ number: string; timestamp: string }>('eth_getBlockByNumber', 'latest', false); // prettier-ignore
    return { number: Number(number), time: Number(timestamp) };
  }

  const accessOf = ({ hash }: TestGrant, query = 'q1'): TestAccess => ({
    provider: PROVIDER.id,
    grantee: BANK.id,
    grant: hash,
    query: toHex(digest(query)),
    time: now(),
  });

  /** Changes the status of the record at position 2, and anchors that. */
  const changing = (kind: 'objection' | 'repair') => async (): Promise<void> => {
    const { provider } = logs;
    await provider.append([{ kind, time: now(), ref: 2 }]);
    await provider.sign(now());
    await provider.anchor();
  };

  interface Played {
    access?: TestAccess;
    consumed?: boolean;
    /** Before the access. */
    first?: () => Promise<unknown>;
    receipts?: Partial<Receipt>[];
    /** None: the bank logs nothing. */
    notes?: Partial<QueryNote>[];
  }

  interface Told {
    history: History;
    openings: Map<LogId, { size: number; lines: HandedOpening[] }>;
  }

  /** An access as it should be, but for what is given. */
  async function play({
    access = accessOf(counted),
    consumed = true,
    first,
    receipts = [{}],
    notes = [{}],
  }: Played): Promise<Told> {
    const { provider, bank } = logs;
    const terms = access.grant === counted.hash ? counted.terms : lasting.terms;
    if (consumed && terms.uses > 0) await consortium.writer(BANK).consumeGrants([{ terms, queryId: access.query }]);
    await first?.();
    const at = await head();
    const lines = { provider: [] as HandedOpening[], bank: [] as HandedOpening[] };
    for (const change of notes) {
      const opening = testNote(access, change);
      lines.bank.push({ position: bank.size, opening });
      await bank.append([accessEntry(opening)]);
    }
    for (const change of receipts) {
      const opening = testReceipt(access, at, change);
      lines.provider.push({ position: provider.size, opening });
      await provider.append([accessEntry(opening)]);
    }
    for (const log of [provider, bank]) {
      await log.sign(now());
      await log.anchor();
    }
    // A day later everything that belongs together is there.
    await consortium.anvil.call('evm_increaseTime', 90_000);
    await consortium.mine();
    const history = await record(consortium, [provider, bank]);
    const openings = new Map([
      [provider.id, { size: provider.size, lines: lines.provider }],
      [bank.id, { size: bank.size, lines: lines.bank }],
    ]);
    return { history, openings };
  }

  const auditOf = ({ history, openings }: Told, read?: (access: ReadAccess) => void): Promise<AuditResult> =>
    auditHistory(history, { openings: handedOver(openings), ...(read && { read }) });

  const rulesOf = ({ findings }: AuditResult): string[] => findings.map(({ rule }) => rule);

  it('finds nothing in what is sound, and tells what was read under what', async () => {
    const told = await play({ first: changing('objection'), receipts: [{ records: [2, 6] }] });
    const reads: ReadAccess[] = [];
    const result = await auditOf(told, (access) => reads.push(access));
    expect(result.findings).to.deep.equal([]);
    expect(result.complete).to.equal(true);
    expect(result.openings.map(({ size }) => size)).to.have.members([2, 12]);
    const [{ receipt, broken } = { receipt: undefined, broken: undefined }, ...more] = reads;
    expect([more, broken]).to.deep.equal([[], []]);
    expect(receipt).to.include({ grantee: BANK.id, grant: counted.hash, purpose: 'pre-loan' });
    const unopened = await auditHistory(told.history);
    expect(unopened.findings).to.deep.equal([]);
    expect(unopened.digest).to.not.equal(result.digest);
    expect((await auditOf(told)).digest).to.equal(result.digest);
  });

  const lies: [what: string, rule: string, whose: 'provider' | 'bank', played: () => Played][] = [
    ['use of a counted grant that was not consumed', 'read-beyond-count', 'provider', () => ({ consumed: false })],
    ['use after withdrawal', 'read-after-withdrawal', 'provider', () => ({ first: async () => consortium.writer(PROVIDER).withdrawGrants([await new GrantSigner(consortium.contracts).withdrawal(counted)]) })], // prettier-ignore
    ['use while it was suspended', 'read-while-suspended', 'provider', () => ({ first: () => consortium.writer(PROVIDER).suspendGrant(counted.hash, REASON) })], // prettier-ignore
    ['a grant that nobody registered', 'read-unregistered', 'provider', () => ({ access: accessOf(grantOf('made up', BANK.id)), consumed: false })], // prettier-ignore
    ['a member that is no bank any more', 'read-not-entitled', 'bank', () => ({ first: () => passByVote(consortium.contracts, { call: 'setRoles', member: BANK.id, roles: ['source'] }, consortium.council()) })], // prettier-ignore
    ['a consent of too low a level', 'read-level', 'provider', () => ({ receipts: [{ level: 'C' }] })],
    ['records that are none', 'read-records', 'provider', () => ({ receipts: [{ records: [2, 7] }] })],
    ['a record that was repaired', 'read-changed-record', 'provider', () => ({ first: changing('repair'), receipts: [{ records: [2] }] })], // prettier-ignore
    ['a record that was superseded', 'read-changed-record', 'provider', () => ({ receipts: [{ records: [0] }] })],
    ['a block that was not there yet', 'read-head', 'provider', () => ({ receipts: [{ head: { number: 9_999, time: now() } }] })], // prettier-ignore
    ['a block that was too old', 'read-stale', 'provider', () => ({ receipts: [{ head: { number: 9_999, time: now() - 700 } }] })], // prettier-ignore
    ['refused, and records shown', 'refused-and-served', 'provider', () => ({ receipts: [{ outcome: 'refused', reason: 'GRANT_MALFORMED', records: [2] }] })], // prettier-ignore
    ['a refusal that is not true', 'refusal-untrue', 'provider', () => ({ receipts: [{ outcome: 'refused', reason: 'GRANT_EXPIRED' }] })], // prettier-ignore
    ['two answers to one query', 'receipt-second', 'provider', () => ({ receipts: [{}, {}] })],
    ['another time than its line has', 'opening-time', 'provider', () => ({ receipts: [{}] })],
    ['a receipt of another provider', 'opening-owner', 'provider', () => ({ receipts: [{ provider: BANK.id }] })],
    ['a query of another member', 'opening-owner', 'bank', () => ({ notes: [{ grantee: PROVIDER.id }] })],
    ['a receipt with no query', 'receipt-without-query', 'bank', () => ({ notes: [] })],
    ['a use with no query', 'use-without-query', 'bank', () => ({ notes: [], receipts: [] })],
    ['a query with no receipt', 'query-without-receipt', 'provider', () => ({ receipts: [] })],
    ['a receipt about another enterprise', 'receipt-query-differ', 'provider', () => ({ receipts: [{ subject: '91320900MA19040A2T' }] })], // prettier-ignore
  ];
  for (const [what, rule, whose, played] of lies) {
    it(`names ${what}`, async () => {
      const told = await play(played());
      if (rule === 'opening-time') {
        // Its line is older than what it commits to.
        const [line] = told.openings.get(logs.provider.id)!.lines;
        const opening = { ...(line!.opening as Receipt), time: now() + 1 };
        const { provider } = logs;
        await provider.append([{ ...accessEntry(opening), time: now() }]);
        await provider.sign(now());
        await provider.anchor();
        Object.assign(told, { history: await record(consortium, [provider, logs.bank]) });
        const lines = [line!, { position: provider.size - 2, opening: { ...opening } }];
        told.openings.set(provider.id, { size: provider.size, lines });
      }
      const result = await auditOf(told);
      const found = result.findings.filter((finding) => finding.rule === rule);
      expect(found.length, rulesOf(result).join(' ')).to.be.at.least(1);
      for (const { member, evidence } of found) {
        expect(member).to.equal(whose === 'provider' ? PROVIDER.id : BANK.id);
        expect(evidence).to.equal('opening');
      }
    });
  }

  describe('beside the answers that the bank kept', () => {
    const access = (): TestAccess => accessOf(counted);
    /** What the provider answered, in its own words and under its key. */
    function answerOf(
      asked: TestAccess,
      detail: string,
      secret = PROVIDER.secret,
    ): { digest: string; text: Promise<string> } {
      const { provider, grantee, grant, time } = asked;
      const opening = testReceipt(asked, { number: 1, time });
      const { query, request } = opening;
      const body = canonicalize(answerBody.check({ type: 'xinlian/answer/v1', provider, grantee, query, request, grant, outcome: 'answered', detail, time, head: opening.head, records: [], none: [] })); // prettier-ignore
      const key = toBase64Url(ed25519.getPublicKey(secret));
      const answer = { body, receipt: { log: logs.provider.id, key, opening } };
      const text = signAnswer(answer, { sign: (message) => ed25519.sign(message, secret) });
      return { digest: textDigest(body), text };
    }
    const handed = async function* (...texts: Promise<string>[]): AsyncGenerator<string> {
      for (const text of texts) yield await text;
    };
    const audited = ({ history, openings }: Told, ...texts: Promise<string>[]): Promise<AuditResult> =>
      auditHistory(history, { openings: handedOver(openings), answers: handed(...texts) });

    it('finds nothing where the receipt names what was signed, and says that it compared', async () => {
      const own = access();
      const { digest, text } = answerOf(own, 'as it was');
      const told = await play({ access: own, receipts: [{ answer: digest }] });
      const result = await audited(told, text, text);
      expect(rulesOf(result)).to.deep.equal([]);
      expect(result.statement).to.have.property('answers');
      expect((await audited(told, text)).digest).to.equal(result.digest);
      expect((await auditOf(told)).statement).to.not.have.property('answers');
    });

    it('names a provider that signed another answer than it logged, or one that it did not log', async () => {
      const own = access();
      const logged = answerOf(own, 'as it was logged');
      const told = await play({ access: own, receipts: [{ answer: logged.digest }] });
      const differs = await audited(told, answerOf(own, 'as it was shown').text);
      expect(rulesOf(differs)).to.deep.equal(['answer-differs']);
      expect(differs.findings[0]).to.include({ member: PROVIDER.id, log: logs.provider.id, grant: counted.hash });
      const unlogged = answerOf({ ...own, query: toHex(digest('unseen')) }, 'unseen');
      const unseen = await audited(told, unlogged.text);
      expect(rulesOf(unseen)).to.deep.equal(['answer-without-receipt']);
      expect(unseen.findings[0]).to.include({ member: PROVIDER.id, grant: counted.hash });
    });

    it('takes no answer that its provider did not sign: a bank proves nothing by its own word', async () => {
      const told = await play({});
      const forged = answerOf(access(), 'made up', BANK.secret);
      expect(await rejection(audited(told, forged.text))).to.have.property('code', 'SIGNATURE_INVALID');
      const spoiled = answerOf(access(), 'changed').text.then((text) => `${text.slice(0, -8)}AAAAAAAA`);
      expect(await rejection(audited(told, spoiled))).to.have.property('code').that.is.oneOf(['SIGNATURE_INVALID', 'MALFORMED']); // prettier-ignore
      expect(await rejection(audited(told, Promise.resolve('none')))).to.have.property('code', 'MALFORMED');
    });
  });

  it('names an opening of which any member was changed, left out or moved, and whose it is', async () => {
    const told = await play({ receipts: [{ records: [2] }] });
    const state = async (log: LogId, lines: HandedOpening[]): Promise<AuditResult> => {
      const openings = new Map(told.openings).set(log, { ...told.openings.get(log)!, lines });
      return auditOf({ ...told, openings });
    };
    const changed = new Set<string>();
    for (const [log, { lines }] of told.openings) {
      const [line] = lines as [HandedOpening];
      const owner = log === logs.provider.id ? PROVIDER.id : BANK.id;
      const own = line.opening as Receipt | QueryNote;
      const { properties } = own.type === 'xinlian/receipt/v1' ? ReceiptSchema : QueryNoteSchema;
      for (const name of Object.keys(properties)) {
        for (const value of others(name, (own as Record<string, unknown>)[name])) {
          const opening = { ...own, [name]: value };
          const result = await state(log, [{ ...line, opening }]);
          const finding = result.findings.find(({ rule }) => rule.startsWith('opening-'));
          expect(finding?.rule, name).to.match(/^opening-(commitment|unreadable)$/);
          expect(finding).to.include({ log, member: owner, position: line.position });
          changed.add(`${own.type} ${name}`);
        }
      }
      const gone = await state(log, []);
      expect(gone.findings.find(({ rule }) => rule === 'opening-missing')).to.include({ log, member: owner, position: line.position }); // prettier-ignore
      const moved = await state(log, [{ ...line, position: line.position + 1 }]);
      expect(rulesOf(moved)).to.include.members(['opening-missing', 'opening-of-nothing']);
      const nonsense = await state(log, [{ ...line, opening: null }]);
      expect(rulesOf(nonsense)).to.include('opening-unreadable');
    }
    expect(changed.size).to.equal(
      Object.keys(ReceiptSchema.properties).length + Object.keys(QueryNoteSchema.properties).length,
    );
  });

  /** Other values of a member; what is absent is put there, and each member of an object is another. */
  function others(name: string, value: unknown): unknown[] {
    if (value === undefined) {
      if (!(name in ADDED)) throw new Error(`a member ${name} that this test must know`);
      return [ADDED[name]];
    }
    if (name === 'type') return ['xinlian/receipt/v9'];
    if (typeof value === 'number') return [value + 1];
    if (typeof value === 'string') return [`${value.slice(0, -1)}${value.endsWith('A') ? 'E' : 'A'}`];
    if (Array.isArray(value))
      return [[], ...value.flatMap((one, i) => others('', one).map((other) => value.with(i, other)))];
    const members = Object.entries(value as object);
    return members.flatMap(([member, own]) =>
      others(member, own).map((other) => Object.assign({}, value, { [member]: other })),
    );
  }

  const ADDED: Readonly<Record<string, unknown>> = {
    basis: { basis: 'A'.repeat(43), citation: 'c', matter: 'm' },
    reason: 'GRANT_UNKNOWN',
    event: 1,
    list: { id: 'A'.repeat(22), edition: 1, name: 'n' },
  };
});
