// Who looked at an enterprise: its receipts in one provider's log, each with its proof.
import { Type, type Static } from 'typebox';
import { ENTRY_TEXT, HASHES } from '../bundle.ts';
import { Receipt } from '../receipt.ts';
import { codec } from './codec.ts';

const closed = { additionalProperties: false };

export const HistoryRequest = Type.Object(
  { after: Type.Optional(Type.Integer({ minimum: 0, description: '`next` of the page before' })) },
  closed,
);

export const HistoryPage = Type.Object(
  {
    provider: Type.String(),
    log: Type.String(),
    checkpoint: Type.String({ description: 'C2SP signed note; empty before the first' }),
    key: Type.String({ description: 'Checkpoint key, Ed25519, base64url' }),
    receipts: Type.Array(
      Type.Object(
        {
          position: Type.Integer({ minimum: 0 }),
          opening: Receipt,
          entry: ENTRY_TEXT,
          inclusion: Type.Optional(HASHES),
        },
        closed,
      ),
    ),
    next: Type.Optional(Type.Integer()),
  },
  closed,
);
export type HistoryPage = Static<typeof HistoryPage>;

export const historyRequest = codec('history request', HistoryRequest);
export const historyPage = codec('history', HistoryPage);
