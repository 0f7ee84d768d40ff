// Sharing over a store in memory: the provider of `Exchange`, and agencies that ask it.
import { newAgreement } from '#agreement';
import { fromUtf8, toBase64Url, utf8 } from '../../node/core/bytes.ts';
import { openJwe, sealJwe } from '../../node/core/jwe.ts';
import { newQueryId } from '../../node/core/make-grant.ts';
import { p256Jwk } from '../../node/core/jwk.ts';
import { signQuery, type Query } from '../../node/core/query.ts';
import { textDigest } from '../../node/core/receipt.ts';
import {
  shareState,
  signBasis,
  signShareQuestion,
  type ShareBasis,
  type ShareDocument,
  type ShareQuestion,
  type ShareState,
} from '../../node/core/share.ts';
import { verifyAnswer, type VerifiedAnswer } from '../../node/core/verify-answer.ts';
import { AnswerRecords } from '../../node/exchange/answer-records.ts';
import { ShareDesk } from '../../node/exchange/share-desk.ts';
import { SharePayloads } from '../../node/exchange/share-payloads.ts';
import { builtInCatalogue } from '../../node/policy/pack.ts';
import { builtInShareRules } from '../../node/policy/share-rules.ts';
import { LevelShareStore } from '../../node/store/share-store.ts';
import type { Batch } from '../../node/store/store.ts';
import { SIGNER, type Agency } from './agency.ts';
import { Body, Exchange } from './authorised.ts';
import { MEMBER } from './bundle.ts';
import { AGENCY, company } from './rows.ts';

const DAY = 86_400;

/** What methods need of sharing, over an agency on paper. */
export function sharingOver({ store, commits, clock, chain, recordStore: records, logs }: Agency) {
  const view = chain.grants;
  const rules = builtInShareRules;
  const shares = new ShareDesk<Batch>({ store: new LevelShareStore(store), commits, view, rules, clock });
  const answers = new AnswerRecords<Batch>({ records, logs, view: chain, catalogue: builtInCatalogue });
  return { shares, payloads: new SharePayloads<Batch>({ bases: shares, records: answers, view, clock }) };
}

/** A row of a supervisory inspection (`jc`), or of a coercive measure (`qz`). */
export function sharedRow(short: 'jc' | 'qz', i: number, change: Record<string, unknown> = {}) {
  const p = short.toUpperCase();
  const own =
    short === 'jc'
      ? { JC_LX: '双随机', JC_NR: '安全生产检查', JC_JGUO: '未发现问题' }
      : { QZ_LX: '查封', QZ_SY: '未经许可经营', QZ_YJ: '行政强制法第九条', QZ_NR: '查封设备三台' };
  return {
    [`${p}_MC`]: `盐城某某科技有限公司${i}`,
    [`${p}_LB`]: '法人及非法人组织',
    [`${p}_SHXYM`]: company(i),
    [`${p}_WSH`]: `盐市监〔2026〕${i}号`,
    ...own,
    [`${p}_RQ`]: '2026-02-03',
    [`${p}_JG`]: '盐城市大丰区市场监督管理局',
    [`${p}_JGDM`]: AGENCY,
    ...change,
  };
}

export class SharingExchange {
  readonly exchange: Exchange;
  readonly requester = new Body('盐城市大丰区税务局', 'MB190403', ['source']);
  readonly other = new Body('盐城市大丰区交通局', 'MB190407', ['source']);
  readonly sealing = newAgreement();

  private constructor(exchange: Exchange) {
    this.exchange = exchange;
    for (const { member } of [this.requester, this.other]) {
      member.keys.sealing = [{ key: this.sealing.publicKey, since: 1 }];
      exchange.grants.members.set(member.id, member);
    }
  }

  /** With an inspection and a measure of companies 1 and 2 under a checkpoint. */
  static async open(): Promise<SharingExchange> {
    const exchange = await Exchange.open();
    for (const short of ['jc', 'qz'] as const) {
      const submission = `file-${short}-0000`;
      await exchange.agency.open(submission, short);
      await exchange.agency.send(submission, 0, [sharedRow(short, 1), sharedRow(short, 2)]);
    }
    await exchange.agency.checkpointer.sign();
    return new SharingExchange(exchange);
  }

  get shares() {
    return this.exchange.shares;
  }

