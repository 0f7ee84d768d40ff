// An agency's part of a node, over a store and a chain on paper: everything between the wire and the disk.
import { ed25519 } from '@noble/curves/ed25519.js';
import { concat, utf8, type Hex } from '../../node/core/bytes.ts';
import type { Member } from '../../node/core/consortium.ts';
import type { ChunkResult } from '../../node/core/messages/publish.ts';
import type { VerificationContext } from '../../node/core/verify-bundle.ts';
import { AgencyLog } from '../../node/exchange/agency-log.ts';
import { Checkpointer } from '../../node/exchange/checkpointer.ts';
import { GroupCommit } from '../../node/exchange/group-commit.ts';
import type { Log } from '../../node/exchange/ports.ts';
import { OpeningExport } from '../../node/exchange/opening-export.ts';
import { Publisher } from '../../node/exchange/publisher.ts';
import { RecordChanges } from '../../node/exchange/record-changes.ts';
import { Records, type Reading } from '../../node/exchange/records.ts';
import { RowPreparer } from '../../node/exchange/row-preparer.ts';
import { Submissions, type Publishing } from '../../node/exchange/submissions.ts';
import { RecordVault } from '../../node/exchange/vault.ts';
import { builtInCatalogue } from '../../node/policy/pack.ts';
import { builtInPolicies } from '../../node/policy/rules.ts';
import { Timeliness } from '../../node/policy/timeliness.ts';
import type { LevelAccessStore } from '../../node/store/access-store.ts';
import { LevelLogStore } from '../../node/store/log-store.ts';
import { LevelRecordStore, LevelSubmissionStore } from '../../node/store/record-store.ts';
import type { Batch, Store } from '../../node/store/store.ts';
import { CHAIN_ID, LOG, LOG_ANCHOR, MEMBER } from './bundle.ts';
import { PaperChain } from './paper-chain.ts';
import { AGENCY } from './rows.ts';

const secret = new Uint8Array(32).fill(7);
export const SIGNER: Uint8Array = ed25519.getPublicKey(secret);

export const member: Member = {
  id: MEMBER,
  name: '盐城市大丰区市场监督管理局',
  uscc: AGENCY,
  region: '320904',
  roles: ['source'],
  status: 'active',
  transaction: '0x0000000000000000000000000000000000000001',
  keys: { checkpoint: [{ key: SIGNER, since: 1 }], sealing: [], nodePeer: [], gatewayPeer: [], client: [] },
  endpoints: {},
  admitted: 1,
};

/** A log that nobody reads. */
export const silent: Log = { debug() {}, info() {}, warn() {}, error() {} };

/** Time stands still until it is set. */
export class PaperClock {
  milliseconds = Date.UTC(2026, 5, 1);

  now(): number {
    return this.milliseconds;
  }
}

export interface Agency {
  store: Store;
  logs: LevelLogStore;
  recordStore: LevelRecordStore;
  clock: PaperClock;
  chain: PaperChain;
  commits: GroupCommit<Batch>;
  log: AgencyLog<Batch>;
  vault: RecordVault;
  checkpointer: Checkpointer<Batch>;
  publisher: Publisher<Batch>;
  changes: RecordChanges<Batch>;
  submissions: Submissions<Batch>;
  records: Records<Batch>;
  publishing: Publishing<Batch>;
  reading: Reading<Batch>;
  /** Counts told to the metrics: published rows. */
  counted: () => number;
  open(submission: string, item: string, dryRun?: boolean): Promise<unknown>;
  send(submission: string, index: number, rows: readonly unknown[]): Promise<ChunkResult>;
  sendBytes(submission: string, index: number, body: Uint8Array): Promise<ChunkResult>;
  /** Signs, anchors, makes that final, and keeps its proof. */
  settle(): Promise<void>;
}

/** What it hands an auditor. */
export function openingsOf(
  accesses: LevelAccessStore,
  { recordStore: records }: Pick<Agency, 'recordStore'>,
): OpeningExport<Batch> {
  return new OpeningExport({ accesses, records, catalogue: builtInCatalogue, timeliness: new Timeliness(builtInPolicies) }); // prettier-ignore
}

/** Goes on with what is in the store. */
export async function openAgency(
  store: Store,
  { chain = new PaperChain(member), clock = new PaperClock() }: { chain?: PaperChain; clock?: PaperClock } = {},
): Promise<Agency> {
  const logs = new LevelLogStore(store);
  const recordStore = new LevelRecordStore(store);
  const commits = new GroupCommit<Batch>(() => store.batch());
  const [state] = await logs.logs();
  const scope: Hex = `0x${'00'.repeat(32)}`;
  const log = state
    ? await AgencyLog.load(logs, state)
    : AgencyLog.create<Batch>(logs, { number: 1, id: LOG, owner: MEMBER, scope });
  commits.beforeCommit((batch) => log.save(batch));
  const vault = new RecordVault({
    index: new Uint8Array(32).fill(1),
    epochs: new Map([[1, new Uint8Array(32).fill(2)]]),
  });
  const key = { publicKey: SIGNER, sign: (message: Uint8Array) => ed25519.sign(message, secret) };
  const checkpointer = new Checkpointer<Batch>(
    { origin: { chainId: CHAIN_ID, logAnchor: LOG_ANCHOR }, signMs: 10, anchorMs: 10 },
    { log, store: logs, commits, key, view: chain, writer: chain, prover: chain, clock, logger: silent },
  );
  const preparer = new RowPreparer(builtInCatalogue, vault);
  const changes = new RecordChanges<Batch>();
  const publisher = new Publisher<Batch>({ records: recordStore, clock, changes });
  let counted = 0;
  const submissions = new Submissions<Batch>({
    store: new LevelSubmissionStore(store),
    preparer: { prepare: async (_member, request) => preparer.prepare(request) },
    publisher,
    commits,
    catalogue: builtInCatalogue,
    clock,
    counted: ({ published }) => (counted += published),
  });
  const publishing = { agency: AGENCY, log, vault };
  const sendBytes = (submission: string, index: number, body: Uint8Array) =>
    submissions.chunk(publishing, MEMBER, { submission, index }, body);
  return {
    store,
    logs,
    recordStore,
    clock,
    chain,
    commits,
    log,
    vault,
    checkpointer,
    publisher,
    changes,
    submissions,
    records: new Records({ records: recordStore, logs, view: chain, catalogue: builtInCatalogue }),
    publishing,
    reading: { member: MEMBER, log, vault, signers: () => [SIGNER], waits: () => checkpointer.waits() },
    counted: () => counted,
    open: (submission, item, dryRun = false) => submissions.open(MEMBER, { submission, item, dryRun }),
    send: (submission, index, rows) => sendBytes(submission, index, ndjson(rows)),
    sendBytes,
    async settle() {
      await checkpointer.sign();
      await checkpointer.anchor();
      chain.finalise();
      await checkpointer.capture();
    },
  };
}

export function ndjson(rows: readonly unknown[]): Uint8Array {
  return concat(...rows.map((row) => utf8(`${JSON.stringify(row)}\n`)));
}

/** What a verifier knows who trusts the chain on paper for its blocks. */
export const context: VerificationContext = {
  names: (item, edition) => builtInCatalogue.names(item, edition),
  trustedBlock: () => true,
  checkpointKey: (id) => (id === MEMBER ? SIGNER : undefined),
  logOwner: (log) => (log === LOG ? MEMBER : undefined),
};
