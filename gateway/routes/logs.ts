// Logs as C2SP tlog-tiles, read from their owners' nodes.
import { fromUtf8 } from '../../node/core/bytes.ts';
import { XinlianError } from '../../node/core/errors.ts';
import { parseLogId } from '../../node/core/ids.ts';
import { entryProof } from '../../node/core/bundle.ts';
import { logPosition, logRead } from '../../node/core/messages/node.ts';
import { parseTilePath, TILE_WIDTH } from '../../node/core/tiles.ts';
import type { Logs, NodeCaller } from '../ports.ts';
import type { Handlers } from './handler.ts';

/** A full tile never changes. */
const FOR_EVER = 'public, max-age=31536000, immutable';

/** A partial tile never changes either, but may be gone once the full one is there. */
const A_WHILE = 'public, max-age=300';

/** Checkpoints follow one another every few seconds. */
const A_MOMENT = 'public, max-age=2';

export function logRoutes(
  { nodeTimeoutMs }: { nodeTimeoutMs: number },
  { logs, nodes }: { logs: Logs; nodes: NodeCaller },
) {
  async function read(text: string, path: string, signal: AbortSignal): Promise<Uint8Array> {
    const log = logs.get(parseLogId(text));
    if (!log) throw new XinlianError('NOT_FOUND', { what: 'log', id: text });
    const argument = logRead.encode({ log: log.id, path });
    return nodes.call(log.owner, 'log/read', argument, { signal, timeoutMs: nodeTimeoutMs });
  }

  return {
    async getLogCheckpoint({ params, signal, header }) {
      const note = fromUtf8(await read(params.log, 'checkpoint', signal));
      header('cache-control', A_MOMENT);
      return note;
    },

    async getLogTile({ params, signal, header }) {
      const path = `tile/${params.tile}`;
      const { width } = parseTilePath(path);
      const bytes = await read(params.log, path, signal);
      header('cache-control', width === TILE_WIDTH ? FOR_EVER : A_WHILE);
      return bytes;
    },

    async getEntryProof({ params, signal, header }) {
      const log = logs.get(parseLogId(params.log));
      if (!log) throw new XinlianError('NOT_FOUND', { what: 'log', id: params.log });
      const argument = logPosition.encode({ log: log.id, position: Number(params.position) });
      const proof = await nodes.call(log.owner, 'log/proof', argument, { signal, timeoutMs: nodeTimeoutMs });
      header('cache-control', A_MOMENT);
      return entryProof.decode(proof);
    },
  } satisfies Partial<Handlers>;
}
