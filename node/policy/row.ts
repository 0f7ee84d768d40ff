// A row of a file, as its sender wrote it → the claims of a record, or every fault that it has.
import type { ClaimValue } from '../core/disclosure.ts';
import type { RowFault } from '../core/messages/publish.ts';
import { inspectUscc, isSoleTrader, type Uscc } from '../core/uscc.ts';
import { unitWarning } from './amounts.ts';
import { plainText } from './cell-text.ts';
import { fieldReader } from './field.ts';
import type { CatalogueItem, Field } from './pack.ts';
import { maskPersonal, personalNumbers } from './personal-numbers.ts';
import { isResidentId } from './resident-id.ts';

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

  const free = item.fields.flatMap((field) => (field.type === 'text' && field.free ? [field.name] : []));

  return (row, today) => {
    const faults: RowFault[] = [];
    const warnings: RowFault[] = [];
    const cells = new Map<string, string>();
    let natural = false;
    for (const name in row) {
      const field = columns.get(name) ?? columns.get(name.trim());
      const value = row[name];
      if (!field) {
        if (value !== null && value !== '') warnings.push(unknownColumn(name));
        continue;
      }
      const text = cellText(value);
      if (text === undefined) {
        const wanted = `${field.zh}: text, a number of at most 15 digits, or nothing`;
        faults.push({ field: field.name, code: 'type', wanted, got: typeof value });
        continue;
      }
      if (text === '') continue;
      const cell = plainText(field, text);
      if (cell === '') continue;
      if (field.name === item.category && cell === NATURAL_PERSON) natural = true;
      if (cells.has(field.name) && cells.get(field.name) !== cell) {
        faults.push({ field: field.name, code: 'twice', wanted: 'one value', got: 'two columns with two values' });
      }
      cells.set(field.name, cell);
    }

    const category = cells.get(item.category);
    const code = cells.get(item.subject);
    const inspected = code === undefined ? undefined : inspectUscc(code);
    const personOnly = code === undefined && item.naturalId !== undefined && cells.has(item.naturalId);
    // A resident's id number has the length of a code, and passes its check character one time in 31.
    const sureCode = inspected?.ok === true && inspected.innerCheck;
    if (natural || personOnly || (code !== undefined && !sureCode && isResidentId(code))) {
      // One reason is enough, and nothing else of a person's row is looked at or sent back.
      const wanted = 'an enterprise: natural persons are not taken';
      const fault = { field: item.category, code: 'natural-person', wanted, got: NATURAL_PERSON };
      return { ok: false, faults: [fault], warnings: [] };
    }
    const soleTrader = inspected?.ok === true && isSoleTrader(inspected.uscc);
    if (soleTrader && category !== undefined && category !== SOLE_TRADER) {
      warnings.push({
        field: item.category,
        code: 'category',
        wanted: `${SOLE_TRADER}: the code says so`,
        got: category,
      });
    }

    const texts = free.map((name) => cells.get(name) ?? '');
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
          warnings.push(...doubts(field, value, texts));
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

/** What is no fault, and likely a mistake. `texts`: what the row says in words. */
function doubts(field: Field, value: ClaimValue, texts: readonly string[]): RowFault[] {
  if (typeof value !== 'string') return [];
  if (field.type === 'decimal') {
    const warning = unitWarning(field, value, texts);
    return warning ? [warning] : [];
  }
  if (field.type !== 'text' || !field.free || personalNumbers(value).length === 0) return [];
  const wanted = `${field.zh}: no identity or phone numbers of persons`;
  return [{ field: field.name, code: 'personal-number', wanted, got: maskPersonal(value).slice(0, 80) }];
}

function unknownColumn(name: string): RowFault {
  const got = name.slice(0, 80).toWellFormed();
  return { field: got, code: 'unknown-column', wanted: 'a column of the standard', got };
}

/** @returns undefined for what no cell can be: an object, a list, a number that JSON has rounded */
function cellText(value: unknown): string | undefined {
  if (value === null || value === undefined) return '';
  if (typeof value === 'string') return value.trim();
  if (typeof value === 'boolean') return String(value);
  if (typeof value !== 'number') return undefined;
  return Number.isInteger(value) && !Number.isSafeInteger(value) ? undefined : String(value);
}
