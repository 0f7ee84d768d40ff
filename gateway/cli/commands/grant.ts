import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Command } from 'commander';
import type { ReceiptBundle } from '../../../node/core/bundle.ts';
import { canonicalize } from '../../../node/core/canonical.ts';
import { malformed } from '../../../node/core/errors.ts';
import { narrowWanted, type WantedGrant } from '../../../node/core/grant-request.ts';
import { parseGrantHash } from '../../../node/core/ids.ts';
import { consentTo, draftGrant, type DraftGrant } from '../../../node/core/make-grant.ts';
import { parseCertificate } from '../../../node/core/subject-certificate.ts';
import { GRANT_PACKS, GrantRules } from '../../../node/policy/grant-rules.ts';
import { builtInCatalogue } from '../../../node/policy/pack.ts';
import { beijingTime } from '../../beijing-time.ts';
import type { Client } from '../../client.ts';
import type { SeenAccess } from '../../client/enterprise.ts';
import {
  addGatewayFlags,
  addPassphraseFlag,
  memberOf,
  openClient,
  openEnterprise,
  type ConnectionFlags,
} from '../connection.ts';
import { addGrantStops } from './grant-stops.ts';
import { itemOf, wholeNumber } from '../grant-flags.ts';
import { readGrantKey, writeGrant, writeGrantKey } from '../grant-files.ts';
import type { Terminal } from '../terminal.ts';

interface EnterpriseFlags extends ConnectionFlags {
  certificate: string;
}

interface NewFlags extends EnterpriseFlags {
  to: string;
  items: string;
  regions: string;
  purpose: string;
  matter: string;
  days: string;
  uses: string;
  retention: string;
  automated: string;
  withdrawal: string;
  out: string;
  yes?: boolean;
}

const DAY_SECONDS = 86_400;
/** A grant begins a little before it is signed: the chain's clock may be behind. */
const EARLY_SECONDS = 60;
const UNTIL_FINAL_MS = 120_000;

export function addGrant(program: Command, terminal: Terminal): void {
  const grant = program
    .command('grant')
    .summary('authorise a bank, look at grants, withdraw them 授权、查看与撤回')
    .description('Grants of an enterprise, made and signed with its own key file.\n企业以自有密钥授权、查看、撤回。');
  addNew(grant, terminal);
  addShow(grant, terminal);
  addWithdraw(grant, terminal);
  addHistory(grant, terminal);
  addRequests(grant, terminal);
  addGrantStops(grant, terminal);
}

export function addEnterpriseFlags(command: Command): Command {
  return addPassphraseFlag(
    addGatewayFlags(command)
      .option('--keys <file>', 'key file of the enterprise (XINLIAN_KEYS)')
      .option('--signer <url>', 'remote signer that keeps its keys, in place of a key file (XINLIAN_SIGNER)')
      .option('--signer-token-file <file>', 'file with the bearer token of that signer (XINLIAN_SIGNER_TOKEN_FILE)')
      .requiredOption('--certificate <file>', 'certificate of that key'),
  );
}

function addNew(grant: Command, terminal: Terminal): void {
  const command = grant
    .command('new')
    .summary('authorise a bank to read 新增授权')
    .description(
      'Shows the grant in plain words; signs and registers it where you agree. The document goes to the bank; the file ' +
        'beside it (.key) is yours, and withdraws it.\n以通俗文字展示授权内容,同意后签署并登记。',
    )
    .requiredOption('--to <bank>', 'member id or USCC of the bank')
    .requiredOption('--items <items>', 'item:months, divided by commas; for example tax-payment:24')
    .requiredOption('--regions <codes>', 'regions whose agencies may answer (GB/T 2260), divided by commas')
    .requiredOption('--purpose <code>', 'one of pre-loan, in-loan, post-loan, guarantee, self-check')
    .requiredOption('--matter <number>', 'number of the case or contract')
    .option('--days <days>', 'term in days', '30')
    .option('--uses <count>', 'queries that it serves; 0: any number in its term', '0')
    .option('--retention <days>', 'how long the bank may keep what it read', '365')
    .option('--automated <words>', 'decisions made by machine, in words', '')
    .option('--withdrawal <words>', 'how it is withdrawn, in words', '信用门户、客户端或征信窗口')
    .requiredOption('--out <file>', 'file to write the grant document to')
    .option('--yes', 'agree without being asked');
  addEnterpriseFlags(command).action((flags: NewFlags) => makeGrant(flags, terminal));
}

