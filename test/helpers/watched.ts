// Subscriptions over authorised exchange on paper: a provider that tells, and a bank that opens what it is told.
import { newAgreement, type LocalAgreement } from '../../node/core/agreement.ts';
import { fromUtf8, toBase64Url, utf8 } from '../../node/core/bytes.ts';
import type { GrantDocument } from '../../node/core/grant.ts';
import type { GrantHash } from '../../node/core/ids.ts';
import { openJwe, sealJwe } from '../../node/core/jwe.ts';
import { p256Jwk } from '../../node/core/jwk.ts';
import { newQueryId } from '../../node/core/make-grant.ts';
import type { WatchOpened, WatchPulled } from '../../node/core/messages/watch.ts';
import { textDigest } from '../../node/core/receipt.ts';
import { signSubscription, type Subscription } from '../../node/core/subscription.ts';
import { verifyAnswer, type VerifiedAnswer } from '../../node/core/verify-answer.ts';
import { AnswerRecords } from '../../node/exchange/answer-records.ts';
import { Watches } from '../../node/exchange/watches.ts';
import { builtInCatalogue } from '../../node/policy/pack.ts';
import type { Batch, Store } from '../../node/store/store.ts';
import { LevelWatchStore } from '../../node/store/watch-store.ts';
import { silent, SIGNER } from './agency.ts';
import { Exchange } from './authorised.ts';
import { MEMBER } from './bundle.ts';

export interface Opened {
  id: string;
  request: string;
  reply: LocalAgreement;
  opened: WatchOpened;
  answer: VerifiedAnswer;
  /** As the bank sent it, sealed. */
  sealed: string;
}

export class Watched {
  readonly exchange: Exchange;
  readonly watches: Watches<Batch>;
  readonly #heard: ((grant: GrantHash) => void)[];

  private constructor(exchange: Exchange, watches: Watches<Batch>, heard: ((grant: GrantHash) => void)[]) {
    this.exchange = exchange;
    this.watches = watches;
    this.#heard = heard;
  }

  /** Goes on with what is in the store. @param before the same bodies and grants, of a node that restarts */
  static async open(store?: Store, before?: Exchange): Promise<Watched> {
    const exchange = await Exchange.open({}, store, before);
    const { agency, store: answers, provider, grants: view, rules } = exchange;
    const { recordStore: records, logs, chain, commits, changes, clock } = agency;
    const heard: ((grant: GrantHash) => void)[] = [];
    const watches = await Watches.open<Batch>({
      store: new LevelWatchStore(agency.store),
      answers,
      commits,
      provider,
      records: new AnswerRecords({ records, logs, view: chain, catalogue: builtInCatalogue }),
      rules,
      changes,
      member: () => exchange.member,
      home: () => exchange.member,
      view,
      withdrawals: {
        isWithdrawn: (grant) => exchange.withdrawn.has(grant),
        listen: (listener) => void heard.push(listener),
      },
      failClosedSeconds: 120,
      clock,
      logger: silent,
    });
    return new Watched(exchange, watches, heard);
  }

  postLoan(change: Parameters<Exchange['grant']>[0] = {}, certificate?: string): ReturnType<Exchange['grant']> {
    return this.exchange.grant({ purpose: 'post-loan', ...change }, certificate);
  }

  async subscribe(document: GrantDocument, change: Partial<Subscription> = {}): Promise<Opened> {
    const { bank, sealing } = this.exchange;
    const reply = newAgreement();
    const subscription: Subscription = {
      iss: bank.id,
      aud: MEMBER,
      jti: newQueryId().id,
      iat: this.exchange.now(),
      exp: this.exchange.now() + 300,
      grant: document,
      items: ['tax-payment'],
      purpose: 'post-loan',
      reply: p256Jwk(reply.publicKey),
      ...change,
    };
    const jws = await signSubscription(subscription, bank.signer);
    const sealed = await sealJwe(utf8(jws), sealing.publicKey, 'JWT');
    const { opened, answer } = await this.send(sealed);
    const request = textDigest(jws);
    const verified = await this.read(answer, { request, reply });
    return { id: subscription.jti, request, reply, opened, answer: verified, sealed };
  }

  send(sealed: string): ReturnType<Watches<Batch>['subscribe']> {
    return this.watches.subscribe(this.exchange.member, sealed, AbortSignal.timeout(30_000));
  }

  /** Opens and verifies an event as the bank does. */
  async read(sealed: string, { request, reply }: Pick<Opened, 'request' | 'reply'>): Promise<VerifiedAnswer> {
    const { plaintext } = await openJwe(sealed, reply);
    const context = {
      names: (item: string, edition: string) => builtInCatalogue.names(item, edition),
      isCheckpointKey: (_: string, key: Uint8Array) => toBase64Url(key) === toBase64Url(SIGNER),
    };
    return verifyAnswer(fromUtf8(plaintext), { request, provider: MEMBER, subscription: true }, context);
  }

  pull(
    acks: { subscription: string; after: number; close?: true }[] = [],
    waitMs = 0,
    signal: AbortSignal = AbortSignal.timeout(30_000),
  ): Promise<WatchPulled> {
    const { member, bank } = this.exchange;
    return this.watches.pull(member, { member: MEMBER, grantee: bank.id, acks, waitMs }, signal);
  }

  /** A withdrawal by its signed word. */
  withdraw(grant: GrantHash): void {
    this.exchange.withdrawn.add(grant);
    for (const listener of this.#heard) listener(grant);
  }
}
