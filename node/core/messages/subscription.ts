// A member's own subscriptions and the events that came of them, as its applications ask its node for them.
import { Type, type Static } from 'typebox';
import { INBOX_KINDS } from '../event-part.ts';
import { Edition, WhiteListIdText } from '../white-list.ts';
import { codec } from './codec.ts';
import { SubscriptionIdText } from './watch.ts';

const closed = { additionalProperties: false };
const memberId = Type.String({ pattern: '^0x[0-9a-f]{64}$' });
const hash = Type.String({ pattern: '^0x[0-9a-f]{64}$' });
const count = Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER });
const Jwe = Type.String({ maxLength: 4 << 20, description: 'Compact JWE' });
const seconds = Type.Integer({ minimum: 0, description: 'Seconds since 1970' });
const reason = Type.String({ description: 'A code of /v1/errors' });

export const OpenSubscription = Type.Object(
  {
    subscription: SubscriptionIdText,
    journal: { ...Jwe, description: 'Signed journal, sealed to the own node: as for a query' },
    parts: Type.Array(Type.Object({ provider: memberId, subscription: Jwe }, closed), { minItems: 1, maxItems: 32 }),
    deadlineMs: Type.Optional(Type.Integer({ minimum: 100, maximum: 120_000, description: 'For each provider' })),
  },
  closed,
);
export type OpenSubscription = Static<typeof OpenSubscription>;

export const OpenedPart = Type.Object(
  {
    provider: memberId,
    outcome: Type.Enum(['open', 'refused', 'unreachable', 'error'], {
      description: 'unreachable: send the same again. error: the provider took it for no subscription',
    }),
    reason: Type.Optional(reason),
    detail: Type.Optional(Type.String({ description: 'For people' })),
    answer: Type.Optional({ ...Jwe, description: 'Event 0, or the refusal, sealed to the reply key' }),
  },
  closed,
);
export type OpenedPart = Static<typeof OpenedPart>;

export const OpenedSubscription = Type.Object(
  { subscription: SubscriptionIdText, parts: Type.Array(OpenedPart) },
  closed,
);
export type OpenedSubscription = Static<typeof OpenedSubscription>;

export const SubscriptionView = Type.Object(
  {
    subscription: SubscriptionIdText,
    provider: memberId,
    grant: hash,
    state: Type.Enum(['open', 'closing', 'ended'], {
      description: 'closing: the provider was not reached yet. ended: its last event says why',
    }),
    reason: Type.Optional({ ...reason, description: 'Why it ended, or why the grant does not stand now' }),
    opened: seconds,
    last: { ...count, description: 'Number of the last event that came' },
  },
  closed,
);
export type SubscriptionView = Static<typeof SubscriptionView>;

export const SubscriptionsRequest = Type.Object(
  {
    after: Type.Optional(Type.String({ maxLength: 120, description: '`next` of the page before' })),
    limit: Type.Integer({ minimum: 1, maximum: 1_000 }),
  },
  closed,
);
export type SubscriptionsRequest = Static<typeof SubscriptionsRequest>;

export const SubscriptionsPage = Type.Object(
  { subscriptions: Type.Array(SubscriptionView), next: Type.Optional(Type.String()) },
  closed,
);
export type SubscriptionsPage = Static<typeof SubscriptionsPage>;

export const SubscriptionRef = Type.Object(
  { subscription: SubscriptionIdText, provider: Type.Optional({ ...memberId, description: 'Absent: at all of them' }) },
  closed,
);
export type SubscriptionRef = Static<typeof SubscriptionRef>;

/** An event as it lies in the member's own node. */
export const InboxEvent = Type.Object(
  {
    cursor: { ...count, description: 'Of the member: from 1, without a gap' },
    subscription: SubscriptionIdText,
    provider: memberId,
    grant: hash,
    number: { ...count, description: 'Of the subscription at this provider' },
    kind: Type.Enum([...INBOX_KINDS]),
    reason: Type.Optional({ ...reason, description: 'Why it ended, or left the list' }),
    time: { ...seconds, description: 'When the own node took it, seconds since 1970' },
    lane: Type.String({ description: 'The same for all events of one enterprise, and tells nothing of who it is' }),
    sealed: Type.Optional({ ...Jwe, description: 'Absent where the own node says it: the provider knows it no more' }),
    list: Type.Optional(
      Type.Object(
        { id: WhiteListIdText, edition: Edition },
        { ...closed, description: 'White list that it is of; `subscription` is then the id of the enterprise in it' },
      ),
    ),
  },
  closed,
);
export type InboxEvent = Static<typeof InboxEvent>;

export const EventsRequest = Type.Object(
  {
    after: { ...count, description: '0: from the first that is kept' },
    limit: Type.Integer({ minimum: 1, maximum: 1_000 }),
    waitMs: Type.Integer({ minimum: 0, maximum: 60_000, description: 'How long to wait where there is none' }),
    subscription: Type.Optional(SubscriptionIdText),
  },
  closed,
);
export type EventsRequest = Static<typeof EventsRequest>;

export const EventsPage = Type.Object(
  {
    events: Type.Array(InboxEvent),
    next: { ...count, description: '`after` of the next page; the same where nothing came' },
    more: Type.Boolean({ description: 'Whether the next page has some already' }),
  },
  closed,
);
export type EventsPage = Static<typeof EventsPage>;

export const openSubscription = codec('subscription to open', OpenSubscription);
export const openedSubscription = codec('opened subscription', OpenedSubscription);
export const subscriptionsRequest = codec('subscriptions request', SubscriptionsRequest);
export const subscriptionsPage = codec('subscriptions', SubscriptionsPage);
export const subscriptionRef = codec('subscription reference', SubscriptionRef);
export const eventsRequest = codec('events request', EventsRequest);
export const eventsPage = codec('events', EventsPage);
