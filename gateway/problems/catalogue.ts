// Every error code as HTTP tells it. A code that is missing here fails the compiler.
import type { ErrorCode, ErrorDetails } from '../../node/core/errors.ts';

export const LANGUAGES = ['en', 'zh'] as const;
export type Language = (typeof LANGUAGES)[number];

type Bilingual = Record<Language, string>;

export interface Kind<C extends ErrorCode> {
  status: number;
  /** Whether the same request may succeed later. */
  retryable: boolean;
  title: Bilingual;
  /** What the caller can do. */
  action: Bilingual;
  /** What went wrong this time. Never asked for where the status is 500 or above: such a body says nothing. */
  detail?: Record<Language, (details: ErrorDetails[C]) => string>;
}

const quote: Bilingual = {
  en: 'The fault is ours. Quote the request id when you ask for help.',
  zh: '问题在我方。求助时请提供请求编号。',
};
const later: Bilingual = {
  en: 'Send the same request again after the time in Retry-After.',
  zh: '请在 Retry-After 所示时间后重发同一请求。',
};
const mend: Bilingual = { en: 'Mend the request and send it again.', zh: '请更正请求后重发。' };
const ours = { status: 500, retryable: false, title: { en: 'Internal error', zh: '内部错误' }, action: quote };
const wantedAndGot = {
  en: ({ what, wanted, got }: { what: string; wanted: string; got: string }) => `${what}: wanted ${wanted}, got ${got}`,
  zh: ({ what, wanted, got }: { what: string; wanted: string; got: string }) => `${what}:应为 ${wanted},收到 ${got}`,
};

