import { expect } from 'chai';
import type { Hex } from '../../../node/core/bytes.ts';
import type { JsonValue } from '../../../node/core/canonical.ts';
import type { LogState, Member } from '../../../node/core/consortium.ts';
import { XinlianError } from '../../../node/core/errors.ts';
import type { MemberId } from '../../../node/core/ids.ts';
import { tlogProofOf } from '../../../node/core/verify-tlog-proof.ts';
import { ChainVerifier } from '../../../gateway/bundle-verifier.ts';
import {
  CHECKPOINT_KEY,
  completeBundle,
  LOG,
  MEMBER,
  OTHER_MEMBER,
  type CompleteBundle,
} from '../../helpers/bundle.ts';

describe('Verification against the chain', () => {
  let complete: CompleteBundle;
  before(async () => {
    complete = await completeBundle();
  });

  /** A chain that knows one block, at any number. */
  function verifier({
    final = Number.MAX_SAFE_INTEGER,
    owner = MEMBER,
    block = complete.blockHash,
    down = false,
  }: { final?: number; owner?: MemberId; block?: Hex; down?: boolean } = {}) {
    const warned: string[] = [];
    const made = new ChainVerifier({
      view: {
        head: () => undefined,
        final: () => final,
        checkpointKeyAt: (member) => (member === MEMBER ? CHECKPOINT_KEY : undefined),
        members: () => [{ id: MEMBER }, { id: OTHER_MEMBER }] as Member[],
        log: (id) => (id === LOG ? ({ owner } as LogState) : undefined),
      },
      rpc: {
        request: async <T>(_method: string, [number]: readonly unknown[]) => {
          if (down) throw new XinlianError('CHAIN_UNREACHABLE', { endpoint: 'e', reason: 'down' });
          return { number, hash: block, parentHash: block, timestamp: '0x1', transactions: [] } as T;
        },
      },
      catalogue: complete.context,
      log: { warn: (_, message) => void warned.push(message) },
    });
    return { warned, verify: (bundle: JsonValue) => made.verify(bundle) };
  }

  it('confirms the block by the chain’s own, and shows what was proved', async () => {
    const { ok, pending, trusted, record, checkpoint, anchor } = await verifier().verify(complete.bundle);
    expect({ ok, pending, trusted }).to.deep.equal({ ok: true, pending: false, trusted: [] });
    expect(record).to.deep.include({
      status: 'superseded',
      supersededBy: 17,
      undisclosed: ['class', 'validFrom', 'validTo', 'count'],
    });
    expect(record!.claims).to.include({ agency: '11330900MB1234567X', amount: '12000.50' });
    expect(record!.time).to.match(/^2026-.*\+08:00$/);
    expect(checkpoint).to.include({ log: LOG, member: MEMBER });
    expect(anchor).to.include({ blockHash: complete.blockHash, confirmed: true });
  });

  it('breaks where the chain has another block, or another owner of the log', async () => {
    const forked = await verifier({ block: `0x${'00'.repeat(32)}` }).verify(complete.bundle);
    expect([forked.ok, forked.checks.at(-1)!.link]).to.deep.equal([false, 'header']);
    const stolen = await verifier({ owner: OTHER_MEMBER }).verify(complete.bundle);
    expect([stolen.ok, stolen.checks.at(-1)!.link]).to.deep.equal([false, 'signature']);
  });

  it('says what it had to trust where the block is not final yet, or the chain cannot be asked', async () => {
    const early = await verifier({ final: 0 }).verify(complete.bundle);
    expect(early.ok).to.equal(true);
    expect(early.trusted).to.have.length(1);
    expect(early.anchor!.confirmed).to.equal(false);
    const cut = verifier({ down: true });
    const { trusted } = await cut.verify(complete.bundle);
    expect(trusted).to.have.length(1);
    expect(cut.warned).to.have.length(1);
  });

  it('takes a tlog-proof too, as the word of the log alone', async () => {
    const type = 'c2sp.org/tlog-proof@v1';
    const proof = tlogProofOf(complete.bundle);
    const { ok, pending, state, record, checkpoint, trusted, anchor } = await verifier().verify({ type, proof });
    expect({ ok, pending, state, anchor }).to.deep.equal({
      ok: true,
      pending: true,
      state: 'pending',
      anchor: undefined,
    });
    expect(record).to.include({ status: 'not shown' });
    expect(checkpoint).to.include({ log: LOG, member: MEMBER });
    expect(trusted).to.include('that the chain has this checkpoint too');
    const stolen = await verifier({ owner: OTHER_MEMBER }).verify({ type, proof });
    expect([stolen.ok, stolen.checks.at(-1)!.link]).to.deep.equal([false, 'signature']);
    const bad = await verifier().verify({ type, proof: 'none' });
    expect([bad.ok, bad.checks.at(-1)!.link]).to.deep.equal([false, 'format']);
  });

  it('names the format of what is no bundle', async () => {
    for (const bad of [{}, { type: 'xinlian/bundle/v1' }, { ...complete.bundle, anchor: { header: '0x' } }]) {
      const { ok, checks } = await verifier().verify(bad);
      expect([ok, checks.at(-1)!.link]).to.deep.equal([false, 'format']);
    }
  });
});
