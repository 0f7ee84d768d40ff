// The composition root of an agency node: the one place that joins the use cases with the world.
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { openAccess } from './access.ts';
import { captureAnchor } from './chain/anchor-proof.ts';
import { systemClock } from './chain/clock.ts';
import { Follower } from './chain/follower.ts';
import { JsonRpc } from './chain/rpc.ts';
import { StallWatch } from './chain/stall-watch.ts';
import { Submitter } from './chain/submitter.ts';
import { ChainWriter } from './chain/writer.ts';
import { contractsOf, type ChainConfig, type NodeConfig } from './config.ts';
import type { AnchorProof } from './core/bundle.ts';
import { equalBytes, toHex, type Hex } from './core/bytes.ts';
import { XinlianError } from './core/errors.ts';
import { parseMemberId, type MemberId } from './core/ids.ts';
import { decodeParcel } from './core/messages/codec.ts';
import { nodeInfo, type NodeInfo } from './core/messages/node.ts';
import { methodCall, openedSession, openSession, sessionCall } from './core/messages/session.ts';
import { GroupCommit } from './exchange/group-commit.ts';
import { MemberNode } from './exchange/member-node.ts';
import { Methods } from './exchange/methods.ts';
import type { AnchorProver, Log, StoredLog } from './exchange/ports.ts';
import { Publisher } from './exchange/publisher.ts';
import { RecordChanges } from './exchange/record-changes.ts';
import { Records } from './exchange/records.ts';
import { Sessions } from './exchange/sessions.ts';
import { Submissions } from './exchange/submissions.ts';
import { RecordVault, type VaultKeys } from './exchange/vault.ts';
import { openGovernance } from './governance.ts';
import { startHttp, type HttpServer } from './http.ts';
import { openKeys } from './keys/open-keys.ts';
import type { MemberKeys } from './keys/provider.ts';
import { openLife } from './life.ts';
import { startWhole, type Lifecycle } from './lifecycle.ts';
import { openVaultFile } from './keys/vault-file.ts';
import { openRecognition } from './recognition.ts';
import { openReports } from './reports.ts';
import { createMetrics, type NodeMetrics } from './metrics.ts';
import type { Host } from './net/host.ts';
import { createHost } from './net/libp2p.ts';
import { builtInCatalogue } from './policy/pack.ts';
import { publicLogs, type PublicLogs } from './public-logs.ts';
import { LevelChainStore } from './store/chain-store.ts';
import { LevelLogStore } from './store/log-store.ts';
import { LevelRecordStore, LevelSubmissionStore } from './store/record-store.ts';
import { openStore, type Batch, type Store } from './store/store.ts';
import { VERSION } from './version.ts';
import { openDesk } from './desk.ts';
import { openWatch } from './watch.ts';
import { openWhiteLists } from './white-lists.ts';
import { openWitnesses, type WitnessSurface } from './witnesses.ts';
import { PreparePool } from './workers/prepare-pool.ts';

const SIGN_MS = 1_000;
const ANCHOR_MS = 10_000;

/** A running node. `stop` undoes the start in reverse order; twice does nothing more. */
export interface Node {
  info(): NodeInfo;
  /** Multiaddrs, with the peer id. */
  peerAddresses(): string[];
  httpAddress(): string;
  stop(): Promise<void>;
}

/**
 * Starts a node. What was started is stopped again where a later part fails.
 * @throws STORE_LOCKED, STORE_CORRUPT, KEY_UNAVAILABLE …; not for a chain that is down: the node waits for it
 */
export async function startNode(config: NodeConfig, log: Log): Promise<Node> {
  return startWhole((started) => start(config, log, started), log);
}

