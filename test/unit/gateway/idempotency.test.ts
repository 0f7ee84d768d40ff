import { expect } from 'chai';
import { api } from '../../../gateway/api/api.ts';
import type { Endpoint } from '../../../gateway/api/endpoint.ts';
import { KEY_SECONDS, parseIdempotencyKey } from '../../../gateway/api/idempotency.ts';
import { IdempotencyStore, type Turn } from '../../../gateway/idempotency-store.ts';
import { XinlianError } from '../../../node/core/errors.ts';
import { grantOutcomes } from '../../../node/core/messages/grant.ts';
import { journalled } from '../../../node/core/query.ts';
import { toBase64Url, utf8 } from '../../../node/core/bytes.ts';
import { codeOf } from '../../helpers/code-of.ts';
import { SESSION } from '../../helpers/gateway/memory-node.ts';
import { startTestGateway, TestClock, type TestGateway } from '../../helpers/gateway/test-gateway.ts';

describe('Idempotency keys', () => {
  const answer = (bytes: number) => ({ body: new Uint8Array(bytes), mediaType: 'a/b', headers: {} });
  const run = (turn: Turn, bytes = 10): 'kept' | 'ran' => {
    if ('kept' in turn) return 'kept';
    turn.done(answer(bytes));
    return 'ran';
  };

  it('keep an answer for their client and their request alone', () => {
    const store = new IdempotencyStore(new TestClock());
    expect(run(store.take('a', 'k', 'one'))).to.equal('ran');
    expect(run(store.take('a', 'k', 'one'))).to.equal('kept');
    expect(run(store.take('b', 'k', 'other'))).to.equal('ran');
    expect(codeOf(() => store.take('a', 'k', 'other'))).to.equal('IDEMPOTENCY_KEY_REUSED');
  });

  it('run once at a time, and again where the first failed in passing', () => {
    const store = new IdempotencyStore(new TestClock());
    const turn = store.take('a', 'k', 'one');
    expect(codeOf(() => store.take('a', 'k', 'one'))).to.equal('IDEMPOTENCY_KEY_IN_FLIGHT');
    if ('failed' in turn) turn.failed();
    expect(run(store.take('a', 'k', 'one'))).to.equal('ran');
  });

  it('end with their time', () => {
    const clock = new TestClock();
    const store = new IdempotencyStore(clock);
    run(store.take('a', 'k', 'one'));
    clock.advance(KEY_SECONDS - 5);
    expect(run(store.take('a', 'k', 'one'))).to.equal('kept');
    clock.advance(10);
    expect(run(store.take('a', 'k', 'other'))).to.equal('ran');
  });

  it('make room oldest first: for one client, and in all from whoever has the most', () => {
    const store = new IdempotencyStore(new TestClock(), { keys: 2, bytes: 1_000, allBytes: 1_500, clients: 3 });
    for (const key of ['1', '2', '3']) run(store.take('a', key, key));
    expect(run(store.take('a', '2', '2'))).to.equal('kept');
    expect(run(store.take('a', '1', '1'))).to.equal('ran');
    run(store.take('b', '1', '1'), 900);
    run(store.take('c', '1', '1'), 800);
    expect(run(store.take('b', '1', '1'), 900), 'b had the most').to.equal('ran');
    expect(run(store.take('a', '1', '1')), 'a had little').to.equal('kept');
    for (const other of ['d', 'e', 'f']) run(store.take(other, '1', '1'));
    expect(run(store.take('a', '1', '1')), 'a was heard of longest ago').to.equal('ran');
  });

  it('are spelt in quotes or without', () => {
    expect(['"a b"', 'a', '"a\\"b\\\\"', '"'].map(parseIdempotencyKey)).to.deep.equal(['a b', 'a', 'a"b\\', '"']);
  });
});