export const CATALOGUE: { readonly [C in ErrorCode]: Kind<C> } = {
  MALFORMED: {
    status: 400,
    retryable: false,
    title: { en: 'Malformed value', zh: '格式错误' },
    action: mend,
    detail: wantedAndGot,
  },
  REQUEST_INVALID: {
    status: 400,
    retryable: false,
    title: { en: 'Invalid request', zh: '请求不符合接口定义' },
    action: { en: 'Mend every value named in `errors`.', zh: '请更正 errors 中列出的每一项。' },
    detail: {
      en: ({ faults }) => `${faults.length} value${faults.length === 1 ? '' : 's'} refused`,
      zh: ({ faults }) => `有 ${faults.length} 项不符合要求`,
    },
  },
  TOO_LARGE: {
    status: 413,
    retryable: false,
    title: { en: 'Too large', zh: '超过大小上限' },
    action: { en: 'Send less at a time; the limits are at /v1/limits.', zh: '请减小单次发送量;上限见 /v1/limits。' },
    detail: {
      en: ({ what, limit, got }) => `${what}: at most ${limit} bytes, got ${got}`,
      zh: ({ what, limit, got }) => `${what}:最多 ${limit} 字节,收到 ${got}`,
    },
  },
  PROOF_INVALID: {
    status: 422,
    retryable: false,
    title: { en: 'Invalid proof', zh: '证明无效' },
    action: { en: 'Do not rely on it; ask its issuer for the original.', zh: '请勿采信,并向出具方索取原件。' },
    detail: { en: ({ link, reason }) => `${link}: ${reason}`, zh: ({ link, reason }) => `${link}:${reason}` },
  },
  LOG_INCONSISTENT: {
    status: 422,
    retryable: false,
    title: { en: 'Inconsistent log', zh: '日志前后不一致' },
    action: {
      en: 'Keep both checkpoints as evidence, and tell the council.',
      zh: '请保存两份检查点作为证据并通知理事会。',
    },
    detail: {
      en: ({ log, sizeA, sizeB }) => `log ${log}: the checkpoints of ${sizeA} and ${sizeB} contradict each other`,
      zh: ({ log, sizeA, sizeB }) => `日志 ${log}:大小 ${sizeA} 与 ${sizeB} 的检查点相互矛盾`,
    },
  },
  SIGNATURE_INVALID: {
    status: 400,
    retryable: false,
    title: { en: 'Invalid signature', zh: '签名无效' },
    action: { en: 'Sign with the key that is registered now.', zh: '请使用当前已登记的密钥签名。' },
    detail: { en: ({ what }) => `${what}: the signature does not fit`, zh: ({ what }) => `${what}:签名不符` },
  },
  UNAUTHENTICATED: {
    status: 401,
    retryable: false,
    title: { en: 'Not authenticated', zh: '未通过身份验证' },
    action: { en: 'Ask for a new token at /v1/oauth/token.', zh: '请在 /v1/oauth/token 重新申请令牌。' },
    detail: { en: ({ reason }) => reason, zh: ({ reason }) => reason },
  },
  FORBIDDEN: {
    status: 403,
    retryable: false,
    title: { en: 'Not allowed', zh: '没有权限' },
    action: { en: 'Use a token or a member that is entitled to this.', zh: '请使用具有相应权限的令牌或成员身份。' },
    detail: {
      en: ({ wanted, got }) => `wanted ${wanted}, got ${got}`,
      zh: ({ wanted, got }) => `应为 ${wanted},收到 ${got}`,
    },
  },
  MEMBER_UNKNOWN: {
    status: 404,
    retryable: false,
    title: { en: 'Unknown member', zh: '成员不存在' },
    action: { en: 'Look the member up at /v1/members.', zh: '请在 /v1/members 查询成员。' },
    detail: { en: ({ member }) => `no member ${member}`, zh: ({ member }) => `没有成员 ${member}` },
  },
  MEMBER_NOT_ENTITLED: {
    status: 403,
    retryable: false,
    title: { en: 'Member not entitled', zh: '成员无此资格' },
    action: {
      en: 'Ask the council for the role, or use a member that has it.',
      zh: '请向理事会申请角色,或改用具备该角色的成员。',
    },
    detail: {
      en: ({ member, wanted, got }) => `member ${member}: wanted ${wanted}, got ${got}`,
      zh: ({ member, wanted, got }) => `成员 ${member}:应为 ${wanted},实为 ${got}`,
    },
  },
  GRANT_REFUSED: {
    status: 409,
    retryable: false,
    title: { en: 'The grant does not allow this', zh: '授权不允许此操作' },
    action: {
      en: 'Look at the reason; ask the enterprise for another grant where this one is used up, ended or withdrawn.',
      zh: '请查看原因;授权已用尽、到期或撤回的,请企业重新授权。',
    },
    detail: {
      en: ({ grant, reason, detail }) => `${reason}: grant ${grant}${detail === '' ? '' : `: ${detail}`}`,
      zh: ({ grant, reason, detail }) => `${reason}:授权 ${grant}${detail === '' ? '' : `:${detail}`}`,
    },
  },
  NOT_FOUND: {
    status: 404,
    retryable: false,
    title: { en: 'Not found', zh: '未找到' },
    action: { en: 'Check the id, and that it is yours.', zh: '请核对编号及其归属。' },
    detail: { en: ({ what, id }) => `no ${what} ${id}`, zh: ({ what, id }) => `没有此项:${what} ${id}` },
  },
  RECORD_WITHDRAWN: {
    status: 410,
    retryable: false,
    title: { en: 'Record withdrawn', zh: '记录已停止公示、共享和使用' },
    action: {
      en: 'Delete what you hold of it, and do not use it any more; its proofs are still to be had as a receipt.',
      zh: '请删除所持有的该记录并停止使用;其存证可通过回执核验。',
    },
    detail: {
      en: ({ record, status }) => `record ${record} is ${status}`,
      zh: ({ record, status }) => `记录 ${record} 的状态为 ${status}`,
    },
  },
  CONFLICT: {
    status: 409,
    retryable: false,
    title: { en: 'Conflict', zh: '状态冲突' },
    action: { en: 'Look at the present state, and decide anew.', zh: '请查看当前状态后再作决定。' },
    detail: wantedAndGot,
  },
  RANGE_NOT_SATISFIABLE: {
    status: 416,
    retryable: false,
    title: { en: 'No such part of the file', zh: '请求的范围不存在' },
    action: { en: 'Ask for a range within the size of the file.', zh: '请在文件大小范围内请求。' },
    detail: {
      en: ({ range, size }) => `${range} of ${size} bytes`,
      zh: ({ range, size }) => `文件共 ${size} 字节,请求 ${range}`,
    },
  },
  METHOD_NOT_ALLOWED: {
    status: 405,
    retryable: false,
    title: { en: 'Method not allowed', zh: '不支持该请求方法' },
    action: mend,
    detail: {
      en: ({ method, allowed }) => `wanted ${allowed.join(', ')}, got ${method}`,
      zh: ({ method, allowed }) => `应为 ${allowed.join('、')},收到 ${method}`,
    },
  },
  UNSUPPORTED_MEDIA_TYPE: {
    status: 415,
    retryable: false,
    title: { en: 'Unsupported media type', zh: '不支持的媒体类型' },
    action: mend,
    detail: {
      en: ({ wanted, got }) => `wanted ${wanted}, got ${got}`,
      zh: ({ wanted, got }) => `应为 ${wanted},收到 ${got}`,
    },
  },
  IDEMPOTENCY_KEY_REUSED: {
    status: 422,
    retryable: false,
    title: { en: 'Idempotency-Key used before', zh: 'Idempotency-Key 已用于其他请求' },
    action: {
      en: 'Take a new key for a new request; send the same body to repeat the old one.',
      zh: '新请求请使用新的键;重发原请求须内容完全相同。',
    },
    detail: {
      en: ({ key }) => `the key ${key} belongs to another request`,
      zh: ({ key }) => `键 ${key} 属于另一请求`,
    },
  },
  IDEMPOTENCY_KEY_IN_FLIGHT: {
    status: 409,
    retryable: true,
    title: { en: 'The same request is under way', zh: '相同请求正在处理' },
    action: later,
    detail: {
      en: ({ key }) => `the first request under the key ${key} is not answered yet`,
      zh: ({ key }) => `键 ${key} 的首个请求尚未完成`,
    },
  },
  RATE_LIMITED: {
    status: 429,
    retryable: true,
    title: { en: 'Too many requests', zh: '请求过于频繁' },
    action: later,
    detail: {
      en: ({ limit, windowSeconds }) => `at most ${limit} requests in ${windowSeconds} s`,
      zh: ({ limit, windowSeconds }) => `每 ${windowSeconds} 秒最多 ${limit} 次请求`,
    },
  },
  OVERLOADED: { status: 503, retryable: true, title: { en: 'Busy', zh: '系统繁忙' }, action: later },
  UNREACHABLE: {
    status: 502,
    retryable: true,
    title: { en: 'Member’s node unreachable', zh: '无法连接成员节点' },
    action: later,
  },
  TIMEOUT: {
    status: 504,
    retryable: true,
    title: { en: 'Member’s node did not answer in time', zh: '成员节点响应超时' },
    action: later,
  },
  CANCELLED: { status: 503, retryable: true, title: { en: 'Cancelled', zh: '已取消' }, action: later },
  CLOSED: { status: 503, retryable: true, title: { en: 'Shutting down', zh: '正在停止' }, action: later },
  CHAIN_STALE: {
    status: 503,
    retryable: true,
    title: { en: 'View of the chain is too old', zh: '链视图已过期' },
    action: later,
  },
  CHAIN_UNREACHABLE: {
    status: 503,
    retryable: true,
    title: { en: 'Chain unreachable', zh: '无法连接区块链' },
    action: later,
  },
  PEER_NOT_ADMITTED: {
    status: 502,
    retryable: false,
    title: { en: 'Gateway not admitted by the member’s node', zh: '成员节点未接纳本网关' },
    action: quote,
  },
  METHOD_UNKNOWN: {
    status: 502,
    retryable: false,
    title: { en: 'Member’s node is too old for this', zh: '成员节点版本过旧' },
    action: quote,
  },
  CHAIN_REFUSED: ours,
  CHAIN_WRONG: ours,
  TRANSACTION_REVERTED: ours,
  TRANSACTION_STUCK: ours,
  CONFIG_INVALID: ours,
  STORE_LOCKED: ours,
  STORE_CORRUPT: ours,
  KEY_UNAVAILABLE: ours,
  INTERNAL: ours,
};

/** The problem type of a code (RFC 9457, section 3.1.1). */
export function problemType(code: ErrorCode): string {
  return `urn:xinlian:problem:${code.toLowerCase().replaceAll('_', '-')}`;
}

export function isErrorCode(code: string): code is ErrorCode {
  return Object.hasOwn(CATALOGUE, code);
}
