// What the use cases need of the world. Adapters fit these by shape; only `node.ts` joins them.
import type { Hex } from '../core/bytes.ts';
import type { AnchorProof } from '../core/bundle.ts';
import type {
  AnchoredHead,
  ChainHead,
  GrantState,
  GrantTerms,
  KeyKind,
  LogState,
  Member,
  Role,
} from '../core/consortium.ts';
import type { GrantHash, LogId, MemberId, RecordId } from '../core/ids.ts';
import type { JobState } from '../core/job.ts';
import type { GrantWithdrawal } from '../core/messages/grant.ts';
import type { SubmissionState } from '../core/messages/publish.ts';
import type { InboxEvent } from '../core/messages/subscription.ts';
import type { ListEvent, ReceivedEntry, ReceivedList } from '../core/messages/white-list.ts';

export interface Clock {
  /** Milliseconds since 1970. */
  now(): number;
}

export interface Log {
  debug(details: object, message: string): void;
  info(details: object, message: string): void;
  warn(details: object, message: string): void;
  error(details: object, message: string): void;
}

/** A write of several stores at once: all or nothing, durable (fsync) when `commit` resolves. */
export interface WriteBatch {
  commit(): Promise<void>;
}

/** A log as it stands at home. */
export interface StoredLog {
  /** Its number in this database. */
  number: number;
  id: LogId;
  owner: MemberId;
  scope: Hex;
  /** Entries taken in. */
  size: number;
  /** Hashes of the tree's frontier at `size`. */
  frontier: readonly Uint8Array[];
  /** Root of the status tree under the last status entry. */
  statusRoot: Uint8Array;
  /** Position of the last status entry that changed the status tree; -1 before the first. */
  statusChanged: number;
  /** The last checkpoint that was signed. */
  signed?: { size: number; root: Uint8Array };
}

export interface LogStore<B extends WriteBatch = WriteBatch> {
  batch(): B;
  logs(): Promise<StoredLog[]>;
  putLog(batch: B, log: StoredLog): void;
  putEntry(batch: B, log: number, position: number, entry: Uint8Array): void;
  entry(log: number, position: number): Uint8Array | undefined;
  /** Entries from `from` up to, not including, `to`. */
  entries(log: number, from: number, to: number): AsyncIterable<Uint8Array>;
  putTile(batch: B, log: number, level: number, index: number, hashes: Uint8Array): void;
  tile(log: number, level: number, index: number): Uint8Array | undefined;
  putCheckpoint(batch: B, log: number, size: number, note: string): void;
  checkpoint(log: number, size: number): string | undefined;
  /** Signature lines of those who cosigned the checkpoint. */
  putCosignatures(batch: B, log: number, size: number, lines: string): void;
  cosignatures(log: number, size: number): string | undefined;
  putAnchorProof(batch: B, log: number, size: number, proof: AnchorProof): void;
  /** The proof of the largest size that has one. */
  lastAnchorProof(log: number): Promise<{ size: number; proof: AnchorProof } | undefined>;
  /** Node of the status tree now; undefined where the subtree is empty. */
  statusNode(log: number, depth: number, prefix: number): Uint8Array | undefined;
  /** As it was under the status entry at `position`. */
  statusNodeAt(log: number, depth: number, prefix: number, position: number): Promise<Uint8Array | undefined>;
  /** Replaces a node; what was there is kept for `statusNodeAt`. `position`: of the status entry that replaces it. */
  putStatusNode(batch: B, log: number, depth: number, prefix: number, hash: Uint8Array | null, position: number): void;
  status(log: number, position: number): Uint8Array | undefined;
  statusAt(log: number, position: number, statusEntry: number): Promise<Uint8Array | undefined>;
  putStatus(batch: B, log: number, position: number, value: Uint8Array | null, statusEntry: number): void;
  /** Changes of status that no status entry covers yet, by position of what they change. */
  pendingStatus(log: number): Promise<Map<number, Uint8Array | null>>;
  putPendingStatus(batch: B, log: number, position: number, value: Uint8Array | null): void;
  clearPendingStatus(batch: B, log: number, positions: Iterable<number>): void;
}

