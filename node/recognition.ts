// Recognition in a node: joins the desk of hosted centres with the chain, their documents with the nodes of other sides.
import type { ChainWriter } from './chain/writer.ts';
import type { Follower } from './chain/follower.ts';
import { equalBytes, utf8, type Hex } from './core/bytes.ts';
import { XinlianError } from './core/errors.ts';
import { parseMemberId, type MemberId } from './core/ids.ts';
import { documentRef } from './core/messages/recognition.ts';
import { peerOf } from './access.ts';
import { systemClock } from './chain/clock.ts';
import { CaseDocuments } from './exchange/case-documents.ts';
import { CasePoints } from './exchange/case-points.ts';
import { CaseWatch } from './exchange/case-watch.ts';
import type { GroupCommit } from './exchange/group-commit.ts';
import type { LineStandings } from './exchange/line-standings.ts';
import type { MemberNode } from './exchange/member-node.ts';
import type { Log } from './exchange/ports.ts';
import type { RecordChanges } from './exchange/record-changes.ts';
import { RecognitionDesk } from './exchange/recognition-desk.ts';
import type { Lifecycle } from './lifecycle.ts';
import type { AgreementId } from './core/recognition.ts';
import type { Host } from './net/host.ts';
import { builtInPolicies } from './policy/rules.ts';
import { reach } from './reach.ts';
import { LevelRecognitionStore } from './store/recognition-store.ts';
import type { Batch, Store } from './store/store.ts';

interface Needs {
  store: Store;
  commits: GroupCommit<Batch>;
  members: ReadonlyMap<MemberId, MemberNode<Batch>>;
  writers: ReadonlyMap<MemberId, ChainWriter>;
  follower: Follower;
  standings: LineStandings;
  changes: RecordChanges<Batch>;
  log: Log;
}

export interface Recognition {
  desk: RecognitionDesk<Batch>;
  /** Registers the method of the network, and begins to fetch documents. */
  serve(host: Host, started: Lifecycle): void;
}

export function openRecognition({
  store,
  commits,
  members,
  writers,
  follower,
  standings,
  changes,
  log,
}: Needs): Recognition {
  const { view } = follower;
  const { chainId, recognitionRegistry, deployment } = view.contracts;
  let host: Host | undefined;
  const stopping = new AbortController();
  const documents: CaseDocuments<Batch> = new CaseDocuments<Batch>({
    store: new LevelRecognitionStore(store),
    commits,
    recognition: view.recognition,
    vaults: new Map(Array.from(members, ([id, { vault }]) => [id, vault])),
    fetch: async (member, reader, digest, signal) => {
      if (members.has(member)) return utf8(documents.textFor(member, reader, digest));
      if (!host) throw new XinlianError('CLOSED', { what: 'host' });
      const argument = documentRef.encode({ member, reader, digest });
      return host.call(peerOf(follower, member), 'recognition/document', argument, { signal });
    },
    logger: log,
  });
  const points = new CasePoints<Batch>({
    documents,
    agreement: (id) => view.recognition.agreement(id as AgreementId),
    standings,
    view,
    policies: builtInPolicies,
    clock: systemClock,
  });
  const desk = new RecognitionDesk<Batch>({
    points,
    clock: systemClock,
    signer: (id) => {
      const member = members.get(id);
      if (!member) throw new XinlianError('MEMBER_UNKNOWN', { member: id });
      return member.providing().key;
    },
    recognition: view.recognition,
    head: () => view.head(),
    domain: { chainId, verifyingContract: recognitionRegistry, deployment },
    documents,
    reached: (block) => reach(follower, block, stopping.signal),
    writers,
  });
  const watch = new CaseWatch<Batch>({
    recognition: view.recognition,
    documents,
    points,
    writers,
    head: () => view.head(),
    anchoredSize: (id) => view.log(id)?.head?.size ?? 0,
    isEntitledNow: (member, roles) => view.isEntitledNow(member, roles),
    logger: log,
  });
  changes.listen(() => watch.wake(true));
  return {
    desk,
    serve(onHost, started) {
      host = onHost;
      host.handle('recognition/document', async (argument, { peer }) => {
        const { member, reader, digest } = documentRef.decode(argument);
        const own = view.currentKey(parseMemberId(reader), 'nodePeer');
        if (!own || !equalBytes(own, peer))
          throw new XinlianError('FORBIDDEN', { wanted: `the node of ${reader}`, got: 'another' });
        return utf8(documents.textFor(parseMemberId(member), parseMemberId(reader), digest as Hex));
      });
      const unsubscribe = view.subscribe(() => {
        documents.wake();
        watch.wake();
      });
      started.defer(() => {
        unsubscribe();
        stopping.abort(new XinlianError('CLOSED', { what: 'node' }));
      });
      documents.start();
      started.defer(() => documents.stop());
      watch.start();
      started.defer(() => watch.stop());
    },
  };
}
