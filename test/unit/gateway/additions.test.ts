// `/v1` changes by addition only: what docs/openapi-v1.json promised still holds. `node scripts/openapi.ts` writes it anew.
import { readFile } from 'node:fs/promises';
import { expect } from 'chai';
import { buildOpenApi } from '../../../gateway/openapi.ts';
import { VERSION } from '../../../node/version.ts';
import { narrowings, type Document, type Json } from '../../helpers/openapi-changes.ts';

const now = buildOpenApi({ baseUrl: 'https://gateway.example', version: VERSION }) as unknown as Document;

describe('The API of /v1', () => {
  it('has all that was promised, as wide as it was', async () => {
    const text = await readFile(new URL('../../../docs/openapi-v1.json', import.meta.url), 'utf8');
    expect(narrowings(JSON.parse(text) as Document, now)).to.deep.equal([]);
  });

  describe('is seen to be narrowed', () => {
    /** The document with one thing changed. */
    function changed(path: string[], value: Json | undefined): Document {
      const copy = structuredClone(now) as unknown as Record<string, Json>;
      let at = copy;
      for (const name of path.slice(0, -1)) at = at[name] as Record<string, Json>;
      const last = path.at(-1)!;
      if (value === undefined) delete at[last];
      else at[last] = value;
      return copy as unknown as Document;
    }

    const check = ['paths', '/v1/grants/check', 'post'];
    const body = [...check, 'requestBody', 'content', 'application/json', 'schema'];
    const cases: Record<string, [path: string[], value: Json | undefined, told: string]> = {
      'a path that is gone': [['paths', '/v1/limits'], undefined, 'GET /v1/limits is gone'],
      'another operation id': [
        [...check, 'operationId'],
        'other',
        'POST /v1/grants/check: its operation id was checkGrants',
      ],
      'another scope': [[...check, 'security'], [], 'POST /v1/grants/check: it wants another scope'],
      'fewer items at once': [
        [...body, 'properties', 'checks', 'maxItems'],
        10,
        'POST /v1/grants/check: sent/checks has a lower maxItems',
      ],
      'a member more that is required': [
        ['components', 'schemas', 'GrantCheck', 'required'],
        ['grant', 'purpose'],
        'POST /v1/grants/check: sent/checks/items/purpose is required now',
      ],
      'a member of the request that is gone': [
        ['components', 'schemas', 'GrantCheck', 'properties', 'region'],
        undefined,
        'POST /v1/grants/check: sent/checks/items/region is gone',
      ],
      'a member of the answer that may be missing': [
        ['components', 'schemas', 'CheckResult', 'required'],
        ['grant'],
        'POST /v1/grants/check: received/results/items/ok may be missing now',
      ],
      'another type': [
        ['components', 'schemas', 'CheckResult', 'properties', 'ok', 'type'],
        'string',
        'POST /v1/grants/check: received/results/items/ok has another type',
      ],
      'a stricter pattern': [
        ['components', 'schemas', 'GrantCheck', 'properties', 'region', 'pattern'],
        '^32\\d{4}$',
        'POST /v1/grants/check: sent/checks/items/region has another pattern',
      ],
      'a media type that is not taken': [
        ['paths', '/v1/jobs/{job}/rows', 'post', 'requestBody', 'content', 'text/csv'],
        undefined,
        'POST /v1/jobs/{job}/rows: text/csv is not sent any more',
      ],
    };
    for (const [name, [path, value, told]] of Object.entries(cases)) {
      it(name, () => expect(narrowings(now, changed(path, value))).to.include(told));
    }

    it('but not where something was added', () => {
      expect(narrowings(changed(['paths', '/v1/limits'], undefined), now)).to.deep.equal([]);
      const optional = ['components', 'schemas', 'GrantCheck', 'properties', 'region'];
      expect(narrowings(changed(optional, undefined), now)).to.deep.equal([]);
    });
  });
});