/** A checkpoint that a witness cosigned last, as its log signed it. */
export interface WitnessedCheckpoint {
  size: number;
  /** 32 bytes, base64 */
  root: string;
  /** Signed note, with the signature of the log alone. */
  note: string;
  /** Cosignature of the witness; absent where its key failed after the checkpoint was kept. */
  cosignature?: string;
}

/**
 * What a witness was shown against what it had cosigned. `split`: two roots of one size, both signed by the log: proof to
 * anyone. `inconsistent`: the proof that came with a larger checkpoint does not hold; the notes alone decide nothing.
 */
export interface WitnessConflict {
  kind: 'split' | 'inconsistent';
  /** Milliseconds since 1970. */
  time: number;
  /** Signed note that was cosigned. */
  cosigned: string;
  /** Signed note that was refused. */
  refused: string;
  /** Consistency proof that came with it, base64. */
  proof: string[];
}

/** What hosted members saw of others' logs. */
export interface WitnessStore<B extends WriteBatch = WriteBatch> {
  witnessed(member: MemberId, log: LogId): WitnessedCheckpoint | undefined;
  putWitnessed(batch: B, member: MemberId, log: LogId, checkpoint: WitnessedCheckpoint): void;
  /** Oldest size first. */
  conflicts(member: MemberId, log: LogId): Promise<WitnessConflict[]>;
  /** Of conflicts that are `inconsistent` the last one is kept; of splits all that are put. */
  putConflict(batch: B, member: MemberId, log: LogId, size: number, conflict: WitnessConflict): void;
}

export interface StoredVersion {
  position: number;
  /** Seconds since 1970. */
  time: number;
}

export interface StoredRecord {
  /** Log number. */
  log: number;
  item: string;
  edition: string;
  /** Keyed digest of the row as it was normalised: tells a correction from a repetition. 32 bytes. */
  digest: Uint8Array;
  versions: StoredVersion[];
}

export interface RecordStore<B extends WriteBatch = WriteBatch> {
  record(id: RecordId): StoredRecord | undefined;
  /** Of all logs, in the order of their ids. @param after the last id before them */
  records(after?: RecordId): AsyncIterable<[RecordId, StoredRecord]>;
  putRecord(batch: B, id: RecordId, record: StoredRecord): void;
  /** Sealed parts of a version. */
  putVersion(batch: B, id: RecordId, version: number, parts: SealedVersion): void;
  version(id: RecordId, version: number): SealedVersion | undefined;
  /** Notes whose record it is. @param subject see `RecordVault.subjectKey` */
  putSubject(batch: B, log: number, subject: Uint8Array, id: RecordId): void;
  /** Records of a subject in a log, in the order of their ids. */
  bySubject(log: number, subject: Uint8Array): AsyncIterable<RecordId>;
  /** Notes what else a record is found by. @param lookup see `lookupKey` */
  putLookup(batch: B, log: number, lookup: Uint8Array, id: RecordId): void;
  byLookup(log: number, lookup: Uint8Array): AsyncIterable<RecordId>;
}

export interface SealedVersion {
  /** Record key, wrapped by an epoch key. */
  key: Uint8Array;
  claims: Uint8Array;
  /** Fields about persons; absent where there are none. */
  personal?: Uint8Array;
}

/** Cases of objection and repair. Ids are in the order of their bytes. */
export interface CaseStore<B extends WriteBatch = WriteBatch> {
  /** Sealed. */
  file(member: MemberId, id: string): Uint8Array | undefined;
  putFile(batch: B, member: MemberId, id: string, sealed: Uint8Array): void;
  /** Notes what a new case is about. @param subject see `RecordVault.subjectKey` */
  putCase(batch: B, member: MemberId, id: string, about: { record: RecordId; subject: Uint8Array }): void;
  cases(member: MemberId, after?: string): AsyncIterable<string>;
  recordCases(record: RecordId): AsyncIterable<string>;
  subjectCases(member: MemberId, subject: Uint8Array): AsyncIterable<string>;
}

