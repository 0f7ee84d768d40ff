// A bank's daily reconciliation 对账: its own node's queries of a day beside what each provider logged of them, line by line.
import { fromBase64Url, utf8 } from '../../node/core/bytes.ts';
import { XinlianError } from '../../node/core/errors.ts';
import { newAgreement } from '#agreement';
import { openJwe, sealJwe } from '../../node/core/jwe.ts';
import { p256Jwk } from '../../node/core/jwk.ts';
import { QUERY_SECONDS } from '../../node/core/query.ts';
import {
  dayPage,
  parseDay,
  receivedDigest,
  signDayQuestion,
  type ReceivedLine,
  type SentLine,
} from '../../node/core/reconciliation.ts';
import type { Client } from '../client.ts';
import { ApiError } from './api-error.ts';
import { ConnectionError } from './connection-error.ts';
import type { GranteeDependencies, GranteeOptions } from './grantee.ts';

export interface ReconciliationDependencies extends Pick<
  GranteeDependencies,
  'signer' | 'application' | 'view' | 'clock'
> {
  client: Pick<Client, 'reconcileDay'>;
}

/**
 * matched: both sides logged the same query. missing: the provider's log has none of that query, so it was not reached or
 * did not answer. unknown: the provider logged a query that the own node did not. unread: the provider was not reached now.
 */
export type Agreement = 'matched' | 'missing' | 'unknown' | 'unread';

/** One query to one provider. */
export interface ReconciledLine {
  agreement: Agreement;
  provider: string;
  query: string;
  request: string;
  sent?: SentLine;
  received?: ReceivedLine;
}

export interface ReconciledDay {
  day: string;
  member: string;
  lines: ReconciledLine[];
  /** What each provider's log came to, by `receivedDigest`: the provider can compare it with its own. */
  providers: { provider: string; lines: number; digest: string }[];
  totals: Record<Agreement | 'answered' | 'refused' | 'consumed', number>;
}

export class Reconciliation {
  readonly #options: GranteeOptions;
  readonly #needs: ReconciliationDependencies;

  constructor(options: GranteeOptions, dependencies: ReconciliationDependencies) {
    this.#options = options;
    this.#needs = dependencies;
  }

  /**
   * @param day in Beijing time: `2026-01-31`
   * @param providers to look at besides those that were asked: they may have logged what nobody here knows of
   * @throws ApiError, ConnectionError where the own node is not reached; MALFORMED
   */
  async day(day: string, providers: readonly string[] = []): Promise<ReconciledDay> {
    parseDay(day);
    const { member, sealingKey } = this.#options;
    const own = await this.#lines(member, sealingKey, day);
    const sent = own.filter((line) => line.kind === 'sent');
    const asked = new Set([...providers, ...sent.flatMap(({ requests }) => requests.map(({ provider }) => provider))]);
    const { members } = await this.#needs.view([...asked]);
    const logged = new Map<string, ReceivedLine[] | undefined>();
    for (const { id, sealing } of members) {
      if (asked.has(id)) logged.set(id, sealing === undefined ? undefined : await this.#received(id, sealing, day));
    }
    const lines = [...sent.flatMap((line) => matchesOf(line, logged)), ...strangersOf(sent, logged)];
    const count = (test: (line: ReconciledLine) => boolean): number => lines.filter(test).length;
    return {
      day,
      member,
      lines,
      providers: [...logged].flatMap(([provider, received]) =>
        received ? [{ provider, lines: received.length, digest: receivedDigest(received) }] : [],
      ),
      totals: {
        matched: count(({ agreement }) => agreement === 'matched'),
        missing: count(({ agreement }) => agreement === 'missing'),
        unknown: count(({ agreement }) => agreement === 'unknown'),
        unread: count(({ agreement }) => agreement === 'unread'),
        answered: count(({ received }) => received?.outcome === 'answered'),
        refused: count(({ received }) => received?.outcome === 'refused'),
        consumed: sent.filter(({ consumed }) => consumed !== undefined).length,
      },
    };
  }

  /** Undefined where the provider is not reached. */
  async #received(provider: string, sealing: string, day: string): Promise<ReceivedLine[] | undefined> {
    try {
      const lines = await this.#lines(provider, fromBase64Url(sealing, 33), day);
      return lines.filter((line) => line.kind === 'received');
    } catch (error) {
      const away = error instanceof ConnectionError || (error instanceof ApiError && error.retryable);
      if (!away) throw error;
      return undefined;
    }
  }

  async #lines(aud: string, sealing: Uint8Array, day: string): Promise<(SentLine | ReceivedLine)[]> {
    const lines: (SentLine | ReceivedLine)[] = [];
    for (let after: number | undefined; ;) {
      const iat = Math.floor(this.#needs.clock.now() / 1000);
      const reply = newAgreement();
      const signed = await signDayQuestion(
        {
          iss: this.#options.member,
          aud,
          iat,
          exp: iat + QUERY_SECONDS,
          day,
          ...(after !== undefined && { after }),
          reply: p256Jwk(reply.publicKey),
        },
        this.#needs.signer,
        this.#needs.application,
      );
      const question = await sealJwe(utf8(signed), sealing, 'JWT');
      const { page } = await this.#needs.client.reconcileDay({ params: { member: aud }, body: { question } });
      const { plaintext } = await openJwe(page, reply);
      const read = dayPage.decode(plaintext);
      if (read.member !== aud || read.day !== day)
        throw new XinlianError('MALFORMED', {
          what: 'page',
          wanted: `${day} of ${aud}`,
          got: `${read.day} of ${read.member}`,
        });
      lines.push(...read.lines);
      if (read.next === undefined) return lines;
      after = read.next;
    }
  }
}

/** What became of a query at each provider. The same query may have been sent, and was then logged, several times. */
function matchesOf(sent: SentLine, logged: ReadonlyMap<string, ReceivedLine[] | undefined>): ReconciledLine[] {
  return sent.requests.flatMap(({ provider, request }): ReconciledLine[] => {
    const own = { provider, query: sent.query, request, sent };
    const lines = logged.get(provider);
    if (!lines) return [{ agreement: 'unread', ...own }];
    const found = lines.filter((line) => line.query === sent.query && line.request === request);
    if (found.length === 0) return [{ agreement: 'missing', ...own }];
    return found.map((received) => ({ agreement: 'matched', provider, query: sent.query, request, sent, received }));
  });
}

function strangersOf(
  sent: readonly SentLine[],
  logged: ReadonlyMap<string, ReceivedLine[] | undefined>,
): ReconciledLine[] {
  const known = new Set(
    sent.flatMap(({ requests }) => requests.map(({ provider, request }) => `${provider} ${request}`)),
  );
  return [...logged].flatMap(([provider, lines = []]) =>
    lines
      .filter(({ request }) => !known.has(`${provider} ${request}`))
      .map((received) => ({
        agreement: 'unknown' as const,
        provider,
        query: received.query,
        request: received.request,
        received,
      })),
  );
}
