import { toBase64, toBase64Url, type Hex } from '../../node/core/bytes.ts';
import {
  currentKey,
  KEY_KINDS,
  type AnchoredHead,
  type KeyKind,
  type LogState,
  type Member,
  type TenuredKey,
} from '../../node/core/consortium.ts';
import { XinlianError } from '../../node/core/errors.ts';
import { parseMemberId } from '../../node/core/ids.ts';
import type { LogView } from '../api/logs.ts';
import type { MemberDetail, MemberView } from '../api/members.ts';
import type { Logs, Members } from '../ports.ts';
import type { TypedDataDomain } from '../../node/core/typed-data.ts';
import type { Handlers } from './handler.ts';
import { pageOf } from './pages.ts';

export function consortiumRoutes(
  { grantDomain, membership }: { grantDomain: TypedDataDomain; membership: Hex },
  { members, logs }: { members: Members; logs: Logs },
) {
  const { chainId, salt, verifyingContract } = grantDomain;
  const consortium = {
    chainId: Number(chainId),
    deployment: String(salt),
    grantRegistry: String(verifyingContract),
    membership,
  };
  return {
    getConsortium: () => consortium,

    listMembers({ query }) {
      const { items, next } = pageOf(members.list(), ({ id }) => id, query);
      return { items: items.map(memberView), ...(next && { next }) };
    },

    getMember({ params }) {
      const member = members.get(parseMemberId(params.member));
      if (!member) throw new XinlianError('NOT_FOUND', { what: 'member', id: params.member });
      return memberDetail(member);
    },

    listCheckpoints({ query: { owner, ...page } }) {
      const wanted = [...logs.list()].filter((log) => owner === undefined || log.owner === owner);
      const { items, next } = pageOf(wanted, ({ id }) => id, page);
      return { items: items.map(logView), ...(next && { next }) };
    },
  } satisfies Partial<Handlers>;
}

function memberView(member: Member): MemberView {
  const { id, name, uscc, region, roles, status, transaction, endpoints, admitted } = member;
  return {
    id,
    name,
    uscc,
    region,
    roles,
    status,
    account: transaction,
    keys: byKind((kind) => encoded(currentKey(member, kind))),
    endpoints,
    admitted,
  };
}

function memberDetail(member: Member): MemberDetail {
  const history = byKind((kind) => {
    const tenures = member.keys[kind];
    return tenures.length > 0 ? tenures.map(tenureView) : undefined;
  });
  return { ...memberView(member), history };
}

function tenureView({ key, ...blocks }: TenuredKey) {
  return { key: toBase64Url(key), ...blocks };
}

function encoded(key: Uint8Array | undefined): string | undefined {
  return key && key.length > 0 ? toBase64Url(key) : undefined;
}

function byKind<T>(valueOf: (kind: KeyKind) => T | undefined): Partial<Record<KeyKind, T>> {
  const values: Partial<Record<KeyKind, T>> = {};
  for (const kind of KEY_KINDS) {
    const value = valueOf(kind);
    if (value !== undefined) values[kind] = value;
  }
  return values;
}

function logView({ id, owner, scope, ordinal, registered, closed, successor, head, final }: LogState): LogView {
  return {
    log: id,
    owner,
    scope,
    ordinal,
    registered,
    closed,
    ...(successor && { successor }),
    ...(head && { head: anchoredView(head) }),
    ...(final && { final: anchoredView(final) }),
  };
}

function anchoredView({ root, ...head }: AnchoredHead) {
  return { ...head, root: toBase64(root) };
}
