// How an enterprise speaks to a member's node, over any gateway: a call that its certified key signs, sealed to the node;
// the answer is sealed to the enterprise's own key. docs/protocol.md, section 9.
import { Type, type Static } from 'typebox';
import { sha256 } from '#sha256';
import { fromUtf8, toHex, utf8, type Hex } from './bytes.ts';
import { canonicalize, parseCanonical } from './canonical.ts';
import { recoverSigner } from './account.ts';
import { XinlianError } from './errors.ts';
import { openJwe, type Agreement } from './jwe.ts';
import { codec } from './messages/codec.ts';
import type { TypedData } from './subject-signer.ts';
import { typedDataDigest, type TypedDataDomain, type TypedDataTypes } from './typed-data.ts';

const closed = { additionalProperties: false };

/** How old a call may be, in seconds. What it asks for can be repeated without harm. */
export const SUBJECT_CALL_SECONDS = 300;

/** What an enterprise may ask of a node. */
export const SUBJECT_METHODS = ['history', 'requests', 'decide', 'records', 'cases', 'act', 'report'] as const;
export type SubjectMethod = (typeof SUBJECT_METHODS)[number];

export const SubjectCall = Type.Object(
  {
    aud: Type.String({ pattern: '^0x[0-9a-f]{64}$', description: 'Member whose node is called' }),
    iat: Type.Integer({ minimum: 0 }),
    method: Type.Enum([...SUBJECT_METHODS]),
    argument: Type.Unknown(),
  },
  closed,
);
export type SubjectCall = Static<typeof SubjectCall>;

export const SignedSubjectCall = Type.Object(
  {
    certificate: Type.String({ maxLength: 8192 }),
    call: Type.String({ description: 'RFC 8785 form of the call' }),
    signature: Type.String({ pattern: '^0x[0-9a-f]{130}$', description: 'EIP-712 SubjectCall, by the certified key' }),
  },
  closed,
);
export type SignedSubjectCall = Static<typeof SignedSubjectCall>;

export const signedSubjectCall = codec('subject call', SignedSubjectCall);
const callCodec = codec('subject call', SubjectCall);

const SUBJECT_CALL_TYPES = {
  SubjectCall: [
    { name: 'member', type: 'bytes32' },
    { name: 'call', type: 'bytes32' },
  ],
} satisfies TypedDataTypes;

/** What the enterprise signs of a call. @param domain that of the GrantRegistry */
export function subjectCallData(domain: TypedDataDomain, aud: string, call: string): TypedData {
  return { domain, types: SUBJECT_CALL_TYPES, message: { member: aud, call: toHex(sha256(utf8(call))) } };
}

/** Reads an answer that was sealed to the enterprise. @throws SIGNATURE_INVALID, MALFORMED */
export async function openSubjectAnswer(sealed: string, sealing: Agreement): Promise<unknown> {
  const text = fromUtf8((await openJwe(sealed, sealing)).plaintext);
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new XinlianError('MALFORMED', { what: 'answer', wanted: 'JSON', got: text.slice(0, 120) }, { cause });
  }
}

export function subjectCallDigest(domain: TypedDataDomain, aud: string, text: string): Hex {
  const { types, message } = subjectCallData(domain, aud, text);
  return typedDataDigest(domain, types, message);
}

export function encodeSubjectCall(call: SubjectCall): string {
  return canonicalize(call as Parameters<typeof canonicalize>[0]);
}

/**
 * Reads a call and who signed it.
 * @returns the call, and the account, which the certificate must name
 * @throws MALFORMED, SIGNATURE_INVALID
 */
export function readSubjectCall(
  { call: text, signature }: SignedSubjectCall,
  domain: TypedDataDomain,
): { call: SubjectCall; account: Hex } {
  const call = callCodec.check(parseCanonical(text));
  return { call, account: recoverSigner(subjectCallDigest(domain, call.aud, text), signature, 'subject call') };
}
