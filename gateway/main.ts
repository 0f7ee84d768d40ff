// The process of a gateway: `node gateway/main.ts [--config FILE]`. The only reader of `process` of the gateway itself.
import { parseArgs } from 'node:util';
import { XinlianError } from '../node/core/errors.ts';
import { readGatewayConfig } from './config.ts';
import { startGateway } from './gateway.ts';
import { createLogger } from './log.ts';

const { values } = parseArgs({ options: { config: { type: 'string', short: 'c' } } });

try {
  const config = readGatewayConfig(values.config, process.env);
  const log = createLogger(config.log?.level ?? 'info');
  const gateway = await startGateway(config, log);
  // One line for whoever started this: where it is reached.
  const ready = { ready: true, http: gateway.httpAddress(), peer: gateway.peerAddresses() };
  process.stdout.write(`${JSON.stringify(ready)}\n`);
  let stopping = false;
  const stop = (signal: string): void => {
    if (stopping) return;
    stopping = true;
    log.info({ signal }, 'stopping');
    gateway.stop().then(
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
    const faults = error.details.faults.map(({ path, message }) => `  ${path}: ${message}`);
    return ['The settings are not valid:', ...faults].join('\n');
  }
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
