// Share bases at the agency that provides: put down by another agency, decided by the catalogue or an officer, ended by
// either side. An approval has a line in the provider's log, whose status tells whether the basis ended.
import { sha256 } from '#sha256';
import { verifyMemberStatement } from '../core/application.ts';
import { fromUtf8, utf8 } from '../core/bytes.ts';
import { canonicalize } from '../core/canonical.ts';
import type { Role } from '../core/consortium.ts';
import { malformed, XinlianError } from '../core/errors.ts';
import { memberIdOf, parseMemberId, type MemberId } from '../core/ids.ts';
import { openJwe, sealJwe } from '../core/jwe.ts';
import { QUERY_SECONDS } from '../core/query.ts';
import {
  parseBasis,
  parseShareQuestion,
  shareState,
  signApproval,
  type ShareApproval,
  type ShareBasis,
  type ShareDecision,
  type SharePage,
  type ShareState,
} from '../core/share.ts';
import { parseUscc } from '../core/uscc.ts';
import type { ShareRules } from '../policy/share-rules.ts';
import type { GroupCommit } from './group-commit.ts';
import type { Clock, GrantView, ShareStore, WriteBatch } from './ports.ts';
import type { ProvidingMember } from './provider.ts';
import { Turns } from './turns.ts';
import type { RecordVault } from './vault.ts';

/** Any of these makes a member an agency, which may read under a basis. */
const AGENCY_ROLES: readonly Role[] = ['source', 'regulator', 'centre'];
/** Bases of one requester that wait: it must not fill the desk. */
const MOST_WAITING = 200;
const PAGE_BASES = 50;

type Batch = WriteBatch & { readonly length: number };

/** A basis as it is kept. */
export interface KeptBasis {
  /** Compact JWS of the requester. */
  text: string;
  /** Seconds since 1970. */
  asked: number;
  refused?: { reason: string };
  /** Compact JWS, and the position of its line. */
  approved?: { approval: string; items: string[]; to: number; position: number };
  ended?: { by: MemberId; time: number; reason?: string };
}

interface Dependencies<B extends Batch> {
  store: ShareStore<B>;
  commits: GroupCommit<B>;
  view: GrantView;
  rules: ShareRules;
  clock: Clock;
}

export class ShareDesk<B extends Batch> {
  readonly #needs: Dependencies<B>;
  /** What changes one basis goes one after the other. */
  readonly #turns = new Turns();

  constructor(dependencies: Dependencies<B>) {
    this.#needs = dependencies;
  }

