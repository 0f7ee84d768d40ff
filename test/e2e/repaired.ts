// A record that was repaired, over real processes: every route of the API is tried, by everyone who may call it, and none gives
// it away; an auditor still finds its history whole. Run within the suite of authorised exchange, on its cluster.
import { expect } from 'chai';
import { api, type OperationId } from '../../gateway/api/api.ts';
import type { Endpoint } from '../../gateway/api/endpoint.ts';
import { TokenSource } from '../../gateway/client/token-source.ts';
import { parseRecordId } from '../../node/core/ids.ts';
import { chinaDate } from '../../node/policy/date.ts';
import { addMonths } from '../../node/policy/days.ts';
import { penaltyRow } from '../../scripts/sandbox/life.ts';
import { ENTERPRISE, player, type Identified, type Programs } from '../../scripts/sandbox/programs.ts';
import { materials, newCaseId } from '../helpers/cases.ts';
import { command, readLog, until, type TestConsortium } from '../helpers/consortium.ts';
import { enterpriseOf } from '../helpers/enterprise.ts';

const DAFENG = player('dafeng').id;
const ITEM = 'administrative-penalty';
/** The document's number, which stands in this record alone. */
const NUMBER = '大丰罚〔2026〕修复001号';
/** Streams of events end only when the caller goes. */
const PATIENCE_MS = 1_500;

interface World {
  consortium: TestConsortium;
  programs: Programs;
  enterprise: Identified;
}

export function describeRepaired(world: () => World): void {
  describe('a record that is repaired', () => {
    let record: string;
    let position: number;
    /** What stands in a path or a query, by its name. */
    let values: Record<string, string | undefined>;
    let tokens: (string | undefined)[];

    before(async () => {
      const { consortium, programs } = world();
      const { sealed, client } = await programs.program('dafeng');
      const row = penaltyRow(NUMBER, addMonths(chinaDate(Date.now()), -4), player('dafeng'));
      for await (const line of sealed.publish(`${JSON.stringify(row)}\n`, { item: ITEM, submission: 'e2e-repaired-1' }))
        expect(line.type).to.not.equal('row');
      const shown = async () =>
        (await client.searchPublic({ query: { code: ENTERPRISE.uscc } })).records.find(
          ({ claims }) => claims['CF_WSH'] === NUMBER,
        );
      await until(async () => (await shown()) !== undefined);
      ({ record, position } = (await shown())!);
      const { items: logs } = await client.listCheckpoints({ query: { owner: DAFENG } });
      values = {
        member: DAFENG,
        owner: DAFENG,
        record,
        number: '3209042026110100000001',
        code: ENTERPRISE.uscc,
        name: ENTERPRISE.name,
        log: logs[0]!.log,
        position: String(position),
        'tile+': '0/000',
        grant: `0x${'ab'.repeat(32)}`,
        proposal: `0x${'01'.padStart(64, '0')}`,
        case: `0x${'cd'.repeat(32)}`,
        session: '0'.repeat(32),
        n: '0',
        from: String(position),
        to: String(position + 1),
        ...Object.fromEntries(['submission', 'subscription', 'webhook', 'list', 'job'].map((name) => [name, record])),
      };
      tokens = [undefined, ...(await Promise.all(['bank', 'tax', 'dafeng'].map(tokenOf)))];

      async function tokenOf(key: string): Promise<string> {
        const { id, keys } = await programs.program(key);
        const baseUrl = consortium.gatewayUrl('dafeng');
        const credentials = { member: id, sign: (message: Uint8Array) => keys.client.sign(message) };
        return new TokenSource({ baseUrl, audience: baseUrl, credentials, fetch }).token();
      }
    });

    /** What is asked as its caller would, where a bare request says nothing. */
    const asked: Partial<Record<OperationId, () => Promise<unknown>>> = {
      runQuery: async () => {
        const { programs, enterprise } = world();
        const made = await programs.consented(enterprise, { items: [{ item: ITEM, months: 60 }] });
        await programs.register([made]);
        const bank = await programs.bank();
        return (await bank.ask({ grant: made.document, providers: [DAFENG] })).providers;
      },
      callSession: () =>
        command('bundle', record, '--profile', world().consortium.profile('dafeng')).then(({ stdout }) => stdout),
    };

    /** The answer of an operation to whoever calls: text, decoded where it hides its words. */
    async function tryAll(operation: OperationId): Promise<string> {
      const endpoint: Endpoint = api[operation];
      const url = new URL(
        endpoint.path.replaceAll(/\{([^}]+)\}/g, (_, name: string) => valueOf(operation, name)),
        world().consortium.gatewayUrl('dafeng'),
      );
      const queries = Object.keys(endpoint.query?.properties ?? {}).filter((name) => values[name] !== undefined);
      // The register is asked for one thing at a time.
      const asks = operation === 'searchPublic' ? queries.map((name) => [name]) : [queries];
      let text = JSON.stringify(await asked[operation]?.()) ?? '';
      for (const token of tokens) {
        for (const names of asks) {
          url.search = new URLSearchParams(names.map((name) => [name, values[name]!])).toString();
          const response = await fetch(url, {
            method: endpoint.method,
            headers: {
              ...(token !== undefined && { authorization: `Bearer ${token}` }),
              ...(endpoint.request && { 'content-type': 'application/json' }),
            },
            ...(endpoint.request && { body: JSON.stringify(values) }),
            signal: AbortSignal.timeout(endpoint.response.kind === 'events' ? PATIENCE_MS : 60_000),
          });
          text += await response.text().catch((error: unknown) => {
            if (endpoint.response.kind === 'events') return '';
            throw error;
          });
        }
      }
      return text + disclosed(text);
    }

    function valueOf(operation: OperationId, name: string): string {
      const value = values[name];
      if (value === undefined) throw new Error(`${operation} has a parameter ${name} that this test must know`);
      return encodeURIComponent(value).replaceAll('%2F', '/');
    }

    async function reachedBy(): Promise<OperationId[]> {
      const reached: OperationId[] = [];
      for (const operation of Object.keys(api) as OperationId[])
        if ((await tryAll(operation)).includes(NUMBER)) reached.push(operation);
      return reached;
    }

    it('is given away by no route, and by some before', async () => {
      expect(await reachedBy()).to.have.members([
        'getBundle',
        'searchPublic',
        'getPublicRecord',
        'getPublicCertificate',
        'runQuery',
        'callSession',
      ]);
      const enterprise = await enterpriseOf(world().programs, world().enterprise);
      const profile = ['--profile', world().consortium.profile('dafeng')];
      const apply = {
        record: parseRecordId(record),
        case: newCaseId(),
        seq: 0,
        kind: 'repair',
        step: 'apply',
      } as const;
      const opened = await enterprise.act(DAFENG, { ...apply, materials });
      for (const step of ['accept', 'approve']) {
        const done = await command('life', 'do', opened.case, step, ...profile);
        expect(done.code, done.stderr).to.equal(0);
      }
      expect(await reachedBy()).to.deep.equal([]);

      // The entry stands where it stood; the audit at the end of this suite goes over all of it.
      const entries = await readLog(world().consortium, 'dafeng');
      expect(entries[position]?.kind).to.equal('publish');
      expect(entries.slice(position + 1).map(({ kind }) => kind)).to.include('status');
    });
  });
}

/** Disclosures of a proof hide their words from a search: base64url. */
function disclosed(text: string): string {
  return [...text.matchAll(/[A-Za-z0-9_-]{40,}/g)]
    .map(([word]) => Buffer.from(word, 'base64url').toString('utf8'))
    .join('\n');
}
