// What an integrator's programs have done by a node: batch jobs, days to reconcile. Joins them with the network.
import { fromUtf8, utf8 } from './core/bytes.ts';
import { XinlianError } from './core/errors.ts';
import { parseMemberId, type MemberId } from './core/ids.ts';
import { jobRead, jobRef, jobRows, jobState } from './core/job.ts';
import { decodeParcel, encodeParcel } from './core/messages/codec.ts';
import { addressed } from './core/messages/node.ts';
import { peerOf, type Access } from './access.ts';
import type { Follower } from './chain/follower.ts';
import { systemClock } from './chain/clock.ts';
import type { GroupCommit } from './exchange/group-commit.ts';
import { DayDesk } from './exchange/day-desk.ts';
import { Jobs, type JobMember } from './exchange/jobs.ts';
import type { MemberNode } from './exchange/member-node.ts';
import type { Log } from './exchange/ports.ts';
import { QueryRunner } from './exchange/query-runner.ts';
import type { Lifecycle } from './lifecycle.ts';
import type { Host } from './net/host.ts';
import { LevelAccessStore } from './store/access-store.ts';
import { LevelJobStore } from './store/job-store.ts';
import type { LevelLogStore } from './store/log-store.ts';
import type { Batch, Store } from './store/store.ts';

interface Needs {
  store: Store;
  logs: LevelLogStore;
  commits: GroupCommit<Batch>;
  members: ReadonlyMap<MemberId, MemberNode<Batch>>;
  follower: Follower;
  access: Access;
  log: Log;
}

export interface DeskParts {
  /** What the node's own methods need. */
  methods: { jobs: Jobs<Batch> };
  /** Registers the methods of the network, and goes on with the jobs that are not ended. */
  serve(host: Host, started: Lifecycle): void;
}

export async function openDesk({ store, logs, commits, members, follower, access, log }: Needs): Promise<DeskParts> {
  const member = (id: string): MemberNode<Batch> => {
    const found = members.get(parseMemberId(id));
    if (!found) throw new XinlianError('MEMBER_UNKNOWN', { member: id });
    return found;
  };
  const hosted = (id: string): JobMember => member(id).jobbing();
  const days = new DayDesk<Batch>({
    store: new LevelAccessStore(store),
    logs,
    view: follower.view,
    clock: systemClock,
  });
  let network: Host | undefined;
  const queries = new QueryRunner<Batch>({
    journal: access.shared.journal,
    asking: (id) => member(id).asking(),
    async ask(id, sealed, options) {
      const own = members.get(id);
      if (own) return utf8(await access.shared.provider.answer(own.providing(), sealed, options.signal));
      if (!network) throw new XinlianError('CLOSED', { what: 'host' });
      const argument = encodeParcel(addressed.encode({ member: id }), utf8(sealed));
      return network.call(peerOf(follower, id), 'query/answer', argument, options);
    },
  });
  const jobs = await Jobs.open<Batch>({
    store: new LevelJobStore(store),
    commits,
    view: follower.view,
    withdrawals: access.withdrawals,
    failClosedSeconds: access.shared.failClosedSeconds,
    member: hosted,
    queries,
    clock: systemClock,
    logger: log,
  });
  return {
    methods: { jobs },
    serve(host, started) {
      network = host;
      host.handle('day/lines', async (argument) => {
        const { header, body } = decodeParcel(argument);
        return utf8(await days.answer(member(addressed.decode(header).member).serving(), fromUtf8(body)));
      });
      host.handle('job/open', async (argument) => {
        const { header, body } = decodeParcel(argument);
        return jobState.encode(await jobs.create(hosted(addressed.decode(header).member), fromUtf8(body)));
      });
      host.handle('job/rows', async (argument) => {
        const { header, body } = decodeParcel(argument);
        const rows = jobRows.decode(header);
        return jobState.encode(await jobs.take(hosted(rows.member), rows, body));
      });
      host.handle('job/state', async (argument) => {
        const place = jobRef.decode(argument);
        return jobState.encode(jobs.state(hosted(place.member), place.job));
      });
      host.handle('job/cancel', async (argument) => {
        const place = jobRef.decode(argument);
        return jobState.encode(await jobs.cancel(hosted(place.member), place.job));
      });
      host.handle('job/result', async (argument) => {
        const { job, offset, length, ...place } = jobRead.decode(argument);
        return jobs.read(hosted(place.member), job, offset, length);
      });
      jobs.start();
      started.defer(() => jobs.stop());
    },
  };
}
