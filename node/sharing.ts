// Sharing between agencies in a node: joins the desk of bases, what decides on queries under them, and the network.
import { systemClock } from './chain/clock.ts';
import type { Follower } from './chain/follower.ts';
import { utf8 } from './core/bytes.ts';
import { AnswerRecords } from './exchange/answer-records.ts';
import type { GroupCommit } from './exchange/group-commit.ts';
import type { MemberNode } from './exchange/member-node.ts';
import { ShareAccess } from './exchange/share-access.ts';
import { ShareDesk } from './exchange/share-desk.ts';
import { SharePayloads } from './exchange/share-payloads.ts';
import type { Host } from './net/host.ts';
import { builtInCatalogue } from './policy/pack.ts';
import { builtInShareRules } from './policy/share-rules.ts';
import type { LevelLogStore } from './store/log-store.ts';
import type { LevelRecordStore } from './store/record-store.ts';
import { LevelShareStore } from './store/share-store.ts';
import type { Batch, Store } from './store/store.ts';

interface Needs {
  store: Store;
  logs: LevelLogStore;
  records: LevelRecordStore;
  commits: GroupCommit<Batch>;
  view: Follower['view'];
}

/** Opens what is sealed for a hosted member. */
type Opened = (argument: Uint8Array) => { member: MemberNode<Batch>; sealed: string };

export interface Sharing {
  access: ShareAccess<Batch>;
  /** What the node's own methods need of it. */
  methods: { shares: ShareDesk<Batch>; payloads: SharePayloads<Batch> };
  serve(host: Host, open: Opened): void;
}

/** @param options failClosedSeconds: a head older than this proves nothing */
export function openSharing(
  options: { failClosedSeconds: number },
  { store, logs, records, commits, view }: Needs,
): Sharing {
  const rules = builtInShareRules;
  const shared = { view, rules, clock: systemClock };
  const shares = new ShareDesk<Batch>({ ...shared, store: new LevelShareStore(store), commits });
  const answers = new AnswerRecords({ records, logs, view, catalogue: builtInCatalogue });
  return {
    access: new ShareAccess<Batch>(options, { ...shared, bases: shares }),
    methods: { shares, payloads: new SharePayloads({ bases: shares, records: answers, view, clock: systemClock }) },
    serve(host, open) {
      host.handle('share/ask', async (argument) => {
        const { member, sealed } = open(argument);
        return utf8(await shares.ask(member.providing(), sealed));
      });
      host.handle('share/question', async (argument) => {
        const { member, sealed } = open(argument);
        return utf8(await shares.question(member.providing(), sealed));
      });
    },
  };
}
