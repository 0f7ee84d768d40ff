// White lists that agencies sent to a bank, as they lie in its own node.
import { Type, type Static } from 'typebox';
import { ReceivedEntry as WireEntry, ReceivedList as WireList } from '../../node/core/messages/white-list.ts';
import { WhiteListIdText } from '../../node/core/white-list.ts';
import { define } from './endpoint.ts';
import { DEFAULT_PAGE } from './limits.ts';
import { closed, MemberIdText, Time } from './schemas.ts';

const OWN = ' At your own gateway: another refuses (FORBIDDEN), and carries the same call sealed.';

export const WhiteListView = Type.Object({ ...WireList.properties, updated: Time }, closed);
export type WhiteListView = Static<typeof WhiteListView>;

export const WhiteListEntry = Type.Object(
  { ...WireEntry.properties, time: { ...Time, description: 'When your node took it' } },
  closed,
);
export type WhiteListEntry = Static<typeof WhiteListEntry>;

export const listWhiteLists = define({
  method: 'GET',
  path: '/v1/whitelists',
  tag: 'Events',
  summary: 'White lists of enterprises that agencies sent you',
  description:
    'Agencies name enterprises to you, each under its own grant to you (docs/protocol.md, section 14). What comes is among ' +
    `your events too; here is how each list stands. 收到的企业白名单。${OWN}`,
  scope: 'events',
  rate: 'normal',
  response: { kind: 'json', schema: Type.Object({ items: Type.Array(WhiteListView) }, closed) },
  problems: ['UNREACHABLE', 'TIMEOUT'],
});

export const listWhiteListEntries = define({
  method: 'GET',
  path: '/v1/whitelists/{list}/entries',
  tag: 'Events',
  summary: 'What was told last of each enterprise on a white list',
  description:
    '`sealed` is a signed answer, sealed to your sealing key: who it is, under which grant, with its records and their ' +
    `proofs; or why it left.${OWN}`,
  scope: 'events',
  rate: 'normal',
  params: Type.Object({ list: WhiteListIdText }, closed),
  query: Type.Object(
    {
      provider: { ...MemberIdText, description: 'Whose list' },
      // An entry has its records with their proofs: a page of them is of some size.
      limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 100, default: DEFAULT_PAGE })),
      cursor: Type.Optional(
        Type.String({ pattern: '^[A-Za-z0-9_-]{21}[AQgw]$', description: '`next` of the page before' }),
      ),
    },
    closed,
  ),
  response: {
    kind: 'json',
    schema: Type.Object({ items: Type.Array(WhiteListEntry), next: Type.Optional(Type.String()) }, closed),
  },
  problems: ['NOT_FOUND', 'UNREACHABLE', 'TIMEOUT'],
});
