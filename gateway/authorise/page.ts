// The authorisation page: an enterprise's officer reads in plain words what a bank asks, narrows, grants or refuses it, and
// withdraws grants. Keys stay in the page, or in the wallet; it calls the gateway that it came from and nobody else.
import { toBase64Url, utf8 } from '../../node/core/bytes.ts';
import { malformed, XinlianError } from '../../node/core/errors.ts';
import { parseArtefact, type GrantDocument } from '../../node/core/grant.ts';
import { narrowWanted, WantedGrant, type GrantRequest, type SeenRequest } from '../../node/core/grant-request.ts';
import {
  consentTo,
  draftGrant,
  signRegistration,
  signWithdrawal,
  type DraftGrant,
} from '../../node/core/make-grant.ts';
import { codec } from '../../node/core/messages/codec.ts';
import { parseCertificate, type SubjectCertificate } from '../../node/core/subject-certificate.ts';
import type { TypedDataDomain } from '../../node/core/typed-data.ts';
import { createClient } from '../client.ts';
import { ApiError } from '../client/api-error.ts';
import { connectEnterprise, grantDomain } from '../client/connect-enterprise.ts';
import { ConnectionError } from '../client/connection-error.ts';
import type { Enterprise } from '../client/enterprise.ts';
import { encodeGrantKey, parseGrantKey } from '../client/grant-key.ts';
import { element, labelled, section } from '../page/elements.ts';
import { keyFileIdentity, walletIdentity, watchWallets, type Identity } from './identity.ts';
import { describe, itemName, rules, WITHDRAWAL } from './words.ts';

const UNTIL_FINAL_MS = 300_000;
const POLL_MS = 1_000;
const wantedGrant = codec('grant to make', WantedGrant);
const client = createClient({ baseUrl: window.location.origin });

let identity: Identity | undefined;
let domain: Promise<TypedDataDomain> | undefined;

const keys = element('input', { type: 'file', id: 'keys' });
const passphrase = element('input', { type: 'password', id: 'passphrase', autocomplete: 'off' });
const wallets = element('p', { id: 'wallets' });
const account = element('p', { id: 'account', ariaLive: 'polite' });
const certificate = element('input', { type: 'file', id: 'certificate' });
const draft = element('input', { type: 'file', id: 'draft' });
const cards = element('section', { id: 'cards' });
const withdrawn = element('input', { type: 'file', id: 'withdrawn' });
const outcome = element('section', { id: 'outcome', ariaLive: 'polite' });

/** A button, dead while its work is under way; what fails is told. */
function button(id: string, words: string, work: () => Promise<void>): HTMLButtonElement {
  const made = element('button', { type: 'button', id, className: id }, words);
  made.addEventListener('click', () => {
    made.disabled = true;
    outcome.replaceChildren();
    work()
      .catch(tell)
      .finally(() => (made.disabled = false));
  });
  return made;
}

function tell(error: unknown): void {
  const known = XinlianError.is(error) || error instanceof ApiError || error instanceof ConnectionError;
  outcome.replaceChildren(element('p', { className: 'verdict bad' }, `未成功 It was not done: ${String(error)}`));
  if (!known) throw error;
}

function done(zh: string, en: string): void {
  outcome.replaceChildren(element('p', { className: 'verdict good' }, zh, element('br'), en));
}

function save(name: string, content: string): void {
  const url = URL.createObjectURL(new Blob([content], { type: 'application/json' }));
  element('a', { href: url, download: name }).click();
  // The download has its own hold on the bytes once it began; a moment later it surely has.
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}

async function textOf(input: HTMLInputElement, what: string): Promise<string> {
  const [file] = input.files ?? [];
  return (await file?.text()) ?? malformed(what, 'a file', 'none');
}

/** Asked for once, and anew where that failed. */
async function grantDomainOnce(): Promise<TypedDataDomain> {
  domain ??= grantDomain(client);
  try {
    return await domain;
  } catch (error) {
    domain = undefined;
    throw error;
  }
}

function identified(): Identity {
  return identity ?? malformed('identity', 'a wallet or a key file', 'none');
}

function know(known: Identity): void {
  identity = known;
  account.replaceChildren(`账户 Account: ${known.account}`);
}

/** The certificate, which MUST be of the account that signs: a signature of another would be nobody's consent. */
async function ownCertificate(): Promise<{ text: string; certificate: SubjectCertificate }> {
  const text = (await textOf(certificate, 'certificate')).trim();
  const parsed = parseCertificate(text).certificate;
  const { account: own } = identified();
  if (parsed.key !== own) malformed('account', `${parsed.key}, which the certificate names`, own);
  return { text, certificate: parsed };
}

