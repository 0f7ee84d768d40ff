// What a contract says of its own branches: `// coverage: never false, as the caller has checked it.`
import type { Outcome, OutcomeKind } from './outcome.ts';

const COMMENT = /\/\/ coverage: never ([a-z]+), (as .+)$/;

interface Claim {
  /** Line of the comment. */
  said: number;
  /** Line of the branches that it is about: its own, or the first behind it that is no comment. */
  about: number;
  kind: string;
  reason: string;
}

/** Gives outcomes the reasons why they cannot come. Throws for a comment that is about no outcome. */
export function applyClaims(path: string, source: string, outcomes: readonly Outcome[]): void {
  for (const { said, about, kind, reason } of claimsOf(source.split('\n'))) {
    const meant = outcomes.filter((outcome) => outcome.line === about && outcome.kind === (kind as OutcomeKind));
    if (meant.length === 0) throw new Error(`${path}:${said}: line ${about} has no outcome "${kind}" to be never`);
    for (const outcome of meant) outcome.never = reason;
  }
}

function claimsOf(lines: readonly string[]): Claim[] {
  return lines.flatMap((line, i) => {
    const [, kind, reason] = COMMENT.exec(line) ?? [];
    if (kind === undefined || reason === undefined) return [];
    const isAlone = line.trimStart().startsWith('//');
    const behind = lines.findIndex((other, j) => j > i && !other.trimStart().startsWith('//'));
    return [{ said: i + 1, about: isAlone ? behind + 1 : i + 1, kind, reason }];
  });
}