async function makeGrant(flags: NewFlags, terminal: Terminal): Promise<void> {
  const { enterprise, client, keys, certificate, domain } = await openEnterprise(flags, terminal);
  const { certificate: own } = parseCertificate(certificate);
  const bank = await client.getMember({ params: { member: memberOf(flags.to) } });
  const rules = new GrantRules(GRANT_PACKS, builtInCatalogue);
  const now = Math.floor(Date.now() / 1000);
  const wanted: WantedGrant = {
    subject: { uscc: own.sub, name: own.name },
    grantee: { member: bank.id, uscc: bank.uscc, name: bank.name },
    items: flags.items.split(',').map(itemOf),
    regions: flags.regions.split(','),
    purpose: flags.purpose,
    matter: flags.matter,
    uses: wholeNumber('--uses', flags.uses),
    from: now - EARLY_SECONDS,
    to: now + wholeNumber('--days', flags.days) * DAY_SECONDS,
    retentionDays: wholeNumber('--retention', flags.retention),
    automated: flags.automated,
    policy: rules.current().edition,
  };
  const draft = draftGrant(wanted, flags.withdrawal, (core) => rules.describe(core));
  for (const { code, wanted: want, got } of rules.faults(
    JSON.parse(draft.artefact) as Parameters<typeof rules.faults>[0],
  ))
    malformed(`grant ${code}`, want, got);
  terminal.say(draft.text);
  if (flags.yes !== true && !(await agrees(terminal))) malformed('agreement', 'yes', 'no: nothing was signed');

  const document = await consentTo(draft, keys.transaction, certificate, domain);
  // The key first: a grant that nobody can withdraw must not be on the chain.
  await writeGrantKey(`${flags.out}.key`, draft);
  await writeGrant(flags.out, document);
  const outcome = await enterprise.register(draft);
  if (!outcome.ok) malformed('registration', 'one that the chain takes', outcome.error ?? 'refused');
  await untilFinal(draft, flags, terminal);
  terminal.say(`grant ${draft.hash} is registered; ${flags.out} goes to the bank, ${flags.out}.key stays with you`);
  terminal.out(draft.hash);
}

