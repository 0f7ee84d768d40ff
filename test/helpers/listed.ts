// White lists over authorised exchange on paper: an agency that pushes, and a bank's node that takes and cannot open.
import { newAgreement } from '#agreement';
import { fromUtf8, toBase64Url } from '../../node/core/bytes.ts';
import { XinlianError } from '../../node/core/errors.ts';
import type { GrantDocument } from '../../node/core/grant.ts';
import type { GrantHash } from '../../node/core/ids.ts';
import { openJwe } from '../../node/core/jwe.ts';
import type { ListDelivery, ListPushed, ReceivedEntry } from '../../node/core/messages/white-list.ts';
import type { InboxEvent } from '../../node/core/messages/subscription.ts';
import { verifyAnswer, type VerifiedAnswer } from '../../node/core/verify-answer.ts';
import { listDigest, type WhiteList } from '../../node/core/white-list.ts';
import { AnswerRecords } from '../../node/exchange/answer-records.ts';
import { Inbox } from '../../node/exchange/inbox.ts';
import { ListPost } from '../../node/exchange/list-post.ts';
import { ReceivedLists } from '../../node/exchange/received-lists.ts';
import { WhiteLists } from '../../node/exchange/white-lists.ts';
import { builtInCatalogue } from '../../node/policy/pack.ts';
import { LevelInboxStore } from '../../node/store/inbox-store.ts';
import type { Batch, Store } from '../../node/store/store.ts';
import { LevelWhiteListStore } from '../../node/store/white-list-store.ts';
import { openAgency, silent, SIGNER, type Agency } from './agency.ts';
import { Exchange } from './authorised.ts';
import { MEMBER } from './bundle.ts';
import { memoryStore } from './memory-store.ts';

export class Listed {
  readonly exchange: Exchange;
  readonly lists: WhiteLists<Batch>;
  readonly received: ReceivedLists<Batch>;
  readonly inbox: Inbox<Batch>;
  /** Whether the bank's node is out of reach; and how often it was called. */
  readonly line: { cut: boolean; calls: number };
  /** Events that the inbox was told of for webhooks. */
  readonly arrived: InboxEvent[];
  readonly #post: ListPost<Batch>;
  readonly #heard: ((grant: GrantHash) => void)[];
  readonly #sealing: ReturnType<typeof newAgreement>;

  private constructor(
    parts: Pick<Listed, 'exchange' | 'lists' | 'received' | 'inbox' | 'line' | 'arrived'>,
    post: ListPost<Batch>,
    heard: ((grant: GrantHash) => void)[],
    sealing: ReturnType<typeof newAgreement>,
  ) {
    this.exchange = parts.exchange;
    this.lists = parts.lists;
    this.received = parts.received;
    this.inbox = parts.inbox;
    this.line = parts.line;
    this.arrived = parts.arrived;
    this.#post = post;
    this.#heard = heard;
    this.#sealing = sealing;
  }

