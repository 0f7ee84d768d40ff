// A browser wallet (EIP-1193) as the account of an enterprise: its holder reads there what is signed (EIP-712). And the key
// that an enterprise without a key file reads with, drawn from the wallet. docs/protocol.md, section 9.
import { p256 } from '@noble/curves/nist.js';
import { TypedDataEncoder } from 'ethers/hash';
import { newAgreement } from '#agreement';
import { hkdfExpand } from '#hkdf';
import { sha256 } from '#sha256';
import { recoverSigner } from './account.ts';
import type { LocalAgreement } from './agreement.ts';
import { concat, fromHex, toHex, utf8, type Hex } from './bytes.ts';
import { malformed, XinlianError } from './errors.ts';
import { signAsSubject, type SubjectSigner, type TypedDataSigner } from './subject-signer.ts';
import { typedDataDigest, type TypedDataDomain, type TypedDataTypes } from './typed-data.ts';

/** What wallets put into a page, as far as it is used. */
export interface WalletProvider {
  request(call: { method: string; params?: readonly unknown[] }): Promise<unknown>;
}

/**
 * Asks the wallet's holder for an account.
 * @returns lower-case address
 * @throws KEY_UNAVAILABLE
 */
export async function walletAccount(provider: WalletProvider): Promise<Hex> {
  const accounts = await ask(provider, { method: 'eth_requestAccounts' });
  const [first] = Array.isArray(accounts) ? (accounts as unknown[]) : [];
  if (typeof first !== 'string' || !/^0x[0-9a-fA-F]{40}$/.test(first))
    throw new XinlianError('KEY_UNAVAILABLE', { key: 'wallet', reason: 'it gave no account' });
  return first.toLowerCase() as Hex;
}

/**
 * What the wallet signs is checked: a wallet may by now speak for another account.
 * @param account as `walletAccount` gave it
 * @throws from `signTyped`: KEY_UNAVAILABLE where the holder or the wallet refuses, SIGNATURE_INVALID
 */
export function walletSigner(provider: WalletProvider, account: Hex): TypedDataSigner {
  return {
    async signTyped({ domain, types, message }) {
      const payload = JSON.stringify(TypedDataEncoder.getPayload(domain, types, message));
      const given = await ask(provider, { method: 'eth_signTypedData_v4', params: [account, payload] });
      const signature = canonical(given);
      const signer = recoverSigner(typedDataDigest(domain, types, message), signature, 'what the wallet signed');
      if (signer !== account) throw new XinlianError('SIGNATURE_INVALID', { what: 'typed data', key: account });
      return signature;
    },
  };
}

/** Some wallets write v as 0 or 1. */
function canonical(given: unknown): Hex {
  if (typeof given !== 'string' || !/^0x[0-9a-fA-F]{130}$/.test(given))
    return malformed('signature of the wallet', '65 bytes in hex', given);
  const bytes = fromHex(given.toLowerCase(), 65);
  const v = bytes[64] ?? 0;
  if (v < 2) bytes[64] = v + 27;
  return toHex(bytes);
}

async function ask(provider: WalletProvider, call: Parameters<WalletProvider['request']>[0]): Promise<unknown> {
  try {
    return await provider.request(call);
  } catch (cause) {
    // EIP-1193 errors need not be instances of Error.
    const { message } = (typeof cause === 'object' ? (cause ?? {}) : {}) as { message?: unknown };
    const reason = typeof message === 'string' ? message.slice(0, 200) : 'it refused';
    throw new XinlianError('KEY_UNAVAILABLE', { key: 'wallet', reason }, { cause });
  }
}

const SUBJECT_SEAL_TYPES = {
  SubjectSeal: [
    { name: 'account', type: 'address' },
    { name: 'purpose', type: 'string' },
  ],
} satisfies TypedDataTypes;

/** Words of what is signed: whoever has the signature reads what is sealed to the enterprise. */
const PURPOSE =
  '仅在信链授权页面签署:用于读取发给本企业的授权申请与查询记录。Sign this on the authorisation page of Xinlian alone: it reads what is sealed to your enterprise.';

/** FIPS 186-5, A.2.1: 128 bits more than the order, so that reducing them leaves no bias. */
const MATERIAL_BYTES = 48;

/**
 * The key that answers to a wallet's enterprise are sealed to. The same each time for a wallet that signs by RFC 6979, as
 * all common ones do.
 * @param account lower-case address @param domain of the GrantRegistry
 * @throws what the signer fails with
 */
export async function walletSealing(
  signer: SubjectSigner,
  account: Hex,
  domain: TypedDataDomain,
): Promise<LocalAgreement> {
  const data = { domain, types: SUBJECT_SEAL_TYPES, message: { account, purpose: PURPOSE } };
  const signature = fromHex(await signAsSubject(signer, data), 65).subarray(0, 64);
  const key = sha256(concat(utf8('xinlian/subject-seal/v1'), signature));
  return newAgreement(p256.utils.randomSecretKey(hkdfExpand(key, 'sealing', MATERIAL_BYTES)));
}
