import { readFile, writeFile } from 'node:fs/promises';
import type { Command } from 'commander';
import { Type } from 'typebox';
import { malformed } from '../../../node/core/errors.ts';
import { codec } from '../../../node/core/messages/codec.ts';
import { checkPayload, decodePayload, encodePayload, type PayloadLine } from '../../../node/core/share-payload.ts';
import { parseBasis, ShareState, type ShareDecision } from '../../../node/core/share.ts';
import { parseUscc } from '../../../node/core/uscc.ts';
import { builtInCatalogue } from '../../../node/policy/pack.ts';
import { builtInShareRules } from '../../../node/policy/share-rules.ts';
import { beijingTime } from '../../beijing-time.ts';
import type { SealedAnswers } from '../../client/grantee.ts';
import { documentOf, SharingAgency, type AskedBasis } from '../../client/sharing.ts';
import {
  addMemberFlags,
  memberOf,
  openGrantee,
  openMember,
  openSealedClient,
  type ConnectionFlags,
} from '../connection.ts';
import { itemOf, wholeNumber } from '../grant-flags.ts';
import type { Terminal } from '../terminal.ts';
import { tell } from './query.ts';

const DAY_SECONDS = 86_400;
/** A basis begins a little before it is signed: the chain's clock may be behind. */
const EARLY_SECONDS = 60;
/** Some records are not proved. */
const UNPROVED = 2;

const basisFile = codec(
  'share basis file',
  Type.Object({ basis: Type.String(), state: ShareState }, { additionalProperties: false }),
);

export function addShare(program: Command, terminal: Terminal, exit: (code: number) => void): void {
  const share = program
    .command('share')
    .summary('share records between agencies, under a statute or duty 部门间数据共享')
    .description(
      'An agency asks another for a share basis, reads under it, and ends it; each read leaves a receipt that names the ' +
        'basis.\n需求部门提出共享申请,提供部门答复;每次查询均留痕并载明依据。',
    );
  addAsk(share, terminal);
  addState(share, terminal);
  addList(share, terminal);
  addDecide(share, terminal);
  addRead(share, terminal, exit);
  addEnd(share, terminal);
  addExport(share, terminal);
  addVerify(share, terminal, exit);
}

interface AskFlags extends ConnectionFlags {
  from: string;
  items: string;
  statute?: string;
  duty?: string;
  matter: string;
  matterName: string;
  subjects?: string;
  days: string;
  secrecy?: string;
  out: string;
}

function addAsk(share: Command, terminal: Terminal): void {
  const command = share
    .command('ask')
    .summary('ask an agency to share records 提出共享申请')
    .description(
      'Items shared unconditionally 无条件共享 are approved at once; where one is shared conditionally 有条件共享 an officer ' +
        'of the other agency decides.\n申请经对方答复后方可查询;不予共享的信息项不予受理。',
    )
    .requiredOption('--from <agency>', 'member id or USCC of the agency that provides')
    .requiredOption('--items <items>', 'item:months, divided by commas; for example jc:24')
    .option('--statute <citation>', 'the article that entitles you')
    .option('--duty <citation>', 'the duty that you read for, and who set it')
    .requiredOption('--matter <code>', 'code of the matter 事项编码')
    .requiredOption('--matter-name <words>', 'its name')
    .option('--subjects <codes>', 'USCCs, divided by commas; default: whomever the matter concerns')
    .option('--days <days>', 'term in days', '180')
    .option('--secrecy <citation>', 'the law that forbids to tell the subject of accesses')
    .requiredOption('--out <file>', 'file to keep the basis in');
  addMemberFlags(command).action(async (flags: AskFlags) => {
    const { id, agency, sealed } = await openAgency(flags, terminal);
    const { statute, duty, subjects, secrecy } = flags;
    if ((statute === undefined) === (duty === undefined))
      malformed('ground', '--statute or --duty', 'both, or neither');
    const [own] = (await sealed.view([id])).members;
    if (!own) malformed('--home', 'a member', id);
    const now = Math.floor(Date.now() / 1000);
    const asked = await agency.ask({
      aud: memberOf(flags.from),
      requester: { uscc: own.uscc, name: own.name },
      items: flags.items.split(',').map(itemOf),
      ground: statute === undefined ? { kind: 'duty', citation: duty ?? '' } : { kind: 'statute', citation: statute },
      matter: { code: flags.matter, name: flags.matterName },
      ...(subjects !== undefined && { subjects: subjects.split(',').map((code) => parseUscc(code)) }),
      from: now - EARLY_SECONDS,
      to: now + wholeNumber('--days', flags.days) * DAY_SECONDS,
      ...(secrecy !== undefined && { secrecy: { citation: secrecy } }),
      policy: builtInShareRules.current().edition,
    });
    await keep(flags.out, asked);
    tellState(asked.state, terminal);
  });
}

