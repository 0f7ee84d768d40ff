// Subscriptions after a loan in a node: joins what a provider tells with the network.
import { equalBytes, fromUtf8, utf8 } from './core/bytes.ts';
import { XinlianError } from './core/errors.ts';
import { parseMemberId, type MemberId } from './core/ids.ts';
import { decodeParcel, encodeParcel } from './core/messages/codec.ts';
import { addressed } from './core/messages/node.ts';
import { watchOpened, watchPull, watchPulled } from './core/messages/watch.ts';
import { peerOf, type Access } from './access.ts';
import type { Follower } from './chain/follower.ts';
import { systemClock } from './chain/clock.ts';
import type { NodeConfig } from './config.ts';
import type { GroupCommit } from './exchange/group-commit.ts';
import { Inbox } from './exchange/inbox.ts';
import type { MemberNode } from './exchange/member-node.ts';
import type { Log } from './exchange/ports.ts';
import type { RecordChanges } from './exchange/record-changes.ts';
import { Subscriptions, type Providers } from './exchange/subscriptions.ts';
import { Watches } from './exchange/watches.ts';
import { Webhooks } from './exchange/webhooks.ts';
import type { Lifecycle } from './lifecycle.ts';
import type { Host } from './net/host.ts';
import schedule from './policy/webhook-schedule.json' with { type: 'json' };
import { LevelInboxStore } from './store/inbox-store.ts';
import type { Batch, Store } from './store/store.ts';
import { LevelWatchStore } from './store/watch-store.ts';
import { LevelWebhookStore } from './store/webhook-store.ts';
import { createWebhookSender } from './webhook-sender.ts';

const KEPT_DAYS = 90;
const POST_TIMEOUT_MS = 20_000;
/** A provider answers a pull when its time is over: it gets some more for the way. */
const PULL_GRACE_MS = 10_000;

interface Needs {
  store: Store;
  commits: GroupCommit<Batch>;
  members: ReadonlyMap<MemberId, MemberNode<Batch>>;
  follower: Follower;
  access: Access;
  changes: RecordChanges<Batch>;
  log: Log;
}

export interface WatchParts {
  /** What the node's own methods need. */
  methods: { subscriptions: Subscriptions<Batch>; webhooks: Webhooks<Batch>; inbox: Inbox<Batch> };
  /** Registers the methods of the network. */
  serve(host: Host, started: Lifecycle): void;
}

export async function openWatch({ events, webhooks: posting }: NodeConfig, needs: Needs): Promise<WatchParts> {
  const { store, commits, members, follower, access, changes, log } = needs;
  const { view } = follower;
  const hosted = (id: string): MemberNode<Batch> => {
    const member = members.get(parseMemberId(id));
    if (!member) throw new XinlianError('MEMBER_UNKNOWN', { member: id });
    return member;
  };
  const watches = await Watches.open<Batch>({
    ...access.shared,
    store: new LevelWatchStore(store),
    commits,
    changes,
    member: (id) => hosted(id).providing(),
    home: hosted,
    view,
    withdrawals: access.withdrawals,
    clock: systemClock,
    logger: log,
  });
  const inbox = new LevelInboxStore(store);
  const webhooks = await Webhooks.open<Batch>({
    store: new LevelWebhookStore(store),
    inbox,
    commits,
    vaultOf: (id) => hosted(id).vault,
    sender: createWebhookSender({
      ...(posting?.allow && { allow: posting.allow }),
      timeoutMs: posting?.timeoutMs ?? POST_TIMEOUT_MS,
    }),
    schedule: { ...schedule, ...(posting?.delaysSeconds && { delaysSeconds: posting.delaysSeconds }) },
    format: (seconds) => new Date((seconds + 8 * 3600) * 1000).toISOString().replace('.000Z', '+08:00'),
    clock: systemClock,
    random: Math.random,
    logger: log,
  });
  const received = new Inbox<Batch>({
    store: inbox,
    arrived: (batch, member, event) => webhooks.arrived(batch, member, event),
    settled: () => webhooks.settled(),
    clock: systemClock,
  });
  let network: Host | undefined;
  const subscriptions = await Subscriptions.open<Batch>({
    store: inbox,
    inbox: received,
    commits,
    journal: access.shared.journal,
    providers: providersOver(members, follower, watches, () => network),
    view,
    withdrawals: access.withdrawals,
    failClosedSeconds: access.shared.failClosedSeconds,
    keptDays: events?.keptDays ?? KEPT_DAYS,
    clock: systemClock,
    random: Math.random,
    logger: log,
  });

  return {
    methods: { subscriptions, webhooks, inbox: received },
    serve(host, started) {
      network = host;
      host.handle('watch/open', async (argument, { signal }) => {
        const { header, body } = decodeParcel(argument);
        const member = hosted(addressed.decode(header).member).providing();
        const { opened, answer } = await watches.subscribe(member, fromUtf8(body), signal);
        return encodeParcel(watchOpened.encode(opened), utf8(answer));
      });
      host.handle('watch/pull', async (argument, { peer, signal }) => {
        const pull = watchPull.decode(argument);
        const own = view.currentKey(parseMemberId(pull.grantee), 'nodePeer');
        // Its events are sealed to its application; who has which subscriptions, and when, is its own affair too.
        if (!own || !equalBytes(own, peer))
          throw new XinlianError('FORBIDDEN', { wanted: `the node of ${pull.grantee}`, got: 'another' });
        return watchPulled.encode(await watches.pull(hosted(pull.member).providing(), pull, signal));
      });
      watches.start();
      started.defer(() => watches.stop());
      webhooks.start();
      started.defer(() => webhooks.stop());
      subscriptions.start();
      started.defer(() => subscriptions.stop());
    },
  };
}

/** A provider that is hosted here is asked without the network. */
function providersOver(
  members: ReadonlyMap<MemberId, MemberNode<Batch>>,
  follower: Follower,
  watches: Watches<Batch>,
  network: () => Host | undefined,
): Providers {
  const hostOf = (): Host => {
    const host = network();
    if (!host) throw new XinlianError('CLOSED', { what: 'host' });
    return host;
  };
  return {
    async subscribe(provider, sealed, options) {
      const own = members.get(provider);
      if (own) return watches.subscribe(own.providing(), sealed, options.signal);
      const argument = encodeParcel(addressed.encode({ member: provider }), utf8(sealed));
      const answer = await hostOf().call(peerOf(follower, provider), 'watch/open', argument, options);
      const { header, body } = decodeParcel(answer);
      return { opened: watchOpened.decode(header), answer: fromUtf8(body) };
    },
    async pull(provider, pull, signal) {
      const own = members.get(provider);
      if (own) return watches.pull(own.providing(), pull, signal);
      const timeoutMs = pull.waitMs + PULL_GRACE_MS;
      const answer = await hostOf().call(peerOf(follower, provider), 'watch/pull', watchPull.encode(pull), {
        signal,
        timeoutMs,
      });
      return watchPulled.decode(answer);
    },
  };
}
