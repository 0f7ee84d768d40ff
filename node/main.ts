// The process of an agency node: `node node/main.ts [--config FILE]`. The only reader of `process` in node/.
import { parseArgs } from 'node:util';
import { pino } from 'pino';
import { readNodeConfig } from './config.ts';
import { XinlianError } from './core/errors.ts';
import { startNode } from './node.ts';

const { values } = parseArgs({ options: { config: { type: 'string', short: 'c' } } });

try {
  const config = readNodeConfig(values.config, process.env);
  const log = pino({
    level: config.log?.level ?? 'info',
    base: { process: 'node' },
    redact: ['*.passphrase', '*.token', '*.got'],
  });
  const node = await startNode(config, log);
  // One line for whoever started this: where it is reached.
  process.stdout.write(`${JSON.stringify({ ready: true, http: node.httpAddress(), peer: node.peerAddresses() })}\n`);
  let stopping = false;
  const stop = (signal: string): void => {
    if (stopping) return;
    stopping = true;
    log.info({ signal }, 'stopping');
    node.stop().then(
      () => process.exit(0),
      (error: unknown) => {
        log.fatal({ err: error }, 'stopping failed');
        process.exit(1);
      },
    );
  };
  process.on('SIGTERM', stop);
  process.on('SIGINT', stop);
  // Started with a channel by a supervisor that is gone: nobody else would end this.
  process.once('disconnect', () => stop('disconnect'));
} catch (error) {
  process.stderr.write(`${explain(error)}\n`);
  // 78: EX_CONFIG of sysexits.h; a supervisor need not try again.
  process.exit(XinlianError.is(error, 'CONFIG_INVALID') ? 78 : 1);
}

function explain(error: unknown): string {
  if (XinlianError.is(error, 'CONFIG_INVALID')) {
    return [
      'The settings are not valid:',
      ...error.details.faults.map(({ path, message }) => `  ${path}: ${message}`),
    ].join('\n');
  }
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