export interface SubmissionStore<B extends WriteBatch = WriteBatch> {
  submission(member: MemberId, id: string): SubmissionState | undefined;
  putSubmission(batch: B, member: MemberId, state: SubmissionState): void;
  /** The answer to a chunk, sealed. */
  chunk(member: MemberId, id: string, index: number): Uint8Array | undefined;
  putChunk(batch: B, member: MemberId, id: string, index: number, answer: Uint8Array): void;
  /** Notes that a submission was closed, for `closedBefore`. */
  putClosed(batch: B, closed: ClosedSubmission): void;
  /** Closed submissions that still have their answers, the oldest first. @param time milliseconds since 1970 */
  closedBefore(time: number, limit: number): Promise<ClosedSubmission[]>;
  /** Deletes the answers of a closed submission. */
  forgetChunks(batch: B, closed: ClosedSubmission): void;
}

export interface ClosedSubmission {
  member: MemberId;
  submission: string;
  /** Milliseconds since 1970. */
  time: number;
  /** How many it had. */
  chunks: number;
}

/** Whose answer to which query: an answer is kept for who asks again. */
export interface AnswerPlace {
  provider: MemberId;
  grantee: string;
  /** Query id, base64url of 32 bytes. */
  query: string;
  page: number;
}

/** A withdrawal that was seen by its signed word. */
export interface SeenWithdrawal {
  /** End of the grant, seconds since 1970. */
  validTo: number;
  /** What this node still has to bring to the chain. */
  pending?: GrantWithdrawal;
}

/** What accesses leave behind. */
export interface AccessStore<B extends WriteBatch = WriteBatch> {
  /** @param sealed opening of the receipt or note at a position @param commitment what stands in the entry, 32 bytes */
  putOpening(batch: B, log: number, position: number, commitment: Uint8Array, sealed: Uint8Array): void;
  opening(log: number, position: number): Uint8Array | undefined;
  /** Sealed openings by position, ascending. @param after -1: from the first */
  openings(log: number, after: number, limit: number): AsyncIterable<[position: number, sealed: Uint8Array]>;
  /** Position of the receipt or note with this commitment. */
  byCommitment(log: number, commitment: Uint8Array): number | undefined;
  /** @param day in Beijing time, since 1970 @param party member that asked */
  putDay(batch: B, log: number, day: number, position: number, party: string): void;
  /** Receipts and notes of a day, by position. @param after -1: from the first */
  day(log: number, day: number, after: number): AsyncIterable<{ position: number; party: string }>;
  putSubjectReceipt(batch: B, log: number, subject: Uint8Array, position: number): void;
  /** Positions of a subject's receipts, ascending. @param after -1: from the first */
  subjectReceipts(log: number, subject: Uint8Array, after: number, limit: number): AsyncIterable<number>;
  /** @param request digest of the query as signed @param answer compact JWE @param keptUntil seconds since 1970 */
  putAnswer(batch: B, place: AnswerPlace, request: Uint8Array, answer: string, keptUntil: number): void;
  answer(place: AnswerPlace): { request: Uint8Array; answer: string } | undefined;
  /** Answers that are kept no longer, by their key in the store. */
  expiredAnswers(nowSeconds: number, limit: number): Promise<Uint8Array[]>;
  forgetAnswers(batch: B, expired: readonly Uint8Array[]): void;
  putWithdrawal(batch: B, grant: GrantHash, withdrawal: SeenWithdrawal): void;
  withdrawals(): AsyncIterable<[GrantHash, SeenWithdrawal]>;
  forgetWithdrawal(batch: B, grant: GrantHash): void;
}

