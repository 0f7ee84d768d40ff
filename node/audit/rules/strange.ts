import type { Rule } from '../rule.ts';

export interface StrangeFacts {
  /** The event's first topic. */
  topic: string | undefined;
  /** Whether it could be read. */
  known: boolean;
}

/** What the contracts tell and this version cannot read: whatever follows from it is not judged. */
export const strangeEvent: Rule<StrangeFacts> = {
  id: 'event-unknown',
  version: 1,
  severity: 'violation',
  evidence: 'chain',
  zh: '合约发出了本版本不认识或无法解析的事件:合约被替换,或审计程序过旧',
  en: 'The contracts tell an event that this version cannot read: they were replaced, or the auditor is too old',
  // No message of a library here: it is part of the digest.
  check: ({ topic, known }) => (known ? undefined : { wanted: 'a known event', got: topic ?? 'no topic' }),
};