async function start(config: NodeConfig, log: Log, started: Lifecycle): Promise<Node> {
  const store = await openStore(join(config.data, 'db'));
  started.defer(() => store.close());
  const provider = await openKeys(config.keys);
  started.defer(() => provider.close());

  const chain = await openChain(config.chain, store, log, started);
  const { view } = chain.follower;
  const commits = new GroupCommit<Batch>(() => store.batch());
  started.defer(() => commits.drain());
  const logs = new LevelLogStore(store);
  const records = new LevelRecordStore(store);
  const stored = await logs.logs();

  const members = new Map<MemberId, MemberNode<Batch>>();
  const shared = { store, logs, commits, members, follower: chain.follower, log };
  const witnesses = openWitnesses(config, { ...shared, fetch });
  const timing = { signMs: config.timing?.signMs ?? SIGN_MS, anchorMs: config.timing?.anchorMs ?? ANCHOR_MS };
  const vaults = new Map<MemberId, VaultKeys>();
  const writers = new Map<MemberId, ChainWriter>();
  let firstKeys: MemberKeys | undefined;
  for (const text of config.members) {
    const id = parseMemberId(text);
    const keys = await provider.open(id);
    firstKeys ??= keys;
    const inUse = stored.some(({ owner, size }) => owner === id && size > 0);
    const vault = await openVaultFile(join(config.data, 'vault', `${id}.json`), keys.vault, inUse);
    vaults.set(id, vault);
    const writer = chain.writer(keys);
    writers.set(id, writer);
    const member = new MemberNode<Batch>(
      id,
      { origin: { chainId: config.chain.chainId, logAnchor: config.chain.logAnchor as Hex }, ...timing },
      {
        store: logs,
        commits,
        keys,
        vault: new RecordVault(vault),
        view,
        writer,
        prover: chain.prover,
        cosigning: witnesses.cosigning,
        clock: systemClock,
        logger: log,
      },
    );
    members.set(id, member);
    started.defer(() => member.stop());
  }
  await openLogs(members, stored, chain.follower, log, started);

  const metrics = createMetrics(
    () => info(),
    () => chain.endpointStates(),
    witnesses,
  );
  const preparer = new PreparePool(vaults, config.threads ?? Math.max(1, availableParallelism() - 1));
  started.defer(() => preparer.close());
  const changes = new RecordChanges<Batch>();
  const publisher = new Publisher({ records, clock: systemClock, changes });
  const submissions = new Submissions({
    store: new LevelSubmissionStore(store),
    preparer,
    publisher,
    commits,
    catalogue: builtInCatalogue,
    clock: systemClock,
    counted: (counts) => metrics.countRows(counts),
  });
  const reading = new Records({ records, logs, view, catalogue: builtInCatalogue });
  const life = openLife({ ...shared, records, changes, reading }, started);
  const access = await openAccess(config, {
    ...shared,
    records,
    life,
    metrics,
    report: (member, order) => reports.compileFor(member, order),
  });
  const watch = await openWatch(config, { ...shared, access, changes });
  const lists = await openWhiteLists({ ...shared, access, inbox: watch.methods.inbox });
  const desk = await openDesk({ ...shared, access });
  const reports = openReports({ ...shared, life, records: access.shared.records });
  const recognition = openRecognition({ ...shared, writers, changes, standings: reports.standings });
  const methods = new Methods({
    recognition: recognition.desk,
    reports: reports.desk,
    members,
    submissions,
    identity: access.identity,
    withdrawals: access.withdrawals,
    consumptions: access.consumptions,
    rules: access.shared.rules,
    licences: access.licences,
    ...access.sharing.methods,
    openings: access.openings,
    ...openGovernance({ follower: chain.follower, writers }, started),
    attachments: access.attachments,
    cases: life.cases,
    ...watch.methods,
    ...lists.methods,
    ...desk.methods,
    records: reading,
    view,
    logger: log,
  });
  const sessions = new Sessions({ clock: systemClock, home: (id) => members.get(id as MemberId)?.home() });
  const shownLogs = publicLogs(members, logs);
  const info = (): NodeInfo => describe(members, chain);

  const host = await startHost(config, firstKeys, chain.follower, log, started);
  access.serve(host, started);
  life.serve(host);
  watch.serve(host, started);
  lists.serve(host, started);
  recognition.serve(host, started);
  reports.serve(host, started);
  desk.serve(host, started);
  serve(host, { methods, sessions, members, view, info });
  shownLogs.serve(host);
  const http = await startSurface(
    config,
    {
      info,
      metrics,
      readLog: shownLogs.read,
      witness: witnesses.surface,
      follower: chain.follower,
      members,
      commits,
      log,
    },
    started,
  );
  log.info({ http: http.address(), peer: host.addresses(), members: [...members.keys()] }, 'node started');
  return {
    info,
    peerAddresses: () => host.addresses(),
    httpAddress: () => http.address(),
    stop: () => started.stop(),
  };
}