  /**
   * Takes a basis. The same again changes nothing.
   * @param sealed compact JWE of the signed basis
   * @returns compact JWE of its state, sealed to the requester
   * @throws UNAUTHENTICATED, SIGNATURE_INVALID, MEMBER_NOT_ENTITLED, MALFORMED, OVERLOADED; CONFLICT for another basis
   *   under the same id
   */
  async ask(member: ProvidingMember<B>, sealed: string): Promise<string> {
    const text = fromUtf8((await openJwe(sealed, member.sealing)).plaintext);
    const { basis, jws } = parseBasis(text);
    const issuer = parseMemberId(basis.iss);
    const { view } = this.#needs;
    await verifyMemberStatement(jws, issuer, view.currentKey(issuer, 'client'), this.#now());
    if (basis.aud !== member.id) throw new XinlianError('UNAUTHENTICATED', { reason: `the basis is for ${basis.aud}` });
    const named = memberIdOf(parseUscc(basis.requester.uscc));
    if (named !== issuer) malformed('requester of the basis', `the code of ${issuer}`, basis.requester.uscc);
    if (!isAgency(view, issuer)) {
      const got = view.member(issuer)?.status ?? 'no member';
      throw new XinlianError('MEMBER_NOT_ENTITLED', {
        member: issuer,
        wanted: `active, ${AGENCY_ROLES.join(' or ')}`,
        got,
      });
    }
    const kept = await this.#turns.run(placeOf(member.id, basis.jti), () => this.#take(member, basis, text));
    return this.#tell(kept, basis);
  }

  /** What became of a basis, or its end, for who asked for it. Throws as `ask`, and `NOT_FOUND`. */
  async question(member: ProvidingMember<B>, sealed: string): Promise<string> {
    const { question, jws } = parseShareQuestion(fromUtf8((await openJwe(sealed, member.sealing)).plaintext));
    const issuer = parseMemberId(question.iss);
    const now = this.#now();
    await verifyMemberStatement(jws, issuer, this.#needs.view.currentKey(issuer, 'client'), now);
    const { aud, iat, exp, jti, act, reason } = question;
    if (aud !== member.id || exp <= now || iat > now + 60 || exp - iat > QUERY_SECONDS)
      throw new XinlianError('UNAUTHENTICATED', { reason: 'the question is for another, or of another time' });
    const { basis } = parseBasis(this.#need(member, jti).text);
    if (basis.iss !== issuer) throw new XinlianError('NOT_FOUND', { what: 'share basis', id: jti });
    if (act === 'end') await this.end(member, { basis: jti, ...(reason !== undefined && { reason }) }, issuer);
    return this.#tell(this.#need(member, jti), basis);
  }

  /** What the provider's officers see, by id. */
  async list(member: ProvidingMember<B>, after?: string): Promise<SharePage> {
    const bases: SharePage['bases'] = [];
    for await (const id of this.#needs.store.bases(member.id, after)) {
      if (bases.length === PAGE_BASES) return { bases, next: bases.at(-1)?.basis.jti ?? id };
      const kept = this.#need(member, id);
      const { basis } = parseBasis(kept.text);
      bases.push({ basis, state: this.#stateOf(kept, basis), text: this.#needs.rules.describe(basis) });
    }
    return { bases };
  }

  /**
   * The officer's decision. One that was made stands.
   * @throws NOT_FOUND; MALFORMED for one that is wider than what was asked for; CONFLICT where it was decided otherwise
   */
  async decide(member: ProvidingMember<B>, decision: ShareDecision): Promise<ShareState> {
    const { basis: id, outcome, officer, reason } = decision;
    return this.#turns.run(placeOf(member.id, id), async () => {
      const kept = this.#need(member, id);
      const { basis, digest } = parseBasis(kept.text);
      const before = this.#stateOf(kept, basis);
      if (before.state !== 'waiting') {
        if (before.state === outcome) return before;
        throw new XinlianError('CONFLICT', { what: `share basis ${id}`, wanted: 'one that waits', got: before.state });
      }
      if (outcome === 'refused') {
        const refused = { ...kept, refused: { reason: reason ?? `refused by ${officer}` } };
        await this.#save(member, id, refused);
        return this.#stateOf(refused, basis);
      }
      const items = decision.items ?? basis.items.map(({ item }) => item);
      const wider = items.find((item) => !basis.items.some((asked) => asked.item === item));
      if (wider !== undefined) malformed('items of the decision', 'no more than were asked for', wider);
      const { to = basis.to } = decision;
      if (to > basis.to || to <= basis.from) malformed('end of the decision', `up to ${basis.to}`, to);
      return this.#stateOf(await this.#approve(member, kept, { basis, digest, items, to, officer }), basis);
    });
  }

  /**
   * Ends a basis, for good: also one that waits. @param by who ends it: requester or provider
   * @throws NOT_FOUND; CONFLICT where it was refused
   */
  async end(
    member: ProvidingMember<B>,
    { basis: id, reason }: { basis: string; reason?: string },
    by: MemberId = member.id,
  ): Promise<ShareState> {
    return this.#turns.run(placeOf(member.id, id), async () => {
      const kept = this.#need(member, id);
      const { basis } = parseBasis(kept.text);
      if (kept.ended) return this.#stateOf(kept, basis);
      if (kept.refused)
        throw new XinlianError('CONFLICT', { what: `share basis ${id}`, wanted: 'one to end', got: 'refused' });
      const time = this.#now();
      const ended = { ...kept, ended: { by, time, ...(reason !== undefined && { reason }) } };
      await this.#needs.commits.run((batch) => {
        if (kept.approved) member.log.appendChange(batch, { kind: 'annul', time, ref: kept.approved.position });
        this.#needs.store.putBasis(batch, member.id, id, this.#seal(member, id, ended));
      });
      return this.#stateOf(ended, basis);
    });
  }

  /** A basis as it is kept; undefined: there is none. */
  kept({ id: member, vault }: { id: MemberId; vault: RecordVault }, id: string): KeptBasis | undefined {
    const sealed = this.#needs.store.basis(member, id);
    return sealed && (JSON.parse(fromUtf8(vault.openNote(sealed, placeOf(member, id)))) as KeptBasis);
  }

  async #take(member: ProvidingMember<B>, basis: ShareBasis, text: string): Promise<KeptBasis> {
    const { rules } = this.#needs;
    const known = this.kept(member, basis.jti);
    if (known) {
      if (canonicalize(parseBasis(known.text).basis) === canonicalize(basis)) return known;
      const what = `share basis ${basis.jti}`;
      throw new XinlianError('CONFLICT', { what, wanted: 'the basis that it was before', got: 'another' });
    }
    await this.#checkRoom(member, basis.iss);
    const asked = { text, asked: this.#now() };
    const fault = rules.fault(basis);
    if (fault?.code === 'BASIS_MALFORMED') malformed('share basis', 'one that its rules allow', fault.detail);
    if (fault) {
      const refused = { ...asked, refused: { reason: `${fault.code}: ${fault.detail}` } };
      await this.#save(member, basis.jti, refused);
      return refused;
    }
    if (!rules.wantsOfficer(basis)) {
      const items = basis.items.map(({ item }) => item);
      return this.#approve(member, asked, { basis, digest: parseBasis(text).digest, items, to: basis.to });
    }
    await this.#save(member, basis.jti, asked);
    return asked;
  }

  async #approve(
    member: ProvidingMember<B>,
    kept: KeptBasis,
    {
      basis,
      digest,
      items,
      to,
      officer,
    }: Pick<ShareApproval, 'items' | 'to' | 'officer'> & {
      basis: ShareBasis;
      digest: string;
    },
  ): Promise<KeptBasis> {
    const iat = this.#now();
    const approval = await signApproval(
      {
        iss: member.id,
        aud: basis.iss,
        jti: basis.jti,
        iat,
        basis: digest,
        ...(officer === undefined ? { by: 'catalogue' } : { by: 'officer', officer }),
        items,
        to,
      },
      member.key,
    );
    return this.#needs.commits.run((batch) => {
      // The digest of the basis is salted: this one tells nobody whose approval it is.
      const entry = { kind: 'share', time: iat, commitment: sha256(utf8(approval)) } as const;
      const position = member.log.append(batch, entry);
      const approved = { ...kept, approved: { approval, items, to, position } };
      this.#needs.store.putBasis(batch, member.id, basis.jti, this.#seal(member, basis.jti, approved));
      return approved;
    });
  }

  async #checkRoom(member: ProvidingMember<B>, issuer: string): Promise<void> {
    let waiting = 0;
    for await (const id of this.#needs.store.bases(member.id)) {
      const kept = this.#need(member, id);
      const { basis } = parseBasis(kept.text);
      if (basis.iss === issuer && this.#stateOf(kept, basis).state === 'waiting') waiting++;
    }
    if (waiting >= MOST_WAITING)
      throw new XinlianError('OVERLOADED', { what: 'share bases that wait', retryAfterSeconds: 3600 });
  }

  #stateOf(kept: KeptBasis, basis: ShareBasis): ShareState {
    const { asked, refused, approved, ended } = kept;
    const reason = refused?.reason ?? ended?.reason;
    const over = (approved?.to ?? basis.to) <= this.#now();
    return {
      basis: basis.jti,
      state: refused ? 'refused' : ended ? 'ended' : over ? 'expired' : approved ? 'approved' : 'waiting',
      asked,
      answerWithin: this.#needs.rules.answerWithin(basis, asked),
      ...(reason !== undefined && { reason }),
      ...(approved && { approval: approved.approval }),
      ...(ended && { ended: { by: ended.by, time: ended.time } }),
    };
  }

  /** Sealed to the requester: no gateway reads who shares what. */
  #tell(kept: KeptBasis, basis: ShareBasis): Promise<string> {
    const sealing = this.#needs.view.currentKey(parseMemberId(basis.iss), 'sealing');
    if (!sealing) throw new XinlianError('UNAUTHENTICATED', { reason: `member ${basis.iss} has no sealing key` });
    return sealJwe(shareState.encode(this.#stateOf(kept, basis)), sealing);
  }

  #need(member: ProvidingMember<B>, id: string): KeptBasis {
    const kept = this.kept(member, id);
    if (!kept) throw new XinlianError('NOT_FOUND', { what: 'share basis', id });
    return kept;
  }

  #save(member: ProvidingMember<B>, id: string, kept: KeptBasis): Promise<void> {
    return this.#needs.commits.run((batch) =>
      this.#needs.store.putBasis(batch, member.id, id, this.#seal(member, id, kept)),
    );
  }

  #seal({ id: member, vault }: ProvidingMember<B>, id: string, kept: KeptBasis): Uint8Array {
    return vault.sealNote(utf8(JSON.stringify(kept)), placeOf(member, id));
  }

  #now(): number {
    return Math.floor(this.#needs.clock.now() / 1000);
  }
}

/** Whether a member is an agency that may act now. */
export function isAgency(view: Pick<GrantView, 'isEntitledNow'>, member: MemberId): boolean {
  return AGENCY_ROLES.some((role) => view.isEntitledNow(member, [role]));
}

function placeOf(member: MemberId, basis: string): string {
  return `share/${member}/${basis}`;
}
