// Schemas that several resources use.
import { Type, type Static, type TSchema } from 'typebox';

export const closed = { additionalProperties: false } as const;

export const MemberIdText = Type.String({ pattern: '^0x[0-9a-f]{64}$', description: 'Member id' });
export const LogIdText = Type.String({ pattern: '^0x[0-9a-f]{64}$', description: 'Log id' });
export const PositionText = Type.String({ pattern: '^(0|[1-9][0-9]{0,12})$', description: 'Position in a log' });
export const RecordIdText = Type.String({ pattern: '^[A-Za-z0-9_-]{21}[AQgw]$', description: 'Record id' });
export const Time = Type.String({
  format: 'date-time',
  description: 'RFC 3339, China Standard Time: 2026-01-01T08:00:00+08:00',
});

/** Problem Details (RFC 9457). */
export const Problem = Type.Object(
  {
    type: Type.String({ description: 'urn:xinlian:problem:… ; one per code' }),
    title: Type.String({ description: 'The same for every problem of the code; in the language that was asked for' }),
    status: Type.Integer(),
    detail: Type.Optional(Type.String({ description: 'What went wrong this time; absent where the fault is ours' })),
    code: Type.String({ description: 'Stable; see /v1/errors' }),
    retryable: Type.Boolean({ description: 'Whether the same request may succeed later' }),
    request_id: Type.String({ description: 'Under which the request is logged: quote it when asking for help' }),
    errors: Type.Optional(
      Type.Array(Type.Object({ path: Type.String(), wanted: Type.String(), got: Type.String() }, closed), {
        description: 'Every value that was refused',
      }),
    ),
    limit: Type.Optional(Type.Integer({ description: 'The limit that was passed, in its own unit' })),
  },
  { description: 'Problem Details (RFC 9457)' },
);
export type Problem = Static<typeof Problem>;

export const PageQuery = {
  limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 200, default: 50, description: 'Most items of the page' })),
  cursor: Type.Optional(Type.String({ maxLength: 200, description: '`next` of the page before; opaque' })),
};

/** A page of a list; `next` is absent on the last one. */
export function pageOf<S extends TSchema>(item: S) {
  return Type.Object({ items: Type.Array(item), next: Type.Optional(Type.String()) }, closed);
}
