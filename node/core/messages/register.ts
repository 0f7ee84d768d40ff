// The public register between gateways and nodes: what a member publishes today, found by code, name, or code of a record.
import { Type, type Static } from 'typebox';
import { codec } from './codec.ts';
import { PublicityView } from './case.ts';

const closed = { additionalProperties: false };
const recordId = Type.String({ pattern: '^[A-Za-z0-9_-]{21}[AQgw]$' });
const memberId = Type.String({ pattern: '^0x[0-9a-f]{64}$' });

export const PublicSearch = Type.Object(
  {
    member: memberId,
    code: Type.Optional(Type.String({ pattern: '^[0-9A-HJ-NPQRTUWXY]{18}$', description: 'USCC of the subject' })),
    name: Type.Optional(Type.String({ minLength: 2, maxLength: 200, description: 'Whole name of the subject' })),
    number: Type.Optional(
      Type.String({
        minLength: 4,
        maxLength: 128,
        description: 'Number of a record that has one: code of a commitment',
      }),
    ),
    after: Type.Optional({ ...recordId, description: '`next` of the page before' }),
  },
  { ...closed, description: 'One of code, name and number' },
);
export type PublicSearch = Static<typeof PublicSearch>;

export const PublicRecord = Type.Object(
  {
    member: memberId,
    record: recordId,
    item: Type.String(),
    edition: Type.String(),
    version: Type.Integer({ minimum: 1 }),
    position: Type.Integer({ minimum: 0, description: 'In the log of the member' }),
    time: Type.Integer({ description: 'Seconds since 1970: when the member took this version in' }),
    subject: Type.String({ description: 'USCC' }),
    objected: Type.Boolean({ description: 'An objection is open 异议处理中' }),
    statement: Type.Optional(Type.String({ description: 'What the subject says, whose objection was not upheld' })),
    publicity: PublicityView,
    claims: Type.Record(Type.String(), Type.Union([Type.String(), Type.Number(), Type.Boolean(), Type.Null()])),
  },
  closed,
);
export type PublicRecord = Static<typeof PublicRecord>;

export const PublicPage = Type.Object(
  { member: memberId, records: Type.Array(PublicRecord), next: Type.Optional(recordId) },
  closed,
);
export type PublicPage = Static<typeof PublicPage>;

export const PublicRef = Type.Object({ member: memberId, record: recordId }, closed);
export type PublicRef = Static<typeof PublicRef>;

export const publicSearch = codec('public search', PublicSearch);
export const publicRecord = codec('public record', PublicRecord);
export const publicPage = codec('public records', PublicPage);
export const publicRef = codec('public reference', PublicRef);
