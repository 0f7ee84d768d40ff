// Events as others read them: CloudEvents 1.0 in the structured JSON form, with the extensions `sequence` and
// `partitionkey`. What an event says is inside the seal; the envelope tells what its carrier knows anyway.
import { Type, type Static } from 'typebox';
import { malformed } from './errors.ts';
import { EVENT_KINDS } from './event-part.ts';
import type { InboxEvent } from './messages/subscription.ts';

const SOURCE = 'urn:xinlian:member:';

export const CLOUD_EVENT_TYPE = 'application/cloudevents+json';

/** By kind of event. */
export const CLOUD_EVENT_TYPES = {
  opened: 'cn.xinlian.subscription.opened.v1',
  changes: 'cn.xinlian.record.changed.v1',
  ended: 'cn.xinlian.subscription.ended.v1',
  listed: 'cn.xinlian.whitelist.listed.v1',
  delisted: 'cn.xinlian.whitelist.delisted.v1',
} as const satisfies Record<InboxEvent['kind'], string>;

export const CloudEvent = Type.Object(
  {
    specversion: Type.Literal('1.0'),
    id: Type.String({ description: 'The same in every delivery: what you have seen already you can leave out' }),
    source: Type.String({ description: 'urn:xinlian:member: and the id of the provider' }),
    type: Type.Enum(Object.values(CLOUD_EVENT_TYPES)),
    subject: Type.String({ description: 'Id of the subscription, or of the white list' }),
    time: Type.String({ format: 'date-time', description: 'When your node took it; RFC 3339, +08:00' }),
    datacontenttype: Type.Optional(Type.Literal('application/jose')),
    data: Type.Optional(
      Type.String({
        description:
          'Compact JWE: a signed answer, sealed to the reply key of the subscription, or to your sealing key',
      }),
    ),
    cursor: Type.String({ description: 'Of this event; `after` and Last-Event-ID take it' }),
    sequence: Type.String({ description: 'Number of the event in its subscription, or list, at this provider' }),
    partitionkey: Type.String({ description: 'The same for all events of one enterprise' }),
    grant: Type.String({ description: 'Grant that it came under' }),
    reason: Type.Optional(
      Type.String({ description: 'Of the last event: why the subscription ended, or the enterprise left the list' }),
    ),
    edition: Type.Optional(Type.String({ description: 'Of the white list' })),
  },
  { additionalProperties: false },
);
export type CloudEvent = Static<typeof CloudEvent>;

/** @param format writes seconds since 1970 as RFC 3339, +08:00 */
export function cloudEventOf(event: InboxEvent, format: (seconds: number) => string): CloudEvent {
  const { cursor, subscription, provider, grant, number, kind, reason, time, lane, sealed, list } = event;
  return {
    specversion: '1.0',
    id: eventId(event),
    source: `${SOURCE}${provider}`,
    type: CLOUD_EVENT_TYPES[kind],
    subject: list?.id ?? subscription,
    time: format(time),
    ...(sealed !== undefined && { datacontenttype: 'application/jose', data: sealed }),
    cursor: String(cursor),
    sequence: String(number),
    partitionkey: lane,
    grant,
    ...(reason !== undefined && { reason }),
    ...(list && { edition: String(list.edition) }),
  };
}

/** What opening an event wants of it. */
export type SealedEvent = Pick<InboxEvent, 'subscription' | 'provider' | 'number' | 'kind' | 'sealed'>;

/** What stands in the envelope, of which the seal must say the same. Throws `MALFORMED`. */
export function eventOf({ source, type, subject, sequence, data }: CloudEvent): SealedEvent {
  const kind = EVENT_KINDS.find((one) => CLOUD_EVENT_TYPES[one] === type);
  if (kind === undefined) return malformed('type of an event', Object.values(CLOUD_EVENT_TYPES).join(', '), type);
  return {
    subscription: subject,
    provider: source.slice(SOURCE.length),
    number: Number(sequence),
    kind,
    ...(data !== undefined && { sealed: data }),
  };
}

/** Without a full stop, which Standard Webhooks does not let stand in an id. */
function eventId({ subscription, provider, number }: InboxEvent): string {
  return `${subscription}_${provider.slice(2, 18)}_${number}`;
}
