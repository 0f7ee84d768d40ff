// The verifier page: runs core on a proof that its user has, where its user is. It has no way to send anything: its policy
// forbids every connection.
import type { Hex } from '../../node/core/bytes.ts';
import { parseCosignerKey } from '../../node/core/cosignature.ts';
import { malformed, XinlianError } from '../../node/core/errors.ts';
import { parseVerifierKey } from '../../node/core/note.ts';
import { isTlogProof } from '../../node/core/tlog-proof.ts';
import { verifyBundle, type Verification } from '../../node/core/verify-bundle.ts';
import { verifyTlogProof, type TlogVerification } from '../../node/core/verify-tlog-proof.ts';
import { builtInCatalogue } from '../../node/policy/pack.ts';
import { beijingTime } from '../beijing-time.ts';
import { element, labelled, section } from '../page/elements.ts';
import { ACCESS_WORDS, LINKS, RECORD_WORDS, trustedInChinese, VERDICTS } from './words.ts';

const names = (item: string, edition: string): readonly string[] | undefined => builtInCatalogue.names(item, edition);

const file = element('input', { type: 'file', id: 'file' });
const text = element('textarea', { id: 'text', rows: 6, spellcheck: false });
const block = element('input', { type: 'text', id: 'block' });
const keys = element('textarea', { id: 'keys', rows: 2, spellcheck: false });
const witnesses = element('textarea', { id: 'witnesses', rows: 2, spellcheck: false });
const quorum = element('input', { type: 'number', id: 'quorum', min: '0', value: '0' });
const verify = element('button', { type: 'button', id: 'verify' }, '核验 Verify');
const result = element('section', { id: 'result', ariaLive: 'polite' });

document.body.append(
  element(
    'main',
    {},
    element('h1', {}, '信链证明核验 Xinlian verifier'),
    element(
      'p',
      {},
      '核验全部在本页内完成，不向任何地方发送任何数据；断网亦可使用，可另存为单个文件。',
      element('br'),
      'Everything is checked in this page; nothing is sent anywhere. It works offline, and as one saved file.',
    ),
    labelled('证明文件', 'Proof: a bundle (JSON) or a .tlog-proof', file),
    labelled('或粘贴其文本', 'or its text', text),
    element(
      'details',
      {},
      element('summary', {}, '您自己掌握的信息（可不填） What you know yourself (may be left out)'),
      labelled('上链区块哈希', 'Hash of the anchoring block, as you know it (0x…)', block),
      labelled('日志公钥，每行一个', 'For a tlog-proof: keys of the log, one a line (name+hash+key)', keys),
      labelled('见证人公钥，每行一个', 'For a tlog-proof: keys of witnesses, one a line', witnesses),
      labelled('至少需要的见证签名数', 'How many witnesses must have cosigned', quorum),
    ),
    verify,
    result,
  ),
);

file.addEventListener('change', () => {
  const [chosen] = file.files ?? [];
  if (!chosen) return;
  void chosen.text().then((content) => {
    text.value = content;
    show();
  });
});
verify.addEventListener('click', show);

function show(): void {
  try {
    const content = text.value;
    const blocks = isTlogProof(content) ? ofText(content) : ofBundle(content);
    result.replaceChildren(...blocks);
  } catch (error) {
    if (!XinlianError.is(error)) throw error;
    // What its user typed beside the proof.
    result.replaceChildren(element('p', { className: 'verdict bad' }, `输入有误 ${error.message}`));
  }
}

