// The rules of grants as data: purposes, longest terms, the least level of consent; and the words that an enterprise signs.
import { localPacks } from '#local-packs';
import { Type, type Static } from 'typebox';
import type { GrantArtefact, GrantCore } from '../core/grant.ts';
import type { WantedGrant } from '../core/grant-request.ts';
import { malformed } from '../core/errors.ts';
import { codec } from '../core/messages/codec.ts';
import { ReasonCode } from '../core/messages/grant.ts';
import { STANDING_CHANGES, type StandingChange } from '../core/messages/identity.ts';
import { CONSENT_LEVELS, SubjectCertificate, type ConsentLevel } from '../core/subject-certificate.ts';
import { chinaTime } from './date.ts';
import type { Catalogue } from './pack.ts';
import authorisation from './packs/cn-enterprise-authorisation.json' with { type: 'json' };

const closed = { additionalProperties: false };
const { capacity } = SubjectCertificate.properties;
const level = Type.Enum([...CONSENT_LEVELS]);

const GrantPack = Type.Object(
  {
    pack: Type.String(),
    edition: Type.String(),
    jurisdiction: Type.String(),
    title: Type.String(),
    citation: Type.String(),
    effectiveFrom: Type.String(),
    effectiveTo: Type.Union([Type.String(), Type.Null()]),
    note: Type.String(),
    unverified: Type.Optional(Type.Boolean()),
    maxTermDays: Type.Integer({ minimum: 1 }),
    maxRetentionDays: Type.Integer({ minimum: 0 }),
    purposes: Type.Array(
      Type.Object(
        {
          purpose: Type.String(),
          zh: Type.String(),
          en: Type.String(),
          watch: Type.Optional(Type.Literal(true, { description: 'Changes may be subscribed to' })),
        },
        closed,
      ),
    ),
    changes: Type.Array(
      Type.Object(
        {
          change: Type.Enum([...STANDING_CHANGES]),
          zh: Type.String(),
          en: Type.String(),
          revokes: Type.Array(capacity, { description: 'Whose certificates are taken back' }),
          grants: Type.Enum(['pass', 'end'], { description: 'What becomes of grants that they signed' }),
          capacities: Type.Array(capacity, { description: 'Who may be certified from then on' }),
          citation: Type.String(),
          unverified: Type.Boolean(),
        },
        closed,
      ),
      { description: 'What changes who speaks for an enterprise' },
    ),
    suspensions: Type.Array(Type.Object({ reason: ReasonCode, zh: Type.String(), en: Type.String() }, closed), {
      description: 'Why a regulator may suspend a grant',
    }),
    leastLevel: level,
    levels: Type.Array(
      Type.Object(
        { item: Type.String(), least: level },
        { ...closed, description: 'Items that differ from leastLevel' },
      ),
    ),
  },
  closed,
);
type GrantPack = Static<typeof GrantPack>;

const DAY_SECONDS = 86_400;

/** What is wrong with a grant by the rules of its edition. */
export interface GrantFault {
  code: 'edition' | 'purpose' | 'term' | 'retention' | 'item' | 'text';
  wanted: string;
  got: string;
}

export class GrantRules {
  readonly #packs: ReadonlyMap<string, GrantPack>;
  readonly #catalogue: Catalogue;

  /** Throws `MALFORMED` for a pack that is none. */
  constructor(packs: readonly unknown[], catalogue: Catalogue) {
    const checked = packs.map((pack) => codec('grant pack', GrantPack).check(pack));
    this.#packs = new Map(checked.map((pack) => [pack.edition, pack]));
    this.#catalogue = catalogue;
  }

