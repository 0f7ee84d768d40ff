// What was measured, for people and for programs that read lcov.
import { happened, type Outcome } from './outcome.ts';
import type { Coverage } from './project.ts';

/**
 * Everything that is wrong, a line each; nothing where every outcome came that can, and every line was run. A line on
 * which something can never come is asked for no more than that.
 */
export function faultsOf({ outcomes, counts, lines }: Coverage): string[] {
  if (outcomes.length === 0) return ['wanted the branches of at least one contract, got none'];
  const faults: { path: string; line: number; text: string }[] = [];
  for (const outcome of outcomes) {
    const { path, line, branch, kind, never } = outcome;
    const came = happened(outcome, counts);
    if (came && never !== undefined) faults.push({ path, line, text: `${branch}: was ${kind}, and is said never to be` });
    if (!came && never === undefined) faults.push({ path, line, text: `${branch}: was never ${kind}` });
  }
  for (const [path, ofPath] of lines) {
    const excused = new Set(outcomes.filter((o) => o.path === path && o.never !== undefined).map(({ line }) => line));
    for (const [line, run] of ofPath) {
      if (!run && !excused.has(line)) faults.push({ path, line, text: 'was not run, or not all of it' });
    }
  }
  return faults
    .sort((a, b) => (a.path === b.path ? a.line - b.line : a.path < b.path ? -1 : 1))
    .map(({ path, line, text }) => `contracts/${path}:${line}: ${text}`);
}

/** A table: for each contract the outcomes that came, of those that can, and the lines that were run. */
export function tableOf({ outcomes, counts, lines }: Coverage): string {
  const paths = [...new Set([...outcomes.map(({ path }) => path), ...lines.keys()])].sort();
  const rows = paths.map((path) => {
    const own = outcomes.filter((outcome) => outcome.path === path && outcome.never === undefined);
    const ofPath = [...(lines.get(path)?.values() ?? [])];
    const branches = share(own.filter((outcome) => happened(outcome, counts)).length, own.length);
    return [path, branches, share(ofPath.filter(Boolean).length, ofPath.length)];
  });
  const widths = [0, 1, 2].map((i) => Math.max(...[HEADER, ...rows].map((row) => row[i]?.length ?? 0)));
  const never = outcomes.filter((outcome) => outcome.never !== undefined).length;
  return [
    ...[HEADER, ...rows].map((row) =>
      row.map((cell, i) => (i === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[i] ?? 0))).join('  '),
    ),
    `${never} outcomes more that their contracts say, with the reason, can never come`,
  ].join('\n');
}

const HEADER = ['contract', 'branches', 'lines'];

function share(part: number, whole: number): string {
  return whole === 0 ? '-' : `${part}/${whole} ${((100 * part) / whole).toFixed(1)} %`;
}

/** A trace file: https://manpages.debian.org/lcov/geninfo.1 (FILES). Outcomes that can never come are not in it. */
export function lcovOf({ outcomes, counts, lines }: Coverage): string {
  const byPath = Map.groupBy(
    outcomes.filter(({ never }) => never === undefined),
    ({ path }) => path,
  );
  return [...lines]
    .map(([path, ofPath]) => {
      const records = (byPath.get(path) ?? []).map((outcome) => branchRecord(outcome, counts));
      const runs = [...ofPath].map(([line, run]) => `DA:${line},${run ? 1 : 0}`);
      return ['TN:', `SF:contracts/${path}`, ...records, ...runs, 'end_of_record', ''].join('\n');
    })
    .join('');
}

function branchRecord(outcome: Outcome, counts: Coverage['counts']): string {
  return `BRDA:${outcome.line},0,${outcome.tag},${happened(outcome, counts) ? 1 : '-'}`;
}
