// Why a provider refuses, or a check says no: the words for each reason. A reason that is missing here fails the compiler.
import { PASSING_REFUSALS, REFUSALS, type Refusal } from '../../node/core/query.ts';
import type { Language } from './catalogue.ts';

type Words = Record<Language, string>;

const askAgain: Words = {
  en: 'Ask the enterprise for another grant.',
  zh: '请企业重新授权。',
};
const askLater: Words = { en: 'Send the same query again in a moment.', zh: '请稍后重发同一查询。' };
const askForThat: Words = {
  en: 'Ask for what the grant names, or ask the enterprise for a grant that names more.',
  zh: '请在授权范围内查询,或请企业另行授权。',
};
const tellEnterprise: Words = {
  en: 'Tell the enterprise, or the member that identified it: the grant cannot be used as it is.',
  zh: '请告知企业或其身份核验机构:该授权不能使用。',
};
const askForBasis: Words = {
  en: 'Ask the provider for a share basis that stands.',
  zh: '请向提供方申请有效的共享依据。',
};
const mendBasis: Words = {
  en: 'Ask for what the basis names, or for a basis that names more.',
  zh: '请在共享依据范围内查询,或另行申请。',
};

const of = (en: string, zh: string, action: Words): { title: Words; action: Words } => ({ title: { en, zh }, action });

const WORDS: { readonly [R in Refusal]: { title: Words; action: Words } } = {
  GRANT_MALFORMED: of(
    'The grant document is not one, or not of this grant',
    '授权文书格式错误或与授权不符',
    tellEnterprise,
  ),
  GRANT_UNKNOWN: of('The grant is not registered on the chain', '授权未在链上登记', askLater),
  GRANT_PENDING: of('The registration of the grant is not final yet', '授权登记尚未最终确认', askLater),
  GRANT_WITHDRAWN: of('The enterprise has withdrawn the grant', '企业已撤回授权', askAgain),
  GRANT_SUSPENDED: of('A regulator has suspended the grant', '监管部门已暂停该授权', {
    en: 'Wait until it is resumed, or ask the regulator.',
    zh: '请等待恢复或询问监管部门。',
  }),
  GRANT_NOT_YET_VALID: of('The term of the grant has not begun', '授权尚未生效', {
    en: 'Ask again when its term has begun.',
    zh: '请在授权生效后查询。',
  }),
  GRANT_EXPIRED: of('The term of the grant is over', '授权已到期', askAgain),
  GRANT_EXHAUSTED: of('All uses of the grant were consumed', '授权次数已用尽', askAgain),
  GRANT_NOT_CONSUMED: of('This query has not consumed the grant yet', '本次查询尚未核销授权次数', askLater),
  GRANTEE_MISMATCH: of('The grant is to another', '授权对象不是查询方', askAgain),
  GRANTEE_NOT_ENTITLED: of('The grantee is no active bank of the consortium', '被授权方不是有效的银行成员', {
    en: 'Ask the council about your membership.',
    zh: '请向理事会核实成员资格。',
  }),
  CONSENT_INVALID: of('The consent is not signed by the certified key', '同意书签名与认证密钥不符', tellEnterprise),
  CERTIFICATE_INVALID: of('The certificate of the enterprise’s key does not hold', '企业密钥证书无效', tellEnterprise),
  CERTIFICATE_EXPIRED: of('The certificate of the enterprise’s key has expired', '企业密钥证书已过期', tellEnterprise),
  CERTIFICATE_REVOKED: of(
    'The certificate of the enterprise’s key was taken back',
    '企业密钥证书已吊销',
    tellEnterprise,
  ),
  LEVEL_TOO_LOW: of('An item wants consent of a higher level', '数据项要求更高等级的授权方式', {
    en: 'Ask the enterprise for a grant under its own key or an electronic licence.',
    zh: '请企业以自有密钥或电子营业执照授权。',
  }),
  TERM_TOO_LONG: of('The term is longer than the rules allow', '授权期限超过规定上限', askAgain),
  ITEM_NOT_GRANTED: of('An item is not in the grant', '数据项不在授权范围内', askForThat),
  ITEM_NOT_HELD: of('The provider does not hold this item', '提供方不持有该数据项', {
    en: 'Ask the provider that holds it.',
    zh: '请向持有该数据项的单位查询。',
  }),
  PURPOSE_MISMATCH: of('The grant is for another purpose', '查询目的与授权不符', askForThat),
  REGION_MISMATCH: of('The grant is for other regions', '授权地区不包含该提供方', askForThat),
  CHAIN_STALE: of('The provider’s view of the chain is too old to judge', '提供方链视图过期,暂停查询', askLater),
  PROVIDER_NOT_ENTITLED: of('The provider is no active member of the consortium now', '提供方当前不是有效成员', {
    en: 'Ask other providers. The same query may be sent again when the council has reinstated this one.',
    zh: '请向其他提供方查询;理事会恢复其成员资格后可重发同一查询。',
  }),
  GRANT_MISSING: of('No grant of the enterprise came with it', '未附企业授权', {
    en: 'Ask the enterprise for a grant to the bank, and push it with the next edition.',
    zh: '请取得企业对该银行的授权后再次推送。',
  }),
  SUBJECT_MISMATCH: of('The grant is of another enterprise', '授权属于其他企业', tellEnterprise),
  NOT_LISTED: of('The enterprise is not in the current edition of the list', '企业不在当前版本名单内', {
    en: 'Use what the current edition says.',
    zh: '请以当前版本名单为准。',
  }),
  BASIS_MALFORMED: of('The share basis is not one', '共享依据格式错误', askForBasis),
  BASIS_UNKNOWN: of('The provider does not know the share basis', '提供方没有该共享依据', askForBasis),
  BASIS_NOT_APPROVED: of('The share basis waits for approval', '共享依据待审批', {
    en: 'Ask again when it is decided.',
    zh: '请在审批后查询。',
  }),
  BASIS_REFUSED: of('The provider has refused the share basis', '提供方已拒绝共享申请', askForBasis),
  BASIS_ENDED: of('The share basis was ended', '共享依据已终止', askForBasis),
  BASIS_NOT_YET_VALID: of('The term of the share basis has not begun', '共享依据尚未生效', {
    en: 'Ask again when its term has begun.',
    zh: '请在生效后查询。',
  }),
  BASIS_EXPIRED: of('The term of the share basis is over', '共享依据已到期', askForBasis),
  REQUESTER_MISMATCH: of('The share basis is of another agency', '共享依据属于其他单位', askForBasis),
  REQUESTER_NOT_ENTITLED: of('The requester is no active agency of the consortium', '申请方不是有效的机构成员', {
    en: 'Ask the council about your membership.',
    zh: '请向理事会核实成员资格。',
  }),
  ITEM_NOT_IN_BASIS: of('An item is not in the share basis', '数据项不在共享依据范围内', mendBasis),
  ITEM_NOT_SHARED: of('The catalogue does not share this item', '目录未将该数据项列为共享', mendBasis),
  SUBJECT_NOT_IN_BASIS: of('The share basis is about another subject', '共享依据不含该信用主体', mendBasis),
};

export interface RefusalView {
  code: Refusal;
  /** Whether the same query may be answered later. */
  retryable: boolean;
  title: Words;
  action: Words;
}

/** In the order of their definition. */
export function refusals(): RefusalView[] {
  return REFUSALS.map((code) => {
    const { title, action } = WORDS[code];
    return { code, retryable: PASSING_REFUSALS.has(code), title, action };
  });
}
