// Documents of recognition at a node: its own, and those that it fetches from the node of the other side. What is wanted
// follows from the chain: whoever was down, or cut off, asks when it is back.
import { fromUtf8, utf8, type Hex } from '../core/bytes.ts';
import { documentDigest, parseDocument } from '../core/case-document.ts';
import type { AgreementView, CaseView } from '../core/case-view.ts';
import { XinlianError } from '../core/errors.ts';
import type { MemberId } from '../core/ids.ts';
import type { CaseId } from '../core/recognition.ts';
import type { SignedDecision } from '../core/recognition-certificate.ts';
import type { GroupCommit } from './group-commit.ts';
import type { Log, WriteBatch } from './ports.ts';
import type { RecordVault } from './vault.ts';

type Batch = WriteBatch & { readonly length: number };

/** Recognition as the chain has it. */
export interface RecognitionSource {
  agreements(): AgreementView[];
  cases(): CaseView[];
}

export interface CaseDocumentStore<B extends WriteBatch> {
  document(member: MemberId, digest: Hex): Uint8Array | undefined;
  putDocument(batch: B, member: MemberId, digest: Hex, sealed: Uint8Array): void;
  decision(member: MemberId, caseId: CaseId): Uint8Array | undefined;
  putDecision(batch: B, member: MemberId, caseId: CaseId, decision: Uint8Array): void;
}

interface Dependencies<B extends Batch> {
  store: CaseDocumentStore<B>;
  commits: GroupCommit<B>;
  recognition: RecognitionSource;
  /** Vaults of hosted members. */
  vaults: ReadonlyMap<MemberId, Pick<RecordVault, 'sealNote' | 'openNote'>>;
  /** Asks the node of `member` in the name of `reader`. @throws NOT_FOUND, UNREACHABLE, … */
  fetch(member: MemberId, reader: MemberId, digest: Hex, signal: AbortSignal): Promise<Uint8Array>;
  logger: Log;
}

/** Between two looks while something is missing. */
const RETRY_MS = 2_000;

interface Wanted {
  /** Hosted here. */
  reader: MemberId;
  /** The other side. */
  from: MemberId;
  digest: Hex;
}

export class CaseDocuments<B extends Batch> {
  readonly #needs: Dependencies<B>;
  #running: { abort: AbortController; done: Promise<void> } | undefined;
  #wake = Promise.withResolvers<void>();

  constructor(dependencies: Dependencies<B>) {
    this.#needs = dependencies;
  }

  /** Keeps a document of a hosted member. @returns its digest @throws MALFORMED where it has no salt, or another form */
  async put(member: MemberId, text: string): Promise<Hex> {
    parseDocument(text);
    const digest = documentDigest(text);
    await this.#keep(member, digest, text);
    return digest;
  }

  has(member: MemberId, digest: Hex): boolean {
    return this.#needs.store.document(member, digest) !== undefined;
  }

  /** Throws `NOT_FOUND`. */
  text(member: MemberId, digest: Hex): string {
    const sealed = this.#needs.store.document(member, digest);
    if (!sealed) throw new XinlianError('NOT_FOUND', { what: 'document', id: digest });
    return fromUtf8(this.#vault(member).openNote(sealed, placeOf(member, digest)));
  }

  /** Keeps a decision as officers signed it: the chain has its digest alone. */
  async putDecision(member: MemberId, caseId: CaseId, decision: SignedDecision): Promise<void> {
    const { store, commits } = this.#needs;
    await commits.run((batch) => store.putDecision(batch, member, caseId, utf8(JSON.stringify(decision))));
  }

  decision(member: MemberId, caseId: CaseId): SignedDecision | undefined {
    const kept = this.#needs.store.decision(member, caseId);
    return kept && (JSON.parse(fromUtf8(kept)) as SignedDecision);
  }

  /**
   * For the node of another side: only what an agreement or a case between the two names.
   * @throws FORBIDDEN, NOT_FOUND
   */
  textFor(member: MemberId, reader: MemberId, digest: Hex): string {
    const shared = this.#named().some(
      ({ sides, digests }) => sides.includes(member) && sides.includes(reader) && digests.includes(digest),
    );
    if (!shared) throw new XinlianError('FORBIDDEN', { wanted: 'a document of a case between both', got: digest });
    return this.text(member, digest);
  }

