import { readFile, writeFile } from 'node:fs/promises';
import { Option, type Command } from 'commander';
import {
  CASE_ACTIONS,
  CASE_ROLES,
  AUTHORITY,
  type CaseAction,
  type CaseRole,
} from '../../../node/core/case-authority.ts';
import { AgreementContent } from '../../../node/core/agreement-content.ts';
import { fromBase64Url, type Hex } from '../../../node/core/bytes.ts';
import { verifyRecognitionCertificate } from '../../../node/core/recognition-certificate.ts';
import { parseUscc } from '../../../node/core/uscc.ts';
import type { Client } from '../../client.ts';
import { recognitionUrl } from '../../pages/recognition.ts';
import { codec } from '../../../node/core/messages/codec.ts';
import { malformed } from '../../../node/core/errors.ts';
import type { CaseText, RecognitionPage, TestedCase } from '../../../node/core/messages/recognition.ts';
import { openKeyFile } from '../../../node/keys/key-file.ts';
import { localKeys } from '../../../node/keys/local-keys.ts';
import { chinaDate, chinaTime } from '../../../node/policy/date.ts';
import { dueAfter } from '../../../node/policy/due-date.ts';
import { isDate } from '../../../node/policy/days.ts';
import { RecognitionOffice, reportPaper, type Paper, type StepSigner } from '../../client/recognition.ts';
import {
  addGatewayFlags,
  addMemberFlags,
  gatewayOf,
  memberOf,
  openClient,
  openSealedClient,
  readPassphrase,
  type ConnectionFlags,
} from '../connection.ts';
import { readGrant } from '../grant-files.ts';
import { wholeNumber } from '../grant-flags.ts';
import type { Terminal } from '../terminal.ts';

const DAY_SECONDS = 86_400;
const CHINA = 8 * 3_600;
const DUTIES: Readonly<Record<string, number>> = { handles: 1, decides: 2 };

export function addRecognition(program: Command, terminal: Terminal): void {
  const agreement = program
    .command('agreement')
    .summary('agreements of mutual recognition between regional centres 信用报告互认协议')
    .description(
      'One centre proposes, the other countersigns; a new edition replaces the one before; either side gives notice.\n' +
        '一方提出,另一方签署生效;变更须另立新版本;任一方可通知终止。',
    );
  addPropose(agreement, terminal);
  addCountersign(agreement, terminal);
  addNotice(agreement, terminal);
  addAgreementList(agreement, terminal);

  const officer = program
    .command('officer')
    .summary('officers who sign for a centre 信用中心经办人与审批人')
    .description('An officer signs with a key of its own: make it with `xinlian keys new`.\n人员以其个人密钥签署。');
  addEnrol(officer, terminal);
  addDismiss(officer, terminal);

  const recognition = program
    .command('case')
    .summary('cases of mutual recognition 互认案件')
    .description(
      'A centre requests that another recognises its report; officers of the other side check, examine and decide.\n' +
        '出具方提出申请,受理方受理、审核、认定。',
    );
  addRequest(recognition, terminal);
  addAct(recognition, terminal);
  addCaseList(recognition, terminal);
  addShow(recognition, terminal);
  addTest(recognition, terminal);
  addCertificate(recognition, terminal);
  addVerify(recognition, terminal);
  addOpened(recognition, terminal);
}

const contentCodec = codec('content of the agreement', AgreementContent);

interface PaperFlags extends ConnectionFlags {
  text: string;
  number: string;
}

function addPaperFlags(command: Command): Command {
  return command
    .requiredOption('--text <file>', 'what the document says: a text file')
    .requiredOption('--number <number>', 'number of the document 文号');
}

async function paperOf({ text, number }: PaperFlags): Promise<Paper> {
  return { number, text: await readFile(text, 'utf8') };
}

interface ProposeFlags extends PaperFlags {
  with: string;
  from?: string;
  to: string;
  noticeDays: string;
  official: string;
  applicant: string;
  validityDays: string;
  content: string;
  rounds: string;
  fourEyes: boolean;
}

