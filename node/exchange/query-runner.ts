// A bank's query as its own node runs it, in a batch job: logged, consumed where the grant is counted, then all providers are
// asked at the same time. Sent again it is safe by its id. What providers answer is sealed to the asker, and stays so.
import { fromUtf8 } from '../core/bytes.ts';
import { XinlianError } from '../core/errors.ts';
import { parseMemberId, type MemberId } from '../core/ids.ts';
import type { QueryRow, QueryRowPart } from '../core/query.ts';
import type { AskingMember, QueryJournal } from './journal.ts';
import type { WriteBatch } from './ports.ts';

const DEADLINE_MS = 30_000;

/** What became of a query, whoever answered. */
export type RanQuery =
  | { consumed: boolean; parts: QueryRowPart[] }
  /** The own node refused it: nobody was asked. */
  | { reason: string; detail: string };

interface Dependencies<B extends WriteBatch & { readonly length: number }> {
  journal: Pick<QueryJournal<B>, 'take'>;
  asking: (member: MemberId) => AskingMember<B>;
  /** Asks a provider, wherever it is. Throws what it threw, UNREACHABLE, TIMEOUT. @returns compact JWE */
  ask: (provider: MemberId, sealed: string, options: { signal: AbortSignal; timeoutMs: number }) => Promise<Uint8Array>;
}

export class QueryRunner<B extends WriteBatch & { readonly length: number }> {
  readonly #needs: Dependencies<B>;

  constructor(dependencies: Dependencies<B>) {
    this.#needs = dependencies;
  }

  /** Throws the signal's reason, and what is a fault of ours. */
  async run(member: MemberId, row: QueryRow, signal: AbortSignal): Promise<RanQuery> {
    const { journal, asking } = this.#needs;
    const { deadlineMs: timeoutMs = DEADLINE_MS } = row;
    try {
      const noted = await journal.take(asking(member), row.journal, signal);
      if (noted.query !== row.query)
        throw new XinlianError('MALFORMED', { what: 'query', wanted: `the journal’s, ${noted.query}`, got: row.query });
      const parts = await Promise.all(row.parts.map((part) => this.#ask(part, { signal, timeoutMs })));
      return { consumed: noted.consumed, parts };
    } catch (error) {
      if (signal.aborted || !XinlianError.is(error)) throw error;
      const reason = XinlianError.is(error, 'GRANT_REFUSED') ? error.details.reason : error.code;
      return { reason, detail: error.message };
    }
  }

  async #ask(
    { provider, query }: QueryRow['parts'][number],
    options: { signal: AbortSignal; timeoutMs: number },
  ): Promise<QueryRowPart> {
    try {
      const answer = await this.#needs.ask(parseMemberId(provider), query, options);
      return { provider, outcome: 'answer', answer: fromUtf8(answer) };
    } catch (error) {
      // What one provider fails with must not cost the answers of the others.
      if (options.signal.aborted || !XinlianError.is(error)) throw error;
      return { provider, outcome: isAway(error) ? 'unreachable' : 'error', reason: error.code, detail: error.message };
    }
  }
}

function isAway(error: XinlianError): boolean {
  return (['UNREACHABLE', 'TIMEOUT', 'CANCELLED', 'CLOSED', 'OVERLOADED'] as const).some((code) => error.code === code);
}
