import { createHash } from 'node:crypto';
import { expect } from 'chai';
import { api } from '../../../gateway/api/api.ts';
import { buildOpenApi } from '../../../gateway/openapi.ts';
import { startTestGateway, type TestGateway } from '../../helpers/gateway/test-gateway.ts';

type Json = string | number | boolean | null | Json[] | { [name: string]: Json };
type JsonObject = { [name: string]: Json };

const document = buildOpenApi({ baseUrl: 'https://gateway.example', version: '1.2.3' });

/** Every object in a document, with its JSON pointer. */
function* objects(value: Json, path = '#'): Generator<[string, JsonObject]> {
  if (typeof value !== 'object' || value === null) return;
  if (!Array.isArray(value)) yield [path, value];
  for (const [name, inner] of Object.entries(value)) {
    yield* objects(inner, `${path}/${name.replaceAll('~', '~0').replaceAll('/', '~1')}`);
  }
}

function operations(): { path: string; method: string; operation: JsonObject }[] {
  return Object.entries(document['paths'] as JsonObject).flatMap(([path, item]) =>
    Object.entries(item as JsonObject).map(([method, operation]) => ({
      path,
      method,
      operation: operation as JsonObject,
    })),
  );
}

describe('OpenAPI document', () => {
  it('is of version 3.1, and has what the specification wants', () => {
    expect(document['openapi']).to.equal('3.1.0');
    expect(document['info']).to.include.keys('title', 'version');
    for (const key of Object.keys(document)) {
      expect(key).to.be.oneOf(['openapi', 'info', 'servers', 'tags', 'paths', 'webhooks', 'components']);
    }
  });

  it('has each operation once, under its definition’s path and method', () => {
    const found = operations().map(({ operation }) => operation['operationId']);
    expect(found).to.have.members(Object.keys(api));
    const tags = new Set((document['tags'] as JsonObject[]).map(({ name }) => name));
    for (const { operation } of operations()) expect(tags).to.include((operation['tags'] as Json[])[0]!);
  });

  it('declares every parameter of a path, and no other, as required', () => {
    for (const { path, operation } of operations()) {
      const declared = (operation['parameters'] as JsonObject[]).filter((parameter) => parameter['in'] === 'path');
      expect(declared.map(({ name }) => name)).to.have.members(
        [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name),
      );
      for (const { required } of declared) expect(required).to.equal(true);
    }
  });

  it('gives every response a description, and every fault Problem Details', () => {
    for (const { path, operation } of operations()) {
      const responses = operation['responses'] as Record<string, JsonObject>;
      expect(responses, path).to.include.keys('200', '500', '503');
      for (const [status, response] of Object.entries(responses)) {
        expect(status).to.match(/^[2-5]\d\d$/);
        expect(response['description']).to.be.a('string').and.not.equal('');
        if (!status.startsWith('2')) expect(response['content']).to.have.all.keys('application/problem+json');
      }
    }
  });

  it('refers to components that are there, and has none that nothing refers to', () => {
    const components = Object.keys((document['components'] as JsonObject)['schemas'] as JsonObject);
    const referred = new Set<string>();
    for (const [path, object] of objects(document)) {
      const reference = object['$ref'];
      if (typeof reference !== 'string') continue;
      expect(reference, path).to.match(/^#\/components\/schemas\/\w+$/);
      expect(Object.keys(object), path).to.deep.equal(['$ref']);
      referred.add(reference.slice('#/components/schemas/'.length));
    }
    expect([...referred]).to.have.members(components);
  });

  it('has only keywords of JSON Schema 2020-12, with values of their kinds', () => {
    const kinds: Record<string, (value: Json) => boolean> = {
      type: (value) =>
        ['string', 'integer', 'number', 'boolean', 'array', 'object', 'null'].some((type) => type === value),
      properties: (value) => typeof value === 'object',
      patternProperties: (value) => typeof value === 'object',
      additionalProperties: (value) => typeof value === 'boolean',
      required: (value) => Array.isArray(value) && value.every((name) => typeof name === 'string'),
      items: (value) => typeof value === 'object',
      anyOf: (value) => Array.isArray(value) && value.length > 0,
      oneOf: (value) => Array.isArray(value) && value.length > 0,
      discriminator: (value) => Object.keys(value as JsonObject).join(' ') === 'propertyName mapping',
      enum: (value) => Array.isArray(value) && value.length > 0,
      const: () => true,
      default: () => true,
      pattern: (value) => typeof value === 'string' && new RegExp(value).source !== '',
      format: (value) => typeof value === 'string',
      title: (value) => typeof value === 'string',
      description: (value) => typeof value === 'string',
      minimum: (value) => typeof value === 'number',
      maximum: (value) => typeof value === 'number',
      minLength: (value) => typeof value === 'number',
      maxLength: (value) => typeof value === 'number',
      minItems: (value) => typeof value === 'number',
      maxItems: (value) => typeof value === 'number',
      $ref: (value) => typeof value === 'string',
    };
    const check = (schema: Json, path: string): void => {
      for (const [keyword, value] of Object.entries(schema as JsonObject)) {
        expect(kinds, `${path}/${keyword}`).to.have.property(keyword);
        expect(kinds[keyword]!(value), `${path}/${keyword}`).to.equal(true);
        if (keyword === 'properties' || keyword === 'patternProperties') {
          for (const [name, inner] of Object.entries(value as JsonObject)) check(inner, `${path}/${keyword}/${name}`);
        } else if (keyword === 'items') check(value, `${path}/items`);
        else if (keyword === 'anyOf' || keyword === 'oneOf')
          for (const inner of value as Json[]) check(inner, `${path}/${keyword}`);
      }
    };
    let checked = 0;
    for (const [path, object] of objects(document)) {
      if (/\/components\/schemas\/\w+$/.test(path) || (path.endsWith('/schema') && !path.includes('/properties/'))) {
        check(object, path);
        checked++;
      }
    }
    expect(checked).to.be.greaterThan(50);
  });
});

describe('API reference', () => {
  let gateway: TestGateway;

  before(async () => {
    gateway = await startTestGateway();
  });
  after(() => gateway.app.close());

  it('serves the document', async () => {
    const { headers, body } = await gateway.app.inject('/openapi.json');
    expect(headers['content-type']).to.match(/^application\/json/);
    expect(JSON.parse(body).openapi).to.equal('3.1.0');
  });

  it('is a page that loads its own script and nothing from elsewhere', async () => {
    expect((await gateway.app.inject('/docs')).headers.location).to.equal('/docs/');
    const { headers, body } = await gateway.app.inject('/docs/');
    const sources = [...body.matchAll(/\b(?:src|href)="([^"]*)"/g)].map(([, source]) => source);
    expect(sources).to.deep.equal(['js/scalar.js']);
    expect(body).to.not.match(/https?:\/\//);
    const script = await gateway.app.inject('/docs/js/scalar.js');
    expect([script.statusCode, script.body.length > 1e6]).to.deep.equal([200, true]);
    const policy = String(headers['content-security-policy']);
    // What the script might load all the same, the browser refuses.
    expect(policy)
      .to.include("default-src 'none'")
      .and.include("connect-src 'self'")
      .and.include("font-src 'self' data:");
    const [, inline] = /<script type="text\/javascript">([\s\S]*?)<\/script>/.exec(body)!;
    expect(policy).to.include(`'sha256-${createHash('sha256').update(inline!).digest('base64')}'`);
  });
});
