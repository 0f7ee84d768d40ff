// The methods of a node: who may call which, and what answers. The same under a sealed session and for own gateways.
import { fromUtf8, utf8 } from '../core/bytes.ts';
import type { Role } from '../core/consortium.ts';
import { XinlianError } from '../core/errors.ts';
import { attachmentChunk, attachmentState, openAttachment } from '../core/messages/attachment.ts';
import { casePage, caseQuery, caseView } from '../core/messages/case.ts';
import { parseGrantHash, parseMemberId, type MemberId } from '../core/ids.ts';
import { decodeParcel, encodeParcel } from '../core/messages/codec.ts';
import { councilCall, councilOutcome, councilVote } from '../core/messages/council.ts';
import {
  grantConsumed,
  grantConsumption,
  grantOutcomes,
  grantRef,
  grantStop,
  grantStopped,
  grantRegistrations,
  grantWithdrawal,
} from '../core/messages/grant.ts';
import { keyRotation, keysRotated, logReplaced, memberChanged, memberEndpoints } from '../core/messages/member.ts';
import {
  certificateRef,
  certification,
  issuedCertificate,
  standingNote,
  standingNoted,
} from '../core/messages/identity.ts';
import { INNER_METHODS, type InnerMethod } from '../core/messages/node.ts';
import { chunkHeader, chunkResult, openSubmission, submissionRef, submissionState } from '../core/messages/publish.ts';
import { openingsPage, openingsRequest, recordOpeningsPage, recordOpeningsRequest } from '../core/messages/opening.ts';
import { bundleRequest, recordRef, recordStatus, type BundleRequest } from '../core/messages/record.ts';
import {
  eventsPage,
  eventsRequest,
  openedSubscription,
  openSubscription,
  subscriptionRef,
  subscriptionsPage,
  subscriptionsRequest,
} from '../core/messages/subscription.ts';
import { view as viewCodec, viewRequest } from '../core/messages/view.ts';
import { jobsPage, jobsRequest } from '../core/job.ts';
import { methodAnswer, methodCall } from '../core/messages/session.ts';
import { tlogProofOf } from '../core/verify-tlog-proof.ts';
import { licenceRef, licenceRequest, licenceState } from '../core/licence.ts';
import type { LicenceDesk } from './licence-desk.ts';
import type { GrantRules } from '../policy/grant-rules.ts';
import type { Consumptions } from './consumptions.ts';
import type { Attachments } from './attachments.ts';
import { shareDecision, shareEnd, shareListRequest, sharePage, shareState } from '../core/share.ts';
import { shareExport } from '../core/share-payload.ts';
import type { CouncilDesk } from './council-desk.ts';
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
} from '../core/messages/webhook.ts';
import {
  listEntriesPage,
  listEntriesRequest,
  listPushed,
  listRowsPage,
  listRowsRequest,
  ownLists,
  pushList,
  receivedLists,
} from '../core/messages/white-list.ts';
import type { IdentityDesk } from './identity-desk.ts';
import type { CaseDesk } from './case-desk.ts';
import type { Inbox } from './inbox.ts';
import type { Jobs } from './jobs.ts';
import type { MemberNode } from './member-node.ts';
import type { OpeningExport } from './opening-export.ts';
import type { ChainView, Log, WriteBatch } from './ports.ts';
import type { RecognitionDesk } from './recognition-desk.ts';
import type { ReceivedLists } from './received-lists.ts';
import type { Records } from './records.ts';
import type { ReportDesk } from './report-desk.ts';
import type { ShareDesk } from './share-desk.ts';
import type { SharePayloads } from './share-payloads.ts';
import type { SelfDesk } from './self-desk.ts';
import type { Submissions } from './submissions.ts';
import type { Subscriptions } from './subscriptions.ts';
import { viewOf, type TellingView } from './view-of.ts';
import type { Webhooks } from './webhooks.ts';
import type { WhiteLists } from './white-lists.ts';
import type { SeenWithdrawals } from './withdrawals.ts';

type Batch = WriteBatch & { readonly length: number };

