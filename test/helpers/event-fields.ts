// Every argument of every event, by the ABI: each can be told otherwise, one at a time.
import type { EventFragment, ParamType } from 'ethers/abi';
import type { RawLog } from '../../node/audit/ports.ts';
import { addressOf, artifact, CONTRACT_NAMES, encodeAdmission } from '../../node/chain/abi.ts';
import type { ConsortiumContracts, EventBody } from '../../node/chain/events.ts';
import type { Hex } from '../../node/core/bytes.ts';
import { CASE_ACTIONS, CASE_ROLES } from '../../node/core/case-authority.ts';

/** An argument, or a member of one: `terms.uses`. */
export interface EventField {
  /** `GrantRegistered.terms.uses` */
  name: string;
  event: string;
  /** Tells it otherwise. */
  change: (log: RawLog) => void;
}

/** Events that no audit needs: what OpenZeppelin would tell, and never does here. */
const UNUSED = 'EIP712DomainChanged';

/** Every event of the contracts with each of its fields. */
export function eventFields(): EventField[] {
  return CONTRACT_NAMES.flatMap((contract) => {
    const fields: EventField[] = [];
    artifact(contract).abi.forEachEvent((fragment) => {
      if (fragment.name === UNUSED) return;
      for (const path of leaves(fragment.inputs)) {
        const name = [fragment.name, ...path.map(({ param }) => param.name)].join('.');
        const change = (log: RawLog): void => rewrite(log, contract, fragment, path);
        fields.push({ name, event: fragment.name, change });
      }
    });
    return fields;
  });
}

/** Name of the event that a log is. */
export function eventName(contracts: ConsortiumContracts, { address, topics }: RawLog): string | undefined {
  const contract = CONTRACT_NAMES.find((name) => addressOf(contracts, name).toLowerCase() === address.toLowerCase());
  const topic = topics[0];
  return contract && topic !== undefined ? artifact(contract).abi.getEvent(topic)?.name : undefined;
}

interface Step {
  index: number;
  param: ParamType;
}

function leaves(inputs: readonly ParamType[], before: readonly Step[] = []): Step[][] {
  return inputs.flatMap((param, index) => {
    const path = [...before, { index, param }];
    return param.components ? leaves(param.components, path) : [path];
  });
}

function rewrite(
  log: RawLog,
  contract: (typeof CONTRACT_NAMES)[number],
  fragment: EventFragment,
  path: readonly Step[],
): void {
  const { abi } = artifact(contract);
  const values = abi.decodeEventLog(fragment, log.data, log.topics).toArray(true) as unknown[];
  let at = values;
  for (const { index } of path.slice(0, -1)) at = at[index] as unknown[];
  const { index, param } = path.at(-1)!;
  at[index] = other(param.type, at[index]);
  const { data, topics } = abi.encodeEventLog(fragment, values);
  Object.assign(log, { data, topics });
}

/** The nearest other value of a type. */
function other(type: string, value: unknown): unknown {
  if (typeof value === 'boolean') return !value;
  // The largest of a type is none that a field of ours has.
  if (typeof value === 'bigint') return value + 1n;
  const text = String(value).replace(/^0x.*/s, (hex) => hex.toLowerCase());
  if (type === 'string') return `${text}x`;
  if (type === 'bytes' && text === '0x') return '0x01';
  return `${text.slice(0, -1)}${text.endsWith('1') ? '2' : '1'}`;
}

/** The log that tells an event, as its contract would. */
export function encodeEvent(contracts: ConsortiumContracts, body: EventBody): RawLog {
  const { type, ...told } = body;
  const contract = CONTRACT_NAMES.find((name) => artifact(name).abi.getEvent(type) !== null);
  const fragment = contract && artifact(contract).abi.getEvent(type);
  if (!contract || !fragment) throw new Error(`no event ${type}`);
  const values = fragment.inputs.map(({ name }) => valueOf(name, told as Record<string, unknown>));
  const { data, topics } = artifact(contract).abi.encodeEventLog(fragment, values);
  const nowhere = { blockNumber: '0x0', blockHash: NO_HASH, transactionHash: NO_HASH, logIndex: '0x0' };
  return { address: addressOf(contracts, contract), data, topics, ...nowhere };
}

const NO_HASH: Hex = `0x${'00'.repeat(32)}`;

function valueOf(name: string, told: Record<string, unknown>): unknown {
  const { terms, admission } = told;
  // What can be searched for stands there a second time.
  const value = told[name] ?? (terms as Record<string, unknown> | undefined)?.[name];
  if (name === 'admission') return encodeAdmission(admission as Parameters<typeof encodeAdmission>[0]);
  if (name === 'action') return CASE_ACTIONS.indexOf(value as (typeof CASE_ACTIONS)[number]);
  if (name === 'role') return CASE_ROLES.indexOf(value as (typeof CASE_ROLES)[number]);
  return value;
}