function ofBundle(content: string): HTMLElement[] {
  const hash = block.value.trim().toLowerCase();
  if (hash !== '' && !/^0x[0-9a-f]{64}$/.test(hash)) malformed('block hash', '0x and 64 hex digits', hash);
  const verification = verifyBundle(content, { names, ...(hash !== '' && { trustedBlock: hash as Hex }) });
  const { state, checkpoint, anchor } = verification;
  return [
    verdict(state ?? 'broken'),
    checksOf(verification),
    ...contentOf(verification),
    ...(checkpoint
      ? section('日志与区块 Log and block', [
          ['日志 log', checkpoint.origin.log],
          ['成员 member', checkpoint.member],
          ['条目数 size', String(checkpoint.size)],
          ...(anchor
            ? [
                ['区块 block', `${anchor.number}, ${anchor.hash}`],
                ['区块时间 time', beijingTime(anchor.timestamp)],
              ]
            : []),
        ])
      : []),
    ...trustedOf(verification.trusted),
  ];
}

function ofText(content: string): HTMLElement[] {
  const logKeys = lines(keys.value).map((line) => parseVerifierKey(line).publicKey);
  const known = lines(witnesses.value).map((line) => parseCosignerKey(line));
  const verification = verifyTlogProof(content, {
    names,
    logKeys: () => logKeys,
    witnesses: known,
    quorum: Number(quorum.value),
  });
  const { checkpoint, witnesses: by = [] } = verification;
  return [
    verdict(verification.ok ? 'text' : 'broken'),
    checksOf(verification),
    ...contentOf(verification),
    ...(checkpoint
      ? section('日志 Log', [
          ['日志 log', checkpoint.origin.log],
          ['条目数 size', String(checkpoint.size)],
          ...by.map((name) => ['见证人 witness', name]),
        ])
      : []),
    ...trustedOf(verification.trusted),
  ];
}

function lines(value: string): string[] {
  return value
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '');
}

function verdict(state: keyof typeof VERDICTS): HTMLElement {
  const { zh, en, good } = VERDICTS[state];
  return element('p', { className: `verdict ${good ? 'good' : 'bad'}`, id: 'verdict' }, zh, element('br'), en);
}

function checksOf({ checks }: Pick<Verification, 'checks'>): HTMLElement {
  const rows = checks.map(({ link, ok, detail }) =>
    element(
      'tr',
      { className: ok ? '' : 'bad' },
      element('td', {}, `${ok ? '✓' : '✗'} ${LINKS[link]} ${link}`),
      element('td', {}, detail),
    ),
  );
  return element('table', { id: 'checks' }, ...rows);
}

function contentOf({ record, access }: Verification | TlogVerification): HTMLElement[] {
  if (access) {
    const { opening, position, status } = access;
    const { type: _, ...told } = opening;
    const rows = Object.entries(told).map(([name, value]) => [
      `${ACCESS_WORDS[name] ?? ''} ${name}`,
      name === 'time' ? beijingTime(Number(value)) : typeof value === 'string' ? value : JSON.stringify(value),
    ]);
    return section('查询留痕 Access', [...rows, ['位置 position', String(position)], ['状态 status', status]]);
  }
  if (!record) return [];
  const { item, edition, kind, position, time, status, supersededBy, claims, undisclosed } = record;
  const { zh, fields } = builtInCatalogue.item(item);
  const word = (name: string): string => RECORD_WORDS[name] ?? fields.find((field) => field.name === name)?.zh ?? '';
  return section('记录 Record', [
    ['信息项 item', `${zh} ${item}, ${edition}`],
    ['条目 entry', `${kind}, ${position}`],
    ['入库时间 time', beijingTime(time)],
    ['状态 status', supersededBy === undefined ? status : `${status} (${supersededBy})`],
    ...[...claims].map(([name, value]) => [`${word(name)} ${name}`, value === null ? '—' : String(value)]),
    ...(undisclosed.length > 0 ? [['未披露 not shown', undisclosed.join(', ')]] : []),
  ]);
}

function trustedOf(trusted: readonly string[]): HTMLElement[] {
  if (trusted.length === 0) return [];
  const items = trusted.map((sentence) => element('li', {}, trustedInChinese(sentence) ?? '', element('br'), sentence));
  return [element('h2', {}, '仍需信任 What had to be trusted'), element('ul', { id: 'trusted' }, ...items)];
}