async function enterprise(): Promise<{ program: Enterprise; centre: string }> {
  const { text, certificate: own } = await ownCertificate();
  const { signer, sealing } = identified();
  const agreement = await sealing();
  if (own.seal !== toBase64Url(agreement.publicKey))
    malformed('sealing key', `${own.seal ?? 'one'}, which the certificate names`, toBase64Url(agreement.publicKey));
  const parts = { signer, sealing: agreement, certificate: text, domain: await grantDomainOnce() };
  return { program: connectEnterprise(client, parts), centre: own.iss };
}

/** What is asked or proposed, with what can be narrowed. */
function card(wanted: WantedGrant, request?: GrantRequest): HTMLElement {
  const months = wanted.items.map(({ item, months: asked }) => {
    const given = { type: 'number', min: '0', max: String(asked), value: String(asked), className: 'months' };
    return { item, input: element('input', { ...given, name: item }) };
  });
  const end = element('input', { type: 'date', className: 'end', value: dateOf(wanted.to), max: dateOf(wanted.to) });
  const shown = element('div', { className: 'shown' });
  const narrowed = (): WantedGrant => {
    const kept = months.map(({ item, input }) => ({ item, months: Number(input.value) }));
    const items = kept.filter((one) => one.months > 0);
    const to = end.value === dateOf(wanted.to) ? wanted.to : Date.parse(`${end.value}T23:59:59+08:00`) / 1000;
    return narrowWanted(wanted, { items, to });
  };
  const show = (): void => {
    try {
      const grant = narrowed();
      shown.replaceChildren(...section('授权内容 What is granted', describe(grant)));
      shown.append(element('pre', {}, rules.describeWanted(grant)));
    } catch (error) {
      tell(error);
    }
  };
  const reason = element('input', { type: 'text', className: 'reason', maxLength: 500 });
  const made: HTMLElement = element(
    'article',
    {},
    shown,
    element('h2', {}, '可以缩小 You may narrow it'),
    ...months.map(({ item, input }) => labelled(itemName(item), '月数 months; 0: 不授权 not granted', input)),
    labelled('授权至', 'Until the end of', end),
    button('grant', '同意并签署 Agree and sign', () => grantIt(narrowed(), made, request)),
    ...(request
      ? [
          labelled('拒绝理由', 'Reason, if you refuse', reason),
          button('refuse', '拒绝 Refuse', () => refuseIt(request, reason.value, made)),
        ]
      : []),
  );
  for (const input of [...months.map((one) => one.input), end]) input.addEventListener('input', show);
  show();
  return made;
}

/** A day in Beijing. */
function dateOf(seconds: number): string {
  return new Date((seconds + 8 * 3_600) * 1000).toISOString().slice(0, 10);
}

async function grantIt(wanted: WantedGrant, shown: HTMLElement, request?: GrantRequest): Promise<void> {
  // A certificate without a key to read with is good for a draft: nothing is asked of a member then.
  const answering = request && (await enterprise());
  const { text, certificate: own } = await ownCertificate();
  if (wanted.subject.uscc !== own.sub) malformed('enterprise of the grant', own.sub, wanted.subject.uscc);
  const made = draftGrant(wanted, WITHDRAWAL, (core) => rules.describe(core));
  const [fault] = rules.faults(parseArtefact(made.artefact).artefact);
  if (fault) malformed(`${fault.code} of the grant`, fault.wanted, fault.got);
  const document = await consentTo(made, identified().signer, text, await grantDomainOnce());
  await register(made, document);
  if (request && answering) await answering.program.grant(answering.centre, request, document);
  shown.remove();
  done(
    `已授权并登记，编号 ${made.hash}。授权书与撤回密钥已下载：撤回密钥请自行妥善保管。`,
    `Granted and registered as ${made.hash}. Keep the .key file: it withdraws the grant.`,
  );
}

