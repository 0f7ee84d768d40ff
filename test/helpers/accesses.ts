// Receipts and notes as nodes write them, and as members hand their openings over.
import type { HandedOpening, OpeningSource } from '../../node/audit/ports.ts';
import { fromHex, toBase64Url, type Hex } from '../../node/core/bytes.ts';
import type { Entry } from '../../node/core/entry.ts';
import type { GrantHash, LogId, MemberId } from '../../node/core/ids.ts';
import { openingCommitment, type QueryNote, type Receipt } from '../../node/core/receipt.ts';
import { digest } from './consortium-on-anvil.ts';

const text = (name: string): string => toBase64Url(digest(name));

export interface TestAccess {
  provider: MemberId;
  grantee: MemberId;
  grant: GrantHash;
  /** As the chain has it. */
  query: Hex;
  time: number;
  /** Seconds of it make the request another one. */
  page?: number;
}

function shared({ grantee, grant, query, time }: TestAccess) {
  return {
    salt: text(`salt ${query} ${time}`),
    grantee,
    grant,
    query: toBase64Url(fromHex(query, 32)),
    subject: '91320900MA19040A1X',
    purpose: 'pre-loan',
    items: ['xk'],
    time,
  };
}

export function requestOf({ provider, query, page = 0 }: TestAccess): string {
  return text(`request ${provider} ${query} ${page}`);
}

/** The grantee's line for a query to one provider. */
export function testNote(access: TestAccess, change: Partial<QueryNote> = {}): QueryNote {
  const requests = [{ provider: access.provider, request: requestOf(access) }];
  return { type: 'xinlian/query-note/v1', ...shared(access), requests, ...change };
}

/** The receipt of an answered access. */
export function testReceipt(
  access: TestAccess,
  head: { number: number; time: number },
  change: Partial<Receipt> = {},
): Receipt {
  const { provider } = access;
  const request = requestOf(access);
  const answer = text(`answer ${request}`);
  return {
    type: 'xinlian/receipt/v1',
    ...shared(access),
    provider,
    request,
    outcome: 'answered',
    records: [],
    answer,
    level: 'A',
    head,
    ...change,
  };
}

/** The line that commits to it. */
export function accessEntry(opening: Receipt | QueryNote): Entry {
  const kind = opening.type === 'xinlian/receipt/v1' ? 'receipt' : 'query';
  return { kind, time: opening.time, commitment: openingCommitment(opening) };
}

/** What members hand over. @param size of each log, for which all openings are there */
export function handedOver(
  openings: ReadonlyMap<LogId, { size: number; lines: readonly HandedOpening[] }>,
): OpeningSource {
  return {
    logs: async () => new Map(Array.from(openings, ([log, { size }]) => [log, size])),
    async *openings(log) {
      yield* openings.get(log)?.lines ?? [];
    },
  };
}