describe('Idempotency-Key at a gateway', () => {
  let gateway: TestGateway;
  beforeEach(async () => (gateway = await startTestGateway()));
  afterEach(() => gateway.app.close());

  const TERMS = {
    artefact: `0x${'1'.repeat(64)}`,
    key: `0x${'2'.repeat(40)}`,
    grantee: `0x${'3'.repeat(64)}`,
    validFrom: 1,
    validTo: 2 ** 31,
    uses: 1,
  };
  const registration = (deadline: number) => ({
    grants: [{ terms: TERMS, deadline, signature: `0x${'4'.repeat(130)}` }],
  });
  const register = (payload: object, key: string, headers: object = {}) =>
    gateway.app.inject({
      method: 'POST',
      url: '/v1/grants',
      payload,
      headers: { 'idempotency-key': key, ...headers },
    });
  let ran = 0;
  beforeEach(() => {
    ran = 0;
    gateway.node.inner = async () => {
      ran++;
      return grantOutcomes.encode([{ grant: `0x${'5'.repeat(64)}`, ok: true, block: ran }]);
    };
  });

  it('gives the same answer to the same request, and says so', async () => {
    const first = await register(registration(9), '"8e03978e"');
    const again = await register(registration(9), '8e03978e');
    expect([again.statusCode, again.body, again.headers['content-type']]).to.deep.equal([
      200,
      first.body,
      first.headers['content-type'],
    ]);
    expect([first.headers['idempotent-replayed'], again.headers['idempotent-replayed'], ran]).to.deep.equal([
      undefined,
      'true',
      1,
    ]);
    expect((await register(registration(9), 'another')).json().outcomes[0].block).to.equal(2);
  });

  it('refuses another request under the key, of another operation too', async () => {
    await register(registration(9), 'k');
    const other = await register(registration(10), 'k');
    expect([other.statusCode, other.json().code]).to.deep.equal([422, 'IDEMPOTENCY_KEY_REUSED']);
    const elsewhere = await gateway.app.inject({
      method: 'POST',
      url: '/v1/verify',
      payload: { type: 'x' },
      headers: { 'idempotency-key': 'k' },
    });
    expect(elsewhere.statusCode).to.equal(422);
    expect(ran).to.equal(1);
  });

  it('refuses the same one while it is under way', async () => {
    const held = Promise.withResolvers<void>();
    const begun = Promise.withResolvers<void>();
    gateway.node.inner = async () => {
      begun.resolve();
      await held.promise;
      return grantOutcomes.encode([]);
    };
    const first = register(registration(9), 'k');
    await begun.promise;
    const second = await register(registration(9), 'k');
    expect([second.statusCode, second.json().code, second.headers['retry-after']]).to.deep.equal([
      409,
      'IDEMPOTENCY_KEY_IN_FLIGHT',
      '1',
    ]);
    held.resolve();
    expect((await first).statusCode).to.equal(200);
  });

  it('runs again what failed in passing, and gives a final refusal as it was', async () => {
    gateway.node.nextFault = new XinlianError('UNREACHABLE', { peer: 'p', reason: 'away' });
    expect((await register(registration(9), 'k')).statusCode).to.equal(502);
    expect((await register(registration(9), 'k')).statusCode).to.equal(200);
    gateway.node.nextFault = new XinlianError('CONFLICT', { what: 'x', wanted: 'a', got: 'b' });
    expect((await register(registration(9), 'l')).statusCode).to.equal(409);
    expect((await register(registration(9), 'l')).json().code).to.equal('CONFLICT');
    expect(ran).to.equal(1);
  });

  it('is refused where it is none', async () => {
    for (const key of ['', 'a b', '"a', 'x'.repeat(129), '"a"b"', 'é']) {
      const response = await register(registration(9), key);
      expect([response.statusCode, response.json().code], key).to.deep.equal([400, 'REQUEST_INVALID']);
      expect(response.json().errors[0].path).to.equal('header/idempotency-key');
    }
  });

  it('keeps answers of sealed calls sealed, and nothing of questions', async () => {
    const headers = {
      authorization: `Bearer ${await gateway.token(gateway.bank)}`,
      'content-type': 'application/octet-stream',
      'idempotency-key': 'call',
    };
    const call = () =>
      gateway.app.inject({
        method: 'POST',
        url: `/v1/sessions/${SESSION}/calls/0?member=${gateway.source.member.id}`,
        headers,
        payload: Buffer.from([1, 2, 3]),
      });
    expect([...(await call()).rawPayload]).to.deep.equal([3, 2, 1]);
    expect([...(await call()).rawPayload]).to.deep.equal([3, 2, 1]);
    expect(gateway.node.sealedBytes).to.have.length(1);
  });

  it('leaves to the node what is the same by its own id', async () => {
    const query = toBase64Url(new Uint8Array(32).fill(5));
    let asked = 0;
    gateway.node.sealed = async (_, method) => {
      asked++;
      return method === 'query/journal' ? journalled.encode({ query, consumed: true }) : utf8('sealed answer');
    };
    const headers = { authorization: `Bearer ${await gateway.token(gateway.bank)}`, 'idempotency-key': 'q' };
    const payload = { query, journal: 'j', parts: [{ provider: `0x${'c'.repeat(64)}`, query: 'q' }] };
    const send = (more: object = {}) =>
      gateway.app.inject({ method: 'POST', url: '/v1/queries', headers, payload: { ...payload, ...more } });
    const [first, again] = [await send(), await send()];
    expect(again.json()).to.deep.equal(first.json());
    expect(asked).to.equal(4);
    expect((await send({ journal: 'other' })).json().code).to.equal('IDEMPOTENCY_KEY_REUSED');
  });

  it('is taken by every POST, and each says what it does', async () => {
    const document = (await gateway.app.inject('/openapi.json')).json();
    const posts = Object.entries<Endpoint>(api).filter(([, { method }]) => method === 'POST');
    expect(posts.length).to.be.greaterThan(10);
    for (const [id, { path, idempotency }] of posts) {
      const { parameters, description, responses, ...rest } = document.paths[path].post;
      expect(
        parameters.map(({ name }: { name: string }) => name),
        id,
      ).to.include('Idempotency-Key');
      expect(description, id).to.include('Sent again').and.include(idempotency!.natural);
      expect(rest['x-idempotency'], id).to.equal(idempotency!.kind);
      expect(responses, id).to.include.keys('409', '422');
      const refused = await gateway.app.inject({ method: 'POST', url: path.replaceAll(/\{\w+\}/g, 'x'), headers: {} });
      expect(refused.statusCode, id).to.be.within(400, 499);
    }
  });
});
