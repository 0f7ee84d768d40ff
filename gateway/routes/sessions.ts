// Sealed sessions: the gateway carries bytes, and remembers only where they go.
import { concat } from '../../node/core/bytes.ts';
import { XinlianError } from '../../node/core/errors.ts';
import { parseMemberId, type MemberId } from '../../node/core/ids.ts';
import { encodeParcel } from '../../node/core/messages/codec.ts';
import { openedSession, openSession, sessionCall } from '../../node/core/messages/session.ts';
import { beijingTime } from '../beijing-time.ts';
import type { Clock, Members, NodeCaller } from '../ports.ts';
import type { Handlers } from './handler.ts';
import { SessionRoutes } from './session-routes.ts';

const NOTHING = new Uint8Array(0);
const MAX_SESSIONS = 50_000;

export function sessionRoutes(
  { nodeTimeoutMs: timeoutMs }: { nodeTimeoutMs: number },
  { members, nodes, clock }: { members: Members; nodes: NodeCaller; clock: Clock },
) {
  const routes = new SessionRoutes(MAX_SESSIONS, clock);

  function known(text: string): MemberId {
    const id = parseMemberId(text);
    if (!members.get(id)) throw new XinlianError('MEMBER_UNKNOWN', { member: id });
    return id;
  }

  return {
    async openSession({ body, signal }) {
      const member = known(body.member);
      const opened = await nodes.call(member, 'session/open', openSession.encode(body), { signal, timeoutMs });
      const { session, expires } = openedSession.decode(opened);
      routes.remember(session, member, expires);
      return { session, expires: beijingTime(expires) };
    },

    callSession({ params, query, body, signal }) {
      const member = query.member === undefined ? routes.find(params.session) : known(query.member);
      if (!member) throw new XinlianError('NOT_FOUND', { what: 'session', id: params.session });
      const header = encodeParcel(sessionCall.encode(params), NOTHING);
      return nodes.call(member, 'session/call', concat(header, body), { signal, timeoutMs });
    },
  } satisfies Partial<Handlers>;
}
