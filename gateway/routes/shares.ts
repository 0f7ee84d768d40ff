// Sharing between agencies: carried sealed, to the agency that provides and back.
import { fromUtf8, utf8 } from '../../node/core/bytes.ts';
import { parseMemberId } from '../../node/core/ids.ts';
import { encodeParcel } from '../../node/core/messages/codec.ts';
import { addressed, type RpcMethod } from '../../node/core/messages/node.ts';
import type { NodeCaller } from '../ports.ts';
import type { Handlers } from './handler.ts';

export function shareRoutes({ nodeTimeoutMs: timeoutMs }: { nodeTimeoutMs: number }, { nodes }: { nodes: NodeCaller }) {
  async function carry(member: string, method: RpcMethod, sealed: string, signal: AbortSignal) {
    const id = parseMemberId(member);
    const argument = encodeParcel(addressed.encode({ member: id }), utf8(sealed));
    return { answer: fromUtf8(await nodes.call(id, method, argument, { signal, timeoutMs })) };
  }

  return {
    askShare: ({ params, body, signal }) => carry(params.member, 'share/ask', body.basis, signal),
    questionShare: ({ params, body, signal }) => carry(params.member, 'share/question', body.question, signal),
  } satisfies Partial<Handlers>;
}
