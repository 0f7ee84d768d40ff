// What the answer to a chunk says of its rows, kept to what one frame carries.
import type { RowFault, RowOutcome } from '../core/messages/publish.ts';

/** Characters of faults that are told in full; a row that comes behind them is told its outcome. */
const MOST_CHARACTERS = 300_000;
/** Columns of a chunk that are told to be unknown. */
const MOST_COLUMNS = 100;

const UNTOLD: RowFault = { code: 'more', wanted: 'fewer faults in one chunk', got: 'too many to tell' };

/** The report of one chunk. */
export class RowReport {
  #left = MOST_CHARACTERS;
  readonly #columns = new Set<string>();

  /** The members of an outcome that tell faults and warnings; a column that the standard does not have is told once. */
  tell(faults: readonly RowFault[], warnings: readonly RowFault[]): Pick<RowOutcome, 'faults' | 'warnings'> {
    if (faults.length + warnings.length === 0) return {};
    const fresh = warnings.filter((warning) => warning.code !== 'unknown-column' || this.#isNew(warning.field ?? ''));
    this.#left -= lengthOf(faults) + lengthOf(fresh);
    if (this.#left < 0) return faults.length > 0 ? { faults: [UNTOLD] } : {};
    return { ...(faults.length > 0 && { faults: [...faults] }), ...(fresh.length > 0 && { warnings: fresh }) };
  }

  #isNew(column: string): boolean {
    if (this.#columns.has(column) || this.#columns.size === MOST_COLUMNS) return false;
    this.#columns.add(column);
    return true;
  }
}

/** Characters as JSON, roughly. */
function lengthOf(faults: readonly RowFault[]): number {
  return faults.reduce((sum, { field = '', code, wanted, got }) => {
    return sum + 50 + field.length + code.length + wanted.length + got.length;
  }, 0);
}
