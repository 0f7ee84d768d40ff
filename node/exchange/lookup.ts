// What records are found by besides their subject's code: names and numbers, under the vault's own key.
import { SUBJECT_BYTES, type RecordVault } from './vault.ts';

/** Bytes of a key, as of a subject's. */
export const LOOKUP_BYTES = SUBJECT_BYTES;

/** One spelling of a name or a number: full-width forms, spaces and the case of letters make no difference. */
export function plainText(text: unknown): string {
  return typeof text === 'string' ? text.normalize('NFKC').replaceAll(/\s+/g, '').toUpperCase() : '';
}

/** @returns 16 bytes that tell nobody without the vault what they stand for */
export function lookupKey(vault: RecordVault, kind: 'name' | 'number', text: string): Uint8Array {
  return vault.digest(kind, plainText(text)).subarray(0, LOOKUP_BYTES);
}
