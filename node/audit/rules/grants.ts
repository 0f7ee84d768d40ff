// Rules of grants on the chain: what the GrantRegistry contract enforces, judged again from its events alone.
import type { Hex } from '../../core/bytes.ts';
import type { GrantTerms, Role } from '../../core/consortium.ts';
import { grantHashOf, type MemberId } from '../../core/ids.ts';
import type { ConsortiumState } from '../../chain/state.ts';
import { openSuspension, usesLeft, type GrantHistory } from '../grant-ledger.ts';
import type { Fault, Rule } from '../rule.ts';
import type { EventFacts } from './events.ts';

const NO_ADDRESS: Hex = `0x${'0'.repeat(40)}`;
const NO_HASH: Hex = `0x${'0'.repeat(64)}`;

/** As the contract's `MAX_BATCH`. */
const MOST_ITEMS = 64;

export const grantRules: readonly Rule<EventFacts>[] = [
  {
    id: 'grant-id',
    version: 1,
    severity: 'violation',
    evidence: 'chain',
    zh: '授权编号与其条款的哈希不符',
    en: 'A grant’s id is not the hash of its terms',
    check: ({ event }) => {
      if (event.type !== 'GrantRegistered') return undefined;
      const wanted = grantHashOf(event.terms);
      return wanted === event.grant ? undefined : { wanted, got: event.grant };
    },
  },
  {
    id: 'grant-terms',
    version: 1,
    severity: 'violation',
    evidence: 'chain',
    zh: '登记了条款不全或期限为空的授权',
    en: 'A grant was registered whose terms are not complete, or whose term has no second in it',
    check: ({ event }) => {
      if (event.type !== 'GrantRegistered') return undefined;
      if (incomplete(event.terms)) return { wanted: 'artefact, key and grantee', got: 'none of one of them' };
      const { validFrom, validTo } = event.terms;
      return validFrom < validTo ? undefined : { wanted: `an end after ${validFrom}`, got: String(validTo) };
    },
  },
  {
    id: 'grant-registered-late',
    version: 1,
    severity: 'violation',
    evidence: 'chain',
    zh: '授权在其期限届满之后才登记',
    en: 'A grant was registered after its term had ended',
    check: ({ event, time }) =>
      event.type !== 'GrantRegistered' || time < event.terms.validTo
        ? undefined
        : { wanted: `before ${event.terms.validTo}`, got: String(time) },
  },
  {
    id: 'grant-registered-twice',
    version: 1,
    severity: 'violation',
    evidence: 'chain',
    zh: '同一授权重复登记',
    en: 'A grant was registered a second time',
    check: ({ event, grants }) => {
      const before = event.type === 'GrantRegistered' ? grants.get(event.grant)?.registered : undefined;
      return before && { wanted: 'a grant that is not registered', got: `registered in block ${before.block}` };
    },
  },
  {
    id: 'grant-after-withdrawal',
    version: 1,
    severity: 'violation',
    evidence: 'chain',
    zh: '授权撤回后仍被登记、核销、暂停、恢复或再次撤回',
    en: 'A grant that was withdrawn is registered, consumed, suspended, resumed or withdrawn again',
    check: ({ event, grants }) => {
      const withdrawn = 'grant' in event ? grants.get(event.grant)?.withdrawn : undefined;
      return withdrawn && { wanted: 'nothing more', got: `${event.type} after block ${withdrawn.block}` };
    },
  },
  {
    id: 'grant-not-entitled',
    version: 1,
    severity: 'violation',
    evidence: 'chain',
    zh: '无权限(角色不符或已暂停)的成员撤回、暂停或恢复授权',
    en: 'A grant was withdrawn, suspended or resumed by a member that is not active in the role for it',
    check: ({ event, state }) => {
      const role = roleFor(event.type);
      const by = 'by' in event ? event.by : undefined;
      if (role === undefined || by === undefined) return undefined;
      const got = standingText(state, by);
      return isActiveAs(state, by, role) ? undefined : { member: by, wanted: `active, ${role}`, got };
    },
  },
  {
    id: 'grant-suspension',
    version: 1,
    severity: 'violation',
    evidence: 'chain',
    zh: '暂停已暂停的授权,或恢复未暂停的授权',
    en: 'A grant was suspended that was suspended already, or resumed that was not',
    check: ({ event, grants }) => {
      if (event.type !== 'GrantSuspended' && event.type !== 'GrantResumed') return undefined;
      const history = grants.get(event.grant);
      const suspended = history !== undefined && openSuspension(history) !== undefined;
      if (suspended === (event.type === 'GrantResumed')) return undefined;
      return { wanted: suspended ? 'GrantResumed' : 'GrantSuspended', got: event.type };
    },
  },
  {
    id: 'consumed-unregistered',
    version: 1,
    severity: 'violation',
    evidence: 'chain',
    zh: '核销未登记的授权',
    en: 'A grant was consumed that is not registered',
    check: ({ event, grants }) =>
      event.type !== 'GrantConsumed' || grants.get(event.grant)?.registered
        ? undefined
        : { wanted: 'a registered grant', got: event.grant },
  },
  {
    id: 'consumed-suspended',
    version: 1,
    severity: 'violation',
    evidence: 'chain',
    zh: '核销已暂停的授权',
    en: 'A grant was consumed while it was suspended',
    check: (facts) => {
      const history = consumedOf(facts);
      const suspension = history && openSuspension(history);
      return suspension && { wanted: 'a grant that stands', got: `suspended in block ${suspension.from.block}` };
    },
  },
  {
    id: 'consumed-outside-term',
    version: 1,
    severity: 'violation',
    evidence: 'chain',
    zh: '在授权期限之外核销',
    en: 'A grant was consumed outside of its term',
    check: (facts) => {
      const terms = consumedOf(facts)?.terms;
      if (!terms || (terms.validFrom <= facts.time && facts.time < terms.validTo)) return undefined;
      return { wanted: `from ${terms.validFrom}, before ${terms.validTo}`, got: String(facts.time) };
    },
  },
  {
    id: 'consumed-twice',
    version: 1,
    severity: 'violation',
    evidence: 'chain',
    zh: '同一查询编号重复核销同一授权',
    en: 'One query id consumed a grant twice',
    check: (facts) => {
      if (facts.event.type !== 'GrantConsumed') return undefined;
      const before = consumedOf(facts)?.uses.get(facts.event.queryId);
      return before && { wanted: 'a query id that is new', got: `consumed in block ${before.block}` };
    },
  },
  {
    id: 'consumed-beyond-count',
    version: 1,
    severity: 'violation',
    evidence: 'chain',
    zh: '核销次数超过授权次数,或核销不限次的授权',
    en: 'A grant was consumed more often than it allows, or is uncounted and was consumed',
    check: (facts) => {
      const history = consumedOf(facts);
      if (!history?.terms || (usesLeft(history) ?? 0) > 0) return undefined;
      return { wanted: `at most ${history.terms.uses} uses`, got: `use ${history.uses.size + 1}` };
    },
  },
  {
    id: 'consumed-count',
    version: 1,
    severity: 'violation',
    evidence: 'chain',
    zh: '事件中的剩余次数与重新计数不符',
    en: 'The uses that an event says are left are not those that are',
    check: (facts) => {
      const { event } = facts;
      if (event.type !== 'GrantConsumed') return undefined;
      const history = consumedOf(facts);
      const left = history && usesLeft(history);
      if (!history || !left || history.uses.has(event.queryId) || event.usesLeft === left - 1) return undefined;
      return { wanted: String(left - 1), got: String(event.usesLeft) };
    },
  },
  {
    id: 'consumed-not-entitled',
    version: 1,
    severity: 'violation',
    evidence: 'chain',
    zh: '被授权人当时并非在任的金融机构成员,却核销了授权',
    en: 'A grant was consumed whose grantee was not active as a bank',
    check: (facts) => {
      const grantee = consumedOf(facts)?.terms?.grantee;
      if (grantee === undefined || isActiveAs(facts.state, grantee, 'bank')) return undefined;
      return { member: grantee, wanted: 'active, bank', got: standingText(facts.state, grantee) };
    },
  },
  {
    id: 'item-place',
    version: 1,
    severity: 'violation',
    evidence: 'chain',
    zh: '批量操作中失败项的序号不可能:之前的各项没有各自的结果',
    en: 'A failed item of a batch has a place that it cannot have: those before it have no outcome each',
    check: ({ event, transaction }) => {
      if (event.type !== 'GrantItemFailed') return undefined;
      const before = transaction.slice(0, transaction.indexOf(event)).filter(isItem).length;
      const most = Math.min(before, MOST_ITEMS - 1);
      return event.index <= most ? undefined : { wanted: `at most ${most}`, got: String(event.index) };
    },
  },
  {
    id: 'item-reason',
    version: 1,
    severity: 'violation',
    evidence: 'chain',
    zh: '批量操作中某项所称的失败原因不属实:该操作本应成功',
    en: 'The reason for which an item of a batch failed is not true',
    check: (facts) => {
      if (facts.event.type !== 'GrantItemFailed') return undefined;
      const { revert } = facts;
      if (!revert) return { wanted: 'an error of GrantRegistry', got: 'other bytes' };
      const untrue = REASONS[revert.error]?.(revert.arguments, facts);
      if (untrue === 'true') return undefined;
      return untrue ?? { wanted: 'an error that fails an item', got: revert.error };
    },
  },
];

