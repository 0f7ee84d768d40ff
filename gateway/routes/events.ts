// Subscriptions, events and webhooks of a member, at its own gateway: everything is in its node, and a gateway that was
// wiped has lost nothing.
import { CLOUD_EVENT_TYPES, cloudEventOf, type CloudEvent } from '../../node/core/cloud-event.ts';
import type { MemberId } from '../../node/core/ids.ts';
import type { InboxEvent, SubscriptionView as WireSubscription } from '../../node/core/messages/subscription.ts';
import type { DeadLetter as WireDeadLetter, WebhookView as WireWebhook } from '../../node/core/messages/webhook.ts';
import type { DeadLetter, SubscriptionView, WebhookView } from '../api/events.ts';
import { DEFAULT_PAGE } from '../api/limits.ts';
import { beijingTime } from '../beijing-time.ts';
import { HomeNode } from '../home-node.ts';
import type { NodeCaller } from '../ports.ts';
import type { Handlers, ServerSent } from './handler.ts';

/** Between two signs of life of a stream. */
const HEARTBEAT_MS = 10_000;
/** A journal waits for a consumption to become final, and each provider has its own deadline behind that. */
const OPEN_MS = 240_000;
const STREAM_PAGE = 100;

export function eventRoutes({ nodeTimeoutMs }: { nodeTimeoutMs: number }, { nodes }: { nodes: NodeCaller }) {
  const homeOf = (member: MemberId, timeoutMs = nodeTimeoutMs): HomeNode => new HomeNode(member, { timeoutMs }, nodes);

  return {
    openSubscription: ({ caller, body, signal }) => homeOf(caller.member, OPEN_MS).openSubscription(body, signal),

    async listSubscriptions({ caller, query: { limit = DEFAULT_PAGE, cursor }, signal }) {
      const request = { limit, ...(cursor !== undefined && { after: cursor }) };
      const { subscriptions, next } = await homeOf(caller.member).subscriptions(request, signal);
      return { items: subscriptions.map(subscriptionView), ...(next !== undefined && { next }) };
    },

    async closeSubscription({ caller, params, query: { provider }, signal }) {
      const { subscription } = params;
      await homeOf(caller.member).closeSubscription({ subscription, ...(provider && { provider }) }, signal);
      return { subscription };
    },

    async listEvents({ caller, query: { after = '0', limit = DEFAULT_PAGE, subscription, waitMs = 0 }, signal }) {
      const request = { after: Number(after), limit, waitMs, ...(subscription && { subscription }) };
      const { events, next, more } = await homeOf(caller.member, nodeTimeoutMs + waitMs).events(request, signal);
      return { items: events.map(toCloudEvent), next: String(next), more };
    },

    async *streamEvents({ caller, query, headers, signal }): AsyncGenerator<ServerSent<CloudEvent>, void, void> {
      const { subscription } = query;
      const home = homeOf(caller.member, nodeTimeoutMs + HEARTBEAT_MS);
      let after = Number(headers['last-event-id'] ?? query.after ?? 0);
      // Before the first page was read it may still fail with a status of its own.
      for (let waitMs = 0; ; waitMs = HEARTBEAT_MS) {
        const request = { after, limit: STREAM_PAGE, waitMs, ...(subscription && { subscription }) };
        const { events, next } = await home.events(request, signal);
        after = next;
        for (const event of events)
          yield { id: String(event.cursor), event: CLOUD_EVENT_TYPES[event.kind], data: toCloudEvent(event) };
        if (events.length === 0) yield 'heartbeat';
      }
    },

    async createWebhook({ caller, body, signal }) {
      const { secret, ...view } = await homeOf(caller.member).createWebhook(body, signal);
      return { ...webhookView(view), secret };
    },

    async rotateWebhook({ caller, params: { webhook }, body, signal }) {
      const { secret, ...view } = await homeOf(caller.member).rotateWebhook({ webhook, ...body }, signal);
      return { ...webhookView(view), secret };
    },

    async listWebhooks({ caller, signal }) {
      return { items: (await homeOf(caller.member).webhooks(signal)).map(webhookView) };
    },

    async deleteWebhook({ caller, params: { webhook }, signal }) {
      await homeOf(caller.member).removeWebhook(webhook, signal);
      return { webhook };
    },

    async listDeadLetters({ caller, params: { webhook }, query: { limit = DEFAULT_PAGE, cursor = '0' }, signal }) {
      const request = { webhook, after: Number(cursor), limit };
      const { deadLetters, next } = await homeOf(caller.member).deadLetters(request, signal);
      return { items: deadLetters.map(deadLetterView), ...(next !== undefined && { next: String(next) }) };
    },

    replayWebhook({ caller, params: { webhook }, body: { after }, signal }) {
      const request = { webhook, ...(after !== undefined && { after: Number(after) }) };
      return homeOf(caller.member).replayWebhook(request, signal);
    },
  } satisfies Partial<Handlers>;
}

function toCloudEvent(event: InboxEvent): CloudEvent {
  return cloudEventOf(event, beijingTime);
}

function subscriptionView({ opened, ...view }: WireSubscription): SubscriptionView {
  return { ...view, opened: beijingTime(opened) };
}

function webhookView({ created, rotated, ...view }: WireWebhook): WebhookView {
  return {
    ...view,
    created: beijingTime(created),
    ...(rotated !== undefined && { rotated: beijingTime(rotated) }),
  };
}

function deadLetterView({ cursor, time, event, ...letter }: WireDeadLetter): DeadLetter {
  return { ...letter, cursor: String(cursor), time: beijingTime(time), ...(event && { event: toCloudEvent(event) }) };
}
