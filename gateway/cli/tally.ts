// What became of the rows of a file: files get all of it, memory only what is told at the end.
import { resolve } from 'node:path';
import { malformed } from '../../node/core/errors.ts';
import { MarkedReport } from './marked-report.ts';
import type { LineOutcome } from './publish-file.ts';
import { issuesOf, ReportFile, type Issue } from './report.ts';
import type { SourceFile } from './source-file.ts';
import { TextFile } from './text-file.ts';

const MOST_HELD = 1_000;

export interface TallyFiles {
  /** Of .csv, .json or .xlsx; beside an .xlsx file goes a .json file. */
  report?: string | undefined;
  outcomes?: string | undefined;
}

export class Tally {
  readonly #report: ReportFile | undefined;
  readonly #marked: MarkedReport | undefined;
  readonly #outcomes: TextFile | undefined;
  /** The first faults. */
  readonly issues: Issue[] = [];
  issuesLeftOut = 0;
  warnings = 0;
  /** The first warnings. */
  readonly doubts: Issue[] = [];
  /** For each item, the row that stands last in its log. */
  readonly last = new Map<string, LineOutcome>();

  /** Throws `MALFORMED` for a report of another kind, the system's error for a file that cannot be written. */
  constructor({ report, outcomes }: TallyFiles, source: SourceFile) {
    if (report !== undefined && resolve(report) === resolve(source.path)) {
      malformed('--report', 'another file than the one that is sent', report);
    }
    const marked = report !== undefined && /\.xlsx$/i.test(report);
    if (marked) this.#marked = new MarkedReport(report, source);
    const list = marked ? report.replace(/\.xlsx$/i, '.json') : report;
    this.#report = list === undefined ? undefined : new ReportFile(list);
    this.#outcomes = outcomes === undefined ? undefined : new TextFile(outcomes);
  }

  take(outcomes: readonly LineOutcome[]): void {
    for (const outcome of outcomes) {
      const { table, ...told } = outcome;
      const sheet = table.sheet === undefined ? {} : { sheet: table.sheet };
      this.#outcomes?.write(`${JSON.stringify({ ...told, ...sheet })}\n`);
      const { item } = table.item;
      if ((outcome.position ?? -1) > (this.last.get(item)?.position ?? -1)) this.last.set(item, outcome);
      if (!outcome.faults && !outcome.warnings) continue;
      this.#takeIssues(issuesOf(outcome));
      this.#marked?.take(outcome);
    }
  }

  /** All rows were answered. @returns what is to be said of the report */
  async finish(): Promise<string[]> {
    return (await this.#marked?.finish()) ?? [];
  }

  close(): void {
    this.#marked?.close();
    this.#report?.close();
    this.#outcomes?.close();
  }

  #takeIssues(issues: readonly Issue[]): void {
    for (const issue of issues) {
      this.#report?.add(issue);
      if (issue.kind === 'warning') {
        this.warnings++;
        if (this.doubts.length < MOST_HELD) this.doubts.push(issue);
      } else if (this.issues.length < MOST_HELD) {
        this.issues.push(issue);
      } else {
        this.issuesLeftOut++;
      }
    }
  }
}