function incomplete({ artefact, key, grantee }: GrantTerms): boolean {
  return artefact === NO_HASH || key === NO_ADDRESS || grantee === NO_HASH;
}

function consumedOf({ event, grants }: EventFacts): GrantHistory | undefined {
  return event.type === 'GrantConsumed' ? grants.get(event.grant) : undefined;
}

function roleFor(type: EventFacts['event']['type']): Role | undefined {
  if (type === 'GrantWithdrawn') return 'identifier';
  return type === 'GrantSuspended' || type === 'GrantResumed' ? 'regulator' : undefined;
}

function isActiveAs({ members }: ConsortiumState, id: MemberId, role: Role): boolean {
  const member = members.get(id)?.member;
  return member?.status === 'active' && member.roles.includes(role);
}

function standingText({ members }: ConsortiumState, id: MemberId): string {
  const member = members.get(id)?.member;
  return member ? `${member.status}, ${member.roles.join(' ')}` : 'no member';
}

function isItem({ type }: EventFacts['event']): boolean {
  return type.startsWith('Grant');
}

/** Whether an error with these arguments could be: `true`, or what it should have been. */
type Reason = (args: readonly string[], facts: EventFacts) => 'true' | Fault;

function truth(holds: boolean, wanted: string, got: string): 'true' | Fault {
  return holds ? 'true' : { wanted, got };
}

