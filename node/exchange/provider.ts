// A provider answers queries: it trusts no gateway, decides alone from its own view of the chain, signs what it says, a
// refusal too, seals it to the asker, and leaves a receipt in its log before the answer leaves.
import { fromBase64Url, fromUtf8, toBase64Url, utf8 } from '../core/bytes.ts';
import { canonicalize } from '../core/canonical.ts';
import { XinlianError } from '../core/errors.ts';
import { openJwe, sealJwe, type Agreement } from '../core/jwe.ts';
import type { Jws } from '../core/jws.ts';
import { p256Point } from '../core/jwk.ts';
import { verifyMemberStatement } from '../core/application.ts';
import { parseMemberId, type MemberId } from '../core/ids.ts';
import {
  answerBody,
  parseQuery,
  PASSING_REFUSALS,
  QUERY_SECONDS,
  signAnswer,
  type AnswerBody,
  type Query,
  type Refusal,
} from '../core/query.ts';
import { openingCommitment, receipt, textDigest, type Receipt } from '../core/receipt.ts';
import { dayOfTime } from '../core/reconciliation.ts';
import type { AccessJudge, Decision, Ground } from './access-decision.ts';
import type { AgencyLog } from './agency-log.ts';
import type { AnswerRecords, CollectedRecords } from './answer-records.ts';
import type { Attachments } from './attachments.ts';
import type { CheckpointKey } from './checkpointer.ts';
import type { GroupCommit } from './group-commit.ts';
import { judgingTime } from './judge-grant.ts';
import { nextChange } from './next-change.ts';
import { openingPlace } from './openings.ts';
import { SharedWork } from './shared-work.ts';
import type { AccessStore, AnswerPlace, Clock, GrantView, WriteBatch } from './ports.ts';
import type { RecordVault } from './vault.ts';

/** Answers that ran out are forgotten with the first answer of each second, so many at most. */
const FORGOTTEN_AT_ONCE = 1_024;
/** An answer is kept for who asks again while its query may still be on its way. */
export const KEPT_SECONDS = QUERY_SECONDS + 300;

/** What the next block may mend: it is waited for a while. */
const AWAITED: ReadonlySet<Refusal> = new Set(['GRANT_PENDING', 'GRANT_UNKNOWN', 'GRANT_NOT_CONSUMED']);
type Batch = WriteBatch & { readonly length: number };

/** A hosted member, as far as it answers queries. */
export interface ProvidingMember<B extends WriteBatch> {
  id: MemberId;
  /** GB/T 2260 code. */
  region: string;
  log: AgencyLog<B>;
  vault: RecordVault;
  sealing: Agreement;
  key: CheckpointKey;
}

export interface ProviderOptions {
  /** How long a query waits for its consumption, or the registration of its grant, to become final here. */
  finalityWaitMs: number;
}

interface Dependencies<B extends Batch> {
  store: AccessStore<B>;
  commits: GroupCommit<B>;
  /** Who decides on queries under grants, and on those under share bases. */
  grants: AccessJudge<ProvidingMember<B>>;
  shares: AccessJudge<ProvidingMember<B>>;
  records: AnswerRecords<B>;
  attachments: Pick<Attachments<B>, 'offer'>;
  view: GrantView;
  clock: Clock;
  /** Told of every answer, for metrics. */
  answered: (outcome: 'answered' | 'refused', reason: Refusal | undefined) => void;
}

/** A query, or a subscription, whose sender is known. */
export interface Asked {
  query: Query;
  /** SHA-256 of it as it was signed, base64url. */
  request: string;
}

export class Provider<B extends Batch> {
  readonly #options: ProviderOptions;
  readonly #needs: Dependencies<B>;
  /** Queries being answered: asked again meanwhile, they get the same answer. */
  readonly #underWay = new SharedWork<string>();
  /** Second in which answers were last forgotten. */
  #sweptAt = 0;

  constructor(options: ProviderOptions, dependencies: Dependencies<B>) {
    this.#options = options;
    this.#needs = dependencies;
  }

  /**
   * @param sealed compact JWE of the signed query
   * @returns compact JWE of the signed answer
   * @throws MALFORMED, SIGNATURE_INVALID, UNAUTHENTICATED: nobody is known to have asked; CONFLICT: the query id was used
   *   for another query
   */
  async answer(member: ProvidingMember<B>, sealed: string, signal: AbortSignal): Promise<string> {
    const asked = await this.read(member, sealed, parseQuery);
    const { query, request } = asked;
    const place = { provider: member.id, grantee: query.iss, query: query.jti, page: query.page ?? 0 };
    const name = Object.values(place).join('/');
    const underWay = this.#underWay.digestOf(name);
    if (underWay !== undefined) same(underWay, request, query);
    const kept = this.#needs.store.answer(place);
    if (kept) return same(toBase64Url(kept.request), request, query) && kept.answer;
    return this.#underWay.run(name, request, signal, (shared) => this.#decideAndAnswer(member, asked, place, shared));
  }

