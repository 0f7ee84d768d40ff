// The public register: every agency is asked when somebody asks, and nothing is kept.
import { XinlianError } from '../../node/core/errors.ts';
import { parseMemberId, type MemberId } from '../../node/core/ids.ts';
import { bundleDocument } from './records.ts';
import { decodeParcel } from '../../node/core/messages/codec.ts';
import {
  publicPage,
  publicRecord,
  publicRef,
  publicSearch,
  type PublicRecord,
  type PublicSearch,
} from '../../node/core/messages/register.ts';
import type { Catalogue } from '../../node/policy/pack.ts';
import { chinaDate } from '../../node/policy/date.ts';
import type { Commitment, PublishedRecord } from '../api/public.ts';
import { beijingTime } from '../beijing-time.ts';
import { certificatePage, commitmentPage, PAGE_POLICY } from '../pages/public.ts';
import type { Clock, Members, NodeCaller } from '../ports.ts';
import type { Handlers } from './handler.ts';

const COMMITMENT = 'credit-commitment';

interface Options {
  baseUrl: string;
  nodeTimeoutMs: number;
  catalogue: Catalogue;
}

interface Found {
  records: PublishedRecord[];
  more: MemberId[];
  unreached: MemberId[];
}

export function publicRoutes(
  { baseUrl, nodeTimeoutMs, catalogue }: Options,
  { members, nodes, clock }: { members: Members; nodes: NodeCaller; clock: Clock },
) {
  const view = (record: PublicRecord): PublishedRecord => {
    const { zh, en } = catalogue.item(record.item);
    const agency = members.get(parseMemberId(record.member))?.name ?? record.member;
    return { ...record, agency, itemName: { zh, en }, time: beijingTime(record.time) };
  };

  async function search(wanted: Omit<PublicSearch, 'member'>, signal: AbortSignal): Promise<Found> {
    const asked = [wanted.code, wanted.name, wanted.number].filter((one) => one !== undefined);
    if (asked.length !== 1)
      throw new XinlianError('MALFORMED', {
        what: 'search',
        wanted: 'a code, a name or a number',
        got: `${asked.length} of them`,
      });
    const sources = [...members.list()].map(({ id }) => id).filter((id) => members.isEntitledNow(id, ['source']));
    const found: Found = { records: [], more: [], unreached: [] };
    await Promise.all(
      sources.map(async (member) => {
        try {
          const argument = publicSearch.encode({ member, ...wanted });
          const page = publicPage.decode(
            await nodes.call(member, 'public/search', argument, { signal, timeoutMs: nodeTimeoutMs }),
          );
          found.records.push(...page.records.filter((record) => record.member === member).map(view));
          if (page.next !== undefined) found.more.push(member);
        } catch (error) {
          if (signal.aborted) throw error;
          // One agency that is away, or lies, must not hide what the others publish.
          found.unreached.push(member);
        }
      }),
    );
    found.records.sort((a, b) => (a.time < b.time ? 1 : -1));
    return found;
  }

  async function recordOf({ member, record }: { member: string; record: string }, signal: AbortSignal) {
    const argument = publicRef.encode({ member, record });
    const answer = await nodes.call(parseMemberId(member), 'public/record', argument, {
      signal,
      timeoutMs: nodeTimeoutMs,
    });
    const { header, body } = decodeParcel(answer);
    return { record: view(publicRecord.decode(header)), bundle: bundleDocument.decode(body) };
  }

  async function commitmentOf(wanted: string, signal: AbortSignal): Promise<Commitment> {
    const { records, unreached } = await search({ number: wanted }, signal);
    const record = records.find(({ item }) => item === COMMITMENT);
    if (record) return commitmentView(record, wanted, chinaDate(clock.now()));
    const [away] = unreached;
    if (away !== undefined)
      throw new XinlianError('UNREACHABLE', { peer: away, reason: 'it may publish this commitment' });
    throw new XinlianError('NOT_FOUND', { what: 'published commitment', id: wanted });
  }

  return {
    searchPublic: ({ query, signal }) => search(query, signal),

    getPublicRecord: ({ params, signal }) => recordOf(params, signal),

    async getPublicCertificate({ params, signal, header }) {
      const { record } = await recordOf(params, signal);
      header('content-security-policy', PAGE_POLICY);
      const fields = catalogue.item(record.item).fields;
      return certificatePage(record, {
        url: `${baseUrl}/v1/public/records/${params.member}/${params.record}`,
        printed: beijingTime(Math.floor(clock.now() / 1000)),
        nameOf: (claim) => fields.find(({ name }) => name === claim)?.zh,
      });
    },

    getCommitment: ({ params, signal }) => commitmentOf(params.code, signal),

    async getCommitmentPage({ params, signal, header }) {
      const commitment = await commitmentOf(params.code, signal);
      header('content-security-policy', PAGE_POLICY);
      return commitmentPage(commitment, `${baseUrl}/v1/public/commitments/${params.code}/page`);
    },
  } satisfies Partial<Handlers>;
}

function commitmentView(
  { claims, member, record, subject, publicity }: PublishedRecord,
  code: string,
  today: string,
): Commitment {
  const text = (name: string): string => String(claims[name] ?? '');
  const orNone = (name: string): string | null => {
    const value = claims[name];
    return typeof value === 'string' && value !== '' ? value : null;
  };
  const validTo = orNone('validTo');
  return {
    code,
    promise: {
      by: text('CN_MC'),
      subject,
      kind: text('CN_LX'),
      cause: text('CN_SY'),
      text: text('CN_NR'),
      liability: text('CN_WNZR'),
      made: text('CN_RQ'),
      validTo,
    },
    publication: { member, record, until: publicity.until },
    fulfilment: {
      state: orNone('CN_LXZT'),
      unfulfilled: orNone('CN_WLX'),
      consequence: orNone('CN_ZRZJ'),
      judged: orNone('CN_RDRQ'),
    },
    supervision: {
      by: text('CN_SLDW'),
      code: text('CN_SLDWDM'),
      state: orNone('CN_JGZT'),
      expired: validTo !== null && validTo < today,
    },
  };
}
