// Every handler, joined. The compiler checks that none is missing.
import { AssertionVerifier } from '../auth/assertion.ts';
import type { AccessTokens } from '../auth/access-token.ts';
import { builtInCatalogue } from '../../node/policy/pack.ts';
import type { Metrics } from '../metrics.ts';
import type { AppOptions } from '../options.ts';
import type { GatewayPorts } from '../ports.ts';
import { attachmentRoutes } from './attachments.ts';
import { auditRoutes } from './audit.ts';
import { consortiumRoutes } from './consortium.ts';
import { councilRoutes } from './council.ts';
import { eventRoutes } from './events.ts';
import { grantRoutes } from './grants.ts';
import type { Handlers } from './handler.ts';
import { jobRoutes } from './jobs.ts';
import { listRoutes } from './lists.ts';
import { logRoutes } from './logs.ts';
import { publicRoutes } from './public.ts';
import { queryRoutes } from './queries.ts';
import { recordRoutes } from './records.ts';
import { recognitionRoutes } from './recognition.ts';
import { reportRoutes } from './reports.ts';
import { serviceRoutes } from './service.ts';
import { sessionRoutes } from './sessions.ts';
import { shareRoutes } from './shares.ts';
import { tokenRoutes } from './token.ts';
import { verifyRoutes } from './verify.ts';

export function createHandlers(
  options: AppOptions,
  ports: GatewayPorts,
  { tokens, metrics }: { tokens: AccessTokens; metrics: Metrics },
): Handlers {
  const { baseUrl } = options;
  const audiences = [baseUrl, `${baseUrl}/v1/oauth/token`, ...options.audiences];
  return {
    ...tokenRoutes({ assertions: new AssertionVerifier({ audiences }, ports), tokens, members: ports.members }),
    ...recordRoutes(options, { ...ports, metrics }),
    ...verifyRoutes(ports),
    ...consortiumRoutes(options, ports),
    ...councilRoutes(ports),
    ...logRoutes(options, ports),
    ...auditRoutes(options, ports),
    ...grantRoutes(options, ports),
    ...publicRoutes({ ...options, catalogue: builtInCatalogue }, ports),
    ...reportRoutes(options, ports),
    ...recognitionRoutes(options, ports),
    ...queryRoutes(options, ports),
    ...shareRoutes(options, ports),
    ...jobRoutes(options, ports),
    ...attachmentRoutes(options, ports),
    ...eventRoutes(options, ports),
    ...listRoutes(options, ports),
    ...sessionRoutes(options, ports),
    ...serviceRoutes(options, { ...ports, metrics }),
  };
}