/** The grant that an error names, as it stood. */
function named([grant = '']: readonly string[], { grants }: EventFacts): GrantHistory | undefined {
  return grants.get(grant as Parameters<typeof grants.get>[0]);
}

/** The errors that an item can fail with, and whether they are so. The chain does not show a grant that was never registered. */
const REASONS: Readonly<Record<string, Reason>> = {
  GrantRegistryDeadlinePassed: ([deadline, at], { time }) =>
    truth(Number(at) === time && time > Number(deadline), `a deadline before ${time}`, `${deadline} at ${at}`),
  GrantRegistryIncompleteTerms: ([artefact, key, grantee]) =>
    truth(artefact === NO_HASH || key === NO_ADDRESS || grantee === NO_HASH, 'something left out', 'all there'),
  GrantRegistryEmptyTerm: ([from, to]) => truth(Number(from) >= Number(to), `an end at ${from} or before`, `${to}`),
  GrantRegistryNotYetValid: (args, facts) =>
    truth(
      Number(args[2]) === facts.time && Number(args[1]) > facts.time && sameTerm(args, facts, 'validFrom'),
      `a term that begins after ${facts.time}`,
      `${args[1]} at ${args[2]}`,
    ),
  GrantRegistryEnded: (args, facts) =>
    truth(
      Number(args[2]) === facts.time && Number(args[1]) <= facts.time && sameTerm(args, facts, 'validTo'),
      `a term that ended by ${facts.time}`,
      `${args[1]} at ${args[2]}`,
    ),
  GrantRegistryAlreadyRegistered: (args, facts) => {
    const registered = named(args, facts)?.registered;
    return truth(registered?.time === Number(args[1]), `registered at ${args[1]}`, `${registered?.time ?? 'never'}`);
  },
  GrantRegistryNotRegistered: (args, facts) =>
    truth(!named(args, facts)?.registered, 'a grant that is not registered', 'a registered one'),
  GrantRegistryWithdrawn: (args, facts) =>
    truth(named(args, facts)?.withdrawn !== undefined, 'a withdrawn grant', 'one that is not'),
  GrantRegistrySuspended: (args, facts) => {
    const history = named(args, facts);
    return truth(
      history !== undefined && openSuspension(history) !== undefined,
      'a suspended grant',
      'one that is not',
    );
  },
  GrantRegistryInvalidSignature: ([expected, recovered]) =>
    truth(expected !== recovered || expected === NO_ADDRESS, 'another key than the grant’s', `${recovered}`),
  GrantRegistryUncounted: (args, facts) =>
    truth(named(args, facts)?.terms?.uses === 0, 'an uncounted grant', 'one that is not'),
  GrantRegistryUsedUp: (args, facts) => {
    const history = named(args, facts);
    const left = history && usesLeft(history);
    return truth(left === 0 && history?.terms?.uses === Number(args[1]), 'no use left', `${left ?? 'none known'}`);
  },
  GrantRegistryAlreadyConsumed: (args, facts) =>
    truth(named(args, facts)?.uses.has(args[1] as Hex) === true, 'a query id that consumed it', `${args[1]}`),
  GrantRegistryNotGrantee: (args, facts) => {
    const { grantee } = named(args, facts)?.terms ?? {};
    const entitled =
      grantee !== undefined &&
      isActiveAs(facts.state, grantee, 'bank') &&
      facts.state.members.get(grantee)?.member.transaction === args[2];
    return truth(grantee === args[1] && !entitled, 'somebody else than the grantee', `${args[2]}`);
  },
};

/** Of a grant that is not registered the chain has no terms to compare with. */
function sameTerm(args: readonly string[], facts: EventFacts, member: 'validFrom' | 'validTo'): boolean {
  const terms = named(args, facts)?.terms;
  return terms === undefined || terms[member] === Number(args[1]);
}
