import { expect } from 'chai';
import { startTestGateway, type TestGateway } from '../../helpers/gateway/test-gateway.ts';

const CONSOLE = 'https://console.example';
const ASKS = { 'access-control-request-method': 'POST', 'access-control-request-headers': 'authorization' };

describe('Gateway, called by pages of other origins', () => {
  let gateway: TestGateway;
  afterEach(() => gateway.app.close());
  const ask = (method: 'GET' | 'POST' | 'OPTIONS', url: string, headers: Record<string, string>) =>
    gateway.app.inject({ method, url, headers });
  const corsHeaders = (headers: object): string[] =>
    Object.keys(headers).filter((name) => name.startsWith('access-control-'));

  describe('by default', () => {
    beforeEach(async () => (gateway = await startTestGateway()));

    it('lets none in', async () => {
      for (const answer of [
        await ask('OPTIONS', '/v1/sessions', { origin: CONSOLE, ...ASKS }),
        await ask('GET', '/v1/limits', { origin: CONSOLE }),
      ]) {
        expect(corsHeaders(answer.headers)).to.deep.equal([]);
      }
    });
  });

  describe('where its settings name an origin', () => {
    beforeEach(async () => (gateway = await startTestGateway({ corsOrigins: [CONSOLE] })));

    it('lets that origin ask for what the API has, and remember it', async () => {
      const { statusCode, headers } = await ask('OPTIONS', '/v1/sessions', { origin: CONSOLE, ...ASKS });
      expect(statusCode).to.equal(204);
      expect(headers['access-control-allow-origin']).to.equal(CONSOLE);
      expect(headers['access-control-allow-methods']).to.equal('HEAD, POST, GET, DELETE');
      expect(headers['access-control-allow-headers']?.split(', ')).to.include.members([
        'authorization',
        'content-type',
        'idempotency-key',
      ]);
      expect(headers['access-control-max-age']).to.equal('600');
    });

    it('lets it read answers and refusals, and what they say in headers', async () => {
      for (const url of ['/v1/limits', '/v1/none']) {
        const { headers } = await ask('GET', url, { origin: CONSOLE });
        expect(headers['access-control-allow-origin'], url).to.equal(CONSOLE);
        expect(headers['access-control-expose-headers'], url).to.include('x-request-id').and.include('retry-after');
        // An answer that was kept for one origin is none for another, and one in Chinese none for English.
        expect(String(headers['vary']).toLowerCase(), url).to.include('origin');
      }
      const refused = await ask('GET', '/v1/none', { origin: CONSOLE });
      expect(String(refused.headers['vary']).toLowerCase()).to.include('accept-language');
    });

    it('never takes what a browser adds by itself', async () => {
      const { headers } = await ask('OPTIONS', '/v1/sessions', { origin: CONSOLE, ...ASKS });
      expect(headers).not.to.have.property('access-control-allow-credentials');
    });

    for (const origin of ['https://console.example.evil.example', 'http://console.example', 'null', '*']) {
      it(`lets ${origin} in no more than without`, async () => {
        const preflight = await ask('OPTIONS', '/v1/sessions', { origin, ...ASKS });
        const answer = await ask('GET', '/v1/limits', { origin });
        expect([...corsHeaders(preflight.headers), ...corsHeaders(answer.headers)]).to.deep.equal([]);
      });
    }

    it('answers any other OPTIONS, and who is no page, as before', async () => {
      const options = await ask('OPTIONS', '/v1/members', {});
      expect([options.statusCode, options.headers.allow, options.body]).to.deep.equal([204, 'GET, HEAD, OPTIONS', '']);
      expect((await ask('OPTIONS', '/v1/none', { origin: CONSOLE })).statusCode).to.equal(404);
      expect(corsHeaders((await ask('GET', '/v1/limits', {})).headers)).to.deep.equal([]);
    });
  });
});
