import { createHash, randomBytes } from 'node:crypto';
import { readFile, rename, writeFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import type { Command } from 'commander';
import { Type, type Static } from 'typebox';
import { malformed, XinlianError } from '../../../node/core/errors.ts';
import { grantDocument } from '../../../node/core/grant.ts';
import { codec } from '../../../node/core/messages/codec.ts';
import { PushedRow, type ReceivedList } from '../../../node/core/messages/white-list.ts';
import { Edition, WhiteListIdText, type WhiteList } from '../../../node/core/white-list.ts';
import { builtInCatalogue } from '../../../node/policy/pack.ts';
import { beijingTime } from '../../beijing-time.ts';
import { ListReader, pushWhiteList } from '../../client/white-lists.ts';
import { addMemberFlags, memberOf, openMember, type ConnectionFlags, type Member } from '../connection.ts';
import type { Terminal } from '../terminal.ts';

/** Some enterprises were left out. */
const PARTIAL = 2;
const PAGE = 100;

const row = codec(
  'row of a white list',
  Type.Object(
    { ...PushedRow.properties, grant: Type.Optional(Type.Union([PushedRow.properties.grant, Type.String()])) },
    { additionalProperties: false },
  ),
);
const State = Type.Object(
  { list: WhiteListIdText, edition: Edition, digest: Type.String() },
  { additionalProperties: false },
);
type State = Static<typeof State>;
const stateFile = codec('white list file', State);

export function addWhitelist(program: Command, terminal: Terminal, exit: (code: number) => void): void {
  const whitelist = program
    .command('whitelist')
    .summary('name enterprises that consented to a bank, or read what was sent to you 白名单推送')
    .description(
      'An agency names enterprises to a bank, each under that enterprise’s own grant to that bank; every outcome leaves a ' +
        'receipt, and who withdraws leaves the list at once.\n信用机构向金融机构推送企业白名单;企业须已授权,撤回授权即时移出名单。',
    );
  addPush(whitelist, terminal, exit);
  addList(whitelist, terminal);
  addShow(whitelist, terminal);
}

interface PushFlags extends ConnectionFlags {
  to: string;
  name: string;
  purpose: string;
  criteria: string;
  items: string;
  state?: string;
}

function addPush(whitelist: Command, terminal: Terminal, exit: (code: number) => void): void {
  const command = whitelist
    .command('push')
    .summary('push an edition of a list, as an agency 推送名单')
    .description(
      'Prints an NDJSON line for each enterprise that is left out, with its reason, and one of the whole. Other rows or words ' +
        'are the next edition: who is in it no more leaves the list. What was cut off goes on by the same command.',
    )
    .argument('<rows>', 'NDJSON: {"uscc": …, "grant": a grant document, or the name of its file}')
    .requiredOption('--to <bank>', 'member id or USCC of the bank')
    .requiredOption('--name <words>', 'name of the list 名单名称')
    .requiredOption('--criteria <words>', 'by what enterprises are chosen 入选标准')
    .requiredOption('--items <items>', 'items whose records go with each, divided by commas')
    .option('--purpose <code>', 'that of the grants', 'pre-loan')
    .option('--state <file>', 'where list and edition are kept; default: the rows’, with .list.json behind it')
    .addHelpText('after', '\nExit code: 0 all are on the list; 2 some were left out; 1 failure.');
  addMemberFlags(command).action(async (file: string, flags: PushFlags) => exit(await push(file, flags, terminal)));
}

async function push(file: string, flags: PushFlags, terminal: Terminal): Promise<number> {
  const { sealed } = await openMember(flags, terminal);
  const rows = await readRows(file);
  const { name, purpose, criteria } = flags;
  const said = { name, purpose, criteria, items: flags.items.split(','), grantee: memberOf(flags.to) };
  const digest = createHash('sha256')
    .update(JSON.stringify([said, rows]))
    .digest('base64url');
  const path = flags.state ?? `${file}.list.json`;
  const state = nextState(await load(path), digest);
  // Before it is sent: what is cut off goes on in the same edition.
  await writeFile(`${path}.new`, `${JSON.stringify(state)}\n`);
  await rename(`${path}.new`, path);
  const list: WhiteList = { list: state.list, edition: state.edition, ...said };
  const told = await pushWhiteList(
    sealed,
    list,
    rows,
    (outcomes) => {
      for (const { uscc, state: became, reason, detail } of outcomes) {
        if (became === 'listed') continue;
        terminal.say(`${uscc}  ${became}  ${reason ?? ''}${detail === undefined ? '' : `: ${detail}`}`);
        terminal.out(JSON.stringify({ uscc, state: became, reason, detail }));
      }
    },
    terminal.signal,
  );
  const { listed, leftOut, delisted } = told;
  terminal.out(JSON.stringify({ list: state.list, edition: state.edition, listed, leftOut, delisted }));
  return leftOut === 0 ? 0 : PARTIAL;
}

async function readRows(file: string): Promise<PushedRow[]> {
  const lines = (await readFile(file, 'utf8')).split('\n').filter((line) => line.trim() !== '');
  return Promise.all(
    lines.map(async (line) => {
      const { uscc, grant } = row.decode(new TextEncoder().encode(line));
      if (grant === undefined) return { uscc };
      if (typeof grant !== 'string') return { uscc, grant };
      return { uscc, grant: grantDocument.decode(await readFile(resolve(dirname(file), grant))) };
    }),
  );
}

function nextState(before: State | undefined, digest: string): State {
  if (!before) return { list: randomBytes(16).toString('base64url'), edition: 1, digest };
  return before.digest === digest ? before : { ...before, edition: before.edition + 1, digest };
}

async function load(path: string): Promise<State | undefined> {
  try {
    return stateFile.decode(await readFile(path));
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  }
}

function addList(whitelist: Command, terminal: Terminal): void {
  const command = whitelist.command('list').summary('lists that you push, and that you were sent 名单列表');
  addMemberFlags(command).action(async (flags: ConnectionFlags) => {
    const member = await openMember(flags, terminal);
    const roles = await rolesOf(member);
    if (roles.includes('source')) {
      for (const list of (await member.sealed.ownLists(terminal.signal)).lists) {
        const { list: id, edition, name, grantee, listed, leftOut, delisted, pending } = list;
        terminal.say(`${id}  ${name}  edition ${edition}: ${listed} listed, ${leftOut} left out, ${delisted} delisted`);
        terminal.out(JSON.stringify({ list: id, edition, name, grantee, listed, leftOut, delisted, pending }));
      }
    }
    if (!roles.includes('bank')) return;
    for (const { updated, ...list } of (await member.sealed.receivedLists(terminal.signal)).lists) {
      terminal.say(`${list.list}  of ${list.provider}  edition ${list.edition}: ${list.listed} listed`);
      terminal.out(JSON.stringify({ ...list, updated: beijingTime(updated) }));
    }
  });
}

function addShow(whitelist: Command, terminal: Terminal): void {
  const command = whitelist
    .command('show')
    .summary('enterprises of a list: as an agency its rows, as a bank opened and verified 名单明细')
    .argument('<list>', 'its id, as `whitelist list` prints it');
  addMemberFlags(command).action(async (id: string, flags: ConnectionFlags) => {
    const member = await openMember(flags, terminal);
    const received = await findReceived(member, id, terminal.signal);
    if (received) return showReceived(member, received, terminal);
    for (let after: string | undefined; ;) {
      const request = { list: id, limit: PAGE, ...(after !== undefined && { after }) };
      const { rows, next } = await member.sealed.listRows(request, terminal.signal);
      for (const { time, ...one } of rows) terminal.out(JSON.stringify({ ...one, time: beijingTime(time) }));
      if (next === undefined) return;
      after = next;
    }
  });
}

async function showReceived(member: Member, received: ReceivedList, terminal: Terminal): Promise<void> {
  const { sealed, keys, id } = member;
  const reader = new ListReader(
    { member: id },
    {
      sealing: keys.sealing,
      view: (members) => sealed.view(members),
      names: (item, edition) => builtInCatalogue.names(item, edition),
    },
  );
  const { provider, list } = received;
  for (let after: string | undefined; ;) {
    const request = { provider, list, limit: PAGE, ...(after !== undefined && { after }) };
    const { entries, next } = await sealed.listEntries(request, terminal.signal);
    for (const entry of entries) {
      const opened = await reader.read(received, entry);
      const { edition, name } = opened.list;
      const { records, receipt, trusted } = opened.answer;
      const { kind: state, reason, grant } = entry;
      terminal.out(
        JSON.stringify({
          uscc: receipt.subject,
          state,
          ...(reason !== undefined && { reason }),
          grant,
          list: name,
          edition,
          records: records.map(({ record, item, version, claims }) =>
            Object.assign({ record, item, version }, Object.fromEntries(claims)),
          ),
          ...(trusted.length > 0 && { trusted }),
        }),
      );
    }
    if (next === undefined) return;
    after = next;
  }
}

async function findReceived(member: Member, id: string, signal: AbortSignal): Promise<ReceivedList | undefined> {
  if (!(await rolesOf(member)).includes('bank')) return undefined;
  const found = (await member.sealed.receivedLists(signal)).lists.filter(({ list }) => list === id);
  if (found.length > 1) malformed('list', 'one of one provider', `${found.length} of this id`);
  if (found.length === 0) throw new XinlianError('NOT_FOUND', { what: 'white list', id });
  return found[0];
}

async function rolesOf({ sealed, id }: Member): Promise<readonly string[]> {
  return (await sealed.view([id])).members[0]?.roles ?? [];
}
