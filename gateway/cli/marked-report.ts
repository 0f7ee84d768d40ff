// The report for a clerk: a workbook to mend and send again. It is written once all rows were answered.
import { createWriteStream, openAsBlob, openSync, closeSync, renameSync, rmSync } from 'node:fs';
import { Writable } from 'node:stream';
import { malformed } from '../../node/core/errors.ts';
import type { RowFault } from '../../node/core/messages/publish.ts';
import { Marks, type MarkKind } from '../workbook/marks.ts';
import { markPlain, markXlsx } from '../workbook/marked-workbook.ts';
import { ONLY_SHEET } from '../workbook/plain-parts.ts';
import type { LineOutcome } from './publish-file.ts';
import type { SourceFile } from './source-file.ts';

export class MarkedReport {
  readonly #path: string;
  readonly #source: SourceFile;
  readonly #marks = new Marks();

  /** Throws the system's error where it cannot be written, `MALFORMED` for a file that has no cells. */
  constructor(path: string, source: SourceFile) {
    if (!source.workbook) malformed('--report', 'a .csv or .json file: this one has no cells to mark', path);
    this.#path = path;
    this.#source = source;
    closeSync(openSync(this.#unfinished, 'w'));
  }

  take({ table, line, faults = [], warnings = [] }: LineOutcome): void {
    const sheet = table.sheet ?? ONLY_SHEET;
    const mark =
      (kind: MarkKind) =>
      (fault: RowFault): void => {
        const column = table.columns.findIndex((column) => column?.field === fault.field);
        this.#marks.add(sheet, line, Math.max(column, 0), { kind, text: wordsOf(kind, fault) });
      };
    for (const fault of faults) mark('rejected')(fault);
    for (const warning of warnings) mark('warning')(warning);
  }

  /** @returns what is to be said of it. Throws as reading the workbook again does. */
  async finish(): Promise<string[]> {
    const said: string[] = [];
    const sink = Writable.toWeb(createWriteStream(this.#unfinished));
    const { path, facts, workbook, packaged } = this.#source;
    if (packaged) await markXlsx(await openAsBlob(path), this.#marks, sink);
    else if (workbook) {
      await markPlain(workbook, facts.bytes, this.#marks, sink, (sheet) =>
        said.push(`${sheet}: more rows than a workbook takes: the report ends there`),
      );
    }
    renameSync(this.#unfinished, this.#path);
    if (this.#marks.leftOut > 0) said.push(`${this.#marks.leftOut} more cells are not marked: there are too many`);
    return said;
  }

  /** Takes away what was not finished. */
  close(): void {
    rmSync(this.#unfinished, { force: true });
  }

  get #unfinished(): string {
    return `${this.#path}.unfinished`;
  }
}

function wordsOf(kind: MarkKind, { code, wanted, got }: RowFault): string {
  const what = kind === 'rejected' ? '已退回 rejected' : '提示 warning';
  return `${what}: ${code}\n应为 wanted: ${wanted}\n实为 got: ${got}`;
}
