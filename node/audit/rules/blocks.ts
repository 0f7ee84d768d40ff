// Rules of the chain of blocks: is what the engine tells one chain, and are the events those of its blocks?
import type { Hex } from '../../core/bytes.ts';
import type { Rule } from '../rule.ts';

/** A block as told, and what its bytes say. */
export interface BlockFacts {
  /** The number that was asked for. */
  number: number;
  /** What the engine says of itself. */
  told: { number: number; hash: string };
  /** Worked out from the header; undefined where its fields do not hash to the block's hash. */
  header: { hash: Hex; parentHash: Hex; number: number; timestamp: number; receiptsRoot: Hex } | undefined;
  /** The block before, where that was audited. */
  parent: { hash: Hex; time: number } | undefined;
  /** Root that the told receipts have; undefined where none are needed. */
  receiptsRoot: Hex | undefined;
  /** What is wrong with its seals; undefined where nothing is, or nobody says who seals. */
  seals: { wanted: string; got: string } | undefined;
  /** Hash that the caller knows this block to have. */
  trusted: Hex | undefined;
}

/** Why an audit cannot go behind a block: what follows would not be of one chain. */
export const blockRules: readonly Rule<BlockFacts>[] = [
  {
    id: 'block-number',
    version: 1,
    severity: 'violation',
    evidence: 'source',
    zh: '区块缺失、重复或乱序',
    en: 'A block is missing, told twice, or out of its order',
    check: ({ number, told, header }) => {
      const got = header && header.number !== number ? header.number : told.number;
      return got === number ? undefined : { wanted: `block ${number}`, got: `block ${got}` };
    },
  },
  {
    id: 'block-hash',
    version: 1,
    severity: 'violation',
    evidence: 'source',
    zh: '区块头的内容与其哈希不符',
    en: 'The fields of a block header do not have the hash that the block names',
    check: ({ told, header }) =>
      header ? undefined : { wanted: 'fields with this hash', got: `others than those of ${told.hash}` },
  },
  {
    id: 'block-parent',
    version: 1,
    severity: 'violation',
    evidence: 'source',
    zh: '区块链不连续:父哈希不是前一区块的哈希',
    en: 'The chain is not continuous: a block names another parent than the block before it',
    check: ({ header, parent }) =>
      !header || !parent || header.parentHash === parent.hash
        ? undefined
        : { wanted: parent.hash, got: header.parentHash },
  },
  {
    id: 'block-time',
    version: 1,
    severity: 'violation',
    evidence: 'source',
    zh: '区块时间早于其父区块',
    en: 'A block is older than its parent',
    check: ({ header, parent }) =>
      !header || !parent || header.timestamp >= parent.time
        ? undefined
        : { wanted: `${parent.time} or later`, got: String(header.timestamp) },
  },
  {
    id: 'block-seals',
    version: 1,
    severity: 'violation',
    evidence: 'source',
    zh: '区块没有由有权的共识节点按规则签封',
    en: 'A block was not sealed by those who were entitled to, as their consensus wants it',
    check: ({ seals }) => seals,
  },
  {
    id: 'block-receipts',
    version: 1,
    severity: 'violation',
    evidence: 'source',
    zh: '节点给出的事件不属于该区块(收据根不符):事件被隐瞒、增加或改动',
    en: 'The events told are not those of the block (receipts root): one is hidden, added or changed',
    check: ({ header, receiptsRoot }) =>
      !header || receiptsRoot === undefined || header.receiptsRoot === receiptsRoot
        ? undefined
        : { wanted: header.receiptsRoot, got: receiptsRoot },
  },
  {
    id: 'block-trusted',
    version: 1,
    severity: 'violation',
    evidence: 'source',
    zh: '该链不是审计人已知的那条链',
    en: 'The chain told is another than the one that the auditor knows',
    check: ({ header, trusted }) =>
      !header || trusted === undefined || header.hash === trusted ? undefined : { wanted: trusted, got: header.hash },
  },
];
