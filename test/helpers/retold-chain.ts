// A chain that an engine makes up as a whole: other events, and every hash in order.
import type { RawBlock, RawLog } from '../../node/audit/ports.ts';
import { toHex, type Hex } from '../../node/core/bytes.ts';
import { XinlianError } from '../../node/core/errors.ts';
import { encodeHeader, encodeReceipt, type RpcBlock } from '../../node/core/ethereum.ts';
import { receiptsRootOf } from '../../node/core/receipts-trie.ts';
import { copyOf, type History } from './history.ts';

/** The history with other events. @param mutate may change the receipts of any block */
export function retold(history: History, mutate: (blocks: RawBlock[]) => void): History {
  const copy = copyOf(history);
  mutate(copy.blocks);
  let parent: string | undefined;
  for (const { block, receipts } of copy.blocks) {
    if (receipts) block.receiptsRoot = toHex(receiptsRootOf(receipts.map(encodeReceipt)));
    if (parent !== undefined) block.parentHash = parent;
    parent = block.hash = hashOf(block);
  }
  return copy;
}

/** Every event, in the order of the chain, with the receipt's list that it stands in. */
export function eventsIn(blocks: readonly RawBlock[]): { log: RawLog; logs: RawLog[]; block: number }[] {
  return blocks.flatMap(({ block, receipts = [] }) =>
    receipts.flatMap(({ logs }) => logs.map((log) => ({ log, logs, block: Number(block.number) }))),
  );
}

/** The hash that the fields have. */
function hashOf(block: RpcBlock): Hex {
  try {
    encodeHeader(block);
    return block.hash as Hex;
  } catch (error) {
    if (XinlianError.is(error, 'MALFORMED') && error.details.what === 'block header')
      return JSON.parse(error.details.got) as Hex;
    throw error;
  }
}
