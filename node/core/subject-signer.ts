// Who signs in an enterprise's name: an account whose key is at hand, or a wallet, which shows its holder what is signed.
import { fromHex, type Hex } from './bytes.ts';
import { typedDataDigest, type TypedDataDomain, type TypedDataTypes } from './typed-data.ts';

/** EIP-712 data, as a wallet shows it. */
export interface TypedData {
  domain: TypedDataDomain;
  types: TypedDataTypes;
  message: Record<string, unknown>;
}

/** Signs digests as they are. */
interface DigestSigner {
  sign(digest: Uint8Array): Promise<Hex>;
}

/** Signs nothing that it cannot show. */
export interface TypedDataSigner {
  signTyped(data: TypedData): Promise<Hex>;
}

/** An account of the enterprise. Signatures are 65 bytes, v 27 or 28, s in the lower half. */
export type SubjectSigner = DigestSigner | TypedDataSigner;

/** Throws what the signer fails with. */
export function signAsSubject(signer: SubjectSigner, data: TypedData): Promise<Hex> {
  if ('signTyped' in signer) return signer.signTyped(data);
  return signer.sign(fromHex(typedDataDigest(data.domain, data.types, data.message), 32));
}
