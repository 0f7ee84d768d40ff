// The grantee's side of subscriptions on paper: its node over a store, with a provider on the other end of a line that can
// be cut.
import { newAgreement, type LocalAgreement } from '../../node/core/agreement.ts';
import { fromUtf8, toBase64Url, utf8 } from '../../node/core/bytes.ts';
import { XinlianError } from '../../node/core/errors.ts';
import type { GrantDocument } from '../../node/core/grant.ts';
import type { MemberId } from '../../node/core/ids.ts';
import { openJwe, sealJwe } from '../../node/core/jwe.ts';
import { p256Jwk } from '../../node/core/jwk.ts';
import { newQueryId } from '../../node/core/make-grant.ts';
import type { InboxEvent, OpenedSubscription } from '../../node/core/messages/subscription.ts';
import { signJournal } from '../../node/core/query.ts';
import { textDigest } from '../../node/core/receipt.ts';
import { signSubscription } from '../../node/core/subscription.ts';
import { verifyAnswer, type VerifiedAnswer } from '../../node/core/verify-answer.ts';
import type { Attempt, RetrySchedule } from '../../node/exchange/delivery.ts';
import { Consumptions } from '../../node/exchange/consumptions.ts';
import { QueryJournal, type AskingMember } from '../../node/exchange/journal.ts';
import { Inbox } from '../../node/exchange/inbox.ts';
import { Subscriptions, type Providers } from '../../node/exchange/subscriptions.ts';
import { Webhooks, type WebhookSender } from '../../node/exchange/webhooks.ts';
import { builtInCatalogue } from '../../node/policy/pack.ts';
import { LevelAccessStore } from '../../node/store/access-store.ts';
import { LevelInboxStore } from '../../node/store/inbox-store.ts';
import type { Batch, Store } from '../../node/store/store.ts';
import { LevelWebhookStore } from '../../node/store/webhook-store.ts';
import { openAgency, silent, SIGNER, type Agency } from './agency.ts';
import { domain } from './authorised.ts';
import { MEMBER } from './bundle.ts';
import { memoryStore } from './memory-store.ts';
import { PaperGrants } from './paper-grants.ts';
import { Watched } from './watched.ts';

/** Three attempts, as quick as they can be. */
export const QUICK: RetrySchedule = { delaysSeconds: [0, 0, 0], jitter: 0, longestRetryAfterSeconds: 0 };

export interface Posted {
  url: string;
  headers: Record<string, string>;
  body: Record<string, string>;
}

/** A receiver on paper: answers what the test says. */
export class Receiver implements WebhookSender {
  readonly posted: Posted[] = [];
  answer: (posted: Posted) => Attempt | Promise<Attempt> = () => ({ status: 204 });

  check(): void {}

  async post(url: string, headers: Record<string, string>, body: Uint8Array): Promise<Attempt> {
    const posted = { url, headers, body: JSON.parse(fromUtf8(body)) as Record<string, string> };
    this.posted.push(posted);
    return this.answer(posted);
  }
}

const OUT_OF_REACH: Providers = {
  subscribe: async (peer) => unreachable(peer),
  pull: async (peer) => unreachable(peer),
};

function unreachable(peer: string): never {
  throw new XinlianError('UNREACHABLE', { peer, reason: 'the line is cut' });
}

interface Parts {
  agency: Agency;
  view: PaperGrants;
  providers: Providers;
  isWithdrawn: (grant: string) => boolean;
  schedule: RetrySchedule;
}

async function open({ agency, view, providers, isWithdrawn, schedule }: Parts, receiver: Receiver) {
  const { store, commits, clock, vault } = agency;
  const inbox = new LevelInboxStore(store);
  const webhooks = await Webhooks.open<Batch>({
    store: new LevelWebhookStore(store),
    inbox,
    commits,
    vaultOf: () => vault,
    sender: receiver,
    schedule,
    format: (seconds) => `at ${seconds}`,
    clock,
    random: () => 0.5,
    logger: silent,
  });
  const received = new Inbox<Batch>({
    store: inbox,
    arrived: (batch, member, event) => webhooks.arrived(batch, member, event),
    settled: () => webhooks.settled(),
    clock,
  });
  const subscriptions = await Subscriptions.open<Batch>({
    store: inbox,
    inbox: received,
    commits,
    journal: new QueryJournal<Batch>({
      store: new LevelAccessStore(store),
      commits,
      view,
      clock,
      consumptions: new Consumptions({ view, domain, clock }),
    }),
    providers,
    view,
    withdrawals: { isWithdrawn },
    failClosedSeconds: 120,
    keptDays: 30,
    clock,
    random: () => 0.5,
    logger: silent,
  });
  return { subscriptions, webhooks, inbox: received };
}

