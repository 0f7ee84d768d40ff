import { expect } from 'chai';
import { makeDocument, documentDigest, parseDocument } from '../../../node/core/case-document.ts';
import type { CaseState } from '../../../node/core/case-authority.ts';
import type { CaseView } from '../../../node/core/case-view.ts';
import { toBase64Url, toHex, type Hex } from '../../../node/core/bytes.ts';
import { XinlianError } from '../../../node/core/errors.ts';
import type { MemberId } from '../../../node/core/ids.ts';
import type { CaseId, CaseStep } from '../../../node/core/recognition.ts';
import { CasePoints } from '../../../node/exchange/case-points.ts';
import { CaseWatch } from '../../../node/exchange/case-watch.ts';
import type { RecognitionWriter } from '../../../node/exchange/recognition-desk.ts';
import { builtInPolicies } from '../../../node/policy/rules.ts';
import type { Batch } from '../../../node/store/store.ts';
import { silent } from '../../helpers/agency.ts';
import { digest } from '../../helpers/consortium-on-anvil.ts';
import { Reporting } from '../../helpers/reporting.ts';

const SHANGHAI = toHex(digest('shanghai')) as MemberId;
const signal = new AbortController().signal;
const DAY = 86_400;

describe('A centre’s node that watches its cases', () => {
  let reporting: Reporting;
  let kept: Map<string, string>;
  let view: CaseView;
  let sent: CaseStep[];
  let notices: object[];
  let suspended: MemberId | undefined;
  let time: number;

  beforeEach(async () => {
    reporting = await Reporting.open();
    kept = new Map();
    sent = [];
    notices = [];
    suspended = undefined;
    time = Math.floor(reporting.agency.clock.now() / 1000);
    const { text, log, position } = await reporting.make();
    await reporting.settle();
    const document = makeDocument({ kind: 'report', number: '1', salt: toBase64Url(digest('salt')), text, entry: { log, position } }); // prettier-ignore
    kept.set(documentDigest(document), document);
    const terms = { agreement: '0x', home: reporting.centre.id, host: SHANGHAI, applicant: '0x', report: documentDigest(document) }; // prettier-ignore
    view = { id: toHex(digest('case')) as CaseId, terms, state: 'recognised', final: 'recognised', due: time + 60 * DAY, since: time, roundsLeft: 1, lateSteps: 0, stale: false, lost: false, appealed: false, steps: [] } as unknown as CaseView; // prettier-ignore
  });

  /** The node of one of both sides, that remembers nothing of before. */
  function watchOf(side: MemberId): CaseWatch<Batch> {
    const { standings, agency, exchange } = reporting;
    const documents = {
      has: (_: MemberId, wanted: Hex) => kept.has(wanted),
      text: (_: MemberId, wanted: Hex) => kept.get(wanted) ?? '',
      put: async (_: MemberId, text: string) => {
        kept.set(documentDigest(text), text);
        return documentDigest(text);
      },
    };
    const points = new CasePoints<Batch>({
      documents,
      agreement: () => undefined,
      standings,
      view: { ...reporting.view, grant: (hash) => exchange.grants.grant(hash) },
      policies: builtInPolicies,
      clock: agency.clock,
    });
    const writer = {
      actOnCase: async ({ step }: { step: CaseStep }) => {
        const before = sent.at(-1);
        if (before?.action === step.action) throw new XinlianError('TRANSACTION_REVERTED', { hash: '', error: 'RecognitionWrongState', arguments: [] }); // prettier-ignore
        sent.push(step);
        if (step.action === 'mark-stale') view = { ...view, stale: true };
        return { block: 1 };
      },
    } as unknown as RecognitionWriter;
    return new CaseWatch<Batch>({
      recognition: { agreements: () => [], cases: () => [view] },
      documents,
      points,
      writers: new Map([[side, writer]]),
      head: () => ({ number: 1, hash: '0x', time }),
      anchoredSize: (id) => reporting.view.log(id)?.head?.size ?? 0,
      isEntitledNow: (member) => member !== suspended,
      logger: { ...silent, warn: (details) => notices.push(details) },
    });
  }
  const home = (): CaseWatch<Batch> => watchOf(reporting.centre.id);
  const set = (state: CaseState, due: number): void => {
    view = { ...view, state, final: state, due };
  };

  it('tells the chain that a report is stale when a fact of it was annulled, once, and says which', async () => {
    const watch = home();
    expect(await watch.look(signal)).to.deep.equal([]);
    await reporting.annulPenalty();
    expect(await watch.look(signal, true)).to.deep.equal(['mark-stale']);
    expect(await watch.look(signal, true)).to.deep.equal([]);
    expect(sent[0]).to.include({ role: 'home-node', due: 0 });
    expect(parseDocument(kept.get(sent[0]?.document ?? '') ?? '').text).to.match(/0x[0-9a-f]{64}\/\d+: annulled/);
  });

  it('looks when a log of the report was anchored anew, and not without a reason', async () => {
    const watch = home();
    await watch.look(signal);
    await reporting.annulPenalty();
    expect(await watch.look(signal)).to.deep.equal([]);
    await reporting.agency.settle();
    expect(await watch.look(signal)).to.deep.equal(['mark-stale']);
  });

  it('says nothing of what could not be asked, and asks again', async () => {
    const watch = home();
    await reporting.annulPenalty();
    reporting.away = true;
    expect(await watch.look(signal)).to.deep.equal([]);
    reporting.away = false;
    expect(await watch.look(signal)).to.deep.equal(['mark-stale']);
  });

  it('tells when the centre withdrew the report, and when publicity ended with a day', async () => {
    await reporting.desk.withdraw(reporting.member, (await reporting.desk.list(reporting.member, undefined)).reports[0]?.number ?? ''); // prettier-ignore
    expect(await home().look(signal)).to.deep.equal(['mark-stale']);
    view = { ...view, stale: false };
    sent = [];
    const watch = watchOf(reporting.centre.id);
    time += 2 * 366 * DAY;
    view = { ...view, due: time + DAY };
    reporting.agency.clock.milliseconds = time * 1000;
    expect(await watch.look(signal)).to.deep.equal(['mark-stale']);
  });

  it('is the home side alone that tells so', async () => {
    await reporting.annulPenalty();
    expect(await watchOf(SHANGHAI).look(signal, true)).to.deep.equal([]);
  });

  it('ends what is over: the host at once, the home side where the host does not', async () => {
    set('returned', time - 1);
    expect(await home().look(signal)).to.deep.equal([]);
    expect(await watchOf(SHANGHAI).look(signal)).to.deep.equal(['lapse']);
    set('recognised', time - 300);
    expect(await home().look(signal)).to.deep.equal(['expire']);
    expect(sent.map(({ role, document }) => [role, BigInt(document)])).to.deep.equal([['anyone', 0n], ['anyone', 0n]]); // prettier-ignore
    // An official step that is late lapses nothing.
    set('examining', time - 10 * DAY);
    expect(await watchOf(SHANGHAI).look(signal)).to.deep.equal([]);
  });

  it('lapses open cases of a side that was suspended', async () => {
    set('examining', time + DAY * 9);
    suspended = reporting.centre.id;
    expect(await watchOf(SHANGHAI).look(signal)).to.deep.equal(['lapse']);
    set('refused', time + DAY);
    expect(await watchOf(SHANGHAI).look(signal)).to.deep.equal([]);
  });

  it('tells once that a step is due soon, and once that it is overdue', async () => {
    const watch = watchOf(SHANGHAI);
    set('examining', time + DAY);
    for (let i = 0; i < 3; i++) await watch.look(signal);
    time += 2 * DAY;
    for (let i = 0; i < 3; i++) await watch.look(signal);
    expect(notices.map((one) => (one as { notice: string }).notice)).to.deep.equal(['due-soon', 'overdue']);
  });

  it('goes on where another was quicker, and stops when it is told to', async () => {
    const watch = watchOf(SHANGHAI);
    set('returned', time - 1);
    await watch.look(signal);
    expect(await watch.look(signal)).to.deep.equal([]);
    watch.start();
    watch.start();
    await watch.stop();
    await watch.stop();
  });
});
