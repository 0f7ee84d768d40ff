// Subscriptions between nodes: opened, pulled from, acknowledged. docs/protocol.md, section 13.
import { Type, type Static } from 'typebox';
import { EVENT_KINDS } from '../event-part.ts';
import { codec } from './codec.ts';

const closed = { additionalProperties: false };
const memberId = Type.String({ pattern: '^0x[0-9a-f]{64}$' });
export const SubscriptionIdText = Type.String({
  pattern: '^[A-Za-z0-9_-]{42}[AEIMQUYcgkosw048]$',
  description: 'Subscription: 32 random bytes, base64url',
});
const number = Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER });
const reason = Type.String({ description: 'A code of /v1/errors' });

/** What a provider says to the grantee's node, beside the sealed answer, which that node cannot read. */
export const WatchOpened = Type.Object(
  { state: Type.Enum(['open', 'refused']), reason: Type.Optional(reason) },
  closed,
);
export type WatchOpened = Static<typeof WatchOpened>;

/** Asks for events; says what came before, and which subscriptions nobody wants any more. */
export const WatchPull = Type.Object(
  {
    member: { ...memberId, description: 'The provider' },
    grantee: memberId,
    acks: Type.Array(
      Type.Object(
        {
          subscription: SubscriptionIdText,
          after: { ...number, description: 'Everything up to this number is durable at the grantee' },
          close: Type.Optional(Type.Literal(true)),
        },
        closed,
      ),
      { maxItems: 10_000 },
    ),
    waitMs: Type.Integer({ minimum: 0, maximum: 60_000, description: 'How long the answer may wait for an event' }),
  },
  closed,
);
export type WatchPull = Static<typeof WatchPull>;

export const PulledEvent = Type.Object(
  {
    subscription: SubscriptionIdText,
    number,
    kind: Type.Enum([...EVENT_KINDS]),
    reason: Type.Optional({ ...reason, description: 'Why it ended' }),
    sealed: Type.String({ description: 'Compact JWE, to the key that the subscription names' }),
  },
  closed,
);
export type PulledEvent = Static<typeof PulledEvent>;

export const WatchPulled = Type.Object(
  {
    events: Type.Array(PulledEvent),
    unknown: Type.Array(SubscriptionIdText, { description: 'Acknowledged ones that this provider does not have' }),
  },
  closed,
);
export type WatchPulled = Static<typeof WatchPulled>;

export const watchOpened = codec('watch answer', WatchOpened);
export const watchPull = codec('watch pull', WatchPull);
export const watchPulled = codec('pulled events', WatchPulled);
