// The methods of a node, as its gateways call them, and what it says of itself.
import { Type, type Static } from 'typebox';
import { LARGEST_POSITION } from '../bundle.ts';
import { codec } from './codec.ts';

const closed = { additionalProperties: false };

/**
 * RPC methods. `call` is for the member's own gateways: parcel of MethodCall and argument, in the clear. `session/*` is
 * for everyone: sealed. The inner methods are the same under both. The others are for every admitted peer:
 *
 * query/answer          parcel(Addressed, JWE of a query) → JWE of the answer
 * query/journal         parcel(Addressed, JWE of a journal) → Journalled
 * subject/call          parcel(Addressed, JWE of a SignedSubjectCall) → JWE of the answer
 * request/put, /state   parcel(Addressed, JWE of a grant request, or of a question about one) → RequestState
 * watch/open            parcel(Addressed, JWE of a subscription) → parcel(WatchOpened, JWE of the answer)
 * watch/pull            WatchPull → WatchPulled; for the grantee's own node
 * list/put              ListDelivery → ListTaken; from the provider's own node
 * share/ask, /question  parcel(Addressed, JWE of a share basis, or of a question about one) → JWE of ShareState
 * job/open              parcel(Addressed, manifest of a job) → JobState
 * job/rows              parcel(JobRows, whole lines) → JobState
 * job/state, /cancel    JobRef → JobState
 * job/result            JobRead → bytes of the result file
 * attachment/read       AttachmentRead → chunk, sealed to the secret of its offer
 * day/lines             parcel(Addressed, JWE of a reconciliation question) → JWE of a DayPage
 * grant/withdrawn       GrantWithdrawal → nothing
 * identity/revocations  Addressed → revocation list
 * recognition/document  DocumentRef → text of the document; for the node of the other side
 * public/search         PublicSearch → PublicPage
 * public/proved         PublicSearch → ProvedPage
 * public/record         PublicRef → parcel(PublicRecord, Bundle)
 * log/read              LogRead → bytes
 * log/standing          StandingQuestion → StandingPage
 * report/standing       ReportQuestion → ReportStanding
 * log/proof             LogPosition → EntryProof (bundle.ts)
 * node/info             → NodeInfo
 */
export const RPC_METHODS = [
  'call',
  'session/open',
  'session/call',
  'query/answer',
  'query/journal',
  'subject/call',
  'request/put',
  'request/state',
  'watch/open',
  'watch/pull',
  'list/put',
  'share/ask',
  'share/question',
  'day/lines',
  'job/open',
  'job/rows',
  'job/state',
  'job/cancel',
  'job/result',
  'attachment/read',
  'grant/withdrawn',
  'identity/revocations',
  'recognition/document',
  'public/search',
  'public/record',
  'public/proved',
  'log/read',
  'log/proof',
  'log/standing',
  'report/standing',
  'node/info',
] as const;
export type RpcMethod = (typeof RPC_METHODS)[number];

/**
 * Inner methods, argument → answer:
 * submission/open     OpenSubmission → SubmissionState
 * submission/chunk    parcel(ChunkHeader, NDJSON) → ChunkResult
 * submission/state    SubmissionRef → SubmissionState
 * submission/close    SubmissionRef → SubmissionState
 * attachment/open     OpenAttachment → AttachmentState
 * attachment/chunk    parcel(AttachmentChunk, bytes) → AttachmentState
 * record/status       RecordRef → RecordStatus
 * record/bundle       BundleRequest → Bundle (bundle.ts; no disclosures where `claims` is empty: a receipt), or tlog-proof
 * case/list           CaseQuery → CasePage
 * case/act            JWS of a MemberAct → CaseView
 * grant/register      GrantRegistration[] → GrantOutcome[]
 * grant/withdraw      GrantWithdrawal → GrantRef
 * grant/consume       GrantConsumption → GrantConsumed
 * grant/suspend, /withdraw-for  GrantStop → GrantStopped
 * grant/resume        GrantRef → GrantStopped
 * identity/certify    Certification → IssuedCertificate
 * identity/standing   StandingNote → StandingNoted
 * licence/begin       LicenceRequest → LicenceState
 * licence/state       LicenceRef → LicenceState
 * identity/revoke     CertificateRef → nothing
 * share/list          ShareListRequest → SharePage
 * share/decide        ShareDecision → ShareState
 * share/end           ShareEnd → ShareState
 * share/export        ShareExport → records for another way, NDJSON
 * receipt/openings    OpeningsRequest → OpeningsPage
 * record/openings     RecordOpeningsRequest → RecordOpeningsPage
 * agreement/act       AgreementCall → WrittenText
 * officer/act         OfficerCall → WrittenText
 * recognition/request CaseRequestCall → WrittenText
 * recognition/act     CaseActCall → WrittenText
 * recognition/view    nothing → RecognitionPage
 * recognition/points  CaseRef → TestedCase
 * recognition/certificate CaseRef → compact JWS of a RecognitionCertificate
 * recognition/opened  OpenedQuestion → OpenedRecognitions
 * recognition/document OwnDocumentRef → text of the document
 * report/compile      CompileReport → ReportText
 * report/list         ReportListRequest → ReportList
 * report/read         ReportRef → ReportText
 * report/withdraw     ReportRef → nothing
 * view/members        ViewRequest → View
 * council/propose     CouncilCallText → CouncilOutcome
 * council/vote        CouncilVote → CouncilOutcome
 * member/endpoints    MemberEndpoints → MemberChanged
 * member/replace-log  nothing → LogReplaced
 * member/rotate-keys  KeyRotation → KeysRotated
 * subscription/open   OpenSubscription → OpenedSubscription
 * subscription/list   SubscriptionsRequest → SubscriptionsPage
 * subscription/close  SubscriptionRef → nothing
 * event/read          EventsRequest → EventsPage
 * webhook/create      CreateWebhook → CreatedWebhook
 * webhook/rotate      RotateWebhook → CreatedWebhook
 * webhook/list        nothing → WebhookList
 * webhook/remove      WebhookRef → nothing
 * webhook/dead        DeadLettersRequest → DeadLettersPage
 * webhook/replay      ReplayWebhook → Replayed
 * job/list            JobsRequest → JobsPage
 * list/push           PushList → ListPushed
 * list/own            nothing → OwnLists
 * list/rows           ListRowsRequest → ListRowsPage
 * list/received       nothing → ReceivedLists
 * list/entries        ListEntriesRequest → ListEntriesPage
 */
