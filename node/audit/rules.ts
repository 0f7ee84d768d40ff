// Every rule there is. What comes later joins here: events of another contract with a fold of theirs in the chain's state
// and rules over `EventFacts`; kinds of entries with rules over `EntryFacts`; what joins both, such as a query that has no
// receipt, as a list of its own that the audit judges behind the logs.
import type { Rule, RuleText } from './rule.ts';
import { anchorRules } from './rules/anchors.ts';
import { blockRules } from './rules/blocks.ts';
import { anchoredRootRules, entryRules } from './rules/entries.ts';
import type { EventFacts } from './rules/events.ts';
import { grantRules } from './rules/grants.ts';
import { answerRules, joinRules, useRules } from './rules/joins.ts';
import { memberRules } from './rules/members.ts';
import { recognitionRules } from './rules/recognition.ts';
import { noteRules } from './rules/notes.ts';
import { bundleRules, rangeRules, tileRules, treeRules } from './rules/served.ts';
import { openingRules } from './rules/openings.ts';
import { readRules } from './rules/reads.ts';
import { recordRules } from './rules/records.ts';
import { strangeEvent } from './rules/strange.ts';
import { viewRules } from './rules/views.ts';
import { voteRules } from './rules/votes.ts';

/** Judged at each event. */
export const eventRules: readonly Rule<EventFacts>[] = [
  ...memberRules,
  ...voteRules,
  ...anchorRules,
  ...grantRules,
  ...recognitionRules,
];

/** All of them, in the order in which `xinlian audit rules` lists them. */
export const RULES: readonly RuleText[] = [
  ...blockRules,
  strangeEvent,
  ...eventRules,
  ...entryRules,
  ...anchoredRootRules,
  ...openingRules,
  ...recordRules,
  ...readRules,
  ...joinRules,
  ...answerRules,
  ...useRules,
  ...treeRules,
  ...tileRules,
  ...rangeRules,
  ...bundleRules,
  ...noteRules,
  ...viewRules,
].map(({ id, version, severity, evidence, zh, en }) => ({ id, version, severity, evidence, zh, en }));
