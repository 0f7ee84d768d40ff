// Rules of what a source serves of a log, judged by what the anchored root proves.
import { equalBytes } from '../../core/bytes.ts';
import { HASH_LENGTH } from '../../core/merkle.ts';
import type { Fault, Rule } from '../rule.ts';

export interface TileFacts {
  /** Hashes that a file of this path has. */
  width: number;
  content: Uint8Array | 'missing' | 'malformed';
  /** What its first hashes are; undefined where nothing served proves them. */
  proven: Uint8Array | undefined;
}

export const tileRules: readonly Rule<TileFacts>[] = [
  {
    id: 'tile-wrong',
    version: 1,
    severity: 'violation',
    evidence: 'source',
    zh: '哈希分块缺失、长度不符,或与已上链的根不符',
    en: 'A tile of hashes is missing, of another length, or not what the anchored root has',
    check: ({ width, content, proven }) => {
      if (typeof content === 'string') return { wanted: 'the tile', got: content };
      if (content.length !== width * HASH_LENGTH)
        return { wanted: `${width * HASH_LENGTH} bytes`, got: `${content.length}` };
      if (!proven || startsWith(content, proven)) return undefined;
      const at = hashesOf(proven).findIndex((hash, i) => !equalBytes(hash, hashAt(content, i)));
      return { wanted: 'the hashes under the anchored root', got: `another from hash ${at} on` };
    },
  },
];

export interface RangeFacts {
  /** Whether any of what is served gives the proven hash. */
  proven: boolean;
  position: number;
  end: number;
}

export const rangeRules: readonly Rule<RangeFacts>[] = [
  {
    id: 'range-unproved',
    version: 1,
    severity: 'violation',
    evidence: 'source',
    zh: '所提供的条目与哈希均不能得出已上链的根',
    en: 'Neither the entries served nor their hashes give the anchored root',
    check: ({ proven, position, end }) =>
      proven ? undefined : { position, end, wanted: 'entries or hashes under the anchored root', got: 'neither' },
  },
];

export interface TreeFacts {
  /** Size up to which the served tree is the anchored one. */
  proven: number;
  /** The first anchored size that it does not give; undefined where it gives all. */
  broken: number | undefined;
  /** Whether too little is served to give any root of that size. */
  missing: boolean;
}

export const treeRules: readonly Rule<TreeFacts>[] = [
  {
    id: 'log-rewritten',
    version: 1,
    severity: 'violation',
    evidence: 'source',
    zh: '所提供的日志不是已上链的日志:历史被改写',
    en: 'The log served is not the one that was anchored: its history was rewritten',
    check: ({ proven, broken, missing }) =>
      broken === undefined || missing
        ? undefined
        : { position: proven, end: broken, wanted: `the root anchored at size ${broken}`, got: 'another' },
  },
  {
    id: 'log-withheld',
    version: 1,
    severity: 'violation',
    evidence: 'source',
    zh: '未提供证明日志所需的哈希与条目',
    en: 'Neither the hashes nor the entries that would prove the log are served',
    check: ({ proven, broken, missing }) =>
      broken === undefined || !missing
        ? undefined
        : { position: proven, end: broken, wanted: `what gives the root anchored at size ${broken}`, got: 'nothing' },
  },
];

export interface BundleFacts {
  /** Position of its first entry. */
  position: number;
  /** Entries that a file of this path has. */
  width: number;
  /** Leaf hashes of what came. */
  leaves: readonly Uint8Array[] | 'missing' | 'malformed';
  /** Leaf hashes that the anchored root proves: those of the first entries. */
  proven: readonly Uint8Array[];
}

export const bundleRules: readonly Rule<BundleFacts>[] = [
  {
    id: 'bundle-unreadable',
    version: 1,
    severity: 'violation',
    evidence: 'source',
    zh: '条目包缺失或无法解析',
    en: 'A bundle of entries is missing, or is none',
    check: ({ leaves, position, proven }) =>
      typeof leaves === 'string'
        ? { position, end: position + proven.length, wanted: 'the bundle', got: leaves }
        : undefined,
  },
  difference('missing', '条目缺失:日志中有的条目未提供', 'An entry that is in the log is left out'),
  difference('extra', '多出条目:日志中没有或重复', 'An entry that is not in the log, or there twice'),
  difference('reordered', '条目顺序被改变', 'Entries in another order than in the log'),
  difference(
    'rewritten',
    '条目被改写:与已上链的根不符',
    'An entry was rewritten: it is not the one under the anchored root',
  ),
];

type Difference = 'missing' | 'extra' | 'reordered' | 'rewritten';

function difference(kind: Difference, zh: string, en: string): Rule<BundleFacts> {
  return {
    id: `entry-${kind}`,
    version: 1,
    severity: 'violation',
    evidence: 'source',
    zh,
    en,
    check: (facts): Fault | undefined => {
      const first = firstDifference(facts);
      if (first?.kind !== kind) return undefined;
      return { position: facts.position + first.at, wanted: 'the entry of this position', got: kind };
    },
  };
}

/** The first entry that is not the proven one, and what became of it. */
function firstDifference({ leaves, proven, width }: BundleFacts): { kind: Difference; at: number } | undefined {
  if (typeof leaves === 'string') return undefined;
  const at = proven.findIndex((hash, i) => !leaves[i] || !equalBytes(hash, leaves[i]));
  if (at < 0) {
    if (leaves.length === width) return undefined;
    return leaves.length < width ? { kind: 'missing', at: leaves.length } : { kind: 'extra', at: width };
  }
  const leaf = leaves[at];
  const next = leaves[at + 1];
  if (leaves.length < width && (!leaf || isAt(proven, at + 1, leaf))) return { kind: 'missing', at };
  if (leaves.length > width && next && isAt(proven, at, next)) return { kind: 'extra', at };
  const elsewhere = leaf !== undefined && proven.some((hash) => equalBytes(hash, leaf));
  return { kind: elsewhere ? 'reordered' : 'rewritten', at };
}

function isAt(hashes: readonly Uint8Array[], index: number, hash: Uint8Array): boolean {
  const other = hashes[index];
  return other !== undefined && equalBytes(other, hash);
}

/** The hashes of a tile. */
export function hashesOf(tile: Uint8Array): Uint8Array[] {
  return Array.from({ length: tile.length / HASH_LENGTH }, (_, i) => hashAt(tile, i));
}

function hashAt(tile: Uint8Array, index: number): Uint8Array {
  return tile.subarray(index * HASH_LENGTH, (index + 1) * HASH_LENGTH);
}

function startsWith(bytes: Uint8Array, start: Uint8Array): boolean {
  return equalBytes(bytes.subarray(0, start.length), start);
}
