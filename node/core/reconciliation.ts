// Daily reconciliation 对账: what a member asked, and what the logs of those whom it asked say of it, day by day in Beijing
// time, with log positions and digests, so that both sides can compare line by line. docs/protocol.md, section 8.
import { Type, type Static } from 'typebox';
import { sha256 } from '#sha256';
import { toBase64Url, utf8 } from './bytes.ts';
import { canonicalize } from './canonical.ts';
import { malformed } from './errors.ts';
import { P256Jwk, type JwsAlgorithm } from './jwk.ts';
import { parseJws, signJws, type Jws, type JwsSigner } from './jws.ts';
import { codec } from './messages/codec.ts';

const QUESTION_TYPE = 'xinlian-reconciliation+jwt';

const closed = { additionalProperties: false };
const memberId = Type.String({ pattern: '^0x[0-9a-f]{64}$' });
const bytes32 = Type.String({ pattern: '^[A-Za-z0-9_-]{42}[AEIMQUYcgkosw048]$', description: '32 bytes, base64url' });
const seconds = Type.Integer({ minimum: 0, description: 'Seconds since 1970' });

export const DayText = Type.String({ pattern: '^\\d{4}-\\d{2}-\\d{2}$', description: 'Day in Beijing time' });

/** What a member signs to be told of a day in the log of `aud`. */
export const DayQuestion = Type.Object(
  {
    iss: { ...memberId, description: 'Who asks' },
    aud: { ...memberId, description: 'Whose log: its own, or that of a provider' },
    iat: seconds,
    exp: seconds,
    day: DayText,
    after: Type.Optional(Type.Integer({ minimum: 0, description: '`next` of the page before' })),
    reply: P256Jwk,
  },
  closed,
);
export type DayQuestion = Static<typeof DayQuestion>;

const place = {
  position: Type.Integer({ minimum: 0, description: 'In the log' }),
  commitment: { ...bytes32, description: 'As it stands in the log’s entry' },
  time: seconds,
  query: { ...bytes32, description: 'Query id' },
  grant: Type.Optional(Type.String({ pattern: '^0x[0-9a-f]{64}$', description: 'Absent under a share basis' })),
  purpose: Type.String(),
  items: Type.Array(Type.String()),
};

/** A query that the asker's node logged. */
export const SentLine = Type.Object(
  {
    kind: Type.Literal('sent'),
    ...place,
    requests: Type.Array(Type.Object({ provider: memberId, request: bytes32 }, closed)),
    consumed: Type.Optional(
      Type.Integer({
        description: 'Block that took the consumption; absent where the grant is uncounted, or it is not seen',
      }),
    ),
  },
  closed,
);
export type SentLine = Static<typeof SentLine>;

/** An access that a provider logged. */
export const ReceivedLine = Type.Object(
  {
    kind: Type.Literal('received'),
    ...place,
    grantee: memberId,
    request: { ...bytes32, description: 'SHA-256 of the query as it was signed' },
    outcome: Type.Enum(['answered', 'refused']),
    reason: Type.Optional(Type.String()),
    records: Type.Integer({ minimum: 0, description: 'How many were shown' }),
    answer: { ...bytes32, description: 'SHA-256 of the answer’s body' },
  },
  closed,
);
export type ReceivedLine = Static<typeof ReceivedLine>;

export const DayPage = Type.Object(
  {
    member: memberId,
    log: Type.String(),
    day: DayText,
    lines: Type.Array(Type.Union([SentLine, ReceivedLine])),
    next: Type.Optional(Type.Integer()),
  },
  closed,
);
export type DayPage = Static<typeof DayPage>;

const questionCodec = codec('reconciliation question', DayQuestion);
export const dayPage = codec('reconciliation page', DayPage);

export function signDayQuestion(
  question: DayQuestion,
  signer: JwsSigner,
  more: { alg?: JwsAlgorithm; app?: string } = {},
): Promise<string> {
  return signJws(QUESTION_TYPE, questionCodec.check(question), signer, more);
}

/** Reads a question; proves nothing. Throws `MALFORMED`. */
export function parseDayQuestion(text: string): { question: DayQuestion; jws: Jws } {
  const jws = parseJws(text, QUESTION_TYPE);
  return { question: questionCodec.decode(jws.payload), jws };
}

const DAY_SECONDS = 86_400;
/** Leap years from 1 to 1969. */
const LEAPS_BEFORE_1970 = 477;
/** China Standard Time has no summer time since 1992. */
const BEIJING_SECONDS = 8 * 3600;

/** Days since 1970 in Beijing time. */
export function dayOfTime(seconds: number): number {
  return Math.floor((seconds + BEIJING_SECONDS) / DAY_SECONDS);
}

/** Days since 1970 of a date. Throws `MALFORMED` for a day that no calendar has. */
export function parseDay(text: string): number {
  const match = /^(\d{4})-(\d{2})-(\d{2})$/.exec(text);
  const [year, month, day] = [Number(match?.[1]), Number(match?.[2]), Number(match?.[3])];
  const leap = (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0;
  const months = [31, leap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
  if (!match || year < 1970 || day < 1 || day > (months[month - 1] ?? 0))
    return malformed('day', 'a day: 2026-01-31', text);
  const before = year - 1;
  const leaps = Math.floor(before / 4) - Math.floor(before / 100) + Math.floor(before / 400) - LEAPS_BEFORE_1970;
  return (year - 1970) * 365 + leaps + months.slice(0, month - 1).reduce((sum, days) => sum + days, 0) + day - 1;
}

/**
 * One number over what a provider logged of one asker's day: SHA-256 of the RFC 8785 form of its lines by position, each as
 * `[position, query, request, outcome, reason, records, answer]`. Both sides come to the same, or look line by line.
 */
export function receivedDigest(lines: readonly ReceivedLine[]): string {
  const rows = lines
    .toSorted((a, b) => a.position - b.position)
    .map(({ position, query, request, outcome, reason = '', records, answer }) => [
      position,
      query,
      request,
      outcome,
      reason,
      records,
      answer,
    ]);
  return toBase64Url(sha256(utf8(canonicalize(rows))));
}
