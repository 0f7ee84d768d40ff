import { expect } from 'chai';
import { Signature, Wallet, type TypedDataField } from 'ethers';
import { toHex, type Hex } from '../../../node/core/bytes.ts';
import { GRANT_CONSENT_TYPES } from '../../../node/core/grant.ts';
import { signAsSubject } from '../../../node/core/subject-signer.ts';
import { typedDataDigest, xinlianDomain } from '../../../node/core/typed-data.ts';
import { walletAccount, walletSealing, walletSigner, type WalletProvider } from '../../../node/core/wallet.ts';
import { localAccount } from '../../../node/core/account.ts';
import { rejection } from '../../helpers/rejection.ts';

const ORDER = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n;
const SECRET = new Uint8Array(32).fill(7);
const wallet = new Wallet(toHex(SECRET));
const account = wallet.address.toLowerCase() as Hex;
const domain = xinlianDomain({
  chainId: 31_337,
  verifyingContract: `0x${'c0'.repeat(20)}`,
  deployment: `0x${'d0'.repeat(32)}`,
});
const message = { text: '授权人:甲公司\n被授权人:乙银行', artefact: `0x${'a0'.repeat(32)}` };
const consent = { domain, types: GRANT_CONSENT_TYPES, message };

/** A wallet as EIP-1193 has it. @param change what becomes of its signature */
function provider(change: (signature: string) => unknown = (signature) => signature, by = wallet): WalletProvider {
  return {
    async request({ method, params = [] }) {
      if (method === 'eth_requestAccounts') return [wallet.address];
      const data = JSON.parse(String(params[1])) as {
        primaryType: string;
        domain: object;
        types: Record<string, TypedDataField[]>;
        message: object;
      };
      const { EIP712Domain, ...types } = data.types;
      // What a wallet wants of the data, by EIP-712.
      expect([params[0], Object.keys(types)]).to.deep.equal([account, [data.primaryType]]);
      expect(EIP712Domain?.map(({ name }) => name)).to.deep.equal(['name', 'version', 'chainId', 'verifyingContract', 'salt']); // prettier-ignore
      return change(await by.signTypedData(data.domain, types, data.message));
    },
  };
}

const upper = (signature: string): string => {
  const { r, s, v } = Signature.from(signature);
  return `${r}${(ORDER - BigInt(s)).toString(16).padStart(64, '0')}${v === 27 ? '1c' : '1b'}`;
};

describe('a browser wallet', () => {
  it('consents by the same signature as a key at hand', async () => {
    expect(await walletAccount(provider())).to.equal(account);
    const signed = await signAsSubject(walletSigner(provider(), account), consent);
    expect(signed).to.equal(await signAsSubject(localAccount(SECRET), consent));
    expect(wallet.signingKey.sign(typedDataDigest(domain, consent.types, message)).serialized).to.equal(signed);
  });

  it('may write v as 0 or 1', async () => {
    const zeroBased = (signature: string) => `${signature.slice(0, -2)}0${Signature.from(signature).yParity}`;
    const signed = await walletSigner(provider(zeroBased), account).signTyped(consent);
    expect(signed).to.equal(await walletSigner(provider(), account).signTyped(consent));
  });

  for (const [name, given, code] of [
    ['by another account', provider(undefined, new Wallet(toHex(new Uint8Array(32).fill(8)))), 'SIGNATURE_INVALID'],
    ['with s in the upper half', provider(upper), 'SIGNATURE_INVALID'],
    ['in the compact form', provider((signature) => Signature.from(signature).compactSerialized), 'MALFORMED'],
    ['that is none', provider(() => null), 'MALFORMED'],
    ['that its holder refused', { request: () => Promise.reject({ code: 4001, message: 'User rejected' }) }, 'KEY_UNAVAILABLE'], // prettier-ignore
  ] as [string, WalletProvider, string][]) {
    it(`is not believed a signature ${name}`, async () => {
      expect(await rejection(walletSigner(given, account).signTyped(consent))).to.have.property('code', code);
    });
  }

  it('gives an account, or is none', async () => {
    for (const accounts of [[], [1], ['0x12'], null]) {
      expect(await rejection(walletAccount({ request: () => Promise.resolve(accounts) }))).to.have.property(
        'code',
        'KEY_UNAVAILABLE',
      );
    }
  });

  it('gives the same key to read with each time: one for each account and consortium', async () => {
    const sealing = async (of: typeof domain) =>
      toHex((await walletSealing(walletSigner(provider(), account), account, of)).publicKey);
    const elsewhere = xinlianDomain({
      chainId: 1,
      verifyingContract: `0x${'c0'.repeat(20)}`,
      deployment: `0x${'d0'.repeat(32)}`,
    });
    expect(await sealing(domain)).to.equal(await sealing(domain));
    expect(await sealing(domain)).not.to.equal(await sealing(elsewhere));
    const key = await walletSealing(localAccount(SECRET), account, domain);
    expect(toHex(key.publicKey)).to.equal(await sealing(domain));
  });
});
