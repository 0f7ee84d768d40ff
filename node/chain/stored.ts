// The follower's memory as bytes: JSON, with a mark for the three kinds of value that JSON has not.
import { sha256 } from '#sha256';
import { fromHex, fromUtf8, toHex, utf8, type Hex } from '../core/bytes.ts';
import { XinlianError } from '../core/errors.ts';
import type { FollowedBlock } from './events.ts';
import { GrantBook } from './grants.ts';
import type { Orphaned, OrphanedNarrowing } from './narrowing.ts';
import { RecognitionBook } from './recognition.ts';
import { ConsortiumState } from './state.ts';

/** Raised when the form changes: what an older version kept is read from the chain again. */
const VERSION = 3;
/** Had no recognition. */
const VERSION_WITHOUT_RECOGNITION = 2;
/** Had no grants. What reorganisations took back is nowhere on the chain: its note is read in the old form too. */
const VERSION_WITHOUT_GRANTS = 1;

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
  return encode({ ...state, grants: state.grants.lines(), recognition: state.recognition.lines() });
}

/** @throws STORE_CORRUPT */
export function decodeState(bytes: Uint8Array): ConsortiumState {
  const { grants, recognition, ...rest } = decode(bytes) as { grants: string[]; recognition: string[] };
  return corruptUnless('JSON of grants and recognition', () =>
    Object.assign(new ConsortiumState(), rest, {
      grants: GrantBook.fromLines(grants),
      recognition: RecognitionBook.fromLines(recognition),
    }),
  );
}

/**
 * SHA-256 of a state: the same for every node that applied the same events up to the same block, whether it read them
 * block by block or in ranges.
 */
export function digestState(state: ConsortiumState): Hex {
  // The order of the grants in memory depends on which of them came and went.
  return toHex(
    sha256(encode({ ...state, grants: state.grants.lines().sort(), recognition: state.recognition.lines() })),
  );
}

export function encodeOrphaned(orphaned: Orphaned): Uint8Array {
  return encode(orphaned);
}

/** @throws STORE_CORRUPT */
export function decodeOrphaned(bytes: Uint8Array): Orphaned {
  const versions = [VERSION, VERSION_WITHOUT_RECOGNITION, VERSION_WITHOUT_GRANTS];
  const orphaned = decode(bytes, versions) as Orphaned | OrphanedNarrowing[];
  const nothing = { grants: [], recognition: [] };
  return Array.isArray(orphaned) ? { members: orphaned, ...nothing } : { ...nothing, ...orphaned };
}

/** Any value of the chain's state: the same bytes for the same value, members and entries in the same order. */
export function encodeValue(value: unknown): Uint8Array {
  return utf8(JSON.stringify(value, (_, item: unknown) => mark(item)));
}

function encode(value: unknown): Uint8Array {
  return encodeValue({ version: VERSION, value });
}

function decode(bytes: Uint8Array, versions = [VERSION]): object {
  const { version, value } = corruptUnless('JSON', () => {
    const { version, value } = JSON.parse(fromUtf8(bytes), (_, item: unknown) => unmark(item)) as {
      version: number;
      value: object | null;
    };
    return { version, value };
  });
  if (versions.includes(version) && typeof value === 'object' && value !== null) return value;
  throw new XinlianError('STORE_CORRUPT', {
    what: 'chain memory',
    wanted: `version ${versions.join(' or ')}`,
    got: String(version),
  });
}

function corruptUnless<T>(wanted: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw new XinlianError('STORE_CORRUPT', { what: 'chain memory', wanted, got: String(error) }, { cause: error });
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
