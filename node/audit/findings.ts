// What was found, each thing once. A rule that breaks at one position after another gives one finding of the range: a
// million late entries are one fact.
import { canonicalize, type JsonValue } from '../core/canonical.ts';
import type { Finding } from './rule.ts';

export class Findings {
  readonly #byText = new Map<string, Finding>();
  /** The last finding of each rule and log that more may be joined to. */
  readonly #open = new Map<string, { text: string; finding: Finding }>();

  constructor(findings: Iterable<Finding> = []) {
    for (const finding of findings) this.add(finding);
  }

  add(finding: Finding): void {
    const { rule, log, position, end = (position ?? 0) + 1 } = finding;
    if (!isOfRange(finding) || log === undefined || position === undefined) {
      this.#byText.set(findingText(finding), finding);
      return;
    }
    const key = `${rule}/${log}`;
    const before = this.#open.get(key);
    let joined = finding;
    if (before && endOf(before.finding) === position) {
      this.#byText.delete(before.text);
      joined = { ...before.finding, end };
    }
    const text = findingText(joined);
    this.#byText.set(text, joined);
    // Kept findings come back in the order of their texts: the one that reaches farthest is the one to join to.
    if (!before || endOf(joined) > endOf(before.finding)) this.#open.set(key, { text, finding: joined });
  }

  addAll(findings: Iterable<Finding>): void {
    for (const finding of findings) this.add(finding);
  }

  /** In the order of their RFC 8785 forms: the same however they were found. */
  sorted(): Finding[] {
    return [...this.#byText].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, finding]) => finding);
  }
}

/** What is said of an access is of it alone. */
function isOfRange({ evidence, grant }: Finding): boolean {
  return evidence === 'log' || (evidence === 'opening' && grant === undefined);
}

function endOf({ position = 0, end = position + 1 }: Finding): number {
  return end;
}

/** RFC 8785 form. A finding is plain JSON, which its interface cannot say: an index signature would let in any member. */
export function findingText(finding: Finding): string {
  return canonicalize(finding as unknown as JsonValue);
}
