import { createHash } from 'node:crypto';
import { expect } from 'chai';
import oracle from 'canonicalize';
import { digestOf, statementOf } from '../../../node/audit/digest.ts';
import type { Finding } from '../../../node/audit/rule.ts';
import { RULES } from '../../../node/audit/rules.ts';
import { parseLogId, parseMemberId } from '../../../node/core/ids.ts';

const finding = (rule: string, evidence: Finding['evidence']): Finding => ({
  rule,
  severity: 'violation',
  evidence,
  wanted: 'a',
  got: 'b',
});

describe('audit digest', () => {
  const [first, second] = ['b1', 'a2'].map((byte) => parseLogId(`0x${byte.repeat(32)}`));
  const owner = parseMemberId(`0x${'c3'.repeat(32)}`);
  const anchored = { size: 7, root: new Uint8Array(32).fill(1) };
  const statement = statementOf({
    contracts: {
      chainId: 7,
      membership: `0x${'Aa'.repeat(20)}`,
      logAnchor: `0x${'Bb'.repeat(20)}`,
      grantRegistry: `0x${'Cc'.repeat(20)}`,
      recognitionRegistry: `0x${'Dd'.repeat(20)}`,
      deployment: `0x${'cc'.repeat(32)}`,
      block: 3,
    },
    head: { number: 9, hash: `0x${'dd'.repeat(32)}`, time: 1_000 },
    events: new Uint8Array(32),
    eventCount: 4,
    logs: [first, second].map((log) => ({ log: log!, owner, anchored, proven: 5 })),
    openings: [{ log: first!, size: 3 }],
    records: [{ log: first!, size: 2 }],
    packs: ['b', 'a'],
    findings: [
      finding('log-id', 'chain'),
      finding('tile-wrong', 'source'),
      finding('status-root', 'log'),
      finding('read-level', 'opening'),
    ],
  });

  it('is the hash of the canonical form, by another implementation too', () => {
    const wanted = createHash('sha256').update(oracle(statement)!).digest('hex');
    expect(digestOf(statement)).to.equal(`0x${wanted}`);
  });

  it('covers what docs/audit.md says, and nothing of sources', () => {
    const told = statement as Record<string, unknown>;
    expect(Object.keys(told).sort()).to.deep.equal([
      'block',
      'contracts',
      'events',
      'findings',
      'logs',
      'openings',
      'packs',
      'records',
      'rules',
      'type',
    ]);
    const root = Buffer.alloc(32, 1).toString('base64');
    expect(told).to.deep.include({
      type: 'xinlian/audit/v1',
      block: { number: 9, hash: `0x${'dd'.repeat(32)}` },
      events: { count: 4, hash: Buffer.alloc(32).toString('base64') },
      logs: [second, first].map((log) => ({ log, size: 7, root, proven: 5 })),
      openings: [{ log: first, size: 3 }],
      findings: [finding('log-id', 'chain'), finding('status-root', 'log'), finding('read-level', 'opening')],
    });
    expect(told['contracts']).to.deep.equal({
      block: 3,
      chainId: 7,
      deployment: `0x${'cc'.repeat(32)}`,
      logAnchor: `0x${'bb'.repeat(20)}`,
      grantRegistry: `0x${'cc'.repeat(20)}`,
      recognitionRegistry: `0x${'dd'.repeat(20)}`,
      membership: `0x${'aa'.repeat(20)}`,
    });
    const rules = RULES.filter(({ evidence }) => evidence !== 'source').map(({ id, version }) => [id, version]);
    expect(told['rules']).to.deep.equal(Object.fromEntries(rules));
  });
});
