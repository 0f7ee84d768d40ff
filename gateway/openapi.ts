// The OpenAPI 3.1 document, from the definitions.
import type { TSchema } from 'typebox';
import { CLOUD_EVENT_TYPE, CloudEvent } from '../node/core/cloud-event.ts';
import { RequestState } from '../node/core/grant-request.ts';
import { CheckResult, GrantCheck } from '../node/core/messages/check.ts';
import {
  GrantConsumed,
  GrantConsumption,
  GrantOutcome,
  GrantRegistration,
  GrantTermsText,
  GrantWithdrawal,
} from '../node/core/messages/grant.ts';
import { OpenedPart, OpenedSubscription } from '../node/core/messages/subscription.ts';
import { Counts, RowFault, SubmissionState } from '../node/core/messages/publish.ts';
import { api } from './api/api.ts';
import { guaranteeOf, IDEMPOTENCY_KEY_PATTERN } from './api/idempotency.ts';
import { RATE_CLASSES, type Endpoint, type RequestBody, type ResponseBody } from './api/endpoint.ts';
import { JobView } from './api/jobs.ts';
import { LogPage, LogView } from './api/logs.ts';
import { GrantView, Judged } from './api/grants.ts';
import { Consortium, MemberDetail, MemberPage, MemberView } from './api/members.ts';
import { DeadLetter, SubscriptionView, WebhookView } from './api/events.ts';
import { QueryPart } from './api/queries.ts';
import {
  BundleDocument,
  ChunkLine,
  ProblemLine,
  PublishLine,
  RecordStatusView,
  RowLine,
  SummaryLine,
} from './api/records.ts';
import { Problem } from './api/schemas.ts';
import { SCOPES } from './api/scopes.ts';
import { ErrorCatalogue, Limits, RefusalCatalogue } from './api/service.ts';
import { Verification } from './api/verify.ts';
import type { ErrorCode } from '../node/core/errors.ts';
import { EVENT_STREAM } from './server-sent.ts';
import { WhiteListEntry, WhiteListView } from './api/lists.ts';
import { MEDIA_TYPES } from './plugins/media-types.ts';
import { CATALOGUE } from './problems/catalogue.ts';

type Json = string | number | boolean | null | Json[] | { [name: string]: Json };
type JsonObject = { [name: string]: Json };

/** Schemas with a name of their own, so that generated clients have one class for each. */
const COMPONENTS: Readonly<Record<string, TSchema>> = {
  Problem,
  Counts,
  RowFault,
  SubmissionState,
  ChunkLine,
  RowLine,
  SummaryLine,
  ProblemLine,
  PublishLine,
  RecordStatus: RecordStatusView,
  Bundle: BundleDocument,
  Verification,
  Member: MemberView,
  MemberDetail,
  MemberPage,
  Consortium,
  Log: LogView,
  LogPage,
  GrantTerms: GrantTermsText,
  GrantRegistration,
  GrantWithdrawal,
  GrantConsumption,
  GrantConsumed,
  GrantOutcome,
  Grant: GrantView,
  GrantCheck,
  CheckResult,
  Judged,
  QueryPart,
  Job: JobView,
  OpenedPart,
  OpenedSubscription,
  Subscription: SubscriptionView,
  CloudEvent,
  Webhook: WebhookView,
  DeadLetter,
  WhiteList: WhiteListView,
  WhiteListEntry,
  RequestState,
  Limits,
  ErrorCatalogue,
  RefusalCatalogue,
};

const TAGS = {
  Audit: 'What public data alone answers an auditor, with its proofs 审计',
  'Public register': 'What the law publishes, for everyone; asked of the agencies on every read.',
  Recognition: 'Agreements and cases between regional centres, as the chain has them 信用报告互认',
  Access: 'Tokens 令牌',
  Publishing: 'Rows in, receipts out 信息报送',
  Records: 'Records and their proofs 记录与证明',
  Verification: 'Checking a proof 验证',
  Consortium: 'Members and logs, as the chain has them 联盟成员',
  Logs: 'Logs as C2SP tlog-tiles 日志',
  Grants: 'Authorisations: registered, checked, withdrawn, asked for 授权',
  Queries: 'Records under a grant, sealed end to end 授权查询',
  Sharing: 'Records between agencies, under a statute or duty 部门共享',
  Jobs: 'Batch jobs with result files 批量任务',
  Events: 'After the loan: subscriptions, events, webhooks 贷后订阅与推送',
  Enterprises: 'Calls of enterprises, under their certified keys 企业',
  Sessions: 'Sealed calls to a member’s node 密封会话',
  Service: 'The gateway itself 网关',
};

/** What every endpoint may fail with. */
const EVERYWHERE: readonly ErrorCode[] = ['OVERLOADED', 'INTERNAL'];

