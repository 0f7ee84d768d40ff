import { expect } from 'chai';
import { toBase64Url, utf8 } from '../../../node/core/bytes.ts';
import { decodeEntry } from '../../../node/core/entry.ts';
import { sealJwe } from '../../../node/core/jwe.ts';
import { consentTo, newQueryId } from '../../../node/core/make-grant.ts';
import { encodeArtefact, parseArtefact } from '../../../node/core/grant.ts';
import { signQuery } from '../../../node/core/query.ts';
import { openingCommitment } from '../../../node/core/receipt.ts';
import { Body, domain, Exchange, taxRow } from '../../helpers/authorised.ts';
import { company } from '../../helpers/rows.ts';
import { LOG } from '../../helpers/bundle.ts';
import { memoryStore } from '../../helpers/memory-store.ts';
import { rejection } from '../../helpers/rejection.ts';

const DAY = 86_400;

describe('A provider', () => {
  let exchange: Exchange;

  beforeEach(async () => {
    exchange = await Exchange.open();
  });

  it('answers a query under a live grant with the records of that enterprise and item alone, proved', async () => {
    const { document, draft } = await exchange.grant();
    const { answer } = await exchange.ask(document);
    const { body, records, receipt } = answer;
    expect(body).to.include({ outcome: 'answered', grant: draft.hash });
    expect(records).to.have.length(2);
    for (const record of records) {
      expect(record.claims.get('subject')).to.equal(company(1));
      expect(record.claims.get('NS_SJSE')).to.equal('12.5');
    }
    expect(body.none).to.deep.equal([]);
    expect(receipt).to.include({ subject: company(1), outcome: 'answered', level: 'A', purpose: 'pre-loan' });
    expect(exchange.answered).to.deep.equal(['answered']);
  });

  it('leaves a receipt in its log, which tells nothing without its opening', async () => {
    const { document } = await exchange.grant();
    const before = exchange.agency.log.size;
    const { answer } = await exchange.ask(document);
    expect(exchange.agency.log.size).to.equal(before + 1);
    const bytes = exchange.agency.logs.entry(1, before)!;
    const entry = decodeEntry(bytes);
    expect(entry).to.have.keys('kind', 'time', 'commitment');
    expect(entry.kind === 'receipt' && toBase64Url(entry.commitment)).to.equal(
      toBase64Url(openingCommitment(answer.receipt)),
    );
    const text = new TextDecoder().decode(bytes);
    for (const secret of [company(1), answer.body.grant, answer.body.query, exchange.bank.id]) {
      expect(text).to.not.contain(secret);
    }
    expect(exchange.store.byCommitment(1, openingCommitment(answer.receipt))).to.equal(before);
  });

  it('shows what a correction left, and nothing that is newer than its checkpoint', async () => {
    const { document } = await exchange.grant();
    await exchange.publish([taxRow(1, { NS_SJSE: '11' })]);
    const submission = 'file-unsigned';
    await exchange.agency.open(submission, 'ns');
    await exchange.agency.send(submission, 0, [taxRow(1, { NS_BH: 'SB2026-1c' })]);
    const { records } = (await exchange.ask(document)).answer;
    const shown = records.map(({ claims, version }) => `${claims.get('NS_BH')} ${claims.get('NS_SJSE')} v${version}`);
    expect(shown).to.have.members(['SB2026-1 11 v2', 'SB2026-1b 12.5 v1']);
  });

  it('leaves out what has expired and what is further back than was granted', async () => {
    await exchange.publish([
      taxRow(1, { NS_BH: 'old', NS_SSQ_Q: '2024-01-01', NS_SSQ_Z: '2024-03-31' }),
      taxRow(1, { NS_BH: 'ended', NS_YXQ_Z: '2026-05-01' }),
      taxRow(1, { NS_BH: 'lasting', NS_YXQ_Z: '2099/12/31' }),
    ]);
    const documents = async (months: number): Promise<unknown[]> => {
      const { document } = await exchange.grant({ items: [{ item: 'tax-payment', months }] });
      return (await exchange.ask(document)).answer.records.map(({ claims }) => claims.get('NS_BH'));
    };
    expect(await documents(12)).to.have.members(['SB2026-1', 'SB2026-1b', 'lasting']);
    expect(await documents(36)).to.have.members(['SB2026-1', 'SB2026-1b', 'lasting', 'old']);
  });

  it('names the items of which it has nothing', async () => {
    const { document } = await exchange.grant({
      items: [
        { item: 'tax-payment', months: 24 },
        { item: 'social-insurance', months: 24 },
      ],
    });
    const { body } = (await exchange.ask(document, { items: ['tax-payment', 'social-insurance'] })).answer;
    expect(body.none).to.deep.equal(['social-insurance']);
  });

  it('divides a long answer into pages', async () => {
    await exchange.publish(Array.from({ length: 310 }, (_, i) => taxRow(7, { NS_BH: `many-${i}` })));
    const document = (
      await exchange.grant(
        { subject: { uscc: company(7), name: '七' } },
        await exchange.certificate({ sub: company(7) }),
      )
    ).document;
    const query = newQueryId().id;
    const first = (await exchange.ask(document, { jti: query })).answer;
    expect([first.records.length, first.body.more]).to.deep.equal([300, true]);
    const second = (await exchange.ask(document, { jti: query, page: 1 })).answer;
    expect([second.records.length, second.body.more]).to.deep.equal([10, undefined]);
    const all = new Set([...first.records, ...second.records].map(({ record }) => record));
    expect(all.size).to.equal(310);
  });

  describe('asked again', () => {
    it('gives the same answer, and logs nothing more', async () => {
      const { document } = await exchange.grant();
      const { query, reply } = exchange.query(document);
      const jws = await signQuery(query, exchange.bank.signer);
      const [first, second] = await Promise.all([exchange.send(jws, reply), exchange.send(jws, reply)]);
      const size = exchange.agency.log.size;
      const third = await exchange.send(jws, reply);
      expect(new Set([first.jwe, second.jwe, third.jwe]).size).to.equal(1);
      expect(exchange.agency.log.size).to.equal(size);
      expect(exchange.answered).to.have.length(1);
    });

    it('gives it after a restart too', async () => {
      const store = await memoryStore();
      const before = await Exchange.open({}, store);
      const { document } = await before.grant();
      const { query, reply } = before.query(document);
      const jws = await signQuery(query, before.bank.signer);
      const { jwe } = await before.send(jws, reply);
      const after = await Exchange.open({}, store);
      after.grants.members.set(before.bank.id, before.bank.member);
      const sealed = await sealJwe(utf8(jws), after.sealing.publicKey, 'JWT');
      expect(await after.provider.answer(after.member, sealed, AbortSignal.timeout(10_000))).to.equal(jwe);
    });

    it('refuses another query under the same id', async () => {
      const { document } = await exchange.grant();
      const jti = newQueryId().id;
      await exchange.ask(document, { jti });
      expect(await rejection(exchange.ask(document, { jti }))).to.have.property('code', 'CONFLICT');
    });

    it('waits on for who still waits, though who asked first has left', async () => {
      const patient = await Exchange.open({ finalityWaitMs: 10_000 });
      const { document, draft } = await patient.grant({ uses: 1 });
      const { id, hex } = newQueryId();
      const { query, reply } = patient.query(document, { jti: id });
      const jws = await signQuery(query, patient.bank.signer);
      const sealed = await sealJwe(utf8(jws), patient.sealing.publicKey, 'JWT');
      const leaving = new AbortController();
      const left = patient.provider.answer(patient.member, sealed, leaving.signal);
      const stays = patient.send(jws, reply);
      await new Promise((resolve) => setTimeout(resolve, 20));
      const reason = new Error('left');
      leaving.abort(reason);
      expect(await rejection(left)).to.equal(reason);
      await patient.grants.consumeGrants([{ terms: draft.terms, queryId: hex }]);
      expect((await stays).answer.body.outcome).to.equal('answered');
    });

    it('judges anew what was missing only for the moment', async () => {
      exchange.grants.finalAtOnce = false;
      const { document } = await exchange.grant();
      const { query, reply } = exchange.query(document);
      const jws = await signQuery(query, exchange.bank.signer);
      expect((await exchange.send(jws, reply)).answer.body.reason).to.equal('GRANT_PENDING');
      exchange.grants.finalise();
      expect((await exchange.send(jws, reply)).answer.body.outcome).to.equal('answered');
    });
  });

  describe('under a counted grant', () => {
    it('answers the query that consumed it, and refuses every other', async () => {
      const { document, draft } = await exchange.grant({ uses: 1 });
      const { id, hex } = newQueryId();
      expect(await exchange.reason(document, { jti: id })).to.equal('GRANT_NOT_CONSUMED');
      await exchange.grants.consumeGrants([{ terms: draft.terms, queryId: hex }]);
      expect(await exchange.reason(document, { jti: id })).to.equal('answered');
      expect(await exchange.reason(document)).to.equal('GRANT_EXHAUSTED');
    });

    it('waits for the consumption to become final', async () => {
      const patient = await Exchange.open({ finalityWaitMs: 10_000 });
      const { document, draft } = await patient.grant({ uses: 1 });
      patient.grants.finalAtOnce = false;
      const { id, hex } = newQueryId();
      const asked = patient.reason(document, { jti: id });
      await patient.grants.consumeGrants([{ terms: draft.terms, queryId: hex }]);
      setTimeout(() => patient.grants.finalise(), 20);
      expect(await asked).to.equal('answered');
    });
  });

  it('answers under a grant that its enterprise made before somebody else spoke for it, and under none made since', async () => {
    const jti = toBase64Url(new Uint8Array(16).fill(8));
    const certificate = await exchange.certificate({ jti });
    const { document } = await exchange.grant({}, certificate);
    exchange.revoked.add(jti);
    exchange.passed.set(jti, exchange.grants.head().number);
    expect(await exchange.reason(document)).to.equal('answered');
    const since = await exchange.grant({}, certificate);
    expect(await exchange.reason(since.document)).to.equal('CERTIFICATE_REVOKED');
    const unregistered = await consentTo(exchange.draft(), exchange.account, certificate, domain);
    expect(await exchange.reason(unregistered)).to.equal('CERTIFICATE_REVOKED');
    await exchange.grants.withdrawGrants([{ terms: parseArtefact(document.artefact).terms }]);
    expect(await exchange.reason(document), 'it can be withdrawn all the same').to.equal('GRANT_WITHDRAWN');
  });

  describe('refuses, with its reason and a receipt', () => {
    type Ask = () => Promise<string>;
    const cases: Record<string, Ask> = {
      GRANTEE_MISMATCH: async () => {
        const { document } = await exchange.grant();
        return exchange.reason(document, {}, exchange.otherBank);
      },
      ITEM_NOT_GRANTED: async () => {
        const { document } = await exchange.grant();
        return exchange.reason(document, { items: ['social-insurance'] });
      },
      PURPOSE_MISMATCH: async () => {
        const { document } = await exchange.grant();
        return exchange.reason(document, { purpose: 'post-loan' });
      },
      REGION_MISMATCH: async () => {
        const { document } = await exchange.grant({ regions: ['310000', '320981'] });
        return exchange.reason(document);
      },
      GRANT_EXPIRED: async () => {
        const { document } = await exchange.grant({ to: exchange.now() + 60 });
        exchange.grants.time = exchange.now() + 61;
        return exchange.reason(document);
      },
      GRANT_NOT_YET_VALID: async () => {
        const { document } = await exchange.grant({ from: exchange.now() + 3_600 });
        return exchange.reason(document);
      },
      TERM_TOO_LONG: async () => {
        const { document } = await exchange.grant({ to: exchange.now() + 366 * DAY });
        return exchange.reason(document);
      },
      GRANT_UNKNOWN: async () => {
        const draft = exchange.draft();
        return exchange.reason(await consentTo(draft, exchange.account, await exchange.certificate(), domain));
      },
      GRANT_WITHDRAWN: async () => {
        const { document, draft } = await exchange.grant();
        await exchange.grants.withdrawGrants([draft]);
        return exchange.reason(document);
      },
      GRANT_SUSPENDED: async () => {
        const { document, draft } = await exchange.grant();
        exchange.grants.suspend(draft.hash, true);
        return exchange.reason(document);
      },
      GRANTEE_NOT_ENTITLED: async () => {
        const { document } = await exchange.grant();
        exchange.grants.suspended.add(exchange.bank.id);
        return exchange.reason(document);
      },
      PROVIDER_NOT_ENTITLED: async () => {
        const { document } = await exchange.grant();
        exchange.grants.suspended.add(exchange.member.id);
        return exchange.reason(document);
      },
      CHAIN_STALE: async () => {
        const { document } = await exchange.grant();
        exchange.grants.time = exchange.now() - 121;
        return exchange.reason(document);
      },
      CONSENT_INVALID: async () => {
        const { draft } = await exchange.grant();
        const other = (await exchange.grant()).document;
        return exchange.reason({ ...other, artefact: draft.artefact });
      },
      CERTIFICATE_EXPIRED: async () => {
        const certificate = await exchange.certificate({ exp: exchange.now() - 1 });
        return exchange.reason((await exchange.grant({}, certificate)).document);
      },
      CERTIFICATE_REVOKED: async () => {
        const jti = toBase64Url(new Uint8Array(16).fill(9));
        exchange.revoked.add(jti);
        return exchange.reason((await exchange.grant({}, await exchange.certificate({ jti }))).document);
      },
      CERTIFICATE_INVALID: async () => {
        const { document } = await exchange.grant();
        exchange.grants.suspended.add(exchange.centre.id);
        return exchange.reason(document);
      },
      LEVEL_TOO_LOW: async () => {
        const draft = exchange.draft();
        const paper = { kind: 'sealed-paper' as const, digest: toBase64Url(new Uint8Array(32)), officer: '张三' };
        const level = {
          level: 'C' as const,
          capacity: 'custodian' as const,
          grant: draft.terms.artefact,
          evidence: paper,
        };
        const document = await consentTo(draft, exchange.account, await exchange.certificate(level), domain);
        await exchange.grants.registerGrants([draft]);
        return exchange.reason(document);
      },
      GRANT_MALFORMED: async () => {
        const { document } = await exchange.grant({ purpose: 'curiosity' });
        return exchange.reason(document, { purpose: 'curiosity' });
      },
    };
    for (const [reason, ask] of Object.entries(cases)) {
      it(reason, async () => {
        const size = exchange.agency.log.size;
        expect(await ask()).to.equal(reason);
        expect(exchange.answered).to.deep.equal([reason]);
        const entry = decodeEntry(exchange.agency.logs.entry(1, size)!);
        expect(entry.kind).to.equal('receipt');
      });
    }

    it('a withdrawal by its signed word, before any block has it', async () => {
      const { document, draft } = await exchange.grant();
      exchange.withdrawn.add(draft.hash);
      expect(await exchange.reason(document)).to.equal('GRANT_WITHDRAWN');
    });

    it('a custodian’s key for another grant than its evidence names', async () => {
      const draft = exchange.draft();
      const other = exchange.draft();
      const evidence = {
        kind: 'e-licence' as const,
        digest: toBase64Url(new Uint8Array(32)),
        provider: '电子营业执照',
      };
      const level = { level: 'B' as const, capacity: 'custodian' as const, evidence };
      const right = await exchange.certificate({ ...level, grant: draft.terms.artefact });
      await exchange.grants.registerGrants([draft, other]);
      const of = (one: typeof draft) => consentTo(one, exchange.account, right, domain);
      expect(await exchange.reason(await of(draft))).to.equal('answered');
      expect(await exchange.reason(await of(other))).to.equal('CONSENT_INVALID');
    });

    it('words that are not those of the grant', async () => {
      const draft = exchange.draft();
      const { artefact } = parseArtefact(draft.artefact);
      const text = exchange.rules.describe({ ...artefact, purpose: 'self-check' });
      const { text: _, ...core } = artefact;
      const changed = { ...draft, artefact: encodeArtefact({ ...core, text }) };
      const document = await consentTo(changed, exchange.account, await exchange.certificate(), domain);
      expect(await exchange.reason(document)).to.equal('GRANT_MALFORMED');
    });
  });

  describe('does not take for a query', () => {
    const raw = async (change: object, sign = exchange.bank.signer): Promise<unknown> => {
      const { document } = await exchange.grant();
      const { query, reply } = exchange.query(document, change);
      return rejection(exchange.send(await signQuery(query, sign), reply));
    };

    it('what another signed in the bank’s name', async () => {
      expect(await raw({}, exchange.otherBank.signer)).to.have.property('code', 'SIGNATURE_INVALID');
    });

    it('one for another provider, of another time, of nobody', async () => {
      const now = exchange.now();
      expect(await raw({ aud: exchange.bank.id })).to.have.property('code', 'UNAUTHENTICATED');
      expect(await raw({ iat: now - 600, exp: now - 1 })).to.have.property('code', 'UNAUTHENTICATED');
      expect(await raw({ exp: now + 901 })).to.have.property('code', 'UNAUTHENTICATED');
      expect(await raw({ iat: now + 120, exp: now + 200 })).to.have.property('code', 'UNAUTHENTICATED');
      const stranger = new Body('无名', 'MA999999', ['bank']);
      expect(await raw({ iss: stranger.id }, stranger.signer)).to.have.property('code', 'UNAUTHENTICATED');
    });

    it('what is sealed to another, or is no query', async () => {
      const { document } = await exchange.grant();
      const { query } = exchange.query(document);
      const jws = await signQuery(query, exchange.bank.signer);
      const signal = AbortSignal.timeout(10_000);
      const elsewhere = await sealJwe(utf8(jws), exchange.query(document).reply.publicKey);
      expect(await rejection(exchange.provider.answer(exchange.member, elsewhere, signal))).to.have.property(
        'code',
        'SIGNATURE_INVALID',
      );
      const garbage = await sealJwe(utf8('garbage'), exchange.sealing.publicKey);
      expect(await rejection(exchange.provider.answer(exchange.member, garbage, signal))).to.have.property(
        'code',
        'MALFORMED',
      );
      expect(exchange.answered).to.deep.equal([]);
    });
  });

  it('seals each answer so that its carrier learns nothing of it', async () => {
    const { document } = await exchange.grant();
    const { jwe } = await exchange.ask(document);
    const readable = jwe
      .split('.')
      .map((part) => Buffer.from(part, 'base64url').toString('latin1'))
      .join('\n');
    for (const secret of [company(1), 'answered', LOG]) {
      expect(readable).to.not.contain(secret);
    }
  });
});
