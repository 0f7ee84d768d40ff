// Mistakes that files really have, one to a row. The same row without its mistake is what its clerk would mend it to.
import type { SampleItem, SampleRow } from './rows.ts';

type Break = (row: SampleRow) => SampleRow;

const common = (prefix: 'XK' | 'CF'): readonly Break[] => [
  (row) => ({ ...row, [`${prefix}_XDR_SHXYM`]: otherLast(row[`${prefix}_XDR_SHXYM`] ?? '') }),
  (row) => ({ ...row, [`${prefix}_WSH`]: '' }),
  (row) => ({ ...row, [`${prefix}_JDRQ`]: '2024/02/30' }),
  (row) => ({ ...row, [`${prefix}_XDR_LB`]: '自然人' }),
];

/** In turn: a wrong check character, no document number, a date that is none, a natural person, then what differs. */
export const FAULTS: Readonly<Record<SampleItem, readonly Break[]>> = {
  xk: [
    ...common('XK'),
    (row) => ({ ...row, XK_ZT: '有效' }),
    (row) => ({ ...row, XK_JDRQ: '2098/01/01' }),
    (row) => ({ ...row, XK_YXQZI: '2001/01/01' }),
    (row) => ({ ...row, XK_XKWS: '许可决定书'.repeat(20) }),
  ],
  cf: [
    ...common('CF'),
    (row) => ({ ...row, CF_NR_FK: '三万元整' }),
    (row) => ({ ...row, CF_JDRQ: '2098/01/01' }),
    (row) => ({ ...row, CF_CFJGDM: (row['CF_CFJGDM'] ?? '').slice(1) }),
    (row) => ({ ...row, CF_NR_FK: '1.23456789' }),
  ],
};

function otherLast(code: string): string {
  return code.slice(0, -1) + (code.endsWith('3') ? '4' : '3');
}
