// What the authorisation page says of a grant, in Chinese and English, beside the text that is signed.
import type { WantedGrant } from '../../node/core/grant-request.ts';
import { GRANT_PACKS, GrantRules } from '../../node/policy/grant-rules.ts';
import { builtInCatalogue } from '../../node/policy/pack.ts';
import { beijingTime } from '../beijing-time.ts';

export const rules: GrantRules = new GrantRules(GRANT_PACKS, builtInCatalogue);

/** How a grant that was made here is withdrawn: it is part of what is signed. */
export const WITHDRAWAL = '授权页面、客户端或身份核验单位窗口';

/** Name of an item in both languages; throws `NOT_FOUND`. */
export function itemName(item: string): string {
  const { zh, en } = builtInCatalogue.item(item);
  return `${zh} ${en}`;
}

export function describe(wanted: WantedGrant): string[][] {
  const { grantee, items, regions, purpose, matter, uses, from, to, retentionDays, automated } = wanted;
  const named = rules.current().purposes.find((own) => own.purpose === purpose);
  return [
    ['被授权人 Who may read', `${grantee.name} ${grantee.uscc}`],
    ['信息项 What', items.map(({ item, months }) => `${itemName(item)}, ${months} 个月 months`).join('; ')],
    ['地区 Of agencies in', regions.join(', ')],
    ['用途 For', `${named?.zh ?? ''} ${named?.en ?? purpose}; ${matter}`],
    ['期限 Term', `${beijingTime(from)} – ${beijingTime(to)}`],
    ['次数 How often', uses === 0 ? '期内不限 any number of times in the term' : `${uses}`],
    ['留存 Kept for', `${retentionDays} 天 days; 不得转移 passed on to nobody`],
    ['自动化决策 Decided by machine', automated === '' ? '无 nothing' : automated],
  ];
}