export function buildOpenApi(
  { baseUrl, version }: { baseUrl: string; version: string },
  endpoints: Readonly<Record<string, Endpoint>> = api,
): JsonObject {
  const paths: Record<string, JsonObject> = {};
  for (const [operationId, endpoint] of Object.entries(endpoints)) {
    const path = endpoint.path.replace('+}', '}');
    (paths[path] ??= {})[endpoint.method.toLowerCase()] = operation(operationId, endpoint);
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'Xinlian 信链 gateway',
      version,
      description:
        'A provable exchange of enterprise credit records. Errors are Problem Details (RFC 9457), in Chinese or English ' +
        'by Accept-Language; /v1/errors lists every code. Decimals are strings. `/v1` changes by addition only.',
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    servers: [{ url: baseUrl }],
    tags: Object.entries(TAGS).map(([name, description]) => ({ name, description })),
    paths,
    webhooks: { event: { post: eventWebhook() } },
    components: {
      schemas: Object.fromEntries(
        Object.entries(COMPONENTS).map(([name, schema]) => [name, expand(plain(schema), name)]),
      ),
      securitySchemes: {
        token: {
          type: 'oauth2',
          description: 'Client credentials with private_key_jwt (RFC 7523)',
          flows: {
            clientCredentials: {
              tokenUrl: `${baseUrl}/v1/oauth/token`,
              scopes: Object.fromEntries(SCOPES.map((scope) => [scope, scope])),
            },
          },
        },
      },
    },
  };
}

/** What is posted to a webhook's address. */
function eventWebhook(): JsonObject {
  const header = (name: string, description: string): JsonObject => ({
    name,
    in: 'header',
    required: true,
    description,
    schema: { type: 'string' },
  });
  return {
    operationId: 'receiveEvent',
    tags: ['Events'],
    summary: 'An event, posted to an address of yours',
    description:
      'Standard Webhooks: verify the signature over `webhook-id.webhook-timestamp.body` before you read it, and leave out ' +
      'what has an id that you have seen. 2xx acknowledges, 410 ends it for good, anything else is tried again.',
    security: [],
    parameters: [
      header('webhook-id', 'The id of the event: the same in every attempt'),
      header('webhook-timestamp', 'Of this attempt, seconds since 1970'),
      header(
        'webhook-signature',
        '`v1,` HMAC-SHA256 and `v1a,` Ed25519 signatures, divided by spaces; two of each while keys are rotated',
      ),
    ],
    requestBody: {
      required: true,
      content: { [CLOUD_EVENT_TYPE]: { schema: { $ref: '#/components/schemas/CloudEvent' } } },
    },
    responses: {
      '204': { description: 'Taken' },
      '410': { description: 'Nothing more is wanted: the webhook is disabled' },
    },
  };
}

function operation(operationId: string, endpoint: Endpoint): JsonObject {
  const { tag, summary, scope, rate, request, deprecated, idempotency } = endpoint;
  const description = [endpoint.description, idempotency && guaranteeOf(idempotency)].filter(Boolean).join(' ');
  return {
    operationId,
    tags: [tag],
    summary,
    ...(description && { description }),
    ...(deprecated && { deprecated: true }),
    security: scope ? [{ token: [scope] }] : [],
    parameters: parametersOf(endpoint),
    ...(request && { requestBody: { required: true, content: contentOf(request) } }),
    responses: responsesOf(endpoint),
    ...(idempotency && { 'x-idempotency': idempotency.kind }),
    ...(rate && RATE_CLASSES.includes(rate) && { 'x-rate-class': rate }),
  };
}

function parametersOf({ params, query, headers, idempotency }: Endpoint): Json[] {
  const places = [
    ['path', params],
    ['query', query],
    ['header', headers],
  ] as const;
  const declared = places.flatMap(([place, schema]) => {
    const required: readonly string[] = schema?.required ?? [];
    return Object.entries(schema?.properties ?? {}).map(([name, property]) =>
      parameter(name, place, required.includes(name), plain(property)),
    );
  });
  return idempotency ? [...declared, keyParameter] : declared;
}

const keyParameter: JsonObject = {
  name: 'Idempotency-Key',
  in: 'header',
  required: false,
  description: 'Chosen by you, one per request that you may send again: a UUID, for example. In quotes or without',
  schema: { type: 'string', pattern: IDEMPOTENCY_KEY_PATTERN },
};

function parameter(name: string, place: string, required: boolean, { description, ...schema }: JsonObject): JsonObject {
  return { name, in: place, required, ...(description !== undefined && { description }), schema: refer(schema) };
}

function contentOf(request: RequestBody): JsonObject {
  switch (request.kind) {
    case 'json':
    case 'form':
      return { [MEDIA_TYPES[request.kind]]: { schema: refer(plain(request.schema)) } };
    case 'bytes':
      return { [MEDIA_TYPES.bytes]: BINARY };
    case 'lines':
      return {
        [MEDIA_TYPES.lines]: { schema: { type: 'string', description: 'One JSON object a line' } },
        ...Object.fromEntries(
          (request.alsoTypes ?? []).map((type) => [
            type,
            { schema: { type: 'string', description: 'One record a line' } },
          ]),
        ),
      };
  }
}

