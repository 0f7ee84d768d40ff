import { Type, type Static } from 'typebox';
import { define } from './endpoint.ts';
import { MAX_BUNDLE_BYTES } from './limits.ts';
import { closed, LogIdText, MemberIdText, Time } from './schemas.ts';

export const Verification = Type.Object(
  {
    ok: Type.Boolean({ description: 'Every link that the bundle has holds' }),
    pending: Type.Boolean({ description: 'It holds, but is not anchored yet' }),
    checks: Type.Array(
      Type.Object(
        { link: Type.String({ description: 'In the order of checking' }), ok: Type.Boolean(), detail: Type.String() },
        closed,
      ),
    ),
    trusted: Type.Array(Type.String(), { description: 'What could not be proved, and had to be trusted' }),
    record: Type.Optional(
      Type.Object(
        {
          item: Type.String(),
          edition: Type.String(),
          kind: Type.String({ description: 'Kind of its log entry' }),
          position: Type.Integer({ minimum: 0 }),
          time: Time,
          status: Type.String({ description: 'live, superseded, annulled … under this checkpoint' }),
          supersededBy: Type.Optional(Type.Integer({ description: 'Position of the entry that does' })),
          claims: Type.Record(Type.String(), Type.Unknown(), { description: 'Disclosed claims by name' }),
          undisclosed: Type.Array(Type.String(), { description: 'Names of the others' }),
        },
        closed,
      ),
    ),
    state: Type.Optional(
      Type.Union([Type.Literal('pending'), Type.Literal('anchored'), Type.Literal('final')], {
        description: 'final: this gateway knows the anchoring block to be final; absent where a link is broken',
      }),
    ),
    access: Type.Optional(
      Type.Object(
        {
          opening: Type.Unknown({ description: 'Of a receipt, or of the note of a query' }),
          position: Type.Integer({ minimum: 0 }),
          status: Type.String(),
          supersededBy: Type.Optional(Type.Integer()),
        },
        closed,
      ),
    ),
    checkpoint: Type.Optional(
      Type.Object(
        {
          log: LogIdText,
          member: MemberIdText,
          size: Type.Integer({ minimum: 1 }),
          root: Type.String({ description: 'base64' }),
        },
        closed,
      ),
    ),
    anchor: Type.Optional(
      Type.Object(
        {
          chainId: Type.Integer(),
          logAnchor: Type.String(),
          block: Type.Integer(),
          blockHash: Type.String(),
          time: Time,
          confirmed: Type.Boolean({ description: 'Whether this gateway knows the block to be final' }),
        },
        closed,
      ),
    ),
  },
  { ...closed, description: 'What was checked of a proof bundle' },
);
export type Verification = Static<typeof Verification>;

export const verifyBundle = define({
  method: 'POST',
  path: '/v1/verify',
  tag: 'Verification',
  summary: 'Check a proof bundle against the chain as this gateway sees it',
  description: 'The same check runs offline in `xinlian verify`; nobody has to trust this answer.',
  rate: 'normal',
  idempotency: { kind: 'natural', natural: 'it only reads' },
  request: {
    kind: 'json',
    schema: Type.Object(
      {},
      {
        additionalProperties: true,
        description:
          'A proof bundle (docs/protocol.md, section 4); or `{"type": "c2sp.org/tlog-proof@v1", "proof": …}` with the text of one',
      },
    ),
    maxBytes: MAX_BUNDLE_BYTES,
  },
  response: { kind: 'json', schema: Verification },
  problems: ['TOO_LARGE'],
});
