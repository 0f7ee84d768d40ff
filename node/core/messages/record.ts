// What a node tells of a record: its state, why it is not final yet, and its proofs.
import { Type, type Static } from 'typebox';
import { codec } from './codec.ts';

const closed = { additionalProperties: false };

/** accepted: durable at home, with a position. logged: under a signed checkpoint. anchored: on the chain. final: for good. */
export const RecordState = Type.Union([
  Type.Literal('accepted'),
  Type.Literal('logged'),
  Type.Literal('anchored'),
  Type.Literal('final'),
]);
export type RecordState = Static<typeof RecordState>;

export const RecordVersion = Type.Object(
  {
    version: Type.Integer({ minimum: 1 }),
    kind: Type.String({ description: 'Kind of its log entry: publish or supersede' }),
    position: Type.Integer({ minimum: 0 }),
    time: Type.Integer({ description: 'Seconds since 1970: when the agency took it in' }),
    state: RecordState,
    status: Type.String({ description: 'live, superseded, annulled …' }),
  },
  closed,
);
export type RecordVersion = Static<typeof RecordVersion>;

export const RecordStatus = Type.Object(
  {
    record: Type.String(),
    item: Type.String(),
    edition: Type.String(),
    class: Type.String(),
    log: Type.String(),
    state: RecordState,
    why: Type.String({ description: 'Why it is not final yet, and what it waits for; in plain words' }),
    versions: Type.Array(RecordVersion),
    checkpoint: Type.Optional(
      Type.Object({ size: Type.Integer(), root: Type.String({ description: 'base64' }) }, closed),
    ),
    anchor: Type.Optional(
      Type.Object(
        {
          size: Type.Integer(),
          block: Type.Integer(),
          transaction: Type.String(),
          confirmations: Type.Integer(),
          final: Type.Boolean({ description: 'Whether that block is final' }),
        },
        closed,
      ),
    ),
  },
  closed,
);
export type RecordStatus = Static<typeof RecordStatus>;

export const RecordRef = Type.Object(
  { record: Type.String({ pattern: '^[A-Za-z0-9_-]{22}$' }), version: Type.Optional(Type.Integer({ minimum: 1 })) },
  closed,
);
export type RecordRef = Static<typeof RecordRef>;

/** `claims`: names to disclose; absent: all. */
export const BundleRequest = Type.Object(
  {
    record: Type.String({ pattern: '^[A-Za-z0-9_-]{22}$' }),
    version: Type.Optional(Type.Integer({ minimum: 1 })),
    claims: Type.Optional(Type.Array(Type.String())),
    format: Type.Optional(Type.Literal('tlog-proof', { description: 'As C2SP tlog-proof, text; absent: a bundle' })),
  },
  closed,
);
export type BundleRequest = Static<typeof BundleRequest>;

export const recordRef = codec('record reference', RecordRef);
export const recordStatus = codec('record status', RecordStatus);
export const bundleRequest = codec('bundle request', BundleRequest);
