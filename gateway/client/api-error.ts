import type { Problem } from '../api/schemas.ts';

/** What a gateway refused, or failed at. `code` is one of /v1/errors, or of RFC 6749 where no token was given. */
export class ApiError extends Error {
  override readonly name = 'ApiError';
  readonly status: number;
  readonly code: string;
  readonly retryable: boolean;
  /** Absent where the answer was no Problem Details, for example that of a proxy on the way. */
  readonly problem: Problem | undefined;
  /** Under which the gateway logged the request. */
  readonly requestId: string | undefined;
  /** Seconds to wait before trying again, where the gateway said so. */
  readonly retryAfter: number | undefined;

  constructor(told: {
    status: number;
    code: string;
    message: string;
    retryable: boolean;
    problem?: Problem;
    requestId?: string | undefined;
    retryAfter?: number | undefined;
  }) {
    super(told.message);
    this.status = told.status;
    this.code = told.code;
    this.retryable = told.retryable;
    this.problem = told.problem;
    this.requestId = told.requestId;
    this.retryAfter = told.retryAfter;
  }

  static ofProblem(problem: Problem, retryAfter?: number): ApiError {
    const { status, code, title, detail, retryable, request_id: requestId } = problem;
    const message = detail === undefined ? title : `${title}: ${detail}`;
    return new ApiError({ status, code, message, retryable, problem, requestId, retryAfter });
  }

  /** Of an answer that is not 2xx; reads its body. */
  static async ofResponse(response: Response): Promise<ApiError> {
    const { status, headers } = response;
    const seconds = Number(headers.get('retry-after') ?? Number.NaN);
    const retryAfter = Number.isFinite(seconds) ? seconds : undefined;
    const requestId = headers.get('x-request-id') ?? undefined;
    const body = parseObject(await response.text());
    if (isProblem(body)) return ApiError.ofProblem(body, retryAfter);
    const { error, error_description: description } = body;
    return new ApiError({
      status,
      code: typeof error === 'string' ? error : `HTTP_${status}`,
      message: typeof description === 'string' ? description : `the answer was ${status} ${response.statusText}`,
      retryable: status === 429 || status >= 502,
      requestId,
      retryAfter,
    });
  }
}

function parseObject(text: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
  } catch {
    return {}; // a proxy on the way answers in HTML: the status says enough
  }
}

function isProblem(body: object): body is Problem {
  return 'code' in body && typeof body.code === 'string' && 'title' in body && typeof body.title === 'string';
}
