// Rules of what different sources show of one log.
import { toBase64 } from '../../core/bytes.ts';
import type { Rule } from '../rule.ts';

interface View {
  size: number;
  root: Uint8Array;
  /** Who showed it. */
  source: string;
}

export interface ViewFacts {
  smaller: View;
  larger: View;
  /** Whether the larger tree was shown to extend the smaller one. */
  consistent: boolean;
}

export const viewRules: readonly Rule<ViewFacts>[] = [
  {
    id: 'split-view',
    version: 1,
    severity: 'violation',
    evidence: 'source',
    zh: '同一日志向不同来源出示互不延续的检查点（分裂视图）',
    en: 'Two sources show checkpoints of one log of which neither extends the other: a split view',
    check: ({ smaller, larger, consistent }) =>
      consistent
        ? undefined
        : { source: `${smaller.source}, ${larger.source}`, wanted: text(smaller), got: text(larger) },
  },
];

function text({ size, root, source }: View): string {
  return `size ${size}, root ${toBase64(root)} at ${source}`;
}
