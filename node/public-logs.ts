// What a node tells anyone of its logs: their files, and the proof of any entry. None of it is secret.
import { entryProof } from './core/bundle.ts';
import { XinlianError } from './core/errors.ts';
import { logPosition, logRead } from './core/messages/node.ts';
import { readLogFile, type LogFile } from './exchange/log-files.ts';
import type { MemberNode } from './exchange/member-node.ts';
import { RecordProofs } from './exchange/record-proofs.ts';
import type { Host } from './net/host.ts';
import type { LevelLogStore } from './store/log-store.ts';
import type { Batch } from './store/store.ts';

export interface PublicLogs {
  /** @throws NOT_FOUND, MALFORMED */
  read: (log: string, path: string) => Promise<LogFile>;
  serve(host: Host): void;
}

export function publicLogs(members: ReadonlyMap<string, MemberNode<Batch>>, logs: LevelLogStore): PublicLogs {
  const proofs = new RecordProofs<Batch>(logs);
  const ownerOf = (id: string): MemberNode<Batch> => {
    for (const member of members.values()) if (member.opened && member.log.state.id === id) return member;
    throw new XinlianError('NOT_FOUND', { what: 'log', id });
  };
  const read = async (id: string, path: string): Promise<LogFile> => readLogFile(ownerOf(id).log, logs, path);
  return {
    read,
    serve(host) {
      host.handle('log/read', async (argument) => {
        const { log, path } = logRead.decode(argument);
        return (await read(log, path)).bytes;
      });
      host.handle('log/proof', async (argument) => {
        const { log, position } = logPosition.decode(argument);
        return entryProof.encode(await proofs.entry(ownerOf(log).reading(), position));
      });
    },
  };
}
