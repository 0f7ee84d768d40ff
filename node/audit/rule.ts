// What a rule is, and what it finds.
import type { GrantHash, LogId, MemberId } from '../core/ids.ts';

/** `violation`: a lie, or an act that nobody was entitled to. `irregularity`: what an honest member may have to explain. */
export type Severity = 'violation' | 'irregularity';

/**
 * What bears a finding out. `chain`: events under verified headers. `log`: entries that an anchored root proves. Both are
 * the same to every auditor, and so part of the digest. `opening`: what the auditor was handed, where a log committed to it;
 * part of the digest, which names what was handed over. `source`: what one endpoint, mirror or engine served; it is not.
 */
export type Evidence = 'chain' | 'log' | 'opening' | 'source';

/** Where a fault is, as narrow as it is known, and whose it is. */
export interface Place {
  block?: number;
  /** Index of the event in its block. */
  logIndex?: number;
  /** Who did it, or answers for the log that it is in. */
  member?: MemberId;
  grant?: GrantHash;
  log?: LogId;
  /** Position of the entry; of the first one where `end` is given. */
  position?: number;
  /** Position behind the last entry. */
  end?: number;
  /** Path of the file in its log: `checkpoint`, `tile/…`. */
  file?: string;
  /** Endpoint, mirror or engine that served it. */
  source?: string;
  /** Signed notes that prove it. */
  notes?: string[];
}

/** What a rule says of facts that break it. Its place adds to that of the facts. */
export interface Fault extends Place {
  wanted: string;
  got: string;
}

/** One kind of anomaly. */
export interface Rule<Facts> {
  /** Kebab case; once used, never used for something else. */
  id: string;
  /** Raised whenever the rule finds more, less or other than before: it is part of the audit digest. */
  version: number;
  severity: Severity;
  evidence: Evidence;
  zh: string;
  en: string;
  /** Pure. @returns undefined where all is well */
  check: (facts: Facts) => Fault | undefined;
}

/** What lists need of a rule. */
export type RuleText = Omit<Rule<never>, 'check'>;

export interface Finding extends Fault {
  rule: string;
  severity: Severity;
  evidence: Evidence;
}

/** Applies rules to facts. @param place where the facts are; what a fault says of its place goes above it */
export function judge<Facts>(rules: readonly Rule<Facts>[], facts: Facts, place: Place): Finding[] {
  const findings: Finding[] = [];
  for (const { id: rule, severity, evidence, check } of rules) {
    const fault = check(facts);
    if (fault) findings.push({ rule, severity, evidence, ...place, ...fault });
  }
  return findings;
}
