// An enterprise's program over a gateway that it knows by its address alone.
import { fromBase64Url, type Hex } from '../../node/core/bytes.ts';
import { XinlianError } from '../../node/core/errors.ts';
import type { Agreement } from '../../node/core/jwe.ts';
import type { SubjectSigner } from '../../node/core/subject-signer.ts';
import { xinlianDomain, type TypedDataDomain } from '../../node/core/typed-data.ts';
import type { Client } from '../client.ts';
import { Enterprise } from './enterprise.ts';

/** EIP-712 domain of the GrantRegistry. A gateway that lied of it would get signatures that no contract takes. */
export async function grantDomain(client: Pick<Client, 'getConsortium'>): Promise<TypedDataDomain> {
  const { chainId, grantRegistry, deployment } = await client.getConsortium();
  return xinlianDomain({ chainId, verifyingContract: grantRegistry as Hex, deployment: deployment as Hex });
}

/** @param certificate compact JWS, of the signer's account */
export function connectEnterprise(
  client: Client,
  own: { signer: SubjectSigner; sealing: Agreement; certificate: string; domain: TypedDataDomain },
): Enterprise {
  return new Enterprise({
    ...own,
    client,
    keysOf: async (member) => {
      const { keys, history } = await client.getMember({ params: { member } });
      if (keys.sealing === undefined) throw new XinlianError('MEMBER_UNKNOWN', { member });
      const checkpoint = (history.checkpoint ?? []).map(({ key }) => fromBase64Url(key, 32));
      return { sealing: fromBase64Url(keys.sealing, 33), checkpoint };
    },
    clock: Date,
  });
}
