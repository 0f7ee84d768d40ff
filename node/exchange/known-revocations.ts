// What every issuer took back, as this node last heard it: fetched from their nodes, kept over a restart, and no longer
// believed when it is too old.
import type { MemberId } from '../core/ids.ts';
import { malformed, XinlianError } from '../core/errors.ts';
import { parseRevocations, verifyRevocations, type RevocationList } from '../core/revocations.ts';
import type { Revocations } from './certificate-verifier.ts';
import type { GroupCommit } from './group-commit.ts';
import type { Clock, GrantView, Log, RevocationListStore, WriteBatch } from './ports.ts';

/** Of difference between two clocks. */
const SKEW_SECONDS = 60;

type Batch = WriteBatch & { readonly length: number };

const SOON_MS = 1_000;

export interface KnownRevocationsOptions {
  /** Between two looks at an issuer's list. */
  refreshMs: number;
  /** A list older than this is not believed. */
  maxAgeSeconds: number;
}

interface Dependencies<B extends Batch> {
  store: RevocationListStore<B>;
  commits: GroupCommit<B>;
  view: Pick<GrantView, 'currentKey' | 'isEntitledNow'>;
  /** Members with the role `identifier`. */
  issuers: () => MemberId[];
  /** Asks an issuer's node. @throws where it is not reached */
  fetchList: (issuer: MemberId, signal: AbortSignal) => Promise<string>;
  clock: Clock;
  logger: Log;
}

interface Known {
  /** When the list was made, seconds since 1970. */
  iat: number;
  revoked: ReadonlySet<string>;
  /** Up to which block grants stand, by jti. */
  passed: ReadonlyMap<string, number>;
}

export class KnownRevocations<B extends Batch> implements Revocations {
  readonly #options: KnownRevocationsOptions;
  readonly #needs: Dependencies<B>;
  readonly #known = new Map<MemberId, Known>();
  readonly #abort = new AbortController();
  #timer: NodeJS.Timeout | undefined;
  #refreshing: Promise<boolean> | undefined;

  constructor(options: KnownRevocationsOptions, dependencies: Dependencies<B>) {
    this.#options = options;
    this.#needs = dependencies;
  }

  start(): void {
    void this.#goOn();
  }

  async stop(): Promise<void> {
    clearTimeout(this.#timer);
    this.#abort.abort(new XinlianError('CLOSED', { what: 'revocations' }));
    await this.#refreshing;
  }

  isRevoked(issuer: MemberId, jti: string, nowSeconds: number): boolean | undefined {
    const known = this.#known.get(issuer) ?? this.#recall(issuer);
    if (!known || nowSeconds - known.iat > this.#options.maxAgeSeconds) return undefined;
    return known.revoked.has(jti);
  }

  passedAt(issuer: MemberId, jti: string): number | undefined {
    return (this.#known.get(issuer) ?? this.#recall(issuer))?.passed.get(jti);
  }

  /** Asks every issuer for its list. What is not reached keeps the last one. @returns whether all were had */
  refresh(): Promise<boolean> {
    return (this.#refreshing ??= this.#refreshAll().finally(() => (this.#refreshing = undefined)));
  }

  /**
   * Takes a list, from whoever brings it.
   * @throws MALFORMED, for one of the future too, which would keep out every later one; SIGNATURE_INVALID where its issuer did not sign it with its present key
   */
  async take(text: string): Promise<void> {
    const { list, jws } = parseRevocations(text);
    const issuer = list.iss as MemberId;
    const key = this.#needs.view.currentKey(issuer, 'checkpoint');
    if (!key) throw new XinlianError('MEMBER_UNKNOWN', { member: issuer });
    await verifyRevocations(jws, key, issuer);
    const now = Math.floor(this.#needs.clock.now() / 1000);
    if (list.iat > now + SKEW_SECONDS) malformed('revocation list', `one made by ${now}`, list.iat);
    const before = this.#known.get(issuer) ?? this.#recall(issuer);
    if (before && before.iat >= list.iat) return;
    this.#known.set(issuer, knownOf(list));
    await this.#needs.commits.run((batch) => this.#needs.store.putRevocationList(batch, issuer, text));
  }

  async #goOn(): Promise<void> {
    const all = await this.refresh();
    if (this.#abort.signal.aborted) return;
    // Who is not reached, or is admitted while this node starts, is asked again soon: nothing it certified counts before.
    const pause = all ? this.#options.refreshMs : Math.min(SOON_MS, this.#options.refreshMs);
    this.#timer = setTimeout(() => void this.#goOn(), pause);
  }

  async #refreshAll(): Promise<boolean> {
    const { issuers, fetchList, logger } = this.#needs;
    const asked = issuers().map(async (issuer) => {
      try {
        await this.take(await fetchList(issuer, this.#abort.signal));
        return true;
      } catch (error) {
        if (!this.#abort.signal.aborted) logger.debug({ issuer, err: error }, 'its revocations were not had');
        return false;
      }
    });
    const had = await Promise.all(asked);
    return had.length > 0 && had.every(Boolean);
  }

  /** What was kept before a restart. It was verified when it was kept. */
  #recall(issuer: MemberId): Known | undefined {
    const text = this.#needs.store.revocationList(issuer);
    if (text === undefined) return undefined;
    const { list } = parseRevocations(text);
    const known = knownOf(list);
    this.#known.set(issuer, known);
    return known;
  }
}

function knownOf({ iat, revoked, passed = [] }: RevocationList): Known {
  return { iat, revoked: new Set(revoked), passed: new Map(passed.map(({ jti, block }) => [jti, block])) };
}
