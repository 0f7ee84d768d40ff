// Consent by electronic licences in a node: joins the desk with the service that its settings name.
import type { NodeConfig } from './config.ts';
import { systemClock } from './chain/clock.ts';
import type { TypedDataDomain } from './core/typed-data.ts';
import { XinlianError } from './core/errors.ts';
import type { GroupCommit } from './exchange/group-commit.ts';
import type { IdentityDesk } from './exchange/identity-desk.ts';
import { LicenceDesk } from './exchange/licence-desk.ts';
import type { LicenceService } from './exchange/ports.ts';
import type { SeenWithdrawals } from './exchange/withdrawals.ts';
import { mockLicenceService } from './licence/mock-service.ts';
import type { GrantRules } from './policy/grant-rules.ts';
import { LevelLicenceStore } from './store/licence-store.ts';
import type { Batch, Store } from './store/store.ts';

interface Needs {
  store: Store;
  commits: GroupCommit<Batch>;
  identity: IdentityDesk<Batch>;
  withdrawals: SeenWithdrawals<Batch>;
  rules: GrantRules;
  domain: TypedDataDomain;
}

export function openLicensing(
  { licence }: Pick<NodeConfig, 'licence'>,
  { store, ...needs }: Needs,
): LicenceDesk<Batch> {
  const service = licence ? mockLicenceService(licence) : noService();
  return new LicenceDesk<Batch>({ ...needs, store: new LevelLicenceStore(store), service, clock: systemClock });
}

/** Where settings name none. */
function noService(): LicenceService {
  const none = (): never => {
    throw new XinlianError('UNREACHABLE', { peer: 'licence service', reason: 'the settings of this node name none' });
  };
  return { name: 'none', key: new Uint8Array(32), begin: none, outcome: none };
}
