// Which chapter of a credit report an item stands in, by the edition of the report standard.
import { Type, type Static } from 'typebox';
import { codec } from '../core/messages/codec.ts';
import { REPORT_CHAPTERS, type ReportChapter } from '../core/report.ts';
import { closed, packHeader } from './pack-header.ts';
import pack from './packs/cn-credit-report.json' with { type: 'json' };

const ReportPack = Type.Object(
  {
    ...packHeader('report'),
    chapters: Type.Array(
      Type.Object(
        {
          chapter: Type.Enum([...REPORT_CHAPTERS]),
          zh: Type.String(),
          en: Type.String(),
          items: Type.Array(Type.String()),
        },
        closed,
      ),
      { minItems: REPORT_CHAPTERS.length, maxItems: REPORT_CHAPTERS.length },
    ),
  },
  closed,
);
type ReportPack = Static<typeof ReportPack>;

export class ReportStandard {
  readonly edition: string;
  readonly chapters: ReportPack['chapters'];

  /** Throws `MALFORMED`. */
  constructor(value: unknown) {
    const { edition, chapters } = codec('report standard', ReportPack).check(value);
    this.edition = edition;
    this.chapters = chapters;
  }

  /** What no chapter names stands in `other`. */
  chapterOf(item: string): ReportChapter {
    return this.chapters.find(({ items }) => items.includes(item))?.chapter ?? 'other';
  }
}

export const builtInReportStandard: ReportStandard = new ReportStandard(pack);
