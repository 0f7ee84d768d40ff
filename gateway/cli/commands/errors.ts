import type { Command } from 'commander';
import { CATALOGUE, isErrorCode } from '../../problems/catalogue.ts';
import { refusals } from '../../problems/refusals.ts';
import type { Terminal } from '../terminal.ts';

export function addErrors(program: Command, terminal: Terminal): void {
  program
    .command('errors')
    .summary('every error code, and what to do about it 错误码一览')
    .description(
      'Lists every error code, and every reason of a refusal, with what it means and what to do.\n列出全部错误码与拒绝原因、含义与处理办法。',
    )
    .option('--json', 'a line of JSON for each')
    .action(({ json }: { json?: boolean }) => {
      for (const code of Object.keys(CATALOGUE).filter(isErrorCode)) {
        const { status, retryable, title, action } = CATALOGUE[code];
        if (json) {
          terminal.out(JSON.stringify({ code, status, retryable, title, action }));
          continue;
        }
        terminal.out(`${code} (${status})  ${title.en} ${title.zh}`);
        terminal.out(`    ${action.en} ${action.zh}`);
      }
      for (const { code, retryable, title, action } of refusals()) {
        if (json) {
          terminal.out(JSON.stringify({ refusal: code, retryable, title, action }));
          continue;
        }
        terminal.out(`${code} (reason)  ${title.en} ${title.zh}`);
        terminal.out(`    ${action.en} ${action.zh}`);
      }
    });
}