/** A batch job of a hosted member. */
export interface StoredJob {
  /** As it was signed. */
  manifest: string;
  state: JobState;
  /** Chunks whose rows are judged. */
  judged: number;
  /** Headings of a CSV file, once its first line was read. */
  columns?: string[];
}

export interface JobStore<B extends WriteBatch = WriteBatch> {
  job(member: MemberId, id: string): StoredJob | undefined;
  putJob(batch: B, member: MemberId, job: StoredJob): void;
  jobs(): AsyncIterable<[MemberId, StoredJob]>;
  /** In the order of ids. @param after the id before the first */
  ofMember(member: MemberId, after?: string): AsyncIterable<StoredJob>;
  /** `sealed` is empty once the rows are judged. */
  chunk(member: MemberId, id: string, index: number): { digest: Uint8Array; sealed: Uint8Array } | undefined;
  putChunk(batch: B, member: MemberId, id: string, index: number, digest: Uint8Array, sealed?: Uint8Array): void;
  /** A block of the result file. */
  block(member: MemberId, id: string, index: number): Uint8Array | undefined;
  putBlock(batch: B, member: MemberId, id: string, index: number, bytes: Uint8Array): void;
  /** @param blocks of its result file */
  forget(batch: B, member: MemberId, state: JobState, blocks: number): void;
}

/** A certificate that a hosted member gave. */
export interface KeptCertificate {
  /** Of its line in the member's log. */
  position: number;
  /** Seconds since 1970. */
  exp: number;
  revoked: boolean;
  /** Of one that was taken back: grants that were registered by this block stand. */
  passedBlock?: number;
}

export interface CertificateStore<B extends WriteBatch = WriteBatch> {
  certificate(member: MemberId, jti: string): KeptCertificate | undefined;
  putCertificate(batch: B, member: MemberId, jti: string, certificate: KeptCertificate): void;
  /** Notes whose certificate it is. @param subject see `RecordVault.subjectKey` */
  putSubjectCertificate(batch: B, member: MemberId, subject: Uint8Array, jti: string, capacity: string): void;
  subjectCertificates(member: MemberId, subject: Uint8Array): AsyncIterable<[jti: string, capacity: string]>;
  /** What changed who speaks for a subject, sealed. */
  standing(member: MemberId, subject: Uint8Array): Uint8Array | undefined;
  putStanding(batch: B, member: MemberId, subject: Uint8Array, sealed: Uint8Array): void;
  /** Those taken back that end after `nowSeconds`. */
  revoked(member: MemberId, nowSeconds: number): AsyncIterable<string>;
}

/** Revocation lists as they were last seen, compact JWS. */
export interface RevocationListStore<B extends WriteBatch = WriteBatch> {
  revocationList(issuer: MemberId): string | undefined;
  putRevocationList(batch: B, issuer: MemberId, list: string): void;
}

/** Requests for authorisation that wait at a hosted member, sealed. */
export interface RequestStore<B extends WriteBatch = WriteBatch> {
  request(member: MemberId, id: string): Uint8Array | undefined;
  putRequest(batch: B, member: MemberId, id: string, sealed: Uint8Array): void;
  putSubjectRequest(batch: B, member: MemberId, subject: Uint8Array, id: string): void;
  /** Ids of the requests to a subject. */
  requests(member: MemberId, subject: Uint8Array): AsyncIterable<string>;
}

/** An entry about a record, to be told to a subscription. */
export interface QueuedChange {
  /** Kind of the entry. */
  kind: string;
  record: RecordId;
  item: string;
  position: number;
  /** Position of the entry that it changes. */
  ref?: number;
}

/** Whose subscription at which provider. */
export interface WatchPlace {
  provider: MemberId;
  grantee: MemberId;
  /** Id of the subscription, base64url of 32 bytes. */
  id: string;
}

/** An event that was made and not acknowledged yet. */
export interface MadeEvent {
  number: number;
  kind: string;
  /** Why it ended, of the last. */
  reason?: string;
  /** Compact JWE. */
  sealed: string;
}