  /** Opens what is signed as queries are. Throws as `answer`. */
  async read(
    { id, sealing }: ProvidingMember<B>,
    sealed: string,
    parse: (text: string) => { query: Query; jws: Jws },
  ): Promise<Asked> {
    const { plaintext } = await openJwe(sealed, sealing);
    const text = fromUtf8(plaintext);
    const { query, jws } = parse(text);
    const now = Math.floor(this.#needs.clock.now() / 1000);
    const clientKey = this.#needs.view.currentKey(parseMemberId(query.iss), 'client');
    await verifyMemberStatement(jws, query.iss, clientKey, now);
    if (query.aud !== id) throw new XinlianError('UNAUTHENTICATED', { reason: `the query is for ${query.aud}` });
    if (query.iat > now + 60 || query.exp <= now || query.exp - query.iat > QUERY_SECONDS) {
      throw new XinlianError('UNAUTHENTICATED', {
        reason: `the query is of ${query.iat} to ${query.exp}, now is ${now}`,
      });
    }
    p256Point(query.reply);
    return { query, request: textDigest(text) };
  }

  async #decideAndAnswer(
    member: ProvidingMember<B>,
    asked: Asked,
    place: AnswerPlace,
    signal: AbortSignal,
  ): Promise<string> {
    const { store, commits, clock } = this.#needs;
    const { query } = asked;
    const { decision, found } = await this.#judge(member, query, signal);
    const time = Math.floor(clock.now() / 1000);
    const { refusal } = decision;
    const { jwe, opening } = await this.sign(member, asked, decision, found);
    const expired = await this.#expiredAnswers(time);
    await commits.run((batch) => {
      store.forgetAnswers(batch, expired);
      this.leaveReceipt(batch, member, opening);
      if (refusal !== undefined && PASSING_REFUSALS.has(refusal)) return;
      store.putAnswer(batch, place, fromBase64Url(asked.request, 32), jwe, time + KEPT_SECONDS);
    });
    this.#needs.answered(opening.outcome, refusal);
    return jwe;
  }

