// Rules of the checkpoint that a source serves: a C2SP signed note.
import { equalBytes, toBase64 } from '../../core/bytes.ts';
import type { MemberId } from '../../core/ids.ts';
import type { Anchor } from '../chain-fold.ts';
import type { Rule } from '../rule.ts';
import { LATE_SECONDS } from './entries.ts';

/** Whose checkpoint key signed, and from which block to which that key was its. */
export interface Signer {
  member: MemberId;
  since: number;
  until: number | undefined;
}

export interface NoteFacts {
  /** Undefined where it is no checkpoint. */
  checkpoint: { origin: string; size: number; root: Uint8Array } | undefined;
  /** Origin line that this log has. */
  origin: string;
  owner: MemberId;
  /** Members whose key, current or retired, gave a good signature. */
  signers: readonly Signer[];
  /** Whether no signature even names a key that a member has or had. */
  stranger: boolean;
  /** Name of a witness whose cosignature does not hold. */
  badCosignature: string | undefined;
  /** The anchor of the same size, where one is. */
  anchor: Anchor | undefined;
  /** Size of the last anchor; 0 before the first. */
  anchored: number;
  closed: boolean;
  /** Root of that size by what the anchored root proves; undefined where that is not known, or the note is larger. */
  root: Uint8Array | undefined;
  /** For a note that is larger than the last anchor: whether its tree extends that; undefined where not known. */
  extends: boolean | undefined;
  /** Time of the last entry under it, where that could be read. */
  lastTime: number | undefined;
  /** Time of the block that the audit goes to. */
  time: number;
}

export const noteRules: readonly Rule<NoteFacts>[] = [
  {
    id: 'note-unreadable',
    version: 1,
    severity: 'violation',
    evidence: 'source',
    zh: '所提供的检查点不符合签名文本格式',
    en: 'The checkpoint served is none',
    check: ({ checkpoint }) => (checkpoint ? undefined : { wanted: 'a signed checkpoint', got: 'another text' }),
  },
  {
    id: 'note-origin',
    version: 1,
    severity: 'violation',
    evidence: 'source',
    zh: '检查点的来源行属于另一条链、合约或日志',
    en: 'The checkpoint is of another chain, contract or log',
    check: ({ checkpoint, origin }) =>
      !checkpoint || checkpoint.origin === origin ? undefined : { wanted: origin, got: checkpoint.origin },
  },
  {
    id: 'note-signature',
    version: 1,
    severity: 'violation',
    evidence: 'source',
    zh: '检查点没有日志所有者的有效签名:签名伪造或出自他人',
    en: 'The checkpoint has no good signature of the log’s owner: it is forged, or another’s',
    check: ({ checkpoint, owner, signers, stranger, anchored }) => {
      if (!checkpoint || signers.some(({ member }) => member === owner)) return undefined;
      // A key that came after the last block: it cannot be judged, and the audit is told to be incomplete.
      if (stranger && checkpoint.size > anchored) return undefined;
      const [other] = signers;
      return { wanted: `a signature of ${owner}`, got: other ? `one of ${other.member}` : 'none that holds' };
    },
  },
  {
    id: 'note-cosignature',
    version: 1,
    severity: 'violation',
    evidence: 'source',
    zh: '检查点所附的见证签名无效',
    en: 'The checkpoint is shown with a cosignature that does not hold',
    check: ({ badCosignature }) =>
      badCosignature === undefined
        ? undefined
        : { wanted: `a cosignature of ${badCosignature}`, got: 'another signature' },
  },
  {
    id: 'note-key-retired',
    version: 1,
    severity: 'violation',
    evidence: 'source',
    zh: '检查点由上链时已停用或尚未启用的密钥签名',
    en: 'The checkpoint is signed by a key that was not in its tenure when it was anchored',
    check: ({ checkpoint, owner, signers, anchor }) => {
      if (!checkpoint || !anchor) return undefined;
      const own = signers.filter(({ member }) => member === owner);
      const held = ({ since, until = Infinity }: Signer): boolean => since <= anchor.block && anchor.block <= until;
      const [first] = own;
      if (!first || own.some(held)) return undefined;
      return { block: anchor.block, wanted: `a key of block ${anchor.block}`, got: tenureText(first) };
    },
  },
  {
    id: 'note-root',
    version: 1,
    severity: 'violation',
    evidence: 'source',
    zh: '检查点的根与上链或已证明的根不同:向不同人展示不同的日志',
    en: 'The checkpoint has another root than the one anchored or proved for its size: a split view',
    check: ({ checkpoint, anchor, root: proven }) => {
      const wanted = anchor?.root ?? proven;
      return !checkpoint || !wanted || equalBytes(wanted, checkpoint.root)
        ? undefined
        : { wanted: toBase64(wanted), got: toBase64(checkpoint.root) };
    },
  },
  {
    id: 'note-not-extending',
    version: 1,
    severity: 'violation',
    evidence: 'source',
    zh: '检查点不是最后上链检查点的延续',
    en: 'The checkpoint does not extend the last one that was anchored',
    check: ({ checkpoint, anchored, extends: does }) =>
      !checkpoint || does !== false
        ? undefined
        : { wanted: `an extension of size ${anchored}`, got: `another tree of size ${checkpoint.size}` },
  },
  {
    id: 'note-behind',
    version: 1,
    severity: 'violation',
    evidence: 'source',
    zh: '所提供的日志短于已上链的日志:隐瞒了条目',
    en: 'The log served is shorter than what was anchored: entries are withheld',
    check: ({ checkpoint, anchored }) =>
      !checkpoint || checkpoint.size >= anchored
        ? undefined
        : { position: checkpoint.size, end: anchored, wanted: `${anchored} entries`, got: String(checkpoint.size) },
  },
  {
    id: 'note-unanchored',
    version: 1,
    severity: 'irregularity',
    evidence: 'source',
    zh: '检查点逾一日未上链',
    en: 'The checkpoint was not anchored within a day',
    check: ({ checkpoint, anchored, closed, lastTime, time }) =>
      !checkpoint || closed || checkpoint.size <= anchored || lastTime === undefined || time - lastTime <= LATE_SECONDS
        ? undefined
        : { wanted: `an anchor within ${LATE_SECONDS} s`, got: `none after ${time - lastTime} s` },
  },
];

function tenureText({ since, until }: Signer): string {
  return `one of blocks ${since} to ${until ?? 'now'}`;
}
