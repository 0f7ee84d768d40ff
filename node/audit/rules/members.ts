// Rules of members: what the Membership contract enforces, judged again from its events alone.
import { equalBytes } from '../../core/bytes.ts';
import { KEY_KINDS, type KeyKind } from '../../core/consortium.ts';
import { memberIdOf, type MemberId } from '../../core/ids.ts';
import type { Uscc } from '../../core/uscc.ts';
import type { ConsortiumState } from '../../chain/state.ts';
import type { Rule } from '../rule.ts';
import { isSeated, seats, statusOf, type EventFacts } from './events.ts';

export const memberRules: readonly Rule<EventFacts>[] = [
  {
    id: 'event-of-nobody',
    version: 1,
    severity: 'violation',
    evidence: 'chain',
    zh: '事件涉及未曾接纳的成员或未曾登记的日志',
    en: 'An event tells of a member that was never admitted, or a log that was never registered',
    check: ({ event, state }) => {
      const got = unknownIn(event, state);
      return got === undefined ? undefined : { wanted: 'a member or log that the chain knows', got };
    },
  },
  {
    id: 'founding-block',
    version: 1,
    severity: 'violation',
    evidence: 'chain',
    zh: '联盟的首个事件不在合约部署区块:合约被替换或部署信息有误',
    en: 'The first event is not in the block of the deployment: the contracts are others than said',
    check: ({ event, founding, contracts }) =>
      !founding || event.block === contracts.block
        ? undefined
        : { wanted: `block ${contracts.block}`, got: `block ${event.block}` },
  },
  {
    id: 'member-id',
    version: 1,
    severity: 'violation',
    evidence: 'chain',
    zh: '成员编号与其统一社会信用代码不符',
    en: 'A member’s id is not that of its USCC',
    check: ({ event }) => {
      if (event.type !== 'MemberAdmitted') return undefined;
      const wanted = memberIdOf(event.admission.uscc as Uscc);
      return wanted === event.member ? undefined : { wanted, got: event.member };
    },
  },
  {
    id: 'member-status',
    version: 1,
    severity: 'violation',
    evidence: 'chain',
    zh: '成员状态变更不合规则(重复接纳、恢复未暂停者等)',
    en: 'A member’s status changed from one that does not allow it',
    check: ({ event, state }) => {
      const before = (): string => ('member' in event && statusOf(state, event.member)) || 'none';
      const wanted = statusWanted(event.type);
      return !wanted || wanted.includes(before()) ? undefined : { wanted: wanted.join(' or '), got: before() };
    },
  },
  {
    id: 'act-by-inactive',
    version: 1,
    severity: 'violation',
    evidence: 'chain',
    zh: '已暂停或已退出的成员仍有行为',
    en: 'An act of a member that was suspended or removed',
    check: (facts) => {
      const actor = actorOf(facts);
      if (actor === undefined) return undefined;
      const status = statusOf(facts.state, actor) ?? 'none';
      return status === 'active' ? undefined : { member: actor, wanted: 'active', got: status };
    },
  },
  {
    id: 'key-held',
    version: 1,
    severity: 'violation',
    evidence: 'chain',
    zh: '成员使用了其他成员正在或曾经使用的密钥',
    en: 'A key that another member has or had',
    check: ({ event, state }) => {
      const holder = newKeys(event).flatMap((key) => holderOf(state, key, event) ?? [])[0];
      return holder === undefined ? undefined : { wanted: 'a key of its own', got: `a key of ${holder}` };
    },
  },
  {
    id: 'account-reused',
    version: 1,
    severity: 'violation',
    evidence: 'chain',
    zh: '交易账户曾经是某成员的交易账户',
    en: 'A transaction key that was one before',
    check: ({ event, state }) => {
      const account =
        event.type === 'MemberAdmitted'
          ? event.admission.transaction
          : event.type === 'TransactionKeyRotated'
            ? event.current
            : undefined;
      const holder = account && state.accounts.get(account);
      return holder ? { wanted: 'an account that was never one', got: `${account}, of ${holder}` } : undefined;
    },
  },
  {
    id: 'account-previous',
    version: 1,
    severity: 'violation',
    evidence: 'chain',
    zh: '轮换交易账户时所列的原账户不是该成员的账户',
    en: 'A rotation names another account as the one before than the member had',
    check: ({ event, state }) => {
      if (event.type !== 'TransactionKeyRotated') return undefined;
      const wanted = state.members.get(event.member)?.member.transaction;
      return wanted === undefined || wanted === event.previous ? undefined : { wanted, got: event.previous };
    },
  },
  {
    id: 'quorum-broken',
    version: 1,
    severity: 'violation',
    evidence: 'chain',
    zh: '理事会在任人数低于表决门槛',
    en: 'Fewer active council members are left than a vote needs',
    check: ({ event, state }) => {
      const threshold = event.type === 'ThresholdChanged' ? event.threshold : state.threshold;
      if (!NARROWING.has(event.type) || threshold === 0) return undefined;
      const left = seats(state).filter((id) => staysSeated(event, id)).length;
      return left >= threshold && threshold > 0 ? undefined : { wanted: `at least ${threshold}`, got: String(left) };
    },
  },
];

