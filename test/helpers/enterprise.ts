// An enterprise's program at a gateway of a test's consortium.
import { Enterprise } from '../../gateway/client/enterprise.ts';
import { fromBase64Url } from '../../node/core/bytes.ts';
import type { Identified, Programs } from '../../scripts/sandbox/programs.ts';

export async function enterpriseOf(programs: Programs, { own, certificate }: Identified): Promise<Enterprise> {
  const { client } = await programs.program('bank');
  return new Enterprise({
    client,
    signer: own.transaction,
    sealing: own.sealing,
    certificate,
    domain: programs.domain,
    keysOf: async (member) => {
      const { keys, history } = await client.getMember({ params: { member } });
      return {
        sealing: fromBase64Url(keys.sealing!),
        checkpoint: history.checkpoint!.map(({ key }) => fromBase64Url(key)),
      };
    },
    clock: Date,
  });
}
