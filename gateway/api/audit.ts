import { Type, type Static } from 'typebox';
import { EntryProof, ENTRY_TEXT } from '../../node/core/bundle.ts';
import { define } from './endpoint.ts';
import { closed, LogIdText, MemberIdText, PositionText, Time } from './schemas.ts';

/** What public data alone answers. What needs openings is asked of the auditor's own process: they name enterprises. */
const TAG = 'Audit';

export const Publisher = Type.Object(
  {
    member: MemberIdText,
    name: Type.String(),
    roles: Type.Array(Type.String(), { description: 'As they were then' }),
    account: Type.String({ description: 'Account that its transactions came from' }),
    checkpointKey: Type.Optional(Type.String({ description: 'Ed25519, base64' })),
  },
  closed,
);
export type Publisher = Static<typeof Publisher>;

export const listPublishers = define({
  method: 'GET',
  path: '/v1/audit/publishers',
  tag: TAG,
  summary: 'Who could publish at the end of a block',
  description:
    'Every member that was active as a source then, by the chain as this gateway read it. `xinlian audit publishers` works it ' +
    'out from the blocks and believes nobody.',
  rate: 'normal',
  query: Type.Object(
    { block: Type.Optional(Type.Integer({ minimum: 0, description: 'Absent: the last final one' })) },
    closed,
  ),
  response: {
    kind: 'json',
    schema: Type.Object({ block: Type.Integer(), publishers: Type.Array(Publisher) }, closed),
  },
  problems: ['NOT_FOUND', 'CHAIN_STALE'],
});

export const getLogRange = define({
  method: 'GET',
  path: '/v1/logs/{log}/ranges/{from}/{to}',
  tag: TAG,
  summary: 'All entries between two positions, with what proves that none is missing',
  description:
    'At most 1,000, both ends included. The inclusion proofs of the first and the last, with all entries between them, give the ' +
    'root of the checkpoint (docs/protocol.md, section 3). The typed client checks it; this gateway made nothing of it.',
  rate: 'bulk',
  params: Type.Object({ log: LogIdText, from: PositionText, to: PositionText }, closed),
  response: {
    kind: 'json',
    schema: Type.Object(
      {
        log: LogIdText,
        from: Type.Integer({ minimum: 0 }),
        entries: Type.Array(ENTRY_TEXT, { minItems: 1, maxItems: 1_000 }),
        first: EntryProof,
        last: { ...EntryProof, description: 'Under the same checkpoint as `first`' },
      },
      closed,
    ),
  },
  problems: ['NOT_FOUND', 'CONFLICT', 'MALFORMED', 'UNREACHABLE', 'TIMEOUT'],
});

export const RecordVersionProof = Type.Object(
  {
    position: Type.Integer({ minimum: 0 }),
    kind: Type.String({ description: 'Kind of its entry: publish or supersede' }),
    item: Type.String(),
    edition: Type.String(),
    time: Time,
    state: Type.String({ description: 'live, superseded, annulled, repaired …' }),
    by: Type.Optional(Type.Integer({ description: 'Position of the entry that gave it this state' })),
    proof: EntryProof,
  },
  closed,
);
export type RecordVersionProof = Static<typeof RecordVersionProof>;

export const getLogHistory = define({
  method: 'GET',
  path: '/v1/logs/{log}/history/{position}',
  tag: TAG,
  summary: 'Every version of the record at a position, each with its proof',
  description:
    'The oldest first, found by what each entry refers to and by what its proven status names; at most 100. Nothing of what a ' +
    'record says is in it.',
  rate: 'bulk',
  params: Type.Object({ log: LogIdText, position: PositionText }, closed),
  response: {
    kind: 'json',
    schema: Type.Object({ log: LogIdText, versions: Type.Array(RecordVersionProof) }, closed),
  },
  problems: ['NOT_FOUND', 'CONFLICT', 'UNREACHABLE', 'TIMEOUT'],
});
