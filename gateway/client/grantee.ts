// A bank's application, or an agency's: asks providers under a grant or a share basis, opens and verifies what they
// answer. Keys and checkpoints of others are taken from the own node's view, over a sealed session, and never from a gateway.
import { fromBase64, fromBase64Url, fromUtf8, toBase64Url, utf8, type Hex } from '../../node/core/bytes.ts';
import type { WantedAttachment } from '../../node/core/attachment.ts';
import { XinlianError } from '../../node/core/errors.ts';
import { parseArtefact, type GrantDocument } from '../../node/core/grant.ts';
import {
  parseRequest,
  REQUEST_SECONDS,
  signQuestion,
  signRequest,
  type RequestState,
  type WantedGrant,
} from '../../node/core/grant-request.ts';
import { grantHashOf } from '../../node/core/ids.ts';
import { openJwe, sealJwe, type Agreement } from '../../node/core/jwe.ts';
import { p256Jwk, p256Point, type JwsAlgorithm } from '../../node/core/jwk.ts';
import type { JwsSigner } from '../../node/core/jws.ts';
import { newQueryId, signConsumption } from '../../node/core/make-grant.ts';
import type { GrantConsumption } from '../../node/core/messages/grant.ts';
import type { View, ViewedMember } from '../../node/core/messages/view.ts';
import { covers } from '../../node/core/regions.ts';
import { QUERY_SECONDS, signJournal, signQuery, type Query } from '../../node/core/query.ts';
import { signSubscription } from '../../node/core/subscription.ts';
import { textDigest } from '../../node/core/receipt.ts';
import type { LocalAgreement } from '../../node/core/agreement.ts';
import { newAgreement } from '#agreement';
import type { TypedDataDomain } from '../../node/core/typed-data.ts';
import { parseApproval, parseBasis, type ShareDocument } from '../../node/core/share.ts';
import { verifyAnswer, type VerifiedAnswer } from '../../node/core/verify-answer.ts';
import type { QueryPart } from '../api/queries.ts';
import type { Client } from '../client.ts';
import type { PreparedSubscription } from './watch-keys.ts';

export interface GranteeOptions {
  /** The bank's member id. */
  member: string;
  /** P-256 key of the bank's own node, which must not come from a gateway. */
  sealingKey: Uint8Array;
}

export interface GranteeDependencies {
  client: Pick<Client, 'runQuery' | 'runShareQuery' | 'requestGrant' | 'getGrantRequest' | 'consumeGrant'>;
  /** The member's `client` key, or that of an application. */
  signer: JwsSigner;
  /** Where an application signs: the algorithm of its key, and its certificate. */
  application?: { alg: JwsAlgorithm; app: string };
  /**
   * Consumes counted grants by signed word, which any gateway carries to the chain. Absent: the own node does, which has
   * the member's transaction key.
   */
  consuming?: {
    /** The member's transaction key. */
    account: { sign(digest: Uint8Array): Promise<Hex> };
    /** EIP-712 domain of the GrantRegistry. */
    domain: TypedDataDomain;
  };
  /** The own node's view of the chain. */
  view: (members?: readonly string[]) => Promise<View>;
  /** Claim names of an item, in schema order. */
  names: (item: string, edition: string) => readonly string[] | undefined;
  /** Milliseconds since 1970. */
  clock: { now(): number };
}

export interface Question {
  grant: GrantDocument;
  /** Items asked for; default: all that the grant names. */
  items?: readonly string[];
  /** Default: every active source of the regions that the grant names. */
  providers?: readonly string[];
  /** For each provider. */
  deadlineMs?: number;
  /** Asks for this attachment, beside the record that names it. */
  attachment?: WantedAttachment;
}

/** Of one agency, about one subject, under a share basis. */
export interface ShareQuestion {
  document: ShareDocument;
  /** USCC. */
  subject: string;
  /** Items asked for; default: all that were approved. */
  items?: readonly string[];
  /** Commitments and proofs alone: the records come another way. */
  proofOnly?: boolean;
  deadlineMs?: number;
}

/** What one provider said, or why nothing. */
/** `signed`: the answer as the provider signed it, compact JWS. */
export type ProviderOutcome =
  | { provider: string; outcome: 'answered' | 'refused'; answer: VerifiedAnswer; signed: string }
  | { provider: string; outcome: 'unreachable' | 'error'; detail: string };

