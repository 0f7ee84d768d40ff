// An engine that makes up what happened to grants, every hash in order: the events give it away, one against the other.
import { expect } from 'chai';
import type { AuditResult } from '../../node/audit/audit.ts';
import type { RawBlock, RawLog } from '../../node/audit/ports.ts';
import { eventCodec } from '../../node/chain/audit-source.ts';
import { artifact } from '../../node/chain/abi.ts';
import { admitByVote } from '../../node/chain/deploy.ts';
import type { EventType } from '../../node/chain/events.ts';
import type { Hex } from '../../node/core/bytes.ts';
import { fund, TestConsortium } from '../helpers/consortium-on-anvil.ts';
import { grantOf } from '../helpers/grants-on-anvil.ts';
import { auditHistory, record, signingBody, withRoles, type History } from '../helpers/history.ts';
import { playGrants } from '../helpers/honest-history.ts';
import { eventsIn, retold } from '../helpers/retold-chain.ts';

describe('an audit of what is told of grants', () => {
  let history: History;
  const carrying = withRoles(signingBody(7), ['source', 'regulator', 'identifier']);
  const bank = withRoles(signingBody(8), ['bank']);
  const hashOf = (name: string): Hex => grantOf(name, bank.id).hash;
  const [read, withdrawn, paused] = [hashOf('read'), hashOf('withdrawn'), hashOf('paused')];

  before(async () => {
    const consortium = await TestConsortium.start();
    try {
      for (const { signer, admission } of [carrying, bank]) {
        await fund(consortium.anvil, signer.address);
        await admitByVote(consortium.contracts, admission, consortium.council());
      }
      await playGrants(consortium, carrying, bank);
      history = await record(consortium, []);
    } finally {
      await consortium.stop();
    }
  });

  interface Told {
    log: RawLog;
    /** Of its receipt. */
    logs: RawLog[];
    block: number;
  }

  /** The nth event of a type, and of a grant where that is given. */
  function find(blocks: readonly RawBlock[], type: EventType, n = 0, grant?: string): Told {
    const { decode } = eventCodec(history.contracts);
    const found = eventsIn(blocks).filter(({ log }) => {
      const event = decode(log);
      return event?.type === type && (grant === undefined || ('grant' in event && event.grant === grant));
    });
    return found[n]!;
  }

  const drop = ({ log, logs }: Told): void => void logs.splice(logs.indexOf(log), 1);
  /** Puts a copy of an event behind another. */
  const repeat = ({ log }: Told, behind: Told, change: (copy: RawLog) => void = () => undefined): void => {
    const copy = structuredClone(log);
    change(copy);
    behind.logs.push(copy);
  };
  const word = (index: number, value: string | number | bigint) => (log: RawLog) => {
    const hex = typeof value === 'string' ? value.slice(2) : value.toString(16);
    const at = 2 + 64 * index;
    log.data = log.data.slice(0, at) + hex.padStart(64, '0') + log.data.slice(at + 64);
  };
  const topic = (index: number, value: string) => (log: RawLog) => void (log.topics[index] = value);
  /** Another reason of a failed item. */
  const reason = (error: string, args: unknown[]) => (log: RawLog) => {
    const { abi } = artifact('GrantRegistry');
    const index = abi.parseLog(log)?.args.getValue('index') as bigint;
    log.data = abi.encodeEventLog('GrantItemFailed', [index, abi.encodeErrorResult(error, args)]).data;
  };

  async function auditWith(mutate: (blocks: RawBlock[]) => void): Promise<AuditResult> {
    return auditHistory(retold(history, mutate));
  }

  it('finds nothing in what happened, told anew or as it was', async () => {
    expect((await auditHistory(history)).findings).to.deep.equal([]);
    const again = await auditWith(() => undefined);
    expect(again.findings).to.deep.equal([]);
    expect(again.complete).to.equal(true);
  });

  const hash32 = (digit: string): Hex => `0x${digit.repeat(64)}`;
  type Lie = (blocks: RawBlock[]) => Told | void;

  // What is told; the rule that finds it first; the grant; the event that it is found at.
  const lies: [what: string, rule: string, at: [EventType, number, string?], lie: Lie][] = [
    ['a registration is hidden', 'consumed-unregistered', ['GrantConsumed', 0], (all) => drop(find(all, 'GrantRegistered', 0, read))], // prettier-ignore
    ['a registration is told twice', 'grant-registered-twice', ['GrantRegistered', 1, read], (all) => repeat(find(all, 'GrantRegistered', 0, read), find(all, 'GrantConsumed'))], // prettier-ignore
    ['a registration comes after the withdrawal', 'grant-after-withdrawal', ['GrantRegistered', 1, withdrawn], (all) => repeat(find(all, 'GrantRegistered', 0, withdrawn), find(all, 'GrantWithdrawn', 0, withdrawn))], // prettier-ignore
    ['another artefact', 'grant-id', ['GrantRegistered', 0, read], (all) => word(0, hash32('a'))(find(all, 'GrantRegistered', 0, read).log)], // prettier-ignore
    ['another grant key', 'grant-id', ['GrantRegistered', 0, read], (all) => word(1, `0x${'b'.repeat(40)}`)(find(all, 'GrantRegistered', 0, read).log)], // prettier-ignore
    ['another grantee in the terms', 'event-unknown', ['GrantRegistered', 0], (all) => word(2, hash32('c'))(find(all, 'GrantRegistered', 0, read).log)], // prettier-ignore
    ['another begin of its term', 'consumed-outside-term', ['GrantConsumed', 0], (all) => word(3, 3_999_999_999)(find(all, 'GrantRegistered', 0, read).log)], // prettier-ignore
    ['another end of its term', 'grant-registered-late', ['GrantRegistered', 0, read], (all) => word(4, 1)(find(all, 'GrantRegistered', 0, read).log)], // prettier-ignore
    ['another count', 'grant-id', ['GrantRegistered', 0, read], (all) => word(5, 9)(find(all, 'GrantRegistered', 0, read).log)], // prettier-ignore
    ['the grant of a registration', 'grant-id', ['GrantRegistered', 0, hash32('d')], (all) => topic(1, hash32('d'))(find(all, 'GrantRegistered', 0, read).log)], // prettier-ignore
    ['a consumption is told twice', 'consumed-twice', ['GrantConsumed', 1], (all) => repeat(find(all, 'GrantConsumed'), find(all, 'GrantWithdrawn'))], // prettier-ignore
    ['a third use of two', 'consumed-beyond-count', ['GrantConsumed', 2], (all) => repeat(find(all, 'GrantConsumed'), find(all, 'GrantConsumed', 1), topic(2, hash32('e')))], // prettier-ignore
    ['a count that is wrong', 'consumed-count', ['GrantConsumed', 0], (all) => word(0, 2)(find(all, 'GrantConsumed').log)], // prettier-ignore
    ['a use is hidden', 'consumed-count', ['GrantConsumed', 0], (all) => drop(find(all, 'GrantConsumed'))],
    ['a use of a suspended grant', 'consumed-suspended', ['GrantConsumed', 1], (all) => topic(1, paused)(find(all, 'GrantConsumed', 1).log)], // prettier-ignore
    ['a use of a withdrawn grant', 'grant-after-withdrawal', ['GrantConsumed', 1], (all) => topic(1, withdrawn)(find(all, 'GrantConsumed', 1).log)], // prettier-ignore
    ['a withdrawal is hidden', 'item-reason', ['GrantItemFailed', 1], (all) => drop(find(all, 'GrantWithdrawn', 0, withdrawn))], // prettier-ignore
    ['a withdrawal by nobody who may', 'grant-not-entitled', ['GrantWithdrawn', 0], (all) => topic(2, bank.id)(find(all, 'GrantWithdrawn').log)], // prettier-ignore
    ['a withdrawal before its time', 'grant-after-withdrawal', ['GrantConsumed', 0], (all) => repeat(find(all, 'GrantWithdrawn'), find(all, 'GrantRegistered'), topic(1, read))], // prettier-ignore
    ['a suspension by nobody who may', 'grant-not-entitled', ['GrantSuspended', 0], (all) => topic(2, bank.id)(find(all, 'GrantSuspended').log)], // prettier-ignore
    ['a suspension told twice', 'grant-suspension', ['GrantSuspended', 1], (all) => repeat(find(all, 'GrantSuspended'), find(all, 'GrantConsumed', 1))], // prettier-ignore
    ['a suspension is hidden', 'grant-suspension', ['GrantResumed', 0], (all) => drop(find(all, 'GrantSuspended'))],
    ['a resumption by nobody who may', 'grant-not-entitled', ['GrantResumed', 0], (all) => topic(2, hash32('f'))(find(all, 'GrantResumed').log)], // prettier-ignore
    ['an item that stands nowhere', 'item-place', ['GrantItemFailed', 0], (all) => word(0, 1)(find(all, 'GrantItemFailed').log)], // prettier-ignore
    ['a failure with no reason', 'item-reason', ['GrantItemFailed', 0], (all) => word(2, 0)(find(all, 'GrantItemFailed').log)], // prettier-ignore
    ['a refusal that is not true', 'item-reason', ['GrantItemFailed', 0], (all) => reason('GrantRegistryWithdrawn', [read])(find(all, 'GrantItemFailed').log)], // prettier-ignore
    ['a success told as a failure', 'item-reason', ['GrantItemFailed', 2], (all) => reason('GrantRegistryUsedUp', [read, 2])(find(all, 'GrantItemFailed', 2).log)], // prettier-ignore
    ['a member of the bank that is suspended', 'consumed-not-entitled', ['GrantConsumed', 0], (all) => repeat(suspensionOf(bank.id), find(all, 'GrantRegistered'))], // prettier-ignore
  ];

  function suspensionOf(member: Hex): Told {
    const { address } = eventsIn(history.blocks)[0]!.log;
    const { data, topics } = artifact('Membership').abi.encodeEventLog('MemberSuspended', [member, hash32('1')]);
    const log = { ...eventsIn(history.blocks)[0]!.log, address, data, topics };
    return { log, logs: [], block: 0 };
  }

  for (const [what, rule, [type, n, grant], lie] of lies) {
    it(`names ${what}`, async () => {
      let place: { block: number } | undefined;
      const { findings, complete } = await auditWith((blocks) => {
        const hidden = type === 'GrantRegistered' && rule === 'event-unknown' ? find(blocks, type, n) : undefined;
        lie(blocks);
        place = hidden ?? find(blocks, type, n, grant);
      });
      const blamed = findings.filter((finding) => finding.rule === rule);
      expect(blamed.map(({ block }) => block), JSON.stringify(findings)).to.include(place!.block); // prettier-ignore
      expect(findings.filter(({ evidence }) => evidence !== 'chain')).to.deep.equal([]);
      expect(complete).to.equal(true);
      // Nothing before the lie is blamed.
      expect(Math.min(...findings.map(({ block }) => block!))).to.be.at.least(find(history.blocks, 'GrantRegistered').block); // prettier-ignore
    });
  }
});
