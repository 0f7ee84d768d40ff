// Authorised exchange over real processes: an enterprise grants, a bank reads through a gateway that cannot, and whatever
// is wrong is refused with its reason and leaves a receipt.
import { readFile } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { join } from 'node:path';
import { expect } from 'chai';
import { ApiError } from '../../gateway/client/api-error.ts';
import { askForAttachment, fetchChunk, sendAttachment } from '../../gateway/client/attachments.ts';
import { BatchJobs } from '../../gateway/client/jobs.ts';
import { Reconciliation } from '../../gateway/client/reconciliation.ts';
import { retry } from '../../gateway/client/retry.ts';
import { beijingTime } from '../../gateway/beijing-time.ts';
import type { Grantee, QueryOutcome } from '../../gateway/client/grantee.ts';
import type { Enterprise } from '../../gateway/client/enterprise.ts';
import { newAgreement } from '#agreement';
import { CHUNK_BYTES } from '../../node/core/attachment.ts';
import { fromBase64Url, fromUtf8, toBase64Url, utf8 } from '../../node/core/bytes.ts';
import type { GrantDocument } from '../../node/core/grant.ts';
import { openJwe, sealJwe } from '../../node/core/jwe.ts';
import { p256Jwk } from '../../node/core/jwk.ts';
import { newQueryId, signWithdrawal } from '../../node/core/make-grant.ts';
import { answerBody, parseAnswer, signJournal, signQuery, type Query } from '../../node/core/query.ts';
import { textDigest } from '../../node/core/receipt.ts';
import { auditFile } from '../../scripts/sandbox/configs.ts';
import { ENTERPRISE, player, Programs, taxRows, type Identified, type Made } from '../../scripts/sandbox/programs.ts';
import { describeIntegration } from './integrate.ts';
import { describeRepaired } from './repaired.ts';
import { describeQueryJobs } from './query-jobs.ts';
import { describeSharing, expectClosedToSuspended } from './sharing.ts';
import { describeWatching } from './watching.ts';
import { describeWhiteLists } from './white-lists.ts';
import { describeLicence } from './licence.ts';
import { describeStanding } from './standing.ts';
import { hashedFile } from '../helpers/attachments.ts';
import { lastJson, readLog, startConsortium, until, xinlian, type TestConsortium } from '../helpers/consortium.ts';
import { isTurnedAway, suspendByCouncil, suspendGrant } from '../helpers/council.ts';
import { enterpriseOf } from '../helpers/enterprise.ts';
import { collect } from '../helpers/collect.ts';
import { askPastGateways } from '../helpers/peer.ts';
import { rejection } from '../helpers/rejection.ts';
import { searchMemory } from '../helpers/process-memory.ts';

const TAX = player('tax').id;
const DAFENG = player('dafeng').id;
const BANK = player('bank').id;
const ROWS = 5;
/** A financial statement of the enterprise that names an attachment. */
function statement(attachment: string): Record<string, unknown> {
  const { name, uscc } = player('tax');
  return {
    CW_MC: ENTERPRISE.name,
    CW_LB: '法人及非法人组织',
    CW_SHXYM: ENTERPRISE.uscc,
    CW_BH: 'CW-2025',
    CW_LX: '年报',
    CW_SSQ_Q: '2025-01-01',
    CW_SSQ_Z: '2025-12-31',
    CW_SJ: '是',
    CW_FJ: attachment,
    CW_LYDW: name,
    CW_LYDWDM: uscc,
  };
}

/** Stands in every record, and nowhere else. */
const SECRET = '只有银行可以读到的备注甲乙丙丁';

