// Who plays in the sandbox. The bodies are made up; their codes pass both check digits.
import type { Role } from '../../node/core/consortium.ts';
import { memberIdOf, type MemberId } from '../../node/core/ids.ts';
import { makeUscc, type Uscc } from '../../node/core/uscc.ts';

export interface Player {
  /** Name of its files and processes. */
  key: string;
  name: string;
  region: string;
  roles: Role[];
  uscc: Uscc;
  id: MemberId;
  /** Whether it is there from the deployment on; the others are admitted by vote. */
  founder: boolean;
  /** Whether it runs a gateway beside its node. */
  gateway: boolean;
}

function player(
  key: string,
  name: string,
  region: string,
  roles: Role[],
  /** Registering authority and kind of body: 11 a state organ, 12 a public institution, 91 an enterprise. */
  kind: '11' | '12' | '91',
  body8: string,
  more: { founder?: boolean; gateway?: boolean } = {},
): Player {
  const uscc = makeUscc({ authority: kind.charAt(0), category: kind.charAt(1), region, body8 });
  return {
    key,
    name,
    region,
    roles,
    uscc,
    id: memberIdOf(uscc),
    founder: more.founder ?? false,
    gateway: more.gateway ?? false,
  };
}

/** Approvals that a proposal needs, of the three founders. */
export const THRESHOLD = 2;

export const CAST: readonly Player[] = [
  player(
    'dafeng',
    '盐城市大丰区公共信用信息中心',
    '320904',
    ['council', 'centre', 'source', 'identifier'],
    '12',
    'MB190401',
    { founder: true, gateway: true },
  ),
  player(
    'shanghai',
    '上海市公共信用信息服务中心',
    '310000',
    ['council', 'centre', 'source', 'identifier'],
    '12',
    'MB131001',
    { founder: true, gateway: true },
  ),
  player('regulator', '盐城市大丰区市场监督管理局', '320904', ['council', 'source', 'regulator'], '11', 'MB190402', {
    founder: true,
  }),
  player('tax', '国家税务总局盐城市大丰区税务局', '320904', ['source'], '11', 'MB190403'),
  player('bank', '大丰示范农村商业银行', '320904', ['bank'], '91', 'MA190404'),
  player('auditor', '盐城市信用审计所', '320900', ['auditor'], '91', 'MA190005'),
];
