// A bank's application after the loan: subscribes to changes at providers, opens and verifies what comes of it. Keys and
// checkpoints of others are the own node's word, as for queries.
import { fromBase64Url, fromUtf8 } from '../../node/core/bytes.ts';
import { newAgreement } from '../../node/core/agreement.ts';
import type { SealedEvent } from '../../node/core/cloud-event.ts';
import { XinlianError } from '../../node/core/errors.ts';
import { openJwe } from '../../node/core/jwe.ts';
import type {
  InboxEvent,
  OpenedPart,
  OpenedSubscription,
  OpenSubscription,
} from '../../node/core/messages/subscription.ts';
import { verifyAnswer, type VerifiedAnswer } from '../../node/core/verify-answer.ts';
import type { View } from '../../node/core/messages/view.ts';
import type { PreparedSubscription, WatchKeys } from './watch-keys.ts';
import { contextOf, type Grantee, type GranteeDependencies, type Question } from './grantee.ts';

export interface WatcherDependencies {
  /** Signs and seals as for queries. */
  grantee: Pick<Grantee, 'prepareSubscription'>;
  /** The own node: over the own gateway, or sealed over any. */
  home: { openSubscription(request: OpenSubscription, signal?: AbortSignal): Promise<OpenedSubscription> };
  /** The own node's view of the chain. */
  view: (members?: readonly string[]) => Promise<View>;
  /** Claim names of an item, in schema order. */
  names: GranteeDependencies['names'];
}

export type OpenedAt = { provider: string; outcome: OpenedPart['outcome']; detail: string };

/** An event, opened and verified. */
export interface SeenEvent<E extends SealedEvent = InboxEvent> {
  event: E;
  /** Absent where the own node says it: the provider knows the subscription no more. */
  answer?: VerifiedAnswer;
}

export class Watcher {
  readonly #needs: WatcherDependencies;

  constructor(dependencies: WatcherDependencies) {
    this.#needs = dependencies;
  }

  /** Signs and seals, and sends nothing: keep it, for what opens the events is in it. */
  async prepare(question: Omit<Question, 'deadlineMs'>): Promise<PreparedSubscription> {
    return this.#needs.grantee.prepareSubscription(question);
  }

  /** Opens a subscription, or opens it again. @returns what became of it at each provider */
  async open({ body, keys }: PreparedSubscription, signal?: AbortSignal): Promise<OpenedAt[]> {
    const { parts } = await this.#needs.home.openSubscription(body, signal);
    return Promise.all(
      parts.map(async ({ provider, outcome, reason, detail, answer }) => {
        if (answer === undefined) return { provider, outcome, detail: detail ?? reason ?? '' };
        // What the own node was told in the clear must be what the provider signed.
        const { body: signed } = await this.#verify(answer, provider, keys);
        const opened = signed.event?.kind === 'opened' && signed.outcome === 'answered';
        const said = opened ? 'open' : 'refused';
        return { provider, outcome: said, detail: [signed.reason, signed.detail].filter(Boolean).join(': ') };
      }),
    );
  }

  /**
   * Opens an event.
   * @throws MALFORMED, SIGNATURE_INVALID, PROOF_INVALID: nothing of such an event may be used; NOT_FOUND where it is of
   *   another subscription
   */
  async read<E extends SealedEvent>(event: E, keys: WatchKeys): Promise<SeenEvent<E>> {
    if (event.subscription !== keys.subscription)
      throw new XinlianError('NOT_FOUND', { what: 'subscription', id: event.subscription });
    if (event.sealed === undefined) return { event };
    const answer = await this.#verify(event.sealed, event.provider, keys);
    const { number, kind } = answer.body.event ?? {};
    if (number !== event.number || kind !== event.kind)
      throw new XinlianError('MALFORMED', {
        what: 'event',
        wanted: `${event.kind} ${event.number}`,
        got: `${kind} ${number}`,
      });
    return { event, answer };
  }

  async #verify(
    sealed: string,
    provider: string,
    { requests, reply, subscription }: WatchKeys,
  ): Promise<VerifiedAnswer> {
    const request = requests.find((own) => own.provider === provider)?.request;
    if (request === undefined) throw new XinlianError('NOT_FOUND', { what: 'subscription', id: subscription });
    const { plaintext } = await openJwe(sealed, newAgreement(fromBase64Url(reply, 32)));
    const { members } = await this.#needs.view([provider]);
    const asked = { request, provider, subscription: true };
    return verifyAnswer(fromUtf8(plaintext), asked, contextOf(members, this.#needs.names));
  }
}
