// White lists in a node: what hosted members push, what hosted banks are sent, joined with the network.
import { equalBytes } from './core/bytes.ts';
import { XinlianError } from './core/errors.ts';
import { parseMemberId, type MemberId } from './core/ids.ts';
import { listDelivery, listTaken } from './core/messages/white-list.ts';
import { peerOf, type Access } from './access.ts';
import { systemClock } from './chain/clock.ts';
import type { Follower } from './chain/follower.ts';
import type { GroupCommit } from './exchange/group-commit.ts';
import type { Inbox } from './exchange/inbox.ts';
import { ListPost } from './exchange/list-post.ts';
import type { MemberNode } from './exchange/member-node.ts';
import type { Log } from './exchange/ports.ts';
import { ReceivedLists } from './exchange/received-lists.ts';
import { WhiteLists } from './exchange/white-lists.ts';
import type { Lifecycle } from './lifecycle.ts';
import type { Host } from './net/host.ts';
import type { Batch, Store } from './store/store.ts';
import { LevelWhiteListStore } from './store/white-list-store.ts';

interface Needs {
  store: Store;
  commits: GroupCommit<Batch>;
  members: ReadonlyMap<MemberId, MemberNode<Batch>>;
  follower: Follower;
  access: Access;
  inbox: Inbox<Batch>;
  log: Log;
}

export interface WhiteListParts {
  /** What the node's own methods need. */
  methods: { whiteLists: WhiteLists<Batch>; received: ReceivedLists<Batch> };
  /** Registers the method of the network, and goes on bringing what was not taken. */
  serve(host: Host, started: Lifecycle): void;
}

export async function openWhiteLists(needs: Needs): Promise<WhiteListParts> {
  const { commits, members, follower, access, inbox, log } = needs;
  const { view } = follower;
  const hosted = (id: string): MemberNode<Batch> => {
    const member = members.get(parseMemberId(id));
    if (!member) throw new XinlianError('MEMBER_UNKNOWN', { member: id });
    return member;
  };
  const shared = { store: new LevelWhiteListStore(needs.store), commits, logger: log };
  const received = new ReceivedLists<Batch>({ ...shared, inbox, view, clock: systemClock });
  let network: Host | undefined;
  const post = await ListPost.open<Batch>(members.keys(), {
    ...shared,
    random: Math.random,
    async deliver(grantee, delivery, signal) {
      if (members.has(grantee)) return received.take(grantee, delivery);
      if (!network) throw new XinlianError('CLOSED', { what: 'host' });
      const argument = listDelivery.encode(delivery);
      return listTaken.decode(await network.call(peerOf(follower, grantee), 'list/put', argument, { signal }));
    },
  });
  const whiteLists = await WhiteLists.open<Batch>({
    ...access.shared,
    ...shared,
    post,
    view,
    withdrawals: access.withdrawals,
    member: (id) => hosted(id).providing(),
    homes: members.values(),
    clock: systemClock,
  });
  return {
    methods: { whiteLists, received },
    serve(host, started) {
      network = host;
      host.handle('list/put', async (argument, { peer }) => {
        const delivery = listDelivery.decode(argument);
        const own = view.currentKey(parseMemberId(delivery.provider), 'nodePeer');
        if (!own || !equalBytes(own, peer))
          throw new XinlianError('FORBIDDEN', { wanted: `the node of ${delivery.provider}`, got: 'another' });
        return listTaken.encode(await received.take(hosted(delivery.grantee).id, delivery));
      });
      post.start();
      started.defer(() => post.stop());
      whiteLists.start();
      started.defer(() => whiteLists.stop());
    },
  };
}
