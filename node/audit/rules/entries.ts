// Rules of entries that an anchored root proves: what an agency wrote into its own log.
import { equalBytes, fromUtf8, toBase64 } from '../../core/bytes.ts';
import type { Entry } from '../../core/entry.ts';
import { mayChange, statusOf } from '../../core/status-change.ts';
import type { Anchor } from '../chain-fold.ts';
import type { Rule } from '../rule.ts';

/** The log before an entry. */
export interface LogBefore {
  /** Time of the entry before; undefined for the first. */
  readonly time: number | undefined;
  /** Item of the record at a position, or `/` and the kind of what else may be annulled; undefined where neither is. */
  item(position: number): string | undefined;
  /** Status of a position, RFC 8785 form; undefined for plain live. */
  status(position: number): Uint8Array | undefined;
  /** Root of the status tree now. */
  statusRoot(): Uint8Array;
}

export interface EntryFacts {
  position: number;
  /** Undefined where the bytes are none. */
  entry: Entry | undefined;
  before: LogBefore;
  /** The first anchor that covers it. */
  anchor: Anchor;
}

/** Seconds that a clock may be set back. */
export const BACKWARDS_SECONDS = 5;
/** Seconds that an agency's clock may be before the chain's. */
export const AHEAD_SECONDS = 300;
/** Seconds from taking in to anchoring, from which on an agency has something to explain: a day. */
export const LATE_SECONDS = 86_400;

export const entryRules: readonly Rule<EntryFacts>[] = [
  {
    id: 'entry-unreadable',
    version: 1,
    severity: 'violation',
    evidence: 'log',
    zh: '日志条目无法按规范解析(未知种类或格式错误)',
    en: 'An entry that is none: an unknown kind, or another form than the protocol’s',
    check: ({ entry }) => (entry ? undefined : { wanted: 'an entry of a known kind', got: 'other bytes' }),
  },
  {
    id: 'ref-not-before',
    version: 1,
    severity: 'violation',
    evidence: 'log',
    zh: '条目所指向的条目不在其之前',
    en: 'An entry changes one that does not stand before it',
    check: ({ entry, position }) => {
      const ref = refOf(entry);
      return ref === undefined || ref < position
        ? undefined
        : { wanted: `a position before ${position}`, got: String(ref) };
    },
  },
  {
    id: 'ref-not-record',
    version: 2,
    severity: 'violation',
    evidence: 'log',
    zh: '条目所指向的条目不可变更(不是记录、身份证明或共享答复)',
    en: 'An entry changes one that is no record, certificate or approval',
    check: ({ entry, position, before }) => {
      const ref = refOf(entry);
      if (ref === undefined || ref >= position) return undefined;
      return before.item(ref) === undefined ? { wanted: 'the position of a record', got: String(ref) } : undefined;
    },
  },
  {
    id: 'ref-other-item',
    version: 1,
    severity: 'violation',
    evidence: 'log',
    zh: '更正记录与被更正记录的目录项不同',
    en: 'A record supersedes one of another item',
    check: ({ entry, before }) => {
      if (entry?.kind !== 'supersede') return undefined;
      const wanted = before.item(entry.ref);
      return wanted === undefined || wanted === entry.item ? undefined : { wanted, got: entry.item };
    },
  },
  {
    id: 'ref-changed-before',
    version: 2,
    severity: 'violation',
    evidence: 'log',
    zh: '记录的当前状态不允许此变更(重复更正、注销、修复等,历史分叉)',
    en: 'A record is changed in a way that its status does not allow: its history forks',
    check: ({ entry, before }) => {
      if (!entry || !('ref' in entry)) return undefined;
      const status = before.status(entry.ref);
      return mayChange(entry.kind, statusOf(status))
        ? undefined
        : { wanted: `a record that may have ${entry.kind}`, got: status ? fromUtf8(status) : 'live' };
    },
  },
  {
    id: 'status-root',
    version: 1,
    severity: 'violation',
    evidence: 'log',
    zh: '状态树根与重建结果不符:隐瞒或伪造了记录状态',
    en: 'A status root is not that of the statuses so far: one is hidden or made up',
    check: ({ entry, before }) => {
      if (entry?.kind !== 'status') return undefined;
      const wanted = before.statusRoot();
      return equalBytes(wanted, entry.root) ? undefined : { wanted: toBase64(wanted), got: toBase64(entry.root) };
    },
  },
  {
    id: 'checkpoint-without-status',
    version: 1,
    severity: 'violation',
    evidence: 'log',
    zh: '检查点的最后一条不是状态条目',
    en: 'The last entry under an anchored checkpoint is no status entry',
    check: ({ entry, position, anchor }) =>
      position !== anchor.size - 1 || entry?.kind === 'status'
        ? undefined
        : { wanted: 'status', got: entry?.kind ?? 'no entry' },
  },
  {
    id: 'time-backwards',
    version: 1,
    severity: 'irregularity',
    evidence: 'log',
    zh: '条目时间倒退',
    en: 'An entry is older than the one before it',
    check: ({ entry, before: { time } }) =>
      !entry || time === undefined || entry.time >= time - BACKWARDS_SECONDS
        ? undefined
        : { wanted: `${time} or later`, got: String(entry.time) },
  },
  {
    id: 'time-ahead',
    version: 1,
    severity: 'violation',
    evidence: 'log',
    zh: '条目时间晚于其上链区块时间:时间不实',
    en: 'An entry is younger than the block that anchors it: its time is not true',
    check: ({ entry, anchor }) =>
      !entry || entry.time <= anchor.time + AHEAD_SECONDS
        ? undefined
        : { block: anchor.block, wanted: `${anchor.time} or earlier`, got: String(entry.time) },
  },
  {
    id: 'anchored-late',
    version: 1,
    severity: 'irregularity',
    evidence: 'log',
    zh: '条目入日志后逾一日才上链',
    en: 'An entry was anchored more than a day after it was taken in',
    check: ({ entry, anchor }) =>
      !entry || anchor.time - entry.time <= LATE_SECONDS
        ? undefined
        : { block: anchor.block, wanted: `within ${LATE_SECONDS} s`, got: `${anchor.time - entry.time} s` },
  },
];

export interface AnchoredRootFacts {
  anchor: Anchor;
  /** Root over the proven entries of that size. */
  root: Uint8Array;
}

export const anchoredRootRules: readonly Rule<AnchoredRootFacts>[] = [
  {
    id: 'anchor-inconsistent',
    version: 1,
    severity: 'violation',
    evidence: 'log',
    zh: '先后上链的两个检查点互不一致',
    en: 'A checkpoint was anchored that a later one does not extend',
    check: ({ anchor, root }) =>
      equalBytes(anchor.root, root)
        ? undefined
        : { block: anchor.block, wanted: toBase64(root), got: toBase64(anchor.root) },
  },
];

function refOf(entry: Entry | undefined): number | undefined {
  return entry && 'ref' in entry ? entry.ref : undefined;
}
