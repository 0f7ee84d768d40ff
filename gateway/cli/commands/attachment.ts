import { openAsBlob } from 'node:fs';
import { open, readFile, rename, rm, stat, writeFile, type FileHandle } from 'node:fs/promises';
import type { Command } from 'commander';
import {
  CHUNK_BYTES,
  chunkCount,
  chunkLength,
  parseAttachment,
  parseLeaves,
  verifyChunk,
} from '../../../node/core/attachment.ts';
import { malformed, XinlianError } from '../../../node/core/errors.ts';
import { askForAttachment, fetchChunk, sendAttachment, type Offered } from '../../client/attachments.ts';
import type { Client } from '../../client.ts';
import { retry } from '../../client/retry.ts';
import { addMemberFlags, memberOf, openGrantee, openMember, type ConnectionFlags } from '../connection.ts';
import { readGrant } from '../grant-files.ts';
import { createProgress } from '../progress.ts';
import type { Terminal } from '../terminal.ts';

const MIB = 2 ** 20;
const PATIENCE_MS = 60_000;

interface GetFlags extends ConnectionFlags {
  provider: string;
  record: string;
  item: string;
  name: string;
  out: string;
}

export function addAttachment(program: Command, terminal: Terminal): void {
  const attachment = program
    .command('attachment')
    .summary('files that records name by their hash 附件')
    .description(
      'Files of up to 1 GiB, sent in chunks to your own node, sealed; fetched under a grant, each chunk verified. What was ' +
        'cut off goes on where it was when the same command is run again.\n附件分块传输、逐块核验,中断后重跑同一命令即可续传。',
    );

  addMemberFlags(
    attachment
      .command('put')
      .summary('send a file to your own node; prints the name for the record 上传')
      .argument('<file>'),
  ).action((file: string, flags: ConnectionFlags) => put(file, flags, terminal));

  addMemberFlags(
    attachment
      .command('get')
      .summary('fetch an attachment under a grant 依授权下载')
      .argument('<grant>', 'grant document')
      .requiredOption('--provider <member>', 'member id or USCC')
      .requiredOption('--record <record>', 'the record that names it')
      .requiredOption('--item <item>', 'of that record')
      .requiredOption('--name <name>', 'xa1.…, as the record names it')
      .requiredOption('--out <file>', 'where it goes; what is there in part is gone on with'),
  ).action((grant: string, flags: GetFlags) => get(grant, flags, terminal));
}

async function put(path: string, flags: ConnectionFlags, terminal: Terminal): Promise<void> {
  const { sealed } = await openMember(flags, terminal);
  const file = await openAsBlob(path);
  const progress = createProgress(file.size, terminal, 'MiB');
  try {
    const name = await sendAttachment(file, sealed, {
      ...(terminal.signal && { signal: terminal.signal }),
      onProgress: (done) => progress.update(done, Math.floor(done / MIB)),
    });
    terminal.out(JSON.stringify({ attachment: name, bytes: file.size }));
  } finally {
    progress.stop();
  }
}

async function get(grant: string, flags: GetFlags, terminal: Terminal): Promise<void> {
  const { grantee, client } = await openGrantee(flags, terminal);
  const [part, kept] = [`${flags.out}.part`, `${flags.out}.offer`];
  const offered =
    (await keptOffer(kept, flags)) ??
    (await askForAttachment(
      grantee,
      {
        grant: await readGrant(grant),
        items: [flags.item],
        provider: memberOf(flags.provider),
        attachment: { record: flags.record, attachment: flags.name },
      },
      terminal.signal,
    ));
  // Of a counted grant another offer would be another use: this one goes on for a day.
  await writeFile(kept, `${JSON.stringify({ provider: offered.provider, offer: offered.offer })}\n`, { mode: 0o600 });
  await fetchTo(part, offered, client, terminal);
  await rename(part, flags.out);
  await rm(kept);
  terminal.out(JSON.stringify({ attachment: flags.name, bytes: offered.attachment.size, file: flags.out }));
}

/** The offer of an earlier run, where it is for the same attachment and has not run out. */
async function keptOffer(path: string, flags: GetFlags): Promise<Offered | undefined> {
  const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });
  if (text === undefined) return undefined;
  const { provider, offer } = JSON.parse(text) as Pick<Offered, 'provider' | 'offer'>;
  if (provider !== memberOf(flags.provider) || offer.attachment !== flags.name || offer.until * 1000 <= Date.now())
    return undefined;
  const attachment = parseAttachment(offer.attachment);
  return { provider, offer, attachment, leaves: parseLeaves(attachment, offer.leaves) };
}

async function fetchTo(path: string, offered: Offered, client: Client, terminal: Terminal): Promise<void> {
  const { size } = offered.attachment;
  const file = await openPart(path);
  const progress = createProgress(size, terminal, 'MiB');
  try {
    for (let index = await goodChunks(file, offered); index < chunkCount(size); index++) {
      progress.update(index * CHUNK_BYTES, index);
      const chunk = await retry(() => fetchChunk(client, offered, index, terminal.signal), {
        patienceMs: PATIENCE_MS,
        signal: terminal.signal,
        wait: terminal.wait,
      });
      await file.write(chunk, 0, chunk.length, index * CHUNK_BYTES);
    }
    await file.truncate(size);
    await file.sync();
  } finally {
    progress.stop();
    await file.close();
  }
}

async function openPart(path: string): Promise<FileHandle> {
  const there = await stat(path).catch(() => undefined);
  if (there && !there.isFile()) malformed('--out', 'a file', path);
  return open(path, there ? 'r+' : 'wx+', 0o600);
}

/** How many chunks from the first on are there, whole and right. */
async function goodChunks(file: FileHandle, { attachment, leaves }: Offered): Promise<number> {
  const { size } = await file.stat();
  for (let index = 0; index < chunkCount(attachment.size); index++) {
    const length = chunkLength(attachment.size, index);
    if (index * CHUNK_BYTES + length > size) return index;
    const chunk = new Uint8Array(length);
    await file.read(chunk, 0, length, index * CHUNK_BYTES);
    try {
      verifyChunk(attachment, leaves, index, chunk);
    } catch (error) {
      if (!XinlianError.is(error, 'PROOF_INVALID')) throw error;
      return index;
    }
  }
  return chunkCount(attachment.size);
}
