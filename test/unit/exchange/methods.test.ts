import { expect } from 'chai';
import { p256 } from '@noble/curves/nist.js';
import { utf8 } from '../../../node/core/bytes.ts';
import { parseBundle } from '../../../node/core/bundle.ts';
import type { Member } from '../../../node/core/consortium.ts';
import { decodeParcel, encodeParcel } from '../../../node/core/messages/codec.ts';
import {
  chunkHeader,
  chunkResult,
  openSubmission,
  submissionRef,
  submissionState,
} from '../../../node/core/messages/publish.ts';
import { parseTlogProof } from '../../../node/core/tlog-proof.ts';
import { bundleRequest, recordRef, recordStatus } from '../../../node/core/messages/record.ts';
import { grantRef, grantStop, reasonBytes } from '../../../node/core/messages/grant.ts';
import { parseGrantHash } from '../../../node/core/ids.ts';
import { methodAnswer, methodCall } from '../../../node/core/messages/session.ts';
import { encodeCouncilCall } from '../../../node/chain/council-calls.ts';
import { Attachments } from '../../../node/exchange/attachments.ts';
import { Consumptions } from '../../../node/exchange/consumptions.ts';
import { CouncilDesk } from '../../../node/exchange/council-desk.ts';
import { IdentityDesk } from '../../../node/exchange/identity-desk.ts';
import { MemberNode } from '../../../node/exchange/member-node.ts';
import { Methods } from '../../../node/exchange/methods.ts';
import type { Log } from '../../../node/exchange/ports.ts';
import { SelfDesk } from '../../../node/exchange/self-desk.ts';
import { SeenWithdrawals } from '../../../node/exchange/withdrawals.ts';
import { GRANT_PACKS, GrantRules } from '../../../node/policy/grant-rules.ts';
import { builtInCatalogue } from '../../../node/policy/pack.ts';
import { openLicensing } from '../../../node/licensing.ts';
import { LevelAccessStore } from '../../../node/store/access-store.ts';
import { LevelAttachmentStore } from '../../../node/store/attachment-store.ts';
import { Jobs } from '../../../node/exchange/jobs.ts';
import { LevelJobStore } from '../../../node/store/job-store.ts';
import { LevelCertificateStore } from '../../../node/store/certificate-store.ts';
import type { Batch, Store } from '../../../node/store/store.ts';
import { domain } from '../../helpers/authorised.ts';
import { member, ndjson, openAgency, openingsOf, silent, SIGNER, type Agency } from '../../helpers/agency.ts';
import { CHAIN_ID, LOG, LOG_ANCHOR, MEMBER, OTHER_MEMBER } from '../../helpers/bundle.ts';
import { MemoryAttachments } from '../../helpers/memory-attachments.ts';
import { memoryStore } from '../../helpers/memory-store.ts';
import { PaperChain } from '../../helpers/paper-chain.ts';
import { PaperCouncil } from '../../helpers/paper-council.ts';
import { openCases } from '../../helpers/cases.ts';
import { PaperGrants } from '../../helpers/paper-grants.ts';
import { listParts } from '../../helpers/listed.ts';
import { bankParts } from '../../helpers/watching-bank.ts';
import { rejection } from '../../helpers/rejection.ts';
import { licence } from '../../helpers/rows.ts';
import { sharingOver } from '../../helpers/sharing.ts';

const signal = AbortSignal.timeout(60_000);
const FILE = 'file-0001';

/** With a council of one, which is not asked. */
function governance(): { council: CouncilDesk; self: SelfDesk } {
  const council = new PaperCouncil(1);
  return {
    council: new CouncilDesk({
      view: council,
      refresh: () => council.refresh(),
      writers: new Map(),
      encode: encodeCouncilCall,
    }),
    self: new SelfDesk({
      view: { log: () => undefined, member: () => undefined },
      reached: async () => {},
      writers: new Map(),
    }),
  };
}

/** With nothing that could be asked or checked. */
function noJobs({ store, commits, clock }: Agency): Promise<Jobs<Batch>> {
  return Jobs.open<Batch>({
    store: new LevelJobStore(store),
    commits,
    view: new PaperGrants(0),
    withdrawals: { isWithdrawn: () => false },
    failClosedSeconds: 120,
    member: () => {
      throw new TypeError('no job is done here');
    },
    queries: { run: () => Promise.reject(new TypeError('nobody is asked here')) },
    clock: Object.assign(clock, { sleep: async () => undefined }),
    logger: silent,
  });
}

