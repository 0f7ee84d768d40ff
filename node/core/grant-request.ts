// A bank asks an enterprise for an authorisation, through the member that identifies the enterprise; the enterprise
// grants, narrows or refuses. docs/protocol.md, section 9.
import { Type, type Static } from 'typebox';
import { malformed } from './errors.ts';
import { GrantCore } from './grant.ts';
import { P256Jwk, type JwsAlgorithm } from './jwk.ts';
import { parseJws, signJws, type Jws, type JwsSigner } from './jws.ts';
import { codec } from './messages/codec.ts';

const REQUEST_TYPE = 'xinlian-grant-request+jwt';
const ASK_TYPE = 'xinlian-grant-request-state+jwt';

/** Longest time that a request waits for its enterprise, in seconds: 30 days. */
export const REQUEST_SECONDS = 30 * 86_400;

const closed = { additionalProperties: false };
const memberId = Type.String({ pattern: '^0x[0-9a-f]{64}$' });
const requestId = Type.String({ pattern: '^[A-Za-z0-9_-]{22}$', description: '16 random bytes, base64url' });
const seconds = Type.Integer({ minimum: 0 });
const { subject, grantee, items, regions, purpose, matter, uses, from, to, retentionDays, automated, policy } =
  GrantCore.properties;

/** What is asked for: the enterprise's client adds salt, key and the way to withdraw. */
export const WantedGrant = Type.Object(
  { subject, grantee, items, regions, purpose, matter, uses, from, to, retentionDays, automated, policy },
  closed,
);
export type WantedGrant = Static<typeof WantedGrant>;

export const GrantRequest = Type.Object(
  {
    iss: { ...memberId, description: 'Who asks' },
    aud: { ...memberId, description: 'Member that identifies the enterprise' },
    jti: requestId,
    iat: seconds,
    exp: { ...seconds, description: 'Until when it waits' },
    wanted: WantedGrant,
    message: Type.Optional(Type.String({ maxLength: 500, description: 'To the enterprise, in words' })),
    reply: { ...P256Jwk, description: 'Key that the granted document is sealed to' },
  },
  closed,
);
export type GrantRequest = Static<typeof GrantRequest>;

/** What the enterprise answered. `document`: compact JWE of the grant document, sealed to `reply`. */
export const GrantDecision = Type.Object(
  {
    request: requestId,
    outcome: Type.Enum(['granted', 'refused']),
    reason: Type.Optional(Type.String({ maxLength: 500 })),
    document: Type.Optional(Type.String({ maxLength: 262_144 })),
  },
  closed,
);
export type GrantDecision = Static<typeof GrantDecision>;

/** A request as its enterprise sees it. */
export const SeenRequest = Type.Object(
  {
    request: GrantRequest,
    text: Type.String({ description: 'What is asked for, in plain words' }),
    decision: Type.Optional(Type.Enum(['granted', 'refused'])),
  },
  closed,
);
export type SeenRequest = Static<typeof SeenRequest>;

/** Who asked wants to know what became of it. */
export const RequestQuestion = Type.Object(
  { iss: memberId, aud: memberId, jti: requestId, iat: seconds, exp: seconds },
  closed,
);
export type RequestQuestion = Static<typeof RequestQuestion>;

export const RequestState = Type.Object(
  {
    request: requestId,
    state: Type.Enum(['waiting', 'granted', 'refused', 'expired']),
    reason: Type.Optional(Type.String()),
    document: Type.Optional(Type.String()),
  },
  closed,
);
export type RequestState = Static<typeof RequestState>;

/**
 * A grant no wider than it was asked for.
 * @param items those that are granted; default: all @param to when it ends; default: as asked
 * @throws MALFORMED for one that is wider
 */
export function narrowWanted(
  wanted: WantedGrant,
  { items = wanted.items, to = wanted.to }: Partial<Pick<WantedGrant, 'items' | 'to'>>,
): WantedGrant {
  for (const { item, months } of items) {
    const asked = wanted.items.find((own) => own.item === item);
    if (!asked || asked.months < months) malformed('items', 'no more than was asked for', `${item}:${months}`);
  }
  if (to > wanted.to) malformed('end of the grant', `at most ${wanted.to}, as was asked for`, to);
  return { ...wanted, items, to };
}

const requestCodec = codec('grant request', GrantRequest);
const questionCodec = codec('request question', RequestQuestion);
export const grantDecision = codec('grant decision', GrantDecision);
export const requestState = codec('request state', RequestState);
export const seenRequests = codec('grant requests', Type.Array(SeenRequest));

type More = { alg?: JwsAlgorithm; app?: string };

export function signRequest(request: GrantRequest, signer: JwsSigner, more: More = {}): Promise<string> {
  return signJws(REQUEST_TYPE, requestCodec.check(request), signer, more);
}

/** Reads a request; proves nothing. Throws `MALFORMED`. */
export function parseRequest(text: string): { request: GrantRequest; jws: Jws } {
  const jws = parseJws(text, REQUEST_TYPE);
  return { request: requestCodec.decode(jws.payload), jws };
}

export function signQuestion(question: RequestQuestion, signer: JwsSigner, more: More = {}): Promise<string> {
  return signJws(ASK_TYPE, questionCodec.check(question), signer, more);
}

/** Reads a question; proves nothing. Throws `MALFORMED`. */
export function parseQuestion(text: string): { question: RequestQuestion; jws: Jws } {
  const jws = parseJws(text, ASK_TYPE);
  return { question: questionCodec.decode(jws.payload), jws };
}
