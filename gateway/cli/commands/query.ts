import { appendFile, readFile, writeFile } from 'node:fs/promises';
import type { Command } from 'commander';
import { malformed } from '../../../node/core/errors.ts';
import { parseArtefact } from '../../../node/core/grant.ts';
import { grantHashOf, parseGrantHash } from '../../../node/core/ids.ts';
import type { Grantee, PreparedQuery, ProviderOutcome, QueryOutcome, SealedAnswers } from '../../client/grantee.ts';
import { addMemberFlags, memberOf, openGrantee, type ConnectionFlags } from '../connection.ts';
import { readGrant } from '../grant-files.ts';
import type { Terminal } from '../terminal.ts';

interface QueryFlags extends ConnectionFlags {
  items?: string;
  providers?: string;
  again?: string;
  relay?: boolean;
  out?: string;
}

/** Some providers refused, or were not reached. */
const PARTIAL = 2;

export function addQuery(program: Command, terminal: Terminal, exit: (code: number) => void): void {
  const query = program
    .command('query')
    .summary('ask for records under a grant, as a bank 依授权查询')
    .description(
      'Asks every provider that the grant allows; each answer is sealed to you, verified here, and leaves a receipt that ' +
        'the enterprise sees.\n向授权范围内的信源单位查询;应答端到端加密,每次查询均留痕并告知企业。',
    )
    .argument('[grant]', 'grant document')
    .option('--items <items>', 'divided by commas; default: all that the grant names')
    .option('--providers <members>', 'member ids or USCCs, divided by commas; default: every source of its regions')
    .option('--again <file>', 'send what was kept by --out again: nothing is consumed twice')
    .option(
      '--relay',
      'consume a counted grant by your signed word, which the gateway carries to the chain; default: your own node does',
    )
    .option('--out <file>', 'keep the sealed answers; `xinlian open` reads them')
    .addHelpText('after', '\nExit code: 0 all answered; 2 some refused or were not reached; 1 failure.');
  addMemberFlags(query).action(async (file: string | undefined, flags: QueryFlags) =>
    exit(await ask(file, flags, terminal)),
  );

  const open = program
    .command('open')
    .summary('open and verify answers that were kept 打开并核验应答')
    .argument('<file>', 'what `xinlian query --out` wrote')
    .option('--signed <file>', 'add each answer there as its provider signed it, for `xinlian audit --answers`');
  addMemberFlags(open).action(async (file: string, flags: ConnectionFlags & { signed?: string }) => {
    const { grantee } = await openGrantee(flags, terminal);
    const answers = JSON.parse(await readFile(file, 'utf8')) as SealedAnswers;
    const outcome = await grantee.open(answers);
    if (flags.signed !== undefined) await keepSigned(flags.signed, outcome);
    exit(tell(outcome, terminal, true));
  });

  const check = program
    .command('check')
    .summary('whether grants to you stand now 核验授权是否有效')
    .argument('<grants...>', 'hashes of grants, or grant documents');
  addMemberFlags(check).action(async (grants: string[], flags: ConnectionFlags) =>
    exit(await checkAll(grants, flags, terminal)),
  );
}

/** They name enterprises, and say what of them: only the owner may read them. */
async function keepSigned(file: string, { providers }: QueryOutcome): Promise<void> {
  const lines = providers.flatMap((one) => ('signed' in one ? [`${one.signed}\n`] : []));
  await appendFile(file, lines.join(''), { mode: 0o600 });
}

async function ask(file: string | undefined, flags: QueryFlags, terminal: Terminal): Promise<number> {
  const { grantee } = await openGrantee(flags, terminal);
  const prepared = await prepare(file, flags, grantee);
  const { out = flags.again } = flags;
  const keep = async (what: object): Promise<void> => {
    if (out !== undefined) await writeFile(out, `${JSON.stringify(what)}\n`, { mode: 0o600 });
  };
  // Before it is sent: what is cut off can be sent again as it was.
  await keep({ prepared, consumed: false, parts: [] } satisfies SealedAnswers);
  const answers = await grantee.send(prepared, terminal.signal);
  await keep(answers);
  return tell(await grantee.open(answers), terminal, out === undefined);
}

async function prepare(file: string | undefined, flags: QueryFlags, grantee: Grantee): Promise<PreparedQuery> {
  if (flags.again !== undefined) return (JSON.parse(await readFile(flags.again, 'utf8')) as SealedAnswers).prepared;
  if (file === undefined) return malformed('grant', 'a grant document, or --again', 'nothing');
  return grantee.prepare({
    grant: await readGrant(file),
    ...(flags.items !== undefined && { items: flags.items.split(',') }),
    ...(flags.providers !== undefined && { providers: flags.providers.split(',').map(memberOf) }),
  });
}

/** @param records whether each record is printed */
export function tell(
  { query, grant, consumed, providers }: QueryOutcome,
  terminal: Terminal,
  records: boolean,
): number {
  for (const one of providers) {
    terminal.say(`${one.provider}  ${one.outcome}  ${detailOf(one)}`);
    if (!records || !('answer' in one)) continue;
    for (const { record, item, version, claims } of one.answer.records) {
      terminal.out(JSON.stringify({ provider: one.provider, record, item, version, ...Object.fromEntries(claims) }));
    }
  }
  const told = providers.map(({ provider, outcome, ...rest }) => ({
    provider,
    outcome,
    ...('answer' in rest && { records: rest.answer.records.length, reason: rest.answer.body.reason }),
  }));
  terminal.out(JSON.stringify({ query, grant, consumed, providers: told }));
  return providers.every(({ outcome }) => outcome === 'answered') ? 0 : PARTIAL;
}

function detailOf(one: ProviderOutcome): string {
  if (!('answer' in one)) return one.detail;
  const { body, records, trusted } = one.answer;
  if (body.outcome === 'refused') return `${body.reason ?? ''}: ${body.detail ?? ''}`;
  const missing = body.none.length > 0 ? `; nothing of ${body.none.join(', ')}` : '';
  return `${records.length} records, each proved${missing}${trusted.length > 0 ? `; trusted: ${trusted.join('; ')}` : ''}`;
}

async function checkAll(grants: readonly string[], flags: ConnectionFlags, terminal: Terminal): Promise<number> {
  const { client } = await openGrantee(flags, terminal);
  const checks = await Promise.all(
    grants.map(async (grant) => {
      if (grant.startsWith('0x')) return { grant: parseGrantHash(grant) };
      const { artefact } = await readGrant(grant);
      const { terms } = parseArtefact(artefact);
      return { grant: grantHashOf(terms), artefact };
    }),
  );
  const { judged, results } = await client.checkGrants({ body: { checks } });
  for (const { grant, ok, reason, detail } of results) {
    terminal.say(`${grant}  ${ok ? 'stands' : `${reason ?? ''}${detail === undefined ? '' : `: ${detail}`}`}`);
  }
  terminal.out(JSON.stringify({ judged, results }));
  return results.every(({ ok }) => ok) ? 0 : PARTIAL;
}
