// An enterprise's program at a gateway of a test's consortium.
import { connectEnterprise } from '../../gateway/client/connect-enterprise.ts';
import type { Enterprise } from '../../gateway/client/enterprise.ts';
import type { Identified, Programs } from '../../scripts/sandbox/programs.ts';

export async function enterpriseOf(programs: Programs, { own, certificate }: Identified): Promise<Enterprise> {
  const { client } = await programs.program('bank');
  const { domain } = programs;
  return connectEnterprise(client, { signer: own.transaction, sealing: own.sealing, certificate, domain });
}