export interface QueryOutcome {
  query: string;
  /** Absent under a share basis. */
  grant?: string;
  consumed: boolean;
  providers: ProviderOutcome[];
}

/** A question, signed and sealed: JSON, so that it can be kept. */
export interface PreparedQuery {
  grant?: string;
  /** In place of a grant: id of the share basis. */
  basis?: string;
  proofOnly?: boolean;
  body: Parameters<Client['runQuery']>[0]['body'];
  /** Signed, of a counted grant, where it is not the own node that consumes. */
  consumption?: GrantConsumption;
  /** Digest of each query as it was signed. */
  requests: { provider: string; request: string }[];
  /** Secret of the key that the answers are sealed to, base64url. */
  reply: string;
  /** The providers, by the own node's view before they were asked. */
  members: ViewedMember[];
}

/** What was answered, as it came: it can be kept, and opened later. */
export interface SealedAnswers {
  prepared: PreparedQuery;
  consumed: boolean;
  parts: QueryPart[];
}

interface AskedUnder {
  ground: Pick<Query, 'grant' | 'basis' | 'subject' | 'proofOnly'>;
  items: string[];
  purpose: string;
  attachment?: WantedAttachment;
}

export class Grantee {
  readonly #options: GranteeOptions;
  readonly #needs: GranteeDependencies;

  constructor(options: GranteeOptions, dependencies: GranteeDependencies) {
    this.#options = options;
    this.#needs = dependencies;
  }

  /** Asks providers for records under a grant, and opens what they answer. Throws as `send`. */
  async ask(question: Question, signal?: AbortSignal): Promise<QueryOutcome> {
    return this.open(await this.send(await this.prepare(question), signal));
  }