function responsesOf(endpoint: Endpoint): JsonObject {
  const { scope, rate, problems, params, query, headers, request, idempotency } = endpoint;
  const codes = new Set<ErrorCode>([...problems, ...EVERYWHERE]);
  if (params ?? query ?? headers ?? request ?? idempotency) codes.add('REQUEST_INVALID');
  if (idempotency) codes.add('IDEMPOTENCY_KEY_REUSED').add('IDEMPOTENCY_KEY_IN_FLIGHT');
  if (scope) codes.add('UNAUTHENTICATED').add('FORBIDDEN');
  if (rate) codes.add('RATE_LIMITED');
  if (request) codes.add('UNSUPPORTED_MEDIA_TYPE').add('TOO_LARGE');
  const byStatus = Map.groupBy(codes, (code) => CATALOGUE[code].status);
  const responses: JsonObject = {
    '200': { description: 'Done', headers: requestIdHeader, content: answerOf(endpoint.response) },
    ...(endpoint.response.kind === 'file' && {
      '206': { description: 'A part', headers: requestIdHeader, content: answerOf(endpoint.response) },
    }),
  };
  for (const [status, ofStatus] of [...byStatus].sort(([a], [b]) => a - b)) {
    responses[String(status)] = {
      description: ofStatus
        .map((code) => `${code}: ${CATALOGUE[code].title.en} ${CATALOGUE[code].title.zh}`)
        .join('; '),
      headers: requestIdHeader,
      content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } },
    };
  }
  return responses;
}

/** Generators of clients want to be told that bytes are bytes. */
const BINARY: JsonObject = { schema: { type: 'string', format: 'binary' } };

const requestIdHeader: JsonObject = {
  'X-Request-Id': { description: 'Quote it when asking for help', schema: { type: 'string' } },
};

function answerOf(response: ResponseBody): JsonObject {
  switch (response.kind) {
    case 'json':
      return { [response.mediaType ?? MEDIA_TYPES.json]: { schema: refer(plain(response.schema)) } };
    case 'lines':
      return { [MEDIA_TYPES.lines]: { schema: refer(plain(response.schema)) } };
    case 'events':
      return {
        [EVENT_STREAM]: { schema: { type: 'string', description: 'Events; the data of each is a CloudEvent' } },
      };
    case 'bytes':
    case 'file':
      return Object.fromEntries(response.mediaTypes.map((type) => [type, BINARY]));
    case 'text':
      return { [response.mediaType]: { schema: { type: 'string' } } };
  }
}

/** A schema as JSON has it: no symbols, no hidden members. */
function plain(schema: TSchema): JsonObject {
  return JSON.parse(JSON.stringify(schema)) as JsonObject;
}

/** Component names by the text of their schemas: TypeBox copies schemas, so that identity does not tell. */
const names = new Map(Object.entries(COMPONENTS).map(([name, schema]) => [JSON.stringify(schema), name]));

/** Puts references where components stand. */
function refer(schema: JsonObject): JsonObject {
  const name = names.get(JSON.stringify(schema));
  return name === undefined ? expand(schema) : { $ref: `#/components/schemas/${name}` };
}

/** As `refer`, below the top only. @param title of a component: generators name classes by it */
function expand(schema: JsonObject, title?: string): JsonObject {
  const expanded = Object.fromEntries(
    Object.entries(schema).map(([keyword, value]): [string, Json] => {
      if (keyword === 'properties') return [keyword, mapObject(value as JsonObject, refer)];
      if (keyword === 'patternProperties') return [keyword, mapObject(value as JsonObject, refer)];
      if (keyword === 'items') return [keyword, refer(value as JsonObject)];
      if (keyword === 'anyOf') return [keyword, (value as JsonObject[]).map(refer)];
      return [keyword, value];
    }),
  );
  return { ...(title !== undefined && { title }), ...asChoice(expanded) };
}

function mapObject(object: JsonObject, map: (schema: JsonObject) => JsonObject): JsonObject {
  return Object.fromEntries(Object.entries(object).map(([name, schema]) => [name, map(schema as JsonObject)]));
}

/** A choice of texts is an enumeration to every generator, and one of objects a class with its kinds. */
function asChoice({ anyOf, ...rest }: JsonObject): JsonObject {
  if (!Array.isArray(anyOf)) return 'enum' in rest ? { type: 'string', ...rest } : rest;
  const texts = anyOf.map((choice) => (choice as JsonObject)['const']);
  if (texts.every((text) => typeof text === 'string')) return { ...rest, type: 'string', enum: texts };
  const kinds = anyOf.map((choice) => kindOf(choice as JsonObject));
  const mapping: JsonObject = {};
  for (const kind of kinds) if (kind) mapping[kind.type] = kind.reference;
  if (Object.keys(mapping).length < anyOf.length) return { ...rest, anyOf };
  return { ...rest, oneOf: anyOf, discriminator: { propertyName: 'type', mapping } };
}

/** What tells a component apart: the constant in its member `type`. */
function kindOf({ $ref: reference }: JsonObject): { type: string; reference: string } | undefined {
  if (typeof reference !== 'string') return undefined;
  const component: { properties?: { type?: { const?: unknown } } } | undefined =
    COMPONENTS[reference.slice(reference.lastIndexOf('/') + 1)];
  const type = component?.properties?.type?.const;
  return typeof type === 'string' ? { type, reference } : undefined;
}
