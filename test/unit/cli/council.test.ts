import { createHash } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'chai';
import { encodeCouncilCall } from '../../../node/chain/council-calls.ts';
import type { MemberId } from '../../../node/core/ids.ts';
import { councilCall, councilOutcome, councilVote } from '../../../node/core/messages/council.ts';
import {
  logReplaced,
  memberChanged,
  memberEndpoints,
  type MemberEndpoints,
} from '../../../node/core/messages/member.ts';
import { makeUscc } from '../../../node/core/uscc.ts';
import { CouncilDesk } from '../../../node/exchange/council-desk.ts';
import { startCliGateway, type CliGateway } from '../../helpers/gateway/cli-gateway.ts';

const OTHER = `0x${'b'.repeat(64)}` as MemberId;
const SUCCESSOR = `0x${'e'.repeat(64)}`;
const CODE = makeUscc({ authority: '1', category: '2', region: '320904', body8: 'MB190405' });

describe('xinlian council', () => {
  let gateway: CliGateway;
  let other: CouncilDesk;
  let publicKeys: string;
  let reason: string;
  let said: MemberEndpoints | undefined;

  beforeEach(async () => {
    gateway = await startCliGateway();
    const { council, member, node, folder } = gateway;
    const writers = new Map([member, OTHER].map((one) => [one, council.writer(one)]));
    const desk = new CouncilDesk({
      view: council,
      refresh: () => council.refresh(),
      writers,
      encode: encodeCouncilCall,
    });
    other = desk;
    node.inner.inner = async (method, argument) => {
      if (method === 'council/propose')
        return councilOutcome.encode(await desk.propose(member, councilCall.decode(argument)));
      if (method === 'council/vote')
        return councilOutcome.encode(await desk.vote(member, councilVote.decode(argument)));
      if (method === 'member/replace-log')
        return logReplaced.encode({ lost: `0x${'d'.repeat(64)}`, successor: SUCCESSOR, block: 12 });
      expect(method).to.equal('member/endpoints');
      said = memberEndpoints.decode(argument);
      return memberChanged.encode({ block: 12 });
    };
    publicKeys = join(folder, 'public.json');
    const files = ['--out', join(folder, 'new.json'), '--passphrase-file', join(folder, 'passphrase')];
    const made = await gateway.xinlian('keys', 'new', ...files);
    await writeFile(publicKeys, made.out.join('\n'));
    reason = join(folder, 'reason.txt');
    await writeFile(reason, '暂停理由');
  });
  afterEach(() => gateway.stop());

  const admit = (): Promise<{ code: number; out: string[]; said: string[] }> => {
    const who = ['--name', '新成员', '--uscc', CODE, '--region', '320904', '--roles', 'source,identifier'];
    const where = ['--node-address', '/dns/node.example/tcp/9200'];
    return gateway.xinlian('council', 'propose', 'admit', publicKeys, ...who, ...where);
  };
  const proposed = (run: { out: string[] }): string => run.out.at(-1) ?? '';

  it('proposes to admit whoever gave its public keys, and shows it in words', async () => {
    const run = await admit();
    expect(run.code, run.said.join('\n')).to.equal(0);
    expect(run.said.join('\n')).to.include('新成员').and.to.include('/dns/node.example/tcp/9200');
    const shown = await gateway.xinlian('council', 'show', proposed(run));
    expect(shown.out.join('\n')).to.include('admit 新成员').and.to.include('approvals');
    const [listed] = (await gateway.xinlian('council', 'list')).out;
    expect(listed).to.include(proposed(run)).and.to.include('as source, identifier');
  });

  it('votes on what was shown, once it is told yes', async () => {
    const call = { call: 'suspend' as const, member: OTHER, reason: `0x${'1'.repeat(64)}` };
    const { proposal } = await other.propose(OTHER, call);
    const asked: string[] = [];
    const answering = (answer: string) => ({ prompt: async (question: string) => (asked.push(question), answer) });
    const no = await gateway.xinlianWith(answering('no'), 'council', 'vote', proposal);
    expect(no).to.deep.include({ code: 0, out: [] });
    expect(gateway.council.ran).to.deep.equal([]);
    expect((await gateway.xinlian('council', 'vote', proposal)).said.join()).to.match(/MALFORMED.*--yes/);
    const yes = await gateway.xinlianWith(answering('yes'), 'council', 'vote', proposal);
    expect(yes.said.join('\n')).to.include('suspend').and.to.include('in force');
    expect(asked[0]).to.match(/Approve\?/);
    expect(gateway.council.ran).to.have.length(1);
    expect((await gateway.xinlian('council', 'show', proposal)).said[0]).to.match(/NOT_FOUND/);
  });

  it('takes an approval back', async () => {
    const id = proposed(await admit());
    expect((await gateway.xinlian('council', 'vote', id, 'withdraw', '--yes')).code).to.equal(0);
    expect(gateway.council.proposals()[0]?.approvers).to.deep.equal([]);
  });

  it('gives the chain the digest of a reason, and no word of it', async () => {
    const run = await gateway.xinlian('council', 'propose', 'remove', OTHER, '--because', reason);
    const json = await gateway.xinlian('council', 'show', proposed(run), '--json');
    expect(JSON.parse(json.out.join(''))).to.have.deep.property('call', {
      call: 'remove',
      member: OTHER,
      reason: `0x${createHash('sha256').update('暂停理由').digest('hex')}`,
    });
  });

  it('proposes every other decision', async () => {
    const account = '0x00000000000000000000000000000000000000AA';
    for (const [args, call] of [
      [['resume', OTHER], { call: 'resume', member: OTHER }],
      [['set-roles', OTHER, '--roles', 'bank'], { call: 'setRoles', member: OTHER, roles: ['bank'] }],
      [['set-threshold', '3'], { call: 'setThreshold', threshold: 3 }],
      [['reset-account', OTHER, account], { call: 'resetTransactionKey', member: OTHER, current: account }],
    ] as const) {
      const run = await gateway.xinlian('council', 'propose', ...args);
      expect(run.code, run.said.join('\n')).to.equal(0);
      const json = await gateway.xinlian('council', 'show', proposed(run), '--json');
      expect(JSON.parse(json.out.join(''))).to.have.deep.property('call', call);
    }
  });

  it('refuses what is no role, account, threshold or vote before anything is sent', async () => {
    for (const args of [
      ['propose', 'set-roles', OTHER, '--roles', 'bank,king'],
      ['propose', 'set-threshold', '0'],
      ['propose', 'reset-account', OTHER, '0x00000000000000000000000000000000000000aA'],
      ['vote', `0x${'1'.repeat(64)}`, 'perhaps'],
    ]) {
      const run = await gateway.xinlian('council', ...args);
      expect(run.said[0], args.join(' ')).to.match(/MALFORMED/);
      expect(run.code).to.equal(1);
    }
    expect(gateway.council.sent).to.equal(0);
  });

  it('member replace-log: asks, and names the successor', async () => {
    const no = await gateway.xinlianWith({ prompt: async () => 'no' }, 'member', 'replace-log');
    expect(no).to.deep.include({ code: 0, out: [] });
    expect((await gateway.xinlian('member', 'replace-log', '--yes')).out).to.deep.equal([SUCCESSOR]);
  });

  it('member endpoints: says on the chain where it is reached', async () => {
    const run = await gateway.xinlian('member', 'endpoints', '--log-address', 'https://log.example/');
    expect(run.said.at(-1)).to.include('block 12');
    expect(said).to.deep.equal({ log: 'https://log.example/' });
    expect((await gateway.xinlian('member', 'endpoints')).said[0]).to.match(/MALFORMED/);
  });
});
