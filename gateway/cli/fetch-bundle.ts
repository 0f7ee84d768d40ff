import { writeFile } from 'node:fs/promises';
import { parseRecordId } from '../../node/core/ids.ts';
import type { BundleRequest } from '../../node/core/messages/record.ts';
import { openSealedClient, type ConnectionFlags } from './connection.ts';
import type { Terminal } from './terminal.ts';

/** Has the home node make a bundle, and writes it as the node made it. */
export async function fetchBundle(
  request: BundleRequest,
  flags: ConnectionFlags & { out?: string },
  terminal: Terminal,
): Promise<void> {
  const record = parseRecordId(request.record);
  const { sealed } = await openSealedClient(flags, terminal);
  const bundle = (await sealed.recordBundle({ ...request, record }, terminal.signal)).trimEnd();
  if (flags.out === undefined) return terminal.out(bundle);
  await writeFile(flags.out, `${bundle}\n`);
  terminal.say(`${flags.out}: verify it with xinlian verify ${flags.out}`);
}