describe('authorised exchange', () => {
  let consortium: TestConsortium;
  let programs: Programs;
  let bank: Grantee;
  let enterprise: Identified;
  let lasting: Made;
  /** Over by the time that it is used. */
  let brief: Made;

  before(async () => {
    consortium = await startConsortium(['dafeng', 'tax', 'bank']);
    programs = await Programs.open(consortium, consortium.data);
    for (const key of ['tax', 'dafeng']) {
      const { sealed } = await programs.program(key);
      const rows = taxRows(ROWS, player(key)).replaceAll('"NS_SZ"', `"BZ":"${SECRET}","NS_SZ"`);
      for await (const line of sealed.publish(rows, { item: 'tax-payment', submission: `e2e-${key}-0001` })) {
        expect(line.type).to.not.equal('row');
      }
    }
    bank = await programs.bank();
    enterprise = await programs.identified();
    lasting = await programs.consented(enterprise);
    brief = await programs.consented(enterprise, { to: Math.floor(Date.now() / 1000) + 30 });
    await programs.register([lasting, brief]);
    // The first checkpoint covers the rows, and the certificate's issuer was asked what it took back.
    await until(async () => (await asked(lasting.document, [TAX, DAFENG])).every((one) => one === 'answered'));
  });
  after(async () => {
    await (programs as Programs | undefined)?.close();
    await (consortium as TestConsortium | undefined)?.stop();
  });

  /** `answered`, the reason of a refusal, or what kept the provider from answering. */
  function outcomesOf({ providers }: QueryOutcome): string[] {
    return providers.map((one) => ('answer' in one ? (one.answer.body.reason ?? 'answered') : one.outcome));
  }

  const asked = async (grant: GrantDocument, providers = [TAX]): Promise<string[]> =>
    outcomesOf(await bank.ask({ grant, providers }));

  async function granted(change: Parameters<Programs['consented']>[1], as = enterprise): Promise<Made> {
    const made = await programs.consented(as, change);
    await programs.register([made]);
    return made;
  }

  /** Whatever is done leaves a receipt in a player's log. */
  async function expectReceipt(key: string, act: () => Promise<unknown>): Promise<void> {
    const receipts = async () => (await readLog(consortium, key)).filter(({ kind }) => kind === 'receipt').length;
    const before = await receipts();
    await act();
    await until(async () => (await receipts()) > before);
  }

  /** Asks the tax bureau as a bank's own program could, with one thing changed. */
  async function raw(document: GrantDocument, change: Partial<Query>): Promise<string> {
    const { client, keys, sealed } = await programs.program('bank');
    const iat = Math.floor(Date.now() / 1000);
    const reply = newAgreement();
    const query: Query = {
      iss: BANK,
      aud: TAX,
      jti: newQueryId().id,
      iat,
      exp: iat + 300,
      grant: document,
      items: ['tax-payment'],
      purpose: 'pre-loan',
      reply: p256Jwk(reply.publicKey),
      ...change,
    };
    const jws = await signQuery(query, keys.client);
    const requests = [{ provider: TAX, request: textDigest(jws) }];
    const journal = await signJournal(
      { iss: BANK, aud: BANK, jti: query.jti, iat, exp: iat + 300, grant: document, items: query.items, requests },
      keys.client,
    );
    const { members } = await sealed.view([TAX]);
    const { parts } = await client.runQuery({
      body: {
        query: query.jti,
        journal: await sealJwe(utf8(journal), keys.sealing.publicKey, 'JWT'),
        parts: [{ provider: TAX, query: await sealJwe(utf8(jws), fromBase64Url(members[0]!.sealing!), 'JWT') }],
      },
    });
    const [part] = parts;
    if (part?.answer === undefined) return part?.problem?.code ?? 'nothing';
    const { answer } = parseAnswer(fromUtf8((await openJwe(part.answer, reply)).plaintext));
    const body = answerBody.decode(utf8(answer.body));
    return body.reason ?? body.outcome;
  }

  it('answers from every provider of the region, each record proved', async () => {
    const { providers } = await bank.ask({ grant: lasting.document, providers: [TAX, DAFENG] });
    expect(providers.map(({ provider }) => provider)).to.have.members([TAX, DAFENG]);
    for (const one of providers) {
      if (!('answer' in one)) throw new Error(`${one.outcome}: ${one.detail}`);
      expect(one.answer.records).to.have.length(ROWS);
      for (const { claims } of one.answer.records) {
        expect([claims.get('subject'), claims.get('BZ')]).to.deep.equal([ENTERPRISE.uscc, SECRET]);
      }
    }
  });

  it('is the same day in the logs of both sides, line by line', async () => {
    const { client, keys, sealed, id } = await programs.program('bank');
    const reconciliation = new Reconciliation(
      { member: id, sealingKey: keys.sealing.publicKey },
      { client, signer: keys.client, view: (members) => sealed.view(members), clock: Date },
    );
    const { query } = await bank.ask({ grant: lasting.document, providers: [TAX, DAFENG] });
    const { totals, lines, providers } = await reconciliation.day(beijingTime(Date.now() / 1000).slice(0, 10));
    expect(totals).to.include({ unknown: 0, unread: 0 });
    const own = lines.filter((line) => line.query === query);
    expect(own.map(({ agreement, received }) => `${agreement} ${received?.outcome}`)).to.deep.equal([
      'matched answered',
      'matched answered',
    ]);
    expect(providers.map(({ provider }) => provider)).to.have.members([TAX, DAFENG]);
    const told = new Set(own.map(({ received }) => received?.commitment));
    await until(async () =>
      (await readLog(consortium, 'tax')).some(
        (entry) => entry.kind === 'receipt' && told.has(toBase64Url(entry.commitment)),
      ),
    );
  });

  it('is carried by a gateway that holds nothing of it, in memory or in its log', async () => {
    for (let i = 0; i < 20; i++) expect(await asked(lasting.document)).to.deep.equal(['answered']);
    const gateway = consortium.gateways.get('dafeng')!;
    const [plaintext, subject, inTheClear] = await searchMemory(gateway.pid!, [
      SECRET,
      ENTERPRISE.uscc,
      lasting.draft.hash,
    ]);
    expect({ plaintext, subject }).to.deep.equal({ plaintext: 0, subject: 0 });
    // What the gateway does know is found: the search sees its memory.
    expect(inTheClear).to.be.greaterThan(0);
    const [atTheBank] = await searchMemory(process.pid, [SECRET]);
    expect(atTheBank).to.be.greaterThan(0);
    const log = await readFile(join(consortium.data, 'logs', 'gateway-dafeng.log'), 'utf8');
    for (const text of [SECRET, ENTERPRISE.uscc]) expect(log).to.not.contain(text);
  });

  describe('refuses, and leaves a receipt that the enterprise sees', () => {
    const cases: Record<string, () => Promise<string | string[]>> = {
      GRANTEE_MISMATCH: async () => {
        const other = player('auditor');
        const grantee = { member: other.id, uscc: other.uscc, name: other.name };
        return asked((await granted({ grantee })).document);
      },
      ITEM_NOT_GRANTED: () => raw(lasting.document, { items: ['social-insurance'] }),
      PURPOSE_MISMATCH: () => raw(lasting.document, { purpose: 'post-loan' }),
      REGION_MISMATCH: async () => asked((await granted({ regions: ['310000'] })).document),
      GRANT_NOT_YET_VALID: async () => {
        const from = Math.floor(Date.now() / 1000) + 3_600;
        return asked((await granted({ from })).document);
      },
      GRANT_UNKNOWN: async () => asked((await programs.consented(enterprise)).document),
      CONSENT_INVALID: async () => {
        const stranger = await programs.identified();
        return asked((await granted({}, { own: stranger.own, certificate: enterprise.certificate })).document);
      },
      GRANT_EXPIRED: async () => {
        let last: string[] = [];
        await until(async () => (last = await asked(brief.document))[0] !== 'answered');
        return last;
      },
      GRANT_SUSPENDED: async () => {
        const { document, draft } = await granted({});
        await suspendGrant(consortium, programs, draft.hash);
        let last: string[] = [];
        await until(async () => (last = await asked(document))[0] !== 'answered');
        return last;
      },
      TERM_TOO_LONG: async () => {
        const to = Math.floor(Date.now() / 1000) + 366 * 86_400;
        return asked((await granted({ to })).document);
      },
    };
    for (const [reason, ask] of Object.entries(cases)) {
      it(reason, async () => {
        await expectReceipt('tax', async () => expect([await ask()].flat()).to.deep.equal([reason]));
      });
    }

    it('a query id that was used for another query, without a second receipt', async () => {
      const jti = newQueryId().id;
      expect(await raw(lasting.document, { jti })).to.equal('answered');
      expect(await raw(lasting.document, { jti })).to.equal('CONFLICT');
    });

    it('what the bank did not sign', async () => {
      expect(await raw(lasting.document, { iss: DAFENG })).to.equal('SIGNATURE_INVALID');
    });

    it('shows them all to the enterprise, each proved', async () => {
      const own = await enterpriseOf(programs, enterprise);
      let seen: Awaited<ReturnType<Enterprise['history']>> = [];
      await until(async () => (seen = await own.history(TAX)).every(({ proved }) => proved));
      const reasons = new Set(seen.map(({ receipt }) => receipt.reason ?? receipt.outcome));
      expect([...reasons]).to.include.members(['answered', ...Object.keys(cases)]);
    });
  });

  it('serves a query whose consumption the bank signed and a gateway carried, once', async () => {
    const { document, draft } = await granted({ uses: 1 });
    const relaying = await programs.bank({ relay: true });
    const prepared = await relaying.prepare({ grant: document, providers: [TAX] });
    const { client } = await programs.program('bank');
    const call = { params: { grant: draft.hash }, body: prepared.consumption! };
    // Carried twice, and consumed by the bank’s own node besides, all at the same time.
    const [answers] = await Promise.all([relaying.send(prepared), client.consumeGrant(call), bank.send(prepared)]);
    expect(outcomesOf(await relaying.open(answers))).to.deep.equal(['answered']);
    expect(await client.consumeGrant(call)).to.deep.include({ grant: draft.hash, final: true });
    const second = await relaying.prepare({ grant: document, providers: [TAX] });
    const error: unknown = await relaying.send(second).catch((refused: unknown) => refused);
    expect(error).to.deep.include({ code: 'GRANT_REFUSED' });
  });

  it('checks a file of grants, though the bank’s node is killed on the way', async () => {
    const { client, keys, id } = await programs.program('bank');
    const jobs = new BatchJobs(
      { member: id },
      {
        client,
        signer: keys.client,
        clock: Date,
        wait: (ms, signal) => delay(ms, undefined, { ...(signal && { signal }) }),
      },
    );
    const unknown = `0x${'9'.repeat(64)}`;
    const rows = Array.from({ length: 5_000 }, (_, i) =>
      i === 7 ? 'bad\n' : `{"grant":"${i % 2 === 0 ? lasting.draft.hash : unknown}"}\n`,
    );
    const prepared = await jobs.prepare('ndjson');
    const patient = { patienceMs: 60_000 };
    async function* slowly() {
      for (let i = 0; i < rows.length; i += 1_000) {
        yield utf8(rows.slice(i, i + 1_000).join(''));
        if (i === 3_000) process.kill(consortium.nodes.get('bank')!.pid!, 'SIGKILL');
      }
    }
    let sendings = 0;
    await retry(() => jobs.send(prepared, sendings++ === 0 ? slowly() : rows.join('')), patient);
    const ended = await retry(() => jobs.ended(prepared), patient);
    expect(ended).to.deep.include({ state: 'done', rows: 5_000, ok: 2_500, refused: 2_499, bad: 1 });
    const lines = (await collect(jobs.result(prepared))).join('').trimEnd().split('\n');
    expect(lines.map((line) => (JSON.parse(line) as { row: number }).row)).to.deep.equal(rows.map((_, i) => i + 1));
  });

  it('serves exactly one of 50 queries that race for a one-off grant', async () => {
    const { document } = await granted({ uses: 1 });
    const race = Array.from({ length: 50 }, () => bank.ask({ grant: document, providers: [TAX] }));
    const settled = await Promise.allSettled(race);
    const served = settled.flatMap((one) => (one.status === 'fulfilled' ? outcomesOf(one.value) : []));
    expect(served.filter((outcome) => outcome === 'answered')).to.have.length(1);
    for (const one of settled) {
      if (one.status === 'fulfilled') continue;
      expect(one.reason).to.be.instanceOf(ApiError);
      expect((one.reason as ApiError).code).to.equal('GRANT_REFUSED');
      expect(String(one.reason)).to.contain('GRANT_EXHAUSTED');
    }
    expect(await asked(document).catch((error: unknown) => [(error as ApiError).code])).to.deep.equal([
      'GRANT_REFUSED',
    ]);
  });

  it('says who was cut off, and goes on from there when the same is asked again, consuming nothing twice', async () => {
    const { document } = await granted({ uses: 1 });
    const prepared = await bank.prepare({ grant: document, providers: [TAX, DAFENG], deadlineMs: 10_000 });
    const first = bank.send(prepared);
    // In mid-answer: the consumption takes a second, and the providers are asked when it is final.
    process.kill(consortium.nodes.get('tax')!.pid!, 'SIGKILL');
    const before = await first;
    expect(before.parts.map(({ outcome }) => outcome)).to.include('answer');
    let after = before;
    await until(async () => {
      after = await bank.send(prepared);
      return outcomesOf(await bank.open(after)).every((outcome) => outcome === 'answered');
    });
    // Who answered before gives the same answer.
    expect(after.parts[1]?.answer).to.equal(before.parts[1]?.answer);
  });

  it('brings an attachment whole, whatever is killed on the way, until the grant ends', async () => {
    const { bytes } = await hashedFile(3 * CHUNK_BYTES + 12_345);
    const { sealed } = await programs.program('tax');
    let killed = 0;
    const kill = (child: 'nodes' | 'gateways', key: string): void => {
      killed++;
      process.kill(consortium[child].get(key)!.pid!, 'SIGKILL');
    };
    const attachment = await sendAttachment(new Blob([bytes]), sealed, {
      onProgress: (done) => done === CHUNK_BYTES && kill('nodes', 'tax'),
    });
    const rows = `${JSON.stringify(statement(attachment))}\n`;
    for await (const line of sealed.publish(rows, { item: 'financial-statement', submission: 'e2e-statement' })) {
      expect(line.type).to.not.equal('row');
    }
    const { document, draft } = await granted({ items: [{ item: 'financial-statement', months: 36 }] });
    let record = '';
    await until(async () => {
      const { providers } = await bank.ask({ grant: document, providers: [TAX] });
      record = providers.flatMap((one) => ('answer' in one ? one.answer.records : []))[0]?.record ?? '';
      return record !== '';
    });

    const { client } = await programs.program('bank');
    const offered = await askForAttachment(bank, {
      grant: document,
      provider: TAX,
      attachment: { record, attachment },
    });
    const chunks: Uint8Array[] = [];
    for (let index = 0; index < 4; index++) {
      if (index === 1) kill('gateways', 'dafeng');
      if (index === 2) kill('nodes', 'tax');
      chunks.push(await retry(() => fetchChunk(client, offered, index), { patienceMs: 60_000 }));
    }
    expect(killed).to.equal(3);
    expect(Buffer.concat(chunks).equals(Buffer.from(bytes))).to.equal(true);

    await client.withdrawGrant({ params: { grant: draft.hash }, body: await signWithdrawal(draft, programs.domain) });
    const error = await rejection(fetchChunk(client, offered, 0));
    expect(error).to.be.instanceOf(ApiError);
    expect(error).to.have.nested.property('code', 'GRANT_REFUSED');
  });

  it('sees through a gateway that lies', async () => {
    const { client, keys, sealed } = await programs.program('bank');
    const { Grantee: Asker } = await import('../../gateway/client/grantee.ts');
    const { builtInCatalogue } = await import('../../node/policy/pack.ts');
    type Answered = Awaited<ReturnType<typeof client.runQuery>>;
    const through = (lie: (answered: Answered) => Answered): Grantee =>
      new Asker(
        { member: BANK, sealingKey: keys.sealing.publicKey },
        {
          client: { ...client, runQuery: async (input) => lie(await client.runQuery(input)) },
          signer: keys.client,
          view: (members) => sealed.view(members),
          names: (item, edition) => builtInCatalogue.names(item, edition),
          clock: Date,
        },
      );
    let kept: string | undefined;
    await through((answered) => {
      kept = answered.parts[0]?.answer;
      return answered;
    }).ask({ grant: lasting.document, providers: [TAX] });
    const lies: Record<string, (answered: Answered) => Answered> = {
      'an answer to an earlier query': (answered) => ({
        ...answered,
        parts: answered.parts.map((part) => ({ ...part, answer: kept! })),
      }),
      'a byte changed': (answered) => ({
        ...answered,
        parts: answered.parts.map((part) => ({
          ...part,
          answer: `${part.answer!.slice(0, -2)}${part.answer!.endsWith('A') ? 'BB' : 'AA'}`,
        })),
      }),
      'one provider’s answer as another’s': (answered) => ({
        ...answered,
        parts: answered.parts.map((part, i, parts) => ({ ...part, answer: parts[(i + 1) % parts.length]!.answer! })),
      }),
    };
    for (const [name, lie] of Object.entries(lies)) {
      const outcomes = outcomesOf(await through(lie).ask({ grant: lasting.document, providers: [TAX, DAFENG] }));
      expect(outcomes, name).to.deep.equal(['error', 'error']);
    }
  });

  it('ends with a withdrawal, at once, and stays ended', async () => {
    const made = await granted({});
    expect(await asked(made.document, [TAX, DAFENG])).to.deep.equal(['answered', 'answered']);
    const { client } = await programs.program('bank');
    const body = await signWithdrawal(made.draft, programs.domain);
    const { told } = await client.withdrawGrant({ params: { grant: made.draft.hash }, body });
    expect(told).to.include.members([TAX, DAFENG]);
    expect(await asked(made.document, [TAX, DAFENG])).to.deep.equal(['GRANT_WITHDRAWN', 'GRANT_WITHDRAWN']);
    await until(async () => {
      const { withdrawn, judged } = await client.getGrant({ params: { grant: made.draft.hash } });
      return withdrawn && judged.block > 0;
    });
    process.kill(consortium.nodes.get('tax')!.pid!, 'SIGKILL');
    await until(async () => (await asked(made.document))[0] === 'GRANT_WITHDRAWN');
  });

  describe('an enterprise without a key', () => describeLicence(() => ({ consortium, programs })));
  describe('an enterprise', () => describeStanding(() => ({ consortium, programs })));
  describeIntegration(() => ({ consortium, lasting }));

  describeRepaired(() => ({ consortium, programs, enterprise }));
  describeSharing(() => ({ consortium, programs, enterprise }));
  describeWatching(() => ({ consortium, programs, enterprise }));

  describeWhiteLists(() => ({ consortium, programs, enterprise }));
  describeQueryJobs(() => ({ consortium, programs, enterprise }));

  // Behind all the others: a suite's own tests come before those of the suites in it.
  describe('in the end', () => {
    it('has left receipts and queries that an auditor finds sound, and reads what was read', async () => {
      const openings: string[] = [];
      for (const key of ['tax', 'dafeng', 'bank']) {
        const file = join(consortium.data, `openings-${key}.ndjson`);
        const { code, stderr } = await xinlian('receipts', 'export', file, '--profile', consortium.profile(key));
        expect(code, stderr).to.equal(0);
        openings.push(file);
      }
      const flags = ['--contracts', auditFile(consortium.data), '--openings', ...openings, '--json'];
      const told = lastJson(await xinlian('audit', ...flags)) as { anomalies: unknown[]; openings: { size: number }[] };
      expect(told.anomalies).to.deep.equal([]);
      expect(told.openings).to.have.length(3);
      const unreceipted = await xinlian('audit', 'unreceipted', BANK, ...flags);
      expect([unreceipted.code, unreceipted.stdout]).to.deep.equal([0, '']);
      const reads = await xinlian('audit', 'reads', BANK, ...flags);
      const lines = reads.stdout.trimEnd().split('\n').map((line) => JSON.parse(line) as Record<string, unknown>); // prettier-ignore
      const outcomes = lines.map(({ reason, outcome }) => reason ?? outcome);
      expect(outcomes).to.include.members(['answered', 'GRANT_WITHDRAWN', 'GRANT_UNKNOWN']);
      expect(lines.flatMap(({ broken }) => broken)).to.deep.equal([]);
    });

    it('refuses, past every gateway, a query that consumed nothing of what was used up: GRANT_EXHAUSTED', async () => {
      const { document } = await granted({ uses: 1 });
      expect(await asked(document)).to.deep.equal(['answered']);
      await expectReceipt('tax', async () =>
        expect(await askPastGateways(programs, 'tax', document)).to.equal('GRANT_EXHAUSTED'),
      );
    });

    it('closes to an agency that the council suspends', () => expectClosedToSuspended(consortium, programs));

    it('says which provider is suspended, which itself answers nobody: PROVIDER_NOT_ENTITLED', async () => {
      await until(async () => {
        const [one] = (await bank.ask({ grant: lasting.document, providers: [TAX] })).providers;
        return one?.outcome === 'error' && one.detail.includes('suspended');
      });
      await expectReceipt('tax', async () =>
        until(async () => (await askPastGateways(programs, 'tax', lasting.document)) === 'PROVIDER_NOT_ENTITLED'),
      );
    });

    it('closes to a bank that the council suspends', async () => {
      await suspendByCouncil(consortium, programs, BANK);
      // The gateway turns it away, and so does every provider that is asked over another.
      await until(async () => {
        const error: unknown = await asked(lasting.document).catch((refused: unknown) => refused);
        return isTurnedAway(error);
      });
      await expectReceipt('dafeng', async () =>
        until(async () => (await askPastGateways(programs, 'dafeng', lasting.document)) === 'GRANTEE_NOT_ENTITLED'),
      );
    });
  });
});
