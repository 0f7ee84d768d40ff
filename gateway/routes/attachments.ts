// Attachments: their chunks, carried sealed.
import { parseMemberId } from '../../node/core/ids.ts';
import { attachmentRead } from '../../node/core/messages/attachment.ts';
import type { NodeCaller } from '../ports.ts';
import type { Handlers } from './handler.ts';

export function attachmentRoutes({ nodeTimeoutMs }: { nodeTimeoutMs: number }, { nodes }: { nodes: NodeCaller }) {
  return {
    readAttachment({ body, signal }) {
      const options = { signal, timeoutMs: nodeTimeoutMs };
      return nodes.call(parseMemberId(body.provider), 'attachment/read', attachmentRead.encode(body), options);
    },
  } satisfies Partial<Handlers>;
}
