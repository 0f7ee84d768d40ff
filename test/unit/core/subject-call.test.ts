import { expect } from 'chai';
import { TypedDataEncoder, Wallet } from 'ethers';
import { sha256 } from '#sha256';
import { localAccount, newAccountSecret } from '../../../node/core/account.ts';
import { newAgreement } from '#agreement';
import { fromHex, toHex, utf8 } from '../../../node/core/bytes.ts';
import { canonicalize } from '../../../node/core/canonical.ts';
import { sealJwe } from '../../../node/core/jwe.ts';
import {
  encodeSubjectCall,
  openSubjectAnswer,
  readSubjectCall,
  signedSubjectCall,
  subjectCallDigest,
  type SubjectCall,
} from '../../../node/core/subject-call.ts';
import { xinlianDomain } from '../../../node/core/typed-data.ts';
import { codeOf } from '../../helpers/code-of.ts';
import { rejection } from '../../helpers/rejection.ts';

const domain = xinlianDomain({
  chainId: 31337,
  verifyingContract: `0x${'e5'.repeat(20)}`,
  deployment: `0x${'d6'.repeat(32)}`,
});
const aud = `0x${'c3'.repeat(32)}`;
const CALL: SubjectCall = { aud, iat: 1_780_000_000, method: 'history', argument: { after: 3 } };
const secret = newAccountSecret();
const account = localAccount(secret);

const signed = async (text: string, of = text, to = aud, within = domain) => ({
  certificate: 'a.b.c',
  call: text,
  signature: await account.sign(fromHex(subjectCallDigest(within, to, of), 32)),
});

describe('A call of an enterprise', () => {
  it('is read with the account that signed it', async () => {
    const read = readSubjectCall(await signed(encodeSubjectCall(CALL)), domain);
    expect(read).to.deep.equal({ call: CALL, account: account.address.toLowerCase() });
  });

  it('is signed as a wallet signs typed data', async () => {
    const text = encodeSubjectCall(CALL);
    const types = {
      SubjectCall: [
        { name: 'member', type: 'bytes32' },
        { name: 'call', type: 'bytes32' },
      ],
    };
    const values = { member: aud, call: toHex(sha256(utf8(text))) };
    expect(subjectCallDigest(domain, aud, text)).to.equal(TypedDataEncoder.hash(domain, types, values));
    const signature = await new Wallet(toHex(secret)).signTypedData(domain, types, values);
    expect(signature).to.equal((await signed(text)).signature);
  });

  it('is another’s, or nobody’s, with anything in it changed', async () => {
    const text = encodeSubjectCall(CALL);
    const whose = (call: Awaited<ReturnType<typeof signed>>) => readSubjectCall(call, domain).account;
    const right = await signed(text);
    for (const change of [{ iat: CALL.iat + 1 }, { method: 'requests' as const }, { argument: {} }]) {
      const other = { ...right, call: encodeSubjectCall({ ...CALL, ...change }) };
      expect(whose(other), JSON.stringify(change)).to.not.equal(account.address.toLowerCase());
    }
    const elsewhere = encodeSubjectCall({ ...CALL, aud: `0x${'c4'.repeat(32)}` });
    expect(whose({ ...right, call: elsewhere })).to.not.equal(account.address.toLowerCase());
    // Signed for another member, or in another consortium.
    expect(whose(await signed(text, text, `0x${'c4'.repeat(32)}`))).to.not.equal(account.address.toLowerCase());
    expect(whose(await signed(text, text, aud, { ...domain, chainId: 1 }))).to.not.equal(account.address.toLowerCase());
  });

  it('is refused in any other form', async () => {
    const wrong = [
      '',
      '{}',
      JSON.stringify(CALL),
      ` ${encodeSubjectCall(CALL)}`,
      canonicalize({ ...CALL, method: 'delete' } as never),
      canonicalize({ ...CALL, extra: 1 } as never),
      canonicalize({ ...CALL, iat: -1 } as never),
      canonicalize({ ...CALL, aud: 'everyone' } as never),
    ];
    for (const text of wrong) {
      const call = { certificate: 'a.b.c', call: text, signature: `0x${'1b'.repeat(65)}` };
      expect(
        codeOf(() => readSubjectCall(call, domain)),
        text,
      ).to.equal('MALFORMED');
    }
    const right = await signed(encodeSubjectCall(CALL));
    expect(signedSubjectCall.check(right)).to.deep.equal(right);
    for (const change of [{ signature: '0x' }, { certificate: 'a'.repeat(8_193) }, { extra: 1 }, { call: 7 }])
      expect(codeOf(() => signedSubjectCall.check({ ...right, ...change }))).to.equal('MALFORMED');
    const high = `${right.signature.slice(0, -2)}1d`;
    expect(codeOf(() => readSubjectCall({ ...right, signature: high }, domain))).to.equal('SIGNATURE_INVALID');
  });

  it('is answered under the enterprise’s own seal', async () => {
    const sealing = newAgreement();
    const seal = async (text: string) => sealJwe(utf8(text), sealing.publicKey);
    expect(await openSubjectAnswer(await seal('{"a":1}'), sealing)).to.deep.equal({ a: 1 });
    expect(await rejection(openSubjectAnswer(await seal('{"a":1}'), newAgreement()))).to.have.property(
      'code',
      'SIGNATURE_INVALID',
    );
    expect(await rejection(openSubjectAnswer(await seal('no JSON'), sealing))).to.have.property('code', 'MALFORMED');
    expect(await rejection(openSubjectAnswer('garbage', sealing))).to.have.property('code', 'MALFORMED');
  });
});
