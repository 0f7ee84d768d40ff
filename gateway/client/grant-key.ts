// The file that withdraws a grant: its terms and its grant key, which stay with the enterprise.
import { Type } from 'typebox';
import { fromBase64Url, toBase64Url } from '../../node/core/bytes.ts';
import { grantHashOf } from '../../node/core/ids.ts';
import type { DraftGrant } from '../../node/core/make-grant.ts';
import { codec } from '../../node/core/messages/codec.ts';
import { GrantTermsText, termsOf } from '../../node/core/messages/grant.ts';

const keyFile = codec(
  'grant key file',
  Type.Object(
    { type: Type.Literal('xinlian/grant-key/v1'), terms: GrantTermsText, key: Type.String() },
    { additionalProperties: false },
  ),
);

/** Who has the text can withdraw the grant, and nothing else. */
export function encodeGrantKey({ terms, key }: Pick<DraftGrant, 'terms' | 'key'>): string {
  return `${JSON.stringify({ type: 'xinlian/grant-key/v1', terms, key: toBase64Url(key) }, null, 2)}\n`;
}

/** @param text UTF-8. Throws `MALFORMED`. */
export function parseGrantKey(text: Uint8Array): Pick<DraftGrant, 'terms' | 'hash' | 'key'> {
  const { terms: told, key } = keyFile.decode(text);
  const terms = termsOf(told);
  return { terms, hash: grantHashOf(terms), key: fromBase64Url(key, 32) };
}