function addState(share: Command, terminal: Terminal): void {
  const command = share
    .command('state')
    .summary('what became of a basis that you asked for 查询申请状态')
    .argument('<file>', 'what `share ask --out` wrote; its approval is added');
  addMemberFlags(command).action(async (file: string, flags: ConnectionFlags) => {
    const { agency } = await openAgency(flags, terminal);
    const asked = await agency.state((await readBasisFile(file)).basis);
    await keep(file, asked);
    tellState(asked.state, terminal);
  });
}

function addList(share: Command, terminal: Terminal): void {
  const command = share.command('list').summary('bases that other agencies ask you for 收到的共享申请');
  addMemberFlags(command).action(async (flags: ConnectionFlags) => {
    const { sealed } = await openSealedClient(flags, terminal);
    for (let after: string | undefined; ;) {
      const { bases, next } = await sealed.shares(after, terminal.signal);
      for (const { basis, state, text } of bases) {
        terminal.say(`${basis.jti}  ${state.state}  ${deadlineOf(state)}\n${text}\n`);
        terminal.out(JSON.stringify({ ...state, requester: basis.iss, items: basis.items, matter: basis.matter }));
      }
      if (next === undefined) return;
      after = next;
    }
  });
}

interface DecideFlags extends ConnectionFlags {
  officer: string;
  reason?: string;
  items?: string;
  until?: string;
}

function addDecide(share: Command, terminal: Terminal): void {
  const command = share
    .command('decide')
    .summary('approve or refuse a basis, as an officer 答复共享申请')
    .argument('<basis>', 'id of the basis')
    .argument('<decision>', 'approve or refuse')
    .requiredOption('--officer <name>', 'who decides 经办人')
    .option('--reason <words>', 'of a refusal')
    .option('--items <items>', 'narrower: codes, divided by commas')
    .option('--until <date>', 'narrower: end of the term, YYYY-MM-DD');
  addMemberFlags(command).action(async (basis: string, word: string, flags: DecideFlags) => {
    if (word !== 'approve' && word !== 'refuse') malformed('decision', 'approve or refuse', word);
    const { officer, reason, items, until } = flags;
    const decision: ShareDecision = {
      basis,
      outcome: word === 'approve' ? 'approved' : 'refused',
      officer,
      ...(reason !== undefined && { reason }),
      ...(items !== undefined && { items: items.split(',').map((code) => builtInCatalogue.item(code).item) }),
      ...(until !== undefined && { to: endOf(until) }),
    };
    const { sealed } = await openSealedClient(flags, terminal);
    tellState(await sealed.decideShare(decision, terminal.signal), terminal);
  });
}

interface ReadFlags extends ConnectionFlags {
  subject: string;
  items?: string;
  proofOnly?: boolean;
  out?: string;
}

function addRead(share: Command, terminal: Terminal, exit: (code: number) => void): void {
  const command = share
    .command('read')
    .summary('read records under an approved basis 依据查询')
    .argument('<file>', 'what `share ask --out` wrote')
    .requiredOption('--subject <code>', 'USCC of the enterprise')
    .option('--items <items>', 'codes, divided by commas; default: all that were approved')
    .option('--proof-only', 'commitments and proofs alone: the records come another way 仅取凭证')
    .option('--out <file>', 'keep the sealed answer; `xinlian open` and `share verify` read it');
  addMemberFlags(command).action(async (file: string, flags: ReadFlags) => {
    const { grantee } = await openGrantee(flags, terminal);
    const prepared = await grantee.prepareShare({
      document: documentOf(await readBasisFile(file)),
      subject: parseUscc(flags.subject),
      ...(flags.items !== undefined && {
        items: flags.items.split(',').map((code) => builtInCatalogue.item(code).item),
      }),
      ...(flags.proofOnly === true && { proofOnly: true }),
    });
    const answers = await grantee.send(prepared, terminal.signal);
    if (flags.out !== undefined) await writeFile(flags.out, `${JSON.stringify(answers)}\n`, { mode: 0o600 });
    exit(tell(await grantee.open(answers), terminal, flags.out === undefined && flags.proofOnly !== true));
  });
}

function addEnd(share: Command, terminal: Terminal): void {
  const command = share
    .command('end')
    .summary('end a basis, as the agency that asked or the one that provides 终止共享')
    .argument('<basis>', 'what `share ask --out` wrote, or the id of a basis that was put down at yours')
    .option('--reason <words>');
  addMemberFlags(command).action(async (basis: string, flags: ConnectionFlags & { reason?: string }) => {
    const { reason } = flags;
    if (/^[\w-]{22}$/.test(basis)) {
      const { sealed } = await openSealedClient(flags, terminal);
      tellState(await sealed.endShare({ basis, ...(reason !== undefined && { reason }) }, terminal.signal), terminal);
      return;
    }
    const { agency } = await openAgency(flags, terminal);
    const asked = await agency.end((await readBasisFile(basis)).basis, reason);
    await keep(basis, asked);
    tellState(asked.state, terminal);
  });
}

