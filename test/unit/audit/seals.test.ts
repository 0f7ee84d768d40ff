// Seals in the audit: over the blocks of a real Clique network, told as they are and as they are not.
import { expect } from 'chai';
import { audit, type AuditResult } from '../../../node/audit/audit.ts';
import type { RawBlock } from '../../../node/audit/ports.ts';
import { decodeAudit, emptyAudit, encodeAudit } from '../../../node/audit/state.ts';
import { eventCodec } from '../../../node/chain/audit-source.ts';
import type { ConsortiumContracts } from '../../../node/chain/events.ts';
import { toHex, type Hex } from '../../../node/core/bytes.ts';
import { cliqueSignersIn } from '../../../node/core/clique.ts';
import { encodeSealedHeader, type RpcBlock } from '../../../node/core/ethereum.ts';
import type { Consensus } from '../../../node/core/seals.ts';
import { readSealedHeader } from '../../../node/core/sealed-header.ts';
import { keccak_256 } from '@noble/hashes/sha3.js';
import { rejection } from '../../helpers/rejection.ts';
import vectors from '../../vectors/clique.json' with { type: 'json' };

describe('seals in an audit', () => {
  const FIRST = 12;
  const contracts: ConsortiumContracts = {
    chainId: 320_904,
    membership: `0x${'aa'.repeat(20)}`,
    logAnchor: `0x${'bb'.repeat(20)}`,
    grantRegistry: `0x${'cc'.repeat(20)}`,
    recognitionRegistry: `0x${'dd'.repeat(20)}`,
    deployment: `0x${'ee'.repeat(32)}`,
    block: FIRST,
  };
  const told = vectors.blocks.map((block) => ({ logsBloom: `0x${'00'.repeat(256)}`, ...block }));
  const last = told.length - 1;
  const consensus: Consensus = { kind: 'clique', block: 0, sealers: cliqueSignersIn(readSealedHeader(encodeSealedHeader(told[0]!))) }; // prettier-ignore

  /** The chain with one field changed in one block, and every hash in order behind it. */
  function forged(at: number, change: Partial<RpcBlock>): RpcBlock[] {
    const blocks = structuredClone(told);
    Object.assign(blocks[at]!, change);
    for (const [i, block] of blocks.entries()) {
      if (i < at) continue;
      if (i > at) block.parentHash = blocks[i - 1]!.hash;
      block.hash = toHex(keccak_256(encodeSealedHeader(block)));
    }
    return blocks;
  }

  function auditOf(
    blocks: readonly RpcBlock[],
    options: { consensus?: Consensus; to?: number } = {},
    state = emptyAudit(),
  ): Promise<AuditResult> {
    // prettier-ignore
    const chain = {
      name: 'told chain',
      async *blocks(from: number, to: number): AsyncGenerator<RawBlock> {
        for (const block of blocks.slice(from, to + 1)) yield { block };
      },
    };
    return audit(state, { contracts, to: last, ...options }, { chain, logs: { of: () => undefined }, codec: eventCodec(contracts) }); // prettier-ignore
  }

  it('are verified from the trusted block on, before the contracts too, in one go or in pieces', async () => {
    const whole = await auditOf(told, { consensus });
    expect([whole.findings, whole.complete]).to.deep.equal([[], true]);
    expect(whole.sealers).to.have.members(vectors.signers);
    const state = emptyAudit();
    await auditOf(told, { consensus, to: 20 }, state);
    const pieces = await auditOf(told, { consensus }, decodeAudit(encodeAudit(state, contracts), contracts));
    expect([pieces.findings, pieces.digest]).to.deep.equal([[], whole.digest]);
    expect((await auditOf(told)).digest).to.equal(whole.digest);
  });

  it('give away a chain that is made up, wherever it begins', async () => {
    for (const at of [3, FIRST, 30, last]) {
      const stateRoot: Hex = `0x${'77'.repeat(32)}`;
      const blocks = forged(at, { stateRoot });
      if (at >= FIRST) expect((await auditOf(blocks)).findings, 'its hashes are in order').to.deep.equal([]);
      const { findings, complete, head } = await auditOf(blocks, { consensus });
      expect(findings.map(({ rule, block }) => [rule, block])).to.deep.equal([['block-seals', at]]);
      expect(complete).to.equal(false);
      expect(head?.number).to.equal(at > FIRST ? at - 1 : undefined);
    }
    const others = [...consensus.sealers.slice(1), `0x${'01'.repeat(20)}`] as Hex[];
    const wrong = await auditOf(told, { consensus: { ...consensus, sealers: others } });
    expect(wrong.findings[0]).to.include({ rule: 'block-seals', evidence: 'source', source: 'told chain' });
  });

  it('cannot begin within, nor in the middle of an audit', async () => {
    expect(await rejection(auditOf(told, { consensus: { ...consensus, block: FIRST } }))).to.have.property('code', 'MALFORMED'); // prettier-ignore
    const state = emptyAudit();
    await auditOf(told, { to: 20 }, state);
    expect(await rejection(auditOf(told, { consensus }, state))).to.have.property('code', 'CONFLICT');
  });
});
