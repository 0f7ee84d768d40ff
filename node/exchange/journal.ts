// The grantee's side of a query: before anyone is asked, its own node logs that it asks, and consumes a counted grant.
import { fromBase64Url, fromUtf8, toBase64Url, toHex, type Hex } from '../core/bytes.ts';
import { verifyMemberStatement } from '../core/application.ts';
import type { GrantTerms } from '../core/consortium.ts';
import { XinlianError } from '../core/errors.ts';
import { openJwe } from '../core/jwe.ts';
import { parseJournal, QUERY_SECONDS, type Journal, type Journalled } from '../core/query.ts';
import { openingCommitment, queryNote, textDigest, type QueryNote } from '../core/receipt.ts';
import { dayOfTime } from '../core/reconciliation.ts';
import { parseBasis, receiptBasis } from '../core/share.ts';
import { grantHashOf, type GrantHash } from '../core/ids.ts';
import { parseArtefact } from '../core/grant.ts';
import type { Consumptions } from './consumptions.ts';
import type { GroupCommit } from './group-commit.ts';
import { nextChange } from './next-change.ts';
import { openingPlace } from './openings.ts';
import { SharedWork } from './shared-work.ts';
import type { AccessStore, Clock, GrantView, GrantWriter, WriteBatch } from './ports.ts';
import type { ProvidingMember } from './provider.ts';

type Batch = WriteBatch & { readonly length: number };

/** A hosted member, as far as it asks. */
export interface AskingMember<B extends WriteBatch> extends Omit<ProvidingMember<B>, 'key' | 'region'> {
  writer: GrantWriter;
}

interface Dependencies<B extends Batch> {
  store: AccessStore<B>;
  commits: GroupCommit<B>;
  view: GrantView;
  clock: Clock;
  consumptions: Consumptions;
}

export class QueryJournal<B extends Batch> {
  readonly #needs: Dependencies<B>;
  /** Journals under way, by member and digest. */
  readonly #underWay = new SharedWork<Journalled>();
  /** Those done, until they end by themselves: what is sent again is not logged again, but for after a restart. */
  readonly #done = new Map<string, { exp: number; journalled: Journalled }>();

  constructor(dependencies: Dependencies<B>) {
    this.#needs = dependencies;
  }

  /**
   * @param sealed compact JWE of the signed journal
   * @throws UNAUTHENTICATED, SIGNATURE_INVALID, MALFORMED; TRANSACTION_REVERTED where the chain refused the consumption
   */
  async take(member: AskingMember<B>, sealed: string, signal: AbortSignal): Promise<Journalled> {
    const { plaintext } = await openJwe(sealed, member.sealing);
    const text = fromUtf8(plaintext);
    const { journal, jws } = parseJournal(text);
    const now = Math.floor(this.#needs.clock.now() / 1000);
    await verifyMemberStatement(jws, journal.iss, this.#needs.view.currentKey(member.id, 'client'), now);
    if (journal.iss !== member.id || journal.aud !== member.id)
      throw new XinlianError('UNAUTHENTICATED', { reason: `the journal is of ${journal.iss} for ${journal.aud}` });
    if (journal.iat > now + 60 || journal.exp <= now || journal.exp - journal.iat > QUERY_SECONDS)
      throw new XinlianError('UNAUTHENTICATED', { reason: `the journal is of ${journal.iat} to ${journal.exp}` });
    const digest = textDigest(text);
    const name = `${member.id}/${digest}`;
    this.#forgetEnded(now);
    const before = this.#done.get(name);
    if (before) return before.journalled;
    const work = (shared: AbortSignal) => this.#take(member, journal, now, shared);
    const journalled = await this.#underWay.run(name, digest, signal, work);
    this.#done.set(name, { exp: journal.exp, journalled });
    return journalled;
  }

  #forgetEnded(now: number): void {
    for (const [name, { exp }] of this.#done) {
      if (exp > now) return;
      this.#done.delete(name);
    }
  }

  async #take(member: AskingMember<B>, journal: Journal, time: number, signal: AbortSignal): Promise<Journalled> {
    const { terms, ...ground } = groundOf(journal);
    await this.#log(member, {
      type: 'xinlian/query-note/v1',
      salt: toBase64Url(crypto.getRandomValues(new Uint8Array(32))),
      grantee: member.id,
      ...ground,
      query: journal.jti,
      items: journal.items,
      time,
      requests: journal.requests,
    });
    if (!terms || terms.uses === 0) return { query: journal.jti, consumed: false };
    const query = toHex(fromBase64Url(journal.jti, 32));
    const hash = grantHashOf(terms);
    if (!this.#needs.view.consumption(hash, query))
      await this.#needs.consumptions.consume(member, { terms, queryId: query });
    await this.#untilFinal(hash, query, journal.exp * 1000, signal);
    return { query: journal.jti, consumed: true };
  }

  async #log({ log, vault }: AskingMember<B>, note: QueryNote): Promise<void> {
    const { store, commits } = this.#needs;
    const commitment = openingCommitment(note);
    await commits.run((batch) => {
      const position = log.append(batch, { kind: 'query', time: note.time, commitment });
      const { number } = log.state;
      const sealed = vault.sealNote(queryNote.encode(note), openingPlace(number, position));
      store.putOpening(batch, number, position, commitment, sealed);
      store.putDay(batch, number, dayOfTime(note.time), position, note.grantee);
    });
  }

  async #untilFinal(hash: GrantHash, query: Hex, deadline: number, signal: AbortSignal): Promise<void> {
    const { view, clock } = this.#needs;
    while (view.consumption(hash, query)?.final !== true) {
      const left = deadline - clock.now();
      if (left <= 0)
        throw new XinlianError('TIMEOUT', { what: 'finality of the consumption', afterMs: QUERY_SECONDS * 1000 });
      await nextChange(view, left, signal);
    }
  }
}

/** What a query is under, for the note of it; the terms of a grant, which may have to be consumed. */
function groundOf({
  grant,
  basis,
  subject = '',
  proofOnly,
}: Journal): Pick<QueryNote, 'grant' | 'basis' | 'subject' | 'purpose'> & { terms?: GrantTerms } {
  if (basis) {
    const read = parseBasis(basis.basis);
    return { basis: receiptBasis(read, proofOnly), subject, purpose: read.basis.matter.code };
  }
  const { artefact, terms } = parseArtefact(grant?.artefact ?? '');
  return { terms, grant: grantHashOf(terms), subject: artefact.subject.uscc, purpose: artefact.purpose };
}