  /** Signs and seals a question, and sends nothing: keep it, and what was cut off can be sent again as it was. */
  async prepare({ grant, ...question }: Question): Promise<PreparedQuery> {
    const { artefact, terms } = parseArtefact(grant.artefact);
    const items = [...(question.items ?? artefact.items.map(({ item }) => item))];
    // Of before anything was sent: an answer must be under a checkpoint no older than what was anchored by then.
    const members = providersOf(await this.#needs.view(), question.providers, artefact.regions);
    const { attachment } = question;
    const asked = { ground: { grant }, items, purpose: artefact.purpose, ...(attachment && { attachment }) };
    const prepared = await this.#prepare(asked, members, question.deadlineMs);
    const { query } = prepared.body;
    const { consuming } = this.#needs;
    const consumption =
      consuming && terms.uses > 0
        ? await signConsumption({ terms, query }, consuming.account, consuming.domain, this.#now())
        : undefined;
    return { grant: grantHashOf(terms), ...prepared, ...(consumption && { consumption }) };
  }

  /** The same under a share basis. */
  async prepareShare(question: ShareQuestion): Promise<PreparedQuery> {
    const { document, subject, proofOnly, deadlineMs } = question;
    const { basis } = parseBasis(document.basis);
    const items = [...(question.items ?? parseApproval(document.approval).approval.items)];
    const members = providersOf(await this.#needs.view([basis.aud]), [basis.aud], []);
    const ground = { basis: document, subject, ...(proofOnly === true && { proofOnly }) };
    const asked = { ground, items, purpose: basis.matter.code };
    const prepared = await this.#prepare(asked, members, deadlineMs);
    return { basis: basis.jti, ...(proofOnly === true && { proofOnly }), ...prepared };
  }

  async #prepare(
    { ground, items, ...asked }: AskedUnder,
    members: ViewedMember[],
    deadlineMs: number | undefined,
  ): Promise<Omit<PreparedQuery, 'grant' | 'basis' | 'proofOnly'>> {
    const query = newQueryId().id;
    const reply = newAgreement();
    const made = await Promise.all(
      members.map((provider) => this.#queryOf({ query, ground, items, ...asked }, provider, reply)),
    );
    const requests = made.map(({ provider, request }) => ({ provider, request }));
    const body = {
      query,
      journal: await this.#journal(query, ground, items, requests),
      parts: made.map(({ provider, sealed }) => ({ provider, query: sealed })),
      ...(deadlineMs !== undefined && { deadlineMs }),
    };
    return { body, requests, reply: toBase64Url(reply.secretKey), members };
  }

  /** Signs and seals a subscription to changes at each provider, and sends nothing. */
  async prepareSubscription({ grant, ...question }: Omit<Question, 'deadlineMs'>): Promise<PreparedSubscription> {
    const { artefact, terms } = parseArtefact(grant.artefact);
    const items = [...(question.items ?? artefact.items.map(({ item }) => item))];
    const members = providersOf(await this.#needs.view(), question.providers, artefact.regions);
    const subscription = newQueryId().id;
    const reply = newAgreement();
    const asked = { query: subscription, ground: { grant }, items, purpose: artefact.purpose };
    const made = await Promise.all(members.map((provider) => this.#queryOf(asked, provider, reply, signSubscription)));
    const requests = made.map(({ provider, request }) => ({ provider, request }));
    const body = {
      subscription,
      journal: await this.#journal(subscription, { grant }, items, requests),
      parts: made.map(({ provider, sealed }) => ({ provider, subscription: sealed })),
    };
    const keys = { subscription, grant: grantHashOf(terms), requests, reply: toBase64Url(reply.secretKey) };
    return { keys, body };
  }

  /**
   * Sends a question, or sends it again: nothing is consumed twice, and who answered gives the same answer.
   * @throws ApiError: GRANT_REFUSED where the chain did not let a counted grant be consumed; MALFORMED
   */
  async send(prepared: PreparedQuery, signal?: AbortSignal): Promise<SealedAnswers> {
    const { grant = '', basis, body, consumption } = prepared;
    const { client } = this.#needs;
    const more = signal ? { signal } : {};
    // The own node then finds it consumed by this query id, and waits until that is final.
    if (consumption) await client.consumeGrant({ params: { grant }, body: consumption, ...more });
    const input = { body, ...more };
    const { consumed, parts } = await (basis === undefined ? client.runQuery(input) : client.runShareQuery(input));
    return { prepared, consumed, parts };
  }

  /** Opens and verifies answers, needing nobody. One that does not hold costs no other. */
  async open({ prepared, consumed, parts }: SealedAnswers): Promise<QueryOutcome> {
    const agreement = newAgreement(fromBase64Url(prepared.reply, 32));
    const providers = await Promise.all(parts.map((part) => this.#open(part, prepared, agreement)));
    const { grant } = prepared;
    return { query: prepared.body.query, ...(grant !== undefined && { grant }), consumed, providers };
  }

  /** Puts a request for authorisation down at the member that identifies the enterprise. @returns its id, and who reads */
  async request(
    centre: string,
    wanted: WantedGrant,
    message?: string,
  ): Promise<{ id: string; state: RequestState; reply: Uint8Array }> {
    const { member } = this.#options;
    const iat = this.#now();
    const id = toBase64Url(crypto.getRandomValues(new Uint8Array(16)));
    const reply = newAgreement();
    const request = {
      iss: member,
      aud: centre,
      jti: id,
      iat,
      exp: iat + REQUEST_SECONDS,
      wanted,
      ...(message !== undefined && { message }),
      reply: p256Jwk(reply.publicKey),
    };
    const jws = await signRequest(request, this.#needs.signer, this.#needs.application);
    parseRequest(jws);
    const sealed = await this.#sealTo(centre, jws);
    const state = await this.#needs.client.requestGrant({ params: { member: centre }, body: { request: sealed } });
    return { id, state, reply: reply.secretKey };
  }

  /** What became of a request; a grant document where it was granted. @param reply the secret that `request` gave */
  async requestState(
    centre: string,
    id: string,
    reply: Agreement,
  ): Promise<{ state: RequestState; document?: GrantDocument }> {
    const iat = this.#now();
    const question = { iss: this.#options.member, aud: centre, jti: id, iat, exp: iat + QUERY_SECONDS };
    const sealed = await this.#sealTo(
      centre,
      await signQuestion(question, this.#needs.signer, this.#needs.application),
    );
    const state = await this.#needs.client.getGrantRequest({ params: { member: centre }, body: { question: sealed } });
    if (state.document === undefined) return { state };
    const { plaintext } = await openJwe(state.document, reply);
    return { state, document: JSON.parse(fromUtf8(plaintext)) as GrantDocument };
  }

  async #queryOf(
    { query: id, ground, items, purpose, attachment }: AskedUnder & { query: string },
    { id: provider, sealing = '' }: ViewedMember,
    reply: LocalAgreement,
    sign: typeof signQuery | typeof signSubscription = signQuery,
  ): Promise<{ provider: string; request: string; sealed: string }> {
    const iat = this.#now();
    const query: Query = {
      iss: this.#options.member,
      aud: provider,
      jti: id,
      iat,
      exp: iat + QUERY_SECONDS,
      ...ground,
      items,
      purpose,
      ...(attachment && { attachment }),
      reply: p256Jwk(reply.publicKey),
    };
    const jws = await sign(query, this.#needs.signer, this.#needs.application);
    const sealed = await sealJwe(utf8(jws), fromBase64Url(sealing, 33), 'JWT');
    return { provider, request: textDigest(jws), sealed };
  }

  async #journal(
    query: string,
    ground: AskedUnder['ground'],
    items: string[],
    requests: { provider: string; request: string }[],
  ): Promise<string> {
    const { member, sealingKey } = this.#options;
    const iat = this.#now();
    const journal = { iss: member, aud: member, jti: query, iat, exp: iat + QUERY_SECONDS, ...ground, items, requests };
    const jws = await signJournal(journal, this.#needs.signer, this.#needs.application);
    return sealJwe(utf8(jws), sealingKey, 'JWT');
  }

  async #open(
    part: QueryPart,
    { requests, members, proofOnly }: PreparedQuery,
    reply: Agreement,
  ): Promise<ProviderOutcome> {
    const { provider } = part;
    if (part.outcome !== 'answer' || part.answer === undefined) {
      const outcome = part.outcome === 'unreachable' ? 'unreachable' : 'error';
      return { provider, outcome, detail: part.problem?.detail ?? part.problem?.title ?? 'no answer' };
    }
    const request = requests.find((own) => own.provider === provider)?.request ?? '';
    try {
      const { plaintext } = await openJwe(part.answer, reply);
      const signed = fromUtf8(plaintext);
      const answer = await verifyAnswer(
        signed,
        { request, provider, ...(proofOnly === true && { proofOnly }) },
        contextOf(members, this.#needs.names),
      );
      return { provider, outcome: answer.body.outcome, answer, signed };
    } catch (error) {
      // A gateway or a provider that lies costs its own answer and no other.
      if (!XinlianError.is(error)) throw error;
      return { provider, outcome: 'error', detail: error.message };
    }
  }

  async #sealTo(member: string, text: string): Promise<string> {
    const { members } = await this.#needs.view([member]);
    const sealing = members[0]?.sealing;
    if (sealing === undefined) throw new XinlianError('MEMBER_UNKNOWN', { member });
    return sealJwe(utf8(text), p256Point(p256Jwk(fromBase64Url(sealing, 33))), 'JWT');
  }

  #now(): number {
    return Math.floor(this.#needs.clock.now() / 1000);
  }
}

function providersOf(
  { members }: View,
  wanted: readonly string[] | undefined,
  regions: readonly string[],
): ViewedMember[] {
  if (wanted) {
    return wanted.map((id) => {
      const member = members.find((own) => own.id === id);
      if (!member?.sealing) throw new XinlianError('MEMBER_UNKNOWN', { member: id });
      return member;
    });
  }
  return members.filter(
    ({ active, roles, sealing, region }) =>
      active && roles.includes('source') && sealing !== undefined && regions.some((granted) => covers(granted, region)),
  );
}

/** Signed answers, taken out of their seals and not verified: for a node that verifies them itself. */
export async function unsealAnswers({ prepared, parts }: SealedAnswers): Promise<string[]> {
  const reply = newAgreement(fromBase64Url(prepared.reply, 32));
  const texts: string[] = [];
  for (const { answer } of parts)
    if (answer !== undefined) texts.push(fromUtf8((await openJwe(answer, reply)).plaintext));
  return texts;
}

/** What is known of providers by the own node's view. */
export function contextOf(members: readonly ViewedMember[], names: GranteeDependencies['names']) {
  const logs = new Map(members.flatMap(({ id, logs }) => logs.map((log) => [log.log, { ...log, owner: id }])));
  return {
    names,
    isCheckpointKey: (provider: string, key: Uint8Array): boolean =>
      members.some(({ id, checkpoint }) => id === provider && checkpoint.includes(toBase64Url(key))),
    anchored: (log: string) => {
      const known = logs.get(log);
      return known && { size: known.size, root: fromBase64(known.root, 32), owner: known.owner };
    },
  };
}
