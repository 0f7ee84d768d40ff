// What holds for every endpoint, by the definitions: none can be added that has it not.
import { expect } from 'chai';
import { api } from '../../../gateway/api/api.ts';
import type { Endpoint } from '../../../gateway/api/endpoint.ts';
import { buildOpenApi } from '../../../gateway/openapi.ts';
import { startTestGateway, type TestGateway } from '../../helpers/gateway/test-gateway.ts';

type Json = string | number | boolean | null | Json[] | { [name: string]: Json };

const endpoints = Object.entries<Endpoint>(api);

function* objects(value: Json, path = ''): Generator<[path: string, object: Record<string, Json>]> {
  if (typeof value !== 'object' || value === null) return;
  if (!Array.isArray(value)) yield [path, value];
  for (const [name, inner] of Object.entries(value)) yield* objects(inner, `${path}/${name}`);
}

describe('Every endpoint', () => {
  let gateway: TestGateway;
  before(async () => (gateway = await startTestGateway()));
  after(() => gateway.app.close());

  /** With nothing that is right about it but the path. */
  const call = ({ method, path }: Endpoint) =>
    gateway.app.inject({ method, url: path.replaceAll(/\{\w+\+?\}/g, 'x'), headers: { 'x-request-id': 'trace-7' } });

  it('gives the request id back, and refuses with Problem Details that have it', async () => {
    for (const [id, endpoint] of endpoints) {
      const response = await call(endpoint);
      expect(response.headers['x-request-id'], id).to.equal('trace-7');
      if (response.statusCode < 400 || id === 'issueToken') continue;
      expect(response.headers['content-type'], id).to.equal('application/problem+json');
      expect(response.json().request_id, id).to.equal('trace-7');
    }
  });

  it('that has a rate tells it, and what is left of it', async () => {
    for (const [id, endpoint] of endpoints) {
      const { headers } = await call(endpoint);
      if (!endpoint.rate) {
        expect(headers, id).not.to.have.any.keys('ratelimit', 'ratelimit-policy');
        continue;
      }
      const { requests, windowSeconds } = (await gateway.app.inject('/v1/limits')).json().rates[endpoint.rate];
      expect(headers['ratelimit-policy'], id).to.equal(`"${endpoint.rate}";q=${requests};w=${windowSeconds}`);
      expect(headers['ratelimit'], id).to.match(new RegExp(`^"${endpoint.rate}";r=\\d+;t=\\d+$`));
    }
  });

  it('that says no for its rate says when to come back', async () => {
    const rate = { requests: 1, windowSeconds: 60 };
    const strict = await startTestGateway({ rates: { token: rate, normal: rate, bulk: rate } });
    try {
      await strict.app.inject('/v1/errors');
      const { statusCode, headers, ...response } = await strict.app.inject('/v1/errors');
      expect([statusCode, response.json().code]).to.deep.equal([429, 'RATE_LIMITED']);
      expect(headers).to.include({ 'ratelimit-policy': '"normal";q=1;w=60' });
      expect(headers['ratelimit']).to.match(/^"normal";r=0;t=\d+$/);
      expect(Number(headers['retry-after'])).to.be.within(1, 60);
    } finally {
      await strict.app.close();
    }
  });

  it('that gives a list gives it in pages, by a cursor', () => {
    for (const [id, { query, response }] of endpoints) {
      const properties = 'schema' in response ? (response.schema as { properties?: object }).properties : undefined;
      if (!properties || !('items' in properties) || !('next' in properties)) continue;
      const parameters = Object.keys(query?.properties ?? {});
      expect(parameters, id).to.include('limit');
      // Of events the cursor is the last one that was seen.
      expect(parameters.includes('cursor') || parameters.includes('after'), id).to.equal(true);
    }
    for (const id of ['listMembers', 'listCheckpoints'] as const)
      expect(Object.keys(api[id].response.schema.properties)).to.have.members(['items', 'next']);
  });

  it('has decimals as strings, and times of China', () => {
    const document = buildOpenApi({ baseUrl: 'https://g.example', version: '1' });
    let times = 0;
    for (const [path, object] of objects(document)) {
      // Claims of a record have the JSON type that the catalogue gives them: counts are numbers, amounts strings.
      if (!path.includes('/claims/')) expect(object['type'], path).to.not.equal('number');
      if (object['format'] !== 'date-time') continue;
      times++;
      const parent = JSON.stringify(object);
      if ('description' in object && parent.includes('RFC 3339')) expect(parent, path).to.include('+08:00');
    }
    expect(times).to.be.greaterThan(5);
  });
});
