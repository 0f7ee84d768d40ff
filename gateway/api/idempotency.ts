// What a POST does when it is sent again under the same Idempotency-Key
// (draft-ietf-httpapi-idempotency-key-header). Every POST says so in its definition.

/** How long a key is remembered at least, where neither a restart nor newer keys push it out; seconds. */
export const KEY_SECONDS = 24 * 3600;

/** Keys of one client that are remembered at the same time; the oldest makes room. */
export const KEYS_OF_ONE = 2_000;

/** Answers of one client that are kept at the same time, in bytes. */
export const KEPT_BYTES_OF_ONE = 8 << 20;

/** The longest answer that is kept: a longer one is made anew. */
export const KEPT_ANSWER_BYTES = 1 << 20;

export interface Idempotency {
  /**
   * kept: the answer is kept by the gateway and given again as it was; `natural` says what happens once it is forgotten.
   * natural: nothing is kept; the operation itself is safe to repeat, at any gateway and whatever was restarted.
   */
  readonly kind: 'kept' | 'natural';
  /** What the operation is by itself when it comes twice. */
  readonly natural: string;
}

/** One key, in both spellings: the string of a structured field (RFC 9651, section 3.3.3), or bare. */
export const IDEMPOTENCY_KEY_PATTERN =
  '^(?:"(?:[\\x20-\\x21\\x23-\\x5b\\x5d-\\x7e]|\\\\["\\\\]){1,128}"|(?!")[\\x21-\\x7e]{1,128})$';

/** The key that a header spells: `"a"` and `a` are the same. */
export function parseIdempotencyKey(text: string): string {
  return /^".+"$/s.test(text) ? text.slice(1, -1).replaceAll(/\\(["\\])/g, '$1') : text;
}

/** For people, and for the OpenAPI document. */
export function guaranteeOf({ kind, natural }: Idempotency): string {
  if (kind === 'natural') return `Sent again: ${natural}. A gateway keeps nothing for it.`;
  return (
    `Sent again under the same Idempotency-Key: the answer of the first time, for ${KEY_SECONDS / 3600} hours or until ` +
    `${KEYS_OF_ONE} newer keys of yours; after that, at another gateway or without a key: ${natural}.`
  );
}
