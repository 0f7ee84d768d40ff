import { Type, type Static } from 'typebox';
import { EntryProof } from '../../node/core/bundle.ts';
import { define } from './endpoint.ts';
import { closed, LogIdText, MemberIdText, PageQuery, pageOf, PositionText } from './schemas.ts';

const AnchoredView = Type.Object(
  {
    size: Type.Integer({ minimum: 1 }),
    root: Type.String({ description: 'base64' }),
    block: Type.Integer(),
    blockHash: Type.String(),
    transaction: Type.String(),
  },
  closed,
);

export const LogView = Type.Object(
  {
    log: LogIdText,
    owner: MemberIdText,
    scope: Type.String({ description: 'What the log is for: 32 bytes, hex' }),
    ordinal: Type.Integer(),
    registered: Type.Integer({ description: 'Block of its registration' }),
    closed: Type.Boolean(),
    successor: Type.Optional(LogIdText),
    head: Type.Optional(AnchoredView),
    final: Type.Optional(AnchoredView),
  },
  closed,
);
export type LogView = Static<typeof LogView>;

export const LogPage = pageOf(LogView);

export const listCheckpoints = define({
  method: 'GET',
  path: '/v1/checkpoints',
  tag: 'Consortium',
  summary: 'The anchored checkpoint of every log',
  rate: 'normal',
  query: Type.Object({ ...PageQuery, owner: Type.Optional(MemberIdText) }, closed),
  response: { kind: 'json', schema: LogPage },
  problems: ['CHAIN_STALE'],
});

export const getLogCheckpoint = define({
  method: 'GET',
  path: '/v1/logs/{log}/checkpoint',
  tag: 'Logs',
  summary: 'A log’s newest signed checkpoint (C2SP tlog-checkpoint)',
  description:
    'With the tiles below, a C2SP tlog-tiles log whose prefix is `/v1/logs/{log}`. Read from its owner’s node.',
  rate: 'bulk',
  params: Type.Object({ log: LogIdText }, closed),
  response: { kind: 'text', mediaType: 'text/plain; charset=utf-8' },
  problems: ['NOT_FOUND', 'UNREACHABLE', 'TIMEOUT'],
});

export const getLogTile = define({
  method: 'GET',
  path: '/v1/logs/{log}/tile/{tile+}',
  tag: 'Logs',
  summary: 'A tile of hashes, or a bundle of entries (C2SP tlog-tiles)',
  rate: 'bulk',
  params: Type.Object(
    { log: LogIdText, tile: Type.String({ maxLength: 64, description: 'For example 0/x001/234 or entries/003.p/17' }) },
    closed,
  ),
  response: { kind: 'bytes', mediaTypes: ['application/octet-stream'] },
  problems: ['NOT_FOUND', 'MALFORMED', 'UNREACHABLE', 'TIMEOUT'],
});

export const getEntryProof = define({
  method: 'GET',
  path: '/v1/logs/{log}/proofs/{position}',
  tag: 'Logs',
  summary: 'The proof of an entry: what makes a pending bundle final',
  description:
    'Everything of a proof bundle but its content: inclusion, status, checkpoint, anchor, and who cosigned. All of it is public; ' +
    'the log’s owner makes it.',
  rate: 'bulk',
  params: Type.Object({ log: LogIdText, position: PositionText }, closed),
  response: { kind: 'json', schema: EntryProof },
  problems: ['NOT_FOUND', 'CONFLICT', 'UNREACHABLE', 'TIMEOUT'],
});
