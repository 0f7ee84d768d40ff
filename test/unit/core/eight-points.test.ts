import { expect } from 'chai';
import type { AgreementContent } from '../../../node/core/agreement-content.ts';
import { makeDocument, parseDocument } from '../../../node/core/case-document.ts';
import { toBase64Url, toHex } from '../../../node/core/bytes.ts';
import {
  agePoint,
  gradesPoint,
  isPassed,
  issuerPoint,
  livePoint,
  measuresPoint,
  POINTS,
  purposePoint,
  runEightPoints,
  signaturePoint,
  standardPoint,
  type Found,
} from '../../../node/core/eight-points.ts';
import { REPORT_CHAPTERS, type OpenedReport, type ReportHead, type ReportLine } from '../../../node/core/report.ts';
import { digest } from '../../helpers/consortium-on-anvil.ts';
import { company } from '../../helpers/rows.ts';

const DAY = 86_400;
const TIME = 1_780_000_000;
const HOME = toHex(digest('home'));
const HOST = toHex(digest('host'));
const LOG = toHex(digest('log'));

const content = (change: Partial<AgreementContent> = {}): AgreementContent => ({
  standards: ['cn-report-v2.0'],
  kinds: ['factual'],
  issuers: [HOME, HOST],
  purposes: [{ code: 'licensing', zh: '行政审批', en: 'licensing' }],
  ageDays: 30,
  grades: { edition: '2026', map: [{ issuer: HOME, from: 'A', to: '优' }] },
  conducts: [],
  measures: [],
  benefits: [],
  officers: { handles: '经办', decides: '审批' },
  deadlines: { check: 5, examine: 5, decide: 5, supplement: 10, appeal: 10, warn: 2 },
  ...change,
});

const head = (change: Partial<ReportHead> = {}): ReportHead => ({
  iss: HOME,
  number: '2026052909300000000001',
  standard: 'cn-report-v2.0',
  iat: TIME - 5 * DAY,
  sub: { uscc: company(1), name: '某某公司' },
  sources: [],
  unreached: [],
  grants: [],
  ...change,
});

const line = (change: Partial<ReportLine> = {}): ReportLine => ({
  source: HOME,
  item: 'administrative-penalty',
  edition: 'cn-424-2018',
  log: LOG,
  position: 3,
  commitment: toBase64Url(digest('record')),
  access: 'public',
  status: 'live',
  time: TIME - 90 * DAY,
  claims: { CF_CFLB: '吊销许可证件', BZ: null },
  ...change,
});

const report = (lines: ReportLine[] = [line()], change: Partial<ReportHead> = {}): OpenedReport => ({
  head: head(change),
  chapters: new Map(REPORT_CHAPTERS.map((chapter) => [chapter, chapter === 'administration' ? lines : []])),
});

const entry = { log: LOG, position: 9, state: 'same', anchored: 12 };
const found = (change: Partial<Found> = {}): Found => ({
  content: content(),
  report: report(),
  fault: undefined,
  home: HOME,
  entitled: true,
  entry,
  purpose: 'licensing',
  grants: [],
  standings: [{ log: LOG, position: 3, state: 'same' }],
  list: { edition: 'cn-measures-2024', measures: [] },
  time: TIME,
  ...change,
});
const failing = (change: Partial<Found>): string[] =>
  runEightPoints(found(change)).flatMap(({ point, passed }) => (passed ? [] : [point]));

