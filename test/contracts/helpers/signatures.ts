// Signatures in the compact form of EIP-2098, as the contracts take them.
import { Signature, ZeroHash } from 'ethers';
import type { CompactSignature } from './contract-types.ts';

/** Where nobody signs. */
export const NONE: CompactSignature = { r: ZeroHash, vs: ZeroHash };

/** @param signature as ethers makes it, or 65 bytes in hex */
export function compact(signature: Signature | string): CompactSignature {
  const { r, yParityAndS: vs } = Signature.from(signature);
  return { r, vs };
}

/** What is nobody's signature, made of one that is somebody's, with what is wrong with it. */
export function spoiled({ r, vs }: CompactSignature): [why: string, signature: CompactSignature][] {
  return [
    ['none', NONE],
    ['s in the upper half', { r, vs: `0x7f${'ff'.repeat(31)}` }],
    ['s of zero', { r, vs: ZeroHash }],
    ['r of zero', { r: ZeroHash, vs }],
    ['no point', { r: `0x${'ff'.repeat(32)}`, vs }],
  ];
}
