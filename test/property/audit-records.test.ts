// Agencies that publish behind their deadline, or open to the auditor other records than they logged: the audit names which.
import { expect } from 'chai';
import type { LateRecord, PublicationTerms } from '../../node/audit/record-audit.ts';
import type { AuditResult } from '../../node/audit/audit.ts';
import type { HandedOpening } from '../../node/audit/ports.ts';
import { admitByVote } from '../../node/chain/deploy.ts';
import { commitRecord } from '../../node/core/disclosure.ts';
import { chinaDate } from '../../node/policy/date.ts';
import { addDays } from '../../node/policy/days.ts';
import { builtInCatalogue } from '../../node/policy/pack.ts';
import { Policies } from '../../node/policy/rules.ts';
import { Timeliness } from '../../node/policy/timeliness.ts';
import { handedOver } from '../helpers/accesses.ts';
import { digest, fund, TestConsortium } from '../helpers/consortium-on-anvil.ts';
import { auditHistory, record, signingBody, TestLog, type History } from '../helpers/history.ts';
import { now } from '../helpers/honest-history.ts';

const DAY = 86_400;
const ITEM = 'administrative-licence';
const EDITION = 'cn-424-2018';
const NAMES = builtInCatalogue.names(ITEM, EDITION)!;
const body = signingBody(7);
const begun = now();
const today = chinaDate(begun * 1_000);

/** The pack's own rules, of a calendar that knows this year and the next, in whatever year the test runs. */
function termsOf(): PublicationTerms {
  const head = {
    jurisdiction: 'CN',
    title: 't',
    citation: 'c',
    effectiveFrom: '2018-01-01',
    effectiveTo: null,
    note: '',
  };
  const years = [0, 1].map((more) => ({ year: Number(today.slice(0, 4)) + more, daysOff: [], workdays: [] }));
  const within = { count: 7, unit: 'working-days', citation: 'c' };
  const policies = new Policies([
    { kind: 'calendar', pack: 'p', edition: 'days', ...head, years },
    { kind: 'timeliness', pack: 'q', edition: 'seven', ...head, items: [{ item: ITEM, decided: 'XK_JDRQ', within }] },
  ]);
  const timeliness = new Timeliness(policies);
  return {
    editions: timeliness.editions,
    decidedIn: (item) => timeliness.decidedIn(item),
    names: (item, edition) => builtInCatalogue.names(item, edition),
    lateness: (published) => timeliness.lateness(published),
  };
}

interface Made {
  commitment: Uint8Array;
  payload: string;
  disclosures: string[];
}

function licenceOf(decided: string, n: number): Made {
  const values = NAMES.map((name) => (name === 'XK_JDRQ' ? decided : null));
  return commitRecord({ item: ITEM, edition: EDITION, names: NAMES, values, key: digest(`key ${n}`) });
}

const at = NAMES.indexOf('XK_JDRQ');
const opened = (position: number, { payload, disclosures }: Made): HandedOpening => ({
  position,
  opening: { payload, disclosures: disclosures.slice(at, at + 1) },
});

describe('an audit of publication in time', () => {
  let history: History;
  let log: TestLog;
  /** By position: 0 was due before the log was anchored, 2 is in time, 3 too late, 4 of no item, 5 a correction, 6 in time. */
  let made: Made[];

  before(async () => {
    const consortium = await TestConsortium.start();
    try {
      await fund(consortium.anvil, body.signer.address);
      await admitByVote(consortium.contracts, body.admission, consortium.council());
      log = await TestLog.open(consortium, body);
      // Of position 1, the status entry, there is none.
      made = [-60, 0, 20, 0, 0, -60, 21].map((days, n) => licenceOf(addDays(today, days), n));
      const entry = (n: number, time: number) => ({ time, edition: EDITION, commitment: made[n]!.commitment });
      await log.append([{ kind: 'publish', item: ITEM, ...entry(0, begun) }]);
      // What is decided today is due in 7 working days: after some 20 it is late.
      const later = begun + 22 * DAY;
      await log.sign(begun);
      await log.anchor();
      await consortium.anvil.call('evm_increaseTime', 22 * DAY);
      await log.append([
        { kind: 'publish', item: ITEM, ...entry(2, later) },
        { kind: 'publish', item: ITEM, ...entry(3, later) },
        { kind: 'publish', item: 'xk', ...entry(4, later) },
        { kind: 'supersede', item: ITEM, ...entry(5, later), ref: 2 },
        { kind: 'publish', item: ITEM, ...entry(6, later) },
      ]);
      await log.sign(later);
      await log.anchor();
      history = await record(consortium, [log]);
    } finally {
      await consortium.stop();
    }
  });

  async function auditOf(lines: HandedOpening[], late: LateRecord[] = []): Promise<AuditResult> {
    const openings = handedOver(new Map([[log.id, { size: log.size, lines }]]));
    return auditHistory(history, { records: { openings, terms: termsOf(), late: (one) => late.push(one) } });
  }

  const lines = (): HandedOpening[] => [opened(0, made[0]!), opened(2, made[2]!), opened(3, made[3]!), opened(6, made[6]!)]; // prettier-ignore

  it('names what came too late, and nothing else', async () => {
    const late: LateRecord[] = [];
    const result = await auditOf(lines().reverse(), late);
    expect(result.findings.map(({ rule, position, member }) => [rule, position, member])).to.deep.equal([['published-late', 3, body.id]]); // prettier-ignore
    expect(late).to.have.length(1);
    expect(late[0]).to.include({ log: log.id, position: 3, item: ITEM, decided: today, on: addDays(today, 22) });
    expect(late[0]!.due > today && late[0]!.due < addDays(today, 14)).to.equal(true);
    expect(result.complete).to.equal(true);
    expect(result.statement).to.deep.include({ packs: ['days', 'seven'], records: [{ log: log.id, size: log.size }] });
    const unopened = await auditHistory(history);
    expect(unopened.findings).to.deep.equal([]);
    expect(unopened.statement).to.deep.include({ packs: [], records: [] });
  });

  it('names each record that is not opened, or opened as another', async () => {
    for (const [i, { position }] of lines().entries()) {
      const told = async (changed: HandedOpening[]) =>
        (await auditOf(changed)).findings
          .filter(({ rule }) => rule !== 'published-late')
          .map((finding) => [finding.rule, finding.position, finding.log, finding.member]);
      expect(await told(lines().toSpliced(i, 1))).to.deep.equal([['record-unopened', position, log.id, body.id]]);
      const other = licenceOf(addDays(today, 22), 99);
      const { payload, disclosures } = lines()[i]!.opening as Made;
      const forgeries: unknown[] = [
        opened(position, other).opening,
        { payload, disclosures: [] },
        { payload, disclosures: other.disclosures.slice(at, at + 1) },
        { payload: payload.replace('cn-424-2018', 'cn-424-2019'), disclosures },
        { payload, disclosures: [...disclosures, ...disclosures] },
        { payload: 5, disclosures },
        null,
      ];
      for (const opening of forgeries)
        expect(await told(lines().with(i, { position, opening }))).to.deep.equal([['record-opening', position, log.id, body.id]]); // prettier-ignore
    }
    const nothing = await auditOf([...lines(), { position: 4, opening: lines()[1]!.opening }]);
    expect(nothing.findings.map(({ rule, position }) => [rule, position])).to.deep.include(['record-opening', 4]);
  });
});