type Event = EventFacts['event'];

const NARROWING = new Set<Event['type']>(['MemberSuspended', 'MemberRemoved', 'RolesChanged', 'ThresholdChanged']);

function staysSeated(event: Event, id: MemberId): boolean {
  if (event.type === 'MemberSuspended' || event.type === 'MemberRemoved') return event.member !== id;
  if (event.type === 'RolesChanged' && event.member === id) return isSeated({ status: 'active', roles: event.roles });
  return true;
}

function statusWanted(type: Event['type']): readonly string[] | undefined {
  switch (type) {
    case 'MemberAdmitted':
      return ['none', 'removed'];
    case 'MemberSuspended':
      return ['active'];
    case 'MemberResumed':
      return ['suspended'];
    case 'MemberRemoved':
    case 'RolesChanged':
      return ['active', 'suspended'];
    default:
      return undefined;
  }
}

function unknownIn(event: Event, { members, logs }: ConsortiumState): string | undefined {
  const log = 'log' in event && event.type !== 'LogRegistered' ? event.log : undefined;
  if (log !== undefined && !logs.has(log)) return `log ${log}`;
  const member =
    'member' in event && event.type !== 'MemberAdmitted'
      ? event.member
      : event.type === 'LogRegistered'
        ? event.owner
        : undefined;
  return member === undefined || members.has(member) ? undefined : `member ${member}`;
}

/** Who acted in its own name; undefined for what the council did. */
function actorOf({ event, state, transaction }: EventFacts): MemberId | undefined {
  switch (event.type) {
    case 'KeyRotated':
    case 'EndpointsChanged':
      return event.member;
    case 'TransactionKeyRotated':
      return transaction.some(({ type }) => type === 'Executed') ? undefined : event.member;
    case 'LogRegistered':
      return event.owner;
    case 'Anchored':
    case 'LogClosed':
      return state.logs.get(event.log)?.owner;
    default:
      return undefined;
  }
}

function newKeys(event: Event): Uint8Array[] {
  const keys =
    event.type === 'MemberAdmitted'
      ? KEY_KINDS.map((kind) => event.admission.keys[kind])
      : event.type === 'KeyRotated'
        ? [event.key]
        : [];
  return keys.filter(({ length }) => length > 0);
}

function holderOf({ members }: ConsortiumState, key: Uint8Array, event: Event): MemberId | undefined {
  const own = 'member' in event ? event.member : undefined;
  const has = (kind: KeyKind, id: MemberId): boolean =>
    members.get(id)?.member.keys[kind].some((tenure) => equalBytes(tenure.key, key)) ?? false;
  return [...members.keys()].find((id) => id !== own && KEY_KINDS.some((kind) => has(kind, id)));
}
