import { expect } from 'chai';
import { IdCommand } from '../../../gateway/cli/command.ts';

const LONG = `-${'u'.repeat(42)}`;
const SHORT = '--Su0-Ggn7ZhSR-SPVD3g0';

describe('A command that is given ids', () => {
  /** What the command `share decide` was given. */
  function given(...args: string[]): unknown[] {
    const got: unknown[] = [];
    const program = new IdCommand('xinlian').exitOverride().configureOutput({ writeErr: () => undefined });
    program
      .command('share')
      .command('decide <basis> [decision]')
      .option('-v, --verbose')
      .option('--profile <file>')
      .option('--rpc <urls...>')
      .action((...all: unknown[]) => {
        got.push(...all.slice(0, 3));
      });
    program.parse(['share', 'decide', ...args], { from: 'user' });
    return got;
  }

  it('takes one that begins with a hyphen for an argument, wherever it stands', () => {
    for (const id of [LONG, SHORT]) {
      expect(given(id, 'approve')).to.deep.equal([id, 'approve', {}]);
      expect(given('--profile', 'p.json', id)).to.deep.equal([id, undefined, { profile: 'p.json' }]);
      expect(given('--verbose', id, '--profile', 'p.json')).to.deep.equal([
        id,
        undefined,
        { verbose: true, profile: 'p.json' },
      ]);
    }
  });

  it('takes it for the value of an option that wants one', () => {
    expect(given('basis', '--profile', LONG)).to.deep.equal(['basis', undefined, { profile: LONG }]);
    expect(given('basis', '--rpc', LONG)).to.deep.equal(['basis', undefined, { rpc: [LONG] }]);
  });

  it('still refuses options that there are not', () => {
    for (const other of ['-x', '--unknown', `-${'u'.repeat(41)}`, `-${'u'.repeat(20)}+`])
      expect(() => given('basis', other), other).to.throw('unknown option');
  });
});
