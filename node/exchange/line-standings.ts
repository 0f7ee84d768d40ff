// How the facts of a report stand now, asked of those whose facts they are. What narrows counts at first sight: a source's
// word that something changed is enough; that nothing did it has to prove under a checkpoint no older than the anchored one.
import { fromBase64, fromBase64Url, toBase64Url } from '../core/bytes.ts';
import type { LogState, Member } from '../core/consortium.ts';
import { decodeEntry } from '../core/entry.ts';
import { XinlianError } from '../core/errors.ts';
import { parseLogId, type LogId, type MemberId } from '../core/ids.ts';
import { leafHash, verifyInclusion } from '../core/merkle.ts';
import { MOST_POSITIONS, type StandingPage, type StandingQuestion } from '../core/messages/report.ts';
import type { ReportLine } from '../core/report.ts';
import { isUsable, statusOf, type Status } from '../core/status-change.ts';
import { verifyStatusPart } from '../core/verify-change.ts';
import { verifyTree } from '../core/verify-parts.ts';
import { chinaDate } from '../policy/date.ts';
import { publicityOf } from '../policy/publicity.ts';
import type { Policies } from '../policy/rules.ts';
import type { Clock, Log } from './ports.ts';

/** An entry, and as what it was shown. */
export type ShownEntry = Pick<ReportLine, 'log' | 'position' | 'commitment' | 'status'>;

/** `same`: as the report says. `expired`: its period of publicity is over. `unreached`: nobody could say, or prove it. */
export type LineState = 'same' | Exclude<Status, 'live'> | 'expired' | 'unreached';

export interface LineStanding {
  log: string;
  position: number;
  state: LineState;
  /** Entries under the checkpoint that shows it; absent where nothing was shown. */
  size?: number;
}

/** What is asked of the chain as this node knows it. */
export interface StandingView {
  member(id: MemberId): Member | undefined;
  log(id: LogId): LogState | undefined;
}

interface Dependencies {
  view: StandingView;
  /** Asks the node of a member. @throws UNREACHABLE, NOT_FOUND, … */
  ask(owner: MemberId, question: StandingQuestion, signal: AbortSignal): Promise<StandingPage>;
  policies: Policies;
  clock: Clock;
  logger: Log;
}

export class LineStandings {
  readonly #needs: Dependencies;

  constructor(dependencies: Dependencies) {
    this.#needs = dependencies;
  }

  /** @returns in the order of the lines: what their sources prove, and whether their publicity is over by the rules of today */
  async check(lines: readonly ReportLine[], signal: AbortSignal): Promise<LineStanding[]> {
    const today = chinaDate(this.#needs.clock.now());
    const standings = await this.entries(lines, signal);
    for (const [i, standing] of standings.entries()) {
      const line = lines[i];
      if (standing.state === 'same' && line?.access === 'public' && !this.#isPublished(line, today))
        standing.state = 'expired';
    }
    return standings;
  }

  /** How entries stand, of whatever kind. @returns in the order of the entries */
  async entries(lines: readonly ShownEntry[], signal: AbortSignal): Promise<LineStanding[]> {
    const found = new Map<string, Pick<LineStanding, 'state' | 'size'>>();
    const byLog = Map.groupBy(lines, ({ log }) => log);
    await Promise.all(
      Array.from(byLog, async ([log, own]) => {
        for (let i = 0; i < own.length; i += MOST_POSITIONS)
          for (const [position, standing] of await this.#ask(log, own.slice(i, i + MOST_POSITIONS), signal))
            found.set(`${log}/${position}`, standing);
      }),
    );
    return lines.map(({ log, position }) => {
      const standing = found.get(`${log}/${position}`) ?? { state: 'unreached' as const };
      return { log, position, ...standing };
    });
  }

  async #ask(
    log: string,
    lines: readonly ShownEntry[],
    signal: AbortSignal,
  ): Promise<Map<number, Pick<LineStanding, 'state' | 'size'>>> {
    const { view, logger } = this.#needs;
    const id = parseLogId(log);
    const owner = view.log(id)?.owner;
    try {
      if (owner === undefined) throw new XinlianError('NOT_FOUND', { what: 'log', id: log });
      const positions = [...new Set(lines.map(({ position }) => position))];
      const page = await this.#needs.ask(owner, { log, positions }, signal);
      return this.#verify(owner, id, lines, page);
    } catch (error) {
      if (signal.aborted || !XinlianError.is(error)) throw error;
      logger.warn({ err: error, log }, 'how lines of a report stand could not be asked');
      return new Map();
    }
  }

  #verify(
    owner: MemberId,
    id: LogId,
    lines: readonly ShownEntry[],
    { log: part, entries }: StandingPage,
  ): Map<number, Pick<LineStanding, 'state' | 'size'>> {
    const { view } = this.#needs;
    const keys = view.member(owner)?.keys.checkpoint.map(({ key }) => toBase64Url(key)) ?? [];
    if (!keys.includes(part.key)) throw new XinlianError('SIGNATURE_INVALID', { what: 'checkpoint', key: part.key });
    const anchored = view.log(id)?.head;
    const tree = verifyTree(
      part,
      { owner, key: fromBase64Url(part.key, 32), past: false },
      { names: () => undefined, anchored: () => anchored && { ...anchored, owner } },
      [],
    );
    if (tree.log !== id) throw new XinlianError('CONFLICT', { what: 'log', wanted: id, got: tree.log });
    const byPosition = new Map(entries.map((entry) => [entry.position, entry]));
    const standings = new Map<number, Pick<LineStanding, 'state' | 'size'>>();
    for (const { position, commitment, status: told } of lines) {
      const shown = byPosition.get(position);
      if (!shown) continue;
      const bytes = fromBase64Url(shown.entry);
      const entry = decodeEntry(bytes);
      const logged = 'commitment' in entry ? toBase64Url(entry.commitment) : 'none';
      if (logged !== commitment)
        throw new XinlianError('CONFLICT', { what: `line at ${position}`, wanted: commitment, got: logged });
      const proof = shown.inclusion.map((hash) => fromBase64(hash));
      verifyInclusion({ index: position, size: tree.size, leaf: leafHash(bytes), proof, root: tree.root });
      verifyStatusPart(position, shown.status, tree.status);
      const proved = statusOf(shown.status.value);
      standings.set(position, { state: stateOf(told, proved, shown.now), size: tree.size });
    }
    return standings;
  }

  #isPublished({ source, item, claims }: ReportLine, today: string): boolean {
    const region = this.#needs.view.member(source as MemberId)?.region ?? '';
    const pack = this.#needs.policies.get('publicity', region, today);
    return publicityOf(pack, { item, claims: new Map(Object.entries(claims)) }, today).published;
  }
}

/** @param told as the report has it @param now as the source says, before a checkpoint has it */
function stateOf(told: ReportLine['status'], proved: Status, now: Status): LineState {
  const ended = [now, proved].find((status) => !isUsable(status));
  if (ended !== undefined && ended !== 'live') return ended;
  // An objection that was open when the report was made is in it; that it was closed since takes nothing away.
  return told === 'live' && (now === 'objected' || proved === 'objected') ? 'objected' : 'same';
}
