// The council on the wire: what is proposed, in words that a person can check before voting.
import { Type, type Static } from 'typebox';
import { fromBase64Url, toBase64Url, type Hex } from '../bytes.ts';
import { KEY_KINDS, ROLES, type KeyKind } from '../consortium.ts';
import type { CouncilCall } from '../council.ts';
import { parseMemberId } from '../ids.ts';
import { codec } from './codec.ts';

const closed = { additionalProperties: false };
const MemberText = Type.String({ pattern: '^0x[0-9a-f]{64}$', description: 'Member id' });
const Account = Type.String({ pattern: '^0x[0-9a-fA-F]{40}$', description: 'Account: 0x and 40 hex digits' });
const Reason = Type.String({
  pattern: '^0x[0-9a-f]{64}$',
  description: 'SHA-256 of the document that says why; the chain is shown no words',
});
const RoleTexts = Type.Array(Type.Enum([...ROLES]), { minItems: 1 });
const Ed25519Text = Type.String({ pattern: '^[A-Za-z0-9_-]{43}$', description: 'Ed25519, base64url' });

export const AdmissionText = Type.Object(
  {
    name: Type.String({ minLength: 1, maxLength: 200, description: 'Legal name' }),
    uscc: Type.String({ minLength: 18, maxLength: 18 }),
    region: Type.String({ pattern: '^[0-9]{6}$', description: 'GB/T 2260' }),
    roles: RoleTexts,
    transaction: Account,
    keys: Type.Object(
      {
        checkpoint: Ed25519Text,
        sealing: Type.Optional(
          Type.String({ pattern: '^[A-Za-z0-9_-]{44}$', description: 'P-256, compressed, base64url' }),
        ),
        nodePeer: Type.Optional(Ed25519Text),
        gatewayPeer: Type.Optional(Ed25519Text),
        client: Type.Optional(Ed25519Text),
      },
      { ...closed, description: 'Absent where the member has no use for it' },
    ),
    endpoints: Type.String({ maxLength: 4096, description: 'JSON, as the chain keeps it: `log`, `node`, `gateway`' }),
  },
  { ...closed, description: 'Who is to be admitted' },
);
export type AdmissionText = Static<typeof AdmissionText>;

export const CouncilCallText = Type.Union([
  Type.Object({ call: Type.Literal('admit'), admission: AdmissionText }, closed),
  Type.Object({ call: Type.Literal('suspend'), member: MemberText, reason: Reason }, closed),
  Type.Object({ call: Type.Literal('remove'), member: MemberText, reason: Reason }, closed),
  Type.Object({ call: Type.Literal('resume'), member: MemberText }, closed),
  Type.Object({ call: Type.Literal('setRoles'), member: MemberText, roles: RoleTexts }, closed),
  Type.Object({ call: Type.Literal('setThreshold'), threshold: Type.Integer({ minimum: 1, maximum: 65_535 }) }, closed),
  Type.Object({ call: Type.Literal('resetTransactionKey'), member: MemberText, current: Account }, closed),
]);
export type CouncilCallText = Static<typeof CouncilCallText>;

export const ProposalIdText = Type.String({ pattern: '^0x[0-9a-f]{64}$', description: 'Proposal id' });

export const CouncilVote = Type.Object(
  {
    proposal: ProposalIdText,
    vote: Type.Enum(['approve', 'withdraw']),
    call: Type.Optional({
      ...CouncilCallText,
      description: 'Wanted to approve: what the voter was shown. The node refuses where the proposal says another',
    }),
  },
  closed,
);
export type CouncilVote = Static<typeof CouncilVote>;

/** What became of a proposal or a vote. */
export const CouncilOutcome = Type.Object(
  {
    proposal: ProposalIdText,
    block: Type.Optional(Type.Integer({ description: 'Block that took it; absent where nothing was to be sent' })),
    executed: Type.Boolean({ description: 'Whether this vote was the last one wanted, and the call ran' }),
  },
  closed,
);
export type CouncilOutcome = Static<typeof CouncilOutcome>;

export const councilCall = codec('council call', CouncilCallText);
export const councilVote = codec('council vote', CouncilVote);
export const councilOutcome = codec('council outcome', CouncilOutcome);

const KEY_LENGTHS: Record<KeyKind, number> = { checkpoint: 32, sealing: 33, nodePeer: 32, gatewayPeer: 32, client: 32 };

/** Throws `MALFORMED`. */
export function callOf(text: CouncilCallText): CouncilCall {
  switch (text.call) {
    case 'admit': {
      const { keys, transaction, ...rest } = text.admission;
      const key = (kind: KeyKind): Uint8Array => {
        const own = keys[kind];
        return own === undefined ? new Uint8Array() : fromBase64Url(own, KEY_LENGTHS[kind]);
      };
      const byKind = Object.fromEntries(KEY_KINDS.map((kind) => [kind, key(kind)])) as Record<KeyKind, Uint8Array>;
      return { call: 'admit', admission: { ...rest, transaction: transaction.toLowerCase() as Hex, keys: byKind } };
    }
    case 'suspend':
    case 'remove':
      return { call: text.call, member: parseMemberId(text.member), reason: text.reason as Hex };
    case 'resume':
      return { call: 'resume', member: parseMemberId(text.member) };
    case 'setRoles':
      return { call: 'setRoles', member: parseMemberId(text.member), roles: text.roles };
    case 'setThreshold':
      return text;
    case 'resetTransactionKey':
      return {
        call: 'resetTransactionKey',
        member: parseMemberId(text.member),
        current: text.current.toLowerCase() as Hex,
      };
  }
}

export function textOf(call: CouncilCall): CouncilCallText {
  if (call.call === 'setRoles') return { ...call, roles: [...call.roles] };
  if (call.call !== 'admit') return call;
  const { keys, ...rest } = call.admission;
  const { checkpoint, ...others } = keys;
  const used = Object.entries(others).filter(([, key]) => key.length > 0);
  return {
    call: 'admit',
    admission: {
      ...rest,
      keys: {
        checkpoint: toBase64Url(checkpoint),
        ...Object.fromEntries(used.map(([kind, key]) => [kind, toBase64Url(key)])),
      },
    },
  };
}
