// The rows of a batch job: read from NDJSON or CSV, each by itself, so that a bad one costs no other; and written to the
// result file in the same format.
import { fromUtf8, utf8 } from '../core/bytes.ts';
import { XinlianError } from '../core/errors.ts';
import { openJwe, type Agreement } from '../core/jwe.ts';
import type { JobManifest } from '../core/job.ts';
import { queryRow, type QueryResult, type QueryRow } from '../core/query.ts';
import type { RanQuery } from './query-runner.ts';
import { grantCheck, type CheckResult, type GrantCheck } from '../core/messages/check.ts';

type Format = JobManifest['format'];

type Fault = { what: string; wanted: string; got: string };
export type ReadRow = { check: GrantCheck } | { fault: Fault };
export type ReadQuery = { query: QueryRow } | { fault: Fault };

export interface JudgedRow {
  /** Counts from 1. */
  row: number;
  outcome: 'ok' | 'refused' | 'bad';
  result?: CheckResult;
  fault?: { what: string; wanted: string; got: string };
  /** Newest block that was known. */
  block?: number;
}

/** Columns that a CSV file may have, in any order; `items` are divided by spaces. */
const COLUMNS = ['grant', 'items', 'purpose', 'region'] as const;

/**
 * The rows of a chunk of whole lines. Empty lines are none.
 * @param columns of a CSV file: those of its first line; absent for that line itself, which then gives them
 */
export async function readRows(
  chunk: Uint8Array,
  format: Format,
  columns: readonly string[] | undefined,
  sealing: Agreement,
): Promise<{ rows: ReadRow[]; columns?: readonly string[] }> {
  const lines = linesOf(chunk);
  if (format === 'csv') {
    const own = columns ?? (lines[0] === undefined ? undefined : headingsOf(lines[0]));
    const rows = (columns ? lines : lines.slice(1)).map((line) => attempt(() => csvRow(line, own ?? [])));
    return { rows, ...(own && { columns: own }) };
  }
  const rows = await Promise.all(lines.map((line) => ndjsonRows(line, sealing)));
  return { rows: rows.flat() };
}

/** The queries of a chunk of whole lines, each by itself. Empty lines are none. */
export function readQueries(chunk: Uint8Array): ReadQuery[] {
  return linesOf(chunk).map((line) => {
    try {
      return { query: queryRow.decode(utf8(line)) };
    } catch (error) {
      if (!XinlianError.is(error, 'MALFORMED')) throw error;
      return { fault: error.details };
    }
  });
}

function linesOf(chunk: Uint8Array): string[] {
  let text: string;
  try {
    text = fromUtf8(chunk);
  } catch (error) {
    if (!XinlianError.is(error, 'MALFORMED')) throw error;
    // Line by line: what is not UTF-8 in one costs that one.
    text = new TextDecoder().decode(chunk);
  }
  return text
    .replace(/^\uFEFF/, '')
    .split('\n')
    .map((line) => line.replace(/\r$/, ''))
    .filter((line) => line.trim() !== '');
}

/** A row; or several, sealed to the node: `{"sealed": "…"}`, a compact JWE of NDJSON. */
async function ndjsonRows(line: string, sealing: Agreement): Promise<ReadRow[]> {
  const sealed = sealedOf(line);
  if (sealed === undefined) return [attempt(() => grantCheck.decode(new TextEncoder().encode(line)))];
  try {
    const { plaintext } = await openJwe(sealed, sealing);
    return linesOf(plaintext).map((inner) => attempt(() => grantCheck.decode(new TextEncoder().encode(inner))));
  } catch (error) {
    if (!XinlianError.is(error)) throw error;
    return [{ fault: { what: 'sealed rows', wanted: 'a compact JWE to this node', got: error.code } }];
  }
}

