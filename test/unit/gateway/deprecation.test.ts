// An endpoint that goes away: none does yet, so this one is made up.
import { expect } from 'chai';
import fastify from 'fastify';
import { Type } from 'typebox';
import { define } from '../../../gateway/api/endpoint.ts';
import { IdempotencyStore } from '../../../gateway/idempotency-store.ts';
import { buildOpenApi } from '../../../gateway/openapi.ts';
import { DEFAULTS } from '../../../gateway/options.ts';
import { registerEndpoint } from '../../../gateway/register.ts';

const old = define({
  method: 'GET',
  path: '/v1/old',
  tag: 'Service',
  summary: 'What was there before',
  query: Type.Object({ n: Type.Optional(Type.Integer()) }),
  response: { kind: 'json', schema: Type.Object({}) },
  deprecated: { since: '2026-11-24', sunset: '2027-05-31', link: 'https://docs.example/v1/old' },
  problems: [],
});
const { deprecated: _, ...present } = old;

describe('an endpoint that is deprecated', () => {
  const answers = async (endpoint: typeof old | typeof present, url: string) => {
    const app = fastify();
    registerEndpoint(app, 'getLimits', endpoint, () => ({}), {
      rates: DEFAULTS.rates,
      keys: new IdempotencyStore(Date),
    });
    return app.inject({ method: 'GET', url });
  };

  it('says so with every answer, a refusal as well: since when, until when, and where to read on', async () => {
    for (const [url, status] of [
      ['/v1/old', 200],
      ['/v1/old?n=x', 500], // the made-up app knows no problems
    ] as const) {
      const { statusCode, headers } = await answers(old, url);
      expect(statusCode).to.equal(status);
      // RFC 9745: a date of structured fields, in seconds since 1970. RFC 8594: an HTTP date.
      expect(headers['deprecation']).to.equal('@1795478400');
      expect(headers['sunset']).to.equal('Mon, 31 May 2027 00:00:00 GMT');
      expect(headers['link']).to.equal('<https://docs.example/v1/old>; rel="deprecation"');
    }
  });

  it('is marked in the OpenAPI document', () => {
    const document = buildOpenApi({ baseUrl: 'https://g.example', version: '1' }, { old });
    expect(document).to.have.nested.property('paths./v1/old.get.deprecated', true);
  });

  it('is not what the others are', async () => {
    expect((await answers(present, '/v1/old')).headers).not.to.have.any.keys('deprecation', 'sunset', 'link');
    const document = buildOpenApi({ baseUrl: 'https://g.example', version: '1' }, { present });
    expect(document).to.have.nested.property('paths./v1/old.get.operationId', 'present');
    expect(document).not.to.have.nested.property('paths./v1/old.get.deprecated');
  });
});
