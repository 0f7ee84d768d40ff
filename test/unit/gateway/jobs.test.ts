import { createHash } from 'node:crypto';
import { expect } from 'chai';
import { fromUtf8 } from '../../../node/core/bytes.ts';
import { jobRead, jobsPage, jobsRequest, jobRef, jobRows, jobState, type JobState } from '../../../node/core/job.ts';
import { decodeParcel } from '../../../node/core/messages/codec.ts';
import { startTestGateway, type TestGateway } from '../../helpers/gateway/test-gateway.ts';

const JOB = 'AAAAAAAAAAAAAAAAAAAAAA';
const FILE = Buffer.from(Array.from({ length: 700_000 }, (_, i) => i % 251));
const SHA256 = createHash('sha256').update(FILE).digest('base64');
const STATE: JobState = {
  job: JOB,
  kind: 'checks',
  format: 'ndjson',
  state: 'running',
  chunks: 1,
  received: 2,
  rows: 0,
  ok: 0,
  refused: 0,
  bad: 0,
  resultBytes: 0,
  created: 1_767_225_600,
};

describe('Batch jobs at a gateway', () => {
  let gateway: TestGateway;
  let state: JobState;
  let headers: Record<string, string>;
  /** Index, whether last, and rows, as the node had them. */
  let taken: [number, boolean, string][];

  beforeEach(async () => {
    gateway = await startTestGateway();
    headers = { authorization: `Bearer ${await gateway.token(gateway.bank)}` };
    state = STATE;
    taken = [];
    gateway.node.sealed = async (member, method, argument) => {
      expect(member).to.equal(gateway.bank.member.id);
      switch (method) {
        case 'job/open':
          expect(fromUtf8(decodeParcel(argument).body)).to.equal('j.w.s');
          return jobState.encode(state);
        case 'job/rows': {
          const { header, body } = decodeParcel(argument);
          const { index, last } = jobRows.decode(header);
          taken.push([index, last, fromUtf8(body)]);
          return jobState.encode(state);
        }
        case 'job/result': {
          const { offset, length } = jobRead.decode(argument);
          return FILE.subarray(offset, offset + length);
        }
        default:
          if (method === 'job/cancel') state = { ...state, state: 'cancelled' };
          expect(jobRef.decode(argument).job).to.equal(JOB);
          return jobState.encode(state);
      }
    };
  });
  afterEach(() => gateway.app.close());

  const post = (url: string, payload: object | string, type = 'application/json') =>
    gateway.app.inject({ method: 'POST', url, payload, headers: { ...headers, 'content-type': type } });
  const get = (url: string, more: Record<string, string> = {}) =>
    gateway.app.inject({ url, headers: { ...headers, ...more } });

  it('go to the caller’s own node, and are told with times of China', async () => {
    const response = await post('/v1/jobs', { job: 'j.w.s' });
    expect(response.headers.location).to.equal(`/v1/jobs/${JOB}`);
    expect(response.json()).to.deep.equal({ ...STATE, created: '2026-01-01T08:00:00+08:00' });
    expect((await get(`/v1/jobs/${JOB}`)).json().state).to.equal('running');
    expect((await post(`/v1/jobs/${JOB}/cancellation`, {}, 'application/json')).json().state).to.equal('cancelled');
  });

  it('are listed by the caller’s own node, in pages', async () => {
    gateway.node.inner = async (method, argument) => {
      expect(method).to.equal('job/list');
      expect(jobsRequest.decode(argument)).to.deep.equal({ limit: 1, after: JOB });
      return jobsPage.encode({ jobs: [state], next: JOB });
    };
    const { items, next } = (await get(`/v1/jobs?limit=1&cursor=${JOB}`)).json();
    expect([next, items.map((item: { job: string; created: string }) => [item.job, item.created])]).to.deep.equal([
      JOB,
      [[JOB, '2026-01-01T08:00:00+08:00']],
    ]);
  });

  it('have their rows cut at line ends, the same way however they come, the last part marked', async () => {
    const rows = Array.from({ length: 4_000 }, (_, i) => `{"grant":"0x${String(i).padStart(64, '0')}"}\n`).join('');
    for (const type of ['application/x-ndjson', 'text/csv']) {
      taken = [];
      expect((await post(`/v1/jobs/${JOB}/rows`, rows, type)).statusCode).to.equal(200);
      expect(taken.map(([, , text]) => text).join('')).to.equal(rows);
      expect(taken.map(([index]) => index)).to.deep.equal(taken.map((_, i) => i));
      expect(taken.map(([, last]) => last)).to.deep.equal(taken.map((_, i) => i === taken.length - 1));
      expect(taken.length).to.be.greaterThan(3);
      expect(taken.every(([, , text]) => text.endsWith('\n'))).to.equal(true);
    }
    taken = [];
    await post(`/v1/jobs/${JOB}/rows`, '', 'text/csv');
    expect(taken).to.deep.equal([[0, true, '']]);
    expect((await post(`/v1/jobs/${JOB}/rows`, 'x', 'text/plain')).statusCode).to.equal(415);
    headers = { authorization: `Bearer ${await gateway.token(gateway.source)}` };
    expect((await post('/v1/records?item=x', 'x', 'text/csv')).statusCode).to.equal(415);
  });

  describe('give their result file', () => {
    const url = `/v1/jobs/${JOB}/result`;
    beforeEach(() => (state = { ...STATE, state: 'done', resultBytes: FILE.length, sha256: SHA256 }));

    it('whole, with its digest', async () => {
      const response = await get(url);
      expect(response.statusCode).to.equal(200);
      expect(response.rawPayload.equals(FILE)).to.equal(true);
      expect(response.headers).to.include({
        'accept-ranges': 'bytes',
        etag: `"${SHA256}"`,
        'repr-digest': `sha-256=:${SHA256}:`,
        'content-length': String(FILE.length),
      });
    });

    it('in parts, so that what broke off goes on', async () => {
      const cases: [string, number, number][] = [
        ['bytes=0-0', 0, 1],
        ['bytes=300000-', 300_000, FILE.length],
        ['bytes=-5', FILE.length - 5, FILE.length],
        ['bytes=10-99999999', 10, FILE.length],
        ['bytes=-99999999', 0, FILE.length],
      ];
      for (const [range, from, to] of cases) {
        const response = await get(url, { range });
        expect(response.statusCode, range).to.equal(206);
        expect(response.headers['content-range']).to.equal(`bytes ${from}-${to - 1}/${FILE.length}`);
        expect(response.rawPayload.equals(FILE.subarray(from, to)), range).to.equal(true);
      }
      expect((await get(url, { range: 'bytes=0-1', 'if-range': '"another"' })).statusCode).to.equal(200);
      expect((await get(url, { range: 'bytes=0-1', 'if-range': `"${SHA256}"` })).statusCode).to.equal(206);
      for (const range of ['lines=1-2', 'bytes=-', 'bytes=0-1,4-5'])
        expect((await get(url, { range })).statusCode).to.equal(200);
      for (const range of ['bytes=700000-', 'bytes=-0', 'bytes=9-3']) {
        const refused = await get(url, { range });
        expect([refused.statusCode, refused.json().code], range).to.deep.equal([416, 'RANGE_NOT_SATISFIABLE']);
      }
    });

    it('only once they have ended', async () => {
      state = STATE;
      expect((await get(url)).json().code).to.equal('CONFLICT');
    });
  });

  it('are for banks', async () => {
    headers = { authorization: `Bearer ${await gateway.token(gateway.source)}` };
    expect((await post('/v1/jobs', { job: 'x' })).statusCode).to.equal(403);
    expect((await get(`/v1/jobs/${JOB}/result`)).statusCode).to.equal(403);
  });
});
