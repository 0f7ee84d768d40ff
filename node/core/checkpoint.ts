// Checkpoints: C2SP tlog-checkpoint, with the origin line that binds one to a chain, a contract and a log.
import { fromBase64, toBase64, type Hex } from './bytes.ts';
import { malformed } from './errors.ts';
import { parseLogId, type LogId } from './ids.ts';
import { HASH_LENGTH } from './merkle.ts';

export interface Checkpoint {
  /** Which log: see `checkpointOrigin`. */
  origin: string;
  /** Entries in the log. */
  size: number;
  /** RFC 6962 root hash, 32 bytes. */
  root: Uint8Array;
  /** Further lines, none of them empty. */
  extensions?: readonly string[];
}

/** What the origin line names. */
export interface LogOrigin {
  chainId: number;
  /** Address of the LogAnchor contract; lower case in the origin line. */
  logAnchor: Hex;
  log: LogId;
}

/** @returns the text that is signed, final newline included. Throws `MALFORMED` where a part does not fit its line. */
export function encodeCheckpoint({ origin, size, root, extensions = [] }: Checkpoint): string {
  const lines = [origin, ...extensions];
  const bad = lines.find((line) => line === '' || line.includes('\n'));
  if (bad !== undefined) malformed('checkpoint', 'lines that are not empty', bad);
  if (!Number.isSafeInteger(size) || size < 0) malformed('checkpoint size', 'an integer from 0 to 2^53 − 1', size);
  if (root.length !== HASH_LENGTH) malformed('checkpoint root', `${HASH_LENGTH} bytes`, root.length);
  return [origin, size, toBase64(root), ...extensions, ''].join('\n');
}

/** Inverse of `encodeCheckpoint`. Strict: throws `MALFORMED` for any other form. */
export function parseCheckpoint(text: string): Checkpoint & { extensions: readonly string[] } {
  const lines = text.split('\n');
  if (lines.pop() !== '' || lines.includes('')) malformed('checkpoint', 'lines that are not empty', text);
  const [origin, size, root, ...extensions] = lines;
  if (origin === undefined || size === undefined || root === undefined) {
    return malformed('checkpoint', 'origin, size and root', text);
  }
  return { origin, size: parseDecimal('checkpoint size', size, 0), root: fromBase64(root, HASH_LENGTH), extensions };
}

const ORIGIN = /^xinlian\/v1\/([^/]+)\/(0x[0-9a-f]{40})\/([^/]+)$/;

/** @returns `xinlian/v1/<chain id>/<LogAnchor>/<log id>`; also the name of the key that signs */
export function checkpointOrigin({ chainId, logAnchor, log }: LogOrigin): string {
  const origin = `xinlian/v1/${chainId}/${logAnchor.toLowerCase()}/${log}`;
  parseOrigin(origin);
  return origin;
}

/** Inverse of `checkpointOrigin`. Strict: throws `MALFORMED` for any other form. */
export function parseOrigin(origin: string): LogOrigin {
  const [, chainId, logAnchor, log] =
    ORIGIN.exec(origin) ?? malformed('origin', 'xinlian/v1/<chain id>/<LogAnchor>/<log id>', origin);
  return {
    chainId: parseDecimal('chain id', chainId as string, 1),
    logAnchor: logAnchor as Hex,
    log: parseLogId(log as string),
  };
}

/** Throws `MALFORMED` for any other form than the one of C2SP: no leading zeros, no sign. */
export function parseDecimal(what: string, text: string, minimum: number): number {
  const value = Number(text);
  if (!/^(?:0|[1-9][0-9]*)$/.test(text) || !Number.isSafeInteger(value) || value < minimum) {
    malformed(what, `a decimal integer from ${minimum} to 2^53 − 1, no leading zeros`, text);
  }
  return value;
}