async function untilFinal({ hash }: DraftGrant, flags: ConnectionFlags, terminal: Terminal): Promise<void> {
  const client = openClient(flags, terminal);
  const deadline = Date.now() + UNTIL_FINAL_MS;
  while (Date.now() < deadline) {
    // A gateway knows of it a block later.
    const state = await client.getGrant({ params: { grant: hash } }).catch(() => undefined);
    if (state?.final === true) return;
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  terminal.say('its registration is not final yet: queries are answered when it is');
}

function addShow(grant: Command, terminal: Terminal): void {
  const command = grant
    .command('show')
    .summary('a grant as the chain has it 查看授权状态')
    .argument('<grant>', 'hash of the grant');
  addGatewayFlags(command).action(async (hash: string, flags: ConnectionFlags) => {
    const state = await openClient(flags, terminal).getGrant({ params: { grant: parseGrantHash(hash) } });
    terminal.out(JSON.stringify(state, null, 2));
  });
}

function addWithdraw(grant: Command, terminal: Terminal): void {
  const command = grant
    .command('withdraw')
    .summary('withdraw a grant, at once 撤回授权')
    .description('Nothing is read under it from now on.\n自撤回之时起,不得再据此查询。')
    .argument('<key>', 'the .key file of the grant');
  addEnterpriseFlags(command).action(async (file: string, flags: EnterpriseFlags) => {
    const { enterprise } = await openEnterprise(flags, terminal);
    const key = await readGrantKey(file);
    const { told, unreached } = await enterprise.withdraw(key);
    terminal.say(
      `grant ${key.hash} is withdrawn; ${told.length} providers know it already, ${unreached.length} learn it from the chain`,
    );
    terminal.out(key.hash);
  });
}

function addHistory(grant: Command, terminal: Terminal): void {
  const command = grant
    .command('history')
    .summary('who looked at your records 查询记录')
    .description(
      'Every access to your records, refused ones too, each proved by the provider’s log.\n谁、何时、为何查询了本企业信息。',
    )
    .option('--provider <member>', 'of one provider; default: all sources')
    .option('--bundles <dir>', 'write a proof bundle of each access, for anyone to verify offline');
  addEnterpriseFlags(command).action(async (flags: EnterpriseFlags & { provider?: string; bundles?: string }) => {
    const { enterprise, client } = await openEnterprise(flags, terminal);
    const providers =
      flags.provider === undefined
        ? (await client.listMembers({ query: { limit: 200 } })).items.filter(({ roles }) => roles.includes('source'))
        : [await client.getMember({ params: { member: memberOf(flags.provider) } })];
    for (const { id, name } of providers) {
      for (const access of await enterprise.history(id)) {
        const { receipt, position, proved } = access;
        if (flags.bundles !== undefined && proved) await writeReceipt(flags.bundles, access, client);
        const { time, grantee, purpose, items, outcome, reason, grant: hash } = receipt;
        const proof = proved ? 'proved' : 'proof follows';
        terminal.say(
          `${beijingTime(time)}  ${name}  ${outcome}${reason === undefined ? '' : ` (${reason})`}  ${proof}`,
        );
        terminal.out(
          JSON.stringify({
            provider: id,
            position,
            time: beijingTime(time),
            grantee,
            purpose,
            items,
            outcome,
            reason,
            grant: hash,
            proved,
          }),
        );
      }
    }
  });
}

/** The bundle of an access: its opening, under the proof that anyone may ask for. */
async function writeReceipt(
  directory: string,
  { log, position, receipt }: SeenAccess,
  client: Pick<Client, 'getEntryProof'>,
): Promise<void> {
  const { cosignatures: _, ...proof } = await client.getEntryProof({ params: { log, position: String(position) } });
  const bundle: ReceiptBundle = { type: 'xinlian/receipt-bundle/v1', opening: canonicalize(receipt), ...proof };
  await mkdir(directory, { recursive: true });
  await writeFile(join(directory, `${log.slice(2, 10)}-${position}.json`), `${JSON.stringify(bundle)}\n`);
}

function addRequests(grant: Command, terminal: Terminal): void {
  const list = grant
    .command('requests')
    .summary('what banks ask you to allow 待处理的授权申请')
    .requiredOption('--centre <member>', 'member that identified you');
  addEnterpriseFlags(list).action(async (flags: EnterpriseFlags & { centre: string }) => {
    const { enterprise } = await openEnterprise(flags, terminal);
    for (const { request, text, decision } of await enterprise.requests(memberOf(flags.centre))) {
      terminal.say(`${request.jti}  ${decision ?? 'waits for you'}\n${text}\n`);
      terminal.out(JSON.stringify({ request: request.jti, ...(decision && { decision }), wanted: request.wanted }));
    }
  });
  const decide = grant
    .command('decide')
    .summary('grant or refuse what a bank asks 同意或拒绝授权申请')
    .argument('<request>', 'id of the request')
    .argument('<decision>', 'grant or refuse')
    .requiredOption('--centre <member>', 'member that identified you')
    .option('--reason <words>', 'of a refusal')
    .option('--items <items>', 'narrower: item:months, divided by commas')
    .option('--days <days>', 'narrower: term in days')
    .option('--withdrawal <words>', 'how it is withdrawn, in words', '信用门户、客户端或征信窗口')
    .option('--out <file>', 'where the grant document and its key are kept');
  addEnterpriseFlags(decide).action((id: string, decision: string, flags: DecideFlags) =>
    decideRequest(id, decision, flags, terminal),
  );
}

interface DecideFlags extends EnterpriseFlags {
  centre: string;
  reason?: string;
  items?: string;
  days?: string;
  withdrawal: string;
  out?: string;
}

async function decideRequest(id: string, decision: string, flags: DecideFlags, terminal: Terminal): Promise<void> {
  if (decision !== 'grant' && decision !== 'refuse') malformed('decision', 'grant or refuse', decision);
  const { enterprise, keys, certificate, domain } = await openEnterprise(flags, terminal);
  const centre = memberOf(flags.centre);
  const seen = (await enterprise.requests(centre)).find(({ request }) => request.jti === id);
  if (!seen) malformed('request', 'one that waits for you', id);
  const { request } = seen;
  if (decision === 'refuse') {
    terminal.out(JSON.stringify(await enterprise.refuse(centre, request, flags.reason)));
    return;
  }
  if (flags.out === undefined) malformed('--out', 'a file for the grant and its key', 'nothing');
  const rules = new GrantRules(GRANT_PACKS, builtInCatalogue);
  const { wanted } = request;
  const narrowed = narrowWanted(wanted, {
    ...(flags.items !== undefined && { items: flags.items.split(',').map(itemOf) }),
    ...(flags.days !== undefined && { to: wanted.from + wholeNumber('--days', flags.days) * DAY_SECONDS }),
  });
  const draft = draftGrant(narrowed, flags.withdrawal, (core) => rules.describe(core));
  terminal.say(draft.text);
  const document = await consentTo(draft, keys.transaction, certificate, domain);
  await writeGrantKey(`${flags.out}.key`, draft);
  await writeGrant(flags.out, document);
  const outcome = await enterprise.register(draft);
  if (!outcome.ok) malformed('registration', 'one that the chain takes', outcome.error ?? 'refused');
  terminal.out(JSON.stringify(await enterprise.grant(centre, request, document)));
}

async function agrees({ ask }: Terminal): Promise<boolean> {
  if (!ask) return malformed('agreement', '--yes, or a terminal to ask at', 'none');
  return /^(y|yes|是|同意)$/i.test((await ask('Do you agree? 是否同意 (yes/no): ')).trim());
}
