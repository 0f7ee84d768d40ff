import { join } from 'node:path';
import { expect } from 'chai';
import { recoverAddress } from 'ethers/transaction';
import { fromBase64Url } from '../../../node/core/bytes.ts';
import type { Member } from '../../../node/core/consortium.ts';
import { XinlianError } from '../../../node/core/errors.ts';
import { keyRotation, keysRotated, type KeyRotation } from '../../../node/core/messages/member.ts';
import { KEY_ROTATION_TYPES, typedDataDigest } from '../../../node/core/typed-data.ts';
import { openKeyFile } from '../../../node/keys/key-file.ts';
import { localKeys, publicKeysOf } from '../../../node/keys/local-keys.ts';
import { Secret } from '../../../node/keys/secret.ts';
import { domain } from '../../helpers/authorised.ts';
import { MEMBERSHIP, startCliGateway, type CliGateway, type CliRun } from '../../helpers/gateway/cli-gateway.ts';

const ALL = ['checkpoint', 'client', 'gatewayPeer', 'nodePeer', 'account'];

describe('xinlian keys renew and member rotate-keys', () => {
  let gateway: CliGateway;
  let passphrase: string[];
  let old: string;
  let next: string;
  let sent: KeyRotation[];
  /** The answer is lost, or the chain refuses. */
  let fault: Error | undefined;

  beforeEach(async () => {
    gateway = await startCliGateway();
    const { node, folder } = gateway;
    passphrase = ['--passphrase-file', join(folder, 'passphrase')];
    [old, next] = [join(folder, 'keys.json'), join(folder, 'next.json')];
    [sent, fault] = [[], undefined];
    node.inner.inner = async (method, argument) => {
      expect(method).to.equal('member/rotate-keys');
      const rotation = keyRotation.decode(argument);
      sent.push(rotation);
      if (fault && XinlianError.is(fault, 'TRANSACTION_REVERTED')) throw fault;
      name(gateway.members.get(gateway.member)!, rotation);
      if (fault) throw fault;
      return keysRotated.encode({ rotated: [], block: 12 });
    };
  });
  afterEach(() => gateway.stop());

  /** As the chain would. */
  function name(member: Member, { account, ...keys }: KeyRotation): void {
    for (const [kind, key] of Object.entries(keys))
      member.keys[kind as keyof typeof keys] = [{ key: fromBase64Url(key), since: 5 }];
    if (account) member.transaction = account.current as Member['transaction'];
  }
  const keysOf = async (file: string) =>
    localKeys(await openKeyFile(file, new Secret('a passphrase of the tests')), () => {});
  const renew = (...kinds: string[]): Promise<CliRun> =>
    gateway.xinlian('keys', 'renew', ...kinds, '--from', old, '--out', next, ...passphrase);
  const rotate = (...more: string[]): Promise<CliRun> =>
    gateway.xinlian('member', 'rotate-keys', next, '--yes', ...more);

  it('makes a file in which the named keys are new and all others the same', async () => {
    const made = await renew('checkpoint', 'account');
    expect(made.code, made.said.join('\n')).to.equal(0);
    const [before, after] = await Promise.all([keysOf(old), keysOf(next)]);
    const [was, is] = [publicKeysOf(before), publicKeysOf(after)];
    const changed = (Object.keys(was) as (keyof typeof was)[]).filter((kind) => String(was[kind]) !== String(is[kind]));
    expect(changed).to.have.members(['checkpoint', 'transaction']);
    expect(JSON.parse(made.out.join(''))).to.include({ transaction: is.transaction });
    const plain = new Uint8Array(32).fill(9);
    expect(await after.vault.unwrap(await before.vault.wrap(plain))).to.deep.equal(plain);
    expect((await renew('vault')).said.join()).to.match(/MALFORMED/);
    expect((await renew('checkpoint')).said.join(), 'never over a file that is there').to.match(/CONFLICT/);
  });

  it('tells the chain every key that differs, the account with its own signature', async () => {
    expect((await renew(...ALL)).code).to.equal(0);
    const run = await rotate();
    expect(run.code, run.said.join('\n')).to.equal(0);
    expect(JSON.parse(run.out.join(''))).to.deep.equal({ rotated: ALL });
    const [{ account, ...keys } = {}] = sent;
    expect(Object.keys(keys)).to.have.members(['checkpoint', 'client', 'gatewayPeer', 'nodePeer']);
    const [before, after] = await Promise.all([keysOf(old), keysOf(next)]);
    const message = { member: gateway.member, previous: before.transaction.address, current: account?.current };
    const digest = typedDataDigest({ ...domain, verifyingContract: MEMBERSHIP }, KEY_ROTATION_TYPES, message);
    expect(recoverAddress(digest, account?.signature ?? '')).to.equal(after.transaction.address);
  });

  it('asks first, and sends nothing where the answer is no or nothing differs', async () => {
    await renew('client');
    const no = await gateway.xinlianWith({ prompt: async () => 'no' }, 'member', 'rotate-keys', next);
    expect(no).to.deep.include({ code: 0, out: [] });
    const same = await gateway.xinlian('member', 'rotate-keys', old, '--yes');
    expect(same.said.join()).to.match(/MALFORMED/);
    await gateway.xinlian('keys', 'new', '--out', join(gateway.folder, 'foreign.json'), ...passphrase);
    const foreign = await gateway.xinlian('member', 'rotate-keys', join(gateway.folder, 'foreign.json'), '--yes');
    expect(foreign.said.join()).to.match(/MALFORMED.*vault/);
    expect(sent).to.deep.equal([]);
  });

  it('goes by what the chain names where the answer was lost, and by the chain’s refusal', async () => {
    await renew('nodePeer');
    fault = new XinlianError('UNREACHABLE', { peer: 'own', reason: 'cut off' });
    expect((await rotate()).code).to.equal(0);
    fault = new XinlianError('TRANSACTION_REVERTED', { hash: '0x', error: 'MembershipUnauthorized', arguments: [] });
    gateway.members.get(gateway.member)!.keys.nodePeer = [];
    const refused = await rotate();
    expect(refused.code).to.equal(1);
    expect(refused.said.join()).to.match(/MembershipUnauthorized/);
  });
});
