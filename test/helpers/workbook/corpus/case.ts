// An ugly file, and what must come of it.
import { builtInCatalogue, type CatalogueItem } from '../../../../node/policy/pack.ts';
import { licence, penalty, type Row } from '../../rows.ts';
import type { CellSpec, RowSpec } from '../xlsx.ts';

/** What must come of a row. */
export interface ExpectedRow {
  /** Where in the file, `sheet!line` where there are sheets. */
  at: number | string;
  /** The row that it says the same as, where it is taken. */
  as?: Row;
  /** `FIELD: code`, where it is not. */
  faults?: string[];
  /** `FIELD: code` */
  warnings?: string[];
}

export interface UglyFile {
  what: string;
  /** Its name, whose ending may be wrong. */
  name: string;
  bytes: () => Promise<Uint8Array> | Uint8Array;
  item?: 'xk' | 'cf';
  mask?: boolean;
  rows?: ExpectedRow[];
  /** `code sheet count` */
  remarks?: string[];
  /** Words of the refusal of the whole file. */
  refused?: RegExp;
}

export const xk = builtInCatalogue.item('xk');
export const cf = builtInCatalogue.item('cf');

/** Licences 1 to n, or others with a change each. */
export function licences(...changes: Row[]): Row[] {
  return changes.map((change, i) => licence(i + 1, change));
}

export function penalties(...changes: Row[]): Row[] {
  return changes.map((change, i) => penalty(i + 1, change));
}

/** Columns of a file: those that the rows of the tests have. */
export function namesOf(item: CatalogueItem): string[] {
  return Object.keys(item === xk ? licence(1) : penalty(1));
}

export function headings(item: CatalogueItem, names = namesOf(item)): string[] {
  return names.map((name) => item.fields.find((field) => field.name === name)?.zh ?? name);
}

/** Cells of a row; `cells`: those that are not simply text. */
export function cells(row: Row, item: CatalogueItem, other: Record<string, CellSpec> = {}): CellSpec[] {
  return namesOf(item).map((name) => {
    if (name in other) return other[name];
    const value = row[name];
    return typeof value === 'number' ? String(value) : typeof value === 'string' && value !== '' ? value : undefined;
  });
}

/** A heading row, and rows of text below. */
export function plainTable(item: CatalogueItem, rows: readonly Row[]): RowSpec[] {
  return [headings(item), ...rows.map((row) => cells(row, item))];
}
