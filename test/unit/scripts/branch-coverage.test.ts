// The measure is measured: a project whose tests leave certain branches out, and just these are reported.
import { rm } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { instrumentAll } from '../../../scripts/coverage/instrument.ts';
import { tagOf } from '../../../scripts/coverage/outcome.ts';
import { measure, type Coverage } from '../../../scripts/coverage/project.ts';
import { faultsOf, lcovOf, tableOf } from '../../../scripts/coverage/report.ts';

const FIXTURE = fileURLToPath(new URL('../../fixtures/branches', import.meta.url));
/** Beside node_modules, which the copy finds as the project does. */
const COPY = fileURLToPath(new URL('../../../coverage/fixture', import.meta.url));

/** What `test/fixtures/branches/test` leaves out of `Every.sol`. */
const LEFT_OUT = [
  'a == 6: was never true',
  'was not run, or not all of it',
  'a < 50: was never false',
  'b: was never false',
  'c: was never true',
  'a != 0: was never false',
  'i < n: was never skipped',
  'i < n: was never skipped',
  'i == 100: was never true',
  'was not run, or not all of it',
  'sum > 1_000_000: was never true',
  'was not run, or not all of it',
  'sum < n: was never true',
  // A loop within a loop within an if, none of which has braces.
  'n == 77: was never true',
  'i < n: was never skipped',
  'i < n: was never true',
  'i < n: was never false',
  'sum < i: was never skipped',
  'sum < i: was never true',
  'sum < i: was never false',
  'was not run, or not all of it',
  '++sum > n: was never false',
  'catch {}: was never caught',
  'was not run, or not all of it',
  // The same modifiers refuse at another function.
  'below(a, 10): was never refused',
  'onlyOwner: was never refused',
  'gt(a, 10): was never true',
  'gt(a, 1000): was never true',
  'case 1 { r := add(r, 2) }: was never chosen',
  'lt(i, a): was never skipped',
  'x: was never false',
  'iszero(eq(mload(0x00), 42)): was never true',
  'a == 3: was true, and is said never to be',
];

describe('the measure of branches', function () {
  this.timeout(300_000);
  let coverage: Coverage;
  before(async () => (coverage = await measure(FIXTURE, COPY)));
  after(() => rm(COPY, { recursive: true, force: true }));

  it('reports every outcome that the tests left out, and no other', () => {
    const faults = faultsOf(coverage);
    const told = faults.map((fault) => /^contracts\/(.+?):\d+: (.+)$/.exec(fault)?.slice(1) ?? [fault]);
    expect(told.filter(([path]) => path === 'Every.sol').map(([, text]) => text)).to.deep.equal(LEFT_OUT);
    expect(told.filter(([path]) => path !== 'Every.sol')).to.deep.equal([
      ['inner/Guarded.sol', 'limit == 0: was never true'],
    ]);
    expect(faults).to.include('contracts/Every.sol:33: a != 0: was never false');
  });

  it('has nothing to report once all of it came', () => {
    const { outcomes, counts, lines } = coverage;
    const often = new Map(counts);
    for (const { tag, never } of outcomes) {
      // A modifier refuses where what is behind it comes less often.
      if (never === undefined) often.set(tagOf(tag), outcomes.length - tag + 1_000);
      else often.delete(tagOf(tag));
    }
    const run = new Map([...lines].map(([path, ofPath]) => [path, new Map([...ofPath.keys()].map((line) => [line, true]))])); // prettier-ignore
    expect(faultsOf({ outcomes, counts: often, lines: run })).to.deep.equal([]);
    expect(faultsOf({ outcomes: [], counts: often, lines: run })).to.have.length(1);
  });

  it('gives a figure for each contract, and a trace that other programs read', () => {
    expect(tableOf(coverage))
      .to.match(/^Every\.sol +\d+\/\d+ \d+\.\d % .*$/m)
      .and.to.match(/^inner\/Guarded\.sol +5\/6 83\.3 %/m);
    const trace = lcovOf(coverage);
    expect(trace).to.match(/SF:contracts\/inner\/Guarded\.sol\n(?:BRDA:16,0,\d+,(?:1|-)\n)*/);
    expect(trace.match(/^BRDA:33,0,\d+,-$/gm)).to.have.length(1);
  });

  describe('refuses', () => {
    const refusal = (body: string): string => {
      try {
        instrumentAll(new Map([['a/A.sol', `pragma solidity 0.8.37;\n\n${body}\n`]]));
      } catch (error) {
        return (error as Error).message;
      }
      return 'nothing';
    };

    it('branches that it could not see', () => {
      expect(refusal('function f(bool a) pure { assembly { if a { revert(0, 0) } } }')).to.include(
        'a/A.sol:3: a branch',
      );
      expect(refusal('function f() view { assembly { for {} call(0, 0, 0, 0, 0, 0, 0) {} {} } }')).to.include(
        'a/A.sol:3',
      );
      expect(refusal('contract A { uint constant B = true && false || true ? 1 : 2; bool constant C = 1 < 2 && 2 < 3; }')).to.include('a/A.sol:3'); // prettier-ignore
    });

    it('a claim that is about nothing', () => {
      expect(refusal('function f(bool a) pure { if (a) {} } // coverage: never skipped, as it is no loop')).to.equal(
        'a/A.sol:3: line 3 has no outcome "skipped" to be never',
      );
    });

    it('what does not compile, in the words of the compiler', () => {
      expect(refusal('contract {')).to.include('ParserError');
    });
  });

  it('moves no line of a contract, whatever stands in it', () => {
    const content = [
      '// SPDX: no pragma, 中文',
      'contract A is B(1) /* { */ {',
      'modifier m() { _; }',
      'constructor() m {} function f(bool a) external m { if (a) while (!a) a = !a; }',
      '} contract B { constructor(uint x) { for (;x > 0;) x--; } }',
    ].join('\n');
    const { text = '' } = instrumentAll(new Map([['A.sol', content]])).get('A.sol') ?? {};
    expect(text.split('\n')).to.have.length(5);
    expect(text.split('\n')[1]).to.match(/^contract A is B\(1\) \/\* \{ \*\/ \{ modifier __reached/);
  });
});
