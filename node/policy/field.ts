// The types of fields: what a cell's text may be, and the claim that it gives.
import { parseAttachment } from '../core/attachment.ts';
import type { ClaimValue } from '../core/disclosure.ts';
import { XinlianError } from '../core/errors.ts';
import type { RowFault } from '../core/messages/publish.ts';
import { inspectUscc, type UsccInspection } from '../core/uscc.ts';
import { parseDate } from './date.ts';
import type { Field } from './pack.ts';

/** Attachments of one field. */
const MOST_ATTACHMENTS = 16;

/** Reads a cell that is not empty, in the form of `plainText`. `today`: the date in China. */
export type FieldReader = (
  text: string,
  today: string,
) => { value: ClaimValue; warning?: RowFault } | { fault: RowFault };

export function fieldReader(field: Field): FieldReader {
  const fault = (code: string, wanted: string, text: string) => ({
    fault: { field: field.name, code, wanted: `${field.zh}: ${wanted}`, got: text.slice(0, 80) },
  });
  const read = readerOf(field, fault);
  return (text, today) => {
    if (CELL_ERROR.test(text)) return fault('cell-error', 'a value, not the error of a formula', text);
    return read(text, today);
  };
}

/** What spreadsheets show where a formula fails, or where a column is too narrow. */
const CELL_ERROR = /^#(?:N\/A|REF!|VALUE!|DIV\/0!|NAME\?|NUM!|NULL!|SPILL!|CALC!|GETTING_DATA|ERROR!|#{3,})$/;
/** A long number as a spreadsheet rounds it: 9.144E+17. */
const ROUNDED = /^\d(?:\.\d+)?E\+\d{2,}$/i;
/** What stands for a date without end. */
const OPEN_ENDED = new Set(['长期', '长期有效', '永久', '永久有效', '无固定期限']);

type Fault = (code: string, wanted: string, text: string) => { fault: RowFault };

function readerOf(field: Field, fault: Fault): FieldReader {
  switch (field.type) {
    case 'text':
      return (text) => {
        if (!field.free && ROUNDED.test(text))
          return fault('rounded', 'all of its digits: a spreadsheet rounded them, format the cells as text', text);
        if (text.length > field.max && [...text].length > field.max)
          return fault('length', `at most ${field.max} characters`, `${[...text].length} characters`);
        if (!text.isWellFormed()) return fault('encoding', 'Unicode text', 'half of a character');
        if (field.values && !field.values.includes(text)) return fault('value', field.values.join(', '), text);
        return { value: text };
      };
    case 'uscc':
      return (text) => {
        const result = inspectUscc(text);
        if (isRounded(text, result))
          return fault('rounded', 'a code of 18 characters: a spreadsheet rounded it, format the cells as text', text);
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
        const date = field.openEnded && OPEN_ENDED.has(text) ? field.openEnded : parseDate(text);
        if (!date) return fault('date', 'a date that exists, as 2026/04/01', text);
        if (field.past && date > today) return fault('future-date', `a date not after ${today}`, text);
        return { value: date };
      };
    case 'decimal':
      return (text) => {
        const { number, unit } = splitAmount(text);
        const decimal = canonicalDecimal(number);
        if (decimal === undefined) return fault('decimal', 'an amount in digits, as 12.5', text);
        if (unit !== undefined && field.unit !== undefined && unit !== field.unit)
          return fault('unit', `an amount in ${field.unit}`, text);
        const [whole = '', fraction = ''] = decimal.replace('-', '').split('.');
        if (fraction.length > field.scale || whole.length > field.precision - field.scale) {
          return fault(
            'decimal',
            `at most ${field.precision - field.scale} digits before the point and ${field.scale} behind`,
            text,
          );
        }
        if (unit === undefined) return { value: decimal };
        const wanted = `${field.zh}: an amount without its unit`;
        return { value: decimal, warning: { field: field.name, code: 'unit', wanted, got: text } };
      };
    case 'integer':
      return (text) => {
        if (!/^-?(?:0|[1-9]\d{0,14})$/.test(text)) return fault('integer', 'a whole number', text);
        if (field.values && !field.values.includes(text)) return fault('value', field.values.join(', '), text);
        return { value: Number(text) };
      };
    case 'attachments':
      return (text) => {
        const names = text.split(' ');
        const wrong = names.find((name) => !isAttachment(name));
        if (wrong !== undefined)
          return fault('attachment', 'names of attachments, as xa1.…, a space between them', wrong);
        if (names.length > MOST_ATTACHMENTS || new Set(names).size < names.length)
          return fault('attachment', `at most ${MOST_ATTACHMENTS}, each once`, `${names.length} names`);
        return { value: text };
      };
  }
}

function isAttachment(name: string): boolean {
  try {
    parseAttachment(name);
    return true;
  } catch (error) {
    if (!XinlianError.is(error)) throw error;
    return false;
  }
}

/** Spreadsheets keep 15 digits, and put noughts behind them. */
function isRounded(text: string, result: UsccInspection): boolean {
  return ROUNDED.test(text) || (/^\d{15}000$/.test(text) && !(result.ok && result.innerCheck));
}

/** 人民币¥5,000.00元整: the number, and the unit where there is one. */
function splitAmount(text: string): { number: string; unit?: string } {
  const match = /^(?:人民币|RMB)?\s*[¥￥]?\s*(.*?)\s*(?:(万)元?|(元))?整?$/.exec(text);
  const unit = match?.[2] !== undefined ? '万元' : match?.[3];
  return { number: match?.[1] ?? text, ...(unit !== undefined && { unit }) };
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
