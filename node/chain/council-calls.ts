// What the council votes on, as the ABI writes it.
import type { Interface } from 'ethers/abi';
import { fromHex, type Hex } from '../core/bytes.ts';
import { roleBits, rolesOf } from '../core/consortium.ts';
import type { CouncilCall } from '../core/council.ts';
import { parseMemberId } from '../core/ids.ts';
import { artifact, decodeAdmission, encodeAdmission } from './abi.ts';

/** The ABI-encoded call that a proposal carries. @throws MALFORMED */
export function encodeCouncilCall(call: CouncilCall): Hex {
  const { abi } = artifact('Membership');
  return abi.encodeFunctionData(call.call, councilArguments(call)) as Hex;
}

/** @returns undefined where `encodeCouncilCall` would never have written it: another function, or other bytes */
export function decodeCouncilCall(data: Hex): CouncilCall | undefined {
  const { abi } = artifact('Membership');
  try {
    const call = parse(abi, data);
    return call && encodeCouncilCall(call) === data.toLowerCase() ? call : undefined;
  } catch {
    // Nothing but bytes can fail here, in as many ways as the ABI has: anyone in the council may propose any bytes.
    return undefined;
  }
}

function parse(abi: Interface, data: Hex): CouncilCall | undefined {
  const parsed = abi.parseTransaction({ data });
  if (!parsed) return undefined;
  const { name: call } = parsed;
  const [first, second] = parsed.args.toArray() as unknown[];
  switch (call) {
    case 'admit':
      return { call, admission: decodeAdmission(first) };
    case 'suspend':
    case 'remove':
      return { call, member: parseMemberId(first as string), reason: second as Hex };
    case 'resume':
      return { call, member: parseMemberId(first as string) };
    case 'setRoles':
      return { call, member: parseMemberId(first as string), roles: rolesOf(Number(second)) };
    case 'setThreshold':
      return { call, threshold: Number(first) };
    case 'resetTransactionKey':
      return { call, member: parseMemberId(first as string), current: second as Hex };
    default:
      return undefined;
  }
}

function councilArguments(call: CouncilCall): unknown[] {
  switch (call.call) {
    case 'admit':
      return [encodeAdmission(call.admission)];
    case 'suspend':
    case 'remove':
      fromHex(call.reason, 32);
      return [call.member, call.reason];
    case 'resume':
      return [call.member];
    case 'setRoles':
      return [call.member, roleBits(call.roles)];
    case 'setThreshold':
      return [call.threshold];
    case 'resetTransactionKey':
      return [call.member, call.current];
  }
}
