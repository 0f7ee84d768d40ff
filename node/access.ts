// Authorised exchange in a node: joins what answers queries, keeps journals, serves enterprises and banks.
import { join } from 'node:path';
import type { Follower } from './chain/follower.ts';
import { systemClock } from './chain/clock.ts';
import { contractsOf, type NodeConfig } from './config.ts';
import { fromUtf8, utf8 } from './core/bytes.ts';
import { currentKey } from './core/consortium.ts';
import { XinlianError } from './core/errors.ts';
import { requestState } from './core/grant-request.ts';
import { parseMemberId, type MemberId } from './core/ids.ts';
import { decodeParcel } from './core/messages/codec.ts';
import { grantWithdrawal } from './core/messages/grant.ts';
import { attachmentRead } from './core/messages/attachment.ts';
import { addressed } from './core/messages/node.ts';
import { journalled } from './core/query.ts';
import { xinlianDomain } from './core/typed-data.ts';
import { AnswerRecords } from './exchange/answer-records.ts';
import { Attachments } from './exchange/attachments.ts';
import { CertificateVerifier } from './exchange/certificate-verifier.ts';
import { Consumptions } from './exchange/consumptions.ts';
import { GrantAccess } from './exchange/grant-access.ts';
import { GrantVerifier } from './exchange/grant-verifier.ts';
import type { GroupCommit } from './exchange/group-commit.ts';
import { IdentityDesk } from './exchange/identity-desk.ts';
import { QueryJournal } from './exchange/journal.ts';
import type { LicenceDesk } from './exchange/licence-desk.ts';
import { KnownRevocations } from './exchange/known-revocations.ts';
import type { MemberNode } from './exchange/member-node.ts';
import { OpeningExport } from './exchange/opening-export.ts';
import type { Log } from './exchange/ports.ts';
import { Provider } from './exchange/provider.ts';
import { RequestDesk } from './exchange/request-desk.ts';
import type { CompileReport, ReportText } from './core/messages/report.ts';
import { SubjectDesk } from './exchange/subject-desk.ts';
import { SeenWithdrawals } from './exchange/withdrawals.ts';
import type { Life } from './life.ts';
import type { Lifecycle } from './lifecycle.ts';
import type { NodeMetrics } from './metrics.ts';
import type { Host } from './net/host.ts';
import { GRANT_PACKS, GrantRules } from './policy/grant-rules.ts';
import { builtInCatalogue } from './policy/pack.ts';
import { builtInPolicies } from './policy/rules.ts';
import { Timeliness } from './policy/timeliness.ts';
import { openLicensing } from './licensing.ts';
import { openSharing, type Sharing } from './sharing.ts';
import { LevelAccessStore, LevelRequestStore } from './store/access-store.ts';
import { AttachmentFiles } from './store/attachment-files.ts';
import { LevelAttachmentStore } from './store/attachment-store.ts';
import { LevelCertificateStore } from './store/certificate-store.ts';
import type { LevelLogStore } from './store/log-store.ts';
import type { LevelRecordStore } from './store/record-store.ts';
import type { Batch, Store } from './store/store.ts';

const DEFAULTS = {
  failClosedSeconds: 120,
  finalityWaitMs: 10_000,
  revocationsRefreshMs: 30_000,
  revocationsMaxAgeSeconds: 86_400,
};

const NOTHING = new Uint8Array();

interface Needs {
  store: Store;
  logs: LevelLogStore;
  records: LevelRecordStore;
  commits: GroupCommit<Batch>;
  members: ReadonlyMap<MemberId, MemberNode<Batch>>;
  follower: Follower;
  life: Life;
  metrics: NodeMetrics;
  /** Makes a report for an enterprise at a hosted centre. */
  report(member: MemberId, order: CompileReport): Promise<ReportText>;
  log: Log;
}

/** What the node's own methods need of it, and what serves the network. */
export interface Access {
  identity: IdentityDesk<Batch>;
  withdrawals: SeenWithdrawals<Batch>;
  /** What subscriptions share with queries. */
  shared: {
    provider: Provider<Batch>;
    records: AnswerRecords<Batch>;
    rules: GrantRules;
    answers: LevelAccessStore;
    journal: QueryJournal<Batch>;
    failClosedSeconds: number;
  };
  consumptions: Consumptions;
  sharing: Sharing;
  licences: LicenceDesk<Batch>;
  openings: OpeningExport<Batch>;
  attachments: Attachments<Batch>;
  /** Registers the methods of the network, and begins to ask for revocations. */
  serve(host: Host, started: Lifecycle): void;
}

