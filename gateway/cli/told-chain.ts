// What a gateway says of the chain, for those who choose to believe it when they verify a bundle.
import { fromBase64Url, type Hex } from '../../node/core/bytes.ts';
import type { VerificationContext, VerifiedAnchor, VerifiedCheckpoint } from '../../node/core/verify-bundle.ts';
import type { LogView } from '../api/logs.ts';
import type { Client } from '../client.ts';
import { itemsOf } from './pages.ts';

/** Asks for the member of a checkpoint, its log, and the block that anchors it. Throws ApiError. */
export async function chainAsToldBy(
  client: Pick<Client, 'getMember' | 'listCheckpoints'>,
  { member, origin }: VerifiedCheckpoint,
  anchor: VerifiedAnchor | undefined,
): Promise<Pick<VerificationContext, 'checkpointKey' | 'logOwner' | 'trustedBlock'>> {
  const { history } = await client.getMember({ params: { member } });
  const log = await findLog(client, member, origin.log);
  // It tells the last blocks only; of others it says nothing.
  const block = [log?.final, log?.head].find((head) => head !== undefined && head.block === anchor?.number);
  const tenures = history.checkpoint ?? [];
  return {
    // Without a block, the key of today.
    checkpointKey: (id, _log, block) => {
      const tenure = tenures.findLast(({ since, until }) =>
        block === undefined ? until === undefined : since <= block && block <= (until ?? block),
      );
      return id === member && tenure ? fromBase64Url(tenure.key, 32) : undefined;
    },
    logOwner: (id) => (id === origin.log && log ? member : undefined),
    ...(block && { trustedBlock: block.blockHash as Hex }),
  };
}

async function findLog(
  { listCheckpoints }: Pick<Client, 'listCheckpoints'>,
  owner: string,
  id: string,
): Promise<LogView | undefined> {
  const logs = itemsOf((cursor) => listCheckpoints({ query: { owner, ...(cursor !== undefined && { cursor }) } }));
  for await (const view of logs) if (view.log === id) return view;
  return undefined;
}
