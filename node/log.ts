// The log of a process: what it must never hold is taken out here.
import { pino, stdSerializers, type DestinationStream, type Logger } from 'pino';
import { XinlianError } from './core/errors.ts';

const SECRETS = [
  'authorization',
  'cookie',
  'assertion',
  'client_assertion',
  'access_token',
  'passphrase',
  'token',
  'got',
];

/** @param name of the process, on every line */
export function createLogger(name: string, level = 'info', destination?: DestinationStream): Logger {
  return pino(
    {
      level,
      base: { process: name },
      redact: { paths: SECRETS.flatMap((name) => [name, `*.${name}`, `*.*.${name}`]), censor: '[redacted]' },
      serializers: { err: errorFields },
    },
    destination,
  );
}

/** Details hold what the caller sent, and stand in the message and the stack too: of our own errors only the code. */
function errorFields(error: unknown): unknown {
  if (XinlianError.is(error)) {
    const cause = error.cause === undefined ? undefined : errorFields(error.cause);
    const trace = error.stack?.split('\n').filter((line) => /^\s+at /.test(line));
    return { type: error.name, code: error.code, stack: trace?.join('\n'), ...(cause !== undefined && { cause }) };
  }
  return error instanceof Error ? stdSerializers.err(error) : { type: typeof error };
}