/** What a node's methods need, with no provider in reach. */
export function bankParts(agency: Agency): ReturnType<typeof open> {
  const view = new PaperGrants(Math.floor(agency.clock.now() / 1000));
  const parts = { agency, view, providers: OUT_OF_REACH, isWithdrawn: () => false, schedule: QUICK };
  return open(parts, new Receiver());
}

/** How the events of a subscription are opened. */
export interface Keys {
  id: string;
  request: string;
  reply: LocalAgreement;
  opened: OpenedSubscription;
  body: Parameters<Subscriptions<Batch>['subscribe']>[1];
}

export class WatchingBank {
  readonly watched: Watched;
  readonly agency: Agency;
  readonly subscriptions: Subscriptions<Batch>;
  readonly webhooks: Webhooks<Batch>;
  readonly inbox: Inbox<Batch>;
  readonly receiver: Receiver;
  /** Whether the provider is out of reach. */
  readonly line: { cut: boolean; pulls: number };

  private constructor(
    watched: Watched,
    agency: Agency,
    parts: Awaited<ReturnType<typeof open>>,
    receiver: Receiver,
    line: { cut: boolean; pulls: number },
  ) {
    this.watched = watched;
    this.agency = agency;
    this.subscriptions = parts.subscriptions;
    this.webhooks = parts.webhooks;
    this.inbox = parts.inbox;
    this.receiver = receiver;
    this.line = line;
  }

  /** Started. @param store of the bank @param watched the provider, which may be there already */
  static async open(
    { store, watched, schedule = QUICK }: { store?: Store; watched?: Watched; schedule?: RetrySchedule } = {},
    receiver = new Receiver(),
  ): Promise<WatchingBank> {
    const provider = watched ?? (await Watched.open());
    const agency = await openAgency(store ?? (await memoryStore()));
    const line = { cut: false, pulls: 0 };
    const { exchange, watches } = provider;
    const providers: Providers = {
      subscribe: async (peer, sealed, { signal }) =>
        line.cut ? unreachable(peer) : watches.subscribe(exchange.member, sealed, signal),
      pull: async (peer, pull, signal) => {
        line.pulls++;
        return line.cut ? unreachable(peer) : watches.pull(exchange.member, pull, signal);
      },
    };
    const isWithdrawn = (grant: string): boolean => exchange.withdrawn.has(grant);
    const parts = await open({ agency, view: exchange.grants, providers, isWithdrawn, schedule }, receiver);
    parts.webhooks.start();
    parts.subscriptions.start();
    return new WatchingBank(provider, agency, parts, receiver, line);
  }

  get id(): MemberId {
    return this.watched.exchange.bank.id;
  }

  get asking(): AskingMember<Batch> {
    const { bank, sealing, grants: writer } = this.watched.exchange;
    const { log, vault } = this.agency;
    return { id: bank.id, log, vault, sealing, writer };
  }

  async subscribe(document: GrantDocument): Promise<Keys> {
    const { bank, sealing } = this.watched.exchange;
    const reply = newAgreement();
    const id = newQueryId().id;
    const iat = this.watched.exchange.now();
    const shared = { iss: bank.id, jti: id, iat, exp: iat + 300, grant: document, items: ['tax-payment'] };
    const jws = await signSubscription(
      { ...shared, aud: MEMBER, purpose: 'post-loan', reply: p256Jwk(reply.publicKey) },
      bank.signer,
    );
    const request = textDigest(jws);
    const journal = await signJournal(
      { ...shared, aud: bank.id, requests: [{ provider: MEMBER, request }] },
      bank.signer,
    );
    const body = {
      subscription: id,
      journal: await sealJwe(utf8(journal), sealing.publicKey, 'JWT'),
      parts: [{ provider: MEMBER, subscription: await sealJwe(utf8(jws), sealing.publicKey, 'JWT') }],
    };
    const opened = await this.subscriptions.subscribe(this.asking, body, AbortSignal.timeout(30_000));
    return { id, request, reply, opened, body };
  }

  /** Those that came, when there are so many. */
  async events(count: number): Promise<InboxEvent[]> {
    const events: InboxEvent[] = [];
    for (let after = 0; events.length < count;) {
      const request = { after, limit: 100, waitMs: 1_000_000 };
      const page = await this.inbox.events(this.id, request, AbortSignal.timeout(10_000));
      events.push(...page.events);
      after = page.next;
    }
    return events;
  }

  async read({ sealed = '' }: InboxEvent, { request, reply }: Keys): Promise<VerifiedAnswer> {
    const { plaintext } = await openJwe(sealed, reply);
    const context = {
      names: (item: string, edition: string) => builtInCatalogue.names(item, edition),
      isCheckpointKey: (_: string, key: Uint8Array) => toBase64Url(key) === toBase64Url(SIGNER),
    };
    return verifyAnswer(fromUtf8(plaintext), { request, provider: MEMBER, subscription: true }, context);
  }

  async stop(): Promise<void> {
    await this.subscriptions.stop();
    await this.webhooks.stop();
  }
}
