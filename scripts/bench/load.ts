// Rows to publish, of about 470 bytes, and the client that publishes them in a member's name.
import { readFile } from 'node:fs/promises';
import { createClient } from '../../gateway/client.ts';
import type { NodeInfo } from '../../node/core/messages/node.ts';
import { createFileProvider } from '../../node/keys/file-provider.ts';
import { Secret } from '../../node/keys/secret.ts';
import { sampleRows } from '../generate.ts';
import { CAST } from '../sandbox/cast.ts';
import type { Members } from '../sandbox/cluster.ts';
import { keysDirectory, passphraseFile } from '../sandbox/consortium.ts';

export const ROW_BYTES = 470;
const TEMPLATES = 1_000;

/** A row in two halves: between them goes the number that makes its document, and so the row, another one. */
export interface Template {
  head: string;
  tail: string;
}

export function rowTemplates(): Template[] {
  return [...sampleRows({ rows: TEMPLATES, seed: 1, item: 'xk', bytes: ROW_BYTES })].map((row) => {
    const text = JSON.stringify(row);
    const end = text.indexOf('"', text.indexOf('"XK_WSH":"') + '"XK_WSH":"'.length);
    // Ten digits of a counter take the place of the last ten bytes or so of the document's number.
    return { head: text.slice(0, end), tail: `${text.slice(end)}\n` };
  });
}

export function rowOf(templates: readonly Template[], n: number): string {
  const { head, tail } = templates[n % templates.length] as Template;
  return `${head}-${String(n).padStart(9, '0')}${tail}`;
}

/** A client of a player's own gateway. `close` forgets the keys. */
export async function openPublisher(members: Pick<Members, 'gatewayUrl'>, data: string, player: string) {
  const found = CAST.find(({ key }) => key === player);
  if (!found) throw new Error(`the cast has no ${player}`);
  const passphrase = new Secret(await readFile(passphraseFile(data), 'utf8'));
  const provider = createFileProvider({ directory: keysDirectory(data), passphrase });
  const { client: signer } = await provider.open(found.id);
  const client = createClient({
    baseUrl: members.gatewayUrl(player),
    credentials: { member: found.id, sign: (message) => signer.sign(message) },
  });
  return { client, close: () => provider.close() };
}

export async function nodeInfo(members: Pick<Members, 'nodeUrl'>, player: string): Promise<NodeInfo> {
  return (await (await fetch(`${members.nodeUrl(player)}/info`)).json()) as NodeInfo;
}

/** Until the player's log is open. */
export async function untilOpen(members: Pick<Members, 'nodeUrl'>, player: string): Promise<void> {
  while ((await nodeInfo(members, player)).logs.length === 0) await new Promise((resolve) => setTimeout(resolve, 100));
}
