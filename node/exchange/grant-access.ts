// Whether a query may be answered under its grant.
import { fromBase64Url, toHex } from '../core/bytes.ts';
import type { GrantDocument } from '../core/grant.ts';
import type { Query, Refusal } from '../core/query.ts';
import { covers } from '../core/regions.ts';
import { levelReaches } from '../core/subject-certificate.ts';
import type { GrantRules } from '../policy/grant-rules.ts';
import type { AccessJudge, AskedMember, Decision } from './access-decision.ts';
import type { GrantVerifier } from './grant-verifier.ts';
import { judgeGrant, judgingTime, type Withdrawals } from './judge-grant.ts';
import type { Clock, GrantView } from './ports.ts';

interface Dependencies {
  verifier: GrantVerifier;
  rules: GrantRules;
  view: GrantView;
  withdrawals: Withdrawals;
  clock: Clock;
}

const NO_DOCUMENT: GrantDocument = { artefact: '', consent: '', certificate: '' };

export class GrantAccess implements AccessJudge<AskedMember> {
  readonly #failClosedSeconds: number;
  readonly #needs: Dependencies;

  /** @param options failClosedSeconds: a head older than this proves nothing, and reads close */
  constructor(options: { failClosedSeconds: number }, dependencies: Dependencies) {
    this.#failClosedSeconds = options.failClosedSeconds;
    this.#needs = dependencies;
  }

  async decide({ region }: AskedMember, query: Query): Promise<Decision> {
    const { verifier, view, withdrawals, clock, rules } = this.#needs;
    const nowSeconds = Math.floor(clock.now() / 1000);
    const grant = await verifier.verify(query.grant ?? NO_DOCUMENT, judgingTime(view, nowSeconds));
    const { artefact: read, hash: named } = grant;
    const ground = {
      ...(named !== undefined && { grant: named }),
      subject: { uscc: read?.subject.uscc ?? '' },
      items: read?.items ?? [],
      ...('certificate' in grant && { level: grant.certificate.level, policy: grant.artefact.policy }),
    };
    const head = view.head();
    const under = { ground, ...(head && { head }) };
    const refuse = (refusal: Refusal, detail: string): Decision => ({ refusal, detail, ...under });
    if ('refusal' in grant) return refuse(grant.refusal, grant.detail);
    const { hash, terms, artefact, certificate } = grant;
    if (query.iss !== terms.grantee) return refuse('GRANTEE_MISMATCH', `the grant is to ${terms.grantee}`);
    const failClosedSeconds = this.#failClosedSeconds;
    const judged = judgeGrant({ hash, terms }, view, withdrawals, { nowSeconds, failClosedSeconds });
    if (judged.refusal !== undefined) return { ...judged, ...under };
    if (query.purpose !== artefact.purpose)
      return refuse('PURPOSE_MISMATCH', `the grant is for ${artefact.purpose}, the query for ${query.purpose}`);
    if (!artefact.regions.some((granted) => covers(granted, region)))
      return refuse(
        'REGION_MISMATCH',
        `the grant is for ${artefact.regions.join(', ')}, this provider is of ${region}`,
      );
    for (const item of query.items) {
      if (!artefact.items.some((granted) => granted.item === item)) return refuse('ITEM_NOT_GRANTED', item);
      const least = rules.leastLevel(artefact.policy, item);
      if (least === undefined || !levelReaches(certificate.level, least))
        return refuse('LEVEL_TOO_LOW', `${item} wants consent of level ${least ?? 'A'}, got ${certificate.level}`);
    }
    if (terms.uses === 0) return under;
    const consumed = view.consumption(hash, toHex(fromBase64Url(query.jti, 32)));
    if (consumed?.final === true) return under;
    if (!consumed && (view.grant(hash)?.usesLeft ?? 0) === 0)
      return refuse('GRANT_EXHAUSTED', `its ${terms.uses} uses were consumed by other queries`);
    return refuse(
      'GRANT_NOT_CONSUMED',
      consumed ? 'its consumption is not final yet' : 'this query has not consumed it',
    );
  }
}
