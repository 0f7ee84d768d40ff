// A case of recognition as a page: what a scan of its certificate shows. Nothing of whom it is about.
import type { CaseFacts } from '../api/recognition.ts';
import { escapeHtml as escape } from '../html.ts';
import { page, table } from './public.ts';

/** Where anybody sees how a recognition stands. */
export function recognitionUrl(baseUrl: string, id: string): string {
  return `${baseUrl}/v1/recognition/cases/${id}/page`;
}

export function recognitionPage(
  { id, state, recognised, stale, due, late, steps }: CaseFacts,
  { url, home, host, printed }: { url: string; home: string; host: string; printed: string },
): string {
  const standing = !recognised
    ? `未互认或已失效 Not recognised: ${state}`
    : stale
      ? '互认有效,所依据信息已变更 Recognised, but stale: something changed at home since'
      : '互认有效 Recognised';
  return page('信用报告互认 Recognition of a credit report', url, [
    `<p class="mark">${escape(standing)}</p>`,
    table([
      ['案件 Case', id],
      ['出具方 Home', home],
      ['受理方 Host', host],
      [state === 'recognised' ? '有效期至 Until' : '办理期限 Due', due ?? '—'],
      ['逾期环节 Late steps', String(late)],
    ]),
    '<h2>办理环节 Steps</h2>',
    table(
      steps.map(({ action, role, time, late: isLate }) => [action, `${role}, ${time}${isLate ? ' 逾期 late' : ''}`]),
    ),
    `<footer>查询时间 Asked ${escape(printed)}。依据链上记录。As the chain has it.</footer>`,
  ]);
}