function addExport(share: Command, terminal: Terminal): void {
  const command = share
    .command('export')
    .summary('take out records of an approved basis, to send another way 导出数据(经政务平台传输)')
    .argument('<basis>', 'id of the basis')
    .requiredOption('--subject <code>', 'USCC of the enterprise')
    .requiredOption('--out <file>', 'NDJSON');
  addMemberFlags(command).action(async (basis: string, flags: ConnectionFlags & { subject: string; out: string }) => {
    const { sealed } = await openSealedClient(flags, terminal);
    const subject = parseUscc(flags.subject);
    const lines: PayloadLine[] = [];
    for (let page = 0; ; page++) {
      const some = decodePayload(await sealed.exportShare({ basis, subject, page }, terminal.signal));
      if (some.length === 0) break;
      lines.push(...some);
    }
    await writeFile(flags.out, encodePayload(lines), { mode: 0o600 });
    terminal.out(JSON.stringify({ basis, subject, records: lines.length }));
  });
}

function addVerify(share: Command, terminal: Terminal, exit: (code: number) => void): void {
  const command = share
    .command('verify')
    .summary('check records that came another way against their proofs 核验经其他渠道收到的数据')
    .argument('<answer>', 'what `share read --proof-only --out` wrote')
    .argument('<payload>', 'the file that came')
    .addHelpText('after', '\nExit code: 0 all proved; 2 some altered, missing or unproved; 1 failure.');
  addMemberFlags(command).action(async (answer: string, payload: string, flags: ConnectionFlags) => {
    const { grantee } = await openGrantee(flags, terminal);
    const opened = await grantee.open(JSON.parse(await readFile(answer, 'utf8')) as SealedAnswers);
    const [one] = opened.providers;
    if (!one || !('answer' in one)) return malformed(answer, 'an answer', one?.detail ?? 'none');
    const { body, receipt } = one.answer;
    const lines = decodePayload(await readFile(payload, 'utf8'));
    const names = builtInCatalogue.names.bind(builtInCatalogue);
    const checked = checkPayload(lines, body.records, receipt.subject, names);
    for (const { record, version, outcome, detail, item, claims } of checked) {
      terminal.say(`${record}  ${outcome}${detail === undefined ? '' : `  ${detail}`}`);
      terminal.out(JSON.stringify({ record, version, outcome, item, ...(claims && Object.fromEntries(claims)) }));
    }
    const proved = checked.filter(({ outcome }) => outcome === 'proved').length;
    terminal.out(JSON.stringify({ provider: one.provider, records: checked.length, proved }));
    exit(proved === checked.length ? 0 : UNPROVED);
  });
}

async function openAgency(flags: ConnectionFlags, terminal: Terminal) {
  const member = await openMember(flags, terminal);
  const { id, client, keys, sealed } = member;
  const view = sealed.view.bind(sealed);
  const agency = new SharingAgency(id, { client, signer: keys.client, sealing: keys.sealing, view, clock: Date });
  return { ...member, agency };
}

async function readBasisFile(file: string): Promise<AskedBasis> {
  const read = basisFile.decode(await readFile(file));
  parseBasis(read.basis);
  return read;
}

async function keep(file: string, asked: AskedBasis): Promise<void> {
  await writeFile(file, `${JSON.stringify(asked, null, 2)}\n`);
}

function tellState(state: ShareState, terminal: Terminal): void {
  const { basis, reason } = state;
  terminal.say(
    `share basis ${basis}: ${state.state}${reason === undefined ? '' : ` (${reason})`}  ${deadlineOf(state)}`,
  );
  terminal.out(JSON.stringify(state));
}

function deadlineOf({ state, asked, answerWithin }: ShareState): string {
  const { workingDays, due, citation, unverified } = answerWithin;
  if (state !== 'waiting') return '';
  const mark = unverified ? ', unverified 未核实' : '';
  return `asked ${beijingTime(asked)}; to be answered by ${due}, within ${workingDays} working days (${citation}${mark})`;
}

/** The last second of a day in China. */
function endOf(date: string): number {
  const start = Date.parse(`${date}T00:00:00+08:00`);
  if (!/^\d{4}-\d{2}-\d{2}$/.test(date) || Number.isNaN(start)) malformed('--until', 'YYYY-MM-DD', date);
  return start / 1000 + DAY_SECONDS - 1;
}
