import { expect } from 'chai';
import { fromUtf8, toBase64Url, utf8 } from '../../../node/core/bytes.ts';
import { XinlianError } from '../../../node/core/errors.ts';
import { requestState } from '../../../node/core/grant-request.ts';
import { decodeParcel } from '../../../node/core/messages/codec.ts';
import { addressed, type RpcMethod } from '../../../node/core/messages/node.ts';
import { journalled } from '../../../node/core/query.ts';
import { startTestGateway, type TestGateway } from '../../helpers/gateway/test-gateway.ts';

const QUERY = toBase64Url(new Uint8Array(32).fill(5));
const provider = (digit: string): string => `0x${digit.repeat(64)}`;

describe('Queries at a gateway', () => {
  let gateway: TestGateway;
  /** What reached nodes, in order: method, member, sealed text. */
  let sent: [RpcMethod, string, string][];

  beforeEach(async () => {
    gateway = await startTestGateway();
    sent = [];
    serve({});
  });
  afterEach(() => gateway.app.close());

  function serve(answers: Partial<Record<RpcMethod, (member: string) => Promise<Uint8Array> | Uint8Array>>): void {
    gateway.node.sealed = async (member, method, argument) => {
      const { header, body } = decodeParcel(argument);
      expect(addressed.decode(header).member).to.equal(member);
      sent.push([method, member, fromUtf8(body)]);
      const answer = answers[method];
      if (answer) return answer(member);
      if (method === 'query/journal') return journalled.encode({ query: QUERY, consumed: false });
      return utf8(`answer of ${member.slice(2, 3)}`);
    };
  }

  async function query(parts: string[], more: object = {}, as: 'bank' | 'source' = 'bank') {
    const payload = {
      query: QUERY,
      journal: 'j.o.u.r.nal',
      parts: parts.map((digit) => ({ provider: provider(digit), query: `query for ${digit}` })),
      ...more,
    };
    const headers = { authorization: `Bearer ${await gateway.token(gateway[as])}` };
    return gateway.app.inject({ method: 'POST', url: '/v1/queries', payload, headers });
  }

  it('go to the asker’s own node first, then to every provider, as they are', async () => {
    const response = await query(['c', 'd']);
    expect(response.json()).to.deep.equal({
      query: QUERY,
      consumed: false,
      parts: [
        { provider: provider('c'), outcome: 'answer', answer: 'answer of c' },
        { provider: provider('d'), outcome: 'answer', answer: 'answer of d' },
      ],
    });
    expect(sent).to.deep.equal([
      ['query/journal', gateway.bank.member.id, 'j.o.u.r.nal'],
      ['query/answer', provider('c'), 'query for c'],
      ['query/answer', provider('d'), 'query for d'],
    ]);
  });

  it('ask nobody where the own node does not take the journal', async () => {
    const refused = { grant: provider('e'), reason: 'GRANT_EXHAUSTED', detail: '' };
    serve({
      'query/journal': () => {
        throw new XinlianError('GRANT_REFUSED', refused);
      },
    });
    const response = await query(['c']);
    expect([response.statusCode, response.json().code]).to.deep.equal([409, 'GRANT_REFUSED']);
    expect(response.json().detail).to.contain('GRANT_EXHAUSTED');
    expect(sent).to.have.length(1);
  });

  it('give the answers that came, where others did not', async () => {
    serve({
      'query/answer': async (member) => {
        if (member === provider('d')) throw new XinlianError('UNREACHABLE', { peer: member, reason: 'cut off' });
        if (member === provider('e')) throw new XinlianError('SIGNATURE_INVALID', { what: 'query', key: member });
        if (member === provider('f')) throw new TypeError('a fault of ours');
        return utf8('sealed');
      },
    });
    const { parts } = (await query(['c', 'd', 'e', 'f'])).json();
    expect(parts.map((part: { outcome: string }) => part.outcome)).to.deep.equal([
      'answer',
      'unreachable',
      'error',
      'error',
    ]);
    expect(parts[1].problem.code).to.equal('UNREACHABLE');
    expect(parts[2].problem.code).to.equal('SIGNATURE_INVALID');
    expect(JSON.stringify(parts[3])).to.not.contain('a fault of ours');
  });

  it('say which provider the council has suspended, and do not ask it', async () => {
    gateway.members.add('d', ['source']).member.status = 'suspended';
    const { parts } = (await query(['c', 'd'])).json();
    expect(parts.map((part: { outcome: string }) => part.outcome)).to.deep.equal(['answer', 'error']);
    expect(parts[1].problem).to.include({ code: 'MEMBER_NOT_ENTITLED', retryable: false });
    expect(parts[1].problem.detail).to.contain('suspended');
    expect(sent.map(([, member]) => member)).to.not.include(provider('d'));
  });

  it('are of the id that the journal has', async () => {
    const other = toBase64Url(new Uint8Array(32).fill(6));
    serve({ 'query/journal': () => journalled.encode({ query: other, consumed: true }) });
    expect((await query(['c'])).json().code).to.equal('MALFORMED');
  });

  it('are for banks, and for at most 32 providers', async () => {
    expect((await query(['c'], {}, 'source')).statusCode).to.equal(403);
    expect((await query([])).statusCode).to.equal(400);
    expect((await query(Array.from({ length: 33 }, () => 'c'))).statusCode).to.equal(400);
  });

  it('leave nothing of what they carry in the log of the gateway', async () => {
    await query(['c']);
    for (const text of ['query for c', 'answer of c', 'j.o.u.r.nal']) expect(gateway.logged()).to.not.contain(text);
  });

  describe('of an enterprise', () => {
    it('go to the node of any member, without a token', async () => {
      serve({ 'subject/call': () => utf8('sealed to the enterprise') });
      const url = `/v1/members/${provider('c')}/subject-calls`;
      const response = await gateway.app.inject({ method: 'POST', url, payload: { call: 'sealed call' } });
      expect(response.json()).to.deep.equal({ answer: 'sealed to the enterprise' });
      expect(sent).to.deep.equal([['subject/call', provider('c'), 'sealed call']]);
    });
  });

  it('for an authorisation go to the member that identifies the enterprise', async () => {
    const state = { request: 'AAAAAAAAAAAAAAAAAAAAAA', state: 'waiting' as const };
    serve({ 'request/put': () => requestState.encode(state), 'request/state': () => requestState.encode(state) });
    const headers = { authorization: `Bearer ${await gateway.token(gateway.bank)}` };
    const url = `/v1/members/${provider('c')}/grant-requests`;
    const put = await gateway.app.inject({ method: 'POST', url, payload: { request: 'sealed' }, headers });
    const asked = await gateway.app.inject({
      method: 'POST',
      url: `${url}/state`,
      payload: { question: 'q' },
      headers,
    });
    expect([put.json(), asked.json()]).to.deep.equal([state, state]);
    expect(sent.map(([method]) => method)).to.deep.equal(['request/put', 'request/state']);
  });
});
