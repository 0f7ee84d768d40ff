// An engine that makes up what happened to a recognition, every hash in order: each field of each event, one at a time.
import { expect } from 'chai';
import type { RawBlock } from '../../node/audit/ports.ts';
import { eventCodec } from '../../node/chain/audit-source.ts';
import type { ConsortiumContracts, EventBody } from '../../node/chain/events.ts';
import { toHex, type Hex } from '../../node/core/bytes.ts';
import { digest } from '../helpers/consortium-on-anvil.ts';
import { encodeEvent, eventFields, eventName } from '../helpers/event-fields.ts';
import { auditHistory, type History } from '../helpers/history.ts';
import {
  DAY,
  dismissed,
  ended,
  home,
  host,
  NOW,
  recognised,
  standing,
  stepped,
} from '../helpers/recognition-events.ts';
import { eventsIn, retold } from '../helpers/retold-chain.ts';

const contracts: ConsortiumContracts = {
  chainId: 7,
  membership: `0x${'aa'.repeat(20)}`,
  logAnchor: `0x${'bb'.repeat(20)}`,
  grantRegistry: `0x${'cc'.repeat(20)}`,
  recognitionRegistry: `0x${'dd'.repeat(20)}`,
  deployment: `0x${'ee'.repeat(32)}`,
  block: 1,
};
const zero = (bytes: number): Hex => `0x${'00'.repeat(bytes)}`;

/** A block on paper with a transaction for each event. */
function blockOf(number: number, events: readonly EventBody[], time = NOW): RawBlock {
  const logsBloom: Hex = `0x${'ff'.repeat(256)}`;
  const receipts = events.map((body, i) => ({
    type: '0x2',
    status: '0x1',
    cumulativeGasUsed: `0x${(i + 1).toString(16)}`,
    logsBloom,
    transactionHash: toHex(digest(`${number} ${i}`)),
    logs: [encodeEvent(contracts, body)],
  }));
  const block = {
    number: `0x${number.toString(16)}`,
    hash: zero(32),
    parentHash: zero(32),
    sha3Uncles: zero(32),
    miner: zero(20),
    stateRoot: zero(32),
    transactionsRoot: zero(32),
    receiptsRoot: zero(32),
    logsBloom,
    difficulty: '0x0',
    gasLimit: '0x1',
    gasUsed: '0x1',
    timestamp: `0x${time.toString(16)}`,
    extraData: '0x',
    mixHash: zero(32),
    nonce: zero(8),
    baseFeePerGas: '0x0',
  };
  return { block, receipts };
}

const founders: EventBody[] = [home, host].map(({ id, admission }) => ({
  type: 'MemberAdmitted',
  member: id,
  admission,
}));
const honest: EventBody[] = [
  ...standing,
  ...recognised,
  stepped('mark-stale', 4, { due: NOW + 60 * DAY }),
  stepped('invalidate', 5),
  dismissed,
  ended(NOW + 30 * DAY),
];

/** What the events of recognition alone do not vouch for. */
const VOUCHED_BY_NOBODY = [
  // Digests of documents: who has the document tells.
  'AgreementEnded.document #0',
  'CaseRequested.document #0',
  ...[0, 1, 2, 3, 4].map((step) => `CaseStepped.document #${step}`),
  // Within the frame that the agreement gives.
  'CaseRequested.due #0',
  'CaseStepped.due #0',
  'CaseStepped.due #1',
  'OfficerEnrolled.until #0',
  'OfficerEnrolled.until #1',
  // Nothing that came later depends on it.
  'AgreementEnded left out #0',
  'CaseStepped left out #4',
  'OfficerDismissed left out #0',
  // Enrolled anew, on the same terms.
  'OfficerEnrolled twice #0',
  'OfficerEnrolled twice #1',
];

describe('an audit of what is told of recognitions', () => {
  let history: History;

  before(() => {
    const founding = blockOf(1, []);
    // Founders are taken in by one transaction.
    founding.receipts!.push({ ...blockOf(1, founders.slice(0, 1)).receipts![0]!, logs: founders.map((body) => encodeEvent(contracts, body)) }); // prettier-ignore
    const blocks = [founding, ...honest.map((body, i) => blockOf(i + 2, [body]))];
    history = retold({ contracts, blocks, logs: new Map() }, () => undefined);
  });

  it('finds nothing in what happened', async () => {
    const result = await auditHistory(history);
    expect(result.findings).to.deep.equal([]);
    expect(result.complete).to.equal(true);
    const { decode } = eventCodec(contracts);
    const told = eventsIn(history.blocks).map(({ log }) => decode(log)?.type);
    expect(told).to.deep.equal([...founders, ...honest].map(({ type }) => type));
  });

  it('is given away by the others, for every field of every event, each left out and each told twice', async () => {
    const fields = eventFields().filter(({ event }) => /^(Agreement|Officer|Case)/.test(event));
    const missed: string[] = [];
    const tryAll = async (
      event: string,
      what: string,
      change: (told: ReturnType<typeof eventsIn>[number]) => void,
    ): Promise<void> => {
      // prettier-ignore
      const of = (blocks: History['blocks']) => eventsIn(blocks).filter(({ log }) => eventName(contracts, log) === event);
      const count = of(history.blocks).length;
      expect(count, `no ${event} in the history`).to.be.above(0);
      for (let nth = 0; nth < count; nth++) {
        let block = 0;
        const told = retold(history, (blocks) => {
          const one = of(blocks)[nth]!;
          ({ block } = one);
          change(one);
        });
        const { findings } = await auditHistory(told);
        for (const finding of findings) expect(finding.block, what).to.be.at.least(block);
        if (findings.length === 0) missed.push(`${what} #${nth}`);
      }
    };
    for (const { name, event, change } of fields) await tryAll(event, name, ({ log }) => change(log));
    for (const event of new Set(fields.map((field) => field.event))) {
      await tryAll(event, `${event} left out`, ({ log, logs }) => void logs.splice(logs.indexOf(log), 1));
      await tryAll(event, `${event} twice`, ({ log, logs }) => void logs.push(structuredClone(log)));
    }
    expect(missed.sort()).to.deep.equal(VOUCHED_BY_NOBODY.toSorted());
  });
});
