import { expect } from 'chai';
import { TypedDataEncoder, recoverAddress } from 'ethers';
import * as fc from 'fast-check';
import { toHex, type Hex } from '../../../node/core/bytes.ts';
import type { GrantTerms } from '../../../node/core/consortium.ts';
import { grantHashOf, parseGrantHash, parseMemberId } from '../../../node/core/ids.ts';
import {
  GRANT_CONSUMPTION_TYPES,
  GRANT_REGISTRATION_TYPES,
  GRANT_WITHDRAWAL_TYPES,
  typedDataDigest,
  xinlianDomain,
  type GrantConsumption,
  type GrantRegistration,
  type GrantWithdrawal,
} from '../../../node/core/typed-data.ts';
import { codeOf } from '../../helpers/code-of.ts';
import vectors from '../../vectors/grants.json' with { type: 'json' };

const { verifyingContract, deployment, chainId } = vectors.domain;
const domain = xinlianDomain({
  chainId,
  verifyingContract: verifyingContract as Hex,
  deployment: deployment as Hex,
});
const termsOf = ({ terms }: (typeof vectors.grants)[number]): GrantTerms => ({
  ...terms,
  artefact: terms.artefact as Hex,
  key: terms.key as Hex,
  grantee: parseMemberId(terms.grantee),
});

describe('grants on the chain', () => {
  for (const vector of vectors.grants) {
    it(`${vector.name}: the hash of its terms`, () => {
      expect(grantHashOf(termsOf(vector))).to.equal(vector.hash);
      expect(parseGrantHash(vector.hash)).to.equal(vector.hash);
    });

    it(`${vector.name}: what the grant key and the bank sign`, () => {
      const grant = parseGrantHash(vector.hash);
      const { registration, withdrawal, consumption } = vector;
      const registered: GrantRegistration = { grant, deadline: registration.deadline };
      const withdrawn: GrantWithdrawal = { grant };
      const { queryId, deadline } = consumption;
      const consumed: GrantConsumption = { grant, queryId: queryId as Hex, deadline };
      for (const [types, message, { digest, signature }, signer] of [
        [GRANT_REGISTRATION_TYPES, registered, registration, vector.terms.key],
        [GRANT_WITHDRAWAL_TYPES, withdrawn, withdrawal, vector.terms.key],
        [GRANT_CONSUMPTION_TYPES, consumed, consumption, vectors.bank],
      ] as const) {
        expect(typedDataDigest(domain, types, message)).to.equal(digest);
        expect(recoverAddress(digest, signature)).to.equal(signer);
      }
    });
  }

  it('hash as EIP-712 says, whatever the terms', () => {
    const bytes = (length: number) => fc.uint8Array({ minLength: length, maxLength: length }).map(toHex);
    const uint = (bits: number) =>
      fc.oneof(fc.constantFrom(0, 2 ** bits - 1), fc.integer({ min: 0, max: 2 ** bits - 1 }));
    const any = fc.record({
      artefact: bytes(32),
      key: bytes(20),
      grantee: bytes(32).map(parseMemberId),
      validFrom: uint(32),
      validTo: uint(32),
      uses: uint(16),
    });
    const types = {
      GrantTerms: ['artefact', 'key', 'grantee', 'validFrom', 'validTo', 'uses'].map((name, i) => ({
        name,
        type: ['bytes32', 'address', 'bytes32', 'uint32', 'uint32', 'uint16'][i]!,
      })),
    };
    fc.assert(
      fc.property(any, (terms) => {
        expect(grantHashOf(terms)).to.equal(TypedDataEncoder.hashStruct('GrantTerms', types, terms));
      }),
    );
  });

  const [first] = vectors.grants;
  const wrong: Partial<GrantTerms>[] = [
    { artefact: '0x00' },
    { key: '0x00' },
    { validFrom: -1 },
    { validTo: 2 ** 32 },
    { uses: 2 ** 16 },
    { uses: 0.5 },
  ];
  for (const part of wrong) {
    it(`have no hash with ${JSON.stringify(part)}`, () => {
      expect(codeOf(() => grantHashOf({ ...termsOf(first!), ...part }))).to.equal('MALFORMED');
    });
  }
});
