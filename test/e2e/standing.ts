// Who speaks for an enterprise changes, over real processes: what becomes of its keys and of what they signed. And an
// enterprise whose keys a remote signer keeps. Run within the suite of authorised exchange, on its cluster.
import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { expect } from 'chai';
import { toBase64Url, type Hex } from '../../node/core/bytes.ts';
import { grantDocument, type GrantDocument } from '../../node/core/grant.ts';
import { memberIdOf } from '../../node/core/ids.ts';
import type { Certification, StandingChange } from '../../node/core/messages/identity.ts';
import { makeUscc } from '../../node/core/uscc.ts';
import { createFileProvider, keyFileOf } from '../../node/keys/file-provider.ts';
import { createKeyFile } from '../../node/keys/key-file.ts';
import { generateSecrets, localKeys } from '../../node/keys/local-keys.ts';
import { createRemoteServer } from '../../node/keys/remote-server.ts';
import { Secret } from '../../node/keys/secret.ts';
import { player, type Identified, type Made, type Programs } from '../../scripts/sandbox/programs.ts';
import { command, until, type TestConsortium } from '../helpers/consortium.ts';
import { rejection } from '../helpers/rejection.ts';

const DAFENG = player('dafeng').id;
const digest = toBase64Url(new Uint8Array(32).fill(9));

function enterprise(name: string, body8: string) {
  return { name, uscc: makeUscc({ authority: '9', category: '1', region: '320904', body8 }) };
}

export function describeStanding(world: () => { consortium: TestConsortium; programs: Programs }): void {
  /** How the centre, which identified the enterprise and holds records itself, answers. */
  async function outcome(grant: GrantDocument): Promise<string> {
    const [one] = (await (await world().programs.bank()).ask({ grant, providers: [DAFENG] })).providers;
    return one && 'answer' in one ? (one.answer.body.reason ?? 'answered') : (one?.outcome ?? 'none');
  }

  const becomes = (grant: GrantDocument, wanted: string): Promise<void> =>
    until(async () => (await outcome(grant)) === wanted);

  async function certify(
    { uscc, name }: ReturnType<typeof enterprise>,
    { transaction, sealing }: { transaction: Hex; sealing: Uint8Array },
    more: Partial<Certification> = {},
  ): Promise<string> {
    const { sealed } = await world().programs.program('dafeng');
    const whose = { sub: uscc, name, capacity: 'legal-representative', level: 'A', days: 30 } as const;
    const keys = { key: transaction.toLowerCase(), seal: toBase64Url(sealing) };
    return (await sealed.certify({ ...whose, ...keys, ...more })).certificate;
  }

  it('lives on under another representative, is spoken for by an administrator alone, and ends', async () => {
    const { programs } = world();
    const subject = enterprise('大丰变更示范有限公司', 'MA1DF0B7');
    const identified = async (more: Partial<Certification> = {}): Promise<Identified> => {
      const own = localKeys(generateSecrets(), () => {});
      const keys = { transaction: own.transaction.address, sealing: own.sealing.publicKey };
      return { own, certificate: await certify(subject, keys, more) };
    };
    const granted = async (as: Identified): Promise<Made> => {
      const made = await programs.consented(as, { subject });
      await programs.register([made]);
      return made;
    };
    const { sealed } = await programs.program('dafeng');
    const note = async (change: StandingChange): Promise<string> => {
      const kind = change === 'bankruptcy' ? 'court-decision' : 'registry-notice';
      return (await sealed.noteStanding({ sub: subject.uscc, change, evidence: { kind, digest } })).grants;
    };

    const first = await identified();
    const before = await granted(first);
    await becomes(before.document, 'answered');
    expect(await note('representative-changed')).to.equal('pass');
    const late = await granted(first);
    await becomes(late.document, 'CERTIFICATE_REVOKED');
    expect(await outcome(before.document)).to.equal('answered');
    const second = await granted(await identified());
    await becomes(second.document, 'answered');

    expect(await note('bankruptcy')).to.equal('end');
    for (const { document } of [before, second]) await becomes(document, 'CERTIFICATE_REVOKED');
    expect(await rejection(identified())).to.be.instanceOf(Error);
    const administrator = await identified({
      capacity: 'bankruptcy-administrator',
      evidence: { kind: 'court-decision', digest },
    });
    const third = await granted(administrator);
    await becomes(third.document, 'answered');

    expect(await note('dissolved')).to.equal('end');
    await becomes(third.document, 'CERTIFICATE_REVOKED');
    expect(await rejection(identified())).to.be.instanceOf(Error);
  });

  it('signs by a remote signer, and has no key file', async () => {
    const { consortium } = world();
    const subject = enterprise('大丰托管密钥有限公司', 'MA1DF0C5');
    const folder = join(consortium.data, 'signer');
    const passphrase = new Secret('of the signer');
    const keys = await createKeyFile(keyFileOf(folder, memberIdOf(subject.uscc)), passphrase, { scryptN: 1_024 });
    const provider = createFileProvider({ directory: folder, passphrase });
    const token = 'a token of the signer';
    const log = { warn: () => {}, error: () => {} };
    const server = createRemoteServer({ token: new Secret(token) }, { provider, log });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    try {
      const [certificate, tokenFile, out] = ['certificate.jws', 'token', 'grant.json'].map((n) => join(folder, n)) as [
        string,
        string,
        string,
      ];
      await writeFile(certificate, await certify(subject, keys));
      await writeFile(tokenFile, `${token}\n`);
      const signer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
      const own = ['--gateway', consortium.gatewayUrl('dafeng'), '--certificate', certificate, '--signer', signer];
      const terms = ['--to', player('bank').uscc, '--items', 'tax-payment:60', '--regions', '320900'];
      const rest = ['--purpose', 'pre-loan', '--matter', 'DK-SIGNER', '--out', out, '--yes'];
      const withToken = [...own, '--signer-token-file', tokenFile];
      const { code, stderr } = await command('grant', 'new', ...terms, ...rest, ...withToken);
      expect(code, stderr).to.equal(0);
      const document = grantDocument.decode(await readFile(out));
      await becomes(document, 'answered');

      await writeFile(tokenFile, 'another token');
      const refused = await command('grant', 'history', '--provider', DAFENG, ...withToken);
      expect([refused.code === 0, refused.stderr]).to.satisfy(
        ([ok, text]: [boolean, string]) => !ok && /401/.test(text),
      );
    } finally {
      server.close();
      server.closeAllConnections();
      await provider.close();
    }
  });
}
