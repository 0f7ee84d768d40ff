// What two centres agree on, for tests.
import type { AgreementContent } from '../../node/core/agreement-content.ts';
import { builtInReportStandard } from '../../node/policy/report-standard.ts';

export function agreedContent(issuers: readonly string[], change: Partial<AgreementContent> = {}): AgreementContent {
  return {
    standards: [builtInReportStandard.edition],
    kinds: ['factual'],
    issuers: [...issuers],
    purposes: [{ code: 'licensing', zh: '行政审批', en: 'licensing' }],
    ageDays: 30,
    grades: { edition: '2026', map: [] },
    conducts: [],
    measures: [],
    benefits: [{ code: 'fast-track', zh: '容缺受理', en: 'taken before all papers are there' }],
    officers: { handles: '经办', decides: '审批' },
    deadlines: { check: 5, examine: 5, decide: 5, supplement: 10, appeal: 10, warn: 2 },
    ...change,
  };
}
