// Members kept in memory, with real keys.
import { generateKeyPairSync, sign, type KeyObject } from 'node:crypto';
import { currentKey, type KeyKind, type Member, type Role } from '../../../node/core/consortium.ts';
import { memberIdOf, type MemberId } from '../../../node/core/ids.ts';
import type { Uscc } from '../../../node/core/uscc.ts';
import type { Members } from '../../../gateway/ports.ts';
import type { Credentials } from '../../../gateway/client/token-source.ts';

export interface TestMember {
  member: Member;
  privateKey: KeyObject;
  credentials: Credentials;
}

export class MemoryMembers implements Members {
  readonly #members = new Map<string, Member>();

  /** @param digit names it: a member id of 64 such digits */
  add(digit: string, roles: Role[]): TestMember {
    return this.#add(`0x${digit.repeat(64)}` as MemberId, '91320900MA1MB2345X', roles);
  }

  /** A member whose id is that of its code, as grants want it. */
  addBody(uscc: Uscc, roles: Role[]): TestMember {
    return this.#add(memberIdOf(uscc), uscc, roles);
  }

  #add(id: MemberId, uscc: string, roles: Role[]): TestMember {
    const { privateKey, key } = newKey();
    const member: Member = {
      id,
      name: `成员 ${uscc}`,
      uscc,
      region: '320904',
      roles,
      status: 'active',
      transaction: '0x0000000000000000000000000000000000000001',
      keys: {
        checkpoint: [{ key: new Uint8Array(32).fill(1), since: 1 }],
        sealing: [{ key: new Uint8Array(33).fill(2), since: 1 }],
        nodePeer: [],
        gatewayPeer: [],
        client: [{ key, since: 1 }],
      },
      endpoints: {},
      admitted: 1,
    };
    this.#members.set(id, member);
    return { member, privateKey, credentials: credentialsOf(id, privateKey) };
  }

  /** Gives a member a new client key; the one before ends. */
  rotate({ member }: TestMember): KeyObject {
    const { privateKey, key } = newKey();
    const [last] = member.keys.client;
    member.keys.client = [
      { ...last!, until: 5 },
      { key, since: 5 },
    ];
    return privateKey;
  }

  get(id: MemberId): Member | undefined {
    return this.#members.get(id);
  }

  list(): Iterable<Member> {
    return this.#members.values();
  }

  isEntitledNow(id: MemberId, roles: readonly Role[] = []): boolean {
    const member = this.#members.get(id);
    return member?.status === 'active' && roles.every((role) => member.roles.includes(role));
  }

  standingAt(id: MemberId, block: number): ReturnType<Members['standingAt']> {
    const member = this.#members.get(id);
    return member && block >= member.admitted ? member : undefined;
  }

  currentKey(id: MemberId, kind: KeyKind): Uint8Array | undefined {
    const member = this.#members.get(id);
    return member && currentKey(member, kind);
  }
}

export function credentialsOf(member: string, privateKey: KeyObject): Credentials {
  return { member, sign: (message) => sign(null, message, privateKey) };
}

function newKey(): { privateKey: KeyObject; key: Uint8Array } {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519');
  return { privateKey, key: Buffer.from(publicKey.export({ format: 'jwk' }).x!, 'base64url') };
}
