// What a gateway says of the chain, for those who choose to believe it when they verify a bundle.
import { fromBase64Url, type Hex } from '../../node/core/bytes.ts';
import { parseCheckpoint, parseOrigin, type LogOrigin } from '../../node/core/checkpoint.ts';
import { witnessName } from '../../node/core/cosignature.ts';
import { XinlianError } from '../../node/core/errors.ts';
import { parseMemberId } from '../../node/core/ids.ts';
import { parseNote, type NoteVerifier } from '../../node/core/note.ts';
import { parseTlogProof } from '../../node/core/tlog-proof.ts';
import type { VerificationContext, VerifiedAnchor, VerifiedCheckpoint } from '../../node/core/verify-bundle.ts';
import type { TlogProofContext } from '../../node/core/verify-tlog-proof.ts';
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

/** Asks for the keys that a tlog-proof wants: of the owner of its log, and of all members as witnesses. Throws ApiError. */
export async function keysAsToldBy(
  client: Pick<Client, 'getMember' | 'listMembers' | 'listCheckpoints'>,
  text: string,
): Promise<Pick<TlogProofContext, 'logKeys' | 'witnesses'>> {
  const origin = originIn(text);
  if (!origin) return { logKeys: () => [], witnesses: [] };
  const witnesses: NoteVerifier[] = [];
  const keys = new Map<string, Uint8Array[]>();
  const pages = itemsOf((cursor) => client.listMembers({ query: { ...(cursor !== undefined && { cursor }) } }));
  for await (const { id } of pages) {
    const { history } = await client.getMember({ params: { member: id } });
    const held = (history.checkpoint ?? []).map(({ key }) => fromBase64Url(key, 32));
    keys.set(id, held);
    const name = witnessName(origin, parseMemberId(id));
    witnesses.push(...held.map((publicKey) => ({ name, publicKey })));
  }
  const logs = itemsOf((cursor) => client.listCheckpoints({ query: { ...(cursor !== undefined && { cursor }) } }));
  let owner: string | undefined;
  for await (const view of logs) if (view.log === origin.log) owner = view.owner;
  return { logKeys: () => (owner === undefined ? [] : (keys.get(owner) ?? [])), witnesses };
}

/** The log that a proof says it is of; undefined where it is no proof: its verification will say so. */
function originIn(text: string): LogOrigin | undefined {
  try {
    return parseOrigin(parseCheckpoint(parseNote(parseTlogProof(text).note).text).origin);
  } catch (error) {
    if (XinlianError.is(error)) return undefined;
    throw error;
  }
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
