// The process of an agency node: `node node/main.ts [--config FILE]`.
import { readNodeConfig } from './config.ts';
import { createLogger } from './log.ts';
import { startNode } from './node.ts';
import { runService } from './service.ts';

await runService(readNodeConfig, ({ log }) => createLogger('node', log?.level), startNode);
