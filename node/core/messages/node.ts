// The methods of a node, as its gateways call them, and what it says of itself.
import { Type, type Static } from 'typebox';
import { codec } from './codec.ts';

const closed = { additionalProperties: false };

/**
 * RPC methods. `call` is for the member's own gateways: parcel of MethodCall and argument, in the clear. `session/*` is
 * for everyone: sealed. The inner methods are the same under both.
 */
export const RPC_METHODS = ['call', 'session/open', 'session/call', 'log/read', 'node/info'] as const;
export type RpcMethod = (typeof RPC_METHODS)[number];

/**
 * Inner methods, argument → answer:
 * submission/open     OpenSubmission → SubmissionState
 * submission/chunk    parcel(ChunkHeader, NDJSON) → ChunkResult
 * submission/state    SubmissionRef → SubmissionState
 * submission/close    SubmissionRef → SubmissionState
 * record/status       RecordRef → RecordStatus
 * record/bundle       BundleRequest → Bundle (bundle.ts; no disclosures where `claims` is empty: a receipt)
 */
export const INNER_METHODS = [
  'submission/open',
  'submission/chunk',
  'submission/state',
  'submission/close',
  'record/status',
  'record/bundle',
] as const;
export type InnerMethod = (typeof INNER_METHODS)[number];

/** Reads a file of a log as C2SP tlog-tiles lays it out: `checkpoint`, `tile/…`, `tile/entries/…`. */
export const LogRead = Type.Object({ log: Type.String(), path: Type.String() }, closed);
export type LogRead = Static<typeof LogRead>;

export const NodeInfo = Type.Object(
  {
    version: Type.String(),
    members: Type.Array(Type.String({ description: 'Member ids hosted here' })),
    head: Type.Optional(Type.Object({ number: Type.Integer(), hash: Type.String(), time: Type.Integer() }, closed)),
    final: Type.Integer(),
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
export const nodeInfo = codec('node info', NodeInfo);
