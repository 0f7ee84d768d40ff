// The rules of sharing between agencies as data: how each item is shared, for how long, how soon an agency must answer.
import { localPacks } from '#local-packs';
import { Type, type Static } from 'typebox';
import { codec } from '../core/messages/codec.ts';
import type { ShareBasis, ShareState } from '../core/share.ts';
import type { WorkingCalendar } from './calendar.ts';
import { chinaDate, chinaTime } from './date.ts';
import { builtInCatalogue, type Catalogue } from './pack.ts';
import { closed, packHeader } from './pack-header.ts';
import { builtInPolicies } from './rules.ts';
import sharing from './packs/cn-government-sharing.json' with { type: 'json' };

/** 无条件共享, 有条件共享, 不予共享. */
const SHARINGS = ['unconditional', 'conditional', 'none'] as const;
export type Sharing = (typeof SHARINGS)[number];
const Sharings = Type.Enum([...SHARINGS]);

const SharePack = Type.Object(
  {
    ...packHeader('sharing'),
    maxTermDays: Type.Integer({ minimum: 1 }),
    answerWorkingDays: Type.Object(
      {
        unconditional: Type.Integer({ minimum: 0 }),
        conditional: Type.Integer({ minimum: 0 }),
        unverified: Type.Boolean(),
      },
      closed,
    ),
    unlisted: { ...Sharings, description: 'How items are shared that are not listed' },
    items: Type.Array(Type.Object({ item: Type.String(), sharing: Sharings, unverified: Type.Boolean() }, closed)),
  },
  closed,
);
type SharePack = Static<typeof SharePack>;

const DAY_SECONDS = 86_400;

/** Why a basis cannot stand by the rules of its edition. */
export interface ShareFault {
  code: 'BASIS_MALFORMED' | 'ITEM_NOT_SHARED';
  detail: string;
}

export class ShareRules {
  readonly #packs: ReadonlyMap<string, SharePack>;
  readonly #catalogue: Catalogue;
  readonly #calendar: (date: string) => Pick<WorkingCalendar, 'addWorkingDays'>;

  /** @param calendar the one in force on a date. Throws `MALFORMED` for a pack that is none. */
  constructor(
    packs: readonly unknown[],
    catalogue: Catalogue,
    calendar: (date: string) => Pick<WorkingCalendar, 'addWorkingDays'>,
  ) {
    const checked = packs.map((pack) => codec('sharing pack', SharePack).check(pack));
    this.#packs = new Map(checked.map((pack) => [pack.edition, pack]));
    this.#catalogue = catalogue;
    this.#calendar = calendar;
  }

  /** The edition that new bases are made under: the one that came into force last. */
  current(): SharePack {
    const [first] = [...this.#packs.values()].sort((a, b) => (a.effectiveFrom < b.effectiveFrom ? 1 : -1));
    if (!first) throw new RangeError('no pack of sharing rules');
    return first;
  }

  /** How an item is shared; `none` in an edition that is not known. Records of class `authorised` never are. */
  sharing(edition: string, item: string): Sharing {
    const pack = this.#packs.get(edition);
    const known = this.#catalogue.items().find((own) => own.item === item);
    if (!pack || !known || known.class === 'authorised') return 'none';
    return pack.items.find((own) => own.item === item)?.sharing ?? pack.unlisted;
  }

  /** Whether an officer decides: where an item is shared conditionally, or the subject is not to be told. */
  wantsOfficer({ policy, items, secrecy }: ShareBasis): boolean {
    return secrecy !== undefined || items.some(({ item }) => this.sharing(policy, item) !== 'unconditional');
  }

  fault({ policy, items, from, to }: ShareBasis): ShareFault | undefined {
    const pack = this.#packs.get(policy);
    if (!pack)
      return {
        code: 'BASIS_MALFORMED',
        detail: `edition: wanted ${[...this.#packs.keys()].join(', ')}, got ${policy}`,
      };
    const days = (to - from) / DAY_SECONDS;
    if (days > pack.maxTermDays)
      return { code: 'BASIS_MALFORMED', detail: `term: at most ${pack.maxTermDays} days, got ${days.toFixed(1)}` };
    const closedItem = items.find(({ item }) => this.sharing(policy, item) === 'none');
    return closedItem && { code: 'ITEM_NOT_SHARED', detail: `${closedItem.item} is not shared 不予共享` };
  }

  /** By when the provider answers, by the edition of the basis, or else the current one. @param asked seconds since 1970 */
  answerWithin(basis: ShareBasis, asked: number): ShareState['answerWithin'] {
    const { answerWorkingDays, citation } = this.#packs.get(basis.policy) ?? this.current();
    const workingDays = answerWorkingDays[this.wantsOfficer(basis) ? 'conditional' : 'unconditional'];
    const date = chinaDate(asked * 1000);
    const { date: due, provisional } = this.#calendar(date).addWorkingDays(date, workingDays);
    return { workingDays, due, provisional, citation, unverified: answerWorkingDays.unverified };
  }

  /** In plain words, for the officer who decides. */
  describe({ requester, items, ground, matter, subjects, from, to, secrecy, policy }: ShareBasis): string {
    const itemNames = items.map(({ item, months }) => {
      const zh = this.#catalogue.items().find((own) => own.item === item)?.zh ?? item;
      return `${zh}(最近${months}个月,${SHARING_WORDS[this.sharing(policy, item)]})`;
    });
    return [
      `需求部门:${requester.name}(统一社会信用代码 ${requester.uscc})`,
      `共享的信息:${itemNames.join('、')}`,
      `依据:${ground.kind === 'statute' ? '法律法规' : '履职需要'},${ground.citation}`,
      `事项:${matter.name}(${matter.code})`,
      `对象:${subjects ? subjects.join('、') : '该事项涉及的市场主体'}`,
      `共享期:${chinaTime(from)}起至${chinaTime(to)}止(北京时间)`,
      `告知:${secrecy ? `依${secrecy.citation},不告知信息主体` : '每次查询告知信息主体'}`,
    ].join('\n');
  }
}

const SHARING_WORDS: Readonly<Record<Sharing, string>> = {
  unconditional: '无条件共享',
  conditional: '有条件共享',
  none: '不予共享',
};

/** The packs that come with the software, and the rules by them. */
export const SHARE_PACKS: readonly unknown[] = [sharing, ...localPacks('sharing')];
export const builtInShareRules = new ShareRules(SHARE_PACKS, builtInCatalogue, (date) =>
  builtInPolicies.calendar('CN', date),
);
