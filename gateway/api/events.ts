// After the loan: subscriptions, the events that come of them, webhooks. At the member's own gateway; over another's the
// same calls go sealed to its node.
import { Type, type Static } from 'typebox';
import { CloudEvent } from '../../node/core/cloud-event.ts';
import {
  OpenedSubscription,
  OpenSubscription,
  SubscriptionView as WireSubscription,
} from '../../node/core/messages/subscription.ts';
import { SubscriptionIdText } from '../../node/core/messages/watch.ts';
import {
  CreateWebhook,
  DeadLetter as WireDeadLetter,
  Replayed,
  RotateWebhook,
  WebhookIdText,
  WebhookView as WireWebhook,
} from '../../node/core/messages/webhook.ts';
import { define } from './endpoint.ts';
import { DEFAULT_PAGE, MAX_PAGE, MAX_QUERY_BYTES } from './limits.ts';
import { closed, MemberIdText, Time } from './schemas.ts';

const OWN = ' At your own gateway: another refuses (FORBIDDEN), and carries the same call sealed.';
const limit = Type.Optional(Type.Integer({ minimum: 1, maximum: MAX_PAGE, default: DEFAULT_PAGE }));
const Cursor = Type.String({ pattern: '^\\d{1,15}$', description: 'Of an event. 0: from the first that is kept' });
const subscriptionParams = Type.Object({ subscription: SubscriptionIdText }, closed);
const webhookParams = Type.Object({ webhook: WebhookIdText }, closed);

export const SubscriptionView = Type.Object({ ...WireSubscription.properties, opened: Time }, closed);
export type SubscriptionView = Static<typeof SubscriptionView>;

export const WebhookView = Type.Object(
  {
    ...WireWebhook.properties,
    created: Time,
    rotated: Type.Optional({ ...Time, description: 'Until when the keys of before sign too' }),
  },
  closed,
);
export type WebhookView = Static<typeof WebhookView>;

const { event: _, ...letter } = WireDeadLetter.properties;
export const DeadLetter = Type.Object(
  {
    ...letter,
    cursor: Type.String(),
    time: { ...Time, description: 'Of the last attempt' },
    event: Type.Optional({ ...CloudEvent, description: 'Absent where it is kept no longer' }),
  },
  closed,
);
export type DeadLetter = Static<typeof DeadLetter>;

export const openSubscription = define({
  method: 'POST',
  path: '/v1/subscriptions',
  tag: 'Events',
  summary: 'Subscribe to changes of an enterprise, under a grant for the time after a loan',
  description:
    'You sign a subscription for each provider and seal it to that provider (docs/protocol.md, section 13), and name a key ' +
    'that every event is sealed to. Your node logs the wish, as it does for a query, and pulls the events from then on, for ' +
    'as long as the grant stands. 贷后管理:订阅企业信息变动。' +
    OWN,
  scope: 'events',
  rate: 'normal',
  idempotency: {
    kind: 'natural',
    natural: 'the id of the subscription is the key: what is open stays open, and who answered gives the same answer',
  },
  request: { kind: 'json', schema: OpenSubscription, maxBytes: MAX_QUERY_BYTES },
  response: { kind: 'json', schema: OpenedSubscription },
  problems: ['GRANT_REFUSED', 'MALFORMED', 'SIGNATURE_INVALID', 'UNREACHABLE', 'TIMEOUT'],
});

export const listSubscriptions = define({
  method: 'GET',
  path: '/v1/subscriptions',
  tag: 'Events',
  summary: 'Your subscriptions',
  description: `One line for each provider.${OWN}`,
  scope: 'events',
  rate: 'normal',
  query: Type.Object({ limit, cursor: Type.Optional(Type.String({ maxLength: 120 })) }, closed),
  response: {
    kind: 'json',
    schema: Type.Object({ items: Type.Array(SubscriptionView), next: Type.Optional(Type.String()) }, closed),
  },
  problems: ['UNREACHABLE', 'TIMEOUT'],
});

export const closeSubscription = define({
  method: 'DELETE',
  path: '/v1/subscriptions/{subscription}',
  tag: 'Events',
  summary: 'End a subscription',
  description: `What came of it stays readable. A provider that is away is told when it is back.${OWN}`,
  scope: 'events',
  rate: 'normal',
  params: subscriptionParams,
  query: Type.Object(
    { provider: Type.Optional({ ...MemberIdText, description: 'At this provider alone; absent: at all' }) },
    closed,
  ),
  response: { kind: 'json', schema: subscriptionParams },
  problems: ['NOT_FOUND', 'UNREACHABLE', 'TIMEOUT'],
});

export const listEvents = define({
  method: 'GET',
  path: '/v1/events',
  tag: 'Events',
  summary: 'Events behind a cursor',
  description:
    'CloudEvents 1.0, in the order in which your node took them; those of one enterprise are in the order of their ' +
    `provider’s log. What an event says is in \`data\`, sealed to your key.${OWN}`,
  scope: 'events',
  rate: 'bulk',
  query: Type.Object(
    {
      after: Type.Optional({ ...Cursor, default: '0' }),
      limit,
      subscription: Type.Optional(SubscriptionIdText),
      waitMs: Type.Optional(
        Type.Integer({ minimum: 0, maximum: 20_000, default: 0, description: 'How long to wait where there is none' }),
      ),
    },
    closed,
  ),
  response: {
    kind: 'json',
    schema: Type.Object(
      {
        items: Type.Array(CloudEvent),
        next: { ...Cursor, description: '`after` of the next page: keep it when you have dealt with this one' },
        more: Type.Boolean({ description: 'Whether the next page has some already' }),
      },
      closed,
    ),
  },
  problems: ['UNREACHABLE', 'TIMEOUT'],
});

