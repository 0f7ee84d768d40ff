// Each rule of accesses by itself: an opening against its line, a receipt against the chain, both sides against each other.
import { expect } from 'chai';
import { AccessLines, type AccessLine } from '../../../node/audit/access-lines.ts';
import type { GrantHistory } from '../../../node/audit/grant-ledger.ts';
import type { Rule } from '../../../node/audit/rule.ts';
import {
  answerRules,
  joinRules,
  sideOf,
  type AnswerFacts,
  useRules,
  type JoinFacts,
} from '../../../node/audit/rules/joins.ts';
import { openingRules, type OpeningFacts } from '../../../node/audit/rules/openings.ts';
import { recordRules, type RecordFacts } from '../../../node/audit/rules/records.ts';
import { readRules, type ReadFacts } from '../../../node/audit/rules/reads.ts';
import type { Standing } from '../../../node/chain/state.ts';
import { toHex, type Hex } from '../../../node/core/bytes.ts';
import type { Role } from '../../../node/core/consortium.ts';
import { openingCommitment, type QueryNote, type Receipt } from '../../../node/core/receipt.ts';
import { testNote, testReceipt, type TestAccess } from '../../helpers/accesses.ts';
import { bodyOf, digest } from '../../helpers/consortium-on-anvil.ts';
import { grantOf } from '../../helpers/grants-on-anvil.ts';

const tested = new Set<string>();

const [provider, bank, other] = [bodyOf(0).id, bodyOf(1).id, bodyOf(2).id];
const counted = grantOf('counted', bank, { validFrom: 500, validTo: 2_000 });
const query: Hex = toHex(digest('query'));
const access: TestAccess = { provider, grantee: bank, grant: counted.hash, query, time: 1_000 };
const HEAD = { number: 50, time: 990 };
const receipt = testReceipt(access, HEAD);
const note = testNote(access);

function checks<Facts>(
  rules: readonly Rule<Facts>[],
  sound: Facts,
  cases: [id: string, breaks: Partial<Facts>, holds?: Partial<Facts>][],
): void {
  for (const [id, breaks, holds = {}] of cases) {
    it(`${id}: ${Object.keys(breaks).join(', ')}`, () => {
      const rule = rules.find((one) => one.id === id)!;
      tested.add(id);
      expect(rule.check({ ...sound, ...holds })).to.equal(undefined);
      expect(rule.check({ ...sound, ...breaks })).to.include.keys('wanted', 'got');
    });
  }

  it('all hold for a sound one', () => {
    for (const { id, check } of rules) expect(check(sound), id).to.equal(undefined);
  });
}

const lineOf = (opening: Receipt | QueryNote, change: Partial<AccessLine> = {}): AccessLine => ({
  position: 7,
  time: opening.time,
  kind: opening.type === 'xinlian/receipt/v1' ? 'receipt' : 'query',
  commitment: openingCommitment(opening),
  ...change,
});

describe('rules of openings', () => {
  const sound: OpeningFacts = { line: lineOf(receipt), opening: receipt, owner: provider };
  const late = lineOf(receipt, { time: 1_001 });
  const notesLine = { line: lineOf(note), opening: note };
  checks(openingRules, sound, [
    ['opening-missing', { opening: undefined }],
    ['opening-of-nothing', { line: undefined }, { line: undefined, opening: undefined }],
    ['opening-unreadable', { opening: 'other' }],
    ['opening-unreadable', { opening: note }, { ...notesLine, owner: bank }],
    ['opening-commitment', { opening: { ...receipt, purpose: 'other' } }],
    ['opening-commitment', { line: lineOf(receipt, { commitment: digest('x') }) }],
    ['opening-owner', { owner: other }],
    ['opening-owner', notesLine, { ...notesLine, owner: bank }],
    ['opening-time', { line: late }],
  ]);
});

describe('rules of answers that were kept', () => {
  checks<AnswerFacts>(answerRules, { signed: 'a', logged: ['b', 'a'], reaches: true }, [
    ['answer-without-receipt', { logged: [] }, { logged: [], reaches: false }],
    ['answer-differs', { signed: 'c' }],
  ]);
});

describe('rules of opened records', () => {
  const [own, foreign] = [digest('own'), digest('foreign')];
  const late = { due: '2026-01-01', on: '2026-01-02' };
  checks<RecordFacts>(recordRules, { entry: own, opened: own, late: undefined }, [
    ['record-unopened', { opened: undefined }, { entry: undefined, opened: undefined }],
    ['record-opening', { opened: foreign }],
    ['record-opening', { opened: 'other' }],
    ['record-opening', { entry: undefined }],
    ['published-late', { late }],
    ['published-late', { late }, { late, opened: foreign }],
  ]);
});