/** The key first: a grant that nobody can withdraw must not be on the chain. */
async function register(made: DraftGrant, document: GrantDocument): Promise<void> {
  const name = `grant-${made.hash.slice(2, 10)}`;
  save(`${name}.json.key`, encodeGrantKey(made));
  save(`${name}.json`, `${JSON.stringify(document, null, 2)}\n`);
  const registration = await signRegistration(made, await grantDomainOnce(), Math.floor(Date.now() / 1000));
  const { outcomes } = await client.registerGrants({ body: { grants: [registration] } });
  const [{ ok, error } = { ok: false }] = outcomes;
  if (!ok) malformed('registration', 'one that the chain takes', error ?? 'refused');
  const deadline = Date.now() + UNTIL_FINAL_MS;
  while (Date.now() < deadline) {
    // A gateway knows of it a block later.
    const state = await client.getGrant({ params: { grant: made.hash } }).catch(unlessUnknown);
    if (state?.final === true) return;
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}

function unlessUnknown(error: unknown): undefined {
  if (!(error instanceof ApiError)) throw error;
  return undefined;
}

async function refuseIt(request: GrantRequest, reason: string, shown: HTMLElement): Promise<void> {
  const { program, centre } = await enterprise();
  await program.refuse(centre, request, ...(reason === '' ? [] : [reason]));
  shown.remove();
  done('已拒绝。', 'Refused.');
}

async function loadRequests(): Promise<void> {
  const { program, centre } = await enterprise();
  const waiting = (await program.requests(centre)).filter(({ decision }: SeenRequest) => decision === undefined);
  cards.replaceChildren(...waiting.map(({ request }) => card(request.wanted, request)));
  if (waiting.length === 0) done('没有待处理的申请。', 'Nothing waits for you.');
}

async function withdraw(): Promise<void> {
  const key = parseGrantKey(utf8(await textOf(withdrawn, 'grant key')));
  const body = await signWithdrawal(key, await grantDomainOnce());
  const { told } = await client.withdrawGrant({ params: { grant: key.hash }, body });
  done(`已撤回 ${key.hash}，即时生效。`, `Withdrawn, at once; ${told.length} providers know it already.`);
}

/** What the member that identifies the enterprise certifies: `xinlian certify`. */
async function savePublicKeys(): Promise<void> {
  const { account: transaction, sealing } = identified();
  const { publicKey } = await sealing();
  save('public.json', `${JSON.stringify({ transaction, sealing: toBase64Url(publicKey) })}\n`);
  done('公钥已下载：交给为本企业核验身份的单位签发证明。', 'Give the file to the member that identifies you.');
}

watchWallets((found) => {
  const none = '未发现浏览器钱包 No wallet in this browser';
  const buttons = found.map(({ info, provider }, i) =>
    button(`wallet-${i}`, `连接钱包 Connect ${info.name}`, async () =>
      know(await walletIdentity(provider, await grantDomainOnce())),
    ),
  );
  wallets.replaceChildren(...(buttons.length > 0 ? buttons : [none]));
});

document.body.append(
  element(
    'main',
    {},
    element('h1', {}, '信链企业授权 Xinlian authorisation'),
    element(
      'p',
      {},
      '逐项看清授权内容后再签署。密钥只留在本页或您的钱包中；本页只与提供本页的网关通信。请使用为您核验身份的单位的网关。',
      element('br'),
      'Read before you sign. Keys stay in this page or in your wallet; the page calls the gateway that it came from alone: use that of the member that identified you.',
    ),
    element('h2', {}, '一、身份 Who you are'),
    wallets,
    labelled('或密钥文件', 'Or the key file', keys),
    labelled('口令', 'Its passphrase', passphrase),
    button('open', '打开密钥文件 Open the key file', async () => {
      know(await keyFileIdentity(await textOf(keys, 'key file'), passphrase.value));
      passphrase.value = '';
    }),
    account,
    labelled('身份证明', 'Certificate of that key', certificate),
    element(
      'details',
      {},
      element('summary', {}, '还没有身份证明 No certificate yet'),
      button('public', '下载公钥 Save public keys', savePublicKeys),
    ),
    element('h2', {}, '二、授权 Authorise'),
    button('requests', '查看收到的申请 What banks ask of you', loadRequests),
    labelled('或打开拟好的授权', 'Or a grant that was drafted for you (JSON)', draft),
    cards,
    outcome,
    element('h2', {}, '三、撤回 Withdraw'),
    labelled('撤回密钥文件', 'The .key file of the grant', withdrawn),
    button('withdraw', '立即撤回 Withdraw now', withdraw),
  ),
);

draft.addEventListener('change', () => {
  textOf(draft, 'draft')
    .then((text) => cards.replaceChildren(card(wantedGrant.decode(utf8(text)))))
    .catch(tell);
});
