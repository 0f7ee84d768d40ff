// What an integrator's programs have done by a node: batch jobs. Joins them with the network.
import { fromUtf8 } from './core/bytes.ts';
import { XinlianError } from './core/errors.ts';
import { parseMemberId, type MemberId } from './core/ids.ts';
import { jobRead, jobRef, jobRows, jobState } from './core/job.ts';
import { decodeParcel } from './core/messages/codec.ts';
import { addressed } from './core/messages/node.ts';
import type { Access } from './access.ts';
import type { Follower } from './chain/follower.ts';
import { systemClock } from './chain/clock.ts';
import type { GroupCommit } from './exchange/group-commit.ts';
import { Jobs, type JobMember } from './exchange/jobs.ts';
import type { MemberNode } from './exchange/member-node.ts';
import type { Log } from './exchange/ports.ts';
import type { Lifecycle } from './lifecycle.ts';
import type { Host } from './net/host.ts';
import { LevelJobStore } from './store/job-store.ts';
import type { Batch, Store } from './store/store.ts';

interface Needs {
  store: Store;
  commits: GroupCommit<Batch>;
  members: ReadonlyMap<MemberId, MemberNode<Batch>>;
  follower: Follower;
  access: Access;
  log: Log;
}

export interface DeskParts {
  /** Registers the methods of the network, and goes on with the jobs that are not ended. */
  serve(host: Host, started: Lifecycle): void;
}

export async function openDesk({ store, commits, members, follower, access, log }: Needs): Promise<DeskParts> {
  const hosted = (id: string): JobMember => {
    const member = members.get(parseMemberId(id));
    if (!member) throw new XinlianError('MEMBER_UNKNOWN', { member: id });
    return member.jobbing();
  };
  const jobs = await Jobs.open<Batch>({
    store: new LevelJobStore(store),
    commits,
    view: follower.view,
    withdrawals: access.withdrawals,
    failClosedSeconds: access.shared.failClosedSeconds,
    member: hosted,
    clock: systemClock,
    logger: log,
  });
  return {
    serve(host, started) {
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
        const { member, job } = jobRef.decode(argument);
        return jobState.encode(jobs.state(hosted(member), job));
      });
      host.handle('job/cancel', async (argument) => {
        const { member, job } = jobRef.decode(argument);
        return jobState.encode(await jobs.cancel(hosted(member), job));
      });
      host.handle('job/result', async (argument) => {
        const { member, job, offset, length } = jobRead.decode(argument);
        return jobs.read(hosted(member), job, offset, length);
      });
      jobs.start();
      started.defer(() => jobs.stop());
    },
  };
}
