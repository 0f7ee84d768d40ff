// Attachments on the wire: sent to the own node, and fetched from a provider. docs/protocol.md, section 11.
import { Type, type Static } from 'typebox';
import { AttachmentText } from '../attachment.ts';
import { codec } from './codec.ts';

const closed = { additionalProperties: false };
const index = Type.Integer({ minimum: 0, maximum: 1023, description: 'Of a chunk, from 0' });

export const OpenAttachment = Type.Object(
  {
    attachment: AttachmentText,
    leaves: Type.String({ description: 'Leaf hash of each chunk, one behind the other, base64url' }),
  },
  closed,
);
export type OpenAttachment = Static<typeof OpenAttachment>;

export const AttachmentState = Type.Object(
  {
    attachment: AttachmentText,
    chunks: Type.Integer({ description: 'That it has' }),
    received: Type.Integer({ description: 'Chunks that are durable here: the next one has this index' }),
  },
  closed,
);
export type AttachmentState = Static<typeof AttachmentState>;

/** Goes before the bytes of a chunk. */
export const AttachmentChunk = Type.Object({ attachment: AttachmentText, index }, closed);
export type AttachmentChunk = Static<typeof AttachmentChunk>;

export const AttachmentRead = Type.Object(
  {
    provider: Type.String({ pattern: '^0x[0-9a-f]{64}$', description: 'Member id' }),
    handle: Type.String({ maxLength: 65_536, description: 'Of the provider’s offer' }),
    index,
  },
  closed,
);
export type AttachmentRead = Static<typeof AttachmentRead>;

export const openAttachment = codec('attachment', OpenAttachment);
export const attachmentState = codec('attachment state', AttachmentState);
export const attachmentChunk = codec('attachment chunk', AttachmentChunk);
export const attachmentRead = codec('attachment read', AttachmentRead);