  /** Started. @param before the agency's store and the bank's, of nodes that restart */
  static async open(store?: Store, before?: Listed, bankStore?: Store): Promise<Listed> {
    const exchange = await Exchange.open({}, store, before?.exchange);
    const sealing = before ? before.#sealing : newAgreement();
    const { agency, provider, grants: view, bank } = exchange;
    for (const { member } of [bank, exchange.otherBank]) member.keys.sealing = [{ key: sealing.publicKey, since: 1 }];
    // Who pushes has the role source; the bodies of the exchange have it by their rows alone.
    const source = view.member(MEMBER)!;
    if (!source.roles.includes('source')) view.members.set(MEMBER, { ...source, roles: [...source.roles, 'source'] });
    const { recordStore, logs, chain, commits, clock } = agency;
    const bankAgency: Agency = await openAgency(bankStore ?? (await memoryStore()));
    const heard: ((grant: GrantHash) => void)[] = [];
    const line = before?.line ?? { cut: false, calls: 0 };
    const arrived: InboxEvent[] = [];
    const inbox = new Inbox<Batch>({
      store: new LevelInboxStore(bankAgency.store),
      arrived: (_batch, _member, event) => arrived.push(event),
      settled: () => undefined,
      clock,
    });
    const received = new ReceivedLists<Batch>({
      store: new LevelWhiteListStore(bankAgency.store),
      commits: bankAgency.commits,
      inbox,
      view,
      clock,
      logger: silent,
    });
    const own = new LevelWhiteListStore(agency.store);
    const post = await ListPost.open<Batch>([MEMBER], {
      store: own,
      commits,
      random: () => 0,
      logger: silent,
      deliver: async (grantee, delivery) => {
        line.calls++;
        if (line.cut) throw new XinlianError('UNREACHABLE', { peer: grantee, reason: 'the line is cut' });
        return received.take(grantee, delivery);
      },
    });
    const lists = await WhiteLists.open<Batch>({
      store: own,
      commits,
      post,
      provider,
      records: new AnswerRecords({ records: recordStore, logs, view: chain, catalogue: builtInCatalogue }),
      view,
      withdrawals: {
        isWithdrawn: (grant) => exchange.withdrawn.has(grant),
        listen: (listener) => void heard.push(listener),
      },
      failClosedSeconds: 120,
      member: () => exchange.member,
      homes: [exchange.member],
      clock,
      logger: silent,
    });
    post.start();
    lists.start();
    return new Listed({ exchange, lists, received, inbox, line, arrived }, post, heard, sealing);
  }

  async stop(): Promise<void> {
    await this.lists.stop();
    await this.#post.stop();
  }

  list(change: Partial<WhiteList> = {}): WhiteList {
    return {
      list: 'AAAAAAAAAAAAAAAAAAAAAA',
      edition: 1,
      name: '纳税信用白名单',
      purpose: 'pre-loan',
      criteria: '近两年按时足额纳税',
      items: ['tax-payment'],
      grantee: this.exchange.bank.id,
      ...change,
    };
  }

  push(
    rows: readonly { uscc: string; grant?: GrantDocument }[],
    change: Partial<WhiteList> = {},
    last = true,
  ): Promise<ListPushed> {
    return this.lists.push(this.exchange.member, { list: this.list(change), rows: [...rows], last });
  }

  /** A withdrawal by its signed word. */
  withdraw(grant: GrantHash): void {
    this.exchange.withdrawn.add(grant);
    for (const listener of this.#heard) listener(grant);
  }

  /** Those that came to the bank, when there are so many. */
  async events(count: number): Promise<InboxEvent[]> {
    const events: InboxEvent[] = [];
    for (let after = 0; events.length < count;) {
      const request = { after, limit: 100, waitMs: 1_000_000 };
      const page = await this.inbox.events(this.exchange.bank.id, request, AbortSignal.timeout(10_000));
      events.push(...page.events);
      after = page.next;
    }
    return events;
  }

  async entries(list = this.list().list): Promise<ReceivedEntry[]> {
    const request = { provider: MEMBER, list, limit: 100 };
    return (await this.received.entries(this.exchange.bank.id, request)).entries;
  }

  deliver(delivery: ListDelivery): Promise<{ last: number }> {
    return this.received.take(this.exchange.bank.id, delivery);
  }

  /** Opens and verifies what was told, as the bank's program does. */
  async read({ sealed = '' }: { sealed?: string }, list = this.list()): Promise<VerifiedAnswer> {
    const { plaintext } = await openJwe(sealed, this.#sealing);
    const context = {
      names: (item: string, edition: string) => builtInCatalogue.names(item, edition),
      isCheckpointKey: (_: string, key: Uint8Array) => toBase64Url(key) === toBase64Url(SIGNER),
    };
    const asked = { request: listDigest(list), provider: MEMBER, subscription: true, list: true };
    return verifyAnswer(fromUtf8(plaintext), asked, context);
  }
}

/** What a node's methods need, with nobody to push to. */
export async function listParts(): Promise<{ whiteLists: WhiteLists<Batch>; received: ReceivedLists<Batch> }> {
  const listed = await Listed.open();
  await listed.stop();
  return { whiteLists: listed.lists, received: listed.received };
}
