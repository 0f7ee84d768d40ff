// Why an engine did not take a transaction. JSON-RPC has no codes for it: each engine has words of its own.
import { XinlianError } from '../core/errors.ts';

export type Refusal = 'known' | 'nonce-used' | 'nonce-ahead' | 'replacement-underpriced' | 'underpriced';

// Words of geth, Besu, Nethermind, anvil and Hardhat, in the order in which they are tried.
const WORDS: [Refusal, RegExp][] = [
  ['known', /already known|known transaction|already imported|already in (?:the )?pool|alreadyknown/i],
  [
    'replacement-underpriced',
    /replacement transaction underpriced|replacement.*(?:underpriced|fee)|replacenotallowed/i,
  ],
  ['nonce-used', /nonce (?:is )?too low|nonce below|oldnonce|nonce (?:has )?already (?:been )?used/i],
  ['nonce-ahead', /nonce (?:is )?too (?:high|distant|far)|noncegap|too far in (?:the )?future/i],
  [
    'underpriced',
    /underpriced|less than (?:the )?block base fee|below.*(?:base|minimum)|(?:fee|price) too low|feetoolow/i,
  ],
];

/** @returns undefined for an error that is not about the transaction's place in the pool */
export function refusalOf(error: unknown): Refusal | undefined {
  if (!XinlianError.is(error, 'CHAIN_REFUSED')) return undefined;
  const { message } = error.details;
  return WORDS.find(([, words]) => words.test(message))?.[0];
}
