// What a centre's node does about its cases by itself. At home: it asks how the facts of its reports stand, and tells the chain
// that a report is stale as soon as one does not stand. On both sides: cases whose time is over, or of which a side was
// suspended, end; what is due soon, or overdue, is told.
import { toBase64Url } from '../core/bytes.ts';
import { AUTHORITY, isOpenCase, type CaseAction } from '../core/case-authority.ts';
import { documentDigest, makeDocument } from '../core/case-document.ts';
import type { CaseView } from '../core/case-view.ts';
import type { ChainHead, Role } from '../core/consortium.ts';
import { linesOf } from '../core/eight-points.ts';
import { XinlianError } from '../core/errors.ts';
import type { LogId, MemberId } from '../core/ids.ts';
import { chinaDate, chinaTime } from '../policy/date.ts';
import type { CaseDocuments, RecognitionSource } from './case-documents.ts';
import type { CasePoints } from './case-points.ts';
import type { Log, WriteBatch } from './ports.ts';
import type { RecognitionWriter } from './recognition-desk.ts';

type Batch = WriteBatch & { readonly length: number };

/** Between two looks where the chain says nothing. */
const LOOK_MS = 15_000;
/** The home side ends what is over where the host has not within this time: one transaction is enough. */
const HOST_FIRST_SECONDS = 120;
const WARN_SECONDS = 2 * 86_400;
const NO_DOCUMENT = `0x${'0'.repeat(64)}` as const;

interface Dependencies<B extends Batch> {
  recognition: RecognitionSource;
  documents: Pick<CaseDocuments<B>, 'put'>;
  points: Pick<CasePoints<B>, 'open' | 'standings' | 'entry'>;
  /** Of hosted members. */
  writers: ReadonlyMap<MemberId, RecognitionWriter>;
  head(): ChainHead | undefined;
  /** Size of a log's last anchored checkpoint; 0 before the first. */
  anchoredSize(log: LogId): number;
  isEntitledNow(member: MemberId, roles: readonly Role[]): boolean;
  logger: Log;
}

export type Notice = 'due-soon' | 'overdue';

export class CaseWatch<B extends Batch> {
  readonly #needs: Dependencies<B>;
  /** Up to where the logs of a case's report were looked at, by case. */
  readonly #seen = new Map<string, string>();
  /** What was told, so that it is told once. */
  readonly #told = new Set<string>();
  #running: { abort: AbortController; done: Promise<void> } | undefined;
  #wake = Promise.withResolvers<void>();
  /** Records of this node changed, which no checkpoint tells of yet. */
  #changed = false;

  constructor(dependencies: Dependencies<B>) {
    this.#needs = dependencies;
  }

  /** The chain changed, or a record here. */
  wake(changed = false): void {
    this.#changed ||= changed;
    this.#wake.resolve();
  }

  start(): void {
    if (this.#running) return;
    const abort = new AbortController();
    this.#running = { abort, done: this.#run(abort.signal) };
  }

  async stop(): Promise<void> {
    this.#running?.abort.abort(new XinlianError('CLOSED', { what: 'watch of cases' }));
    this.wake();
    await this.#running?.done;
    this.#running = undefined;
  }

  /** Looks at every case once. @returns what was done */
  async look(signal: AbortSignal, changed = false): Promise<CaseAction[]> {
    const done: CaseAction[] = [];
    for (const view of this.#needs.recognition.cases()) {
      if (signal.aborted) break;
      try {
        const action = (await this.#markStale(view, changed, signal)) ?? (await this.#end(view));
        if (action !== undefined) done.push(action);
        else this.#tell(view);
      } catch (error) {
        if (!XinlianError.is(error)) throw error;
        // The other side, or an officer, was quicker; or the chain is away, and the next look does it.
        if (!signal.aborted) this.#needs.logger.info({ err: error, case: view.id }, 'a case could not be moved on');
      }
    }
    return done;
  }

  async #run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const wake = (this.#wake = Promise.withResolvers<void>());
      const changed = this.#changed;
      this.#changed = false;
      await this.look(signal, changed);
      const timer = setTimeout(wake.resolve, LOOK_MS);
      if (!signal.aborted) await wake.promise;
      clearTimeout(timer);
    }
  }

