import type { Role } from '../../node/core/consortium.ts';

/** What a token allows. */
export const SCOPES = ['publish', 'records:read', 'sessions', 'grants:check', 'queries', 'sharing', 'events'] as const;
export type Scope = (typeof SCOPES)[number];

/** The roles that a member needs to hold a scope; none: every active member may. */
export const SCOPE_ROLES: Readonly<Record<Scope, readonly Role[]>> = {
  publish: ['source'],
  'records:read': [],
  sessions: [],
  'grants:check': ['bank'],
  queries: ['bank'],
  // Any of several roles makes an agency: the provider judges that.
  sharing: [],
  events: ['bank'],
};
