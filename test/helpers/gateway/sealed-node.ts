// A node in memory that is reached over sealed sessions, as real nodes are; it can be made to fail.
import { XinlianError } from '../../../node/core/errors.ts';
import type { MemberId } from '../../../node/core/ids.ts';
import { decodeParcel, encodeParcel } from '../../../node/core/messages/codec.ts';
import {
  methodAnswer,
  methodCall,
  openedSession,
  openSession,
  sessionCall,
} from '../../../node/core/messages/session.ts';
import type { RpcMethod } from '../../../node/core/messages/node.ts';
import { Sessions } from '../../../node/exchange/sessions.ts';
import type { MemberKeys } from '../../../node/keys/provider.ts';
import type { NodeCaller, NodeCallOptions } from '../../../gateway/ports.ts';
import { MemoryNode } from './memory-node.ts';

const NOTHING = new Uint8Array(0);

export class SealedNode implements NodeCaller {
  /** Answers what is inside the seals. */
  readonly inner = new MemoryNode();
  readonly #keys: MemberKeys;
  #sessions: Sessions;
  readonly #member: MemberId;
  /** Asked before each call, by its count from 0: what it returns is thrown. */
  fault: (call: number) => Error | undefined = () => undefined;
  /** As `fault`, after the call was answered: the answer is lost. */
  loss: (call: number) => Error | undefined = () => undefined;
  opened = 0;
  #calls = 0;

  constructor(member: MemberId, keys: MemberKeys) {
    this.#member = member;
    this.#keys = keys;
    this.#sessions = this.#start();
  }

  /** Forgets its sessions, and no submission. */
  restart(): void {
    this.#sessions = this.#start();
  }

  async call(member: MemberId, method: RpcMethod, argument: Uint8Array, options: NodeCallOptions): Promise<Uint8Array> {
    if (method === 'session/open') {
      this.opened++;
      return openedSession.encode(await this.#sessions.open(openSession.decode(argument)));
    }
    if (method !== 'session/call') return this.inner.call(member, method, argument, options);
    const count = this.#calls++;
    throwIfAny(this.fault(count));
    const { header, body } = decodeParcel(argument);
    const answer = await this.#sessions.call(sessionCall.decode(header), body, (_client, home, call) =>
      this.#answer(home as MemberId, call, options),
    );
    throwIfAny(this.loss(count));
    return answer;
  }

  async #answer(home: MemberId, call: Uint8Array, options: NodeCallOptions): Promise<Uint8Array> {
    try {
      const { header, body } = decodeParcel(call);
      const own = encodeParcel(methodCall.encode({ ...methodCall.decode(header), member: home }), body);
      return encodeParcel(methodAnswer.encode({}), await this.inner.call(home, 'call', own, options));
    } catch (error) {
      if (!XinlianError.is(error)) throw error;
      const { code, details } = error;
      return encodeParcel(methodAnswer.encode({ error: { code, details } }), NOTHING);
    }
  }

  #start(): Sessions {
    return new Sessions({
      clock: Date,
      home: (member) =>
        member === this.#member
          ? { member: this.#member, sealing: this.#keys.sealing, clientKey: () => this.#keys.client.publicKey }
          : undefined,
    });
  }
}

function throwIfAny(error: Error | undefined): void {
  if (error) throw error;
}
