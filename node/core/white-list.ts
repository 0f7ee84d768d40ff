// White lists 白名单: enterprises that an agency names to a bank, each under that enterprise's own grant to that bank. What is
// said of one is an event of the list, signed and sealed as an answer to a query is. docs/protocol.md, section 14.
import { Type, type Static } from 'typebox';
import { canonicalize } from './canonical.ts';
import { textDigest } from './receipt.ts';

const closed = { additionalProperties: false };
const memberId = Type.String({ pattern: '^0x[0-9a-f]{64}$' });

export const WhiteListIdText = Type.String({
  pattern: '^[A-Za-z0-9_-]{21}[AQgw]$',
  description: 'White list: 16 random bytes, base64url',
});
export const Edition = Type.Integer({ minimum: 1, maximum: 2 ** 31 - 1, description: 'Each replaces the one before' });

/** What an edition of a list says of itself. */
export const WhiteList = Type.Object(
  {
    list: WhiteListIdText,
    edition: Edition,
    name: Type.String({ minLength: 1, maxLength: 100 }),
    purpose: Type.String({ description: 'That of the grants that it rests on: a code of the rules of grants' }),
    criteria: Type.String({
      minLength: 1,
      maxLength: 4_000,
      description: 'By what enterprises are chosen, in plain words',
    }),
    items: Type.Array(Type.String(), { minItems: 1, maxItems: 32, description: 'Items whose records go with each' }),
    grantee: { ...memberId, description: 'The bank' },
  },
  closed,
);
export type WhiteList = Static<typeof WhiteList>;

/** SHA-256 of the RFC 8785 form, base64url: what the events of an edition have as `request`. */
export function listDigest(list: WhiteList): string {
  return textDigest(canonicalize(list));
}
