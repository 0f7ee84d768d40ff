// Credit reports in a node: joins the desk of hosted centres, and what hosted members give to centres, with the network.
import { peerOf } from './access.ts';
import { systemClock } from './chain/clock.ts';
import type { Follower } from './chain/follower.ts';
import { XinlianError } from './core/errors.ts';
import { parseLogId, parseMemberId, type MemberId } from './core/ids.ts';
import type { RpcMethod } from './core/messages/node.ts';
import { publicSearch } from './core/messages/register.ts';
import {
  provedPage,
  reportQuestion,
  reportStanding,
  standingPage,
  standingQuestion,
  type CompileReport,
  type ReportText,
} from './core/messages/report.ts';
import type { AnswerRecords } from './exchange/answer-records.ts';
import type { GroupCommit } from './exchange/group-commit.ts';
import { LineStandings } from './exchange/line-standings.ts';
import type { MemberNode } from './exchange/member-node.ts';
import type { Log } from './exchange/ports.ts';
import { ReportDesk } from './exchange/report-desk.ts';
import { ReportSource } from './exchange/report-source.ts';
import type { Life } from './life.ts';
import type { Lifecycle } from './lifecycle.ts';
import type { Host } from './net/host.ts';
import { builtInCatalogue } from './policy/pack.ts';
import { builtInReportStandard } from './policy/report-standard.ts';
import { builtInPolicies } from './policy/rules.ts';
import { builtInSpecialReports } from './policy/special-report.ts';
import { LevelReportStore } from './store/report-store.ts';
import type { Batch, Store } from './store/store.ts';

interface Needs {
  store: Store;
  commits: GroupCommit<Batch>;
  members: ReadonlyMap<MemberId, MemberNode<Batch>>;
  follower: Follower;
  life: Life;
  records: AnswerRecords<Batch>;
  log: Log;
}

export interface Reports {
  desk: ReportDesk<Batch>;
  standings: LineStandings;
  /** For an enterprise that orders it of itself. @throws FORBIDDEN where the member is no centre now */
  compileFor(member: MemberId, order: CompileReport): Promise<ReportText>;
  /** Registers the methods of the network. */
  serve(host: Host, started: Lifecycle): void;
}

export function openReports({ store, commits, members, follower, life, records, log }: Needs): Reports {
  const { view } = follower;
  let host: Host | undefined;
  const source = new ReportSource<Batch>({ register: life.register, records, clock: systemClock });
  const hosted = (id: string): MemberNode<Batch> => {
    const member = members.get(parseMemberId(id));
    if (!member) throw new XinlianError('MEMBER_UNKNOWN', { member: id });
    return member;
  };
  const call = (to: MemberId, method: RpcMethod, argument: Uint8Array, signal: AbortSignal): Promise<Uint8Array> => {
    if (!host) throw new XinlianError('CLOSED', { what: 'host' });
    return host.call(peerOf(follower, to), method, argument, { signal });
  };
  const standings = new LineStandings({
    view,
    ask: async (owner, question, signal) => {
      const own = members.get(owner);
      if (own) return source.standings(own.published(), question);
      return standingPage.decode(await call(owner, 'log/standing', standingQuestion.encode(question), signal));
    },
    policies: builtInPolicies,
    clock: systemClock,
    logger: log,
  });
  const desk = new ReportDesk<Batch>({
    store: new LevelReportStore(store),
    commits,
    view,
    published: async (member, search, signal) => {
      const own = members.get(member);
      if (own) return source.published(own.published(), search);
      return provedPage.decode(await call(member, 'public/proved', publicSearch.encode(search), signal));
    },
    standings,
    catalogue: builtInCatalogue,
    standard: builtInReportStandard,
    specials: builtInSpecialReports,
    clock: systemClock,
    logger: log,
  });
  const stopping = new AbortController();
  return {
    desk,
    standings,
    async compileFor(id, order) {
      if (!view.isEntitledNow(id, ['centre']))
        throw new XinlianError('FORBIDDEN', { wanted: 'an active centre', got: id });
      return desk.compile(hosted(id).providing(), order, stopping.signal);
    },
    serve(onHost, started) {
      host = onHost;
      started.defer(() => stopping.abort(new XinlianError('CLOSED', { what: 'node' })));
      host.handle('public/proved', async (argument) => {
        const search = publicSearch.decode(argument);
        return provedPage.encode(await source.published(hosted(search.member).published(), search));
      });
      host.handle('log/standing', async (argument) => {
        const question = standingQuestion.decode(argument);
        const owner = view.log(parseLogId(question.log))?.owner;
        return standingPage.encode(await source.standings(hosted(owner ?? '').published(), question));
      });
      host.handle('report/standing', async (argument, { signal }) => {
        const question = reportQuestion.decode(argument);
        const member = hosted(question.member).providing();
        return reportStanding.encode(await desk.standing(member, question, signal));
      });
    },
  };
}
