// The inner methods of a member's own node, called in the clear (docs/protocol.md, section 5).
import { concat } from '../node/core/bytes.ts';
import type { MemberId } from '../node/core/ids.ts';
import { encodeParcel } from '../node/core/messages/codec.ts';
import {
  grantConsumed,
  grantConsumption,
  grantOutcomes,
  grantRef,
  grantRegistrations,
  grantWithdrawal,
  type GrantConsumed,
  type GrantConsumption,
  type GrantOutcome,
  type GrantRegistration,
  type GrantWithdrawal,
} from '../node/core/messages/grant.ts';
import type { InnerMethod } from '../node/core/messages/node.ts';
import {
  chunkHeader,
  chunkResult,
  openSubmission,
  submissionRef,
  submissionState,
  type ChunkResult,
  type OpenSubmission,
  type SubmissionState,
} from '../node/core/messages/publish.ts';
import {
  bundleRequest,
  recordRef,
  recordStatus,
  type BundleRequest,
  type RecordRef,
  type RecordStatus,
} from '../node/core/messages/record.ts';
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
} from '../node/core/messages/subscription.ts';
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
  type WebhookView,
  type RotateWebhook,
} from '../node/core/messages/webhook.ts';
import {
  listEntriesPage,
  listEntriesRequest,
  receivedLists,
  type ListEntriesPage,
  type ListEntriesRequest,
  type ReceivedList,
} from '../node/core/messages/white-list.ts';
import { jobsPage, jobsRequest, type JobsPage, type JobsRequest } from '../node/core/job.ts';
import { methodCall } from '../node/core/messages/session.ts';
import type { NodeCaller } from './ports.ts';

const NOTHING = new Uint8Array(0);

/** Calls in the name of one member. Every method throws what `NodeCaller.call` does, `MALFORMED` for a bad answer. */
export class HomeNode {
  readonly #member: MemberId;
  readonly #nodes: NodeCaller;
  readonly #timeoutMs: number;

  constructor(member: MemberId, options: { timeoutMs: number }, nodes: NodeCaller) {
    this.#member = member;
    this.#timeoutMs = options.timeoutMs;
    this.#nodes = nodes;
  }

  async openSubmission(submission: OpenSubmission, signal: AbortSignal): Promise<SubmissionState> {
    return submissionState.decode(await this.#call('submission/open', openSubmission.encode(submission), signal));
  }

  /** @param pieces whole NDJSON lines; copied once, into the frame */
  async sendChunk(
    submission: string,
    index: number,
    pieces: readonly Uint8Array[],
    signal: AbortSignal,
  ): Promise<ChunkResult> {
    const header = encodeParcel(chunkHeader.encode({ submission, index }), NOTHING);
    return chunkResult.decode(await this.#call('submission/chunk', [header, ...pieces], signal));
  }

  async submissionState(submission: string, signal: AbortSignal): Promise<SubmissionState> {
    return submissionState.decode(await this.#call('submission/state', submissionRef.encode({ submission }), signal));
  }

  async closeSubmission(submission: string, signal: AbortSignal): Promise<SubmissionState> {
    return submissionState.decode(await this.#call('submission/close', submissionRef.encode({ submission }), signal));
  }

  async recordStatus(reference: RecordRef, signal: AbortSignal): Promise<RecordStatus> {
    return recordStatus.decode(await this.#call('record/status', recordRef.encode(reference), signal));
  }

  /** @returns the bundle's JSON, or a tlog-proof where that was asked for, as the node gave it */
  recordBundle(request: BundleRequest, signal: AbortSignal): Promise<Uint8Array> {
    return this.#call('record/bundle', bundleRequest.encode(request), signal);
  }

  async registerGrants(registrations: readonly GrantRegistration[], signal: AbortSignal): Promise<GrantOutcome[]> {
    const argument = grantRegistrations.encode([...registrations]);
    return grantOutcomes.decode(await this.#call('grant/register', argument, signal));
  }

  async withdrawGrant(withdrawal: GrantWithdrawal, signal: AbortSignal): Promise<string> {
    return grantRef.decode(await this.#call('grant/withdraw', grantWithdrawal.encode(withdrawal), signal)).grant;
  }

  async consumeGrant(consumption: GrantConsumption, signal: AbortSignal): Promise<GrantConsumed> {
    return grantConsumed.decode(await this.#call('grant/consume', grantConsumption.encode(consumption), signal));
  }

  async openSubscription(request: OpenSubscription, signal: AbortSignal): Promise<OpenedSubscription> {
    return openedSubscription.decode(await this.#call('subscription/open', openSubscription.encode(request), signal));
  }

  async subscriptions(request: SubscriptionsRequest, signal: AbortSignal): Promise<SubscriptionsPage> {
    return subscriptionsPage.decode(
      await this.#call('subscription/list', subscriptionsRequest.encode(request), signal),
    );
  }

  async closeSubscription(reference: SubscriptionRef, signal: AbortSignal): Promise<void> {
    await this.#call('subscription/close', subscriptionRef.encode(reference), signal);
  }

  async events(request: EventsRequest, signal: AbortSignal): Promise<EventsPage> {
    return eventsPage.decode(await this.#call('event/read', eventsRequest.encode(request), signal));
  }

  async createWebhook(request: CreateWebhook, signal: AbortSignal): Promise<CreatedWebhook> {
    return createdWebhook.decode(await this.#call('webhook/create', createWebhook.encode(request), signal));
  }

  async rotateWebhook(request: RotateWebhook, signal: AbortSignal): Promise<CreatedWebhook> {
    return createdWebhook.decode(await this.#call('webhook/rotate', rotateWebhook.encode(request), signal));
  }

  async webhooks(signal: AbortSignal): Promise<WebhookView[]> {
    return webhookList.decode(await this.#call('webhook/list', NOTHING, signal)).webhooks;
  }

  async removeWebhook(webhook: string, signal: AbortSignal): Promise<void> {
    await this.#call('webhook/remove', webhookRef.encode({ webhook }), signal);
  }

  async deadLetters(request: DeadLettersRequest, signal: AbortSignal): Promise<DeadLettersPage> {
    return deadLettersPage.decode(await this.#call('webhook/dead', deadLettersRequest.encode(request), signal));
  }

  async replayWebhook(request: ReplayWebhook, signal: AbortSignal): Promise<Replayed> {
    return replayed.decode(await this.#call('webhook/replay', replayWebhook.encode(request), signal));
  }

  async jobs(request: JobsRequest, signal: AbortSignal): Promise<JobsPage> {
    return jobsPage.decode(await this.#call('job/list', jobsRequest.encode(request), signal));
  }

  async whiteLists(signal: AbortSignal): Promise<ReceivedList[]> {
    return receivedLists.decode(await this.#call('list/received', NOTHING, signal)).lists;
  }

  async listEntries(request: ListEntriesRequest, signal: AbortSignal): Promise<ListEntriesPage> {
    return listEntriesPage.decode(await this.#call('list/entries', listEntriesRequest.encode(request), signal));
  }

  #call(method: InnerMethod, argument: Uint8Array | readonly Uint8Array[], signal: AbortSignal): Promise<Uint8Array> {
    const header = encodeParcel(methodCall.encode({ method, member: this.#member }), NOTHING);
    const parcel = argument instanceof Uint8Array ? concat(header, argument) : concat(header, ...argument);
    return this.#nodes.call(this.#member, 'call', parcel, { signal, timeoutMs: this.#timeoutMs });
  }
}
