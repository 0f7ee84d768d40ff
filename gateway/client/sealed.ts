// A member's application and its home node, over any gateway: sealed sessions (docs/protocol.md, section 5).
import { concat, fromUtf8, utf8 } from '../../node/core/bytes.ts';
import { XinlianError, type ErrorCode, type ErrorDetails } from '../../node/core/errors.ts';
import {
  attachmentChunk,
  attachmentState,
  openAttachment,
  type AttachmentChunk,
  type AttachmentState,
  type OpenAttachment,
} from '../../node/core/messages/attachment.ts';
import { decodeParcel, encodeParcel } from '../../node/core/messages/codec.ts';
import {
  councilCall,
  councilOutcome,
  councilVote,
  type CouncilCallText,
  type CouncilOutcome,
  type CouncilVote,
} from '../../node/core/messages/council.ts';
import {
  certificateRef,
  certification,
  issuedCertificate,
  type Certification,
  type IssuedCertificate,
  standingNote,
  standingNoted,
  type StandingNote,
  type StandingNoted,
} from '../../node/core/messages/identity.ts';
import {
  keyRotation,
  keysRotated,
  logReplaced,
  memberChanged,
  memberEndpoints,
  type KeyRotation,
  type KeysRotated,
  type LogReplaced,
  type MemberChanged,
  type MemberEndpoints,
} from '../../node/core/messages/member.ts';
import { grantRef, grantStop, grantStopped, type GrantStopped } from '../../node/core/messages/grant.ts';
import type { InnerMethod } from '../../node/core/messages/node.ts';
import {
  openingsPage,
  openingsRequest,
  recordOpeningsPage,
  recordOpeningsRequest,
  type OpeningsPage,
  type OpeningsRequest,
  type RecordOpeningsPage,
  type RecordOpeningsRequest,
} from '../../node/core/messages/opening.ts';
import { view as viewCodec, viewRequest, type View } from '../../node/core/messages/view.ts';
import {
  chunkHeader,
  chunkResult,
  openSubmission,
  submissionRef,
  submissionState,
  type ChunkResult,
  type OpenSubmission,
  type SubmissionState,
} from '../../node/core/messages/publish.ts';
import {
  bundleRequest,
  recordRef,
  recordStatus,
  type BundleRequest,
  type RecordRef,
  type RecordStatus,
} from '../../node/core/messages/record.ts';
import {
  casePage,
  caseQuery,
  caseView,
  type CasePage,
  type CaseQuery,
  type CaseView,
} from '../../node/core/messages/case.ts';
import {
  eventsPage,
  eventsRequest,
  openedSubscription,
  openSubscription,
  subscriptionRef,
  subscriptionsPage,
  subscriptionsRequest,
  type EventsPage,
  type EventsRequest,
  type OpenedSubscription,
  type OpenSubscription,
  type SubscriptionRef,
  type SubscriptionsPage,
  type SubscriptionsRequest,
} from '../../node/core/messages/subscription.ts';
import {
  agreementCall,
  caseActCall,
  caseRef,
  openedQuestion,
  openedRecognitions,
  caseRequestCall,
  officerCall,
  ownDocumentRef,
  recognitionPage,
  testedCase,
  writtenText,
  type AgreementCall,
  type CaseActCall,
  type CaseRequestCall,
  type OfficerCall,
  type OpenedRecognitions,
  type RecognitionPage,
  type TestedCase,
  type WrittenText,
} from '../../node/core/messages/recognition.ts';
import {
  compileReport,
  reportList,
  reportListRequest,
  reportRef,
  reportText,
  type CompileReport,
  type ReportList,
  type ReportText,
} from '../../node/core/messages/report.ts';
import { methodAnswer, methodCall } from '../../node/core/messages/session.ts';
import type { JwsSigner } from '../../node/core/jws.ts';
import { createSession, SealedChannel } from '../../node/core/session.ts';
import {
  licenceRef,
  licenceRequest,
  licenceState,
  type LicenceRequest,
  type LicenceState,
} from '../../node/core/licence.ts';
import { shareExport, type ShareExport } from '../../node/core/share-payload.ts';
import {
  shareDecision,
  shareEnd,
  shareListRequest,
  sharePage,
  shareState,
  type ShareDecision,
  type ShareEnd,
  type SharePage,
  type ShareState,
} from '../../node/core/share.ts';
import {
  listEntriesPage,
  listEntriesRequest,
  listPushed,
  listRowsPage,
  listRowsRequest,
  ownLists,
  pushList,
  receivedLists,
  type ListEntriesPage,
  type ListEntriesRequest,
  type ListPushed,
  type ListRowsPage,
  type ListRowsRequest,
  type OwnLists,
  type PushList,
  type ReceivedLists,
} from '../../node/core/messages/white-list.ts';
import {
  createdWebhook,
  createWebhook,
  deadLettersPage,
  deadLettersRequest,
  replayed,
  replayWebhook,
  rotateWebhook,
  webhookList,
  webhookRef,
  type CreatedWebhook,
  type CreateWebhook,
  type DeadLettersPage,
  type DeadLettersRequest,
  type Replayed,
  type ReplayWebhook,
  type RotateWebhook,
  type WebhookView,
} from '../../node/core/messages/webhook.ts';
import type { Client } from '../client.ts';
import { chunksOf, submit, type Submission, type SubmissionLine, type Submitter } from '../publish/submit.ts';
import { ApiError } from './api-error.ts';
import { mayPass, retry, type RetryOptions } from './retry.ts';
import { bytesOf, type Rows } from './rows.ts';

