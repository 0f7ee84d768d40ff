import { connect } from 'node:net';
import { once } from 'node:events';
import { expect } from 'chai';
import type { InjectOptions } from 'fastify';
import { XinlianError } from '../../../node/core/errors.ts';
import type { MemberId } from '../../../node/core/ids.ts';
import { CATALOGUE } from '../../../gateway/problems/catalogue.ts';
import { credentialsOf } from '../../helpers/gateway/memory-members.ts';
import { KNOWN_RECORD, SESSION } from '../../helpers/gateway/memory-node.ts';
import { startTestGateway, type TestGateway } from '../../helpers/gateway/test-gateway.ts';

const LOG = `0x${'d'.repeat(64)}`;

describe('Gateway', () => {
  let gateway: TestGateway;

  beforeEach(async () => {
    gateway = await startTestGateway();
  });
  afterEach(() => gateway.app.close());

  const get = (url: string, headers: Record<string, string> = {}) => gateway.app.inject({ url, headers });
  const bearer = async (member = gateway.source, scope?: string) => ({
    authorization: `Bearer ${await gateway.token(member, scope)}`,
  });

  describe('access', () => {
    const record = `/v1/records/${KNOWN_RECORD}`;

    it('asks for a token, and says which kind', async () => {
      const response = await get(record);
      expect([response.statusCode, response.json().code]).to.deep.equal([401, 'UNAUTHENTICATED']);
      expect(response.headers['www-authenticate']).to.equal('Bearer realm="xinlian"');
    });

    it('takes a good one', async () => {
      expect((await get(record, await bearer())).statusCode).to.equal(200);
    });

    it('refuses what is no token of this gateway', async () => {
      const { authorization } = await bearer();
      const [head, body, signature] = authorization.slice('Bearer '.length).split('.') as [string, string, string];
      const claims = JSON.parse(Buffer.from(body, 'base64url').toString()) as object;
      const widened = Buffer.from(JSON.stringify({ ...claims, scope: 'publish' })).toString('base64url');
      const none = Buffer.from('{"alg":"none","typ":"at+jwt"}').toString('base64url');
      for (const value of [`${head}.${widened}.${signature}`, `${none}.${body}.`, `${head}.${body}.`, 'x', 'a.b.c']) {
        const response = await get(record, { authorization: `Bearer ${value}` });
        expect(response.statusCode, value).to.equal(401);
        expect(response.headers['www-authenticate']).to.include('error="invalid_token"');
      }
      expect((await get(record, { authorization: 'Basic YTpi' })).statusCode).to.equal(401);
    });

    it('refuses a token of another gateway’s key', async () => {
      const other = await startTestGateway({ tokenKey: new Uint8Array(32).fill(8) });
      const token = await other.token(gateway.source).catch(() => other.token(other.source));
      await other.app.close();
      expect((await get(record, { authorization: `Bearer ${token}` })).statusCode).to.equal(401);
    });

    it('ends a token with its time', async () => {
      const headers = await bearer();
      gateway.clock.advance(599);
      expect((await get(record, headers)).statusCode).to.equal(200);
      gateway.clock.advance(2);
      expect((await get(record, headers)).statusCode).to.equal(401);
    });

    it('ends a token with the suspension of its member, and with the rotation of its key', async () => {
      const headers = await bearer();
      expect((await get(record, headers)).statusCode).to.equal(200);
      gateway.source.member.status = 'suspended';
      expect((await get(record, headers)).statusCode).to.equal(401);
      gateway.source.member.status = 'active';
      gateway.members.rotate(gateway.source);
      expect((await get(record, headers)).statusCode).to.equal(401);
    });

    it('wants the scope, and takes it back with the role', async () => {
      const narrow = await get(record, await bearer(gateway.source, 'sessions'));
      expect([narrow.statusCode, narrow.json().code]).to.deep.equal([403, 'FORBIDDEN']);
      expect(narrow.headers['www-authenticate']).to.include('error="insufficient_scope", scope="records:read"');
      const headers = await bearer();
      gateway.source.member.roles = ['bank'];
      const publish = await gateway.app.inject({
        method: 'POST',
        url: '/v1/records?item=x',
        headers: { ...headers, 'content-type': 'application/x-ndjson' },
        payload: '{}\n',
      });
      expect(publish.statusCode).to.equal(403);
    });
  });

  describe('problems', () => {
    it('are Problem Details, in the language that was asked for', async () => {
      const url = `/v1/members/0x${'9'.repeat(64)}`;
      const english = await get(url, { 'x-request-id': 'trace-1' });
      expect(english.headers).to.include({
        'content-type': 'application/problem+json',
        'content-language': 'en',
        'x-request-id': 'trace-1',
        'cache-control': 'no-store',
      });
      expect(english.json()).to.deep.include({
        type: 'urn:xinlian:problem:not-found',
        title: 'Not found',
        status: 404,
        code: 'NOT_FOUND',
        retryable: false,
        request_id: 'trace-1',
      });
      for (const language of ['zh-CN,zh;q=0.9,en;q=0.8', 'en;q=0.2, zh-Hans', 'fr, zh;q=0.1']) {
        expect((await get(url, { 'accept-language': language })).json().title, language).to.equal('未找到');
      }
      for (const language of ['en', 'fr', 'zh;q=0, en', '*']) {
        expect((await get(url, { 'accept-language': language })).json().title, language).to.equal('Not found');
      }
    });

    it('makes up a request id where none came, or a strange one', async () => {
      for (const given of ['', 'a b', 'x'.repeat(65), '{"a":1}']) {
        const { headers } = await get('/healthz/live', { 'x-request-id': given });
        expect(headers['x-request-id']).to.match(/^[0-9a-f-]{36}$/);
      }
    });

    it('name every value that was refused', async () => {
      const response = await get('/v1/members?limit=0&cursor=%21&colour=red');
      expect(response.statusCode).to.equal(400);
      const { code, errors } = response.json();
      expect(code).to.equal('REQUEST_INVALID');
      expect(errors).to.deep.include({ path: 'query/limit', wanted: 'be >= 1', got: '0' });
      expect(errors).to.deep.include({ path: 'query/colour', wanted: 'no such member', got: 'one' });
      const missing = await gateway.app.inject({
        method: 'POST',
        url: '/v1/sessions',
        headers: await bearer(),
        payload: {},
      });
      expect(missing.json().errors).to.deep.equal([
        { path: 'body/member', wanted: 'a value', got: 'nothing' },
        { path: 'body/manifest', wanted: 'a value', got: 'nothing' },
      ]);
    });

    it('for unknown paths, wrong methods, media types and bodies', async () => {
      const cases: [request: InjectOptions, status: number, code: string][] = [
        [{ url: '/v2/members' }, 404, 'NOT_FOUND'],
        [{ url: '/' }, 404, 'NOT_FOUND'],
        [{ url: '/v1/members', method: 'DELETE' }, 405, 'METHOD_NOT_ALLOWED'],
        [{ url: '/v1/records', method: 'GET' }, 405, 'METHOD_NOT_ALLOWED'],
        [
          { url: '/v1/verify', method: 'POST', payload: 'x', headers: { 'content-type': 'text/plain' } },
          415,
          'UNSUPPORTED_MEDIA_TYPE',
        ],
        [{ url: '/v1/verify', method: 'POST' }, 415, 'UNSUPPORTED_MEDIA_TYPE'],
        [
          { url: '/v1/verify', method: 'POST', payload: '{"a":', headers: { 'content-type': 'application/json' } },
          400,
          'MALFORMED',
        ],
        [
          { url: '/v1/verify', method: 'POST', payload: '', headers: { 'content-type': 'application/json' } },
          400,
          'MALFORMED',
        ],
        [
          {
            url: '/v1/verify',
            method: 'POST',
            payload: '{"__proto__":{}}',
            headers: { 'content-type': 'application/json' },
          },
          400,
          'MALFORMED',
        ],
        [
          { url: '/v1/verify', method: 'POST', payload: '[]', headers: { 'content-type': 'application/json' } },
          400,
          'REQUEST_INVALID',
        ],
        [
          {
            url: '/v1/verify',
            method: 'POST',
            payload: '{}',
            headers: { 'content-type': 'application/json', 'content-encoding': 'gzip' },
          },
          415,
          'UNSUPPORTED_MEDIA_TYPE',
        ],
        [
          {
            url: '/v1/verify',
            method: 'POST',
            payload: JSON.stringify({ a: 'x'.repeat(2 ** 21) }),
            headers: { 'content-type': 'application/json' },
          },
          413,
          'TOO_LARGE',
        ],
        [{ url: '/v1/members/%E0%A4%A' }, 400, 'MALFORMED'],
        [{ url: '/v1/members/short' }, 400, 'REQUEST_INVALID'],
        [{ url: `/v1/members/${'x'.repeat(300)}` }, 404, 'NOT_FOUND'],
      ];
      for (const [request, status, code] of cases) {
        const response = await gateway.app.inject(request);
        expect([response.statusCode, response.json().code], JSON.stringify(request).slice(0, 120)).to.deep.equal([
          status,
          code,
        ]);
        expect(response.headers['content-type']).to.equal('application/problem+json');
      }
    });

    it('tell the methods of a path', async () => {
      const wrong = await gateway.app.inject({ method: 'PUT', url: '/v1/records' });
      expect(wrong.headers.allow).to.equal('POST, OPTIONS');
      const options = await gateway.app.inject({ method: 'OPTIONS', url: '/v1/members' });
      expect([options.statusCode, options.headers.allow, options.body]).to.deep.equal([204, 'GET, HEAD, OPTIONS', '']);
      const head = await gateway.app.inject({ method: 'HEAD', url: '/v1/members' });
      expect([head.statusCode, head.body]).to.deep.equal([200, '']);
    });

    it('of our own say nothing but the reference, and are logged', async () => {
      gateway.node.nextFault = new Error('password hunter2 at /etc/shadow');
      const response = await get(`/v1/records/${KNOWN_RECORD}`, { ...(await bearer()), 'x-request-id': 'ref-1' });
      expect(response.json()).to.deep.equal({
        type: 'urn:xinlian:problem:internal',
        title: 'Internal error',
        status: 500,
        code: 'INTERNAL',
        retryable: false,
        request_id: 'ref-1',
      });
      expect(gateway.logged()).to.include('hunter2').and.to.include('ref-1');
    });

    it('of a node come through with their status; a retryable one with Retry-After', async () => {
      const headers = await bearer();
      const cases: [XinlianError, number, string | undefined][] = [
        [new XinlianError('UNREACHABLE', { peer: 'p', reason: 'secret address' }), 502, '1'],
        [new XinlianError('TIMEOUT', { what: 'call', afterMs: 1 }), 504, '1'],
        [new XinlianError('OVERLOADED', { what: 'node', retryAfterSeconds: 17 }), 503, '17'],
        [new XinlianError('MEMBER_NOT_ENTITLED', { member: 'm', wanted: 'source', got: 'bank' }), 403, undefined],
        [new XinlianError('NOT_YET_KNOWN' as 'INTERNAL', { reference: 'x' }), 500, undefined],
      ];
      for (const [fault, status, retryAfter] of cases) {
        gateway.node.nextFault = fault;
        const response = await get(`/v1/records/${KNOWN_RECORD}`, headers);
        expect([response.statusCode, response.headers['retry-after']]).to.deep.equal([status, retryAfter]);
        expect(response.body).to.not.include('secret address');
      }
    });

    it('are listed, each code once, in both languages', async () => {
      const catalogue = (await get('/v1/errors')).json<{ code: string; title: object; action: object }[]>();
      expect(catalogue.map(({ code }) => code)).to.have.members(Object.keys(CATALOGUE));
      for (const { title, action } of catalogue) {
        for (const text of [...Object.values(title), ...Object.values(action)])
          expect(text).to.be.a('string').and.not.equal('');
      }
    });

    it('for what is no HTTP', async () => {
      const url = new URL(await gateway.listen());
      const socket = connect(Number(url.port), '127.0.0.1');
      socket.write('NONSENSE\r\n\r\n');
      let answer = '';
      socket.on('data', (bytes: Buffer) => (answer += bytes.toString()));
      await once(socket, 'close');
      expect(answer)
        .to.match(/^HTTP\/1\.1 400 /)
        .and.to.include('application/problem+json');
    });
  });

  describe('records', () => {
    it('tells where a record stands, with times of China', async () => {
      const { versions, ...status } = (await get(`/v1/records/${KNOWN_RECORD}`, await bearer())).json();
      expect(status).to.include({ state: 'logged', why: 'waits for the next anchor' });
      expect(versions[0].time).to.equal('2026-01-01T08:00:00+08:00');
    });

    it('gives a receipt with nothing disclosed, and a bundle with what was asked for', async () => {
      const headers = await bearer();
      const disclosed = async (path: string) => {
        const response = await get(`/v1/records/${KNOWN_RECORD}/${path}`, headers);
        expect(response.headers['content-type']).to.equal('application/vnd.xinlian.bundle+json');
        return response.json().disclosures;
      };
      expect(await disclosed('receipt')).to.deep.equal([]);
      expect(await disclosed('bundle')).to.deep.equal(['*']);
      expect(await disclosed('bundle?claims=agency,subject')).to.deep.equal(['agency', 'subject']);
    });

    it('gives a proof in the text form of C2SP', async () => {
      const response = await get(`/v1/records/${KNOWN_RECORD}/tlog-proof?claims=agency,subject`, await bearer());
      expect(response.headers['content-type']).to.equal('text/plain; charset=utf-8');
      expect(response.body).to.equal('proof of agency,subject\n');
      expect((await get(`/v1/records/${KNOWN_RECORD}/tlog-proof`)).statusCode).to.equal(401);
    });

    it('are the own members’ only', async () => {
      expect((await get(`/v1/records/${KNOWN_RECORD}`, await bearer(gateway.bank))).statusCode).to.equal(403);
      expect((await get('/v1/records/BBBBBBBBBBBBBBBBBBBBBA', await bearer())).statusCode).to.equal(404);
    });
  });

  it('verifies a bundle for anyone', async () => {
    const response = await gateway.app.inject({ method: 'POST', url: '/v1/verify', payload: { type: 'x' } });
    expect(response.json()).to.deep.equal({ ok: false, pending: false, checks: [], trusted: ['{"type":"x"}'] });
  });

  describe('consortium', () => {
    it('pages through the members, each once', async () => {
      for (const digit of '0123456789') gateway.members.add(digit, ['bank']);
      const seen: MemberId[] = [];
      let cursor = '';
      for (let pages = 0; pages < 10; pages++) {
        const page = (await get(`/v1/members?limit=5${cursor}`)).json();
        seen.push(...page.items.map(({ id }: { id: MemberId }) => id));
        if (page.next === undefined) break;
        cursor = `&cursor=${page.next}`;
      }
      expect(seen)
        .to.have.length(12)
        .and.to.deep.equal([...new Set(seen)].sort());
      expect((await get('/v1/members?cursor=a')).json().code).to.equal('MALFORMED');
    });

    it('gives the key that payloads are sealed to, and the tenure of every key', async () => {
      gateway.members.rotate(gateway.source);
      const member = (await get(`/v1/members/${gateway.source.member.id}`)).json();
      expect(member.keys.sealing).to.equal(Buffer.alloc(33, 2).toString('base64url'));
      expect(member.history.client).to.have.length(2);
      expect(member.history.client[0]).to.include({ since: 1, until: 5 });
      expect(member.keys.client).to.equal(member.history.client[1].key);
    });

    it('lists every log with its checkpoint', async () => {
      const { items } = (await get('/v1/checkpoints')).json();
      expect(items).to.have.length(2);
      expect(items[0]).to.deep.include({ log: LOG, owner: gateway.source.member.id });
      expect(items[0].head).to.include({ size: 12, block: 7, root: Buffer.alloc(32, 3).toString('base64') });
      expect((await get(`/v1/checkpoints?owner=${gateway.bank.member.id}`)).json().items).to.deep.equal([]);
    });
  });

  describe('logs', () => {
    it('serves checkpoint and tiles from the owner’s node, each to be cached as long as it stays', async () => {
      const checkpoint = await get(`/v1/logs/${LOG}/checkpoint`);
      expect(checkpoint.body).to.equal('file checkpoint\n');
      expect(checkpoint.headers).to.include({
        'content-type': 'text/plain; charset=utf-8',
        'cache-control': 'public, max-age=2',
      });
      const full = await get(`/v1/logs/${LOG}/tile/0/x001/234`);
      expect(full.body).to.equal('file tile/0/x001/234\n');
      expect(full.headers).to.include({
        'content-type': 'application/octet-stream',
        'cache-control': 'public, max-age=31536000, immutable',
      });
      const partial = await get(`/v1/logs/${LOG}/tile/entries/003.p/17`);
      expect(partial.headers['cache-control']).to.equal('public, max-age=300');
      expect(gateway.node.calls.at(-1)).to.deep.equal({ member: gateway.source.member.id, method: 'log/read' });
    });

    it('gives anyone the proof of an entry, with who cosigned', async () => {
      const response = await get(`/v1/logs/${LOG}/proofs/7`);
      expect(response.json()).to.deep.include({ position: 7, cosignatures: '— witness AAAAAAAA\n' });
      expect(response.json()).to.include.keys('entry', 'inclusion', 'status', 'checkpoint', 'signer', 'anchor');
      expect(response.headers['cache-control']).to.equal('public, max-age=2');
      expect((await get(`/v1/logs/${LOG}/proofs/8`)).statusCode).to.equal(404);
      for (const position of ['-1', '07', '1.5', 'x', '99999999999999']) {
        expect((await get(`/v1/logs/${LOG}/proofs/${position}`)).statusCode, position).to.equal(400);
      }
    });

    it('refuses other paths before it asks anyone', async () => {
      for (const path of ['tile/0/1', 'tile/0/x001/../../secret', 'tile/99/000', 'tile/0/000.p/256']) {
        expect((await get(`/v1/logs/${LOG}/${path}`)).statusCode, path).to.be.oneOf([400, 404]);
      }
      expect((await get(`/v1/logs/0x${'9'.repeat(64)}/checkpoint`)).statusCode).to.equal(404);
      expect(gateway.node.calls).to.deep.equal([]);
    });
  });

  describe('sessions', () => {
    const open = async () =>
      gateway.app.inject({
        method: 'POST',
        url: '/v1/sessions',
        headers: await bearer(gateway.bank),
        payload: { member: gateway.source.member.id, manifest: 'sealed' },
      });
    const call = async (query = '', payload = Buffer.from([1, 2, 3])) =>
      gateway.app.inject({
        method: 'POST',
        url: `/v1/sessions/${SESSION}/calls/0${query}`,
        headers: { ...(await bearer(gateway.bank)), 'content-type': 'application/octet-stream' },
        payload,
      });

    it('carries bytes to the home of the session and back', async () => {
      gateway.node.sessionExpires = 1_767_225_600 + 10 ** 8;
      expect((await open()).json()).to.deep.equal({ session: SESSION, expires: '2029-03-03T17:46:40+08:00' });
      const response = await call();
      expect(response.headers['content-type']).to.equal('application/octet-stream');
      expect([...response.rawPayload]).to.deep.equal([3, 2, 1]);
      expect(gateway.node.calls.at(-1)).to.deep.equal({ member: gateway.source.member.id, method: 'session/call' });
    });

    it('finds the home again after it has forgotten, if the client names it', async () => {
      expect((await call()).json().code).to.equal('NOT_FOUND');
      expect((await call(`?member=${gateway.source.member.id}`)).statusCode).to.equal(200);
      expect((await call(`?member=0x${'9'.repeat(64)}`)).json().code).to.equal('MEMBER_UNKNOWN');
    });

    it('forgets a session with its end', async () => {
      await open();
      gateway.clock.advance(3700);
      expect((await call()).statusCode).to.equal(404);
    });

    it('takes a megabyte, and no more', async () => {
      await open();
      expect((await call('', Buffer.alloc(2 ** 20))).statusCode).to.equal(200);
      const large = await call('', Buffer.alloc(2 ** 21));
      expect([large.statusCode, large.json().limit]).to.deep.equal([413, 2 ** 20 + 4096]);
    });
  });

  describe('service', () => {
    it('is ready while the chain is fresh', async () => {
      expect((await get('/healthz/ready')).statusCode).to.equal(200);
      gateway.clock.advance(121);
      expect((await get('/healthz/ready')).json()).to.include({ status: 503, code: 'CHAIN_STALE' });
      gateway.head = undefined;
      expect((await get('/healthz/ready')).json()).to.include({ status: 503, code: 'CHAIN_UNREACHABLE' });
      expect((await get('/healthz/live')).statusCode).to.equal(200);
    });

    it('publishes its limits', async () => {
      const limits = (await get('/v1/limits')).json();
      expect(limits.publish).to.include({ maxLineBytes: 2 ** 20 });
      expect(limits.bodies['POST /v1/verify']).to.equal(2 ** 21);
      expect(limits.rates.normal).to.deep.equal({ requests: 1200, windowSeconds: 60 });
    });

    it('counts rates per member, and stays up for whoever watches it', async () => {
      await gateway.app.close();
      const rate = { requests: 3, windowSeconds: 60 };
      gateway = await startTestGateway({ rates: { token: { ...rate, requests: 9 }, normal: rate, bulk: rate } });
      const [a, b] = [await bearer(gateway.source), await bearer(gateway.bank)];
      for (let i = 0; i < 3; i++) {
        const { headers } = await get('/v1/limits', a);
        expect(headers).to.include({ 'ratelimit-limit': '3', 'ratelimit-remaining': String(2 - i) });
      }
      expect((await get('/v1/limits', a)).json().code).to.equal('RATE_LIMITED');
      expect((await get('/v1/limits', b)).statusCode).to.equal(200);
      for (let i = 0; i < 9; i++) expect((await get('/healthz/live')).statusCode).to.equal(200);
    });

    it('sets its guards', async () => {
      const { headers } = await get('/v1/limits');
      expect(headers['content-security-policy']).to.equal("default-src 'none';frame-ancestors 'none'");
      expect(headers).to.include({ 'x-content-type-options': 'nosniff', 'x-frame-options': 'SAMEORIGIN' });
      expect(headers).to.have.property('strict-transport-security');
    });

    it('lets requests under way end when it closes', async () => {
      const url = await gateway.listen();
      const held = Promise.withResolvers<void>();
      const started = Promise.withResolvers<void>();
      gateway.node.beforeChunk = () => {
        started.resolve();
        return held.promise;
      };
      const lines = (async () => {
        const types: string[] = [];
        for await (const { type } of gateway.client(url, gateway.source).publish('{"a":1}\n', { item: 'x' }))
          types.push(type);
        return types;
      })();
      await started.promise;
      const closed = gateway.app.close();
      held.resolve();
      expect(await lines).to.deep.equal(['chunk', 'summary']);
      await closed;
    });
  });

  describe('client', () => {
    it('asks for one token for many requests, and for another when it was refused', async () => {
      const url = await gateway.listen();
      let asked = 0;
      gateway.app.server.on(
        'request',
        ({ url: path }: { url: string }) => void (path === '/v1/oauth/token' && asked++),
      );
      const client = gateway.client(url, gateway.source);
      const params = { record: KNOWN_RECORD };
      await Promise.all([client.getRecord({ params }), client.getRecord({ params }), client.getReceipt({ params })]);
      expect(asked).to.equal(1);
      gateway.clock.advance(700);
      // By its own clock the token is still good: the refusal alone tells.
      await client.getRecord({ params }).catch(() => undefined);
      expect(asked).to.equal(2);
    });

    it('throws what the gateway refused, with its problem', async () => {
      const client = gateway.client(await gateway.listen());
      const fault = await client
        .getMember({ params: { member: `0x${'9'.repeat(64)}` } })
        .catch((error: unknown) => error);
      expect(fault).to.include({ name: 'ApiError', status: 404, code: 'NOT_FOUND', retryable: false });
    });

    it('tells a refused key by its OAuth code', async () => {
      const url = await gateway.listen();
      const stranger = {
        ...gateway.source,
        credentials: credentialsOf(gateway.bank.member.id, gateway.source.privateKey),
      };
      const fault = await gateway
        .client(url, stranger)
        .getRecord({ params: { record: KNOWN_RECORD } })
        .catch((error: unknown) => error);
      expect(fault).to.include({ name: 'ApiError', status: 401, code: 'invalid_client' });
    });

    it('has text, bytes and pages', async () => {
      const client = gateway.client(await gateway.listen(), gateway.bank);
      expect(await client.getLogCheckpoint({ params: { log: LOG } })).to.equal('file checkpoint\n');
      const tile = await client.getLogTile({ params: { log: LOG, tile: 'entries/003.p/17' } });
      expect(Buffer.from(tile).toString()).to.equal('file tile/entries/003.p/17\n');
      expect((await client.listMembers({ query: { limit: 1 } })).items).to.have.length(1);
      await client.openSession({ body: { member: gateway.source.member.id, manifest: 'sealed' } });
      const answer = await client.callSession({ params: { session: SESSION, n: 0 }, body: Uint8Array.of(1, 2) });
      expect([...answer]).to.deep.equal([2, 1]);
    });
  });
});
