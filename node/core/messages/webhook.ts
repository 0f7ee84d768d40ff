// Webhooks of a member, as its applications ask its node for them.
import { Type, type Static } from 'typebox';
import { INBOX_KINDS } from '../event-part.ts';
import { codec } from './codec.ts';
import { InboxEvent } from './subscription.ts';

const closed = { additionalProperties: false };
const count = Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER });
const seconds = Type.Integer({ minimum: 0, description: 'Seconds since 1970' });
export const WebhookIdText = Type.String({ pattern: '^[A-Za-z0-9_-]{21}[AQgw]$', description: 'Webhook' });

export const CreateWebhook = Type.Object(
  {
    url: Type.String({ maxLength: 2_048, description: 'Where events are posted to: https, or what your node allows' }),
    kinds: Type.Optional(Type.Array(Type.Enum([...INBOX_KINDS]), { minItems: 1, description: 'Default: all' })),
  },
  closed,
);
export type CreateWebhook = Static<typeof CreateWebhook>;

export const WebhookView = Type.Object(
  {
    webhook: WebhookIdText,
    url: Type.String(),
    kinds: Type.Array(Type.Enum([...INBOX_KINDS])),
    state: Type.Enum(['active', 'disabled']),
    reason: Type.Optional(
      Type.Enum(['gone', 'backlog'], {
        description: 'Why it is disabled: it answered 410, or too many events wait for it. A replay enables it',
      }),
    ),
    created: seconds,
    publicKey: Type.String({ description: 'whpk_…: Ed25519 key of the signatures v1a' }),
    rotated: Type.Optional({
      ...seconds,
      description: 'Until when the keys of before sign too: a receiver that knows either verifies',
    }),
    pending: { ...count, description: 'Events that wait to be delivered' },
    delivered: Type.Optional({
      ...count,
      description: 'Cursor behind which nothing is delivered yet, where it is disabled',
    }),
  },
  closed,
);
export type WebhookView = Static<typeof WebhookView>;

export const CreatedWebhook = Type.Object(
  {
    ...WebhookView.properties,
    secret: Type.String({ description: 'whsec_…: HMAC key of the signatures v1. Shown once' }),
  },
  closed,
);
export type CreatedWebhook = Static<typeof CreatedWebhook>;

/** How long the keys of before go on signing: long enough to bring the new ones to every receiver. */
export const OVERLAP_SECONDS = 86_400;
const MOST_OVERLAP_SECONDS = 7 * 86_400;

export const RotateWebhook = Type.Object(
  {
    webhook: WebhookIdText,
    overlapSeconds: Type.Optional(
      Type.Integer({
        minimum: 0,
        maximum: MOST_OVERLAP_SECONDS,
        default: OVERLAP_SECONDS,
        description: 'How long the keys of before sign too. 0: not at all, where they are known to another',
      }),
    ),
  },
  closed,
);
export type RotateWebhook = Static<typeof RotateWebhook>;

export const WebhookList = Type.Object({ webhooks: Type.Array(WebhookView) }, closed);
export type WebhookList = Static<typeof WebhookList>;

export const WebhookRef = Type.Object({ webhook: WebhookIdText }, closed);
export type WebhookRef = Static<typeof WebhookRef>;

export const DeadLettersRequest = Type.Object(
  { webhook: WebhookIdText, after: count, limit: Type.Integer({ minimum: 1, maximum: 1_000 }) },
  closed,
);
export type DeadLettersRequest = Static<typeof DeadLettersRequest>;

export const DeadLetter = Type.Object(
  {
    cursor: count,
    attempts: count,
    time: { ...seconds, description: 'Of the last attempt' },
    status: Type.Optional(Type.Integer({ description: 'HTTP status of the last answer' })),
    fault: Type.Optional(Type.String({ description: 'Why there was no answer' })),
    event: Type.Optional(InboxEvent),
  },
  closed,
);
export type DeadLetter = Static<typeof DeadLetter>;

export const DeadLettersPage = Type.Object({ deadLetters: Type.Array(DeadLetter), next: Type.Optional(count) }, closed);
export type DeadLettersPage = Static<typeof DeadLettersPage>;

export const ReplayWebhook = Type.Object(
  {
    webhook: WebhookIdText,
    after: Type.Optional({ ...count, description: 'Everything behind this cursor; absent: the dead letters' }),
  },
  closed,
);
export type ReplayWebhook = Static<typeof ReplayWebhook>;

export const Replayed = Type.Object({ queued: count }, closed);
export type Replayed = Static<typeof Replayed>;

export const createWebhook = codec('webhook to create', CreateWebhook);
export const createdWebhook = codec('created webhook', CreatedWebhook);
export const rotateWebhook = codec('rotation of a webhook', RotateWebhook);
export const webhookList = codec('webhooks', WebhookList);
export const webhookRef = codec('webhook reference', WebhookRef);
export const deadLettersRequest = codec('dead letters request', DeadLettersRequest);
export const deadLettersPage = codec('dead letters', DeadLettersPage);
export const replayWebhook = codec('replay', ReplayWebhook);
export const replayed = codec('replayed', Replayed);