  /** The edition that new grants are made under: the one that came into force last. */
  current(): GrantPack {
    const [first] = [...this.#packs.values()].sort((a, b) => (a.effectiveFrom < b.effectiveFrom ? 1 : -1));
    if (!first) throw new RangeError('no pack of grant rules');
    return first;
  }

  /** Every rule that a grant breaks; none where it may stand. */
  faults(artefact: GrantArtefact): GrantFault[] {
    const faults = this.wantedFaults(artefact);
    if (faults.length > 0) return faults;
    const { text, ...core } = artefact;
    const wanted = this.describe(core);
    return text === wanted ? [] : [{ code: 'text', wanted, got: text }];
  }

  /** The same of a grant that is asked for: it has no words yet. */
  wantedFaults(grant: WantedGrant): GrantFault[] {
    const pack = this.#packs.get(grant.policy);
    if (!pack) return [{ code: 'edition', wanted: [...this.#packs.keys()].join(', '), got: grant.policy }];
    const faults: GrantFault[] = [];
    if (!pack.purposes.some(({ purpose }) => purpose === grant.purpose)) {
      faults.push({
        code: 'purpose',
        wanted: pack.purposes.map(({ purpose }) => purpose).join(', '),
        got: grant.purpose,
      });
    }
    const days = (grant.to - grant.from) / DAY_SECONDS;
    if (days > pack.maxTermDays) {
      faults.push({ code: 'term', wanted: `at most ${pack.maxTermDays} days`, got: `${days.toFixed(1)} days` });
    }
    if (grant.retentionDays > pack.maxRetentionDays) {
      const got = `${grant.retentionDays} days`;
      faults.push({ code: 'retention', wanted: `at most ${pack.maxRetentionDays} days`, got });
    }
    const known = new Set(this.#catalogue.items().map(({ item }) => item));
    for (const { item } of grant.items) {
      if (!known.has(item)) faults.push({ code: 'item', wanted: 'an item of the catalogue', got: item });
    }
    return faults;
  }

  /** Whether changes may be subscribed to under a grant for this purpose, by the edition of the grant. */
  mayWatch(edition: string, purpose: string): boolean {
    return this.#packs.get(edition)?.purposes.some((own) => own.purpose === purpose && own.watch === true) ?? false;
  }

  /** Least level of consent that an item wants, in the edition of the grant; undefined for an unknown edition. */
  leastLevel(edition: string, item: string): ConsentLevel | undefined {
    const pack = this.#packs.get(edition);
    return pack && (pack.levels.find((own) => own.item === item)?.least ?? pack.leastLevel);
  }

  /** Least level of consent that an item wants in the most lenient edition: what no edition allows is below it. */
  leastLevelOfAll(item: string): ConsentLevel {
    const editions = [...this.#packs.keys()];
    return CONSENT_LEVELS.find((level) => editions.some((edition) => this.leastLevel(edition, item) === level)) ?? 'A';
  }

  /** What a change of who speaks for an enterprise brings, by the current edition. */
  change(change: StandingChange): GrantPack['changes'][number] {
    const found = this.current().changes.find((own) => own.change === change);
    return (
      found ??
      malformed(
        'change of standing',
        this.current()
          .changes.map((own) => own.change)
          .join(', '),
        change,
      )
    );
  }

  /** Throws `MALFORMED` for a reason that no regulator may suspend for. */
  checkSuspension(reason: string): void {
    const { suspensions } = this.current();
    if (!suspensions.some((own) => own.reason === reason))
      malformed('reason', suspensions.map((own) => own.reason).join(', '), reason);
  }

  /** The grant in plain words: what its signer reads, and what is signed. One text per grant and edition. */
  describe(grant: GrantCore): string {
    const { withdrawal } = grant;
    return `${this.describeWanted(grant)}\n撤回方式:${withdrawal};撤回即时生效,不影响撤回前的查询,也不影响办理其他业务`;
  }

  /** The same of a grant that is asked for. */
  describeWanted(grant: WantedGrant): string {
    const { policy, subject, grantee, items, regions, purpose, matter, uses, from, to, retentionDays } = grant;
    const purposeName = this.#packs.get(policy)?.purposes.find((own) => own.purpose === purpose)?.zh ?? purpose;
    const itemNames = items.map(({ item, months }) => `${this.#catalogue.item(item).zh}(最近${months}个月)`);
    return [
      `授权人:${subject.name}(统一社会信用代码 ${subject.uscc})`,
      `被授权人:${grantee.name}(统一社会信用代码 ${grantee.uscc})`,
      `授权查询的信息:${itemNames.join('、')}`,
      `信息来源地区(行政区划代码):${regions.join('、')}`,
      `用途:${purposeName};业务编号:${matter}`,
      uses === 0 ? '方式:授权期内可多次查询' : `方式:可查询${uses}次`,
      `授权期:${chinaTime(from)}起至${chinaTime(to)}止(北京时间)`,
      `被授权人留存期限:${retentionDays}天;不得向第三方转移`,
      `自动化决策说明:${grant.automated === '' ? '无' : grant.automated}`,
    ].join('\n');
  }
}

/** The packs that come with the software, and those of the place. */
export const GRANT_PACKS: readonly unknown[] = [authorisation, ...localPacks('grants')];