export const streamEvents = define({
  method: 'GET',
  path: '/v1/events/stream',
  tag: 'Events',
  summary: 'Events as they come',
  description:
    'Server-sent events: `id` is the cursor, `event` the type, `data` the CloudEvent. Goes on behind Last-Event-ID where a ' +
    `client comes back with it. A comment tells every few seconds that the line stands.${OWN}`,
  scope: 'events',
  rate: 'normal',
  query: Type.Object({ after: Type.Optional(Cursor), subscription: Type.Optional(SubscriptionIdText) }, closed),
  headers: Type.Object({ 'last-event-id': Type.Optional({ ...Cursor, description: 'Comes before `after`' }) }),
  response: { kind: 'events', schema: CloudEvent },
  problems: ['UNREACHABLE', 'TIMEOUT'],
});

export const createWebhook = define({
  method: 'POST',
  path: '/v1/webhooks',
  tag: 'Events',
  summary: 'Have events posted to an address of yours',
  description:
    'Each is a CloudEvent (application/cloudevents+json), signed as Standard Webhooks says: `v1` under the secret that this ' +
    'answer shows once, `v1a` under the public key. A 2xx acknowledges; 410 disables the webhook; anything else is tried ' +
    'again, for days. Events of one enterprise keep their order, and a failed one holds up no other enterprise’s. Your node ' +
    `posts to https at public addresses, or to what its settings allow, and to nothing else.${OWN}`,
  scope: 'events',
  rate: 'normal',
  idempotency: { kind: 'kept', natural: 'each makes another webhook' },
  request: { kind: 'json', schema: CreateWebhook, maxBytes: 4_096 },
  response: {
    kind: 'json',
    schema: Type.Object(
      {
        ...WebhookView.properties,
        secret: Type.String({ description: 'whsec_…: HMAC key of the signatures v1. Shown once' }),
      },
      closed,
    ),
  },
  problems: ['MALFORMED', 'UNREACHABLE', 'TIMEOUT'],
});

const { webhook: _id, ...rotation } = RotateWebhook.properties;

export const rotateWebhook = define({
  method: 'POST',
  path: '/v1/webhooks/{webhook}/rotation',
  tag: 'Events',
  summary: 'Give a webhook other keys',
  description:
    'The answer shows the new secret once. For the overlap every call is signed under the keys of before as well: the ' +
    `header has four signatures, and one that you know is enough (Standard Webhooks).${OWN}`,
  scope: 'events',
  rate: 'normal',
  idempotency: { kind: 'kept', natural: 'each makes other keys, and ends those of before the last rotation' },
  params: webhookParams,
  request: { kind: 'json', schema: Type.Object(rotation, closed), maxBytes: 4_096 },
  response: {
    kind: 'json',
    schema: Type.Object(
      {
        ...WebhookView.properties,
        secret: Type.String({ description: 'whsec_…: HMAC key of the signatures v1. Shown once' }),
      },
      closed,
    ),
  },
  problems: ['NOT_FOUND', 'MALFORMED', 'UNREACHABLE', 'TIMEOUT'],
});

export const listWebhooks = define({
  method: 'GET',
  path: '/v1/webhooks',
  tag: 'Events',
  summary: 'Your webhooks, and how each stands',
  description: OWN.trim(),
  scope: 'events',
  rate: 'normal',
  response: { kind: 'json', schema: Type.Object({ items: Type.Array(WebhookView) }, closed) },
  problems: ['UNREACHABLE', 'TIMEOUT'],
});

export const deleteWebhook = define({
  method: 'DELETE',
  path: '/v1/webhooks/{webhook}',
  tag: 'Events',
  summary: 'Delete a webhook, with what waits for it',
  description: OWN.trim(),
  scope: 'events',
  rate: 'normal',
  params: webhookParams,
  response: { kind: 'json', schema: webhookParams },
  problems: ['NOT_FOUND', 'UNREACHABLE', 'TIMEOUT'],
});

export const listDeadLetters = define({
  method: 'GET',
  path: '/v1/webhooks/{webhook}/dead-letters',
  tag: 'Events',
  summary: 'What was given up',
  description: `Events that the last attempt did not deliver either. A replay takes them up again.${OWN}`,
  scope: 'events',
  rate: 'normal',
  params: webhookParams,
  query: Type.Object({ limit, cursor: Type.Optional(Cursor) }, closed),
  response: {
    kind: 'json',
    schema: Type.Object({ items: Type.Array(DeadLetter), next: Type.Optional(Cursor) }, closed),
  },
  problems: ['NOT_FOUND', 'UNREACHABLE', 'TIMEOUT'],
});

export const replayWebhook = define({
  method: 'POST',
  path: '/v1/webhooks/{webhook}/replay',
  tag: 'Events',
  summary: 'Post again what is behind a cursor, or the dead letters',
  description: `Enables a webhook that was disabled.${OWN}`,
  scope: 'events',
  rate: 'normal',
  idempotency: {
    kind: 'natural',
    natural: 'what waits already is not queued twice; what was delivered is posted again',
  },
  params: webhookParams,
  request: {
    kind: 'json',
    schema: Type.Object(
      { after: Type.Optional({ ...Cursor, description: 'Everything behind it; absent: the dead letters' }) },
      closed,
    ),
    maxBytes: 4_096,
  },
  response: { kind: 'json', schema: Replayed },
  problems: ['NOT_FOUND', 'UNREACHABLE', 'TIMEOUT'],
});
