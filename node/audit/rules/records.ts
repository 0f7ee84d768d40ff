// Rules of records that were opened to the auditor: are they those of the log, and were they published in time?
import { equalBytes, toBase64 } from '../../core/bytes.ts';
import type { Rule } from '../rule.ts';

export interface RecordFacts {
  /** Commitment of the entry that publishes a record of an item with a deadline; undefined where none stands there. */
  entry: Uint8Array | undefined;
  /** Commitment of what was handed over; `other` for what is no opening of such a record; undefined where nothing was. */
  opened: Uint8Array | 'other' | undefined;
  /** Where the record that it opens came too late: the last day of its deadline, and the day on which it was taken in. */
  late: { due: string; on: string } | undefined;
}

export const recordRules: readonly Rule<RecordFacts>[] = [
  {
    id: 'record-unopened',
    version: 1,
    severity: 'irregularity',
    evidence: 'opening',
    zh: '有公示时限的记录未交出决定日期(可能已按规定擦除)',
    en: 'A record with a deadline of publication was not opened: when it was decided is not known, or was erased',
    check: ({ entry, opened }) =>
      entry && opened === undefined ? { wanted: 'the record’s opening', got: 'none' } : undefined,
  },
  {
    id: 'record-opening',
    version: 1,
    severity: 'violation',
    evidence: 'opening',
    zh: '交出的记录内容与日志中的承诺值不符,或未示出决定日期',
    en: 'What was handed over as a record is not what its log committed to, or does not show when it was decided',
    check: ({ entry, opened }) => {
      if (opened === undefined || (entry && opened !== 'other' && equalBytes(entry, opened))) return undefined;
      return {
        wanted: entry ? toBase64(entry) : 'no opening of what is no such record',
        got: opened === 'other' ? 'other' : toBase64(opened),
      };
    },
  },
  {
    id: 'published-late',
    version: 1,
    severity: 'irregularity',
    evidence: 'opening',
    zh: '双公示逾期:自作出决定起超过规定工作日才公示',
    en: 'A record was published behind its deadline, which runs from the day of the decision',
    check: ({ entry, opened, late }) =>
      late && entry && opened instanceof Uint8Array && equalBytes(entry, opened)
        ? { wanted: `by ${late.due}`, got: late.on }
        : undefined,
  },
];
