import { AttachmentRead } from '../../node/core/messages/attachment.ts';
import { define } from './endpoint.ts';
import { MAX_ATTACHMENT_READ_BYTES } from './limits.ts';

export const readAttachment = define({
  method: 'POST',
  path: '/v1/attachments/chunks',
  tag: 'Queries',
  summary: 'One chunk of an attachment',
  description:
    'A query that asks for an attachment (docs/protocol.md, section 11) is answered with an offer: a handle, and the secret ' +
    'that chunks are sealed with. This carries a chunk of up to 1 MiB, which the gateway cannot read. The provider judges ' +
    'the query anew before each. Chunks come in any order and as often as you like: a transfer goes on where it was cut.',
  scope: 'queries',
  rate: 'bulk',
  idempotency: { kind: 'natural', natural: 'it changes nothing' },
  request: { kind: 'json', schema: AttachmentRead, maxBytes: MAX_ATTACHMENT_READ_BYTES },
  response: { kind: 'bytes', mediaTypes: ['application/octet-stream'] },
  problems: ['GRANT_REFUSED', 'MALFORMED', 'NOT_FOUND', 'UNAUTHENTICATED', 'UNREACHABLE', 'TIMEOUT', 'OVERLOADED'],
});
