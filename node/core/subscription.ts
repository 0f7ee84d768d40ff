// A grantee's standing wish to hear of changes at one provider, under a grant for the time after a loan. It is signed as a
// query is, and judged by the same rules, when it is opened and again before each event. docs/protocol.md, section 13.
import { Type, type Static } from 'typebox';
import { GrantDocument } from './grant.ts';
import type { JwsAlgorithm } from './jwk.ts';
import { parseJws, signJws, type Jws, type JwsSigner } from './jws.ts';
import { codec } from './messages/codec.ts';
import { Query } from './query.ts';

const TYPE = 'xinlian-subscription+jwt';

const {
  page: _page,
  attachment: _attachment,
  basis: _basis,
  subject: _subject,
  proofOnly: _proofOnly,
  grant: _grant,
  ...shared
} = Query.properties;

/** As a query under a grant, but for page and attachment: `jti` is the subscription's id, and `reply` the key that every event is sealed to. */
export const Subscription = Type.Object({ ...shared, grant: GrantDocument }, { additionalProperties: false });
export type Subscription = Static<typeof Subscription>;

const subscriptionCodec = codec('subscription', Subscription);

/** Throws `MALFORMED` for what is no subscription. @param more algorithm of the key where it is not Ed25519, and the certificate of the application that signs */
export function signSubscription(
  subscription: Query,
  signer: JwsSigner,
  more: { alg?: JwsAlgorithm; app?: string } = {},
): Promise<string> {
  return signJws(TYPE, subscriptionCodec.check(subscription), signer, more);
}

/** Reads a subscription; proves nothing. Throws `MALFORMED`. */
export function parseSubscription(text: string): { query: Subscription; jws: Jws } {
  const jws = parseJws(text, TYPE);
  return { query: subscriptionCodec.decode(jws.payload), jws };
}