/** Subscriptions at a provider: what they want, what is to be told, what was made and not acknowledged. */
export interface WatchStore<B extends WriteBatch = WriteBatch> {
  putWatch(batch: B, place: WatchPlace, sealed: Uint8Array): void;
  watches(): AsyncIterable<[WatchPlace, Uint8Array]>;
  /** With all that waits for it. */
  forgetWatch(batch: B, place: WatchPlace, positions: readonly number[], numbers: readonly number[]): void;
  putChange(batch: B, place: WatchPlace, change: QueuedChange): void;
  /** In the order of the log. @param below a position */
  changes(place: WatchPlace, below: number, limit: number): Promise<QueuedChange[]>;
  forgetChanges(batch: B, place: WatchPlace, positions: readonly number[]): void;
  putEvent(batch: B, place: WatchPlace, event: MadeEvent): void;
  /** In their order. */
  events(place: WatchPlace): AsyncIterable<MadeEvent>;
  forgetEvents(batch: B, place: WatchPlace, numbers: readonly number[]): void;
}

/** Share bases that were put down at a hosted member, sealed. */
export interface ShareStore<B extends WriteBatch = WriteBatch> {
  basis(member: MemberId, id: string): Uint8Array | undefined;
  putBasis(batch: B, member: MemberId, id: string, sealed: Uint8Array): void;
  /** Ids, in their order. @param after the id before the first */
  bases(member: MemberId, after?: string): AsyncIterable<string>;
}

/** An attachment at a hosted member. */
export interface StoredAttachment {
  /** Name of the file that has its chunks, sealed, one behind the other. */
  file: string;
  /** Key of its seal, wrapped by an epoch key. */
  key: Uint8Array;
  /** Chunks that are durable. */
  received: number;
}

export interface AttachmentStore<B extends WriteBatch = WriteBatch> {
  attachment(member: MemberId, text: string): StoredAttachment | undefined;
  putAttachment(batch: B, member: MemberId, text: string, attachment: StoredAttachment): void;
  /** Leaf hashes, one behind the other. */
  leaves(member: MemberId, text: string): Uint8Array | undefined;
  putLeaves(batch: B, member: MemberId, text: string, leaves: Uint8Array): void;
}

/** Where the bytes of attachments are. */
export interface AttachmentBytes {
  create(): Promise<string>;
  /** Durable when it resolves. */
  write(file: string, offset: number, bytes: Uint8Array): Promise<void>;
  read(file: string, offset: number, length: number): Promise<Uint8Array>;
}

/** A subscription of a hosted member at one provider. */
export interface KeptSubscription {
  member: MemberId;
  /** base64url of 32 bytes. */
  id: string;
  provider: MemberId;
  grant: GrantHash;
  terms: GrantTerms;
  /** See `InboxEvent`. */
  lane: string;
  state: 'open' | 'closing' | 'ended';
  reason?: string;
  /** Seconds since 1970. */
  opened: number;
  /** Number of the last event that came. */
  last: number;
}

/** Subscriptions of hosted members, and the events that came of them. */
export interface InboxStore<B extends WriteBatch = WriteBatch> {
  putSubscription(batch: B, subscription: KeptSubscription): void;
  forgetSubscription(batch: B, subscription: Pick<KeptSubscription, 'member' | 'id' | 'provider'>): void;
  subscriptions(): AsyncIterable<KeptSubscription>;
  /** The last cursor of a member also when its event was forgotten; 0 before the first. */
  lastCursor(member: MemberId): number;
  putEvent(batch: B, member: MemberId, event: InboxEvent): void;
  event(member: MemberId, cursor: number): InboxEvent | undefined;
  /** Those behind a cursor, in its order. */
  events(member: MemberId, after: number): AsyncIterable<InboxEvent>;
  /** Cursors of events that came before a time, the oldest first. */
  eventsBefore(member: MemberId, seconds: number, limit: number): Promise<number[]>;
  forgetEvents(batch: B, member: MemberId, cursors: readonly number[]): void;
}