  /** At home: says that the report is stale, with what of it changed. */
  async #markStale(view: CaseView, changed: boolean, signal: AbortSignal): Promise<CaseAction | undefined> {
    const { points, documents, writers, logger } = this.#needs;
    const { terms, state, stale } = view;
    const writer = writers.get(terms.home);
    if (!writer || stale || !AUTHORITY['mark-stale'].from.includes(state)) return undefined;
    const opened = await points.open(terms.home, view);
    if (!opened.report) return undefined;
    const logs = [...new Set([...linesOf(opened.report).map(({ log }) => log), opened.entry?.log ?? ''])];
    // What has a period ends by the day, without a line in any log.
    const today = chinaDate((this.#needs.head()?.time ?? 0) * 1000);
    const place = [today, ...logs.map((log) => `${log}/${this.#needs.anchoredSize(log as LogId)}`)].join();
    if (!changed && this.#seen.get(view.id) === place) return undefined;

    const own = await points.entry(opened, signal);
    const standings = await points.standings(opened, signal);
    const reached = own?.state !== 'unreached' && standings.every(({ state: one }) => one !== 'unreached');
    const gone = standings.filter(({ state: one }) => one !== 'same' && one !== 'unreached');
    const withdrawn = own !== undefined && own.state !== 'same' && own.state !== 'unreached';
    if (gone.length === 0 && !withdrawn) {
      // Who could not be asked is asked again.
      if (reached) this.#seen.set(view.id, place);
      return undefined;
    }
    const facts = gone.map(({ log, position, state: one }) => `${log}/${position}: ${one}`);
    const text = makeDocument({
      kind: 'step',
      number: opened.report.head.number,
      salt: toBase64Url(crypto.getRandomValues(new Uint8Array(32))),
      text: [
        '报告所载信息已变更 Facts of the report have changed',
        ...(withdrawn ? ['报告已撤回 withdrawn'] : []),
        ...facts,
      ].join('\n'),
    });
    await documents.put(terms.home, text);
    const document = documentDigest(text);
    const step = { action: 'mark-stale', role: 'home-node', step: view.steps.length, document, due: 0, deadline: 0 } as const; // prettier-ignore
    await writer.actOnCase({ terms, step });
    logger.warn({ case: view.id, changed: gone.length, withdrawn }, 'the report of a case is stale');
    return 'mark-stale';
  }

  /** Ends what is over. */
  async #end(view: CaseView): Promise<CaseAction | undefined> {
    const { writers } = this.#needs;
    const { terms, state, due } = view;
    const time = this.#needs.head()?.time ?? 0;
    const over = time - due;
    const suspended =
      isOpenCase(state) && ![terms.home, terms.host].every((side) => this.#needs.isEntitledNow(side, ['centre']));
    const action: CaseAction | undefined =
      state === 'recognised' && over >= 0
        ? 'expire'
        : suspended || (state === 'returned' && over > 0)
          ? 'lapse'
          : undefined;
    const writer =
      writers.get(terms.host) ?? (suspended || over > HOST_FIRST_SECONDS ? writers.get(terms.home) : undefined);
    if (!writer || action === undefined) return undefined;
    const step = {
      action,
      role: 'anyone',
      step: view.steps.length,
      document: NO_DOCUMENT,
      due: 0,
      deadline: 0,
    } as const;
    await writer.actOnCase({ terms, step });
    return action;
  }

  /** What is due soon, or should have been done: once each. */
  #tell({ id, state, due, steps, terms }: CaseView): void {
    const { writers, logger } = this.#needs;
    const time = this.#needs.head()?.time ?? 0;
    if (!isOpenCase(state) || due === 0 || due - time > WARN_SECONDS) return;
    if (!writers.has(terms.home) && !writers.has(terms.host)) return;
    const notice: Notice = time > due ? 'overdue' : 'due-soon';
    const key = `${id}/${steps.length}/${notice}`;
    if (this.#told.has(key)) return;
    this.#told.add(key);
    logger.warn({ case: id, state, notice, due: chinaTime(due) }, 'a step of a case of recognition is due');
  }
}
