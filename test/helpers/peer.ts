// A peer of the network that is no gateway of ours: it brings to a node whatever it likes, past every gateway's own checks.
import { newAgreement } from '#agreement';
import { fromBase64Url, fromUtf8, utf8 } from '../../node/core/bytes.ts';
import type { GrantDocument } from '../../node/core/grant.ts';
import { openJwe, sealJwe } from '../../node/core/jwe.ts';
import { p256Jwk } from '../../node/core/jwk.ts';
import { newQueryId } from '../../node/core/make-grant.ts';
import { encodeParcel } from '../../node/core/messages/codec.ts';
import { addressed } from '../../node/core/messages/node.ts';
import { answerBody, parseAnswer, signQuery } from '../../node/core/query.ts';
import { createHost } from '../../node/net/libp2p.ts';
import { player, type Programs } from '../../scripts/sandbox/programs.ts';
import { silent } from './agency.ts';

/**
 * Has the node of `provider` asked for tax records in the bank's name, as the gateway of a member that runs none here, and
 * with no word to the bank's own node.
 * @returns `answered`, or the reason of the refusal
 */
export async function askPastGateways(programs: Programs, provider: string, grant: GrantDocument): Promise<string> {
  const { id, keys } = await programs.program('bank');
  const { client } = await programs.program('dafeng');
  const aud = player(provider).id;
  const iat = Math.floor(Date.now() / 1000);
  const reply = newAgreement();
  const query = await signQuery(
    {
      iss: id,
      aud,
      jti: newQueryId().id,
      iat,
      exp: iat + 300,
      grant,
      items: ['tax-payment'],
      purpose: 'pre-loan',
      reply: p256Jwk(reply.publicKey),
    },
    keys.client,
  );
  const shanghai = (await programs.program('shanghai')).keys;
  const host = createHost(
    { privateKey: await shanghai.gatewayPeer.exportSeed(), listen: [] },
    { admits: () => true, log: silent },
  );
  await host.start();
  try {
    const { keys: own, endpoints } = await client.getMember({ params: { member: aud } });
    const peer = { publicKey: fromBase64Url(own.nodePeer ?? '', 32), addresses: endpoints.node ?? [] };
    const jwe = await sealJwe(utf8(query), fromBase64Url(own.sealing ?? '', 33), 'JWT');
    const answer = await host.call(peer, 'query/answer', encodeParcel(addressed.encode({ member: aud }), utf8(jwe)));
    const { plaintext } = await openJwe(fromUtf8(answer), reply);
    const body = answerBody.decode(utf8(parseAnswer(fromUtf8(plaintext)).answer.body));
    return body.reason ?? body.outcome;
  } finally {
    await host.stop();
  }
}
