// Batch jobs of queries over real processes, by command line. Run within the suite of authorised exchange, on its cluster.
import { readFile, writeFile } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { signWithdrawal } from '../../node/core/make-grant.ts';
import { player, type Identified, type Programs } from '../../scripts/sandbox/programs.ts';
import { command, lastJson, type TestConsortium } from '../helpers/consortium.ts';

const TAX = player('tax').id;
const ROWS = 60;

interface World {
  consortium: TestConsortium;
  programs: Programs;
  enterprise: Identified;
}

export function describeQueryJobs(world: () => World): void {
  describe('jobs of queries', () => {
    it('asks a whole file of queries, though the bank’s node is killed on the way, and opens every answer', async () => {
      const { consortium, programs, enterprise } = world();
      const [live, ended] = [await programs.consented(enterprise, {}), await programs.consented(enterprise, {})];
      await programs.register([live, ended]);
      const { client } = await programs.program('bank');
      const body = await signWithdrawal(ended.draft, programs.domain);
      await client.withdrawGrant({ params: { grant: ended.draft.hash }, body });
      const file = (name: string): string => join(consortium.data, name);
      await writeFile(file('live.grant.json'), JSON.stringify(live.document));
      const rows = Array.from({ length: ROWS }, (_, i) => ({
        grant: i === 7 ? ended.document : 'live.grant.json',
        providers: [TAX],
      }));
      await writeFile(file('queries.ndjson'), rows.map((row) => `${JSON.stringify(row)}\n`).join(''));
      const out = file('queries.result.ndjson');
      const asking = command('job', file('queries.ndjson'), '--queries', '--out', out, '--profile', consortium.profile('bank')); // prettier-ignore
      process.kill(consortium.nodes.get('bank')!.pid!, 'SIGKILL');
      const told = await asking;
      expect(told.code, told.stderr).to.equal(0);
      expect(lastJson(told)).to.include({ state: 'done', rows: ROWS, ok: ROWS, refused: 0, bad: 0 });
      interface Row { row: number; grant: string; providers: { outcome: string; reason?: string; records: { subject: string }[] }[] } // prettier-ignore
      const results = (await readFile(out, 'utf8')).trimEnd().split('\n').map((line) => JSON.parse(line) as Row); // prettier-ignore
      expect(results.map(({ row }) => row)).to.deep.equal(rows.map((_, i) => i + 1));
      for (const [i, { grant, providers }] of results.entries()) {
        expect(grant).to.equal(i === 7 ? ended.draft.hash : live.draft.hash);
        expect(providers.map(({ reason, outcome }) => reason ?? outcome)).to.deep.equal([i === 7 ? 'GRANT_WITHDRAWN' : 'answered']); // prettier-ignore
      }
      for (const rest of ['sent', 'keys', 'job']) expect(existsSync(`${out}.${rest}`), rest).to.equal(false);
    });
  });
}
