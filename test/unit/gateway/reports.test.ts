import { expect } from 'chai';
import { XinlianError } from '../../../node/core/errors.ts';
import { toHex } from '../../../node/core/bytes.ts';
import { reportQuestion, reportStanding, type ReportStanding } from '../../../node/core/messages/report.ts';
import { REPORT_CHAPTERS, type OpenedReport } from '../../../node/core/report.ts';
import { reportCheckUrl, reportPage } from '../../../gateway/pages/report.ts';
import { builtInReportStandard } from '../../../node/policy/report-standard.ts';
import { digest } from '../../helpers/consortium-on-anvil.ts';
import { BASE_URL, startTestGateway, type TestGateway } from '../../helpers/gateway/test-gateway.ts';
import { company } from '../../helpers/rows.ts';

const NUMBER = '2026060109300000000017';
const DIGEST = toHex(digest('report'));

describe('Credit reports at a gateway', () => {
  let gateway: TestGateway;
  let state: ReportStanding['state'];

  beforeEach(async () => {
    gateway = await startTestGateway();
    state = 'valid';
    gateway.node.sealed = async (member, method, argument) => {
      expect(method).to.equal('report/standing');
      const { number, digest: of } = reportQuestion.decode(argument);
      if (number !== NUMBER || of !== DIGEST) throw new XinlianError('NOT_FOUND', { what: 'report', id: number });
      return reportStanding.encode({ member, number, digest: of, time: 1_780_000_000, kind: 'factual', state, changed: state === 'stale' ? 1 : 0, unreached: 0, log: toHex(digest('log')), position: 4 }); // prettier-ignore
    };
  });
  afterEach(() => gateway.app.close());

  const place = () => ({ member: gateway.source.member.id, number: NUMBER, digest: DIGEST });
  const ask = (url: string) => gateway.app.inject(url.replace(BASE_URL, ''));

  it('are checked by whoever was shown them', async () => {
    const url = reportCheckUrl(BASE_URL, place());
    for (const [wanted, word] of [
      ['valid', '有效'],
      ['stale', '信息已变更'],
      ['withdrawn', '已撤回'],
    ] as const) {
      // prettier-ignore
      state = wanted;
      const json = (await ask(url.replace('/page', ''))).json();
      expect(json).to.include({ state, number: NUMBER, centre: gateway.source.member.name });
      const { headers, body } = await ask(url);
      expect(headers['content-security-policy']).to.equal("default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'"); // prettier-ignore
      expect(body).to.include(word).and.include('<svg').and.include(DIGEST);
    }
  });

  it('are found by nobody who has not their digest', async () => {
    const { member } = place();
    const url = `/v1/public/reports/${member}/${NUMBER}`;
    expect((await ask(url)).statusCode).to.equal(400);
    expect((await ask(`${url}?digest=${toHex(digest('another'))}`)).statusCode).to.equal(404);
  });

  it('are printed with all that is shown, and what is not is said', () => {
    const opened: OpenedReport = {
      head: { iss: place().member, number: NUMBER, standard: builtInReportStandard.edition, iat: 1_780_000_000, sub: { uscc: company(1), name: '盐城<b>某某</b>公司' }, sources: [{ member: place().member, log: toHex(digest('log')), size: 9, root: '' }], unreached: [toHex(digest('away'))], grants: [] }, // prettier-ignore
      chapters: new Map(REPORT_CHAPTERS.filter((chapter) => chapter !== 'honours').map((chapter) => [chapter, []])),
    };
    opened.chapters.set('administration', [
      { source: place().member, item: 'administrative-penalty', edition: 'cn-424-2018', log: toHex(digest('log')), position: 3, commitment: '', access: 'public', status: 'objected', time: 1_779_000_000, claims: { subject: company(1), CF_WSH: '大市监处〔2026〕1号', BZ: null } }, // prettier-ignore
    ]);
    const page = reportPage(opened, {
      url: reportCheckUrl(BASE_URL, place()),
      centre: '大丰信用中心',
      made: '2026-06-01',
      standard: builtInReportStandard,
      agencyOf: (member) => (member === place().member ? '市场监管局' : '税务局'),
      nameOf: (item, claim) => (claim === undefined ? '行政处罚' : claim === 'CF_WSH' ? '文号' : undefined),
    });
    for (const text of [
      '大市监处〔2026〕1号',
      '异议处理中',
      '未出示',
      '未能查询 Not asked: 税务局',
      '&lt;b&gt;',
      '<svg',
      '不评分',
    ])
      expect(page).to.include(text);
    expect(page).to.not.include('<b>').and.not.include('null');
  });
});
