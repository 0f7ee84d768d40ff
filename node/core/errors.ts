// Every error that crosses a border of this project: one class, a code, and a payload per code.

/** What each code carries. `wanted` and `got` say, in words for people, what was expected and what came. */
export interface ErrorDetails {
  // Bytes and formats
  MALFORMED: { what: string; wanted: string; got: string };
  TOO_LARGE: { what: string; limit: number; got: number };
  // Proofs: a failed one carries its evidence
  PROOF_INVALID: { link: ProofLink; reason: string; wanted?: string; got?: string };
  LOG_INCONSISTENT: { log: string; sizeA: number; rootA: string; sizeB: number; rootB: string; proof: string[] };
  SIGNATURE_INVALID: { what: string; key: string };
  // Config and state
  CONFIG_INVALID: { faults: { path: string; message: string }[] };
  STORE_LOCKED: { path: string };
  STORE_CORRUPT: { what: string; wanted: string; got: string };
  KEY_UNAVAILABLE: { key: string; reason: string };
  // Chain
  CHAIN_UNREACHABLE: { endpoint: string; reason: string };
  CHAIN_REFUSED: { method: string; code: number; message: string; data?: unknown };
  CHAIN_STALE: { head: number; ageSeconds: number; limitSeconds: number };
  CHAIN_WRONG: { what: string; wanted: string; got: string };
  TRANSACTION_REVERTED: { hash: string; error: string; arguments: string[] };
  TRANSACTION_STUCK: { hash: string; nonce: number; attempts: number };
  // Members and permissions
  MEMBER_UNKNOWN: { member: string };
  MEMBER_NOT_ENTITLED: { member: string; wanted: string; got: string };
  PEER_NOT_ADMITTED: { peer: string };
  UNAUTHENTICATED: { reason: string };
  FORBIDDEN: { wanted: string; got: string };
  // Grants
  /** `reason`: one of REFUSALS in query.ts. */
  GRANT_REFUSED: { grant: string; reason: string; detail: string };
  // Calls
  NOT_FOUND: { what: string; id: string };
  CONFLICT: { what: string; wanted: string; got: string };
  OVERLOADED: { what: string; retryAfterSeconds: number };
  UNREACHABLE: { peer: string; reason: string };
  TIMEOUT: { what: string; afterMs: number };
  CANCELLED: { what: string };
  CLOSED: { what: string };
  METHOD_UNKNOWN: { method: string };
  // Records
  RECORD_WITHDRAWN: { record: string; status: string };
  // HTTP
  REQUEST_INVALID: { faults: RequestFault[] };
  RANGE_NOT_SATISFIABLE: { range: string; size: number };
  METHOD_NOT_ALLOWED: { method: string; allowed: string[] };
  UNSUPPORTED_MEDIA_TYPE: { wanted: string; got: string };
  IDEMPOTENCY_KEY_REUSED: { key: string };
  IDEMPOTENCY_KEY_IN_FLIGHT: { key: string; retryAfterSeconds: number };
  RATE_LIMITED: { limit: number; windowSeconds: number; retryAfterSeconds: number };
  INTERNAL: { reference: string };
}

/** A value of a request that its schema refuses. `path`: the part of the request, then a JSON pointer into it. */
export interface RequestFault {
  path: string;
  wanted: string;
  got: string;
}

/**
 * The links of a proof bundle, in the order in which they are checked; `cosignatures` is of a proof in the form of C2SP
 * tlog-proof, `consistency` of two checkpoints.
 */
export type ProofLink =
  | 'format'
  | 'disclosure'
  | 'commitment'
  | 'entry'
  | 'checkpoint'
  | 'signature'
  | 'inclusion'
  | 'status'
  | 'anchor-event'
  | 'receipt-proof'
  | 'header'
  | 'seals'
  | 'cosignatures'
  | 'consistency'
  | 'attachment';

export type ErrorCode = keyof ErrorDetails;

/** The one error class. Tests and callers look at `code`; `message` is for people and logs. */
export class XinlianError<C extends ErrorCode = ErrorCode> extends Error {
  override readonly name = 'XinlianError';
  readonly code: C;
  readonly details: ErrorDetails[C];

  constructor(code: C, details: ErrorDetails[C], options?: { cause?: unknown }) {
    super(`${code} ${JSON.stringify(details)}`, options);
    this.code = code;
    this.details = details;
  }

  /** Whether `error` is of this class, and of `code` where one is given. */
  static is<K extends ErrorCode = ErrorCode>(error: unknown, code?: K): error is XinlianError<K> {
    return error instanceof XinlianError && (code === undefined || (error.code as ErrorCode) === code);
  }
}

/** Throws `MALFORMED`: what it was, what was wanted, what came. */
export function malformed(what: string, wanted: string, got: unknown): never {
  const shown = typeof got === 'string' ? JSON.stringify(got.slice(0, 120)) : String(got);
  throw new XinlianError('MALFORMED', { what, wanted, got: shown });
}