export const INNER_METHODS = [
  'submission/open',
  'submission/chunk',
  'submission/state',
  'submission/close',
  'attachment/open',
  'attachment/chunk',
  'record/status',
  'record/bundle',
  'case/list',
  'case/act',
  'grant/register',
  'grant/withdraw',
  'grant/consume',
  'grant/suspend',
  'grant/resume',
  'grant/withdraw-for',
  'identity/certify',
  'identity/revoke',
  'identity/standing',
  'licence/begin',
  'licence/state',
  'share/list',
  'share/decide',
  'share/end',
  'share/export',
  'receipt/openings',
  'record/openings',
  'agreement/act',
  'officer/act',
  'recognition/request',
  'recognition/act',
  'recognition/view',
  'recognition/points',
  'recognition/document',
  'recognition/certificate',
  'recognition/opened',
  'report/compile',
  'report/list',
  'report/read',
  'report/withdraw',
  'view/members',
  'council/propose',
  'council/vote',
  'member/endpoints',
  'member/replace-log',
  'member/rotate-keys',
  'subscription/open',
  'subscription/list',
  'subscription/close',
  'event/read',
  'webhook/create',
  'webhook/rotate',
  'webhook/list',
  'webhook/remove',
  'webhook/dead',
  'webhook/replay',
  'job/list',
  'list/push',
  'list/own',
  'list/rows',
  'list/received',
  'list/entries',
] as const;
export type InnerMethod = (typeof INNER_METHODS)[number];

/** Which member of a node a sealed text is for. */
export const Addressed = Type.Object({ member: Type.String({ pattern: '^0x[0-9a-f]{64}$' }) }, closed);
export const addressed = codec('address', Addressed);

/** Reads a file of a log as C2SP tlog-tiles lays it out: `checkpoint`, `tile/…`, `tile/entries/…`. */
export const LogRead = Type.Object({ log: Type.String(), path: Type.String() }, closed);
export type LogRead = Static<typeof LogRead>;

/** Which entry is to be proved. */
export const LogPosition = Type.Object(
  { log: Type.String(), position: Type.Integer({ minimum: 0, maximum: LARGEST_POSITION }) },
  closed,
);

export const NodeInfo = Type.Object(
  {
    version: Type.String(),
    members: Type.Array(Type.String({ description: 'Member ids hosted here' })),
    head: Type.Optional(Type.Object({ number: Type.Integer(), hash: Type.String(), time: Type.Integer() }, closed)),
    final: Type.Integer(),
    digest: Type.Optional(
      Type.String({ description: 'Of the state at the final block: two nodes at the same block have the same' }),
    ),
    stalledSeconds: Type.Optional(
      Type.Integer({ description: 'Since the last block, where that is longer than the chain may take' }),
    ),
    disputedBlock: Type.Optional(
      Type.Integer({ description: 'From it on the endpoints contradict each other: nothing becomes final' }),
    ),
    logs: Type.Array(
      Type.Object(
        {
          log: Type.String(),
          owner: Type.String(),
          size: Type.Integer({ description: 'Entries taken in' }),
          signed: Type.Integer({ description: 'Entries under the last signed checkpoint' }),
          anchored: Type.Integer(),
          final: Type.Integer(),
          waits: Type.String({ description: 'What the next step waits for; empty when there is none' }),
        },
        closed,
      ),
    ),
  },
  closed,
);
export type NodeInfo = Static<typeof NodeInfo>;

export const logRead = codec('log read', LogRead);
export const logPosition = codec('log position', LogPosition);
export const nodeInfo = codec('node info', NodeInfo);
