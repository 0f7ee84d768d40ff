// The audit digest: one hash over what was audited and what was found, equal for every honest auditor. docs/audit.md.
import { sha256 } from '#sha256';
import { toBase64, toHex, utf8, type Hex } from '../core/bytes.ts';
import { canonicalize, type JsonValue } from '../core/canonical.ts';
import type { ChainHead } from '../core/consortium.ts';
import type { LogId, MemberId } from '../core/ids.ts';
import type { ConsortiumContracts } from '../chain/events.ts';
import type { OpenedLog } from './access-audit.ts';
import type { Finding } from './rule.ts';
import { RULES } from './rules.ts';

export const DIGEST_TYPE = 'xinlian/audit/v1';

/** How far a log is proven. */
export interface LogExtent {
  log: LogId;
  owner: MemberId;
  /** The last anchored checkpoint. */
  anchored: { size: number; root: Uint8Array };
  /** Entries from 0 on that were read, proven and judged. */
  proven: number;
}

export interface Audited {
  contracts: ConsortiumContracts;
  /** The last block. */
  head: ChainHead;
  /** Running hash over the events, and their number. */
  events: Uint8Array;
  eventCount: number;
  /** Logs that are anchored. */
  logs: readonly LogExtent[];
  /** Logs whose openings were handed over, by id. */
  openings: readonly OpenedLog[];
  /** Over the answers that were handed over; absent where none was. */
  answers?: string | undefined;
  /** Logs whose records were opened, by id. */
  records: readonly OpenedLog[];
  /** Editions of the policy packs that these were judged by. */
  packs: readonly string[];
  /** All; those of sources are passed over. */
  findings: readonly Finding[];
}

/** What the digest is the hash of. */
export function statementOf({
  contracts,
  head,
  events,
  eventCount,
  logs,
  openings,
  answers,
  records,
  packs,
  findings,
}: Audited): JsonValue {
  return {
    type: DIGEST_TYPE,
    contracts: {
      block: contracts.block,
      chainId: contracts.chainId,
      deployment: contracts.deployment.toLowerCase(),
      grantRegistry: contracts.grantRegistry.toLowerCase(),
      logAnchor: contracts.logAnchor.toLowerCase(),
      membership: contracts.membership.toLowerCase(),
      recognitionRegistry: contracts.recognitionRegistry.toLowerCase(),
    },
    block: { hash: head.hash, number: head.number },
    events: { count: eventCount, hash: toBase64(events) },
    logs: logs
      .map(({ log, anchored, proven }) => ({ log, proven, root: toBase64(anchored.root), size: anchored.size }))
      .sort((a, b) => (a.log < b.log ? -1 : 1)),
    openings: openings.map(({ log, size }) => ({ log, size })),
    ...(answers !== undefined && { answers }),
    records: records.map(({ log, size }) => ({ log, size })),
    packs: [...packs].sort(),
    rules: Object.fromEntries(RULES.filter(inDigest).map(({ id, version }) => [id, version])),
    findings: findings.filter(inDigest) as unknown as JsonValue,
  };
}

/** SHA-256 of the RFC 8785 form, UTF-8. */
export function digestOf(statement: JsonValue): Hex {
  return toHex(sha256(utf8(canonicalize(statement))));
}

function inDigest({ evidence }: Pick<Finding, 'evidence'>): boolean {
  return evidence !== 'source';
}