/** An event that waits for a webhook. */
export interface Delivery {
  /** Of the event. */
  cursor: number;
  /** Of the event: see `InboxEvent`. */
  lane: string;
  /** How many attempts there were. */
  attempts: number;
  /** Of the next attempt, milliseconds since 1970. */
  due: number;
}

/** An event that was given up. */
export interface GivenUp {
  cursor: number;
  lane: string;
  attempts: number;
  /** Of the last attempt, seconds since 1970. */
  time: number;
  status?: number;
  fault?: string;
}

export interface WebhookStore<B extends WriteBatch = WriteBatch> {
  putWebhook(batch: B, webhook: { member: MemberId; id: string; sealed: Uint8Array }): void;
  forgetWebhook(batch: B, member: MemberId, id: string): void;
  webhooks(): AsyncIterable<{ member: MemberId; id: string; sealed: Uint8Array }>;
  putDelivery(batch: B, webhook: string, delivery: Delivery): void;
  /** In the order of cursors. */
  deliveries(webhook: string): AsyncIterable<Delivery>;
  forgetDeliveries(batch: B, webhook: string, cursors: readonly number[]): void;
  putDeadLetter(batch: B, webhook: string, letter: GivenUp): void;
  /** Those behind a cursor, in its order. */
  deadLetters(webhook: string, after: number): AsyncIterable<GivenUp>;
  forgetDeadLetters(batch: B, webhook: string, cursors: readonly number[]): void;
}

/** White lists that hosted members push, and those that hosted banks were sent. */
export interface WhiteListStore<B extends WriteBatch = WriteBatch> {
  /** @param sealed what is known of the list */
  putList(batch: B, member: MemberId, list: string, sealed: Uint8Array): void;
  lists(member: MemberId): AsyncIterable<[list: string, sealed: Uint8Array]>;
  /** @param subject see `RecordVault.subjectKey` */
  putRow(batch: B, member: MemberId, list: string, subject: Uint8Array, sealed: Uint8Array): void;
  row(member: MemberId, list: string, subject: Uint8Array): Uint8Array | undefined;
  forgetRow(batch: B, member: MemberId, list: string, subject: Uint8Array): void;
  /** In the order of subject keys. @param after the key before the first */
  rows(member: MemberId, list: string, after?: Uint8Array): AsyncIterable<[subject: Uint8Array, sealed: Uint8Array]>;
  putEvent(batch: B, member: MemberId, list: string, event: ListEvent): void;
  /** In their order. */
  events(member: MemberId, list: string): AsyncIterable<ListEvent>;
  forgetEvents(batch: B, member: MemberId, list: string, numbers: readonly number[]): void;
  received(member: MemberId, list: ReceivedPlace): ReceivedList | undefined;
  putReceived(batch: B, member: MemberId, received: ReceivedList): void;
  receivedLists(member: MemberId): AsyncIterable<ReceivedList>;
  entry(member: MemberId, list: ReceivedPlace, lane: string): ReceivedEntry | undefined;
  putEntry(batch: B, member: MemberId, list: ReceivedPlace, entry: ReceivedEntry): void;
  /** In the order of lanes. @param after the lane before the first */
  entries(member: MemberId, list: ReceivedPlace, after?: string): AsyncIterable<ReceivedEntry>;
}

/** Whose white list. */
export type ReceivedPlace = Pick<ReceivedList, 'provider' | 'list'>;

/** Sessions of electronic licences, sealed. */
export interface LicenceStore<B extends WriteBatch = WriteBatch> {
  licence(member: MemberId, session: string): Uint8Array | undefined;
  putLicence(batch: B, member: MemberId, session: string, sealed: Uint8Array): void;
}

