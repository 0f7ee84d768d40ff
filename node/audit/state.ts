// What an audit keeps, to be gone on with later: an audit that goes on gives the digest of one that began anew.
import { fromBase64, fromUtf8, toBase64, utf8 } from '../core/bytes.ts';
import type { ChainHead } from '../core/consortium.ts';
import { XinlianError } from '../core/errors.ts';
import { parseLogId, type LogId } from '../core/ids.ts';
import type { SealState } from '../core/seals.ts';
import { TreeFrontier } from '../core/merkle.ts';
import type { ConsortiumContracts } from '../chain/events.ts';
import { decodeState, encodeState } from '../chain/stored.ts';
import { emptyChain, type Anchor, type ChainState } from './chain-fold.ts';
import { AccessLines } from './access-lines.ts';
import { EntryCodes } from './entry-codes.ts';
import { GrantLedger } from './grant-ledger.ts';
import { Findings } from './findings.ts';
import type { LogFoldState } from './log-fold.ts';
import type { Finding } from './rule.ts';
import { RULES } from './rules.ts';
import { StatusSet } from './status-set.ts';

export interface AuditState {
  chain: ChainState;
  logs: Map<LogId, LogFoldState>;
  findings: Findings;
}

const TYPE = 'xinlian/audit-state/v2';

export function emptyAudit(): AuditState {
  return { chain: emptyChain(), logs: new Map(), findings: new Findings() };
}

interface StoredLog {
  log: string;
  size: number;
  frontier: string[];
  time?: number;
  items: string[];
  /** Bytes in a code: 1 or 2. */
  width: number;
  codes: string;
  statuses: [number, string][];
  accesses: string;
  kinds: [string, number][];
  days: [number, number][];
}

interface Stored {
  type: string;
  contracts: ConsortiumContracts;
  rules: string[];
  head?: ChainHead;
  events: string;
  eventCount: number;
  consortium: string;
  grants: string;
  seals?: SealState;
  anchors: [string, [size: number, root: string, block: number, time: number][]][];
  logs: StoredLog[];
  findings: Finding[];
}

/** As JSON, UTF-8. */
export function encodeAudit({ chain, logs, findings }: AuditState, contracts: ConsortiumContracts): Uint8Array {
  const stored: Stored = {
    type: TYPE,
    contracts,
    rules: ruleVersions(),
    ...(chain.head && { head: chain.head }),
    events: toBase64(chain.events),
    eventCount: chain.eventCount,
    consortium: fromUtf8(encodeState(chain.consortium)),
    grants: fromUtf8(chain.grants.encode()),
    ...(chain.seals && { seals: chain.seals }),
    anchors: Array.from(chain.anchors, ([log, anchors]) => [
      log,
      anchors.map(({ size, root, block, time }) => [size, toBase64(root), block, time]),
    ]),
    logs: Array.from(logs, ([log, state]) => storeLog(log, state)),
    findings: findings.sorted(),
  };
  return utf8(JSON.stringify(stored));
}

/**
 * Goes on with what was kept.
 * @throws STORE_CORRUPT what is no state; CONFLICT one of another consortium, or by other rules: begin anew
 */
export function decodeAudit(bytes: Uint8Array, contracts: ConsortiumContracts): AuditState {
  const stored = parse(bytes);
  same('contracts', JSON.stringify(contracts), JSON.stringify(stored.contracts));
  same('rules', ruleVersions().join(' '), stored.rules.join(' '));
  const chain: ChainState = {
    head: stored.head,
    events: fromBase64(stored.events, 32),
    eventCount: stored.eventCount,
    consortium: decodeState(utf8(stored.consortium)),
    grants: GrantLedger.decode(utf8(stored.grants)),
    ...(stored.seals && { seals: stored.seals }),
    anchors: new Map(stored.anchors.map(([log, anchors]) => [parseLogId(log), anchors.map(anchorOf)])),
  };
  const logs = new Map(stored.logs.map((log) => [parseLogId(log.log), loadLog(log)]));
  return { chain, logs, findings: new Findings(stored.findings) };
}

function parse(bytes: Uint8Array): Stored {
  let stored: Partial<Stored> | null;
  try {
    stored = JSON.parse(fromUtf8(bytes)) as Partial<Stored> | null;
  } catch (cause) {
    throw new XinlianError('STORE_CORRUPT', { what: 'audit state', wanted: 'JSON', got: String(cause) }, { cause });
  }
  if (stored?.type === TYPE) return stored as Stored;
  throw new XinlianError('STORE_CORRUPT', { what: 'audit state', wanted: TYPE, got: stored?.type ?? 'none' });
}

function storeLog(log: LogId, { frontier, time, codes, statuses, accesses, kinds, days }: LogFoldState): StoredLog {
  const own = codes.codes();
  return {
    log,
    size: frontier.size,
    frontier: frontier.hashes.map((hash) => toBase64(hash)),
    ...(time !== undefined && { time }),
    items: codes.items,
    width: own.BYTES_PER_ELEMENT,
    codes: toBase64(new Uint8Array(own.buffer, own.byteOffset, own.byteLength)),
    statuses: Array.from(statuses.entries(), ([position, value]) => [position, fromUtf8(value)]),
    accesses: toBase64(accesses.bytes()),
    kinds: [...kinds],
    days: [...days],
  };
}

function loadLog({
  size,
  frontier,
  time,
  items,
  width,
  codes,
  statuses,
  accesses,
  kinds,
  days,
}: StoredLog): LogFoldState {
  const bytes = fromBase64(codes, size * width);
  const set = new StatusSet();
  for (const [position, value] of statuses) set.set(position, utf8(value));
  return {
    frontier: new TreeFrontier(
      size,
      frontier.map((hash) => fromBase64(hash, 32)),
    ),
    time,
    codes: new EntryCodes(items, width === 1 ? bytes : new Uint16Array(bytes.buffer, bytes.byteOffset, size)),
    statuses: set,
    accesses: new AccessLines(fromBase64(accesses)),
    kinds: new Map(kinds),
    days: new Map(days),
  };
}

function anchorOf([size, root, block, time]: [number, string, number, number]): Anchor {
  return { size, root: fromBase64(root, 32), block, time };
}

function ruleVersions(): string[] {
  return RULES.map(({ id, version }) => `${id}@${version}`);
}

function same(what: string, wanted: string, got: string): void {
  if (wanted !== got) throw new XinlianError('CONFLICT', { what: `audit state: ${what}`, wanted, got });
}
