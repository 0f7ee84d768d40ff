// Subscriptions after a loan in a node: joins what a provider tells with the network.
import { equalBytes, fromUtf8, utf8 } from './core/bytes.ts';
import { XinlianError } from './core/errors.ts';
import { parseMemberId, type MemberId } from './core/ids.ts';
import { decodeParcel, encodeParcel } from './core/messages/codec.ts';
import { addressed } from './core/messages/node.ts';
import { watchOpened, watchPull, watchPulled } from './core/messages/watch.ts';
import type { Access } from './access.ts';
import type { Follower } from './chain/follower.ts';
import { systemClock } from './chain/clock.ts';
import type { GroupCommit } from './exchange/group-commit.ts';
import type { MemberNode } from './exchange/member-node.ts';
import type { Log } from './exchange/ports.ts';
import type { RecordChanges } from './exchange/record-changes.ts';
import { Watches } from './exchange/watches.ts';
import type { Lifecycle } from './lifecycle.ts';
import type { Host } from './net/host.ts';
import type { Batch, Store } from './store/store.ts';
import { LevelWatchStore } from './store/watch-store.ts';

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
  /** Registers the methods of the network. */
  serve(host: Host, started: Lifecycle): void;
}

export async function openWatch(needs: Needs): Promise<WatchParts> {
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

  return {
    serve(host, started) {
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
    },
  };
}