/** Where an enterprise confirms with its electronic licence 电子营业执照. Methods throw `UNREACHABLE`. */
export interface LicenceService {
  /** As evidence names it. */
  readonly name: string;
  /** That evidence is signed with, Ed25519. */
  readonly key: Uint8Array;
  /** @param request words to be shown, and to whom @returns what a QR code says that the enterprise scans */
  begin(request: { text: string; uscc: string; name: string }): Promise<{ session: string; qr: string }>;
  /** @returns evidence: compact JWS (core/licence.ts) */
  outcome(
    session: string,
  ): Promise<{ state: 'waiting' | 'refused' | 'expired' } | { state: 'confirmed'; evidence: string }>;
}

/** Grants as the chain has them: what widens counts when final, what narrows at first sight. */
export interface GrantView {
  head(): ChainHead | undefined;
  member(id: MemberId): Member | undefined;
  isEntitledNow(id: MemberId, roles?: readonly Role[]): boolean;
  currentKey(id: MemberId, kind: KeyKind): Uint8Array | undefined;
  grant(hash: GrantHash): GrantState | undefined;
  /** Whether a query id consumed a grant. @param query 32 bytes, hex */
  consumption(hash: GrantHash, query: Hex): { block: number; final: boolean } | undefined;
  /** Tells of every change of the view. @returns ends it */
  subscribe(listener: () => void): () => void;
}

/** What became of a batch: `items` in its order, each fails alone. `block`: where it was mined. */
export interface WrittenItems {
  block: number;
  items: readonly ItemOutcome[];
}

export type ItemOutcome = { ok: true } | { ok: false; error: string; arguments: string[] };

/** What a member writes of grants that are not its own, where its role lets it. Resolves when a block has it. */
export interface GrantStopper {
  /** For regulators. @param reason 32 bytes */
  suspendGrant(grant: GrantHash, reason: Hex, signal?: AbortSignal): Promise<{ block: number }>;
  resumeGrant(grant: GrantHash, signal?: AbortSignal): Promise<{ block: number }>;
  /** For members that identify enterprises. @param reason 32 bytes */
  withdrawGrantFor(grant: GrantHash, reason: Hex, signal?: AbortSignal): Promise<{ block: number }>;
}

/** What a member writes to the chain of grants. Every method resolves when a block has it. */
export interface GrantWriter {
  registerGrants(
    items: readonly { terms: GrantTerms; deadline: number; signature: Hex }[],
    signal?: AbortSignal,
  ): Promise<WrittenItems>;
  withdrawGrants(items: readonly { terms: GrantTerms; signature: Hex }[], signal?: AbortSignal): Promise<WrittenItems>;
  /** @param items queryId: 32 bytes; without `signed` the grantee is this account's own member */
  consumeGrants(
    items: readonly { terms: GrantTerms; queryId: Hex; signed?: { deadline: number; signature: Hex } }[],
    signal?: AbortSignal,
  ): Promise<WrittenItems>;
}

/** The chain as this node sees it. */
export interface ChainView {
  head(): ChainHead | undefined;
  /** Number of the last final block; -1 before the first. */
  final(): number;
  member(id: MemberId): Member | undefined;
  log(id: LogId): LogState | undefined;
  openLog(owner: MemberId, scope: Hex): LogState | undefined;
  /** A member's current key of a kind. */
  currentKey(id: MemberId, kind: KeyKind): Uint8Array | undefined;
  /** Whether the member is active with all of these roles: widened when final, narrowed at first sight. */
  isEntitledNow(id: MemberId, roles?: readonly Role[]): boolean;
}

/** What a member sends to the chain, under its own account. */
export interface ChainWriter {
  registerLog(scope: Hex, signal?: AbortSignal): Promise<{ log: LogId }>;
  anchor(
    checkpoint: { log: LogId; size: number; root: Uint8Array; proof: readonly Uint8Array[] },
    signal?: AbortSignal,
  ): Promise<{ transaction: Hex; block: number }>;
}

/** Reads the proof of an anchoring event back from the chain's blocks. */
export interface AnchorProver {
  capture(log: LogId, head: AnchoredHead, signal?: AbortSignal): Promise<AnchorProof>;
}