interface Chain {
  follower: Follower;
  watch: StallWatch;
  endpointStates(): string[];
  prover: AnchorProver;
  writer(keys: MemberKeys): ChainWriter;
}

async function openChain(config: ChainConfig, store: Store, log: Log, started: Lifecycle): Promise<Chain> {
  const { endpoints, chainId, finality, pollMs, blockSeconds } = config;
  const contracts = contractsOf(config);
  const rpc = new JsonRpc({ endpoints, chainId }, { clock: systemClock, log });
  started.defer(() => rpc.close());
  const follower = await Follower.open(
    { contracts, finality, ...(pollMs !== undefined && { pollMs }) },
    { rpc, store: new LevelChainStore(store), clock: systemClock, log },
  );
  follower.start();
  started.defer(() => follower.stop());
  const watch = new StallWatch(blockSeconds === undefined ? {} : { blockSeconds }, {
    view: follower.view,
    clock: systemClock,
    log,
  });
  watch.start();
  started.defer(() => watch.stop());
  const depth = finality.kind === 'depth' ? finality.depth : 1;
  return {
    follower,
    watch,
    endpointStates: () => rpc.status().map(({ state }) => state),
    prover: {
      capture: async (id, { size, root, blockHash, transaction }, signal) =>
        asBundlePart(await captureAnchor(contracts, { log: id, size, root, blockHash, transaction }, rpc, { depth, signal })), // prettier-ignore
    },
    writer: (keys) =>
      new ChainWriter(
        contracts,
        new Submitter(
          { chainId, tip: BigInt(config.tipWei ?? 0) },
          { rpc, signer: keys.transaction, clock: systemClock, log, random: Math.random },
        ),
      ),
  };
}

function asBundlePart({ seals, ...proof }: Awaited<ReturnType<typeof captureAnchor>>): AnchorProof {
  return {
    ...proof,
    ...(seals && { seals: seals.map((header) => toHex(header)) }),
    logAnchor: proof.logAnchor.toLowerCase(),
    header: toHex(proof.header),
    receipt: toHex(proof.receipt),
    proof: proof.proof.map((node) => toHex(node)),
  };
}

/** Goes on with the logs that are here; those that are not are opened on the chain, as soon as it is read to its head. */
async function openLogs(
  members: ReadonlyMap<MemberId, MemberNode<Batch>>,
  stored: readonly StoredLog[],
  follower: Follower,
  log: Log,
  started: Lifecycle,
): Promise<void> {
  let number = Math.max(0, ...stored.map((state) => state.number));
  const missing: MemberNode<Batch>[] = [];
  for (const member of members.values()) if (!(await member.resume(stored))) missing.push(member);
  if (missing.length === 0) return;
  const abort = new AbortController();
  const opening = (async () => {
    await follower.caughtUp(abort.signal);
    // Side by side: one that was lost must not keep the others waiting.
    await Promise.all(missing.map((member) => openLog(member, ++number, log, abort.signal)));
  })().catch((error: unknown) => {
    if (!abort.signal.aborted) log.error({ err: error }, 'opening logs failed');
  });
  started.defer(() => {
    abort.abort(new XinlianError('CLOSED', { what: 'node' }));
    return opening;
  });
}

/** Tries until it is open: a member may be admitted after its node started, and a lost log be replaced. */
async function openLog(member: MemberNode<Batch>, number: number, log: Log, signal: AbortSignal): Promise<void> {
  let told = '';
  for (;;) {
    try {
      await member.openLog(number, signal);
      return;
    } catch (error) {
      if (signal.aborted) throw error;
      const level = XinlianError.is(error, 'STORE_CORRUPT') ? 'error' : 'warn';
      if (told !== String(error)) log[level]({ err: error, member: member.id }, 'its log is not open');
      told = String(error);
      await systemClock.sleep(1_000, signal);
    }
  }
}

async function startHost(
  { p2p }: NodeConfig,
  keys: MemberKeys | undefined,
  follower: Follower,
  log: Log,
  started: Lifecycle,
): Promise<Host> {
  if (!keys)
    throw new XinlianError('CONFIG_INVALID', { faults: [{ path: 'members', message: 'must name one at least' }] });
  const { view } = follower;
  const admits = (publicKey: Uint8Array): boolean => {
    const member = view.memberByPeer(publicKey);
    return member !== undefined && view.isEntitledNow(member.id);
  };
  const host = createHost({ privateKey: await keys.nodePeer.exportSeed(), listen: p2p.listen }, { admits, log });
  await host.start();
  started.defer(() => host.stop());
  const unsubscribe = view.subscribe(({ events, undone }) => {
    if (events.length + undone.length > 0) void host.recheck();
  });
  started.defer(unsubscribe);
  return host;
}