function sealedOf(line: string): string | undefined {
  if (!line.startsWith('{"sealed"')) return undefined;
  try {
    const { sealed, ...more } = JSON.parse(line) as { sealed?: unknown };
    return typeof sealed === 'string' && Object.keys(more).length === 0 ? sealed : undefined;
  } catch {
    return undefined; // told as a row that is no JSON
  }
}

function attempt(read: () => GrantCheck): ReadRow {
  try {
    return { check: read() };
  } catch (error) {
    if (!XinlianError.is(error, 'MALFORMED')) throw error;
    return { fault: error.details };
  }
}

function headingsOf(line: string): string[] {
  return (cellsOf(line) ?? []).map((name) => name.trim().toLowerCase());
}

function csvRow(line: string, columns: readonly string[]): GrantCheck {
  const wanted = (what: string, should: string, got: string): never => {
    throw new XinlianError('MALFORMED', { what, wanted: should, got: got.slice(0, 120) });
  };
  const unknown = columns.find((name) => !COLUMNS.some((known) => known === name));
  if (unknown !== undefined || !columns.includes('grant'))
    return wanted('headings', `of ${COLUMNS.join(', ')}, grant among them`, columns.join(','));
  const cells = cellsOf(line) ?? wanted('row', 'CSV, RFC 4180, a record a line', line);
  if (cells.length !== columns.length) return wanted('row', `${columns.length} cells`, `${cells.length}`);
  const value = (name: string): string | undefined => cells[columns.indexOf(name)]?.trim() || undefined;
  const [items, purpose, region] = [value('items')?.split(/\s+/), value('purpose'), value('region')];
  return grantCheck.check({
    grant: value('grant'),
    ...(items && { items }),
    ...(purpose !== undefined && { purpose }),
    ...(region !== undefined && { region }),
  });
}

/** The cells of one line of CSV (RFC 4180); undefined where a quote is out of place. */
function cellsOf(line: string): string[] | undefined {
  const cells: string[] = [];
  const cell = /(?:"((?:[^"]|"")*)"|([^",]*))(,|$)/y;
  for (;;) {
    const match = cell.exec(line);
    if (!match) return undefined;
    const [, quoted, plain = '', end] = match;
    cells.push(quoted === undefined ? plain : quoted.replaceAll('""', '"'));
    if (end === '') return cells;
  }
}

/** What stands before the first row of a result file. */
export function resultHead(format: Format): string {
  return format === 'csv' ? 'row,outcome,grant,reason,detail,block\n' : '';
}

export function resultLine(format: Format, { row, outcome, result, fault, block }: JudgedRow): string {
  const detail = result?.detail ?? (fault && `${fault.what}: wanted ${fault.wanted}, got ${fault.got}`);
  if (format === 'csv') {
    const cells = [row, outcome, result?.grant ?? '', result?.reason ?? '', detail ?? '', block ?? ''];
    return `${cells.map((cell) => csvCell(String(cell))).join(',')}\n`;
  }
  const line = {
    row,
    outcome,
    ...(result && { grant: result.grant }),
    ...(result?.reason !== undefined && { reason: result.reason }),
    ...(detail !== undefined && { detail }),
    ...(block !== undefined && { block }),
  };
  return `${JSON.stringify(line)}\n`;
}

/** A query that all providers answered is ok: what they say is sealed to the asker, a refusal too. */
export function queryLine(row: number, read: ReadQuery, ran: RanQuery | undefined): QueryResult {
  if ('fault' in read || !ran) {
    const fault = 'fault' in read ? read.fault : undefined;
    return { row, outcome: 'bad', ...(fault && { detail: `${fault.what}: wanted ${fault.wanted}, got ${fault.got}` }) };
  }
  const { query } = read.query;
  if ('reason' in ran) return { row, outcome: 'refused', query, ...ran };
  const all = ran.parts.every(({ outcome }) => outcome === 'answer');
  return { row, outcome: all ? 'ok' : 'refused', query, ...ran };
}

/** Quoted where it must be; and what a spreadsheet would take for a formula is text. */
function csvCell(text: string): string {
  const safe = /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}
