// Flags that commands about grants and share bases have in common.
import { malformed } from '../../node/core/errors.ts';
import { builtInCatalogue } from '../../node/policy/pack.ts';

/** `item:months`; a year where no months are named. Throws `MALFORMED`, `NOT_FOUND`. */
export function itemOf(text: string): { item: string; months: number } {
  const [code = '', months = '12'] = text.split(':');
  return { item: builtInCatalogue.item(code).item, months: wholeNumber('months', months) };
}

export function wholeNumber(what: string, text: string): number {
  return /^\d{1,9}$/.test(text) ? Number(text) : malformed(what, 'a whole number', text);
}
