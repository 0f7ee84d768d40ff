// Cases for people: where one stands, whose turn it is, by when.
import { sha256 } from '#sha256';
import { readFile } from 'node:fs/promises';
import { toBase64Url } from '../../node/core/bytes.ts';
import type { CaseAct } from '../../node/core/case-act.ts';
import { malformed } from '../../node/core/errors.ts';
import type { CaseView } from '../../node/core/messages/case.ts';
import { beijingTime } from '../beijing-time.ts';

/** What an act says, as flags give it. */
export interface ActFlags {
  text?: string;
  ground?: string;
  outcome?: string;
  material?: string[];
}

export function caseLines(view: CaseView): string[] {
  const { case: id, kind, record, state, due, turn, overdue, outcome, steps } = view;
  const late = overdue ? '  LATE 已逾期' : '';
  const by = due
    ? `  ${turn} by ${due.date} (${due.term}, ${due.citation})${due.unverified ? ' 未核实 unverified' : ''}`
    : '';
  return [
    `${id}  ${kind}  ${state}${outcome === undefined ? '' : `: ${outcome}`}${by}${due?.provisional ? ' 暂定 provisional' : ''}${late}`,
    `  record ${record}`,
    ...steps.map(({ opening: { act, by, time } }) => {
      return `  ${beijingTime(time)}  ${by}  ${act.step}${act.text === undefined ? '' : `: ${act.text}`}`;
    }),
  ];
}

/** The parts of an act that flags give; the codec of the act refuses what is none. */
export async function actParts({ text, ground, outcome, material = [] }: ActFlags): Promise<Partial<CaseAct>> {
  const materials = await Promise.all(material.map(materialOf));
  return {
    ...(text !== undefined && { text }),
    ...(ground !== undefined && { ground: ground as CaseAct['ground'] & string }),
    ...(outcome !== undefined && { outcome: outcome as CaseAct['outcome'] & string }),
    ...(materials.length > 0 && { materials }),
  };
}

export function newCaseId(): string {
  return toBase64Url(crypto.getRandomValues(new Uint8Array(16)));
}

/** `code=file`: only the digest of the file leaves this machine. */
async function materialOf(text: string): Promise<NonNullable<CaseAct['materials']>[number]> {
  const [code = '', file] = text.split('=', 2);
  if (file === undefined) return malformed('--material', 'code=file', text);
  return { code, digest: toBase64Url(sha256(await readFile(file))) };
}
