// Whether a query of an agency may be answered under its share basis.
import { XinlianError } from '../core/errors.ts';
import { parseMemberId } from '../core/ids.ts';
import type { Query, Refusal } from '../core/query.ts';
import { parseBasis, receiptBasis, type ShareBasis } from '../core/share.ts';
import type { ShareRules } from '../policy/share-rules.ts';
import type { AccessJudge, Decision, Ground } from './access-decision.ts';
import { judgingTime, staleness } from './judge-grant.ts';
import type { Clock, GrantView, WriteBatch } from './ports.ts';
import type { ProvidingMember } from './provider.ts';
import { isAgency, type KeptBasis } from './share-desk.ts';

interface Dependencies<B extends WriteBatch> {
  bases: { kept(member: ProvidingMember<B>, id: string): KeptBasis | undefined };
  rules: ShareRules;
  view: GrantView;
  clock: Clock;
}

export class ShareAccess<B extends WriteBatch> implements AccessJudge<ProvidingMember<B>> {
  readonly #failClosedSeconds: number;
  readonly #needs: Dependencies<B>;

  /** @param options failClosedSeconds: a head older than this proves nothing, and reads close */
  constructor(options: { failClosedSeconds: number }, dependencies: Dependencies<B>) {
    this.#failClosedSeconds = options.failClosedSeconds;
    this.#needs = dependencies;
  }

  async decide(member: ProvidingMember<B>, query: Query): Promise<Decision> {
    const subject = { uscc: query.subject ?? '' };
    const read = readBasis(query.basis?.basis ?? '');
    if ('detail' in read) return { refusal: 'BASIS_MALFORMED', detail: read.detail, ground: { subject, items: [] } };
    const { basis } = read;
    const kept = this.#needs.bases.kept(member, basis.jti);
    const known = kept?.text === query.basis?.basis ? kept : undefined;
    const { hidden, ...told } = receiptBasis(read, query.proofOnly);
    // A law that a basis cites hides its requester's accesses, once an officer has accepted that it does.
    const hides = hidden !== undefined && known?.approved !== undefined && query.iss === basis.iss;
    const ground: Ground = { basis: hides ? { ...told, hidden } : told, subject, items: basis.items };
    if (!known) {
      const detail = kept ? 'another basis has this id' : 'it was not put down here';
      return { refusal: 'BASIS_UNKNOWN', detail, ground };
    }
    const [refusal, detail] = this.#refusal(query, basis, known) ?? [];
    return { ...(refusal !== undefined && { refusal }), ...(detail !== undefined && { detail }), ground };
  }

  #refusal(query: Query, basis: ShareBasis, kept: KeptBasis): readonly [Refusal, string] | undefined {
    const { view, rules, clock } = this.#needs;
    const nowSeconds = Math.floor(clock.now() / 1000);
    const now = judgingTime(view, nowSeconds);
    const requester = parseMemberId(basis.iss);
    if (query.iss !== requester) return ['REQUESTER_MISMATCH', `the basis is of ${requester}`];
    const stale = staleness(view, { nowSeconds, failClosedSeconds: this.#failClosedSeconds });
    if (stale) return ['CHAIN_STALE', stale.detail ?? ''];
    if (!isAgency(view, requester)) return ['REQUESTER_NOT_ENTITLED', `${requester} is no agency that is active now`];
    const { approved, refused, ended } = kept;
    if (ended) return ['BASIS_ENDED', `ended at ${ended.time}`];
    if (refused) return ['BASIS_REFUSED', refused.reason];
    const to = approved?.to ?? basis.to;
    if (now >= to) return ['BASIS_EXPIRED', `ended at ${to}`];
    if (!approved) return ['BASIS_NOT_APPROVED', 'it waits for an officer of the provider'];
    if (query.basis?.approval !== approved.approval) return ['BASIS_NOT_APPROVED', 'the approval is another'];
    if (now < basis.from) return ['BASIS_NOT_YET_VALID', `begins at ${basis.from}`];
    if (query.purpose !== basis.matter.code)
      return ['PURPOSE_MISMATCH', `the basis is for ${basis.matter.code}, the query for ${query.purpose}`];
    const subject = query.subject ?? '';
    if (basis.subjects && !basis.subjects.includes(subject)) return ['SUBJECT_NOT_IN_BASIS', subject];
    for (const item of query.items) {
      if (!approved.items.includes(item)) return ['ITEM_NOT_IN_BASIS', item];
      if (rules.sharing(basis.policy, item) === 'none') return ['ITEM_NOT_SHARED', item];
    }
    return undefined;
  }
}

function readBasis(text: string): ReturnType<typeof parseBasis> | { detail: string } {
  try {
    return parseBasis(text);
  } catch (error) {
    if (!XinlianError.is(error)) throw error;
    return { detail: error.message };
  }
}
