// What the sandbox shows of the time after a loan: the bank subscribes under a grant for it, a record changes, the bank
// hears of it, and hears nothing more once the enterprise has withdrawn.
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Members } from './cluster.ts';
import { profileFile } from './configs.ts';
import { passphraseFile } from './consortium.ts';
import { ENTERPRISE, player, taxRows } from './programs.ts';
import { xinlian } from './xinlian.ts';

export interface WatchedLoan {
  /** Events that the bank was told, the last one among them. */
  events: number;
  /** Whether everything went as it must. */
  ok: boolean;
}

interface Told {
  kind: string;
  reason?: string;
  records: { NS_SJSE?: string }[];
}

export async function watchAfterLoan(
  cluster: Pick<Members, 'gatewayUrl'>,
  { data, say }: { data: string; say: (text: string) => void },
): Promise<WatchedLoan> {
  const [tax, bank] = [player('tax'), player('bank')];
  const folder = join(data, 'enterprise');
  const own = [
    `--gateway=${cluster.gatewayUrl('dafeng')}`,
    `--keys=${join(folder, 'keys.json')}`,
    `--passphrase-file=${passphraseFile(data)}`,
    `--certificate=${join(folder, 'certificate.jws')}`,
  ];
  const grant = join(folder, 'post-loan.grant.json');
  const state = `${grant}.watch.json`;
  await Promise.all([grant, `${grant}.key`, state].map((path) => rm(path, { force: true })));
  const terms = ['--to', bank.uscc, '--items', 'tax-payment:60', '--regions', '320900', '--purpose', 'post-loan'];
  await xinlian(['grant', 'new', ...terms, '--matter', 'DK-watch', '--days', '90', '--out', grant, '--yes', ...own]);
  const watch = ['watch', grant, '--provider', tax.id, '--profile', profileFile(data, bank)];
  // Opens it, and finds nothing yet.
  await xinlian([...watch, '--once']);
  say(`${bank.name} subscribes to changes at ${tax.name}, under a grant for the time after the loan`);

  const told: Told[] = [];
  const heard = Promise.withResolvers<void>();
  const watching = xinlian(watch, [0], (line) => {
    told.push(JSON.parse(line) as Told);
    heard.resolve();
  });
  const changed = join(folder, 'changed.ndjson');
  // Another amount at every start: the second time it is a correction.
  const amount = String((Date.now() % 1_000_000) / 100 + 1);
  await writeFile(changed, taxRows(1, tax).replaceAll('"12.5"', `"${amount}"`));
  await xinlian(['publish', changed, '--item', 'ns', '--no-wait', '--profile', profileFile(data, tax)]);
  // Where watching ends without a word, that is what went wrong.
  await Promise.race([heard.promise, watching]);
  say(`${bank.name} hears of it: ${told[0]?.records[0]?.NS_SJSE ?? 'nothing'} yuan, proved`);
  await xinlian(['grant', 'withdraw', `${grant}.key`, ...own]);
  await watching;
  const last = told.at(-1);
  say(`${ENTERPRISE.name} withdraws: the subscription ends (${last?.reason ?? ''})`);
  const right = told[0]?.records.some((record) => record.NS_SJSE === amount) === true;
  return { events: told.length, ok: right && last?.kind === 'ended' && last.reason === 'GRANT_WITHDRAWN' };
}