describe('A hosted member', () => {
  let store: Store;
  let agency: Agency;
  let chain: PaperChain;
  let hosted: MemberNode<Batch>;
  let methods: Methods<Batch>;
  let logged: object[];

  beforeEach(async () => {
    store = await memoryStore();
    await host(member);
  });
  afterEach(() => hosted.stop());

  async function host(as: Member): Promise<void> {
    chain = new PaperChain(as);
    agency = await openAgency(store, { chain });
    const { logs, commits, vault, clock } = agency;
    const { secretKey } = p256.keygen();
    const keys = {
      checkpoint: { publicKey: SIGNER, sign: () => new Uint8Array(64) },
      sealing: { deriveBits: (peer: Uint8Array) => p256.getSharedSecret(secretKey, peer, true).subarray(1) },
    };
    hosted = new MemberNode<Batch>(
      MEMBER,
      { origin: { chainId: CHAIN_ID, logAnchor: LOG_ANCHOR }, signMs: 60_000, anchorMs: 60_000 },
      { store: logs, commits, keys, vault, view: chain, writer: chain, prover: chain, clock, logger: silent },
    );
    logged = [];
    const logger: Log = { ...silent, error: (details) => logged.push(details) };
    const { submissions, records } = agency;
    const rules = new GrantRules(GRANT_PACKS, builtInCatalogue);
    const identity = new IdentityDesk<Batch>({
      store: new LevelCertificateStore(store),
      commits,
      rules,
      view: chain,
      clock,
    });
    const withdrawals = await SeenWithdrawals.open<Batch>({
      store: new LevelAccessStore(store),
      commits,
      domain,
      view: chain.grants,
      writer: chain,
      clock,
      logger,
    });
    methods = new Methods<Batch>({
      ...(await bankParts(agency)),
      ...(await listParts()),
      jobs: await noJobs(agency),
      members: new Map([[MEMBER, hosted]]),
      submissions,
      attachments: new Attachments<Batch>({
        store: new LevelAttachmentStore(store),
        files: new MemoryAttachments(),
        commits,
        catalogue: builtInCatalogue,
        clock,
      }),
      records,
      cases: openCases(agency).desk,
      identity,
      rules,
      licences: openLicensing({}, { store, commits, identity, withdrawals, rules, domain }),
      withdrawals,
      consumptions: new Consumptions({ view: chain.grants, domain, clock }),
      ...sharingOver(agency),
      recognition: { answer: async (_member, method) => utf8(method) },
      openings: openingsOf(new LevelAccessStore(store), agency),
      reports: { answer: async (_member, method) => utf8(method) },
      ...governance(),
      view: chain,
      logger,
    });
  }

  const call = (method: string, argument: Uint8Array) => methods.answer(MEMBER, method, argument, signal);
  const open = () => call('submission/open', openSubmission.encode({ submission: FILE, item: 'xk', dryRun: false }));
  const send = (index: number, rows: unknown[]) =>
    call('submission/chunk', encodeParcel(chunkHeader.encode({ submission: FILE, index }), ndjson(rows)));

  describe('and its log', () => {
    it('turns callers away until it is open', async () => {
      await open();
      expect(hosted.opened).to.equal(false);
      expect(await rejection(send(0, [licence(1)]))).to.have.property('code', 'OVERLOADED');
      await hosted.openLog(1, signal);
      await send(0, [licence(1)]);
      expect(hosted.log.size).to.equal(1);
      const replacing = call('member/replace-log', new Uint8Array());
      expect(await rejection(replacing)).to.have.property('code', 'CONFLICT');
    });

    it('is lost where the chain has other entries than are here', async () => {
      await hosted.openLog(1, signal);
      await open();
      await send(0, [licence(1)]);
      expect(hosted.lost).to.equal(undefined);
      chain.plant(40, new Uint8Array(32).fill(1));
      expect(await rejection(hosted.checkpointer!.sign())).to.have.property('code', 'STORE_CORRUPT');
      expect(hosted.lost).to.equal(LOG);
    });

    it('goes on with what is stored', async () => {
      await hosted.openLog(1, signal);
      await open();
      await send(0, [licence(1)]);
      await hosted.stop();
      await host(member);
      expect(await hosted.resume([])).to.equal(false);
      expect(await hosted.resume(await agency.logs.logs())).to.equal(true);
      expect(hosted.log.size).to.equal(1);
      expect(hosted.log.state.id).to.equal(LOG);
    });

    it('is not begun anew where the chain knows entries that are not here', async () => {
      chain.plant(40, new Uint8Array(32).fill(1));
      expect(await rejection(hosted.openLog(1, signal))).to.have.property('code', 'STORE_CORRUPT');
      expect(hosted.opened).to.equal(false);
      expect(hosted.waits()).to.include('which are not here');
      expect(hosted.lost).to.equal(LOG);
    });

    it('is not opened for a member that may not act', async () => {
      await host({ ...member, status: 'suspended' });
      expect(await rejection(hosted.openLog(1, signal))).to.have.property('code', 'MEMBER_NOT_ENTITLED');
    });
  });

  describe('answers', () => {
    beforeEach(async () => {
      await hosted.openLog(1, signal);
      await open();
    });

    it('every method in its own name', async () => {
      const sent = chunkResult.decode(await send(0, [licence(1)]));
      const { record } = sent.outcomes[0]!;
      const ref = submissionRef.encode({ submission: FILE });
      expect(submissionState.decode(await call('submission/state', ref))).to.include({ next: 1, closed: false });
      expect(submissionState.decode(await call('submission/close', ref))).to.include({ next: 1, closed: true });
      const status = recordStatus.decode(await call('record/status', recordRef.encode({ record: record! })));
      expect(status).to.include({ state: 'accepted', log: LOG });
      await hosted.checkpointer!.sign();
      const bundle = await call('record/bundle', bundleRequest.encode({ record: record!, claims: [] }));
      expect(parseBundle(Buffer.from(bundle).toString())).to.have.property('disclosures').that.is.empty;
      const proof = await call('record/bundle', bundleRequest.encode({ record: record!, format: 'tlog-proof' }));
      expect(parseTlogProof(Buffer.from(proof).toString()).index).to.equal(0);
    });

    it('nobody else, and no other method', async () => {
      const ref = submissionRef.encode({ submission: FILE });
      const other = methods.answer(OTHER_MEMBER, 'submission/state', ref, signal);
      expect(await rejection(other)).to.have.property('code', 'MEMBER_UNKNOWN');
      for (const method of ['record/erase', '', 'toString', 'submission/open ']) {
        expect(await rejection(call(method, ref))).to.have.property('code', 'METHOD_UNKNOWN');
      }
      expect(await rejection(call('submission/state', utf8('{')))).to.have.property('code', 'MALFORMED');
    });

    it('nothing for a member that was suspended', async () => {
      await hosted.stop();
      await host({ ...member, status: 'suspended' });
      expect(await rejection(open())).to.have.property('code', 'MEMBER_NOT_ENTITLED');
    });
  });

  describe('answers sealed calls', () => {
    const sealed = async (client: string, body: Uint8Array) => {
      const { header, body: answer } = decodeParcel(await methods.answerSealed(client, MEMBER, body, signal));
      return { error: methodAnswer.decode(header).error, answer };
    };
    const asked = (method: string, argument: Uint8Array) => encodeParcel(methodCall.encode({ method }), argument);

    it('with the result, or with the error inside', async () => {
      const opening = openSubmission.encode({ submission: FILE, item: 'xk', dryRun: false });
      const { error, answer } = await sealed(MEMBER, asked('submission/open', opening));
      expect(error).to.equal(undefined);
      expect(submissionState.decode(answer)).to.include({ submission: FILE });
      expect((await sealed(MEMBER, asked('no/such', opening))).error?.code).to.equal('METHOD_UNKNOWN');
      expect((await sealed(MEMBER, utf8('?'))).error?.code).to.equal('MALFORMED');
      expect((await sealed(OTHER_MEMBER, asked('submission/open', opening))).error?.code).to.equal('FORBIDDEN');
      expect(logged).to.deep.equal([]);
    });

    it('without telling what broke inside, which goes to the log', async () => {
      await store.close();
      const ref = submissionRef.encode({ submission: FILE });
      const { error } = await sealed(MEMBER, asked('submission/state', ref));
      expect(error?.code).to.equal('INTERNAL');
      expect(JSON.stringify(error)).to.not.match(/database/i);
      expect(logged).to.have.length(1);
    });
  });

  describe('and grants of others', () => {
    const grant = parseGrantHash(`0x${'a7'.repeat(32)}`);
    const stop = (reason: string) => grantStop.encode({ grant, reason });

    it('are suspended and resumed by a regulator, for a reason of the rules', async () => {
      await hosted.stop();
      await host({ ...member, roles: [...member.roles, 'regulator'] });
      expect(await rejection(call('grant/suspend', stop('a-whim')))).to.have.property('code', 'MALFORMED');
      expect(chain.grants.grant(grant)?.suspended ?? false).to.equal(false);
      await call('grant/suspend', stop('court-order'));
      expect(chain.grants.grant(grant)?.suspended).to.equal(true);
      await call('grant/resume', grantRef.encode({ grant }));
      expect(chain.grants.grant(grant)?.suspended).to.equal(false);
    });

    it('have their reason on the chain as text', () => {
      expect(Buffer.from(reasonBytes('court-order').slice(2), 'hex').toString().replaceAll('\0', '')).to.equal(
        'court-order',
      );
    });

    it('are withdrawn by who identified their enterprise', async () => {
      await hosted.stop();
      await host({ ...member, roles: [...member.roles, 'identifier'] });
      await call('grant/withdraw-for', stop('key-lost'));
      expect(chain.grants.grant(grant)?.withdrawn).to.equal(true);
    });
  });
});
