// An error in words for people: one line that says what happened, and one on what to do.
import { XinlianError } from '../../node/core/errors.ts';
import { ApiError } from '../client/api-error.ts';
import { ConnectionError } from '../client/connection-error.ts';
import { CATALOGUE, isErrorCode } from '../problems/catalogue.ts';

/** The first line tells the error; those that follow help. */
export function explain(error: unknown): string[] {
  if (error instanceof ApiError) {
    const reference = error.requestId === undefined ? [] : [`request id ${error.requestId}`];
    return [`${error.code}: ${error.message}`, ...hint(error.code), ...reference];
  }
  if (XinlianError.is(error)) return [`${error.code}: ${tell(error)}`, ...more(error), ...hint(error.code)];
  if (error instanceof ConnectionError) {
    // Node's fetch has the system's own error behind its word for all of them.
    const { cause: failure } = error;
    const cause = failure instanceof Error ? (failure.cause ?? failure) : failure;
    const reason = cause instanceof Error ? ((cause as NodeJS.ErrnoException).code ?? cause.message) : String(cause);
    return [`${error.message} (${reason})`, 'Is it running, and is --gateway right?'];
  }
  if (error instanceof Error) {
    if (error.name === 'AbortError') return ['interrupted'];
    return [error.message];
  }
  return [String(error)];
}

function tell(error: XinlianError): string {
  if (XinlianError.is(error, 'CONFIG_INVALID')) return 'the settings are not valid';
  if (XinlianError.is(error, 'TRANSACTION_REVERTED')) {
    return `the contract refused: ${error.details.error}(${error.details.arguments.join(', ')})`;
  }
  const { code, details } = error;
  const { what, wanted, got, key, reason, limit, member, path } = details as Partial<Record<string, string | number>>;
  const subject = what ?? key ?? member ?? path;
  const parts = [
    subject,
    reason,
    wanted === undefined ? undefined : `wanted ${wanted}, got ${got ?? 'nothing'}`,
    limit === undefined ? undefined : `at most ${limit}${got === undefined ? '' : `, got ${got}`}`,
  ].filter((part) => part !== undefined);
  return parts.length > 0 ? parts.join(': ') : isErrorCode(code) ? CATALOGUE[code].title.en : JSON.stringify(details);
}

function more(error: XinlianError): string[] {
  if (XinlianError.is(error, 'CONFIG_INVALID'))
    return error.details.faults.map(({ path, message }) => `  ${path}: ${message}`);
  return [];
}

function hint(code: string): string[] {
  switch (code) {
    case 'KEY_UNAVAILABLE':
      return ['Check --keys and the passphrase. 请检查密钥文件与口令。'];
    case 'CONFIG_INVALID':
      return ['Mend the file. 请更正配置文件。'];
    default:
      if (!isErrorCode(code) || CATALOGUE[code].status === 400) return [];
      return [`${CATALOGUE[code].action.en} ${CATALOGUE[code].action.zh}`];
  }
}
