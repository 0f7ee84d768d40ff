// Queries: carried sealed, to all providers at the same time, over the streams that are open.
import { fromUtf8, utf8 } from '../../node/core/bytes.ts';
import { XinlianError } from '../../node/core/errors.ts';
import { requestState } from '../../node/core/grant-request.ts';
import { parseMemberId, type MemberId } from '../../node/core/ids.ts';
import { encodeParcel } from '../../node/core/messages/codec.ts';
import { addressed, type RpcMethod } from '../../node/core/messages/node.ts';
import { journalled } from '../../node/core/query.ts';
import type { Api } from '../api/api.ts';
import type { QueryPart } from '../api/queries.ts';
import type { Members, NodeCaller } from '../ports.ts';
import { toProblem } from '../problems/problem.ts';
import type { Call, Handlers } from './handler.ts';

/** A query waits for its consumption to become final: minutes, on a slow chain. */
const JOURNAL_MS = 120_000;

export function queryRoutes(
  { nodeTimeoutMs }: { nodeTimeoutMs: number },
  { nodes, members }: { nodes: NodeCaller; members: Pick<Members, 'get'> },
) {
  function send(
    member: MemberId,
    method: RpcMethod,
    sealed: string,
    { signal, timeoutMs = nodeTimeoutMs }: { signal: AbortSignal; timeoutMs?: number },
  ): Promise<Uint8Array> {
    return nodes.call(member, method, encodeParcel(addressed.encode({ member }), utf8(sealed)), { signal, timeoutMs });
  }

  async function ask(
    { provider, query }: { provider: string; query: string },
    requestId: string,
    options: { signal: AbortSignal; timeoutMs: number },
  ): Promise<QueryPart> {
    try {
      const id = parseMemberId(provider);
      const { status = 'active' } = members.get(id) ?? {};
      // No peer lets it in, and that is nothing which passes in a moment.
      if (status !== 'active')
        throw new XinlianError('MEMBER_NOT_ENTITLED', { member: id, wanted: 'active', got: status });
      const answer = await send(id, 'query/answer', query, options);
      return { provider, outcome: 'answer', answer: fromUtf8(answer) };
    } catch (error) {
      if (options.signal.aborted) throw error;
      // What one provider fails with must not cost the answers of the others.
      const problem = toProblem(error, { language: 'en', requestId });
      return { provider, outcome: isUnreached(error) ? 'unreachable' : 'error', problem };
    }
  }

  /** The same under a grant and under a share basis: what is carried is sealed. */
  async function run({ caller, body, signal }: Pick<Call<Api['runQuery']>, 'caller' | 'body' | 'signal'>) {
    const { query, journal, parts, deadlineMs = nodeTimeoutMs } = body;
    const noted = await send(caller.member, 'query/journal', journal, { signal, timeoutMs: JOURNAL_MS });
    const { consumed, query: id } = journalled.decode(noted);
    if (id !== query)
      throw new XinlianError('MALFORMED', { what: 'query', wanted: `the journal’s, ${id}`, got: query });
    const options = { signal, timeoutMs: deadlineMs };
    return { query, consumed, parts: await Promise.all(parts.map((part) => ask(part, query, options))) };
  }

  return {
    runQuery: run,
    runShareQuery: run,

    async callAsSubject({ params, body, signal }) {
      return { answer: fromUtf8(await send(parseMemberId(params.member), 'subject/call', body.call, { signal })) };
    },

    async reconcileDay({ params, body, signal }) {
      return { page: fromUtf8(await send(parseMemberId(params.member), 'day/lines', body.question, { signal })) };
    },

    async requestGrant({ params, body, signal }) {
      return requestState.decode(await send(parseMemberId(params.member), 'request/put', body.request, { signal }));
    },

    async getGrantRequest({ params, body, signal }) {
      return requestState.decode(await send(parseMemberId(params.member), 'request/state', body.question, { signal }));
    },
  } satisfies Partial<Handlers>;
}

function isUnreached(error: unknown): boolean {
  return (['UNREACHABLE', 'TIMEOUT', 'CANCELLED', 'CLOSED', 'OVERLOADED'] as const).some((code) =>
    XinlianError.is(error, code),
  );
}
