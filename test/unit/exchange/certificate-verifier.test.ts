import { ed25519 } from '@noble/curves/ed25519.js';
import { expect } from 'chai';
import { signCertificate, type SubjectCertificate } from '../../../node/core/subject-certificate.ts';
import { CertificateVerifier } from '../../../node/exchange/certificate-verifier.ts';
import { Body } from '../../helpers/authorised.ts';
import { PaperGrants } from '../../helpers/paper-grants.ts';
import { company } from '../../helpers/rows.ts';

const NOW = 1_780_000_000;
const JTI = 'AAAAAAAAAAAAAAAAAAAAAA';

describe('A certificate of an enterprise', () => {
  let centre: Body;
  let view: PaperGrants;
  let verifier: CertificateVerifier;
  let revoked: Set<string> | undefined;
  let asked: [string, string, number][];

  beforeEach(() => {
    centre = new Body('中心', 'MB190401', ['identifier']);
    view = new PaperGrants(NOW);
    view.members.set(centre.id, centre.member);
    revoked = new Set();
    asked = [];
    verifier = new CertificateVerifier({
      view,
      revocations: {
        passedAt: () => undefined,
        isRevoked: (issuer, jti, now) => {
          asked.push([issuer, jti, now]);
          return revoked?.has(jti);
        },
      },
    });
  });

  const signed = (change: Partial<SubjectCertificate> = {}, signer = centre.certifier): Promise<string> =>
    signCertificate(
      {
        iss: centre.id,
        jti: JTI,
        iat: NOW - 60,
        exp: NOW + 60,
        sub: company(1),
        name: '某公司',
        capacity: 'legal-representative',
        level: 'A',
        key: `0x${'a1'.repeat(20)}`,
        ...change,
      },
      signer,
    );
  const outcomeOf = async (text: string, now = NOW): Promise<string> => {
    const outcome = await verifier.verify(text, now);
    return 'refusal' in outcome ? outcome.refusal : outcome.certificate.jti;
  };
  const detailOf = async (text: string): Promise<string> => {
    const outcome = await verifier.verify(text, NOW);
    return 'refusal' in outcome ? outcome.detail : '';
  };

  /** A new checkpoint key in place of the last. */
  const rotate = (): void => {
    const { checkpoint } = centre.member.keys;
    checkpoint.at(-1)!.until = 5;
    checkpoint.push({ key: ed25519.keygen().publicKey, since: 6 });
  };

  it('holds, and what was taken back is asked of its issuer every time', async () => {
    const text = await signed();
    for (let i = 0; i < 2; i++)
      expect(await verifier.verify(text, NOW + i)).to.have.nested.property('certificate.sub', company(1));
    expect(asked).to.deep.equal([
      [centre.id, JTI, NOW],
      [centre.id, JTI, NOW + 1],
    ]);
  });

  it('holds from its beginning, with a minute for the clocks, to its end', async () => {
    const text = await signed({ iat: NOW + 60 });
    expect(await outcomeOf(text)).to.equal(JTI);
    expect(await outcomeOf(await signed({ iat: NOW + 61 }))).to.equal('CERTIFICATE_EXPIRED');
    expect(await outcomeOf(text, NOW + 59)).to.equal(JTI);
    expect(await outcomeOf(text, NOW + 60)).to.equal('CERTIFICATE_EXPIRED');
    // Verified once, and it ends all the same.
    expect(await outcomeOf(text, NOW + 59)).to.equal(JTI);
  });

  it('ends when it is taken back, though it was verified before', async () => {
    const text = await signed();
    expect(await outcomeOf(text)).to.equal(JTI);
    revoked!.add(JTI);
    expect(await outcomeOf(text)).to.equal('CERTIFICATE_REVOKED');
    expect(await outcomeOf(await signed({ jti: 'BAAAAAAAAAAAAAAAAAAAAA' }))).to.equal('BAAAAAAAAAAAAAAAAAAAAA');
  });

  it('is not believed where nothing recent is known of what its issuer took back', async () => {
    const text = await signed();
    expect(await outcomeOf(text)).to.equal(JTI);
    revoked = undefined;
    expect(await outcomeOf(text)).to.equal('CERTIFICATE_INVALID');
    expect(await detailOf(text)).to.contain('took back of late');
  });

  it('outlives a rotation of its issuer’s key, verified before it or after', async () => {
    const [seen, unseen] = [await signed(), await signed({ jti: 'BAAAAAAAAAAAAAAAAAAAAA' })];
    expect(await outcomeOf(seen)).to.equal(JTI);
    rotate();
    rotate();
    expect(await outcomeOf(seen)).to.equal(JTI);
    expect(await outcomeOf(unseen)).to.equal('BAAAAAAAAAAAAAAAAAAAAA');
  });

  it('falls with the key that a reorganisation took off the chain', async () => {
    const text = await signed();
    expect(await outcomeOf(text)).to.equal(JTI);
    centre.member.keys.checkpoint = [{ key: ed25519.keygen().publicKey, since: 1 }];
    expect(await outcomeOf(text)).to.equal('CERTIFICATE_INVALID');
    expect(await detailOf(text)).to.contain('not on the chain any more');
  });

  it('falls with its issuer: suspended, without the role, removed', async () => {
    const text = await signed();
    const fresh = await signed({ exp: NOW + 61 });
    expect(await outcomeOf(text)).to.equal(JTI);
    view.suspended.add(centre.id);
    expect([await outcomeOf(text), await outcomeOf(fresh)]).to.deep.equal([
      'CERTIFICATE_INVALID',
      'CERTIFICATE_INVALID',
    ]);
    view.suspended.clear();
    centre.member.roles = ['bank'];
    expect(await outcomeOf(text)).to.equal('CERTIFICATE_INVALID');
    centre.member.roles = ['identifier'];
    expect(await outcomeOf(text)).to.equal(JTI);
    view.members.delete(centre.id);
    expect(await outcomeOf(text)).to.equal('CERTIFICATE_INVALID');
  });

  it('of an issuer whose keys all ended is not taken up anew', async () => {
    const text = await signed();
    centre.member.keys.checkpoint[0]!.until = 5;
    expect(await outcomeOf(text)).to.equal('CERTIFICATE_INVALID');
    expect(await detailOf(text)).to.contain('not signed by');
  });

  it('is none by another’s key, of nobody, or in another form', async () => {
    const other = new Body('别的中心', 'MB190402', ['identifier']);
    view.members.set(other.id, other.member);
    const wrong = [
      await signed({}, other.certifier),
      await signed({ iss: other.id }),
      await signed({}, centre.signer),
      await signed({ iss: `0x${'00'.repeat(32)}` }),
      'garbage',
      '',
      `${(await signed()).slice(0, -4)}AAAA`,
    ];
    for (const text of wrong) expect(await outcomeOf(text), text.slice(0, 20)).to.equal('CERTIFICATE_INVALID');
    expect(asked).to.deep.equal([]);
  });

  it('that was refused for its issuer alone is asked again, and holds when that is known', async () => {
    view.members.delete(centre.id);
    const text = await signed();
    expect(await outcomeOf(text)).to.equal('CERTIFICATE_INVALID');
    view.members.set(centre.id, centre.member);
    expect(await outcomeOf(text)).to.equal(JTI);
  });
});
