// Withdrawals by their signed word: they bind here at once, whoever brought them and whatever becomes of the block. Those
// that were given to this node it also brings to the chain, as often as it takes.
import { grantHashOf, type GrantHash } from '../core/ids.ts';
import type { Hex } from '../core/bytes.ts';
import { XinlianError } from '../core/errors.ts';
import { recoverSigner } from '../core/account.ts';
import { termsOf, type GrantWithdrawal } from '../core/messages/grant.ts';
import { GRANT_WITHDRAWAL_TYPES, typedDataDigest, type TypedDataDomain } from '../core/typed-data.ts';
import type { GroupCommit } from './group-commit.ts';
import type { AccessStore, Clock, GrantView, GrantWriter, Log, WriteBatch } from './ports.ts';

/** A grant that ended needs no withdrawal; a clock may be a day off. */
const KEPT_SECONDS = 86_400;
const RETRY_MS = 5_000;
/** As many as the contract takes at once. */
const MOST_TOGETHER = 32;

type Batch = WriteBatch & { readonly length: number };

interface Dependencies<B extends Batch> {
  store: AccessStore<B>;
  commits: GroupCommit<B>;
  /** EIP-712 domain of the GrantRegistry. */
  domain: TypedDataDomain;
  view: Pick<GrantView, 'grant'>;
  /** Under the account of any hosted member: whoever signed is what counts. */
  writer: Pick<GrantWriter, 'withdrawGrants'>;
  clock: Clock;
  logger: Log;
}

export class SeenWithdrawals<B extends Batch> {
  readonly #needs: Dependencies<B>;
  readonly #withdrawn = new Set<GrantHash>();
  /** To be brought to the chain. */
  readonly #pending = new Map<GrantHash, GrantWithdrawal>();
  readonly #listeners: ((grant: GrantHash) => void)[] = [];
  readonly #abort = new AbortController();
  #timer: NodeJS.Timeout | undefined;
  #sending: Promise<void> | undefined;

  private constructor(dependencies: Dependencies<B>) {
    this.#needs = dependencies;
  }

  /** Reads what was seen before, and forgets what cannot matter any more. */
  static async open<B extends Batch>(dependencies: Dependencies<B>): Promise<SeenWithdrawals<B>> {
    const { store, commits, clock } = dependencies;
    const seen = new SeenWithdrawals(dependencies);
    const ended: GrantHash[] = [];
    for await (const [grant, { validTo, pending }] of store.withdrawals()) {
      if (validTo + KEPT_SECONDS < clock.now() / 1000) {
        ended.push(grant);
        continue;
      }
      seen.#withdrawn.add(grant);
      if (pending) seen.#pending.set(grant, pending);
    }
    if (ended.length > 0) {
      await commits.run((batch) => {
        for (const grant of ended) store.forgetWithdrawal(batch, grant);
      });
    }
    return seen;
  }

  start(): void {
    this.#timer ??= setInterval(() => this.#sendSoon(), RETRY_MS);
    this.#sendSoon();
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer);
    this.#abort.abort(new XinlianError('CLOSED', { what: 'withdrawals' }));
    await this.#sending;
  }

  /** Tells of every grant that is withdrawn from now on. A listener MUST NOT throw. */
  listen(listener: (grant: GrantHash) => void): void {
    this.#listeners.push(listener);
  }

  isWithdrawn(grant: GrantHash): boolean {
    return this.#withdrawn.has(grant);
  }

  /**
   * Takes a withdrawal. It binds at once; resolves when it also survives a restart.
   * @param bring whether this node brings it to the chain; else whoever sent it does
   * @throws SIGNATURE_INVALID where another key than the grant's signed, MALFORMED
   */
  async take(withdrawal: GrantWithdrawal, bring: boolean): Promise<GrantHash> {
    const { store, commits, domain, view } = this.#needs;
    const grant = verifyWithdrawal(withdrawal, domain);
    const pending = bring && view.grant(grant)?.withdrawn !== true;
    if (this.#withdrawn.has(grant) && (!pending || this.#pending.has(grant))) return grant;
    this.#withdrawn.add(grant);
    for (const listener of this.#listeners) listener(grant);
    if (pending) this.#pending.set(grant, withdrawal);
    const { validTo } = withdrawal.terms;
    await commits.run((batch) =>
      store.putWithdrawal(batch, grant, { validTo, ...(pending && { pending: withdrawal }) }),
    );
    if (pending) this.#sendSoon();
    return grant;
  }

  #sendSoon(): void {
    if (this.#pending.size === 0) return;
    this.#sending ??= this.#sendAll().finally(() => (this.#sending = undefined));
  }

  async #sendAll(): Promise<void> {
    while (this.#pending.size > 0 && (await this.#send()));
  }

  /** @returns whether they are dealt with; else they are tried again later */
  async #send(): Promise<boolean> {
    const { writer, view, store, commits, logger } = this.#needs;
    const items = [...this.#pending].slice(0, MOST_TOGETHER);
    const wanted = items.filter(([grant]) => view.grant(grant)?.withdrawn !== true);
    try {
      const sent = wanted.map(([, { terms, signature }]) => ({ terms: termsOf(terms), signature: signature as Hex }));
      const outcomes = sent.length > 0 ? (await writer.withdrawGrants(sent, this.#abort.signal)).items : [];
      for (const [i, outcome] of outcomes.entries()) {
        // It was withdrawn on the chain already, most likely; whatever it is, sending it again would not change it.
        if (!outcome.ok) logger.warn({ grant: wanted[i]?.[0], error: outcome.error }, 'the chain refused a withdrawal');
      }
      await commits.run((batch) => {
        for (const [grant, { terms }] of items) store.putWithdrawal(batch, grant, { validTo: terms.validTo });
      });
      for (const [grant] of items) this.#pending.delete(grant);
      return true;
    } catch (error) {
      if (!this.#abort.signal.aborted)
        logger.warn({ err: error }, 'bringing withdrawals to the chain failed; tried again');
      return false;
    }
  }
}

/**
 * @returns the grant that it ends
 * @throws SIGNATURE_INVALID where another key than the grant's signed, MALFORMED
 */
export function verifyWithdrawal({ terms: text, signature }: GrantWithdrawal, domain: TypedDataDomain): GrantHash {
  const terms = termsOf(text);
  const grant = grantHashOf(terms);
  const digest = typedDataDigest(domain, GRANT_WITHDRAWAL_TYPES, { grant });
  if (recoverSigner(digest, signature, 'withdrawal') !== terms.key.toLowerCase())
    throw new XinlianError('SIGNATURE_INVALID', { what: 'withdrawal', key: terms.key });
  return grant;
}
