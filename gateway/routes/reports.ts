// Whether a credit report holds: its centre is asked when somebody asks, and nothing is kept.
import { parseMemberId } from '../../node/core/ids.ts';
import { reportQuestion, reportStanding, type ReportQuestion } from '../../node/core/messages/report.ts';
import type { ReportCheck } from '../api/reports.ts';
import { beijingTime } from '../beijing-time.ts';
import { PAGE_POLICY } from '../pages/public.ts';
import { reportCheckPage, reportCheckUrl } from '../pages/report.ts';
import type { Clock, Members, NodeCaller } from '../ports.ts';
import type { Handlers } from './handler.ts';

interface Options {
  baseUrl: string;
  nodeTimeoutMs: number;
}

export function reportRoutes(
  { baseUrl, nodeTimeoutMs }: Options,
  { members, nodes, clock }: { members: Members; nodes: NodeCaller; clock: Clock },
) {
  async function check(question: ReportQuestion, signal: AbortSignal): Promise<ReportCheck> {
    const member = parseMemberId(question.member);
    const answer = await nodes.call(member, 'report/standing', reportQuestion.encode(question), {
      signal,
      timeoutMs: nodeTimeoutMs,
    });
    const standing = reportStanding.decode(answer);
    return { ...standing, time: beijingTime(standing.time), centre: members.get(member)?.name ?? member };
  }

  return {
    checkReport: ({ params, query, signal }) => check({ ...params, ...query }, signal),

    async getReportPage({ params, query, signal, header }) {
      const checked = await check({ ...params, ...query }, signal);
      header('content-security-policy', PAGE_POLICY);
      const printed = beijingTime(Math.floor(clock.now() / 1000));
      return reportCheckPage(checked, { url: reportCheckUrl(baseUrl, checked), printed });
    },
  } satisfies Partial<Handlers>;
}
