// The process of a gateway: `node gateway/main.ts [--config FILE]`.
import { createLogger } from '../node/log.ts';
import { runService } from '../node/service.ts';
import { readGatewayConfig } from './config.ts';
import { startGateway } from './gateway.ts';

await runService(readGatewayConfig, ({ log }) => createLogger('gateway', log?.level), startGateway);
