// A row of a file, as its sender wrote it → the claims of a record, or every fault that it has.
import type { ClaimValue } from '../core/disclosure.ts';
import type { RowFault } from '../core/messages/publish.ts';
import { inspectUscc, isSoleTrader, type Uscc } from '../core/uscc.ts';
import { parseDate } from './date.ts';
import type { CatalogueItem, Field } from './pack.ts';

/** A row that may be published. */
export interface NormalRow {
  subject: Uscc;
  /** Number of the document that the record is of: with item, agency and subject its business key. */
  document: string;
  /** Claims in the order of `CatalogueItem.claims`, but for the first, `agency`, which the publisher knows. */
  claims: ClaimValue[];
  /** Fields about persons, which are no claims; empty where there are none. */
  personal: Record<string, string>;
  warnings: RowFault[];
}

export type RowResult = { ok: true; row: NormalRow } | { ok: false; faults: RowFault[]; warnings: RowFault[] };

/** Reads rows of one item. `today` is the date in China (YYYY-MM-DD): a decision cannot be dated after it. */
export type RowReader = (row: Readonly<Record<string, unknown>>, today: string) => RowResult;

const NATURAL_PERSON = '自然人';
const SOLE_TRADER = '个体工商户';

/** The category of the USCC's holder decides; what the row says of it must agree. */
export function createRowReader(item: CatalogueItem): RowReader {
  const columns = new Map<string, Field>();
  for (const field of item.fields) {
    for (const name of [field.name, field.zh, ...(field.aliases ?? [])]) columns.set(name, field);
  }
  const readers = item.fields.map((field) => ({ field, read: fieldReader(field) }));

  return (row, today) => {
    const faults: RowFault[] = [];
    const warnings: RowFault[] = [];
    const cells = new Map<string, string>();
    for (const name in row) {
      const field = columns.get(name) ?? columns.get(name.trim());
      const value = row[name];
      if (!field) {
        if (value !== null && value !== '')
          warnings.push({ field: name, code: 'unknown-column', wanted: 'a column of the standard', got: name });
        continue;
      }
      const text = cellText(value);
      if (text === undefined) {
        faults.push({ field: field.name, code: 'type', wanted: 'text, a number or nothing', got: typeof value });
      } else if (text !== '') {
        if (cells.has(field.name) && cells.get(field.name) !== text) {
          faults.push({ field: field.name, code: 'twice', wanted: 'one value', got: 'two columns with two values' });
        }
        cells.set(field.name, text);
      }
    }

    const category = cells.get(item.category);
    const code = cells.get(item.subject);
    if (category === NATURAL_PERSON) {
      // One reason is enough, and nothing else of a person's row is looked at or sent back.
      return {
        ok: false,
        faults: [
          {
            field: item.category,
            code: 'natural-person',
            wanted: 'an enterprise: natural persons are not taken',
            got: NATURAL_PERSON,
          },
        ],
        warnings: [],
      };
    }
    const inspected = code === undefined ? undefined : inspectUscc(code);
    const soleTrader = inspected?.ok === true && isSoleTrader(inspected.uscc);
    if (soleTrader && category !== undefined && category !== SOLE_TRADER) {
      warnings.push({
        field: item.category,
        code: 'category',
        wanted: `${SOLE_TRADER}: the code says so`,
        got: category,
      });
    }

    const claims: ClaimValue[] = [];
    const personal: Record<string, string> = {};
    let validFrom: ClaimValue = null;
    let validTo: ClaimValue = null;
    for (const { field, read } of readers) {
      const text = cells.get(field.name);
      let value: ClaimValue = null;
      if (text === undefined) {
        if (field.required === 'always' || (field.required === 'organisation' && !soleTrader)) {
          faults.push({ field: field.name, code: 'required', wanted: `${field.zh}: a value`, got: 'nothing' });
        }
      } else {
        const result = read(text, today);
        if ('fault' in result) faults.push(field.personal ? { ...result.fault, got: '[personal]' } : result.fault);
        else {
          value = result.value;
          if (result.warning) warnings.push(result.warning);
        }
      }
      if (field.personal) {
        if (value !== null) personal[field.name] = String(value);
        continue;
      }
      if (field.name === item.validFrom) validFrom = value;
      if (field.name === item.validTo) validTo = field.type === 'date' && value === field.openEnded ? null : value;
      claims.push(value);
    }
    if (faults.length === 0 && typeof validFrom === 'string' && typeof validTo === 'string' && validTo < validFrom) {
      faults.push({ field: item.validTo, code: 'order', wanted: `a date not before ${validFrom}`, got: validTo });
    }
    if (faults.length > 0 || inspected?.ok !== true) return { ok: false, faults, warnings };
    return {
      ok: true,
      row: {
        subject: inspected.uscc,
        document: cells.get(item.document) ?? '',
        claims: [inspected.uscc, item.class, validFrom, validTo, ...claims],
        personal,
        warnings,
      },
    };
  };
}

/** @returns undefined for what no cell can be (an object, a list) */
function cellText(value: unknown): string | undefined {
  if (value === null || value === undefined) return '';
  if (typeof value === 'string') return value.trim();
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  return undefined;
}

type FieldReader = (text: string, today: string) => { value: ClaimValue; warning?: RowFault } | { fault: RowFault };

function fieldReader(field: Field): FieldReader {
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
