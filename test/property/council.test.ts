import { expect } from 'chai';
import * as fc from 'fast-check';
import { getAddress } from 'ethers/address';
import { decodeCouncilCall, encodeCouncilCall } from '../../node/chain/council-calls.ts';
import { toHex, type Hex } from '../../node/core/bytes.ts';
import { ROLES } from '../../node/core/consortium.ts';
import type { CouncilCall } from '../../node/core/council.ts';
import { parseMemberId } from '../../node/core/ids.ts';
import { callOf, councilCall, textOf } from '../../node/core/messages/council.ts';

const bytes = (length: number) => fc.uint8Array({ minLength: length, maxLength: length });
const none = fc.constant(new Uint8Array());
const hash = bytes(32).map(toHex);
const member = hash.map(parseMemberId);
const account = bytes(20).map((key) => getAddress(toHex(key)) as Hex);
/** In the order of their bits, as the chain gives them back. */
const roles = fc.subarray([...ROLES], { minLength: 1 });

const call: fc.Arbitrary<CouncilCall> = fc.oneof(
  fc.record({
    call: fc.constant('admit' as const),
    admission: fc.record({
      name: fc.string({ unit: 'grapheme', minLength: 1, maxLength: 40 }),
      uscc: fc.stringMatching(/^[0-9A-Z]{18}$/),
      region: fc.stringMatching(/^[0-9]{6}$/),
      roles,
      transaction: account,
      keys: fc.record({
        checkpoint: bytes(32),
        sealing: fc.oneof(bytes(33), none),
        nodePeer: fc.oneof(bytes(32), none),
        gatewayPeer: fc.oneof(bytes(32), none),
        client: fc.oneof(bytes(32), none),
      }),
      endpoints: fc.string({ unit: 'grapheme', maxLength: 80 }),
    }),
  }),
  fc.record({ call: fc.constantFrom('suspend' as const, 'remove' as const), member, reason: hash }),
  fc.record({ call: fc.constant('resume' as const), member }),
  fc.record({ call: fc.constant('setRoles' as const), member, roles }),
  fc.record({ call: fc.constant('setThreshold' as const), threshold: fc.integer({ min: 1, max: 65_535 }) }),
  fc.record({ call: fc.constant('resetTransactionKey' as const), member, current: account }),
);

describe('What the council votes on, by property', () => {
  it('comes back from the chain’s bytes and from the wire as it was', () => {
    fc.assert(
      fc.property(call, (made) => {
        const encoded = encodeCouncilCall(made);
        expect(decodeCouncilCall(encoded)).to.deep.equal(made);
        const told = councilCall.decode(councilCall.encode(textOf(made)));
        expect(encodeCouncilCall(callOf(told))).to.equal(encoded);
      }),
      { numRuns: 200 },
    );
  });

  it('is never read from bytes that it would not be written as', () => {
    fc.assert(
      fc.property(call, fc.nat(), fc.integer({ min: 1, max: 255 }), bytes(7), (made, at, flip, more) => {
        const encoded = Buffer.from(encodeCouncilCall(made).slice(2), 'hex');
        const longer: Hex = `0x${Buffer.concat([encoded, more]).toString('hex')}`;
        expect(decodeCouncilCall(longer)).to.equal(undefined);
        encoded[at % encoded.length]! ^= flip;
        const changed: Hex = `0x${encoded.toString('hex')}`;
        const read = decodeCouncilCall(changed);
        if (read) expect(encodeCouncilCall(read)).to.equal(changed);
      }),
      { numRuns: 400 },
    );
    fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), (any) => void decodeCouncilCall(toHex(any))));
  });
});
