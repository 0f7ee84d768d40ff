// The life of records in a node: joins what decides objections and repairs, and tells of steps that are late.
import { systemClock } from './chain/clock.ts';
import type { Follower } from './chain/follower.ts';
import { utf8 } from './core/bytes.ts';
import { XinlianError } from './core/errors.ts';
import { parseMemberId, type MemberId } from './core/ids.ts';
import { encodeParcel } from './core/messages/codec.ts';
import { publicPage, publicRecord, publicRef, publicSearch } from './core/messages/register.ts';
import { CaseDesk } from './exchange/case-desk.ts';
import { CaseFiles } from './exchange/case-files.ts';
import type { GroupCommit } from './exchange/group-commit.ts';
import { LateSteps } from './exchange/late-steps.ts';
import type { MemberNode } from './exchange/member-node.ts';
import type { Log } from './exchange/ports.ts';
import { PublicRegister } from './exchange/public-register.ts';
import type { RecordChanges } from './exchange/record-changes.ts';
import type { Records } from './exchange/records.ts';
import { SubjectRecords } from './exchange/subject-records.ts';
import type { Lifecycle } from './lifecycle.ts';
import type { Host } from './net/host.ts';
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
  reading: Records<Batch>;
  log: Log;
}

export interface Life {
  /** Registers the methods of the public register. */
  serve(host: Host): void;
  cases: CaseDesk<Batch>;
  opened: SubjectRecords<Batch>;
  register: PublicRegister<Batch>;
}

export function openLife(needs: Needs, started: Lifecycle): Life {
  const { store, logs, records, commits, members, follower, changes, reading, log } = needs;
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
  const register = new PublicRegister<Batch>({
    store: records,
    opened,
    files,
    records: reading,
    catalogue: builtInCatalogue,
    clock: systemClock,
  });
  const hosted = (id: string): MemberNode<Batch> => {
    const member = members.get(parseMemberId(id));
    if (!member) throw new XinlianError('MEMBER_UNKNOWN', { member: id });
    return member;
  };
  return {
    cases,
    opened,
    register,
    serve(host) {
      host.handle('public/search', async (argument) => {
        const search = publicSearch.decode(argument);
        return publicPage.encode(await register.search(hosted(search.member).published(), search));
      });
      host.handle('public/record', async (argument) => {
        const { member, record: id } = publicRef.decode(argument);
        const { record, bundle } = await register.record(hosted(member).published(), id);
        return encodeParcel(publicRecord.encode(record), utf8(JSON.stringify(bundle)));
      });
    },
  };
}
