// The follower's memory as bytes: JSON, with a mark for the three kinds of value that JSON has not.
import { fromHex, fromUtf8, toHex, utf8, type Hex } from '../core/bytes.ts';
import { XinlianError } from '../core/errors.ts';
import type { FollowedBlock } from './events.ts';
import type { OrphanedNarrowing } from './narrowing.ts';
import { ConsortiumState } from './state.ts';

/** Raised when the form changes: what an older version kept is read from the chain again. */
const VERSION = 1;

/** A block with the number of the last final block when it was written. */
export interface KeptBlock {
  block: FollowedBlock;
  final: number;
}

export function encodeBlock(kept: KeptBlock): Uint8Array {
  return encode(kept);
}

/** @throws STORE_CORRUPT */
export function decodeBlock(bytes: Uint8Array): KeptBlock {
  return decode(bytes) as KeptBlock;
}

export function encodeState(state: ConsortiumState): Uint8Array {
  return encode(Object.fromEntries(Object.entries(state)));
}

/** @throws STORE_CORRUPT */
export function decodeState(bytes: Uint8Array): ConsortiumState {
  return Object.assign(new ConsortiumState(), decode(bytes));
}

export function encodeOrphaned(orphaned: readonly OrphanedNarrowing[]): Uint8Array {
  return encode(orphaned);
}

/** @throws STORE_CORRUPT */
export function decodeOrphaned(bytes: Uint8Array): OrphanedNarrowing[] {
  return decode(bytes) as OrphanedNarrowing[];
}

function encode(value: unknown): Uint8Array {
  return utf8(JSON.stringify({ version: VERSION, value }, (_, item: unknown) => mark(item)));
}

function decode(bytes: Uint8Array): object {
  try {
    const { version, value } = JSON.parse(fromUtf8(bytes), (_, item: unknown) => unmark(item)) as {
      version: number;
      value: object;
    };
    if (version === VERSION && typeof value === 'object') return value;
    throw new XinlianError('STORE_CORRUPT', {
      what: 'chain memory',
      wanted: `version ${VERSION}`,
      got: String(version),
    });
  } catch (error) {
    if (XinlianError.is(error, 'STORE_CORRUPT')) throw error;
    const details = { what: 'chain memory', wanted: 'JSON', got: String(error) };
    throw new XinlianError('STORE_CORRUPT', details, { cause: error });
  }
}

function mark(item: unknown): unknown {
  if (item instanceof Uint8Array) return { $bytes: toHex(item) };
  if (item instanceof Map) return { $map: [...item] };
  return typeof item === 'bigint' ? { $bigint: String(item) } : item;
}

function unmark(item: unknown): unknown {
  if (typeof item !== 'object' || item === null) return item;
  const { $bytes, $map, $bigint } = item as { $bytes?: Hex; $map?: [unknown, unknown][]; $bigint?: string };
  if ($bytes !== undefined) return fromHex($bytes);
  if ($map !== undefined) return new Map($map);
  return $bigint === undefined ? item : BigInt($bigint);
}