describe('rules of receipts against the chain', () => {
  const at = (block: number): { block: number; time: number } => ({ block, time: block * 20 - 10 });
  const grant: GrantHistory = {
    terms: counted.terms,
    registered: at(30),
    suspensions: [],
    uses: new Map([[query, at(40)]]),
  };
  const standing = (roles: Role[], status: Standing['status'] = 'active'): Standing => ({
    since: 1,
    status,
    roles,
    transaction: '0x',
  });
  const sound: ReadFacts = {
    receipt,
    position: 200,
    anchor: { size: 300, root: digest('root'), block: 52, time: 1_050 },
    anchoredThen: 150,
    grant,
    provider: standing(['source']),
    grantee: standing(['bank']),
    record: (position) => ({
      item: position < 100 ? 'xk' : undefined,
      changedBy: position === 5 ? 149 : position === 6 ? 150 : undefined,
    }),
    leastLevel: () => 'B',
    last: { block: 9_000, time: 200_000 },
  };
  const said = (change: Partial<Receipt>): { receipt: Receipt } => ({ receipt: { ...receipt, ...change } });
  const refused = (reason: string, change: Partial<Receipt> = {}) => said({ outcome: 'refused', reason, ...change });
  const history = (change: Partial<GrantHistory>): { grant: GrantHistory } => ({ grant: { ...grant, ...change } });
  const suspension = (from: number, until?: number) =>
    history({ suspensions: [{ from: at(from), ...(until !== undefined && { until: at(until) }) }] });
  const ungrounded = { ...receipt };
  delete ungrounded.grant;
  const underBasis = { receipt: { ...ungrounded, basis: { basis: receipt.salt, citation: 'law', matter: 'm' } } };
  const unlevelled = { ...receipt };
  delete unlevelled.level;
  const uncounted = history({ terms: { ...counted.terms, uses: 0 }, uses: new Map() });
  const one = history({ terms: { ...counted.terms, uses: 1 } });

  checks(readRules, sound, [
    ['read-head', said({ head: { number: 53, time: 990 } }), said({ head: { number: 52, time: 1_050 } })],
    ['read-head', said({ head: { number: 52, time: 1_051 } })],
    ['read-stale', said({ time: 1_591 }), said({ time: 1_590 })],
    ['read-unregistered', { grant: undefined }],
    ['read-unregistered', history({ registered: at(51) }), history({ registered: at(50) })],
    ['read-after-withdrawal', history({ withdrawn: at(50) }), history({ withdrawn: at(51) })],
    ['read-after-withdrawal', { ...said({ time: 1_611 }), ...history({ withdrawn: at(51) }) }, { ...said({ time: 1_610 }), ...history({ withdrawn: at(51) }) }],
    ['read-while-suspended', suspension(50), suspension(51)],
    ['read-while-suspended', suspension(40, 51), suspension(40, 50)],
    ['read-outside-term', said({ time: 2_000 }), said({ time: 1_999 })],
    ['read-outside-term', said({ time: 1_000, head: { number: 50, time: 2_000 } })],
    ['read-outside-term', said({ time: 499, head: { number: 50, time: 499 } }), said({ time: 500, head: { number: 50, time: 499 } })],
    ['read-beyond-count', history({ uses: new Map() }), uncounted],
    ['read-beyond-count', history({ uses: new Map([[query, at(51)]]) }), history({ uses: new Map([[query, at(50)]]) })],
    ['read-other-grantee', said({ grantee: other })],
    ['read-not-entitled', { grantee: standing(['bank'], 'suspended') }],
    ['read-not-entitled', { grantee: standing(['source']) }],
    ['read-not-entitled', { grantee: undefined }],
    ['read-by-inactive', { provider: standing(['source'], 'suspended') }],
    ['read-level', said({ level: 'C' }), said({ level: 'B' })],
    ['read-level', { receipt: unlevelled }],
    ['read-not-entitled', { ...underBasis, grantee: standing(['source'], 'removed') }, { ...underBasis, grantee: standing(['source']), grant: undefined }],
    ['read-unregistered', { receipt: ungrounded, grant: undefined }, { ...underBasis, grant: undefined }],
    ['read-records', said({ records: [99, 100] }), said({ records: [98, 99] })],
    ['read-records', said({ records: [201] })],
    ['read-records', said({ records: [1], items: ['cf'] })],
    ['read-changed-record', said({ records: [4, 5] }), said({ records: [4, 6] })],
    ['refused-and-served', refused('GRANT_EXPIRED', { records: [1] }), refused('GRANT_EXPIRED')],
    ['refused-and-served', said({ reason: 'GRANT_EXPIRED' })],
    ['refused-and-served', said({ outcome: 'refused' })],
    ['refusal-untrue', refused('GRANT_WITHDRAWN'), { ...refused('GRANT_WITHDRAWN'), ...history({ withdrawn: at(8_000) }) }],
    ['refusal-untrue', refused('GRANT_WITHDRAWN'), { ...refused('GRANT_WITHDRAWN'), last: { block: 60, time: 87_400 } }],
    ['refusal-untrue', { ...refused('GRANT_SUSPENDED'), ...suspension(51) }, { ...refused('GRANT_SUSPENDED'), ...suspension(50) }],
    ['refusal-untrue', refused('GRANT_EXPIRED'), refused('GRANT_EXPIRED', { time: 2_000 })],
    ['refusal-untrue', refused('GRANT_NOT_YET_VALID'), refused('GRANT_NOT_YET_VALID', { time: 499, head: { number: 50, time: 499 } })],
    ['refusal-untrue', refused('GRANT_UNKNOWN'), { ...refused('GRANT_UNKNOWN'), grant: undefined }],
    ['refusal-untrue', refused('GRANT_EXHAUSTED'), { ...refused('GRANT_EXHAUSTED'), ...one }],
    ['refusal-untrue', refused('GRANTEE_MISMATCH'), refused('GRANTEE_MISMATCH', { grantee: other })],
    ['refusal-untrue', refused('GRANTEE_NOT_ENTITLED'), { ...refused('GRANTEE_NOT_ENTITLED'), grantee: standing(['source']) }],
  ]); // prettier-ignore
});

