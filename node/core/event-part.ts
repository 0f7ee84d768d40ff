// What a subscription tells: entries about an enterprise's records, in the order of the log. docs/protocol.md, section 13.
import { Type, type Static } from 'typebox';
import { AnswerStatus } from './answer-parts.ts';
import { ENTRY_TEXT, HASHES, LARGEST_POSITION } from './bundle.ts';

const closed = { additionalProperties: false };
const position = Type.Integer({ minimum: 0, maximum: LARGEST_POSITION });

export const Change = Type.Object(
  {
    kind: Type.String({ description: 'Kind of the entry: publish, supersede, annul …' }),
    record: Type.String(),
    item: Type.String(),
    position: { ...position, description: 'Of the entry in the log' },
    ref: Type.Optional({ ...position, description: 'Of the entry that it changes' }),
    entry: ENTRY_TEXT,
    inclusion: HASHES,
    status: { ...AnswerStatus, description: 'Of `ref`, or where there is none of `position`, under the checkpoint' },
  },
  closed,
);
export type Change = Static<typeof Change>;

/** `opened` answers the subscription itself. `ended` is the last, and its answer has the reason. */
export const EVENT_KINDS = ['opened', 'changes', 'ended'] as const;
export type EventKind = (typeof EVENT_KINDS)[number];

/** Of a white list: an enterprise came onto it, or is told anew in another edition; it left, and the answer says why. */
export const LIST_EVENT_KINDS = ['listed', 'delisted'] as const;
export type ListEventKind = (typeof LIST_EVENT_KINDS)[number];

/** All that may come for a member. */
export const INBOX_KINDS = [...EVENT_KINDS, ...LIST_EVENT_KINDS] as const;
export type InboxKind = (typeof INBOX_KINDS)[number];

export const EventPart = Type.Object(
  {
    number: Type.Integer({
      minimum: 0,
      description: 'Of the subscription: 0 opens it, then from 1 without a gap; of a white list from 1',
    }),
    kind: Type.Enum([...INBOX_KINDS]),
    changes: Type.Array(Change, { description: 'What may be shown of the records now is in `records` of the answer' }),
  },
  closed,
);
export type EventPart = Static<typeof EventPart>;