  /** Decides, and looks up what may be shown. An attachment that is asked for is offered, or the query refused. */
  async #judge(
    member: ProvidingMember<B>,
    query: Query,
    signal: AbortSignal,
  ): Promise<{ decision: Decision; found?: CollectedRecords }> {
    const { clock, view, records, attachments } = this.#needs;
    const decision = await this.decideInTime(member, query, signal);
    const { refusal, ground } = decision;
    if (refusal !== undefined) return { decision };
    const time = Math.floor(clock.now() / 1000);
    const found = await records.collect(member, ground, query, judgingTime(view, time));
    if (!query.attachment) return { decision, found };
    const [record] = found.records;
    const attachment = record && attachments.offer(member, query, query.attachment, record);
    if (attachment) return { decision, found: { ...found, attachment } };
    return { decision: { ground, refusal: 'ITEM_NOT_HELD', detail: 'no such record, or no such attachment of it' } };
  }

  /**
   * Judges a query that was answered, as it stands now.
   * @throws GRANT_REFUSED
   */
  async mustStand(member: ProvidingMember<B>, query: Query, signal: AbortSignal): Promise<void> {
    const { decision } = await this.#judge(member, query, signal);
    const { refusal, detail = '', ground } = decision;
    if (refusal !== undefined)
      throw new XinlianError('GRANT_REFUSED', { grant: ground.grant ?? NO_GRANT, reason: refusal, detail });
  }

  /** Signs and seals what a decision comes to. @returns with it the receipt, which MUST be in the log before it leaves */
  async sign(
    member: ProvidingMember<B>,
    asked: Asked,
    decision: Decision,
    found: CollectedRecords | undefined,
    told: Pick<AnswerBody, 'event' | 'list'> = {},
  ): Promise<{ jwe: string; opening: Receipt }> {
    const { clock, view } = this.#needs;
    const { query } = asked;
    const { refusal, detail, ground } = decision;
    const time = Math.floor(clock.now() / 1000);
    // The block that it was judged at, whatever came meanwhile.
    const { number = 0, time: headTime = 0 } = decision.head ?? view.head() ?? {};
    const body: AnswerBody = {
      type: 'xinlian/answer/v1',
      provider: member.id,
      grantee: query.iss,
      query: query.jti,
      request: asked.request,
      ...groundOf(query, ground),
      outcome: refusal === undefined ? 'answered' : 'refused',
      ...(refusal !== undefined && { reason: refusal }),
      ...(detail !== undefined && { detail }),
      time,
      head: { number, time: headTime },
      ...(found && { log: found.log }),
      records: found?.records ?? [],
      none: found?.none ?? [],
      ...(found?.more === true && { more: true }),
      ...(found?.attachment && { attachment: found.attachment }),
      ...told,
    };
    const text = canonicalize(answerBody.check(body));
    const opening = receiptOf(member, asked, body, { ground, answer: textDigest(text) });
    const jws = await signAnswer(
      { body: text, receipt: { log: member.log.state.id, key: toBase64Url(member.key.publicKey), opening } },
      member.key,
    );
    return { jwe: await sealJwe(utf8(jws), p256Point(query.reply), 'JWT', query.enc), opening };
  }

  async #expiredAnswers(time: number): Promise<Uint8Array[]> {
    if (time === this.#sweptAt) return [];
    this.#sweptAt = time;
    return this.#needs.store.expiredAnswers(time, FORGOTTEN_AT_ONCE);
  }

  /** Adds a receipt to the log, and to what its subject may see. */
  leaveReceipt(batch: B, { log, vault }: ProvidingMember<B>, opening: Receipt): void {
    const { store } = this.#needs;
    const commitment = openingCommitment(opening);
    const position = log.append(batch, { kind: 'receipt', time: opening.time, commitment });
    const { number } = log.state;
    const sealed = vault.sealNote(receipt.encode(opening), openingPlace(number, position));
    store.putOpening(batch, number, position, commitment, sealed);
    // A day sets what was asked beside what came of it: of a white list nobody asked.
    if (!opening.list) store.putDay(batch, number, dayOfTime(opening.time), position, opening.grantee);
    // A law that is cited can forbid to tell the subject: auditors see such a receipt.
    if (opening.subject !== '' && opening.basis?.hidden === undefined)
      store.putSubjectReceipt(batch, number, vault.subjectKey(opening.subject), position);
  }

  /** Whether a query may be answered now. A provider that is suspended itself answers nobody. */
  async decide(member: ProvidingMember<B>, query: Query): Promise<Decision> {
    const { grants, shares, view } = this.#needs;
    const decision = await (query.basis ? shares : grants).decide(member, query);
    if (decision.refusal !== undefined || view.isEntitledNow(member.id)) return decision;
    return { ...decision, refusal: 'PROVIDER_NOT_ENTITLED', detail: `${member.id} is no active member` };
  }

  /** Judges; where all that is missing is a block that is not final here yet, waits for it a while. */
  async decideInTime(member: ProvidingMember<B>, query: Query, signal: AbortSignal): Promise<Decision> {
    const deadline = this.#needs.clock.now() + this.#options.finalityWaitMs;
    for (;;) {
      const decision = await this.decide(member, query);
      const { refusal } = decision;
      const left = Math.min(deadline, query.exp * 1000) - this.#needs.clock.now();
      if (refusal === undefined || !AWAITED.has(refusal) || left <= 0) return decision;
      await nextChange(this.#needs.view, left, signal);
    }
  }
}

/** Hash of a grant that could not be read. */
const NO_GRANT = `0x${'00'.repeat(32)}`;

function groundOf(query: Query, { grant, basis }: Ground): Pick<AnswerBody, 'grant' | 'basis'> {
  if (!query.basis) return { grant: grant ?? NO_GRANT };
  return basis ? { basis: basis.basis } : {};
}

function receiptOf(
  { id }: { id: MemberId },
  { query, request }: Asked,
  { grant, outcome, reason, records, time, head, event, list }: AnswerBody,
  { ground: { basis, subject, level }, answer }: { ground: Ground; answer: string },
): Receipt {
  return {
    type: 'xinlian/receipt/v1',
    salt: toBase64Url(crypto.getRandomValues(new Uint8Array(32))),
    provider: id,
    grantee: query.iss,
    ...(grant !== undefined && { grant }),
    ...(basis && { basis }),
    query: query.jti,
    subject: subject.uscc,
    purpose: query.purpose,
    items: query.items,
    time,
    request,
    outcome,
    ...(reason !== undefined && { reason }),
    records: records.map(({ position }) => position),
    ...(event && { event: event.number }),
    ...(list && { list: { id: list.list, edition: list.edition, name: list.name } }),
    answer,
    ...(level !== undefined && { level }),
    head,
  };
}

/** One query id, one query. */
function same(before: string, request: string, { jti }: Query): true {
  if (before === request) return true;
  throw new XinlianError('CONFLICT', { what: `query ${jti}`, wanted: 'the query that it was before', got: 'another' });
}