const DEFAULT_PATIENCE_MS = 10_000;

/** Chunks under way: the next is sealed while one is on its way and one is worked on. */
export const SEALED_WINDOW = 3;

export interface SealedClientOptions {
  /** Member in whose name it calls. */
  member: string;
  /** Member whose node it calls; default: `member`. */
  home?: string;
  /** The home member's P-256 key. It MUST NOT come from the gateway, which could give its own and read along. */
  sealingKey: Uint8Array;
  /** How long a call goes on trying where gateway or node are away, in milliseconds. Default: 10 s */
  patienceMs?: number;
}

export interface SealedClientDependencies {
  client: Pick<Client, 'openSession' | 'callSession'>;
  /** The member's `client` key. */
  signer: JwsSigner;
  /** Milliseconds since 1970. */
  clock: { now(): number };
  /** Told before a call is tried again. */
  onRetry?: RetryOptions['onRetry'];
  wait?: RetryOptions['wait'];
}

export interface SealedPublishOptions {
  item: string;
  /**
   * Names the submission, 8 to 64 characters of `A-Z a-z 0-9 _ -`: sent again under the same name, it goes on where it
   * stopped, and gives the same answers. Take a digest of the rows, or what names them where they come from.
   */
  submission: string;
  dryRun?: boolean;
  /** Which rows get a line of their own. Default: faults, those that were rejected or warned of */
  outcomes?: Submission['outcomes'];
  signal?: AbortSignal;
}

interface Session {
  id: string;
  channel: SealedChannel;
  /** Number of the next call: none is used twice. */
  next: number;
}

/**
 * Calls may run at the same time. Each is tried again where that may help; all methods can be repeated without harm. A
 * session that the node forgot is opened anew. Runs in Node and in a browser.
 *
 * Methods throw `XinlianError` as the node threw it, `ApiError` for what the gateway refused, and `ConnectionError` where
 * it is not reached.
 */
export class SealedClient implements Submitter {
  readonly #member: string;
  readonly #home: string;
  readonly #sealingKey: Uint8Array;
  readonly #patienceMs: number;
  readonly #needs: SealedClientDependencies;
  #session: Promise<Session> | undefined;

  constructor(options: SealedClientOptions, dependencies: SealedClientDependencies) {
    this.#member = options.member;
    this.#home = options.home ?? options.member;
    this.#sealingKey = options.sealingKey;
    this.#patienceMs = options.patienceMs ?? DEFAULT_PATIENCE_MS;
    this.#needs = dependencies;
  }

  /**
   * Publishes rows, sealed, and yields the lines of the answer while they come: those of `Client.publish`. The gateway
   * sees neither rows nor faults.
   * @throws as every method: CONFLICT for other rows under the name of a submission, TOO_LARGE for a row over the limit
   */
  publish(rows: Rows, options: SealedPublishOptions): AsyncGenerator<SubmissionLine, void, void> {
    const { item, submission, dryRun = false, outcomes = 'faults', signal = new AbortController().signal } = options;
    const named = { submission, item, dryRun, outcomes };
    return submit(named, chunksOf(bytesOf(rows)), { window: SEALED_WINDOW, signal }, this);
  }

