// Rules of openings that a member handed over: are they those of the lines in its log, all of them, and do they say what
// the lines say?
import { equalBytes, toBase64 } from '../../core/bytes.ts';
import { openingCommitment, type QueryNote, type Receipt } from '../../core/receipt.ts';
import type { MemberId } from '../../core/ids.ts';
import type { AccessLine } from '../access-lines.ts';
import type { Rule } from '../rule.ts';

export interface OpeningFacts {
  /** What stands in the log; undefined where no line of an access does. */
  line: AccessLine | undefined;
  /** What was handed over; undefined where nothing was, `other` for what is no opening. */
  opening: Receipt | QueryNote | 'other' | undefined;
  /** Whose log it is. */
  owner: MemberId;
}

export const openingRules: readonly Rule<OpeningFacts>[] = [
  {
    id: 'opening-missing',
    version: 1,
    severity: 'violation',
    evidence: 'opening',
    zh: '日志中有访问回执或查询记录,但未交出其原文',
    en: 'A receipt or query stands in the log, and its opening was not handed over',
    check: ({ line, opening }) =>
      line && opening === undefined ? { wanted: `the opening of a ${line.kind}`, got: 'none' } : undefined,
  },
  {
    id: 'opening-of-nothing',
    version: 1,
    severity: 'violation',
    evidence: 'opening',
    zh: '交出的原文在日志该位置没有对应的回执或查询记录',
    en: 'An opening was handed over for a position that has no receipt or query',
    check: ({ line, opening }) =>
      line || opening === undefined ? undefined : { wanted: 'a receipt or query there', got: 'none' },
  },
  {
    id: 'opening-unreadable',
    version: 1,
    severity: 'violation',
    evidence: 'opening',
    zh: '交出的原文无法按规范解析,或与条目种类不符',
    en: 'What was handed over is no opening, or is one of another kind than its line',
    check: ({ line, opening }) => {
      if (!line || opening === undefined) return undefined;
      const got = opening === 'other' ? 'other' : opening.type;
      const wanted = line.kind === 'receipt' ? 'xinlian/receipt/v1' : 'xinlian/query-note/v1';
      return got === wanted ? undefined : { wanted, got };
    },
  },
  {
    id: 'opening-commitment',
    version: 1,
    severity: 'violation',
    evidence: 'opening',
    zh: '交出的原文与日志中的承诺值不符:回执内容被改动',
    en: 'An opening is not that of the commitment in the log: it says other than what was logged',
    check: ({ line, opening }) => {
      if (!line || opening === undefined || opening === 'other') return undefined;
      const got = openingCommitment(opening);
      return equalBytes(line.commitment, got) ? undefined : { wanted: toBase64(line.commitment), got: toBase64(got) };
    },
  },
  {
    id: 'opening-owner',
    version: 1,
    severity: 'violation',
    evidence: 'opening',
    zh: '回执的提供方或查询记录的查询方不是该日志的所有者',
    en: 'A receipt of another provider, or a query of another member, than the log’s owner',
    check: (facts) => {
      const opening = committed(facts);
      if (!opening) return undefined;
      const got = opening.type === 'xinlian/receipt/v1' ? opening.provider : opening.grantee;
      return got === facts.owner ? undefined : { wanted: facts.owner, got };
    },
  },
  {
    id: 'opening-time',
    version: 1,
    severity: 'violation',
    evidence: 'opening',
    zh: '原文中的时间与日志条目的时间不同',
    en: 'An opening has another time than its line',
    check: (facts) => {
      const opening = committed(facts);
      if (!opening || !facts.line || opening.time === facts.line.time) return undefined;
      return { wanted: String(facts.line.time), got: String(opening.time) };
    },
  },
];

/** The opening where it is the one that the log committed to: what it says was said then. */
export function committed({ line, opening }: OpeningFacts): Receipt | QueryNote | undefined {
  if (!line || opening === undefined || opening === 'other') return undefined;
  return equalBytes(line.commitment, openingCommitment(opening)) ? opening : undefined;
}
