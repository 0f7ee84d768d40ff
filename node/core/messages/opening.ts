// What a member hands an auditor: the openings of the lines that accesses and queries left in its log, and of its records as
// far as they tell when they were decided.
import { Type, type Static } from 'typebox';
import { QueryNote, Receipt } from '../receipt.ts';
import { codec } from './codec.ts';

const closed = { additionalProperties: false };
const logId = Type.String({ pattern: '^0x[0-9a-f]{64}$' });
const position = Type.Integer({ minimum: 0 });

export const OpeningsRequest = Type.Object(
  { after: Type.Optional(Type.Integer({ minimum: 0, description: '`next` of the page before' })) },
  closed,
);
export type OpeningsRequest = Static<typeof OpeningsRequest>;

/** The opening of one line, with where it stands. */
export const OpenedLine = Type.Object({ position, opening: Type.Union([Receipt, QueryNote]) }, closed);
export type OpenedLine = Static<typeof OpenedLine>;

export const OpeningsPage = Type.Object(
  {
    log: logId,
    size: Type.Integer({ minimum: 0, description: 'Entries of the log under its last checkpoint' }),
    openings: Type.Array(OpenedLine),
    next: Type.Optional(position),
  },
  closed,
);
export type OpeningsPage = Static<typeof OpeningsPage>;

/** First line of a file of openings: every opening of the log at a position below `size` follows, in order. */
export const OpeningsHead = Type.Object(
  { type: Type.Literal('xinlian/openings/v1'), log: logId, size: Type.Integer({ minimum: 0 }) },
  closed,
);
export type OpeningsHead = Static<typeof OpeningsHead>;

export const RecordOpeningsRequest = Type.Object(
  { after: Type.Optional(Type.String({ pattern: '^[A-Za-z0-9_-]{22}$', description: '`next` of the page before' })) },
  closed,
);
export type RecordOpeningsRequest = Static<typeof RecordOpeningsRequest>;

/** What stands at a position, with nothing disclosed but the day of the decision. */
export const OpenedRecord = Type.Object(
  {
    position,
    opening: Type.Object(
      {
        payload: Type.String({ description: 'RFC 8785 form of the record’s payload' }),
        disclosures: Type.Array(Type.String({ pattern: '^[A-Za-z0-9_-]+$' })),
      },
      closed,
    ),
  },
  closed,
);
export type OpenedRecord = Static<typeof OpenedRecord>;

export const RecordOpeningsPage = Type.Object(
  {
    log: logId,
    size: Type.Integer({ minimum: 0, description: 'Entries of the log under its last checkpoint' }),
    openings: Type.Array(OpenedRecord),
    next: Type.Optional(Type.String()),
  },
  closed,
);
export type RecordOpeningsPage = Static<typeof RecordOpeningsPage>;

/** First line of a file of records: all that publish an item with a deadline, below `size`, follow, in no order. */
export const RecordOpeningsHead = Type.Object(
  { type: Type.Literal('xinlian/record-openings/v1'), log: logId, size: Type.Integer({ minimum: 0 }) },
  closed,
);
export type RecordOpeningsHead = Static<typeof RecordOpeningsHead>;

export const openingsRequest = codec('openings request', OpeningsRequest);
export const openingsPage = codec('openings', OpeningsPage);
export const openingsHead = codec('head of openings', OpeningsHead);
export const recordOpeningsRequest = codec('request for opened records', RecordOpeningsRequest);
export const recordOpeningsPage = codec('opened records', RecordOpeningsPage);
export const recordOpeningsHead = codec('head of opened records', RecordOpeningsHead);