interface Dependencies<B extends Batch> {
  /** Hosted members by id. */
  members: ReadonlyMap<string, MemberNode<B>>;
  submissions: Submissions<B>;
  attachments: Attachments<B>;
  records: Records<B>;
  cases: CaseDesk<B>;
  withdrawals: SeenWithdrawals<B>;
  consumptions: Consumptions;
  identity: IdentityDesk<B>;
  rules: GrantRules;
  licences: LicenceDesk<B>;
  shares: ShareDesk<B>;
  payloads: SharePayloads<B>;
  openings: OpeningExport<B>;
  council: CouncilDesk;
  self: SelfDesk;
  subscriptions: Subscriptions<B>;
  webhooks: Webhooks<B>;
  inbox: Inbox<B>;
  whiteLists: WhiteLists<B>;
  jobs: Jobs<B>;
  received: ReceivedLists<B>;
  recognition: Pick<RecognitionDesk<B>, 'answer'>;
  reports: Pick<ReportDesk<B>, 'answer'>;
  view: ChainView & TellingView;
  logger: Log;
}

const NOTHING = new Uint8Array();

/** Roles that a method asks of its caller. */
const ROLES_OF: Record<InnerMethod, readonly Role[]> = {
  'submission/open': ['source'],
  'submission/chunk': ['source'],
  'submission/state': ['source'],
  'submission/close': ['source'],
  'attachment/open': ['source'],
  'attachment/chunk': ['source'],
  'record/status': [],
  'record/bundle': [],
  'case/list': ['source'],
  'case/act': ['source'],
  'grant/register': [],
  'grant/withdraw': [],
  'grant/consume': [],
  'grant/suspend': ['regulator'],
  'grant/resume': ['regulator'],
  'grant/withdraw-for': ['identifier'],
  'identity/certify': ['identifier'],
  'identity/revoke': ['identifier'],
  'identity/standing': ['identifier'],
  'licence/begin': ['identifier'],
  'licence/state': ['identifier'],
  'share/list': ['source'],
  'share/decide': ['source'],
  'share/end': ['source'],
  'share/export': ['source'],
  'receipt/openings': [],
  'record/openings': ['source'],
  'agreement/act': ['centre'],
  'officer/act': ['centre'],
  'recognition/request': ['centre'],
  'recognition/act': ['centre'],
  'recognition/view': ['centre'],
  'recognition/points': ['centre'],
  'recognition/document': ['centre'],
  'recognition/certificate': ['centre'],
  'recognition/opened': ['centre'],
  'report/compile': ['centre'],
  'report/list': ['centre'],
  'report/read': ['centre'],
  'report/withdraw': ['centre'],
  'view/members': [],
  'council/propose': ['council'],
  'council/vote': ['council'],
  'member/endpoints': [],
  'member/replace-log': [],
  'member/rotate-keys': [],
  'subscription/open': ['bank'],
  'subscription/list': ['bank'],
  'subscription/close': ['bank'],
  'event/read': ['bank'],
  'webhook/create': ['bank'],
  'webhook/rotate': ['bank'],
  'webhook/list': ['bank'],
  'webhook/remove': ['bank'],
  'webhook/dead': ['bank'],
  'webhook/replay': ['bank'],
  'job/list': ['bank'],
  'list/push': ['source'],
  'list/own': ['source'],
  'list/rows': ['source'],
  'list/received': ['bank'],
  'list/entries': ['bank'],
};

export class Methods<B extends Batch> {
  readonly #needs: Dependencies<B>;

  constructor(dependencies: Dependencies<B>) {
    this.#needs = dependencies;
  }

  /**
   * Answers a call in a hosted member's own name.
   * @param home the hosted member
   * @throws whatever the use case throws; METHOD_UNKNOWN, MEMBER_NOT_ENTITLED
   */
  async answer(home: string, method: string, argument: Uint8Array, signal: AbortSignal): Promise<Uint8Array> {
    const id = parseMemberId(home);
    const member = this.#needs.members.get(id);
    if (!member) throw new XinlianError('MEMBER_UNKNOWN', { member: home });
    if (!isInner(method)) throw new XinlianError('METHOD_UNKNOWN', { method });
    this.#checkEntitled(id, ROLES_OF[method]);
    return this.#run(member, method, argument, signal);
  }