  async openSubmission(submission: OpenSubmission, signal?: AbortSignal): Promise<SubmissionState> {
    return submissionState.decode(await this.#call('submission/open', openSubmission.encode(submission), signal));
  }

  async sendChunk(
    submission: string,
    index: number,
    pieces: readonly Uint8Array[],
    signal?: AbortSignal,
  ): Promise<ChunkResult> {
    const argument = encodeParcel(chunkHeader.encode({ submission, index }), concat(...pieces));
    return chunkResult.decode(await this.#call('submission/chunk', argument, signal));
  }

  async submissionState(submission: string, signal?: AbortSignal): Promise<SubmissionState> {
    return submissionState.decode(await this.#call('submission/state', submissionRef.encode({ submission }), signal));
  }

  async closeSubmission(submission: string, signal?: AbortSignal): Promise<SubmissionState> {
    return submissionState.decode(await this.#call('submission/close', submissionRef.encode({ submission }), signal));
  }

  async openAttachment(attachment: OpenAttachment, signal?: AbortSignal): Promise<AttachmentState> {
    return attachmentState.decode(await this.#call('attachment/open', openAttachment.encode(attachment), signal));
  }

  async sendAttachmentChunk(chunk: AttachmentChunk, body: Uint8Array, signal?: AbortSignal): Promise<AttachmentState> {
    const argument = encodeParcel(attachmentChunk.encode(chunk), body);
    return attachmentState.decode(await this.#call('attachment/chunk', argument, signal));
  }

  async recordStatus(reference: RecordRef, signal?: AbortSignal): Promise<RecordStatus> {
    return recordStatus.decode(await this.#call('record/status', recordRef.encode(reference), signal));
  }

  /** Objections, repairs and acts of its own agency. */
  async cases(query: CaseQuery = {}, signal?: AbortSignal): Promise<CasePage> {
    return casePage.decode(await this.#call('case/list', caseQuery.encode(query), signal));
  }

  /** @param act compact JWS of a MemberAct; the same again changes nothing */
  async actOnCase(act: string, signal?: AbortSignal): Promise<CaseView> {
    return caseView.decode(await this.#call('case/act', utf8(act), signal));
  }

  /** The node's view of the chain: keys and checkpoints of the members named, or of all. */
  async view(members?: readonly string[], signal?: AbortSignal): Promise<View> {
    const request = viewRequest.encode(members === undefined ? {} : { members: [...members] });
    return viewCodec.decode(await this.#call('view/members', request, signal));
  }

  /** Certifies whose key it is; for members that identify enterprises. */
  async certify(request: Certification, signal?: AbortSignal): Promise<IssuedCertificate> {
    return issuedCertificate.decode(await this.#call('identity/certify', certification.encode(request), signal));
  }

  /** Proposes a call to the council, in the member's name; where the same is proposed already, approves that. */
  async propose(call: CouncilCallText, signal?: AbortSignal): Promise<CouncilOutcome> {
    return councilOutcome.decode(await this.#call('council/propose', councilCall.encode(call), signal));
  }

  async vote(vote: CouncilVote, signal?: AbortSignal): Promise<CouncilOutcome> {
    return councilOutcome.decode(await this.#call('council/vote', councilVote.encode(vote), signal));
  }

  /** Says on the chain where the member is reached. */
  async setEndpoints(endpoints: MemberEndpoints, signal?: AbortSignal): Promise<MemberChanged> {
    return memberChanged.decode(await this.#call('member/endpoints', memberEndpoints.encode(endpoints), signal));
  }

  /** Replaces keys of the member on the chain. The answer may be lost with the connection: an old peer key ends it. */
  async rotateKeys(rotation: KeyRotation, signal?: AbortSignal): Promise<KeysRotated> {
    return keysRotated.decode(await this.#call('member/rotate-keys', keyRotation.encode(rotation), signal));
  }

  /** Notes what changes who speaks for an enterprise; for members that identify enterprises. */
  async noteStanding(note: StandingNote, signal?: AbortSignal): Promise<StandingNoted> {
    return standingNoted.decode(await this.#call('identity/standing', standingNote.encode(note), signal));
  }

  /** Has an enterprise confirm with its electronic licence; for members that identify enterprises. */
  async beginLicence(request: LicenceRequest, signal?: AbortSignal): Promise<LicenceState> {
    return licenceState.decode(await this.#call('licence/begin', licenceRequest.encode(request), signal));
  }

  async licenceState(session: string, signal?: AbortSignal): Promise<LicenceState> {
    return licenceState.decode(await this.#call('licence/state', licenceRef.encode({ session }), signal));
  }

  /** Stops a grant until it is resumed; for regulators. @param reason a code of the rules of grants */
  async suspendGrant(grant: string, reason: string, signal?: AbortSignal): Promise<GrantStopped> {
    return grantStopped.decode(await this.#call('grant/suspend', grantStop.encode({ grant, reason }), signal));
  }

  async resumeGrant(grant: string, signal?: AbortSignal): Promise<GrantStopped> {
    return grantStopped.decode(await this.#call('grant/resume', grantRef.encode({ grant }), signal));
  }

  /** Withdraws a grant whose key is lost; for members that identify enterprises. */
  async withdrawGrantFor(grant: string, reason: string, signal?: AbortSignal): Promise<GrantStopped> {
    return grantStopped.decode(await this.#call('grant/withdraw-for', grantStop.encode({ grant, reason }), signal));
  }

  /** Closes the member's log on the chain, which its node has lost, and opens its successor. */
  async replaceLog(signal?: AbortSignal): Promise<LogReplaced> {
    return logReplaced.decode(await this.#call('member/replace-log', new Uint8Array(), signal));
  }

  async revokeCertificate(jti: string, signal?: AbortSignal): Promise<void> {
    await this.#call('identity/revoke', certificateRef.encode({ jti }), signal);
  }

  /** Share bases that were put down here, a page; for officers of an agency that provides. */
  async shares(after?: string, signal?: AbortSignal): Promise<SharePage> {
    const request = shareListRequest.encode(after === undefined ? {} : { after });
    return sharePage.decode(await this.#call('share/list', request, signal));
  }

  async decideShare(decision: ShareDecision, signal?: AbortSignal): Promise<ShareState> {
    return shareState.decode(await this.#call('share/decide', shareDecision.encode(decision), signal));
  }

  async endShare(end: ShareEnd, signal?: AbortSignal): Promise<ShareState> {
    return shareState.decode(await this.#call('share/end', shareEnd.encode(end), signal));
  }

  /** Records of an approved basis, to send another way: NDJSON, a page. */
  async exportShare(request: ShareExport, signal?: AbortSignal): Promise<string> {
    return fromUtf8(await this.#call('share/export', shareExport.encode(request), signal));
  }

  /** Openings of the member's own receipts and queries, a page of them. */
  async openings(request: OpeningsRequest, signal?: AbortSignal): Promise<OpeningsPage> {
    return openingsPage.decode(await this.#call('receipt/openings', openingsRequest.encode(request), signal));
  }

  /** The member's own records that have a deadline of publication, opened as far as that goes; a page of them. */
  async recordOpenings(request: RecordOpeningsRequest, signal?: AbortSignal): Promise<RecordOpeningsPage> {
    const argument = recordOpeningsRequest.encode(request);
    return recordOpeningsPage.decode(await this.#call('record/openings', argument, signal));
  }

  /** Opens a subscription that a `Watcher` prepared. */
  async openSubscription(request: OpenSubscription, signal?: AbortSignal): Promise<OpenedSubscription> {
    return openedSubscription.decode(await this.#call('subscription/open', openSubscription.encode(request), signal));
  }

  async subscriptions(request: SubscriptionsRequest, signal?: AbortSignal): Promise<SubscriptionsPage> {
    return subscriptionsPage.decode(
      await this.#call('subscription/list', subscriptionsRequest.encode(request), signal),
    );
  }

  async closeSubscription(reference: SubscriptionRef, signal?: AbortSignal): Promise<void> {
    await this.#call('subscription/close', subscriptionRef.encode(reference), signal);
  }

  /** Events behind a cursor, as they lie in the node: sealed to the keys that their subscriptions name. */
  async events(request: EventsRequest, signal?: AbortSignal): Promise<EventsPage> {
    return eventsPage.decode(await this.#call('event/read', eventsRequest.encode(request), signal));
  }

  /** Has the node make a credit report of an enterprise, and log it; for regional centres. */
  async compileReport(order: CompileReport, signal?: AbortSignal): Promise<ReportText> {
    return reportText.decode(await this.#call('report/compile', compileReport.encode(order), signal));
  }

  /** Reports that the centre made, a page of them. */
  async reports(after?: string, signal?: AbortSignal): Promise<ReportList> {
    const request = reportListRequest.encode(after === undefined ? {} : { after });
    return reportList.decode(await this.#call('report/list', request, signal));
  }

  async report(number: string, signal?: AbortSignal): Promise<ReportText> {
    return reportText.decode(await this.#call('report/read', reportRef.encode({ number }), signal));
  }

  /** Takes a report back, for good. */
  async withdrawReport(number: string, signal?: AbortSignal): Promise<void> {
    await this.#call('report/withdraw', reportRef.encode({ number }), signal);
  }

  /** Has the node post events to an address. The answer shows the secret once: a call that was cut off makes another. */
  async createWebhook(request: CreateWebhook, signal?: AbortSignal): Promise<CreatedWebhook> {
    return createdWebhook.decode(await this.#call('webhook/create', createWebhook.encode(request), signal));
  }

  async webhooks(signal?: AbortSignal): Promise<WebhookView[]> {
    return webhookList.decode(await this.#call('webhook/list', new Uint8Array(), signal)).webhooks;
  }

  async rotateWebhook(request: RotateWebhook, signal?: AbortSignal): Promise<CreatedWebhook> {
    return createdWebhook.decode(await this.#call('webhook/rotate', rotateWebhook.encode(request), signal));
  }

  async removeWebhook(webhook: string, signal?: AbortSignal): Promise<void> {
    await this.#call('webhook/remove', webhookRef.encode({ webhook }), signal);
  }

  async deadLetters(request: DeadLettersRequest, signal?: AbortSignal): Promise<DeadLettersPage> {
    return deadLettersPage.decode(await this.#call('webhook/dead', deadLettersRequest.encode(request), signal));
  }

  async replayWebhook(request: ReplayWebhook, signal?: AbortSignal): Promise<Replayed> {
    return replayed.decode(await this.#call('webhook/replay', replayWebhook.encode(request), signal));
  }

  /** Pushes rows of a white list; for agencies. See `pushWhiteList`. */
  async pushList(push: PushList, signal?: AbortSignal): Promise<ListPushed> {
    return listPushed.decode(await this.#call('list/push', pushList.encode(push), signal));
  }

  /** White lists that the member pushes. */
  async ownLists(signal?: AbortSignal): Promise<OwnLists> {
    return ownLists.decode(await this.#call('list/own', new Uint8Array(), signal));
  }

  async listRows(request: ListRowsRequest, signal?: AbortSignal): Promise<ListRowsPage> {
    return listRowsPage.decode(await this.#call('list/rows', listRowsRequest.encode(request), signal));
  }

  /** White lists that the member was sent; for banks. */
  async receivedLists(signal?: AbortSignal): Promise<ReceivedLists> {
    return receivedLists.decode(await this.#call('list/received', new Uint8Array(), signal));
  }

  /** What was told last of each enterprise, sealed: see `ListReader`. */
  async listEntries(request: ListEntriesRequest, signal?: AbortSignal): Promise<ListEntriesPage> {
    return listEntriesPage.decode(await this.#call('list/entries', listEntriesRequest.encode(request), signal));
  }

  /** Agreements and cases of recognition that the member is a side of; for regional centres. */
  async recognition(signal?: AbortSignal): Promise<RecognitionPage> {
    return recognitionPage.decode(await this.#call('recognition/view', new Uint8Array(), signal));
  }

  /** The eight-point test of a case, run now. */
  async testCase(id: string, signal?: AbortSignal): Promise<TestedCase> {
    return testedCase.decode(await this.#call('recognition/points', caseRef.encode({ case: id }), signal));
  }

  /** A certificate of a recognition that stands; at the host. @returns compact JWS */
  async recognitionCertificate(id: string, signal?: AbortSignal): Promise<string> {
    return fromUtf8(await this.#call('recognition/certificate', caseRef.encode({ case: id }), signal));
  }

  /** What recognitions open for an enterprise at this side's service desk. */
  async openedRecognitions(uscc: string, signal?: AbortSignal): Promise<OpenedRecognitions> {
    return openedRecognitions.decode(await this.#call('recognition/opened', openedQuestion.encode({ uscc }), signal));
  }

  async actOnAgreement(call: AgreementCall, signal?: AbortSignal): Promise<WrittenText> {
    return writtenText.decode(await this.#call('agreement/act', agreementCall.encode(call), signal));
  }

  async actOnOfficer(call: OfficerCall, signal?: AbortSignal): Promise<WrittenText> {
    return writtenText.decode(await this.#call('officer/act', officerCall.encode(call), signal));
  }

  async requestRecognition(call: CaseRequestCall, signal?: AbortSignal): Promise<WrittenText> {
    return writtenText.decode(await this.#call('recognition/request', caseRequestCall.encode(call), signal));
  }

  async actOnRecognition(call: CaseActCall, signal?: AbortSignal): Promise<WrittenText> {
    return writtenText.decode(await this.#call('recognition/act', caseActCall.encode(call), signal));
  }

  /** A document of recognition. @param digest `0x` and 64 hex digits */
  async recognitionDocument(digest: string, signal?: AbortSignal): Promise<string> {
    return fromUtf8(await this.#call('recognition/document', ownDocumentRef.encode({ digest }), signal));
  }

  /** @returns the bundle's JSON, as the node wrote it */
  async recordBundle(request: BundleRequest, signal?: AbortSignal): Promise<string> {
    return fromUtf8(await this.#call('record/bundle', bundleRequest.encode(request), signal));
  }

  #call(method: InnerMethod, argument: Uint8Array, signal?: AbortSignal): Promise<Uint8Array> {
    const { onRetry, wait } = this.#needs;
    const parcel = encodeParcel(methodCall.encode({ method }), argument);
    return retry(() => this.#callOnce(parcel, signal), {
      patienceMs: this.#patienceMs,
      signal,
      onRetry,
      wait,
      mayPass: (error) => mayPass(error) || sessionIsLost(error),
    });
  }

  async #callOnce(parcel: Uint8Array, signal?: AbortSignal): Promise<Uint8Array> {
    const opening = (this.#session ??= this.#open());
    const session = await opening.catch((error: unknown) => this.#drop(opening, error));
    const n = session.next++;
    const sealed = await session.channel.seal(n, parcel);
    const answer = await this.#needs.client
      .callSession({
        params: { session: session.id, n },
        query: { member: this.#home },
        body: sealed,
        ...(signal && { signal }),
      })
      .catch((error: unknown) => (sessionIsLost(error) ? this.#drop(opening, error) : Promise.reject(error as Error)));
    const { header, body } = decodeParcel(await session.channel.open(n, answer));
    const { error } = methodAnswer.decode(header);
    if (error) throw new XinlianError(error.code as ErrorCode, error.details as ErrorDetails[ErrorCode]);
    return body;
  }

  async #open(): Promise<Session> {
    const { client, signer, clock } = this.#needs;
    const { manifest, sealed } = await createSession(
      {
        client: this.#member,
        home: this.#home,
        nowSeconds: Math.floor(clock.now() / 1000),
        sealingKey: this.#sealingKey,
      },
      signer,
    );
    const { session } = await client.openSession({ body: { member: this.#home, manifest: sealed } });
    return { id: session, channel: new SealedChannel(manifest, session, 'client'), next: 0 };
  }

  /** The next call opens another session, unless one of this moment's calls did so already. */
  #drop(opening: Promise<Session>, error: unknown): never {
    if (this.#session === opening) this.#session = undefined;
    throw error;
  }
}

/**
 * The node forgot the session (it restarted, or the hour is over), or a number was used: a proxy sent a call twice.
 * What the node says of records and submissions is inside the seal, and no `ApiError`.
 */
function sessionIsLost(error: unknown): boolean {
  return error instanceof ApiError && (error.code === 'NOT_FOUND' || error.code === 'CONFLICT');
}
