import { expect } from 'chai';
import { EntryCodes } from '../../../node/audit/entry-codes.ts';
import { Findings } from '../../../node/audit/findings.ts';
import { ordered } from '../../../node/audit/ordered.ts';
import type { Finding } from '../../../node/audit/rule.ts';
import { decodeAudit, emptyAudit, encodeAudit } from '../../../node/audit/state.ts';
import { utf8 } from '../../../node/core/bytes.ts';
import { parseLogId, type LogId } from '../../../node/core/ids.ts';
import { codeOf } from '../../helpers/code-of.ts';

const log = parseLogId(`0x${'b2'.repeat(32)}`);
const contracts = {
  chainId: 7,
  membership: `0x${'aa'.repeat(20)}`,
  logAnchor: `0x${'bb'.repeat(20)}`,
  grantRegistry: `0x${'cc'.repeat(20)}`,
  recognitionRegistry: `0x${'dd'.repeat(20)}`,
  deployment: `0x${'cc'.repeat(32)}`,
  block: 1,
} as const;

describe('entry codes', () => {
  it('tell items, and what is no record, however many items there are', () => {
    const codes = new EntryCodes();
    const items = Array.from({ length: 3_000 }, (_, n) => (n % 7 === 0 ? undefined : `item-${n % 400}`));
    for (const item of items) codes.push(item);
    expect(codes).to.have.length(items.length);
    expect(items.map((_, n) => codes.item(n))).to.deep.equal(items);
    expect(codes.item(items.length)).to.equal(undefined);
    const again = new EntryCodes(codes.items, codes.codes());
    expect(items.map((_, n) => again.item(n))).to.deep.equal(items);
  });

  it('take a byte each while there are few', () => {
    const codes = new EntryCodes();
    for (let n = 0; n < 255; n++) codes.push(`item-${n}`);
    expect(codes.codes().BYTES_PER_ELEMENT).to.equal(1);
    codes.push('one more');
    expect(codes.codes().BYTES_PER_ELEMENT).to.equal(2);
    expect(codes.item(0)).to.equal('item-0');
    expect(codes.item(255)).to.equal('one more');
  });
});

describe('findings', () => {
  const late = (position: number, of: LogId = log): Finding => ({
    rule: 'anchored-late',
    severity: 'irregularity',
    evidence: 'log',
    log: of,
    position,
    wanted: 'early',
    got: `late ${position}`,
  });

  it('join what breaks at one position after another', () => {
    const findings = new Findings();
    for (let position = 5; position < 1_000; position++) findings.add(late(position));
    findings.add(late(1_001));
    expect(findings.sorted().map(({ position, end }) => [position, end])).to.deep.equal([
      [5, 1_000],
      [1_001, undefined],
    ]);
    const again = new Findings(findings.sorted().reverse());
    again.add(late(1_002));
    expect(again.sorted().map(({ position, end }) => [position, end])).to.deep.include([1_001, 1_003]);
  });

  it('join the same way when they were kept in between, in any order of logs', () => {
    const other = parseLogId(`0x${'b3'.repeat(32)}`);
    const once = new Findings();
    for (let position = 0; position < 9; position++) once.addAll([late(position), late(position, other)]);
    let pieces = new Findings();
    for (let position = 0; position < 9; position++) {
      pieces = new Findings(pieces.sorted());
      pieces.addAll([late(position, other), late(position)]);
    }
    expect(pieces.sorted()).to.deep.equal(once.sorted());
  });

  it('keep a thing once', () => {
    const one: Finding = { rule: 'tile-wrong', severity: 'violation', evidence: 'source', log, file: 'tile/0/000', wanted: 'a', got: 'b' }; // prettier-ignore
    expect(new Findings([one, { ...one }]).sorted()).to.deep.equal([one]);
  });
});

describe('ordered', () => {
  it('gives results in the order of the tasks, and runs no more than so many', async () => {
    let running = 0;
    let most = 0;
    const results: number[] = [];
    const task = async (n: number): Promise<number> => {
      most = Math.max(most, ++running);
      for (let i = 0; i <= (n * 7) % 5; i++) await Promise.resolve();
      running--;
      return n;
    };
    for await (const n of ordered([0, 1, 2, 3, 4, 5, 6, 7, 8, 9], 3, task)) results.push(n);
    expect(results).to.deep.equal([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    expect(most).to.equal(3);
  });

  it('throws in the turn of the task that failed', async () => {
    const results: number[] = [];
    const task = async (n: number): Promise<number> => {
      if (n === 2) throw new Error('two');
      return n;
    };
    let failure: unknown;
    try {
      for await (const n of ordered([0, 1, 2, 3], 4, task)) results.push(n);
    } catch (error) {
      failure = error;
    }
    expect(results).to.deep.equal([0, 1]);
    expect((failure as Error).message).to.equal('two');
  });
});

describe('a kept audit', () => {
  it('is gone on with by the same consortium and rules alone', () => {
    const kept = encodeAudit(emptyAudit(), contracts);
    expect(decodeAudit(kept, contracts).chain.eventCount).to.equal(0);
    expect(codeOf(() => decodeAudit(kept, { ...contracts, chainId: 8 }))).to.equal('CONFLICT');
    const older = utf8(new TextDecoder().decode(kept).replace('log-id@1', 'log-id@0'));
    expect(codeOf(() => decodeAudit(older, contracts))).to.equal('CONFLICT');
    for (const text of ['', 'null', '{}', '[]', '{"type":"other"}']) {
      expect(
        codeOf(() => decodeAudit(utf8(text), contracts)),
        text,
      ).to.equal('STORE_CORRUPT');
    }
  });
});
