import { Type, type Static } from 'typebox';
import { define } from './endpoint.ts';
import { MAX_BUNDLE_BYTES } from './limits.ts';
import { closed } from './schemas.ts';

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
          claims: Type.Record(Type.String(), Type.Unknown(), { description: 'Disclosed claims by name' }),
          undisclosed: Type.Array(Type.String(), { description: 'Names of the others' }),
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
  request: {
    kind: 'json',
    schema: Type.Object(
      {},
      { additionalProperties: true, description: 'A proof bundle (docs/protocol.md, section 4)' },
    ),
    maxBytes: MAX_BUNDLE_BYTES,
  },
  response: { kind: 'json', schema: Verification },
  problems: ['TOO_LARGE'],
});