function addPropose(agreement: Command, terminal: Terminal): void {
  const command = agreement
    .command('propose')
    .summary('propose an agreement, or the next edition of one 提出协议')
    .requiredOption('--with <centre>', 'member id or USCC of the other centre')
    .option('--from <date>', 'first day; default: today')
    .requiredOption('--to <date>', 'last day')
    .option('--notice-days <days>', 'from a notice to the end', '30')
    .option('--official <least-most>', 'frame of due dates of official steps, in days', '1-60')
    .option('--applicant <least-most>', 'frame of the applicant’s own limits, in days', '5-90')
    .requiredOption('--content <file>', 'what is agreed, as JSON: standards, issuers, purposes … (docs/recognition.md)')
    .option('--validity-days <days>', 'most days for which a report is recognised', '90')
    .option('--rounds <count>', 'how often a case may be returned for supplement', '2')
    .option('--no-four-eyes', 'one officer decides alone');
  addMemberFlags(addPaperFlags(command)).action(async (flags: ProposeFlags) => {
    const office = await openOffice(flags, terminal);
    const [officialLeastDays, officialMostDays] = frameOf('--official', flags.official);
    const [applicantLeastDays, applicantMostDays] = frameOf('--applicant', flags.applicant);
    const id = await office.propose(
      memberOf(flags.with),
      {
        validFrom: startOf('--from', flags.from ?? chinaDate(Date.now())),
        validTo: startOf('--to', flags.to) + DAY_SECONDS,
        noticeDays: wholeNumber('--notice-days', flags.noticeDays),
        officialLeastDays,
        officialMostDays,
        applicantLeastDays,
        applicantMostDays,
        validityDays: wholeNumber('--validity-days', flags.validityDays),
        supplementRounds: wholeNumber('--rounds', flags.rounds),
        fourEyes: flags.fourEyes,
      },
      {
        ...(await paperOf(flags)),
        content: contentCodec.check(JSON.parse(await readFile(flags.content, 'utf8'))),
      },
    );
    terminal.say(`proposed: the other centre countersigns with \`xinlian agreement countersign ${id}\``);
    terminal.out(JSON.stringify({ agreement: id }));
  });
}

function addCountersign(agreement: Command, terminal: Terminal): void {
  const command = agreement.command('countersign').summary('countersign an agreement 签署协议').argument('<agreement>');
  addMemberFlags(command).action(async (id: string, flags: ConnectionFlags) => {
    const { block } = await (await openOffice(flags, terminal)).countersign(id);
    terminal.out(JSON.stringify({ agreement: id, block }));
  });
}

function addNotice(agreement: Command, terminal: Terminal): void {
  const command = agreement.command('notice').summary('give notice of an agreement 通知终止').argument('<agreement>');
  addMemberFlags(addPaperFlags(command)).action(async (id: string, flags: PaperFlags) => {
    const { block } = await (await openOffice(flags, terminal)).giveNotice(id, await paperOf(flags));
    terminal.out(JSON.stringify({ agreement: id, block }));
  });
}

function addAgreementList(agreement: Command, terminal: Terminal): void {
  const command = agreement.command('list').summary('agreements of your centre 本中心的协议');
  addMemberFlags(command).action(async (flags: ConnectionFlags) => {
    for (const one of (await (await openOffice(flags, terminal)).page()).agreements) {
      const edition = one.edition === undefined ? 'proposed' : `edition ${one.edition}`;
      terminal.say(`${one.id}  ${edition}  ${one.inForce ? 'in force 有效' : 'not in force 未生效或已终止'}`);
      terminal.out(JSON.stringify(one));
    }
  });
}

interface EnrolFlags extends ConnectionFlags {
  duties: string;
  days: string;
  officerPassphraseFile?: string;
}

function addEnrol(officer: Command, terminal: Terminal): void {
  const command = officer
    .command('enrol')
    .summary('enrol an officer 任命')
    .argument('<keys>', 'key file of the officer')
    .option('--duties <duties>', 'handles 经办, decides 审批; divided by commas', 'handles')
    .option('--days <days>', 'length of the tenure', '365')
    .option('--officer-passphrase-file <file>', 'passphrase of that file; default: that of your own');
  addMemberFlags(command).action(async (file: string, flags: EnrolFlags) => {
    const key = await signerOf(file, flags.officerPassphraseFile ?? flags.passphraseFile, terminal);
    const duties = flags.duties
      .split(',')
      .reduce((bits, name) => bits | (DUTIES[name] ?? malformed('--duties', 'handles, decides', name)), 0);
    const until = Math.floor(Date.now() / 1000) + wholeNumber('--days', flags.days) * DAY_SECONDS;
    const { block } = await (await openOffice(flags, terminal)).enrol(key, duties, until);
    terminal.out(JSON.stringify({ officer: key.address, duties: flags.duties, until, block }));
  });
}

