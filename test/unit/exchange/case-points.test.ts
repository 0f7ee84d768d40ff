import { expect } from 'chai';
import { makeDocument, documentDigest, type CaseDocument } from '../../../node/core/case-document.ts';
import { toBase64Url, toHex, type Hex } from '../../../node/core/bytes.ts';
import type { AgreementView, CaseView } from '../../../node/core/case-view.ts';
import { XinlianError } from '../../../node/core/errors.ts';
import type { GrantHash, MemberId } from '../../../node/core/ids.ts';
import type { ReportText } from '../../../node/core/messages/report.ts';
import type { AgreementId, CaseId } from '../../../node/core/recognition.ts';
import { CasePoints, type TestedCase } from '../../../node/exchange/case-points.ts';
import { builtInPolicies } from '../../../node/policy/rules.ts';
import type { Batch } from '../../../node/store/store.ts';
import { agreedContent } from '../../helpers/agreed.ts';
import { digest } from '../../helpers/consortium-on-anvil.ts';
import { Reporting } from '../../helpers/reporting.ts';

const SHANGHAI = toHex(digest('shanghai')) as MemberId;
const AGREEMENT = toHex(digest('agreement')) as AgreementId;
const signal = new AbortController().signal;

describe('The test of a case on what a node finds', () => {
  let reporting: Reporting;
  let kept: Map<string, string>;
  let points: CasePoints<Batch>;
  /** Of the agreement. */
  let document: Hex;

  beforeEach(async () => {
    reporting = await Reporting.open();
    kept = new Map();
    const { view, standings, agency, exchange } = reporting;
    points = new CasePoints<Batch>({
      documents: {
        has: (_, wanted) => kept.has(wanted),
        text: (_, wanted) => kept.get(wanted) ?? fail(wanted),
      },
      agreement: (id) => (id === AGREEMENT ? ({ terms: { document } } as AgreementView) : undefined),
      standings,
      view: { ...view, grant: (hash) => exchange.grants.grant(hash) },
      policies: builtInPolicies,
      clock: agency.clock,
    });
    document = put({ kind: 'agreement', text: '互认', content: agreedContent([reporting.centre.id, SHANGHAI]) });
  });

  const fail = (id: string): never => {
    throw new XinlianError('NOT_FOUND', { what: 'document', id });
  };
  function put(document: Pick<CaseDocument, 'kind' | 'text'> & Partial<CaseDocument>): Hex {
    const text = makeDocument({ number: '1', salt: toBase64Url(digest(document.text)), ...document });
    kept.set(documentDigest(text), text);
    return documentDigest(text);
  }
  function caseOf({ text, log, position }: ReportText, grants: string[] = [], change: Partial<CaseDocument> = {}) {
    const report = put({ kind: 'report', text, entry: { log, position }, ...change });
    const request = put({ kind: 'step', text: '申请', request: { purpose: 'licensing', grants } });
    const terms = { agreement: AGREEMENT, home: reporting.centre.id, host: SHANGHAI, applicant: '0x', report } as const;
    const step = { action: 'request', role: 'home-node', document: request, due: 0, late: false, block: 1, time: 0 };
    return { id: toHex(digest('case')) as CaseId, terms, steps: [step] } as unknown as CaseView;
  }
  const run = (view: CaseView): Promise<TestedCase> => points.run(SHANGHAI, view, signal);
  const failed = async (view: CaseView): Promise<string[]> =>
    (await run(view)).points.flatMap(({ point, passed }) => (passed ? [] : [point]));

  it('passes a report whose facts stand and whose line is anchored, and no sooner', async () => {
    const made = await reporting.make();
    expect(await failed(caseOf(made))).to.deep.equal(['signature']);
    await reporting.settle();
    expect(await run(caseOf(made))).to.include({ passed: true, time: Math.floor(reporting.agency.clock.now() / 1000) });
  });

  it('does not pass it any more from the moment on that something changes', async () => {
    const made = await reporting.make();
    await reporting.settle();
    const view = caseOf(made);
    await reporting.annulPenalty();
    expect(await failed(view)).to.deep.equal(['live']);
    await reporting.desk.withdraw(reporting.member, made.number);
    expect(await failed(view)).to.deep.equal(['signature', 'live']);
    reporting.agency.clock.milliseconds += 40 * 86_400_000;
    expect(await failed(view)).to.include('age');
  });

  it('passes authorised facts with the grant that they were read under, while it stands', async () => {
    const { text, artefact, grant } = await reporting.answerTo(reporting.centre);
    const made = await reporting.make([text]);
    await reporting.settle();
    expect(await failed(caseOf(made))).to.deep.equal(['purpose']);
    expect(await failed(caseOf(made, [artefact]))).to.deep.equal([]);
    expect(await failed(caseOf(made, ['{}']))).to.deep.equal(['purpose']);
    await reporting.exchange.grants.suspendGrant(grant as GrantHash);
    expect(await failed(caseOf(made, [artefact]))).to.deep.equal(['purpose']);
  });

  it('passes nothing that is forged, or a line of another log, or another position', async () => {
    const made = await reporting.make();
    await reporting.settle();
    const { text } = made;
    expect((await run(caseOf({ ...made, text: text.replace(/\.[^.~]+~/, `.${'A'.repeat(86)}~`) }))).passed).to.equal(
      false,
    );
    expect(await failed(caseOf({ ...made, log: reporting.agency.log.state.id }))).to.deep.equal(['signature']);
    expect(await failed(caseOf({ ...made, position: 99 }))).to.deep.equal(['signature']);
  });

  it('says what is missing', async () => {
    const view = caseOf(await reporting.make());
    kept.delete(view.terms.report);
    const { points: results } = await run(view);
    expect(results.every(({ passed, evidence }) => !passed && evidence['reason'] === 'its document has not come yet')).to.equal(true); // prettier-ignore
    const other = caseOf(await reporting.make());
    kept.delete(document);
    expect((await run(other)).points[0]?.evidence).to.include({ missing: 'content of the agreement' });
  });
});