describe('The eight points', () => {
  it('1: standard, edition and kind are accepted ones', () => {
    expect(standardPoint(content(), head()).passed).to.equal(true);
    expect(standardPoint(content(), head({ standard: 'cn-report-v3' })).passed).to.equal(false);
    const special = { from: '2025-01-01', to: '2026-01-01', rules: '1', fields: [{ field: 'tax', zh: '税务', en: 'tax', records: 0 }] }; // prettier-ignore
    expect(standardPoint(content(), head({ special })).passed).to.equal(false);
    expect(standardPoint(content({ kinds: ['special'] }), head({ special })).passed).to.equal(true);
  });

  it('2: the issuer is registered, is the home side, and may act now', () => {
    expect(issuerPoint(content(), head(), { home: HOME, entitled: true }).passed).to.equal(true);
    expect(issuerPoint(content(), head(), { home: HOME, entitled: false }).passed).to.equal(false);
    expect(issuerPoint(content(), head({ iss: HOST }), { home: HOME, entitled: true }).passed).to.equal(false);
    expect(issuerPoint(content({ issuers: [HOST, HOST] }), head(), { home: HOME, entitled: true }).passed).to.equal(false); // prettier-ignore
  });

  it('3: the line of the report stands under an anchored checkpoint', () => {
    expect(signaturePoint(head(), entry).passed).to.equal(true);
    expect(signaturePoint(head(), { ...entry, anchored: 9 }).passed).to.equal(false);
    for (const state of ['annulled', 'unreached']) expect(signaturePoint(head(), { ...entry, state }).passed).to.equal(false); // prettier-ignore
    expect(signaturePoint(head(), undefined).evidence).to.include({ missing: 'line in the log' });
  });

  it('4: the report is not older than agreed, nor of the future', () => {
    expect(agePoint(content(), head({ iat: TIME - 30 * DAY }), TIME).passed).to.equal(true);
    expect(agePoint(content(), head({ iat: TIME - 31 * DAY }), TIME).passed).to.equal(false);
    expect(agePoint(content(), head({ iat: TIME + 200 }), TIME).passed).to.equal(true);
    expect(agePoint(content(), head({ iat: TIME + 400 }), TIME).passed).to.equal(false);
  });

  it('5: the purpose is agreed, and what is not public stands under grants that came along', () => {
    const grant = { grant: HOST, stands: true, shown: true };
    const authorised = [line({ access: 'authorised' })];
    expect(purposePoint(content(), [line()], { purpose: 'licensing', grants: [] }).passed).to.equal(true);
    expect(purposePoint(content(), [line()], { purpose: 'tendering', grants: [] }).passed).to.equal(false);
    expect(purposePoint(content(), [line()], { purpose: undefined, grants: [] }).passed).to.equal(false);
    expect(purposePoint(content(), authorised, { purpose: 'licensing', grants: [] }).passed).to.equal(false);
    expect(purposePoint(content(), authorised, { purpose: 'licensing', grants: [grant] }).passed).to.equal(true);
    for (const change of [{ stands: false }, { shown: false }])
      expect(purposePoint(content(), authorised, { purpose: 'licensing', grants: [grant, { ...grant, ...change }] }).passed).to.equal(false); // prettier-ignore
  });

  it('6: nothing has changed since; what has is masked', () => {
    expect(livePoint([]).passed).to.equal(true);
    const masked = ['objected', 'superseded', 'annulled', 'repaired', 'shielded', 'expired', 'unreached'];
    for (const state of masked) {
      const { passed, evidence } = livePoint([{ log: LOG, position: 1, state: 'same' }, { log: LOG, position: 2, state }]); // prettier-ignore
      expect([passed, evidence['masked']]).to.deep.equal([false, [{ log: LOG, position: 2, state }]]);
    }
  });

  it('7: a grade is translated by the mapping, and else shown as it is', () => {
    const lines = ['A', 'D'].map((grade) => line({ item: 'evaluation-result', claims: { PJ_DJ: grade } }));
    const shown = [{ from: 'A', to: '优', translated: true }, { from: 'D', translated: false }]; // prettier-ignore
    expect(gradesPoint(content(), head(), lines)).to.deep.equal({ passed: true, evidence: { edition: '2026', grades: shown } }); // prettier-ignore
    expect(gradesPoint(content(), head({ iss: HOST }), lines).evidence['grades']).to.deep.equal([{ from: 'A', translated: false }, { from: 'D', translated: false }]); // prettier-ignore
  });

  it('8: a measure is opened where agreement and own list name it for the fact, by default none', () => {
    const list = { edition: 'list', measures: [{ measure: 'A01', triggers: [{ item: 'administrative-penalty', words: ['吊销许可证件'] }] }] }; // prettier-ignore
    expect(measuresPoint(content(), [line()], list).evidence).to.deep.include({ opened: [], unlisted: [] });
    const agreed = (measure: string, words?: string) =>
      content({ measures: [{ item: 'administrative-penalty', measure, ...(words !== undefined && { words }) }] });
    expect(measuresPoint(agreed('A01'), [line()], list).evidence['opened']).to.deep.equal(['A01']);
    expect(measuresPoint(agreed('A01', '罚款'), [line()], list).evidence['opened']).to.deep.equal([]);
    expect(measuresPoint(agreed('A01'), [line({ claims: { CF_CFLB: '罚款' } })], list).evidence).to.deep.include({ opened: [], unlisted: ['A01'] }); // prettier-ignore
    expect(measuresPoint(agreed('Z99'), [line()], list).evidence).to.deep.include({ opened: [], unlisted: ['Z99'] });
    const conducts = [{ item: 'administrative-penalty', words: '吊销', meaning: '严重失信行为' }];
    expect(measuresPoint(content({ conducts }), [line()], list).evidence['conducts']).to.deep.equal(['严重失信行为']);
  });

  it('are all judged, each apart from the others', () => {
    expect(failing({})).to.deep.equal([]);
    expect(isPassed(runEightPoints(found()))).to.equal(true);
    expect(isPassed(runEightPoints(found()).slice(1))).to.equal(false);
    expect(failing({ entitled: false })).to.deep.equal(['issuer']);
    expect(failing({ entry: undefined })).to.deep.equal(['signature']);
    expect(failing({ time: TIME + 90 * DAY })).to.deep.equal(['age']);
    expect(failing({ purpose: 'other' })).to.deep.equal(['purpose']);
    expect(failing({ standings: [{ log: LOG, position: 3, state: 'repaired' }] })).to.deep.equal(['live']);
  });

  it('are none of them passed without a report, or an agreement that says what is agreed', () => {
    expect(failing({ report: undefined, fault: 'forged' })).to.deep.equal([...POINTS]);
    expect(failing({ content: undefined })).to.deep.equal([...POINTS]);
    expect(runEightPoints(found({ report: undefined, fault: 'forged' }))[2]?.evidence).to.include({ reason: 'forged' });
  });

  it('do not open a measure by a fact that does not stand any more', () => {
    const list = { edition: 'list', measures: [{ measure: 'A01', triggers: [{ item: 'administrative-penalty' }] }] };
    const agreed = content({ measures: [{ item: 'administrative-penalty', measure: 'A01' }] });
    const opened = (state: string) =>
      runEightPoints(found({ list, content: agreed, standings: [{ log: LOG, position: 3, state }] }))[7]?.evidence['opened']; // prettier-ignore
    expect(opened('same')).to.deep.equal(['A01']);
    expect(opened('objected')).to.deep.equal([]);
  });

  it('are part of a document, as they were', () => {
    const points = runEightPoints(found());
    const text = makeDocument({ kind: 'step', number: '1', text: '材料齐全', salt: toBase64Url(digest('salt')), points, content: content() }); // prettier-ignore
    expect(parseDocument(text).points).to.deep.equal(points);
    expect(parseDocument(text).content).to.deep.equal(content());
  });
});