function addDismiss(officer: Command, terminal: Terminal): void {
  const command = officer.command('dismiss').summary('end the tenure of an officer now 免职').argument('<address>');
  addMemberFlags(command).action(async (address: string, flags: ConnectionFlags) => {
    if (!/^0x[0-9a-fA-F]{40}$/.test(address)) malformed('officer', 'an address', address);
    const { block } = await (await openOffice(flags, terminal)).dismiss(address as Hex);
    terminal.out(JSON.stringify({ officer: address, block }));
  });
}

interface RequestFlags extends PaperFlags {
  agreement: string;
  report: string;
  purpose: string;
  grant?: string[];
  applicant: string;
  days: string;
}

function addRequest(recognition: Command, terminal: Terminal): void {
  const command = recognition
    .command('request')
    .summary('request recognition of a report of yours 提出互认申请')
    .requiredOption('--agreement <id>', 'under which')
    .requiredOption('--report <number>', 'number of a report that your node made 报告编号')
    .requiredOption('--purpose <code>', 'what it is to be recognised for, as the agreement calls it')
    .option('--grant <files...>', 'grants under which its authorised lines were read')
    .requiredOption('--applicant <address>', 'account made for this case alone: its key speaks for the applicant')
    .option('--days <days>', 'working days until the other side has checked it', '5');
  addMemberFlags(addPaperFlags(command)).action(async (flags: RequestFlags) => {
    if (!/^0x[0-9a-fA-F]{40}$/.test(flags.applicant)) malformed('--applicant', 'an address', flags.applicant);
    const { due, calendar } = dueAfter(Date.now(), wholeNumber('--days', flags.days));
    const { member, sealed } = await openSealedClient(flags, terminal);
    const grants = await Promise.all((flags.grant ?? []).map(async (file) => (await readGrant(file)).artefact));
    const office = new RecognitionOffice(member, { sealed, clock: Date });
    const id = await office.request(flags.agreement, {
      report: reportPaper(await sealed.report(flags.report)),
      request: { ...(await paperOf(flags)), request: { purpose: flags.purpose, grants }, calendar },
      applicant: flags.applicant as Hex,
      due,
    });
    terminal.say(`requested: due by ${chinaTime(due)}`);
    terminal.out(JSON.stringify({ case: id, due }));
  });
}

interface ActFlags extends ConnectionFlags {
  as?: CaseRole;
  text?: string;
  number?: string;
  signer?: string;
  second?: string;
  signerPassphraseFile?: string;
  days?: string;
  until?: string;
}

function addAct(recognition: Command, terminal: Terminal): void {
  const command = recognition
    .command('act')
    .summary('take a case one step on 办理案件')
    .description('Who may do what, when: docs/recognition.md.\n各环节的权限见 docs/recognition.md。')
    .argument('<case>')
    .argument('<action>', CASE_ACTIONS.join(', '))
    .addOption(new Option('--as <role>', 'in which capacity').choices([...CASE_ROLES]))
    .option('--text <file>', 'what the document of the step says: facts, reasons')
    .option('--number <number>', 'number of the document 文号')
    .option('--signer <keys>', 'key file of who acts')
    .option('--second <keys>', 'key file of who signs beside')
    .option('--signer-passphrase-file <file>', 'passphrase of these files; default: that of your own')
    .option('--days <days>', 'working days until what is due next')
    .option('--until <date>', 'last day of the recognition');
  addMemberFlags(command).action(async (id: string, name: string, flags: ActFlags) => {
    const action = CASE_ACTIONS.find((one) => one === name) ?? malformed('action', CASE_ACTIONS.join(', '), name);
    const when = dueOf(action, flags);
    const { text, number } = flags;
    if ((text === undefined) !== (number === undefined)) malformed('document', '--text with --number', 'one of them');
    const key = (file: string | undefined) =>
      file === undefined ? undefined : signerOf(file, flags.signerPassphraseFile ?? flags.passphraseFile, terminal);
    const [signer, second] = await Promise.all([key(flags.signer), key(flags.second)]);
    const office = await openOffice(flags, terminal);
    const { block } = await office.act({
      case: id,
      action,
      ...(flags.as && { role: flags.as }),
      ...(text !== undefined &&
        number !== undefined && {
          paper: { number, text: await readFile(text, 'utf8'), ...(when?.calendar && { calendar: when.calendar }) },
        }),
      ...(when && { due: when.due }),
      ...(signer && { signer }),
      ...(second && { second }),
    });
    terminal.out(JSON.stringify({ case: id, action, block, ...(when && { due: when.due }) }));
  });
}

