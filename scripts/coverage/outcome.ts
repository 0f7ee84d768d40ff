// What may become of a branch, and whether it did.

/**
 * - a condition, or an operand of `&&` and `||`, is `true` or `false`: so are `if`, `?:`, `require` and the end of a loop
 * - a loop is `skipped` where its condition does not hold at once
 * - a case of a `switch` is `chosen`; a clause of a `try` has `succeeded`, or `caught`
 * - a modifier has `passed` or `refused`, at each function that has it
 */
export type OutcomeKind = 'true' | 'false' | 'skipped' | 'chosen' | 'succeeded' | 'caught' | 'passed' | 'refused';

export interface Outcome {
  /** File of the contract, from the folder of all contracts. */
  path: string;
  /** Line of the branch, from 1. */
  line: number;
  /** The branch as it stands in the source. */
  branch: string;
  kind: OutcomeKind;
  /** Number under which the instrumented contract tells it. */
  tag: number;
  /** Told so often where the outcome was another: then `tag` has to be told more often. */
  unless?: number;
  /** Why it cannot come, where the contract says so. */
  never?: string;
}

/** First in every tag, so that they are told apart from those of statements: `Branches.sol` has the same. */
const TAGS = Buffer.from('xinlian branch').toString('hex').padEnd(64, '0');

/** A tag as Hardhat reports it: 32 bytes of hex. */
export function tagOf(outcome: number): string {
  const number = outcome.toString(16);
  return TAGS.slice(0, -number.length) + number;
}

/** @param counts how often each tag was told */
export function happened({ tag, unless }: Outcome, counts: ReadonlyMap<string, number>): boolean {
  const count = (number: number | undefined): number => (number === undefined ? 0 : (counts.get(tagOf(number)) ?? 0));
  return count(tag) > count(unless);
}
