// Requests for authorisation: a bank puts one down at the member that identifies the enterprise, the enterprise decides,
// the bank asks what became of it. Everything is sealed to the vault while it waits.
import { verifyMemberStatement } from '../core/application.ts';
import { fromUtf8, utf8 } from '../core/bytes.ts';
import { canonicalize } from '../core/canonical.ts';
import { malformed, XinlianError } from '../core/errors.ts';
import { checkGrant } from '../core/grant.ts';
import {
  parseQuestion,
  parseRequest,
  REQUEST_SECONDS,
  type GrantDecision,
  type GrantRequest,
  type RequestState,
  type SeenRequest,
} from '../core/grant-request.ts';
import { openJwe, type Agreement } from '../core/jwe.ts';
import { p256Point } from '../core/jwk.ts';
import { parseMemberId, type MemberId } from '../core/ids.ts';
import type { GrantRules } from '../policy/grant-rules.ts';
import type { GroupCommit } from './group-commit.ts';
import type { Clock, GrantView, RequestStore, WriteBatch } from './ports.ts';
import type { RecordVault } from './vault.ts';

/** Requests that wait for one enterprise: as many as one answer shows it. */
const MOST_WAITING = 200;
/** Of one bank: it must not keep out the others. */
const MOST_OF_ONE = 20;

type Batch = WriteBatch & { readonly length: number };

/** A hosted member, as far as it keeps requests. */
export interface DeskMember {
  id: MemberId;
  vault: RecordVault;
  sealing: Agreement;
}

interface Kept {
  request: GrantRequest;
  decision?: GrantDecision;
}

interface Dependencies<B extends Batch> {
  store: RequestStore<B>;
  commits: GroupCommit<B>;
  view: GrantView;
  rules: GrantRules;
  clock: Clock;
}

export class RequestDesk<B extends Batch> {
  readonly #needs: Dependencies<B>;
  /** Decisions on their way to the disk, by request. */
  readonly #deciding = new Map<string, Promise<void>>();

  constructor(dependencies: Dependencies<B>) {
    this.#needs = dependencies;
  }