function addCaseList(recognition: Command, terminal: Terminal): void {
  const command = recognition.command('list').summary('cases of your centre 本中心的案件');
  addMemberFlags(command).action(async (flags: ConnectionFlags) => {
    const page = await (await openOffice(flags, terminal)).page();
    for (const one of page.cases) {
      terminal.say(lineOf(one, page));
      terminal.out(JSON.stringify(one));
    }
  });
}

function addShow(recognition: Command, terminal: Terminal): void {
  const command = recognition.command('show').summary('a case with its documents 查看案件').argument('<case>');
  addMemberFlags(command).action(async (id: string, flags: ConnectionFlags) => {
    const office = await openOffice(flags, terminal);
    const page = await office.page();
    const one = page.cases.find((found) => found.id === id);
    if (!one) return malformed('case', 'one of your centre', id);
    terminal.say(lineOf(one, page));
    const documents: Record<string, unknown> = {};
    for (const digest of new Set([one.terms.report, ...one.steps.map(({ document }) => document)])) {
      if (one.missing.includes(digest) || /^0x0+$/.test(digest)) continue;
      documents[digest] = JSON.parse(await office.document(digest));
    }
    const test = await office.test(id);
    for (const line of linesOfTest(test)) terminal.say(line);
    terminal.out(JSON.stringify({ ...one, documents, test }));
  });
}

function addTest(recognition: Command, terminal: Terminal): void {
  const command = recognition
    .command('test')
    .summary('run the eight-point test of a case, on what holds now 八项核验')
    .argument('<case>');
  addMemberFlags(command).action(async (id: string, flags: ConnectionFlags) => {
    const tested = await (await openOffice(flags, terminal)).test(id);
    for (const line of linesOfTest(tested)) terminal.say(line);
    terminal.out(JSON.stringify(tested));
  });
}

function addCertificate(recognition: Command, terminal: Terminal): void {
  const command = recognition
    .command('certificate')
    .summary('certificate of a recognition that stands, for the enterprise 出具互认证明')
    .argument('<case>')
    .requiredOption('--out <file>', 'file to write: a signed statement (JWS)');
  addMemberFlags(command).action(async (id: string, { out, ...flags }: ConnectionFlags & { out: string }) => {
    const { sealed } = await openSealedClient(flags, terminal);
    await writeFile(out, await sealed.recognitionCertificate(id));
    terminal.say(`how it stands: ${recognitionUrl(gatewayOf(flags, terminal.env), id)}`);
    terminal.out(JSON.stringify({ case: id, file: out }));
  });
}

function addVerify(recognition: Command, terminal: Terminal): void {
  const command = recognition
    .command('verify')
    .summary('verify a certificate of recognition 核验互认证明')
    .description(
      'The signatures of the host and of its officers, and that they are over this case and agreement. Only the keys of the ' +
        'host are asked for.\n核验受理方及其经办、审批人员的签名。',
    )
    .argument('<file>');
  addGatewayFlags(command).action(async (file: string, flags: ConnectionFlags) => {
    const text = (await readFile(file, 'utf8')).trim();
    const client = openClient(flags, terminal);
    const keys = new Map<string, Uint8Array[]>();
    for await (const { id } of membersOf(client)) {
      const { history } = await client.getMember({ params: { member: id } });
      keys.set(
        id,
        (history.checkpoint ?? []).map(({ key }) => fromBase64Url(key, 32)),
      );
    }
    const { certificate, officers, until, trusted } = await verifyRecognitionCertificate(
      text,
      (member) => keys.get(member) ?? [],
    );
    terminal.say(`${certificate.sub.name} ${certificate.sub.uscc}: recognised until ${chinaTime(until)} 互认有效期至`);
    for (const one of trusted) terminal.say(`trusted: ${one}`);
    terminal.out(JSON.stringify({ ...certificate, officers, until, trusted }));
  });
}

