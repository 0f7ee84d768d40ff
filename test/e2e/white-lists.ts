// White lists over real processes, by command line: an agency names to a bank who consented, leaves out who did not, and takes
// off who withdraws. Run within the suite of authorised exchange, on its cluster.
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'chai';
import { signWithdrawal } from '../../node/core/make-grant.ts';
import { ENTERPRISE, player, type Identified, type Programs } from '../../scripts/sandbox/programs.ts';
import { command, lastJson, readLog, until, type CliResult, type TestConsortium } from '../helpers/consortium.ts';
import { enterpriseOf } from '../helpers/enterprise.ts';

const TAX = player('tax');
const BANK = player('bank');

interface World {
  consortium: TestConsortium;
  programs: Programs;
  enterprise: Identified;
}

const linesOf = ({ stdout }: CliResult): Record<string, unknown>[] =>
  stdout
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line) as Record<string, unknown>);

export function describeWhiteLists(world: () => World): void {
  describe('white lists', () => {
    it('pushes a white list of who consented to the bank, and takes off at once who withdraws', async () => {
      const { consortium, programs, enterprise } = world();
      const made = await programs.consented(enterprise, {});
      await programs.register([made]);
      const file = join(consortium.data, 'white-list.ndjson');
      await writeFile(join(consortium.data, 'consent.json'), JSON.stringify(made.document));
      const rows = [{ uscc: ENTERPRISE.uscc, grant: 'consent.json' }, { uscc: TAX.uscc }];
      await writeFile(file, rows.map((row) => `${JSON.stringify(row)}\n`).join(''));
      const words = ['--name', '纳税信用白名单', '--criteria', '近两年按时足额纳税', '--items', 'tax-payment'];
      const receipts = async () => (await readLog(consortium, 'tax')).filter(({ kind }) => kind === 'receipt').length;
      const before = await receipts();
      const push = () => command('whitelist', 'push', file, '--to', BANK.uscc, ...words, '--profile', consortium.profile('tax')); // prettier-ignore
      let pushed = await push();
      // The agency's own node may not have read the grant's registration yet: who sends the same again is judged again.
      await until(async () => (lastJson((pushed = await push())) as { listed: number }).listed === 1);
      expect(pushed.code, pushed.stderr).to.equal(2);
      const [leftOut, state] = linesOf(pushed);
      expect(leftOut).to.include({ uscc: TAX.uscc, state: 'left-out', reason: 'GRANT_MISSING' });
      expect(state).to.include({ edition: 1, listed: 1, leftOut: 1, delisted: 0 });
      const list = state!['list'] as string;

      const asBank = ['--profile', consortium.profile('bank')];
      const show = async () => linesOf(await command('whitelist', 'show', list, ...asBank));
      let shown: Record<string, unknown>[] = [];
      await until(async () => (shown = await show()).length > 0);
      expect(shown).to.have.length(1);
      expect(shown[0]).to.include({ uscc: ENTERPRISE.uscc, state: 'listed', list: '纳税信用白名单', edition: 1 });
      expect(shown[0]!['records']).to.have.nested.property('[0].subject', ENTERPRISE.uscc);
      expect(lastJson(await command('whitelist', 'list', ...asBank))).to.include({ list, provider: TAX.id, listed: 1 });
      // The same again is the same edition, and says the same.
      expect(lastJson(await push())).to.deep.equal(state);
      await until(async () => (await receipts()) >= before + 2);

      const { client } = await programs.program('bank');
      const body = await signWithdrawal(made.draft, programs.domain);
      await client.withdrawGrant({ params: { grant: made.draft.hash }, body });
      await until(async () => (shown = await show())[0]?.['state'] === 'delisted');
      expect(shown[0]).to.deep.include({ uscc: ENTERPRISE.uscc, reason: 'GRANT_WITHDRAWN', records: [] });
      const own = await enterpriseOf(programs, enterprise);
      const seen = (await own.history(TAX.id)).filter(({ receipt }) => receipt.list?.id === list);
      const told = seen.map(({ receipt }) => receipt.reason ?? receipt.outcome);
      expect(told.filter((one) => one !== 'GRANT_UNKNOWN')).to.deep.equal(['answered', 'GRANT_WITHDRAWN']);
    });
  });
}
