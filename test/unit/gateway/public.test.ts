import { expect } from 'chai';
import { utf8 } from '../../../node/core/bytes.ts';
import { XinlianError } from '../../../node/core/errors.ts';
import { encodeParcel } from '../../../node/core/messages/codec.ts';
import {
  publicPage,
  publicRecord,
  publicRef,
  publicSearch,
  type PublicRecord,
} from '../../../node/core/messages/register.ts';
import { BASE_URL, startTestGateway, type TestGateway } from '../../helpers/gateway/test-gateway.ts';
import { company } from '../../helpers/rows.ts';

const RECORD = 'AAAAAAAAAAAAAAAAAAAAAA';
const COMMITMENT = '32090420260601000001';

describe('The public register at a gateway', () => {
  let gateway: TestGateway;
  let published: PublicRecord[];

  const record = (change: Partial<PublicRecord> = {}): PublicRecord => ({
    member: gateway.source.member.id,
    record: RECORD,
    item: 'administrative-penalty',
    edition: 'cn-424-2018',
    version: 1,
    position: 7,
    time: 1_780_000_000,
    subject: company(1),
    objected: false,
    publicity: {
      published: true,
      grade: 'general',
      from: '2026-05-06',
      until: '2027-05-06',
      repairFrom: '2026-08-07',
      edition: 'cn-order-36',
      citation: '第36号令',
      unverified: true,
    },
    claims: { agency: company(2), CF_XDR_MC: '盐城<b>某某</b>有限公司', CF_WSH: '大市监处〔2026〕1号', CF_NR_FK: null },
    ...change,
  });

  beforeEach(async () => {
    gateway = await startTestGateway();
    published = [record()];
    gateway.node.sealed = async (member, method, argument) => {
      if (method === 'public/search') {
        const search = publicSearch.decode(argument);
        expect(search.member).to.equal(member);
        return publicPage.encode({ member, records: published });
      }
      expect(method).to.equal('public/record');
      const found = published.find((own) => own.record === publicRef.decode(argument).record);
      if (!found) throw new XinlianError('NOT_FOUND', { what: 'published record', id: RECORD });
      return encodeParcel(publicRecord.encode(found), utf8('{"type":"xinlian/bundle/v1"}'));
    };
  });
  afterEach(() => gateway.app.close());

  const get = (path: string) => gateway.app.inject({ method: 'GET', url: path });
  const place = () => `/v1/public/records/${gateway.source.member.id}/${RECORD}`;

  it('asks every source when somebody asks, without a token, and keeps nothing', async () => {
    const found = (await get(`/v1/public/records?code=${company(1)}`)).json();
    expect(found.records).to.have.length(1);
    expect(found.records[0]).to.include({ agency: gateway.source.member.name, item: 'administrative-penalty' });
    expect(found.records[0].itemName.zh).to.equal('行政处罚');
    expect(found.unreached).to.deep.equal([]);
    published = [];
    expect((await get(`/v1/public/records?code=${company(1)}`)).json().records).to.deep.equal([]);
    expect((await get(place())).statusCode).to.equal(404);
  });

  it('names the agencies that it could not ask, and does not take one’s word for another', async () => {
    published = [record({ member: `0x${'99'.repeat(32)}` })];
    expect((await get('/v1/public/records?name=盐城某某有限公司')).json().records).to.deep.equal([]);
    gateway.node.sealed = () => Promise.reject(new XinlianError('UNREACHABLE', { peer: 'x', reason: 'away' }));
    const found = (await get('/v1/public/records?name=盐城某某有限公司')).json();
    expect(found).to.deep.equal({ records: [], more: [], unreached: [gateway.source.member.id] });
  });

  it('is asked for one thing', async () => {
    for (const query of ['', `?code=${company(1)}&name=盐城某某`, '?code=1'])
      expect((await get(`/v1/public/records${query}`)).statusCode, query).to.equal(400);
  });

  it('gives a record with its proof', async () => {
    const { record: shown, bundle } = (await get(place())).json();
    expect(shown).to.include({ record: RECORD, subject: company(1) });
    expect(bundle).to.deep.equal({ type: 'xinlian/bundle/v1' });
  });

  it('prints a certificate with a code, marks and all, in which nothing can run', async () => {
    published = [record({ objected: true, statement: '本公司不认可' })];
    const page = await get(`${place()}/certificate`);
    expect(page.headers['content-type']).to.equal('text/html; charset=utf-8');
    expect(page.headers['content-security-policy']).to.equal(
      "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'",
    );
    for (const wanted of [
      '异议处理中',
      '本公司不认可',
      '2027-05-06',
      '未核实 unverified',
      '<svg',
      `${BASE_URL}${place()}`,
      '处罚决定书文号',
    ])
      expect(page.body, wanted).to.include(wanted);
    expect(page.body).to.include('盐城&lt;b&gt;某某').and.not.include('<b>');
    expect(page.body).to.not.include('<script');
  });

  describe('and a commitment', () => {
    beforeEach(() => {
      published = [
        record({
          item: 'credit-commitment',
          edition: 'cn-basic-2025',
          claims: {
            validTo: '2026-01-01',
            CN_MC: '盐城某某有限公司',
            CN_BM: COMMITMENT,
            CN_LX: '主动型',
            CN_SY: '诚信经营',
            CN_NR: '依法诚信经营',
            CN_WNZR: '接受惩戒',
            CN_RQ: '2026-06-01',
            CN_SLDW: '大丰区发展和改革委员会',
            CN_SLDWDM: company(3),
            CN_LXZT: '部分履行',
            CN_WLX: '未按期报送',
            CN_ZRZJ: '约谈',
            CN_RDRQ: '2026-09-01',
            CN_JGZT: null,
          },
        }),
      ];
    });

    it('is found by its code: promise, publication, fulfilment, supervision', async () => {
      const shown = (await get(`/v1/public/commitments/${COMMITMENT}`)).json();
      expect(shown).to.deep.include({ code: COMMITMENT });
      expect(shown.promise).to.include({ by: '盐城某某有限公司', kind: '主动型', made: '2026-06-01' });
      expect(shown.publication).to.include({ record: RECORD });
      expect(shown.fulfilment).to.deep.equal({
        state: '部分履行',
        unfulfilled: '未按期报送',
        consequence: '约谈',
        judged: '2026-09-01',
      });
      expect(shown.supervision).to.include({ state: null, expired: true });
    });

    it('has a page, which its code leads to', async () => {
      const page = await get(`/v1/public/commitments/${COMMITMENT}/page`);
      for (const wanted of ['承诺', '示诺', '践诺', '监诺', '<svg', '约谈', '已过期'])
        expect(page.body, wanted).to.include(wanted);
      expect(page.headers['content-security-policy']).to.include("default-src 'none'");
    });

    it('that nobody publishes is not there, and where an agency is away nobody can say so', async () => {
      published = [];
      expect((await get(`/v1/public/commitments/${COMMITMENT}`)).statusCode).to.equal(404);
      gateway.node.sealed = () => Promise.reject(new XinlianError('UNREACHABLE', { peer: 'x', reason: 'away' }));
      expect((await get(`/v1/public/commitments/${COMMITMENT}`)).statusCode).to.equal(502);
      expect((await get('/v1/public/commitments/123')).statusCode).to.equal(400);
    });
  });
});