describe('rules that join both sides of an access', () => {
  const event = (number: number) => ({ outcome: 'answered', event: number }) as const;
  const ended = (number: number) => ({ outcome: 'refused', reason: 'GRANT_EXPIRED', event: number }) as const;
  const [answered, pending] = [{ outcome: 'answered', answer: 'a' }, { outcome: 'refused', reason: 'GRANT_PENDING', answer: 'b' }] as const; // prettier-ignore
  const refusedForGood = { outcome: 'refused', reason: 'GRANT_EXPIRED', answer: 'c' } as const;
  const sound: JoinFacts = { receipts: [answered], receipt: sideOf(receipt), note: sideOf(note), reaches: true };
  const lone = { receipt: undefined, receipts: [] };
  const unread = { ...sideOf(receipt), grant: `0x${'00'.repeat(32)}`, subject: '' };
  checks(joinRules, sound, [
    ['receipt-without-query', { note: undefined }, { note: undefined, reaches: false }],
    ['query-without-receipt', lone, { ...lone, reaches: false }],
    ['receipt-query-differ', { receipt: { ...sideOf(receipt), subject: 'x' } }, { receipt: unread }],
    ['receipt-query-differ', { receipt: { ...sideOf(receipt), grant: 'x' } }],
    ['receipt-query-differ', { receipt: { ...unread, grantee: other } }],
    ['receipt-query-differ', { receipt: { ...sideOf(receipt), query: 'x' } }],
    ['receipt-query-differ', { receipt: { ...sideOf(receipt), items: ['xk', 'cf'] } }],
    ['receipt-second', { receipts: [answered, answered] }, { receipts: [pending, pending, answered] }],
    ['receipt-second', { receipts: [refusedForGood, answered] }],
    [
      'receipt-second',
      { receipts: [event(0), event(1), ended(2), event(3)] },
      { receipts: [ended(0), event(0), event(1), ended(2)] },
    ],
  ]);
  checks(useRules, { logged: true, reaches: true, query }, [['use-without-query', { logged: false }, { logged: false, reaches: false }]]); // prettier-ignore

  it('each is tested', () => {
    const ids = [openingRules, recordRules, readRules, joinRules, answerRules, useRules].flat().map(({ id }) => id);
    expect([...tested].sort()).to.deep.equal([...new Set(ids)].sort());
  });
});

describe('access lines', () => {
  it('come back from their bytes, however many', () => {
    const lines = new AccessLines();
    const all = Array.from({ length: 600 }, (_, n) => lineOf(n % 2 ? receipt : note, { position: 3 * n + 2 ** 33 }));
    for (const line of all) lines.push(line);
    const again = new AccessLines(Uint8Array.from(lines.bytes()));
    expect(again.length).to.equal(600);
    expect([...again]).to.deep.equal(all);
    again.push(lineOf(note, { position: 2 ** 34 }));
    expect([...again].at(-1)?.position).to.equal(2 ** 34);
    expect(() => new AccessLines(new Uint8Array(50))).to.throw('STORE_CORRUPT');
  });
});
