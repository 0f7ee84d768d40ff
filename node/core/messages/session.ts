// A sealed session: a client speaks to its home node through a gateway that can read nothing.
import { Type, type Static } from 'typebox';
import { codec } from './codec.ts';

const closed = { additionalProperties: false };

/** What the client signs (JWS) and seals (JWE). */
export const SessionManifest = Type.Object(
  {
    iss: Type.String({ description: 'Member id of the client' }),
    aud: Type.String({ description: 'Member id of the home node' }),
    jti: Type.String({ pattern: '^[A-Za-z0-9_-]{22}$', description: '16 random bytes' }),
    iat: Type.Integer(),
    exp: Type.Integer(),
    key: Type.String({ pattern: '^[A-Za-z0-9_-]{43}$', description: '32 random bytes' }),
  },
  closed,
);
export type SessionManifest = Static<typeof SessionManifest>;

export const OpenSession = Type.Object({ member: Type.String(), manifest: Type.String() }, closed);
export type OpenSession = Static<typeof OpenSession>;

/** The node's answer. `session` is its own share in the session's keys. */
export const OpenedSession = Type.Object(
  {
    session: Type.String({ pattern: '^[A-Za-z0-9_-]{22}$', description: '16 random bytes' }),
    expires: Type.Integer(),
  },
  closed,
);
export type OpenedSession = Static<typeof OpenedSession>;

export const SessionCall = Type.Object(
  { session: Type.String(), n: Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER }) },
  closed,
);
export type SessionCall = Static<typeof SessionCall>;

/** Plain header of an inner call: which method of the node, and in whose name (own gateways only). */
export const MethodCall = Type.Object({ method: Type.String(), member: Type.Optional(Type.String()) }, closed);
export type MethodCall = Static<typeof MethodCall>;

/** Header of an answer inside a session: an error travels sealed, like everything else. */
export const MethodAnswer = Type.Object(
  { error: Type.Optional(Type.Object({ code: Type.String(), details: Type.Unknown() }, closed)) },
  closed,
);
export type MethodAnswer = Static<typeof MethodAnswer>;

export const sessionManifest = codec('session manifest', SessionManifest);
export const openSession = codec('session request', OpenSession);
export const openedSession = codec('session', OpenedSession);
export const sessionCall = codec('session call', SessionCall);
export const methodCall = codec('method call', MethodCall);
export const methodAnswer = codec('method answer', MethodAnswer);
