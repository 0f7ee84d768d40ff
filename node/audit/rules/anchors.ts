// Rules of logs on the chain: ids, successors, and checkpoints that only grow.
import { equalBytes, toBase64 } from '../../core/bytes.ts';
import { logIdOf } from '../../core/ids.ts';
import { openKey, type ConsortiumState } from '../../chain/state.ts';
import type { Rule } from '../rule.ts';
import { following, type EventFacts } from './events.ts';

export const anchorRules: readonly Rule<EventFacts>[] = [
  {
    id: 'log-id',
    version: 1,
    severity: 'violation',
    evidence: 'chain',
    zh: '日志编号与链、合约、部署随机数、所有者不符:合约被替换或部署随机数有误',
    en: 'A log’s id is not that of its chain, contract, deployment and owner: the contracts are others than said',
    check: ({ event, contracts: { chainId, logAnchor, deployment } }) => {
      if (event.type !== 'LogRegistered') return undefined;
      const { owner, scope, ordinal } = event;
      const wanted = logIdOf({ chainId, logAnchor, deployment, owner, scope, ordinal });
      return wanted === event.log ? undefined : { member: owner, wanted, got: event.log };
    },
  },
  {
    id: 'log-second',
    version: 1,
    severity: 'violation',
    evidence: 'chain',
    zh: '同一成员同一范围有两个开放日志,或日志序号不连续',
    en: 'A second open log of one member and scope, or an ordinal that does not follow',
    check: ({ event, state }) => {
      if (event.type !== 'LogRegistered') return undefined;
      const { owner, scope, ordinal } = event;
      const open = state.open.get(openKey(owner, scope));
      if (open !== undefined) return { member: owner, wanted: 'no open log of this scope', got: open };
      const wanted = ordinalsOf(state, owner, scope);
      return ordinal === wanted ? undefined : { member: owner, wanted: `ordinal ${wanted}`, got: String(ordinal) };
    },
  },
  {
    id: 'anchor-not-growing',
    version: 1,
    severity: 'violation',
    evidence: 'chain',
    zh: '上链检查点没有增长',
    en: 'A checkpoint was anchored that does not grow the log',
    check: ({ event, state }) => {
      if (event.type !== 'Anchored') return undefined;
      const before = state.logs.get(event.log)?.last?.size ?? 0;
      return event.size > before ? undefined : { wanted: `more than ${before} entries`, got: String(event.size) };
    },
  },
  {
    id: 'anchor-after-close',
    version: 1,
    severity: 'violation',
    evidence: 'chain',
    zh: '日志已关闭后仍上链检查点或再次关闭',
    en: 'A log that was closed was anchored or closed again',
    check: ({ event, state }) => {
      if (event.type !== 'Anchored' && event.type !== 'LogClosed') return undefined;
      return state.logs.get(event.log)?.closed ? { wanted: 'an open log', got: 'a closed one' } : undefined;
    },
  },
  {
    id: 'log-close',
    version: 1,
    severity: 'violation',
    evidence: 'chain',
    zh: '关闭日志时所列检查点不是最后上链的检查点,或继任日志未登记',
    en: 'A log was closed at another checkpoint than its last, or its successor was not registered',
    check: (facts) => {
      const { event, state } = facts;
      if (event.type !== 'LogClosed') return undefined;
      const last = state.logs.get(event.log)?.last;
      const size = last?.size ?? 0;
      if (event.size !== size) return { wanted: `size ${size}`, got: String(event.size) };
      const root = last?.root ?? new Uint8Array(32);
      if (!equalBytes(event.root, root)) return { wanted: toBase64(root), got: toBase64(event.root) };
      const next = following(facts).find((other) => other.type === 'LogRegistered');
      if (next?.type === 'LogRegistered' && next.log === event.successor) return undefined;
      return { wanted: `registration of ${event.successor}`, got: next ? 'of another' : 'none' };
    },
  },
];

function ordinalsOf({ logs }: ConsortiumState, owner: string, scope: string): number {
  return [...logs.values()].filter((log) => log.owner === owner && log.scope === scope).length;
}
