// Batch jobs of queries: the asker signs and seals each row as it is sent, keeps what opens its answers, and opens the result
// file row by row. A query runs out some minutes after it was signed: rows are made when they go, not before.
import { utf8 } from '../../node/core/bytes.ts';
import { XinlianError } from '../../node/core/errors.ts';
import { queryResult, type QueryResult } from '../../node/core/query.ts';
import type { Grantee, PreparedQuery, ProviderOutcome, Question } from './grantee.ts';

/** What opens the answers of a row: JSON, so that it can be kept. Who has it reads them. */
export type QueryKeys = Omit<PreparedQuery, 'body' | 'consumption'> & { query: string };

/** A row as it is sent, and its keys, which MUST be kept before it is. */
export interface PreparedRow {
  line: string;
  keys: QueryKeys;
}

export async function prepareRow(grantee: Pick<Grantee, 'prepare'>, question: Question): Promise<PreparedRow> {
  const { body, consumption: _, ...keys } = await grantee.prepare(question);
  return { line: `${JSON.stringify(body)}\n`, keys: { ...keys, query: body.query } };
}

/** A row of the result, opened. */
export interface OpenedRow extends Omit<QueryResult, 'parts'> {
  grant?: string;
  /** Empty where the row was bad, or the own node refused it. */
  providers: ProviderOutcome[];
}

/**
 * Opens a line of the result file and verifies what it says. One provider’s answer that does not hold costs no other.
 * @param keysOf those of a query that was sent
 * @throws MALFORMED for no line of a result, NOT_FOUND for a query that was not sent
 */
export async function openRow(
  grantee: Pick<Grantee, 'open'>,
  line: string,
  keysOf: (query: string) => QueryKeys | undefined,
): Promise<OpenedRow> {
  const { parts = [], ...row } = queryResult.decode(utf8(line));
  if (row.query === undefined) return { ...row, providers: [] };
  const keys = keysOf(row.query);
  if (!keys) throw new XinlianError('NOT_FOUND', { what: 'query', id: row.query });
  const { query, ...prepared } = keys;
  const { providers } = await grantee.open({
    prepared: { ...prepared, body: { query, journal: '', parts: [] } },
    consumed: row.consumed ?? false,
    parts: parts.map(({ provider, outcome, answer }) => ({
      provider,
      outcome,
      ...(answer !== undefined && { answer }),
    })),
  });
  const said = providers.map((one, i): ProviderOutcome => {
    const { reason, detail } = parts[i] ?? {};
    if ('answer' in one || reason === undefined) return one;
    return { provider: one.provider, outcome: one.outcome, detail: `${reason}: ${detail ?? ''}` };
  });
  return { ...row, ...(keys.grant !== undefined && { grant: keys.grant }), providers: said };
}
