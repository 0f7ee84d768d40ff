// The gateway itself: limits, errors, health, metrics.
import { Type, type Static } from 'typebox';
import { define } from './endpoint.ts';
import { closed } from './schemas.ts';

const Rate = Type.Object({ requests: Type.Integer(), windowSeconds: Type.Integer() }, closed);

export const Limits = Type.Object(
  {
    rates: Type.Object(
      { token: Rate, normal: Rate, bulk: Rate },
      { ...closed, description: 'Per member, or per address without a token; each endpoint counts apart' },
    ),
    bodies: Type.Record(Type.String(), Type.Integer(), {
      description: 'Largest body in bytes, by method and path; a stream of lines has none',
    }),
    publish: Type.Object(
      {
        chunkBytes: Type.Integer({ description: 'Rows are taken in chunks of about this size' }),
        maxLineBytes: Type.Integer({ description: 'Longest row, its line feed included' }),
        maxStreams: Type.Integer({ description: 'Streams of one member at the same time' }),
      },
      closed,
    ),
    pages: Type.Object({ default: Type.Integer(), max: Type.Integer() }, closed),
    tokenSeconds: Type.Integer(),
  },
  closed,
);
export type Limits = Static<typeof Limits>;

const Bilingual = Type.Object({ en: Type.String(), zh: Type.String() }, closed);

export const ErrorCatalogue = Type.Array(
  Type.Object(
    {
      code: Type.String(),
      type: Type.String(),
      status: Type.Integer(),
      retryable: Type.Boolean(),
      title: Bilingual,
      action: Type.Object(Bilingual.properties, { ...closed, description: 'What to do about it' }),
    },
    closed,
  ),
);

export const RefusalCatalogue = Type.Array(
  Type.Object(
    {
      code: Type.String(),
      retryable: Type.Boolean({ description: 'Whether the same query may be answered later' }),
      title: Bilingual,
      action: Type.Object(Bilingual.properties, { ...closed, description: 'What to do about it' }),
    },
    closed,
  ),
);

const Up = Type.Object({ status: Type.Literal('ok') }, closed);

export const getLimits = define({
  method: 'GET',
  path: '/v1/limits',
  tag: 'Service',
  summary: 'Sizes and rates that this gateway takes',
  rate: 'normal',
  response: { kind: 'json', schema: Limits },
  problems: [],
});

export const getErrors = define({
  method: 'GET',
  path: '/v1/errors',
  tag: 'Service',
  summary: 'Every error code, in Chinese and English',
  rate: 'normal',
  response: { kind: 'json', schema: ErrorCatalogue },
  problems: [],
});

export const getRefusals = define({
  method: 'GET',
  path: '/v1/refusals',
  tag: 'Service',
  summary: 'Every reason why a provider refuses or a check says no, in Chinese and English',
  description: 'As `reason` has them in answers, in results of checks, in receipts, and behind GRANT_REFUSED.',
  rate: 'normal',
  response: { kind: 'json', schema: RefusalCatalogue },
  problems: [],
});

export const getLive = define({
  method: 'GET',
  path: '/healthz/live',
  tag: 'Service',
  summary: 'Whether the process runs',
  response: { kind: 'json', schema: Up },
  problems: [],
});

export const getReady = define({
  method: 'GET',
  path: '/healthz/ready',
  tag: 'Service',
  summary: 'Whether the chain is followed and fresh',
  response: { kind: 'json', schema: Up },
  problems: ['CHAIN_STALE', 'CHAIN_UNREACHABLE'],
});

export const getMetrics = define({
  method: 'GET',
  path: '/metrics',
  tag: 'Service',
  summary: 'Metrics in the Prometheus text format',
  response: { kind: 'text', mediaType: 'text/plain; version=0.0.4; charset=utf-8' },
  problems: [],
});
