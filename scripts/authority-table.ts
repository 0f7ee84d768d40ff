// `node scripts/authority-table.ts`: writes the table of authority into docs/recognition.md. A test holds that it is there.
import { readFileSync, writeFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import { AUTHORITY, CASE_ACTIONS, type CaseAction, type CaseState } from '../node/core/case-authority.ts';

const BEGIN = '<!-- authority: written by scripts/authority-table.ts -->\n\n';
const END = '\n<!-- /authority -->';

const HEADINGS = ['action', 'from', 'by', 'signed beside by', 'leads to', 'its due date is for', 'answers a due date'];

/** Markdown, an action a line. */
export function authorityTable(): string {
  const rows = [HEADINGS, ...CASE_ACTIONS.map(cells)];
  const widths = HEADINGS.map((_, i) => Math.max(3, ...rows.map((row) => (row[i] ?? '').length)));
  const [head = '', ...body] = rows.map((row) => line(row.map((cell, i) => cell.padEnd(widths[i] ?? 0))));
  return [head, line(widths.map((width) => '-'.repeat(width))), ...body].join('\n') + '\n';
}

function cells(action: CaseAction): string[] {
  const { from, by, to, second, clock, answers } = AUTHORITY[action];
  return [
    `\`${action}\``,
    from.map(shown).join(', '),
    by.map((role) => role.replace('-', ' ')).join(', '),
    second === 'none' ? '' : second === 'four-eyes' ? 'host handler, where four eyes are agreed' : 'home handler',
    to ?? 'the same',
    clock === 'none' ? '' : clock,
    answers ? 'yes' : '',
  ];
}

function shown(state: CaseState): string {
  return state === 'none' ? 'nothing' : state;
}

function line(row: readonly string[]): string {
  return `| ${row.join(' | ')} |`;
}

function main(): void {
  const file = new URL('../docs/recognition.md', import.meta.url);
  const text = readFileSync(file, 'utf8');
  const begin = text.indexOf(BEGIN);
  const end = text.indexOf(END, begin);
  if (begin < 0 || end < 0) throw new Error(`wanted ${BEGIN.trim()} and ${END.trim()} in docs/recognition.md`);
  writeFileSync(file, text.slice(0, begin) + BEGIN + authorityTable() + text.slice(end));
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) main();