  /**
   * Takes a request of a bank. The same again changes nothing.
   * @param sealed compact JWE of the signed request
   * @throws UNAUTHENTICATED, SIGNATURE_INVALID, MEMBER_NOT_ENTITLED, FORBIDDEN, OVERLOADED; MALFORMED, for a grant that
   *   could not stand too; CONFLICT for another request under the same id
   */
  async put(member: DeskMember, sealed: string): Promise<RequestState> {
    const { request, jws } = parseRequest(await this.#open(member, sealed));
    const now = this.#now();
    const issuer = parseMemberId(request.iss);
    const { view, store, commits } = this.#needs;
    await verifyMemberStatement(jws, issuer, view.currentKey(issuer, 'client'), now);
    if (request.aud !== member.id)
      throw new XinlianError('UNAUTHENTICATED', { reason: `the request is for ${request.aud}` });
    if (request.wanted.grantee.member !== issuer)
      throw new XinlianError('FORBIDDEN', { wanted: `a grant to ${issuer}`, got: request.wanted.grantee.member });
    if (!view.isEntitledNow(issuer, ['bank'])) {
      const got = view.member(issuer)?.status ?? 'no member';
      throw new XinlianError('MEMBER_NOT_ENTITLED', { member: issuer, wanted: 'active, bank', got });
    }
    if (request.exp <= now || request.exp - request.iat > REQUEST_SECONDS || request.iat > now + 60)
      throw new XinlianError('UNAUTHENTICATED', { reason: `the request is of ${request.iat} to ${request.exp}` });
    p256Point(request.reply);
    this.#checkWanted(request);
    const known = this.#kept(member, request.jti);
    if (known) {
      if (canonicalize(known.request) === canonicalize(request)) return this.#stateOf(known);
      const what = `grant request ${request.jti}`;
      throw new XinlianError('CONFLICT', { what, wanted: 'the request that it was before', got: 'another' });
    }
    const subject = member.vault.subjectKey(request.wanted.subject.uscc);
    await this.#checkRoom(member, subject, issuer);
    const kept = { request };
    await commits.run((batch) => {
      store.putRequest(batch, member.id, request.jti, this.#seal(member, kept));
      store.putSubjectRequest(batch, member.id, subject, request.jti);
    });
    return this.#stateOf(kept);
  }

  /** What became of a request, for who made it. Throws as `put`, and `NOT_FOUND`. */
  async state(member: DeskMember, sealed: string): Promise<RequestState> {
    const { question, jws } = parseQuestion(await this.#open(member, sealed));
    const issuer = parseMemberId(question.iss);
    const now = this.#now();
    await verifyMemberStatement(jws, issuer, this.#needs.view.currentKey(issuer, 'client'), now);
    if (question.aud !== member.id || question.exp <= now || question.iat > now + 60)
      throw new XinlianError('UNAUTHENTICATED', { reason: 'the question is for another, or of another time' });
    const kept = this.#kept(member, question.jti);
    if (!kept || kept.request.iss !== issuer)
      throw new XinlianError('NOT_FOUND', { what: 'grant request', id: question.jti });
    return this.#stateOf(kept);
  }

  /** Requests to an enterprise that have not expired, the newest last. */
  async list(member: DeskMember, uscc: string): Promise<SeenRequest[]> {
    const seen: SeenRequest[] = [];
    for await (const id of this.#needs.store.requests(member.id, member.vault.subjectKey(uscc))) {
      const kept = this.#kept(member, id);
      if (!kept || kept.request.exp <= this.#now()) continue;
      const { request, decision } = kept;
      seen.push({ request, text: this.#describe(request), ...(decision && { decision: decision.outcome }) });
    }
    return seen.sort((a, b) => a.request.iat - b.request.iat);
  }

  /**
   * The enterprise's decision. One that was made stands.
   * @throws NOT_FOUND for a request to another enterprise; CONFLICT where it was decided otherwise, or has expired
   */
  async decide(member: DeskMember, uscc: string, decision: GrantDecision): Promise<RequestState> {
    const place = placeOf(member.id, decision.request);
    // What is on its way to the disk is decided.
    for (let before = this.#deciding.get(place); before; before = this.#deciding.get(place)) await before;
    const deciding = this.#decide(member, uscc, decision);
    const settled = deciding.then(nothing, nothing).finally(() => this.#deciding.delete(place));
    this.#deciding.set(place, settled);
    return deciding;
  }

  async #decide(member: DeskMember, uscc: string, decision: GrantDecision): Promise<RequestState> {
    const kept = this.#kept(member, decision.request);
    if (kept?.request.wanted.subject.uscc !== uscc)
      throw new XinlianError('NOT_FOUND', { what: 'grant request', id: decision.request });
    if ((decision.outcome === 'granted') !== (decision.document !== undefined)) {
      const got = decision.document === undefined ? 'none' : 'one';
      throw new XinlianError('MALFORMED', { what: 'document', wanted: 'one where it is granted, else none', got });
    }
    const before = this.#stateOf(kept);
    if (before.state !== 'waiting') {
      if (before.state === decision.outcome) return before;
      const what = `grant request ${decision.request}`;
      throw new XinlianError('CONFLICT', { what, wanted: 'one that waits', got: before.state });
    }
    const decided = { ...kept, decision };
    await this.#needs.commits.run((batch) =>
      this.#needs.store.putRequest(batch, member.id, decision.request, this.#seal(member, decided)),
    );
    return this.#stateOf(decided);
  }

  /** What could not be granted cannot be asked for; and its words can be written. */
  #checkWanted({ wanted }: GrantRequest): void {
    checkGrant(wanted);
    const [fault] = this.#needs.rules.wantedFaults(wanted);
    if (fault) malformed(`${fault.code} of the grant`, fault.wanted, fault.got);
  }

  async #checkRoom(member: DeskMember, subject: Uint8Array, issuer: MemberId): Promise<void> {
    let waiting = 0;
    let own = 0;
    for await (const id of this.#needs.store.requests(member.id, subject)) {
      const kept = this.#kept(member, id);
      if (!kept || this.#stateOf(kept).state !== 'waiting') continue;
      waiting++;
      if (kept.request.iss === issuer) own++;
    }
    if (waiting >= MOST_WAITING || own >= MOST_OF_ONE)
      throw new XinlianError('OVERLOADED', { what: 'requests that wait for this enterprise', retryAfterSeconds: 3600 });
  }

  async #open({ sealing }: DeskMember, sealed: string): Promise<string> {
    return fromUtf8((await openJwe(sealed, sealing)).plaintext);
  }

  #describe({ wanted }: GrantRequest): string {
    return this.#needs.rules.describeWanted(wanted);
  }

  #stateOf({ request, decision }: Kept): RequestState {
    if (!decision) return { request: request.jti, state: request.exp <= this.#now() ? 'expired' : 'waiting' };
    const { outcome, reason, document } = decision;
    return {
      request: request.jti,
      state: outcome,
      ...(reason !== undefined && { reason }),
      ...(document !== undefined && { document }),
    };
  }

  #kept({ id, vault }: DeskMember, request: string): Kept | undefined {
    const sealed = this.#needs.store.request(id, request);
    return sealed && (JSON.parse(fromUtf8(vault.openNote(sealed, placeOf(id, request)))) as Kept);
  }

  #seal({ id, vault }: DeskMember, kept: Kept): Uint8Array {
    return vault.sealNote(utf8(JSON.stringify(kept)), placeOf(id, kept.request.jti));
  }

  #now(): number {
    return Math.floor(this.#needs.clock.now() / 1000);
  }
}

function nothing(): void {}

function placeOf(member: MemberId, request: string): string {
  return `request/${member}/${request}`;
}
