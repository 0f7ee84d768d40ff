// The life of records in a node: joins what decides objections and repairs, and tells of steps that are late.
import { systemClock } from './chain/clock.ts';
import type { Follower } from './chain/follower.ts';
import type { MemberId } from './core/ids.ts';
import { CaseDesk } from './exchange/case-desk.ts';
import { CaseFiles } from './exchange/case-files.ts';
import type { GroupCommit } from './exchange/group-commit.ts';
import { LateSteps } from './exchange/late-steps.ts';
import type { MemberNode } from './exchange/member-node.ts';
import type { Log } from './exchange/ports.ts';
import type { RecordChanges } from './exchange/record-changes.ts';
import { SubjectRecords } from './exchange/subject-records.ts';
import type { Lifecycle } from './lifecycle.ts';
import { builtInCatalogue } from './policy/pack.ts';
import { builtInPolicies } from './policy/rules.ts';
import { LevelAccessStore } from './store/access-store.ts';
import { LevelCaseStore } from './store/case-store.ts';
import type { LevelLogStore } from './store/log-store.ts';
import type { LevelRecordStore } from './store/record-store.ts';
import type { Batch, Store } from './store/store.ts';

interface Needs {
  store: Store;
  logs: LevelLogStore;
  records: LevelRecordStore;
  commits: GroupCommit<Batch>;
  members: ReadonlyMap<MemberId, MemberNode<Batch>>;
  follower: Follower;
  changes: RecordChanges<Batch>;
  log: Log;
}

export interface Life {
  cases: CaseDesk<Batch>;
  opened: SubjectRecords<Batch>;
}

export function openLife(needs: Needs, started: Lifecycle): Life {
  const { store, logs, records, commits, members, follower, changes, log } = needs;
  const shared = { policies: builtInPolicies, clock: systemClock };
  const files = new CaseFiles<Batch>({ ...shared, store: new LevelCaseStore(store), logs });
  const opened = new SubjectRecords<Batch>({ ...shared, records, catalogue: builtInCatalogue });
  const access = new LevelAccessStore(store);
  const cases = new CaseDesk<Batch>({ ...shared, files, opened, access, commits, changes, view: follower.view });
  const late = new LateSteps<Batch>({
    files,
    members: () => [...members.values()].filter((member) => member.opened).map((member) => member.deciding()),
    logger: log,
  });
  late.start();
  started.defer(() => late.stop());
  return { cases, opened };
}