  basis(change: Partial<ShareBasis> = {}, as: Body = this.requester): ShareBasis {
    const now = this.exchange.now();
    return {
      type: 'xinlian/share-basis/v1',
      suite: 'intl-1',
      salt: toBase64Url(crypto.getRandomValues(new Uint8Array(32))),
      iss: as.id,
      aud: MEMBER,
      jti: toBase64Url(crypto.getRandomValues(new Uint8Array(16))),
      iat: now,
      requester: { uscc: as.uscc, name: as.member.name },
      items: [{ item: 'supervisory-inspection', months: 24 }],
      ground: { kind: 'statute', citation: '税收征收管理法第六条' },
      matter: { code: 'SX-001', name: '纳税信用评价' },
      from: now - 60,
      to: now + 30 * DAY,
      policy: 'cn-sharing-2025',
      ...change,
    };
  }

  /** A basis with an item that an officer decides on. */
  conditional(change: Partial<ShareBasis> = {}): ShareBasis {
    return this.basis({ items: [{ item: 'administrative-coercion', months: 24 }], ...change });
  }

  async put(text: string): Promise<ShareState> {
    return this.#opened(await this.shares.ask(this.exchange.member, await this.seal(text)));
  }

  async ask(basis: ShareBasis, as: Body = this.requester): Promise<{ text: string; state: ShareState }> {
    const text = await signBasis(basis, as.signer);
    return { text, state: await this.put(text) };
  }

  /** As it is read with. */
  async approved(basis: ShareBasis = this.basis()): Promise<ShareDocument> {
    const { text, state } = await this.ask(basis);
    const { approval } = state.approval === undefined ? await this.approve(basis.jti) : state;
    return { basis: text, approval: approval! };
  }

  approve(basis: string, more: object = {}): Promise<ShareState> {
    return this.shares.decide(this.exchange.member, { basis, outcome: 'approved', officer: '李四', ...more });
  }

  async question(basis: string, change: Partial<ShareQuestion> = {}, as: Body = this.requester): Promise<ShareState> {
    const iat = this.exchange.now();
    const question = { iss: as.id, aud: MEMBER, jti: basis, iat, exp: iat + 300, act: 'state' as const, ...change };
    const sealed = await this.seal(await signShareQuestion(question, as.signer));
    return this.#opened(await this.shares.question(this.exchange.member, sealed));
  }

  /** Reads as the requester would, and verifies what comes. */
  async read(
    basis: ShareDocument,
    change: Partial<Query> = {},
    as: Body = this.requester,
  ): Promise<VerifiedAnswer & { text: string }> {
    const reply = newAgreement();
    const iat = this.exchange.now();
    const query: Query = {
      iss: as.id,
      aud: MEMBER,
      jti: newQueryId().id,
      iat,
      exp: iat + 300,
      basis,
      subject: company(1),
      items: ['supervisory-inspection'],
      purpose: 'SX-001',
      reply: p256Jwk(reply.publicKey),
      ...change,
    };
    const jws = await signQuery(query, as.signer);
    const { provider, member } = this.exchange;
    const jwe = await provider.answer(member, await this.seal(jws), AbortSignal.timeout(30_000));
    const text = fromUtf8((await openJwe(jwe, reply)).plaintext);
    const asked = { request: textDigest(jws), provider: MEMBER, proofOnly: change.proofOnly === true };
    const names = (item: string, edition: string) => builtInCatalogue.names(item, edition);
    const isCheckpointKey = (_: string, key: Uint8Array) => toBase64Url(key) === toBase64Url(SIGNER);
    return { ...(await verifyAnswer(text, asked, { names, isCheckpointKey })), text };
  }

  /** The reason why a query was refused; `answered` where it was not. */
  async reason(basis: ShareDocument, change: Partial<Query> = {}, as: Body = this.requester): Promise<string> {
    const { body } = await this.read(basis, change, as);
    return body.reason ?? body.outcome;
  }

  /** To the provider. */
  seal(text: string): Promise<string> {
    return sealJwe(utf8(text), this.exchange.sealing.publicKey, 'JWT');
  }

  async #opened(sealed: string): Promise<ShareState> {
    return shareState.decode((await openJwe(sealed, this.sealing)).plaintext);
  }
}
