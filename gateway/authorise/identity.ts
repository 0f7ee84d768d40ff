// In whose name the page acts: a wallet that was put into it, or a key file with its passphrase.
import { scryptAsync } from '@noble/hashes/scrypt.js';
import { newAgreement } from '#agreement';
import { localAccount } from '../../node/core/account.ts';
import type { Hex } from '../../node/core/bytes.ts';
import { malformed } from '../../node/core/errors.ts';
import type { Agreement } from '../../node/core/jwe.ts';
import { unsealKeys } from '../../node/core/key-file.ts';
import type { SubjectSigner } from '../../node/core/subject-signer.ts';
import type { TypedDataDomain } from '../../node/core/typed-data.ts';
import { walletAccount, walletSealing, walletSigner, type WalletProvider } from '../../node/core/wallet.ts';

/** An account, and the key that it reads with: made when it is first wanted, since a wallet asks its holder. */
export interface Identity {
  /** Lower-case address. */
  account: Hex;
  signer: SubjectSigner;
  sealing: () => Promise<Agreement & { readonly publicKey: Uint8Array }>;
}

const KEY_LENGTH = 32;

/** @throws MALFORMED, KEY_UNAVAILABLE */
export async function keyFileIdentity(text: string, passphrase: string): Promise<Identity> {
  const secrets = await unsealKeys(text, passphrase, (typed, salt, cost) =>
    scryptAsync(typed, salt, { ...cost, dkLen: KEY_LENGTH }),
  );
  const [transaction, sealing] = ['transaction', 'sealing'].map(
    (name) => secrets.get(name) ?? malformed('key file', `the key ${name}`, 'none'),
  ) as [Uint8Array, Uint8Array];
  const signer = localAccount(transaction);
  const agreement = newAgreement(sealing);
  return { account: signer.address.toLowerCase() as Hex, signer, sealing: () => Promise.resolve(agreement) };
}

/** @throws KEY_UNAVAILABLE */
export async function walletIdentity(provider: WalletProvider, domain: TypedDataDomain): Promise<Identity> {
  const account = await walletAccount(provider);
  const signer = walletSigner(provider, account);
  let sealing: ReturnType<typeof walletSealing> | undefined;
  return {
    account,
    signer,
    sealing: async () => {
      sealing ??= walletSealing(signer, account, domain);
      try {
        return await sealing;
      } catch (error) {
        // The holder may agree the next time.
        sealing = undefined;
        throw error;
      }
    },
  };
}

interface Announced {
  info: { name: string };
  provider: WalletProvider;
}

/** Wallets in this page, by name: those that announce themselves (EIP-6963), else the one in `window.ethereum`. */
export function watchWallets(found: (wallets: readonly Announced[]) => void): void {
  const announced = new Map<WalletProvider, Announced>();
  window.addEventListener('eip6963:announceProvider', (event) => {
    const { detail } = event as CustomEvent<Announced>;
    announced.set(detail.provider, detail);
    found([...announced.values()]);
  });
  window.dispatchEvent(new Event('eip6963:requestProvider'));
  const { ethereum } = window as { ethereum?: WalletProvider };
  if (announced.size === 0) found(ethereum ? [{ info: { name: 'window.ethereum' }, provider: ethereum }] : []);
}
