// White lists: pushed by an agency's program to its node, brought by that to the bank's node, read there by the bank's program.
import { Type, type Static } from 'typebox';
import { LIST_EVENT_KINDS } from '../event-part.ts';
import { GrantDocument } from '../grant.ts';
import { Edition, WhiteList, WhiteListIdText } from '../white-list.ts';
import { codec } from './codec.ts';

const closed = { additionalProperties: false };
const memberId = Type.String({ pattern: '^0x[0-9a-f]{64}$' });
const bytes32 = Type.String({ pattern: '^[A-Za-z0-9_-]{42}[AEIMQUYcgkosw048]$', description: '32 bytes, base64url' });
const hash = Type.String({ pattern: '^0x[0-9a-f]{64}$' });
const count = Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER });
const seconds = Type.Integer({ minimum: 0, description: 'Seconds since 1970' });
const reason = Type.String({ description: 'A code of /v1/refusals' });
const uscc = Type.String({ pattern: '^[0-9A-HJ-NPQRTUWXY]{18}$', description: 'USCC' });
/** Names an enterprise within a list, and tells nothing of who it is. */
const Lane = Type.String({ pattern: '^[A-Za-z0-9_-]{21}[AQgw]$' });
const page = { after: Type.Optional(Type.String()), limit: Type.Integer({ minimum: 1, maximum: 500 }) };

/** Rows of one push. */
export const MOST_PUSHED = 200;

export const PushedRow = Type.Object(
  { uscc, grant: Type.Optional({ ...GrantDocument, description: 'Its consent; without one it is left out' }) },
  closed,
);
export type PushedRow = Static<typeof PushedRow>;

export const PushList = Type.Object(
  {
    list: WhiteList,
    rows: Type.Array(PushedRow, { maxItems: MOST_PUSHED }),
    last: Type.Boolean({
      description: 'The edition is whole: who was in the one before and is not in it leaves the list',
    }),
  },
  closed,
);
export type PushList = Static<typeof PushList>;

export const ROW_STATES = ['listed', 'left-out', 'delisted'] as const;

export const ListRow = Type.Object(
  {
    uscc,
    edition: Edition,
    state: Type.Enum([...ROW_STATES]),
    reason: Type.Optional(reason),
    detail: Type.Optional(Type.String({ description: 'For people' })),
    grant: Type.Optional(hash),
    time: seconds,
  },
  closed,
);
export type ListRow = Static<typeof ListRow>;

export const ListState = Type.Object(
  {
    ...WhiteList.properties,
    whole: Type.Boolean({ description: 'Whether the last rows of the edition have come' }),
    listed: count,
    leftOut: count,
    delisted: count,
    pending: { ...count, description: 'Events that the bank’s node has not taken yet' },
  },
  closed,
);
export type ListState = Static<typeof ListState>;

export const ListPushed = Type.Object({ state: ListState, rows: Type.Array(ListRow) }, closed);
export type ListPushed = Static<typeof ListPushed>;

export const OwnLists = Type.Object({ lists: Type.Array(ListState) }, closed);
export type OwnLists = Static<typeof OwnLists>;

export const ListRowsRequest = Type.Object({ list: WhiteListIdText, ...page }, closed);
export type ListRowsRequest = Static<typeof ListRowsRequest>;

export const ListRowsPage = Type.Object({ rows: Type.Array(ListRow), next: Type.Optional(Type.String()) }, closed);
export type ListRowsPage = Static<typeof ListRowsPage>;

/** An event on its way to the bank's node, which need not open it. */
export const ListEvent = Type.Object(
  {
    number: { ...count, description: 'Of the list: from 1, without a gap' },
    kind: Type.Enum([...LIST_EVENT_KINDS]),
    edition: Edition,
    row: { ...bytes32, description: 'Of the enterprise in the list: `query` of its receipts' },
    lane: Lane,
    grant: hash,
    reason: Type.Optional({ ...reason, description: 'Why it left' }),
    sealed: Type.String({ description: 'Compact JWE, to the bank’s sealing key' }),
  },
  closed,
);
export type ListEvent = Static<typeof ListEvent>;

export const ListDelivery = Type.Object(
  { provider: memberId, grantee: memberId, list: WhiteListIdText, events: Type.Array(ListEvent, { minItems: 1 }) },
  closed,
);
export type ListDelivery = Static<typeof ListDelivery>;

export const ListTaken = Type.Object({ last: { ...count, description: 'Everything up to it is durable' } }, closed);
export type ListTaken = Static<typeof ListTaken>;

export const ReceivedList = Type.Object(
  {
    provider: memberId,
    list: WhiteListIdText,
    edition: Edition,
    listed: { ...count, description: 'Enterprises that are on it now' },
    last: { ...count, description: 'Number of the last event that came' },
    updated: seconds,
  },
  closed,
);
export type ReceivedList = Static<typeof ReceivedList>;

export const ReceivedLists = Type.Object({ lists: Type.Array(ReceivedList) }, closed);
export type ReceivedLists = Static<typeof ReceivedLists>;

export const ListEntriesRequest = Type.Object({ provider: memberId, list: WhiteListIdText, ...page }, closed);
export type ListEntriesRequest = Static<typeof ListEntriesRequest>;

/** What was told last of an enterprise on a list that came. */
export const ReceivedEntry = Type.Object(
  { ...ListEvent.properties, time: { ...seconds, description: 'When the own node took it' } },
  closed,
);
export type ReceivedEntry = Static<typeof ReceivedEntry>;

export const ListEntriesPage = Type.Object({ entries: Type.Array(ReceivedEntry), next: Type.Optional(Lane) }, closed);
export type ListEntriesPage = Static<typeof ListEntriesPage>;

export const pushList = codec('push of a white list', PushList);
export const listPushed = codec('pushed white list', ListPushed);
export const ownLists = codec('white lists', OwnLists);
export const listRowsRequest = codec('rows request', ListRowsRequest);
export const listRowsPage = codec('rows of a white list', ListRowsPage);
export const listDelivery = codec('events of a white list', ListDelivery);
export const listTaken = codec('taken events', ListTaken);
export const receivedLists = codec('received white lists', ReceivedLists);
export const listEntriesRequest = codec('entries request', ListEntriesRequest);
export const listEntriesPage = codec('entries of a white list', ListEntriesPage);
