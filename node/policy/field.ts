// The types of fields: what a cell's text may be, and the claim that it gives.
import type { ClaimValue } from '../core/disclosure.ts';
import type { RowFault } from '../core/messages/publish.ts';
import { inspectUscc } from '../core/uscc.ts';
import { parseDate } from './date.ts';
import type { Field } from './pack.ts';

/** Reads a cell that is not empty. `today`: the date in China. */
export type FieldReader = (
  text: string,
  today: string,
) => { value: ClaimValue; warning?: RowFault } | { fault: RowFault };

export function fieldReader(field: Field): FieldReader {
  const fault = (code: string, wanted: string, text: string) => ({
    fault: { field: field.name, code, wanted: `${field.zh}: ${wanted}`, got: text.slice(0, 80) },
  });
  switch (field.type) {
    case 'text':
      return (text) => {
        if (text.length > field.max && [...text].length > field.max)
          return fault('length', `at most ${field.max} characters`, `${[...text].length} characters`);
        if (!text.isWellFormed()) return fault('encoding', 'Unicode text', 'half of a character');
        if (field.values && !field.values.includes(text)) return fault('value', field.values.join(', '), text);
        return { value: text };
      };
    case 'uscc':
      return (text) => {
        const result = inspectUscc(text);
        if (!result.ok) return fault(result.fault, result.wanted, text);
        if (result.innerCheck) return { value: result.uscc };
        const warning = {
          field: field.name,
          code: 'organisation-check',
          wanted: `${field.zh}: characters 9 to 17 that pass GB 11714`,
          got: text,
        };
        return { value: result.uscc, warning };
      };
    case 'date':
      return (text, today) => {
        const date = text === '长期' && field.openEnded ? field.openEnded : parseDate(text);
        if (!date) return fault('date', 'a date that exists, as 2026/04/01', text);
        if (field.past && date > today) return fault('future-date', `a date not after ${today}`, text);
        return { value: date };
      };
    case 'decimal':
      return (text) => {
        const decimal = canonicalDecimal(text);
        if (decimal === undefined) return fault('decimal', 'an amount in digits, as 12.5', text);
        const [whole = '', fraction = ''] = decimal.replace('-', '').split('.');
        if (fraction.length > field.scale || whole.length > field.precision - field.scale) {
          return fault(
            'decimal',
            `at most ${field.precision - field.scale} digits before the point and ${field.scale} behind`,
            text,
          );
        }
        return { value: decimal };
      };
    case 'integer':
      return (text) => {
        if (!/^-?(?:0|[1-9]\d{0,14})$/.test(text)) return fault('integer', 'a whole number', text);
        if (field.values && !field.values.includes(text)) return fault('value', field.values.join(', '), text);
        return { value: Number(text) };
      };
  }
}

/** One form per number: no leading or trailing zeros, no plus, no exponent; thousands may stand apart by commas. */
function canonicalDecimal(text: string): string | undefined {
  const match = /^([+-]?)(\d+|\d{1,3}(?:,\d{3})+)(?:\.(\d*))?$/.exec(text);
  if (!match) return undefined;
  const whole = (match[2] ?? '').replaceAll(',', '').replace(/^0+(?=\d)/, '');
  const fraction = (match[3] ?? '').replace(/0+$/, '');
  const number = fraction === '' ? whole : `${whole}.${fraction}`;
  return match[1] === '-' && number !== '0' ? `-${number}` : number;
}