interface Served {
  methods: Methods<Batch>;
  sessions: Sessions;
  members: ReadonlyMap<MemberId, MemberNode<Batch>>;
  view: Follower['view'];
  info: () => NodeInfo;
}

function serve(host: Host, { methods, sessions, members, view, info }: Served): void {
  host.handle('call', async (argument, { peer, signal }) => {
    const { header, body } = decodeParcel(argument);
    const { method, member } = methodCall.decode(header);
    const hosted = member === undefined ? undefined : members.get(parseMemberId(member));
    const gateway = hosted && view.currentKey(hosted.id, 'gatewayPeer');
    // In the clear, and in a member's name: only from the gateway that this member runs itself.
    if (!hosted || !gateway || !equalBytes(gateway, peer)) {
      throw new XinlianError('FORBIDDEN', {
        wanted: 'the own gateway of a member that is hosted here',
        got: toHex(peer),
      });
    }
    return methods.answer(hosted.id, method, body, signal);
  });
  host.handle('session/open', async (argument) =>
    openedSession.encode(await sessions.open(openSession.decode(argument))),
  );
  host.handle('session/call', async (argument, { signal }) => {
    const { header, body } = decodeParcel(argument);
    return sessions.call(sessionCall.decode(header), body, (client, home, call) =>
      methods.answerSealed(client, home, call, signal),
    );
  });
  host.handle('node/info', async () => nodeInfo.encode(info()));
}

async function startSurface(
  { http }: NodeConfig,
  {
    info,
    metrics,
    readLog,
    witness,
    follower,
    members,
    commits,
    log,
  }: Pick<Served, 'info' | 'members'> & {
    metrics: NodeMetrics;
    readLog: PublicLogs['read'];
    witness: WitnessSurface;
    follower: Follower;
    commits: GroupCommit<Batch>;
    log: Log;
  },
  started: Lifecycle,
): Promise<HttpServer> {
  const server = await startHttp(http, {
    info,
    metrics: () => metrics.text(),
    logFile: readLog,
    witness,
    unready: () => {
      if (commits.failed) return 'a restart: a write to the store failed';
      const closed = [...members.values()].find((member) => !member.opened);
      if (closed) return `member ${closed.id} waits for ${closed.waits()}`;
      // Publishing goes on without the chain: a stale head is no ground to take the node out of service.
      return follower.view.head() ? '' : 'the first block of the chain';
    },
    warning: () => {
      const { stalledSeconds, disputedBlock } = info();
      if (disputedBlock !== undefined)
        return `the endpoints of the chain contradict each other at block ${disputedBlock}`;
      return stalledSeconds === undefined ? '' : `the chain has had no new block for ${stalledSeconds} s`;
    },
    failed: (error) => log.error({ err: error }, 'an HTTP request failed'),
  });
  started.defer(() => server.stop());
  return server;
}

function describe(members: ReadonlyMap<MemberId, MemberNode<Batch>>, { follower, watch }: Chain): NodeInfo {
  const { view, status } = follower;
  const head = view.head();
  const stall = watch.stall();
  const digest = view.finalDigest();
  return {
    version: VERSION,
    members: [...members.keys()],
    ...(head && { head: { number: head.number, hash: head.hash, time: head.time } }),
    final: view.final(),
    ...(digest !== undefined && { digest }),
    ...(stall && { stalledSeconds: Math.floor(stall.seconds) }),
    ...(status.disputed !== undefined && { disputedBlock: status.disputed }),
    logs: [...members.values()].flatMap((member) => {
      if (!member.opened) return [];
      const { log } = member;
      const state = view.log(log.state.id);
      return {
        log: log.state.id,
        owner: member.id,
        size: log.size,
        signed: log.state.signed?.size ?? 0,
        anchored: state?.head?.size ?? 0,
        final: state?.final?.size ?? 0,
        waits: member.waits(),
      };
    }),
  };
}
