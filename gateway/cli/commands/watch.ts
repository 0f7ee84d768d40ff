import { readFile, rename, rm, writeFile } from 'node:fs/promises';
import type { Command } from 'commander';
import { XinlianError } from '../../../node/core/errors.ts';
import { parseArtefact } from '../../../node/core/grant.ts';
import { grantHashOf } from '../../../node/core/ids.ts';
import type { PreparedSubscription } from '../../client/watch-keys.ts';
import { Watcher, type SeenEvent } from '../../client/watcher.ts';
import { addMemberFlags, memberOf, openGrantee, type ConnectionFlags, type Member } from '../connection.ts';
import { readGrant } from '../grant-files.ts';
import type { Terminal } from '../terminal.ts';
import { builtInCatalogue } from '../../../node/policy/pack.ts';

interface WatchFlags extends ConnectionFlags {
  provider?: string;
  items?: string;
  state?: string;
  once: boolean;
  close: boolean;
}

/** As it is kept between two runs. Who has it reads the events. */
interface State extends PreparedSubscription {
  /** Of the last event that was printed. */
  cursor: number;
  /** Providers at which it is open, or was. */
  opened: string[];
  /** Of those, where it ended. */
  ended: string[];
}

/** Some providers refused, or were not reached. */
const PARTIAL = 2;
const PAGE = 100;
/** How long the node may let one request wait. */
const WAIT_MS = 15_000;

export function addWatch(program: Command, terminal: Terminal, exit: (code: number) => void): void {
  const watch = program
    .command('watch')
    .summary('subscribe to changes of an enterprise after a loan, as a bank 贷后订阅信息变动')
    .description(
      'Prints an NDJSON line for each event, opened and verified, until the grant ends. What was printed is noted in the ' +
        'state file, and the next run goes on from there; what a run was cut off in is printed again.\n' +
        '订阅企业信息变动并逐行输出;授权终止时结束;中断后从状态文件继续。',
    )
    .argument('<grant>', 'grant document, for the purpose post-loan')
    .option('--provider <members>', 'member ids or USCCs, divided by commas; default: every source of its regions')
    .option('--items <items>', 'divided by commas; default: all that the grant names')
    .option('--state <file>', 'where it is noted how far it came; default: the grant’s, with .watch.json behind it')
    .option('--once', 'print what there is, and end', false)
    .option('--close', 'end the subscription, and its file', false)
    .addHelpText(
      'after',
      '\nExit code: 0 the grant ended, or --once; 2 a provider refused or was not reached; 1 failure.',
    );
  addMemberFlags(watch).action(async (file: string, flags: WatchFlags) => exit(await run(file, flags, terminal)));
}

async function run(file: string, flags: WatchFlags, terminal: Terminal): Promise<number> {
  const member = await openGrantee(flags, terminal);
  const watcher = watcherOf(member);
  const path = flags.state ?? `${file}.watch.json`;
  const state = (await load(path)) ?? (await prepare(file, flags, watcher));
  const { terms } = parseArtefact((await readGrant(file)).artefact);
  if (state.keys.grant !== grantHashOf(terms))
    throw new XinlianError('CONFLICT', {
      what: path,
      wanted: 'the state of this grant',
      got: `that of ${state.keys.grant}`,
    });
  const { subscription } = state.keys;
  if (flags.close) {
    await member.sealed.closeSubscription({ subscription });
    await rm(path);
    terminal.say(`closed ${subscription}`);
    return 0;
  }
  // Before it is sent: what opens the events must not be lost.
  await save(path, state);
  const refused = await open(state, watcher, terminal);
  await save(path, state);
  if (state.opened.length === 0) {
    await rm(path);
    return PARTIAL;
  }
  await follow(state, { member, watcher, path, once: flags.once }, terminal);
  return refused ? PARTIAL : 0;
}

async function prepare(file: string, flags: WatchFlags, watcher: Watcher): Promise<State> {
  const prepared = await watcher.prepare({
    grant: await readGrant(file),
    ...(flags.items !== undefined && { items: flags.items.split(',') }),
    ...(flags.provider !== undefined && { providers: flags.provider.split(',').map(memberOf) }),
  });
  return { ...prepared, cursor: 0, opened: [], ended: [] };
}

/** @returns whether a provider refused or was not reached */
async function open(state: State, watcher: Watcher, terminal: Terminal): Promise<boolean> {
  // A signed subscription is good for some minutes: where it is open already, it need not be sent again.
  if (state.opened.length > 0) return false;
  const parts = await watcher.open(state, terminal.signal);
  for (const { provider, outcome, detail } of parts) {
    terminal.say(`${provider}  ${outcome}${detail === '' ? '' : `  ${detail}`}`);
    if (outcome === 'open') state.opened.push(provider);
  }
  return state.opened.length < parts.length;
}

async function follow(
  state: State,
  { member, watcher, path, once }: { member: Member; watcher: Watcher; path: string; once: boolean },
  terminal: Terminal,
): Promise<void> {
  const { keys } = state;
  while (state.ended.length < state.opened.length) {
    const request = { after: state.cursor, limit: PAGE, waitMs: once ? 0 : WAIT_MS, subscription: keys.subscription };
    const { events, next, more } = await member.sealed.events(request, terminal.signal);
    for (const event of events) {
      terminal.out(JSON.stringify(lineOf(await watcher.read(event, keys))));
      if (event.kind === 'ended') state.ended.push(event.provider);
    }
    if (next === state.cursor && once) return;
    state.cursor = next;
    await save(path, state);
    if (once && !more) return;
  }
}

function lineOf({ event, answer }: SeenEvent): object {
  const { cursor, subscription, provider, number, kind, reason } = event;
  return {
    cursor,
    subscription,
    provider,
    number,
    kind,
    ...(reason !== undefined && { reason }),
    changes: answer?.changes ?? [],
    records: (answer?.records ?? []).map(({ record, item, version, claims }) =>
      Object.assign({ record, item, version }, Object.fromEntries(claims)),
    ),
    ...(answer && answer.trusted.length > 0 && { trusted: answer.trusted }),
  };
}

function watcherOf({
  grantee,
  sealed,
}: Member & { grantee: ConstructorParameters<typeof Watcher>[0]['grantee'] }): Watcher {
  return new Watcher({
    grantee,
    home: sealed,
    view: (members) => sealed.view(members),
    names: (item, edition) => builtInCatalogue.names(item, edition),
  });
}

async function load(path: string): Promise<State | undefined> {
  try {
    return JSON.parse(await readFile(path, 'utf8')) as State;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  }
}

/** Whole or not at all: a cut run must not lose what opens the events. */
async function save(path: string, state: State): Promise<void> {
  await writeFile(`${path}.new`, `${JSON.stringify(state)}\n`, { mode: 0o600 });
  await rename(`${path}.new`, path);
}
