import { writeFile } from 'node:fs/promises';
import { InvalidArgumentError, type Command } from 'commander';
import { Reconciliation, type ReconciledDay, type ReconciledLine } from '../../client/reconciliation.ts';
import { beijingTime } from '../../beijing-time.ts';
import { addMemberFlags, memberOf, openMember, type ConnectionFlags } from '../connection.ts';
import { csvLine } from '../csv-line.ts';
import type { Terminal } from '../terminal.ts';

interface Flags extends ConnectionFlags {
  day?: string;
  out?: string;
  providers?: string;
}

/** The two sides do not agree in everything. */
const DIFFERENT = 2;

const DAY_MS = 86_400_000;

export function addReconcile(program: Command, terminal: Terminal, exit: (code: number) => void): void {
  const command = program
    .command('reconcile')
    .summary('compare a day with the providers’ logs 每日对账')
    .description(
      'Writes a file with every query of a day, what each provider logged of it, the reason of each refusal, consumptions, ' +
        'log positions and digests.\n生成当日对账文件:查询、应答、拒绝原因、回执、授权用量,附日志位置与摘要。',
    )
    .option('--day <day>', 'in Beijing time, 2026-01-31; default: yesterday', dayOf)
    .option('--out <file>', 'CSV where it ends in .csv, else JSON; default: totals alone are shown')
    .option('--providers <members>', 'look at these, too: member ids or USCCs, divided by commas');
  command.addHelpText('after', '\nExit code: 0 both sides agree; 2 they do not in everything; 1 failure.');
  addMemberFlags(command).action(async (flags: Flags) => exit(await run(flags, terminal)));
}

function dayOf(text: string): string {
  if (!/^\d{4}-\d{2}-\d{2}$/.test(text)) throw new InvalidArgumentError('Wanted a day: 2026-01-31.');
  return text;
}

async function run(flags: Flags, terminal: Terminal): Promise<number> {
  const { id, client, keys, sealed } = await openMember(flags, terminal);
  const reconciliation = new Reconciliation(
    { member: id, sealingKey: keys.sealing.publicKey },
    { client, signer: keys.client, view: (members) => sealed.view(members), clock: Date },
  );
  const day = flags.day ?? beijingTime((Date.now() - DAY_MS) / 1000).slice(0, 10);
  const reconciled = await reconciliation.day(day, flags.providers?.split(',').map(memberOf) ?? []);
  const { out } = flags;
  if (out !== undefined) {
    await writeFile(out, /\.csv$/i.test(out) ? csvOf(reconciled) : `${JSON.stringify(reconciled, null, 2)}\n`, {
      mode: 0o600,
    });
  }
  const { member, providers, totals } = reconciled;
  terminal.out(JSON.stringify({ day, member, providers, totals, ...(out !== undefined && { out }) }));
  return totals.missing + totals.unknown + totals.unread === 0 ? 0 : DIFFERENT;
}

const COLUMNS: Readonly<Record<string, (line: ReconciledLine) => string | number | undefined>> = {
  agreement: ({ agreement }) => agreement,
  provider: ({ provider }) => provider,
  query: ({ query }) => query,
  grant: ({ sent, received }) => sent?.grant ?? received?.grant,
  purpose: ({ sent, received }) => (sent ?? received)?.purpose,
  items: ({ sent, received }) => (sent ?? received)?.items.join(' '),
  sent: ({ sent }) => sent && beijingTime(sent.time),
  sentPosition: ({ sent }) => sent?.position,
  sentCommitment: ({ sent }) => sent?.commitment,
  consumedInBlock: ({ sent }) => sent?.consumed,
  request: ({ request }) => request,
  received: ({ received }) => received && beijingTime(received.time),
  outcome: ({ received }) => received?.outcome,
  reason: ({ received }) => received?.reason,
  records: ({ received }) => received?.records,
  answer: ({ received }) => received?.answer,
  receiptPosition: ({ received }) => received?.position,
  receiptCommitment: ({ received }) => received?.commitment,
};

function csvOf({ lines }: ReconciledDay): string {
  const rows = lines.map((line) => csvLine(Object.values(COLUMNS).map((cell) => String(cell(line) ?? ''))));
  return `\uFEFF${csvLine(Object.keys(COLUMNS))}${rows.join('')}`;
}