  /** As `answer`, for a call inside a sealed session: errors are part of the sealed answer. */
  async answerSealed(client: string, home: string, call: Uint8Array, signal: AbortSignal): Promise<Uint8Array> {
    try {
      // A home serves its own member's applications so far; its manifest was accepted for no one else.
      if (client !== home) throw new XinlianError('FORBIDDEN', { wanted: home, got: client });
      const { header, body } = decodeParcel(call);
      return encodeParcel(
        methodAnswer.encode({}),
        await this.answer(home, methodCall.decode(header).method, body, signal),
      );
    } catch (error) {
      if (!XinlianError.is(error)) this.#needs.logger.error({ err: error }, 'a sealed call failed');
      const known = XinlianError.is(error)
        ? error
        : new XinlianError('INTERNAL', { reference: 'see the log of the node' });
      const { code, details } = known;
      return encodeParcel(methodAnswer.encode({ error: { code, details } }), new Uint8Array());
    }
  }

  async #bundle(member: MemberNode<B>, request: BundleRequest): Promise<Uint8Array> {
    const { bundle, cosignatures } = await this.#needs.records.proof(member.reading(), request);
    return utf8(request.format === 'tlog-proof' ? tlogProofOf(bundle, cosignatures) : JSON.stringify(bundle));
  }

  #checkEntitled(member: MemberId, roles: readonly Role[]): void {
    const { view } = this.#needs;
    if (view.isEntitledNow(member, roles)) return;
    const known = view.member(member);
    const got = known ? `${known.status}, ${known.roles.join(' and ')}` : 'not a member, as far as the chain was read';
    throw new XinlianError('MEMBER_NOT_ENTITLED', { member, wanted: ['active', ...roles].join(', '), got });
  }

  async #run(
    member: MemberNode<B>,
    method: InnerMethod,
    argument: Uint8Array,
    signal: AbortSignal,
  ): Promise<Uint8Array> {
    const {
      submissions,
      attachments,
      records,
      withdrawals,
      consumptions,
      identity,
      rules,
      licences,
      openings,
      shares,
      payloads,
      view,
      council,
      self,
    } = this.#needs;
    const { subscriptions, webhooks, whiteLists, received } = this.#needs;
    switch (method) {
      case 'submission/open':
        return submissionState.encode(await submissions.open(member.id, openSubmission.decode(argument)));
      case 'submission/chunk': {
        const { header, body } = decodeParcel(argument);
        return chunkResult.encode(
          await submissions.chunk(member.publishing(), member.id, chunkHeader.decode(header), body),
        );
      }
      case 'submission/state':
        return submissionState.encode(submissions.state(member.id, submissionRef.decode(argument).submission));
      case 'submission/close':
        return submissionState.encode(await submissions.close(member.id, submissionRef.decode(argument).submission));
      case 'attachment/open':
        return attachmentState.encode(await attachments.open(member.keeping(), openAttachment.decode(argument)));
      case 'attachment/chunk': {
        const { header, body } = decodeParcel(argument);
        return attachmentState.encode(await attachments.chunk(member.keeping(), attachmentChunk.decode(header), body));
      }
      case 'record/status':
        return recordStatus.encode(records.status(member.reading(), recordRef.decode(argument)));
      case 'record/bundle':
        return this.#bundle(member, bundleRequest.decode(argument));
      case 'case/list':
        return casePage.encode(await this.#needs.cases.list(member.deciding(), caseQuery.decode(argument)));
      case 'case/act':
        return caseView.encode(await this.#needs.cases.actAsAgency(member.deciding(), fromUtf8(argument)));
      case 'grant/register':
        return grantOutcomes.encode(await member.grants.register(grantRegistrations.decode(argument)));
      case 'grant/withdraw':
        return grantRef.encode({ grant: await withdrawals.take(grantWithdrawal.decode(argument), true) });
      case 'grant/consume':
        return grantConsumed.encode(await consumptions.relay(member, grantConsumption.decode(argument)));
      case 'grant/suspend': {
        const { grant, reason } = grantStop.decode(argument);
        rules.checkSuspension(reason);
        return grantStopped.encode(await member.grants.suspend(parseGrantHash(grant), reason));
      }
      case 'grant/resume':
        return grantStopped.encode(await member.grants.resume(parseGrantHash(grantRef.decode(argument).grant)));
      case 'grant/withdraw-for': {
        const { grant, reason } = grantStop.decode(argument);
        return grantStopped.encode(await member.grants.withdrawFor(parseGrantHash(grant), reason));
      }
      case 'licence/begin':
        return licenceState.encode(await licences.begin(custodian(member), licenceRequest.decode(argument)));
      case 'licence/state':
        return licenceState.encode(await licences.state(custodian(member), licenceRef.decode(argument).session));
      case 'identity/standing':
        return standingNoted.encode(await identity.note(member.identifying(), standingNote.decode(argument)));
      case 'identity/certify':
        return issuedCertificate.encode(await identity.certify(member.identifying(), certification.decode(argument)));
      case 'identity/revoke':
        await identity.revoke(member.identifying(), certificateRef.decode(argument).jti);
        return NOTHING;
      case 'share/list':
        return sharePage.encode(await shares.list(member.providing(), shareListRequest.decode(argument).after));
      case 'share/decide':
        return shareState.encode(await shares.decide(member.providing(), shareDecision.decode(argument)));
      case 'share/end':
        return shareState.encode(await shares.end(member.providing(), shareEnd.decode(argument)));
      case 'share/export':
        return payloads.export(member.providing(), shareExport.decode(argument));
      case 'receipt/openings':
        return openingsPage.encode(await openings.page(member, openingsRequest.decode(argument)));
      case 'record/openings':
        return recordOpeningsPage.encode(await openings.records(member, recordOpeningsRequest.decode(argument)));
      case 'agreement/act':
      case 'officer/act':
      case 'recognition/request':
      case 'recognition/act':
      case 'recognition/view':
      case 'recognition/points':
      case 'recognition/document':
      case 'recognition/certificate':
      case 'recognition/opened':
        return this.#needs.recognition.answer(member.id, method, argument, signal);
      case 'report/compile':
      case 'report/list':
      case 'report/read':
      case 'report/withdraw':
        return this.#needs.reports.answer(member.providing(), method, argument, signal);
      case 'view/members':
        return viewCodec.encode(viewOf(view, viewRequest.decode(argument).members));
      case 'council/propose':
        return councilOutcome.encode(await council.propose(member.id, councilCall.decode(argument)));
      case 'council/vote':
        return councilOutcome.encode(await council.vote(member.id, councilVote.decode(argument)));
      case 'member/endpoints':
        return memberChanged.encode(await self.setEndpoints(member.id, memberEndpoints.decode(argument)));
      case 'member/replace-log':
        return logReplaced.encode(await self.replaceLog(member));
      case 'member/rotate-keys':
        return keysRotated.encode(await self.rotateKeys(member, keyRotation.decode(argument)));
      case 'subscription/open': {
        const opened = await subscriptions.subscribe(member.asking(), openSubscription.decode(argument), signal);
        return openedSubscription.encode(opened);
      }
      case 'subscription/list':
        return subscriptionsPage.encode(subscriptions.list(member.id, subscriptionsRequest.decode(argument)));
      case 'subscription/close':
        await subscriptions.close(member.id, subscriptionRef.decode(argument));
        return NOTHING;
      case 'event/read':
        return eventsPage.encode(await this.#needs.inbox.events(member.id, eventsRequest.decode(argument), signal));
      case 'webhook/create':
        return createdWebhook.encode(await webhooks.create(member.id, createWebhook.decode(argument)));
      case 'webhook/rotate':
        return createdWebhook.encode(await webhooks.rotate(member.id, rotateWebhook.decode(argument)));
      case 'webhook/list':
        return webhookList.encode(webhooks.list(member.id));
      case 'webhook/remove':
        await webhooks.remove(member.id, webhookRef.decode(argument).webhook);
        return NOTHING;
      case 'webhook/dead':
        return deadLettersPage.encode(await webhooks.deadLetters(member.id, deadLettersRequest.decode(argument)));
      case 'webhook/replay':
        return replayed.encode(await webhooks.replay(member.id, replayWebhook.decode(argument)));
      case 'job/list':
        return jobsPage.encode(await this.#needs.jobs.list(member.id, jobsRequest.decode(argument)));
      case 'list/push':
        return listPushed.encode(await whiteLists.push(member.providing(), pushList.decode(argument)));
      case 'list/own':
        return ownLists.encode(whiteLists.lists(member.id));
      case 'list/rows':
        return listRowsPage.encode(await whiteLists.rows(member.providing(), listRowsRequest.decode(argument)));
      case 'list/received':
        return receivedLists.encode(await received.lists(member.id));
      case 'list/entries':
        return listEntriesPage.encode(await received.entries(member.id, listEntriesRequest.decode(argument)));
    }
  }
}

function custodian<B extends Batch>(member: MemberNode<B>) {
  return { ...member.identifying(), grants: member.grants };
}

function isInner(method: string): method is InnerMethod {
  return (INNER_METHODS as readonly string[]).includes(method);
}
