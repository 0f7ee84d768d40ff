// The enterprise's side of a grant: makes the artefact, consents to it, registers and withdraws it. Needs no wallet: the
// grant key is drawn here, and the consent is any account's that a certificate names.
import { localAccount, newAccountSecret } from './account.ts';
import { fromBase64Url, fromHex, toBase64Url, toHex, type Hex } from './bytes.ts';
import type { GrantTerms } from './consortium.ts';
import { consentData, encodeArtefact, parseArtefact, type GrantCore, type GrantDocument } from './grant.ts';
import type { WantedGrant } from './grant-request.ts';
import { grantHashOf, type GrantHash } from './ids.ts';
import { termsOf, type GrantConsumption, type GrantRegistration, type GrantWithdrawal } from './messages/grant.ts';
import { signAsSubject, type SubjectSigner } from './subject-signer.ts';
import {
  GRANT_CONSUMPTION_TYPES,
  GRANT_REGISTRATION_TYPES,
  GRANT_WITHDRAWAL_TYPES,
  typedDataDigest,
  type TypedDataDomain,
} from './typed-data.ts';

/** How long a registration may be on its way to the chain, in seconds. */
const REGISTER_WITHIN = 3_600;

/** A grant before it is signed: its words are for its signer to read. */
export interface DraftGrant {
  /** RFC 8785 form of the artefact. */
  artefact: string;
  /** What is signed, in plain words. */
  text: string;
  terms: GrantTerms;
  hash: GrantHash;
  /** Secret of the grant key: its holder, and no one else, registers and withdraws. 32 bytes. */
  key: Uint8Array;
}

/**
 * @param wanted what is granted; as it was asked for, or narrower
 * @param describe the words, by the rules of the edition (`GrantRules.describe`)
 * @throws MALFORMED
 */
export function draftGrant(
  wanted: WantedGrant,
  withdrawal: string,
  describe: (grant: GrantCore) => string,
  key: Uint8Array = newAccountSecret(),
): DraftGrant {
  const core: GrantCore = {
    type: 'xinlian/grant/v1',
    suite: 'intl-1',
    salt: toBase64Url(crypto.getRandomValues(new Uint8Array(32))),
    ...wanted,
    onward: false,
    withdrawal,
    key: localAccount(key).address.toLowerCase(),
  };
  const text = describe(core);
  const artefact = encodeArtefact({ ...core, text });
  const { terms } = parseArtefact(artefact);
  return { artefact, text, terms, hash: grantHashOf(terms), key };
}

/** Consents to a draft. @param signer the account that the certificate names @param domain of the GrantRegistry */
export async function consentTo(
  { artefact }: DraftGrant,
  signer: SubjectSigner,
  certificate: string,
  domain: TypedDataDomain,
): Promise<GrantDocument> {
  return { artefact, consent: await signAsSubject(signer, consentData(domain, parseArtefact(artefact))), certificate };
}

/** What anyone may bring to the chain, to register the grant. */
export async function signRegistration(
  { terms, hash, key }: Pick<DraftGrant, 'terms' | 'hash' | 'key'>,
  domain: TypedDataDomain,
  nowSeconds: number,
): Promise<GrantRegistration> {
  const deadline = nowSeconds + REGISTER_WITHIN;
  const digest = typedDataDigest(domain, GRANT_REGISTRATION_TYPES, { grant: hash, deadline });
  return { terms, deadline, signature: await sign(key, digest) };
}

/** What anyone may bring to the chain and to providers, to end the grant; it also bars one that is not registered yet. */
export async function signWithdrawal(
  { terms, hash, key }: Pick<DraftGrant, 'terms' | 'hash' | 'key'>,
  domain: TypedDataDomain,
): Promise<GrantWithdrawal> {
  const digest = typedDataDigest(domain, GRANT_WITHDRAWAL_TYPES, { grant: hash });
  return { terms, signature: await sign(key, digest) };
}

/** How long the chain may take to a signed consumption. */
const CONSUME_WITHIN = 900;

/** What anyone may bring to the chain, to use a grant for one query. @param account the grantee's transaction key */
export async function signConsumption(
  { terms, query }: Pick<GrantConsumption, 'terms' | 'query'>,
  account: { sign(digest: Uint8Array): Promise<Hex> },
  domain: TypedDataDomain,
  nowSeconds: number,
): Promise<GrantConsumption> {
  const deadline = nowSeconds + CONSUME_WITHIN;
  const message = { grant: grantHashOf(termsOf(terms)), queryId: toHex(fromBase64Url(query, 32)), deadline };
  const digest = typedDataDigest(domain, GRANT_CONSUMPTION_TYPES, message);
  return { terms, query, deadline, signature: await account.sign(fromHex(digest, 32)) };
}

function sign(key: Uint8Array, digest: Hex): Promise<Hex> {
  return localAccount(key).sign(fromHex(digest, 32));
}

/** A fresh query id: 32 random bytes, base64url, and as the chain has it. */
export function newQueryId(): { id: string; hex: Hex } {
  const bytes = crypto.getRandomValues(new Uint8Array(32));
  return { id: toBase64Url(bytes), hex: toHex(bytes) };
}