async function* membersOf(client: Client): AsyncGenerator<{ id: string }> {
  for (let cursor: string | undefined; ;) {
    const { items, next } = await client.listMembers({ query: cursor === undefined ? {} : { cursor } });
    yield* items;
    if (next === undefined) return;
    cursor = next;
  }
}

function addOpened(recognition: Command, terminal: Terminal): void {
  const command = recognition
    .command('opened')
    .summary('what recognitions open for an enterprise here: benefits and measures 互认便利与措施')
    .argument('<uscc>');
  addMemberFlags(command).action(async (uscc: string, flags: ConnectionFlags) => {
    const { sealed } = await openSealedClient(flags, terminal);
    const { recognitions } = await sealed.openedRecognitions(parseUscc(uscc));
    for (const one of recognitions) {
      const what = one.stale ? 'STALE 信息已变更' : one.benefits.map(({ zh, en }) => `${zh} ${en}`).join(', ');
      terminal.say(
        `${one.case}  until ${chinaTime(one.until)}  ${what}  measures: ${one.measures.join(', ') || 'none'}`,
      );
      terminal.out(JSON.stringify(one));
    }
    if (recognitions.length === 0) terminal.say('no recognition of this enterprise stands here 无有效互认');
  });
}

const POINT_NAMES: Readonly<Record<TestedCase['points'][number]['point'], string>> = {
  standard: '报告标准 standard and kind',
  issuer: '出具机构 issuer',
  signature: '签名与存证 signature and line in the log',
  age: '报告时效 age',
  purpose: '用途与授权 purpose and authorisation',
  live: '实时状态 nothing changed since',
  grades: '等级对照 grades',
  measures: '惩戒措施对照 measures',
};

function linesOfTest({ points }: TestedCase): string[] {
  return points.map(({ point, passed, evidence }, i) => {
    const outcome = passed ? 'passed 通过' : 'NOT PASSED 未通过';
    return `${i + 1} ${POINT_NAMES[point]}: ${outcome}  ${JSON.stringify(evidence)}`;
  });
}

function lineOf(one: CaseText, { head }: RecognitionPage): string {
  const marks = [
    one.recognised && 'recognised 互认有效',
    one.stale && 'STALE 信息已变更',
    one.overdue && `OVERDUE by ${Math.ceil((head.time - one.due) / DAY_SECONDS)} days 逾期`,
    one.lateSteps > 0 && `${one.lateSteps} late`,
    one.missing.length > 0 && `${one.missing.length} documents on their way`,
  ].filter((mark) => mark !== false);
  return [one.id, one.state, one.due > 0 ? `due ${chinaTime(one.due)}` : '', ...marks].filter(Boolean).join('  ');
}

/** When what an action sets in motion is due; undefined where it sets nothing. */
function dueOf(
  action: CaseAction,
  { days, until }: ActFlags,
): { due: number; calendar?: Paper['calendar'] } | undefined {
  const { clock } = AUTHORITY[action];
  if (clock === 'none') {
    if (days !== undefined || until !== undefined) malformed(action, 'no due date', '--days or --until');
    return undefined;
  }
  if (clock === 'validity') return { due: startOf('--until', until ?? '') + DAY_SECONDS };
  if (days === undefined) return malformed(action, '--days', 'nothing');
  return dueAfter(Date.now(), wholeNumber('--days', days));
}

async function openOffice(flags: ConnectionFlags, terminal: Terminal): Promise<RecognitionOffice> {
  const { member, sealed } = await openSealedClient(flags, terminal);
  return new RecognitionOffice(member, { sealed, clock: Date });
}

async function signerOf(file: string, passphraseFile: string | undefined, terminal: Terminal): Promise<StepSigner> {
  return localKeys(await openKeyFile(file, await readPassphrase(passphraseFile, terminal)), () => {}).transaction;
}

function frameOf(flag: string, text: string): [least: number, most: number] {
  const [least = '', most = ''] = text.split('-');
  return [wholeNumber(flag, least), wholeNumber(flag, most)];
}

/** First second of a day in China. */
function startOf(flag: string, date: string): number {
  if (!isDate(date)) malformed(flag, 'YYYY-MM-DD', date);
  return Date.parse(`${date}T00:00:00Z`) / 1000 - CHINA;
}
