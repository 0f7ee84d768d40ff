// What the verifier page says, in Chinese and English. Names of links and of what is trusted come from core, in English.
import type { ProofLink } from '../../node/core/errors.ts';
import type { ProofState } from '../../node/core/verify-bundle.ts';

export const LINKS: Record<ProofLink, string> = {
  format: '格式',
  disclosure: '披露内容',
  commitment: '承诺值',
  entry: '日志条目',
  checkpoint: '检查点',
  signature: '签名',
  inclusion: '包含证明',
  status: '当前状态',
  'anchor-event': '上链事件',
  'receipt-proof': '交易回执证明',
  header: '区块头',
  seals: '共识节点签封',
  cosignatures: '见证签名',
  consistency: '一致性',
  attachment: '附件',
};

export const VERDICTS: Record<ProofState | 'text' | 'broken', { zh: string; en: string; good: boolean }> = {
  final: { zh: '证明成立，并已在您确认的区块上链', en: 'It holds, anchored in the block that you know', good: true },
  anchored: {
    zh: '证明成立，并已上链；该区块是否属于本链，请另行核对其哈希',
    en: 'It holds, and is anchored: see for yourself that the block is part of the chain',
    good: true,
  },
  pending: {
    zh: '证明成立，但尚未上链：目前仅为信源单位的签名声明',
    en: 'It holds, but is not anchored yet: the signed word of the agency alone',
    good: true,
  },
  text: {
    zh: '证明成立：条目在已签名的检查点之下；本格式不含上链证明',
    en: 'It holds under a signed checkpoint; this form proves nothing of the chain',
    good: true,
  },
  broken: { zh: '证明不成立', en: 'It does not hold', good: false },
};

/** What had to be trusted, as core tells it, and how that is said in Chinese; `$1` … are the parts in brackets. */
const TRUSTED: readonly [RegExp, string][] = [
  [/^that (\S+) is the checkpoint key of member (\S+)$/, '密钥 $1 属于成员 $2'],
  [/^that log (\S+) is that of member (\S+)$/, '日志 $1 属于成员 $2'],
  [/^that block (\d+) \((\S+)\) is part of chain (\d+)$/, '区块 $1（$2）属于链 $3'],
  [/^that the checkpoint will be anchored as it is: .*$/, '检查点将原样上链（目前尚无区块证明）'],
  [/^that the chain has this checkpoint too$/, '链上有同一检查点'],
  [/^that nothing became of the entry since$/, '此后该条目未被更正、撤销或修复'],
  [/^that others were shown the same log$/, '他人看到的是同一份日志'],
];

/** Undefined for a sentence that has no Chinese yet. */
export function trustedInChinese(sentence: string): string | undefined {
  const [pattern, words] = TRUSTED.find(([pattern]) => pattern.test(sentence)) ?? [];
  return pattern && words !== undefined ? sentence.replace(pattern, words) : undefined;
}

export const RECORD_WORDS: Record<string, string> = {
  agency: '信源单位',
  subject: '信用主体',
  class: '公开类别',
  validFrom: '有效期自',
  validTo: '有效期至',
};

export const ACCESS_WORDS: Record<string, string> = {
  provider: '信源单位',
  grantee: '查询单位',
  grant: '授权',
  query: '查询编号',
  subject: '信用主体',
  purpose: '用途',
  items: '信息项',
  time: '时间',
  request: '查询摘要',
  requests: '所询单位',
  outcome: '结果',
  reason: '原因',
  records: '所示记录',
  answer: '应答摘要',
  level: '同意等级',
  head: '判断时区块',
  salt: '盐值',
};
