// An agency and its records: the objections and repairs that it decides, what it annuls and shields.
import type { Command } from 'commander';
import { caseAct, signMemberAct, type CaseAct } from '../../../node/core/case-act.ts';
import { malformed, XinlianError } from '../../../node/core/errors.ts';
import { parseRecordId } from '../../../node/core/ids.ts';
import type { CaseView } from '../../../node/core/messages/case.ts';
import { actParts, caseLines, newCaseId, type ActFlags } from '../case-lines.ts';
import { addMemberFlags, openMember, type ConnectionFlags } from '../connection.ts';
import type { Terminal } from '../terminal.ts';

type Flags = ConnectionFlags & ActFlags;

export function addLife(program: Command, terminal: Terminal): void {
  const life = program
    .command('life')
    .summary('objections, repairs, annulment of your records 异议、修复与撤销')
    .description(
      'What an agency decides of its own records: objections and repairs that enterprises have filed, each with its deadline; ' +
        'annulment and shielding. Every step is signed and logged.\n' +
        '信源单位办理本单位记录的异议、信用修复,以及撤销、破产屏蔽;每一步均签名入日志并计时。',
    );

  const list = life
    .command('list')
    .summary('cases, with whose turn it is and by when 案件清单与时限')
    .option('--open', 'only those in which something is awaited')
    .option('--record <record>', 'of one record')
    .option('--json', 'a line of JSON for each');
  addMemberFlags(list).action(
    async (flags: ConnectionFlags & { open?: boolean; record?: string; json?: boolean }): Promise<void> => {
      const { sealed } = await openMember(flags, terminal);
      const query = {
        ...(flags.open && { open: true }),
        ...(flags.record !== undefined && { record: parseRecordId(flags.record) }),
      };
      for (let after: string | undefined; ;) {
        const page = await sealed.cases({ ...query, ...(after !== undefined && { after }) }, terminal.signal);
        for (const view of page.cases) tell(view, terminal, flags.json);
        if (page.next === undefined) return;
        after = page.next;
      }
    },
  );

  const step = life
    .command('do')
    .summary('take a step of a case 办理一步')
    .description(
      'Takes a step: extend, uphold (with --outcome), reject; ask, accept, refuse, approve, revoke; unshield.\n' +
        '办理:延期、异议成立(须给出结果)、不成立;补正、受理、不予受理、同意修复、撤销修复;解除屏蔽。',
    )
    .argument('<case>', 'case id')
    .argument('<step>', 'the step');
  addActFlags(addMemberFlags(step)).action(async (id: string, name: string, flags: Flags) => {
    const { sealed } = await openMember(flags, terminal);
    const { cases } = await sealed.cases({ case: id }, terminal.signal);
    const [known] = cases;
    if (!known) throw new XinlianError('NOT_FOUND', { what: 'case', id });
    const { record, kind, steps } = known;
    await act({ record, case: id, seq: steps.length, kind, step: name as CaseAct['step'] }, flags, terminal);
  });

  for (const [name, kind, summary] of [
    ['annul', 'annulment', 'annul a record 撤销记录'],
    ['shield', 'shielding', 'shield a record while a court’s plan is carried out 破产重整期间屏蔽'],
  ] as const) {
    const command = life
      .command(name)
      .summary(summary)
      .argument('<record>', 'record id')
      .option('--case <id>', 'to send the same again');
    addActFlags(addMemberFlags(command)).action(async (record: string, flags: Flags & { case?: string }) => {
      const id = flags.case ?? newCaseId();
      await act({ record: parseRecordId(record), case: id, seq: 0, kind, step: name }, flags, terminal);
    });
  }
}

function addActFlags(command: Command): Command {
  return command
    .option('--text <words>', 'reasons')
    .option('--ground <ground>', 'of annul: wrong-subject, decision-annulled, published-in-error, factual-error …')
    .option('--outcome <outcome>', 'of uphold: corrected, supplemented, deleted, stopped, removed')
    .option('--material <code=file...>', 'documents; only their digests are sent');
}

async function act(base: CaseAct, flags: Flags, terminal: Terminal): Promise<void> {
  const { id, keys, sealed } = await openMember(flags, terminal);
  const made = caseAct.check({ ...base, ...(await actParts(flags)) });
  if (made.step === 'file' || made.step === 'apply') malformed('step', 'one of an agency', made.step);
  const iat = Math.floor(Date.now() / 1000);
  const signed = await signMemberAct({ iss: id, iat, act: made }, keys.client);
  tell(await sealed.actOnCase(signed, terminal.signal), terminal, true);
}

function tell(view: CaseView, terminal: Terminal, json = false): void {
  for (const line of caseLines(view)) {
    if (json) terminal.say(line);
    else terminal.out(line);
  }
  if (json) terminal.out(JSON.stringify(view));
}
