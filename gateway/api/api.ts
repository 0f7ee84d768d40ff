// The whole API: an endpoint per operation id. `/v1` changes by addition only.
import { readAttachment } from './attachments.ts';
import {
  closeSubscription,
  createWebhook,
  deleteWebhook,
  listDeadLetters,
  listEvents,
  listSubscriptions,
  listWebhooks,
  openSubscription,
  replayWebhook,
  rotateWebhook,
  streamEvents,
} from './events.ts';
import { checkGrants, consumeGrant, getGrant, registerGrants, withdrawGrant } from './grants.ts';
import { cancelJob, createJob, getJob, getJobResult, listJobs, sendJobRows } from './jobs.ts';
import { listWhiteListEntries, listWhiteLists } from './lists.ts';
import { getProposal, listProposals } from './council.ts';
import { getLogHistory, getLogRange, listPublishers } from './audit.ts';
import { getEntryProof, getLogCheckpoint, getLogTile, listCheckpoints } from './logs.ts';
import { getConsortium, getMember, listMembers } from './members.ts';
import { getBundle, getReceipt, getRecord, getSubmission, getTlogProof, publishRecords } from './records.ts';
import { callAsSubject, getGrantRequest, reconcileDay, requestGrant, runQuery } from './queries.ts';
import { getCommitment, getCommitmentPage, getPublicCertificate, getPublicRecord, searchPublic } from './public.ts';
import { getRecognitionCase, getRecognitionPage, listAgreements } from './recognition.ts';
import { checkReport, getReportPage } from './reports.ts';
import { getErrors, getLimits, getLive, getMetrics, getReady, getRefusals } from './service.ts';
import { callSession, openSession } from './sessions.ts';
import { askShare, questionShare, runShareQuery } from './shares.ts';
import { issueToken } from './token.ts';
import { verifyBundle } from './verify.ts';

export const api = {
  issueToken,
  publishRecords,
  getSubmission,
  getRecord,
  getReceipt,
  getBundle,
  getTlogProof,
  searchPublic,
  getPublicRecord,
  getPublicCertificate,
  getCommitment,
  getCommitmentPage,
  checkReport,
  getReportPage,
  listAgreements,
  getRecognitionCase,
  getRecognitionPage,
  registerGrants,
  checkGrants,
  getGrant,
  withdrawGrant,
  consumeGrant,
  requestGrant,
  getGrantRequest,
  runQuery,
  readAttachment,
  openSubscription,
  listSubscriptions,
  closeSubscription,
  listEvents,
  streamEvents,
  createWebhook,
  rotateWebhook,
  listWebhooks,
  deleteWebhook,
  listDeadLetters,
  replayWebhook,
  listWhiteLists,
  listWhiteListEntries,
  callAsSubject,
  askShare,
  questionShare,
  runShareQuery,
  reconcileDay,
  createJob,
  listJobs,
  sendJobRows,
  getJob,
  getJobResult,
  cancelJob,
  verifyBundle,
  getConsortium,
  listMembers,
  getMember,
  listProposals,
  getProposal,
  listCheckpoints,
  getLogCheckpoint,
  getLogTile,
  getEntryProof,
  listPublishers,
  getLogRange,
  getLogHistory,
  openSession,
  callSession,
  getLimits,
  getErrors,
  getRefusals,
  getLive,
  getReady,
  getMetrics,
} as const;

export type Api = typeof api;
export type OperationId = keyof Api;
