// Records in an answer: each with its proof, under one checkpoint that all of them share.
import { Type, type Static } from 'typebox';
import { ENTRY_TEXT, HASHES, LARGEST_POSITION, STATUS_BITMAP } from './bundle.ts';
import { MOST_CLAIMS } from './disclosure.ts';

const closed = { additionalProperties: false };

/** The checkpoint, with what is proved once for all records under it. */
export const AnchoredPart = Type.Object(
  {
    checkpoint: Type.String({ description: 'C2SP signed note with one signature' }),
    key: Type.String({ description: 'Checkpoint key, Ed25519, base64url' }),
    status: Type.Object({ entry: ENTRY_TEXT, inclusion: HASHES }, { ...closed, description: 'Its status entry' }),
    anchored: Type.Optional(
      Type.Object(
        { size: Type.Integer({ minimum: 1 }), root: Type.String(), consistency: HASHES },
        { ...closed, description: 'Last anchored checkpoint, and the proof that this one extends it' },
      ),
    ),
  },
  closed,
);
export type AnchoredPart = Static<typeof AnchoredPart>;

export const AnswerStatus = Type.Object(
  {
    value: Type.Optional(Type.String({ description: 'RFC 8785 form of the status; absent: live' })),
    bitmap: STATUS_BITMAP,
    siblings: HASHES,
  },
  closed,
);
export type AnswerStatus = Static<typeof AnswerStatus>;

export const RecordPart = Type.Object(
  {
    record: Type.String(),
    version: Type.Integer({ minimum: 1 }),
    payload: Type.String({ description: "RFC 8785 form of the record's payload" }),
    disclosures: Type.Array(Type.String({ pattern: '^[A-Za-z0-9_-]+$' }), { maxItems: MOST_CLAIMS }),
    entry: ENTRY_TEXT,
    position: Type.Integer({ minimum: 0, maximum: LARGEST_POSITION }),
    inclusion: HASHES,
    status: AnswerStatus,
  },
  closed,
);
export type RecordPart = Static<typeof RecordPart>;
