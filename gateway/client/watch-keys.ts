// What an application keeps of a subscription.
import type { OpenSubscription } from '../../node/core/messages/subscription.ts';

/** What opens the events of a subscription: JSON, so that it can be kept. Who has it reads them. */
export interface WatchKeys {
  subscription: string;
  grant: string;
  /** Digest of each subscription as it was signed. */
  requests: { provider: string; request: string }[];
  /** Secret of the key that the events are sealed to, base64url. */
  reply: string;
}

/** A subscription, signed and sealed: sent again, it opens nothing twice. */
export interface PreparedSubscription {
  keys: WatchKeys;
  body: OpenSubscription;
}