  /** What a case names and this member has not. */
  missing(member: MemberId, view: CaseView): Hex[] {
    return digestsOf(view).filter((digest) => !this.has(member, digest));
  }

  /** The chain changed: look again. */
  wake(): void {
    this.#wake.resolve();
  }

  start(): void {
    if (this.#running) return;
    const abort = new AbortController();
    this.#running = { abort, done: this.#run(abort.signal) };
  }

  async stop(): Promise<void> {
    this.#running?.abort.abort(new XinlianError('CLOSED', { what: 'documents of recognition' }));
    this.wake();
    await this.#running?.done;
    this.#running = undefined;
  }

  /** Fetches what is missing, once. @returns how much is missing still */
  async fetchMissing(signal: AbortSignal): Promise<number> {
    const results = await Promise.all(this.#wanted().map((wanted) => this.#fetch(wanted, signal)));
    return results.filter((came) => !came).length;
  }

  async #run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const wake = (this.#wake = Promise.withResolvers<void>());
      const left = await this.fetchMissing(signal);
      const timer = left > 0 ? setTimeout(wake.resolve, RETRY_MS) : undefined;
      if (!signal.aborted) await wake.promise;
      clearTimeout(timer);
    }
  }

  /** @returns whether it came */
  async #fetch({ reader, from, digest }: Wanted, signal: AbortSignal): Promise<boolean> {
    try {
      const text = fromUtf8(await this.#needs.fetch(from, reader, digest, signal));
      const got = documentDigest(text);
      if (got !== digest) throw new XinlianError('CONFLICT', { what: 'document', wanted: digest, got });
      parseDocument(text);
      await this.#keep(reader, digest, text);
      return true;
    } catch (error) {
      if (!XinlianError.is(error)) throw error;
      if (!signal.aborted) this.#needs.logger.debug({ err: error, from, digest }, 'a document did not come yet');
      return false;
    }
  }

  #wanted(): Wanted[] {
    const wanted = new Map<string, Wanted>();
    for (const { sides, digests } of this.#named()) {
      for (const [reader, from] of [sides, [sides[1], sides[0]] as const]) {
        // Where both are hosted here, what one has the other gets in the same way.
        if (!this.#needs.vaults.has(reader)) continue;
        for (const digest of digests)
          if (!this.has(reader, digest)) wanted.set(`${reader}/${digest}`, { reader, from, digest });
      }
    }
    return [...wanted.values()];
  }

  #named(): { sides: readonly [MemberId, MemberId]; digests: readonly Hex[] }[] {
    const { recognition } = this.#needs;
    return [
      ...recognition.agreements().map(({ terms: { first, second, document } }) => ({
        sides: [first, second] as const,
        digests: [document],
      })),
      ...recognition.cases().map((view) => ({
        sides: [view.terms.home, view.terms.host] as const,
        digests: digestsOf(view),
      })),
    ];
  }

  async #keep(member: MemberId, digest: Hex, text: string): Promise<void> {
    const { store, commits } = this.#needs;
    const sealed = this.#vault(member).sealNote(utf8(text), placeOf(member, digest));
    await commits.run((batch) => store.putDocument(batch, member, digest, sealed));
  }

  #vault(member: MemberId): Pick<RecordVault, 'sealNote' | 'openNote'> {
    const vault = this.#needs.vaults.get(member);
    if (!vault) throw new XinlianError('MEMBER_UNKNOWN', { member });
    return vault;
  }
}

/** The report, and what each step said; `anyone` says nothing. */
function digestsOf({ terms, steps }: CaseView): Hex[] {
  const own = steps.filter(({ role }) => role !== 'anyone').map(({ document }) => document);
  return [...new Set([terms.report, ...own])];
}

function placeOf(member: MemberId, digest: Hex): string {
  return `recognition/${member}/${digest}`;
}
