// A process of ours, from its settings to its end: `MAIN [--config FILE]`. With the `main.ts` that call it, the only reader of
// `process`.
import { parseArgs } from 'node:util';
import type { Logger } from 'pino';
import { XinlianError } from './core/errors.ts';

interface Service {
  httpAddress(): string;
  peerAddresses(): string[];
  stop(): Promise<void>;
}

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Starts a service, tells in one line of JSON where it is reached, and stops it in good order when asked to.
 * Ends with 78 (EX_CONFIG of sysexits.h) where the settings are not valid: a supervisor need not try again.
 */
export async function runService<C>(
  readConfig: (file: string | undefined, environment: Environment) => C,
  createLog: (config: C) => Logger,
  start: (config: C, log: Logger) => Promise<Service>,
): Promise<void> {
  try {
    const { values } = parseArgs({ options: { config: { type: 'string', short: 'c' } } });
    const config = readConfig(values.config, process.env);
    const log = createLog(config);
    const service = await start(config, log);
    const ready = { ready: true, http: service.httpAddress(), peer: service.peerAddresses() };
    process.stdout.write(`${JSON.stringify(ready)}\n`);
    stopWhenAsked(service, log);
  } catch (error) {
    process.stderr.write(`${explain(error)}\n`);
    process.exit(XinlianError.is(error, 'CONFIG_INVALID') ? 78 : 1);
  }
}

function stopWhenAsked(service: Service, log: Logger): void {
  let stopping = false;
  const stop = (signal: string): void => {
    if (stopping) return;
    stopping = true;
    log.info({ signal }, 'stopping');
    service.stop().then(
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
  // It may have gone while this started.
  if (isCutOff(process)) stop('disconnect');
}

/** Undefined: there never was a channel. */
function isCutOff({ connected }: { connected?: boolean }): boolean {
  return connected === false;
}

function explain(error: unknown): string {
  if (XinlianError.is(error, 'CONFIG_INVALID')) {
    const faults = error.details.faults.map(({ path, message }) => `  ${path}: ${message}`);
    return ['The settings are not valid:', ...faults].join('\n');
  }
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
