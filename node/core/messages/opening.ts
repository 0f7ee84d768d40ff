// What a member hands an auditor: the openings of the lines that accesses and queries left in its log.
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

export const openingsRequest = codec('openings request', OpeningsRequest);
export const openingsPage = codec('openings', OpeningsPage);
export const openingsHead = codec('head of openings', OpeningsHead);
