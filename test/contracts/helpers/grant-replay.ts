// The state of GrantRegistry, rebuilt from its events and from nothing else: plain, and written without a look at how the
// contract does it.
import type { LogDescription, Result } from 'ethers';

export interface ReplayedGrant {
  /** Block of the registration. */
  registered: number | undefined;
  grantee: string | undefined;
  usesLeft: bigint;
  withdrawn: boolean;
  suspended: boolean;
  consumed: Set<string>;
}

export class GrantReplay {
  readonly grants = new Map<string, ReplayedGrant>();
  /** Items of batches that failed. */
  failed = 0;

  grant(hash: string): ReplayedGrant {
    const known = this.grants.get(hash);
    if (known) return known;
    const made: ReplayedGrant = {
      registered: undefined,
      grantee: undefined,
      usesLeft: 0n,
      withdrawn: false,
      suspended: false,
      consumed: new Set(),
    };
    this.grants.set(hash, made);
    return made;
  }

  apply({ name, args }: LogDescription, block: number): void {
    if (name === 'GrantItemFailed') {
      this.failed++;
      return;
    }
    const grant = this.grant(args['grant'] as string);
    switch (name) {
      case 'GrantRegistered': {
        const { uses, grantee } = (args['terms'] as Result).toObject();
        Object.assign(grant, { registered: block, grantee, usesLeft: uses });
        return;
      }
      case 'GrantWithdrawn':
        grant.withdrawn = true;
        return;
      case 'GrantSuspended':
        grant.suspended = true;
        return;
      case 'GrantResumed':
        grant.suspended = false;
        return;
      case 'GrantConsumed':
        grant.usesLeft = args['usesLeft'] as bigint;
        grant.consumed.add(args['queryId'] as string);
        return;
      default:
        throw new Error(`wanted an event that changes the state, got ${name}`);
    }
  }
}
