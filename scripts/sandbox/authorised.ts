// What the sandbox shows of authorised exchange: a tax bureau publishes, an enterprise authorises a bank, the bank checks,
// asks and reads, the enterprise sees who looked, withdraws, and the bank reads no more.
import { existsSync } from 'node:fs';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { makeUscc } from '../../node/core/uscc.ts';
import { createRandom } from '../samples/random.ts';
import { CAST, type Player } from './cast.ts';
import type { Members } from './cluster.ts';
import { profileFile } from './configs.ts';
import { passphraseFile } from './consortium.ts';
import { ENTERPRISE } from './programs.ts';
import { lastLine, xinlian } from './xinlian.ts';

const TAX_ROWS = 40;

export interface Authorised {
  /** Grants that were registered. */
  grants: number;
  /** Queries that a provider answered. */
  queries: number;
  /** Queries that a provider, or the chain, refused. */
  refusals: number;
  /** Whether everything went as it must. */
  ok: boolean;
}

interface Told {
  query: string;
  providers: { outcome: string; records?: number; reason?: string }[];
}

export async function authoriseAndQuery(
  cluster: Pick<Members, 'gatewayUrl'>,
  { data, say }: { data: string; say: (text: string) => void },
): Promise<Authorised> {
  const [dafeng, tax, bank] = ['dafeng', 'tax', 'bank'].map(playerOf) as [Player, Player, Player];
  const folder = join(data, 'enterprise');
  await mkdir(folder, { recursive: true });
  const passphrase = passphraseFile(data);
  const gateway = cluster.gatewayUrl('dafeng');
  const profile = (player: Player): string[] => ['--profile', profileFile(data, player)];
  const own = (): string[] => [
    `--gateway=${gateway}`,
    `--keys=${join(folder, 'keys.json')}`,
    `--passphrase-file=${passphrase}`,
    `--certificate=${join(folder, 'certificate.jws')}`,
  ];

  say(`${tax.name} publishes tax records of ${ENTERPRISE.name}, which nobody reads without its authorisation`);
  const rows = join(folder, 'tax.ndjson');
  await writeFile(rows, taxRows(tax));
  await xinlian(['publish', rows, '--item', 'ns', '--no-wait', ...profile(tax)]);

  const certificate = join(folder, 'certificate.jws');
  if (!existsSync(certificate)) {
    const keys = join(folder, 'keys.json');
    const { out } = await xinlian(['keys', 'new', '--out', keys, '--passphrase-file', passphrase]);
    await writeFile(join(folder, 'public.json'), out);
    const about = ['--uscc', ENTERPRISE.uscc, '--name', ENTERPRISE.name, '--out', certificate];
    await xinlian(['certify', join(folder, 'public.json'), ...about, ...profile(dafeng)]);
    say(`${dafeng.name} identifies ${ENTERPRISE.name} and certifies its key`);
  }

  const authorise = async (name: string, more: readonly string[]): Promise<string> => {
    const file = join(folder, `${name}.grant.json`);
    await Promise.all([file, `${file}.key`].map((path) => rm(path, { force: true })));
    const terms = ['--to', bank.uscc, '--items', 'tax-payment:60', '--regions', '320900', '--purpose', 'pre-loan'];
    await xinlian(['grant', 'new', ...terms, '--matter', `DK-${name}`, ...more, '--out', file, '--yes', ...own()]);
    return file;
  };
  const ask = async (grant: string, expected: readonly number[]): Promise<Told> => {
    const file = join(folder, 'answers.json');
    const { out } = await xinlian(['query', grant, '--providers', tax.id, '--out', file, ...profile(bank)], expected);
    return lastLine(out) as Told;
  };

  const lasting = await authorise('term', ['--days', '90']);
  const ended = await authorise('withdrawn', ['--days', '90']);
  const single = await authorise('one-off', ['--uses', '1']);
  say(`${ENTERPRISE.name} authorises ${bank.name}: twice for a term, once for a single query`);
  const checked = await xinlian(['check', lasting, single, ...profile(bank)]);
  const stands = (lastLine(checked.out) as { results: { ok: boolean }[] }).results.every(({ ok }) => ok);

  const underTerm = await ask(lasting, [0]);
  const opened = await xinlian(['open', join(folder, 'answers.json'), ...profile(bank)]);
  const records = opened.out.trimEnd().split('\n').length - 1;
  say(`${bank.name} asks ${tax.name}, and opens ${records} tax records, each proved`);
  const underSingle = await ask(single, [0]);
  // Another query under a grant for one: the chain does not let it be consumed.
  const again = await xinlian(['query', single, '--providers', tax.id, ...profile(bank)], [1]);
  say('a second query under the one-off grant is refused by the chain');

  await xinlian(['grant', 'withdraw', `${ended}.key`, ...own()]);
  const after = await ask(ended, [2]);
  say(`${ENTERPRISE.name} withdraws one: the next query is refused (${after.providers[0]?.reason ?? ''})`);

  const history = await xinlian(['grant', 'history', '--provider', tax.id, ...own()]);
  const seen = history.out.trimEnd().split('\n').length;
  say(`${ENTERPRISE.name} sees ${seen} accesses, the refused one among them`);
  const withdrawn = after.providers[0]?.reason === 'GRANT_WITHDRAWN';
  return {
    grants: [lasting, ended, single].length,
    queries: [underTerm, underSingle].filter((told) => told.providers[0]?.outcome === 'answered').length,
    refusals: [again.code === 1, withdrawn].filter(Boolean).length,
    ok: stands && records > 0 && withdrawn && seen >= 3,
  };
}

function playerOf(key: string): Player {
  const player = CAST.find((one) => one.key === key);
  if (!player) throw new Error(`the cast has no ${key}`);
  return player;
}

/** Monthly tax of some companies, the enterprise first; the same at every start. */
function taxRows({ name, uscc }: Player): string {
  const random = createRandom(7);
  const rows = Array.from({ length: TAX_ROWS }, (_, i) => {
    const company = i < TAX_ROWS / 2 ? ENTERPRISE : other(i);
    const month = `2025-${String(1 + (i % 12)).padStart(2, '0')}`;
    const due = String(1 + random.below(400) / 10);
    return {
      NS_MC: company.name,
      NS_LB: '法人及非法人组织',
      NS_SHXYM: company.uscc,
      NS_BH: `SB${month}-${i}`,
      NS_SSQ_Q: `${month}-01`,
      NS_SSQ_Z: `${month}-28`,
      NS_SZ: i % 2 === 0 ? '增值税' : '企业所得税',
      NS_YJSE: due,
      NS_SJSE: due,
      NS_LYDW: name,
      NS_LYDWDM: uscc,
    };
  });
  return rows.map((row) => `${JSON.stringify(row)}\n`).join('');
}

function other(i: number): { name: string; uscc: string } {
  const uscc = makeUscc({ authority: '9', category: '1', region: '320904', body8: `MA1DF${100 + i}` });
  return { name: `大丰示范贸易${i}有限公司`, uscc };
}
