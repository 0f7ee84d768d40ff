// A log as files, the way C2SP tlog-tiles lays them out: what its HTTP surface and mirrors serve.
import { utf8 } from '../core/bytes.ts';
import { XinlianError } from '../core/errors.ts';
import { encodeBundle, parseTilePath, TILE_WIDTH } from '../core/tiles.ts';
import type { AgencyLog } from './agency-log.ts';
import type { LogStore, WriteBatch } from './ports.ts';

export interface LogFile {
  bytes: Uint8Array;
  /** A full tile never changes; a checkpoint does, and partial tiles go when they are full. */
  immutable: boolean;
  text: boolean;
}

/**
 * Reads one file: `checkpoint`, `tile/<level>/<index>[.p/<width>]` or `tile/entries/<index>[.p/<width>]`.
 * @throws NOT_FOUND for what the last signed checkpoint does not cover, MALFORMED for another path
 */
export async function readLogFile<B extends WriteBatch>(
  log: AgencyLog<B>,
  store: LogStore<B>,
  path: string,
): Promise<LogFile> {
  const { number, signed } = log.state;
  const missing = (): never => {
    throw new XinlianError('NOT_FOUND', { what: `file of log ${log.state.id}`, id: path });
  };
  if (path === 'checkpoint') {
    const size = signed?.size ?? 0;
    const note = store.checkpoint(number, size) ?? missing();
    // Further signature lines: a reader of notes that knows no witness passes them over.
    return { bytes: utf8(note + (store.cosignatures(number, size) ?? '')), immutable: false, text: true };
  }
  const { level, index, width } = parseTilePath(path);
  const size = signed?.size ?? 0;
  const nodes = level === 'entries' ? size : Math.floor(size / TILE_WIDTH ** level);
  if (index * TILE_WIDTH + width > nodes) missing();
  const immutable = width === TILE_WIDTH;
  if (level !== 'entries') return { bytes: log.tile(level, index).slice(0, width * 32), immutable, text: false };
  const entries: Uint8Array[] = [];
  const first = index * TILE_WIDTH;
  for await (const entry of store.entries(number, first, first + width)) entries.push(entry);
  return { bytes: encodeBundle(entries), immutable, text: false };
}