export async function openAccess(config: NodeConfig, needs: Needs): Promise<Access> {
  const { store, logs, records, commits, members, follower, metrics, log } = needs;
  const { view } = follower;
  const options = { ...DEFAULTS, ...config.access };
  const { chainId, grantRegistry, deployment } = contractsOf(config.chain);
  const domain = xinlianDomain({ chainId, verifyingContract: grantRegistry, deployment });
  const accesses = new LevelAccessStore(store);
  const certificates = new LevelCertificateStore(store);
  const rules = new GrantRules(GRANT_PACKS, builtInCatalogue);
  const shared = { store: accesses, commits, view, clock: systemClock };
  const [first] = members.values();
  if (!first)
    throw new XinlianError('CONFIG_INVALID', { faults: [{ path: 'members', message: 'must name one at least' }] });

  const identity = new IdentityDesk<Batch>({ store: certificates, commits, rules, view, clock: systemClock });
  const withdrawals = await SeenWithdrawals.open<Batch>({ ...shared, domain, writer: first.writer, logger: log });
  let host: Host | undefined;
  const revocations = new KnownRevocations<Batch>(
    { refreshMs: options.revocationsRefreshMs, maxAgeSeconds: options.revocationsMaxAgeSeconds },
    {
      store: certificates,
      commits,
      view,
      issuers: () => view.members().flatMap(({ id }) => (view.isEntitledNow(id, ['identifier']) ? [id] : [])),
      fetchList: async (issuer, signal) => {
        const own = members.get(issuer);
        if (own) return identity.revocations(own.identifying());
        if (!host) throw new XinlianError('CLOSED', { what: 'host' });
        const peer = peerOf(follower, issuer);
        return fromUtf8(
          await host.call(peer, 'identity/revocations', addressed.encode({ member: issuer }), { signal }),
        );
      },
      clock: systemClock,
      logger: log,
    },
  );
  const verifier = new CertificateVerifier({ view, revocations });
  const answerRecords = new AnswerRecords({ records, logs, view, catalogue: builtInCatalogue });
  const judged = {
    ...shared,
    withdrawals,
    rules,
    verifier: new GrantVerifier({ domain, rules, certificates: verifier, view }),
  };
  const sharing = openSharing({ failClosedSeconds: options.failClosedSeconds }, { ...needs, view });
  const attachments = new Attachments<Batch>({
    store: new LevelAttachmentStore(store),
    files: new AttachmentFiles(join(config.data, 'attachments')),
    commits,
    catalogue: builtInCatalogue,
    clock: systemClock,
  });
  const provider = new Provider<Batch>(
    { finalityWaitMs: options.finalityWaitMs },
    {
      ...shared,
      grants: new GrantAccess({ failClosedSeconds: options.failClosedSeconds }, judged),
      shares: sharing.access,
      records: answerRecords,
      attachments,
      answered: (outcome, reason) => metrics.countAnswer(outcome, reason ?? ''),
    },
  );
  const consumptions = new Consumptions({ view, domain, clock: systemClock });
  const journal = new QueryJournal<Batch>({ ...shared, consumptions });
  const requests = new RequestDesk<Batch>({ ...shared, store: new LevelRequestStore(store), rules });
  const subjects = new SubjectDesk<Batch>({
    ...shared,
    logs,
    certificates: verifier,
    requests,
    ...needs.life,
    report: (member, order) => needs.report(member, order),
    domain,
  });

  const hosted = (id: string): MemberNode<Batch> => {
    const member = members.get(parseMemberId(id));
    if (!member) throw new XinlianError('MEMBER_UNKNOWN', { member: id });
    return member;
  };
  /** A sealed text for a member that is hosted here. */
  const open = (argument: Uint8Array): { member: MemberNode<Batch>; sealed: string } => {
    const { header, body } = decodeParcel(argument);
    return { member: hosted(addressed.decode(header).member), sealed: fromUtf8(body) };
  };

  return {
    identity,
    withdrawals,
    shared: {
      provider,
      records: answerRecords,
      rules,
      answers: accesses,
      journal,
      failClosedSeconds: options.failClosedSeconds,
    },
    consumptions,
    sharing,
    licences: openLicensing(config, { ...needs, identity, withdrawals, rules, domain }),
    openings: new OpeningExport<Batch>({
      accesses,
      records,
      catalogue: builtInCatalogue,
      timeliness: new Timeliness(builtInPolicies),
    }),
    attachments,
    serve(onHost, started) {
      host = onHost;
      host.handle('query/answer', async (argument, { signal }) => {
        const { member, sealed } = open(argument);
        return utf8(await provider.answer(member.providing(), sealed, signal));
      });
      host.handle('attachment/read', async (argument, { signal }) => {
        const read = attachmentRead.decode(argument);
        const member = hosted(read.provider);
        return attachments.read(member.keeping(), read, (query) =>
          provider.mustStand(member.providing(), query, signal),
        );
      });
      host.handle('query/journal', async (argument, { signal }) => {
        const { member, sealed } = open(argument);
        return journalled.encode(await journal.take(member.asking(), sealed, signal));
      });
      host.handle('subject/call', async (argument) => {
        const { member, sealed } = open(argument);
        return utf8(await subjects.call(member.serving(), sealed));
      });
      host.handle('request/put', async (argument) => {
        const { member, sealed } = open(argument);
        return requestState.encode(await requests.put(member.serving(), sealed));
      });
      host.handle('request/state', async (argument) => {
        const { member, sealed } = open(argument);
        return requestState.encode(await requests.state(member.serving(), sealed));
      });
      sharing.serve(host, open);
      host.handle('grant/withdrawn', async (argument) => {
        await withdrawals.take(grantWithdrawal.decode(argument), false);
        return NOTHING;
      });
      host.handle('identity/revocations', async (argument) =>
        utf8(await identity.revocations(hosted(addressed.decode(argument).member).identifying())),
      );
      withdrawals.start();
      started.defer(() => withdrawals.stop());
      revocations.start();
      started.defer(() => revocations.stop());
    },
  };
}

/** The node that the chain names for a member. Throws `UNREACHABLE` where it names none. */
export function peerOf({ view }: Follower, id: MemberId): { publicKey: Uint8Array; addresses: readonly string[] } {
  const member = view.member(id);
  const publicKey = member && currentKey(member, 'nodePeer');
  if (!member || !publicKey)
    throw new XinlianError('UNREACHABLE', { peer: id, reason: 'the chain names no node of it' });
  return { publicKey, addresses: member.endpoints.node ?? [] };
}
