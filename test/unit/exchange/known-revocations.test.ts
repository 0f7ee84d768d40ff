import { ed25519 } from '@noble/curves/ed25519.js';
import { expect } from 'chai';
import { XinlianError } from '../../../node/core/errors.ts';
import type { MemberId } from '../../../node/core/ids.ts';
import { signRevocations } from '../../../node/core/revocations.ts';
import { GroupCommit } from '../../../node/exchange/group-commit.ts';
import { KnownRevocations } from '../../../node/exchange/known-revocations.ts';
import { LevelCertificateStore } from '../../../node/store/certificate-store.ts';
import type { Batch, Store } from '../../../node/store/store.ts';
import { PaperClock, silent } from '../../helpers/agency.ts';
import { Body } from '../../helpers/authorised.ts';
import { memoryStore } from '../../helpers/memory-store.ts';
import { PaperGrants } from '../../helpers/paper-grants.ts';
import { rejection } from '../../helpers/rejection.ts';

const [ONE, TWO] = ['A'.repeat(22), `B${'A'.repeat(21)}`];
const MAX_AGE = 3_600;

describe('What issuers took back, as a node knows it', () => {
  let store: Store;
  let centre: Body;
  let other: Body;
  let view: PaperGrants;
  let clock: PaperClock;
  let known: KnownRevocations<Batch>;
  /** Answers of the issuers' nodes. */
  let lists: Map<MemberId, () => Promise<string>>;

  function open(refreshMs = 3_600_000): KnownRevocations<Batch> {
    return new KnownRevocations<Batch>(
      { refreshMs, maxAgeSeconds: MAX_AGE },
      {
        store: new LevelCertificateStore(store),
        commits: new GroupCommit<Batch>(() => store.batch()),
        view,
        issuers: () => [centre.id, other.id],
        fetchList: async (issuer, signal) => {
          signal.throwIfAborted();
          const list = lists.get(issuer);
          if (!list) throw new XinlianError('UNREACHABLE', { peer: issuer, reason: 'down' });
          return list();
        },
        clock,
        logger: silent,
      },
    );
  }

  beforeEach(async () => {
    store = await memoryStore();
    clock = new PaperClock();
    centre = new Body('中心', 'MB190401', ['identifier']);
    other = new Body('别的中心', 'MB190402', ['identifier']);
    view = new PaperGrants(now());
    for (const { member } of [centre, other]) view.members.set(member.id, member);
    lists = new Map();
    known = open();
  });
  afterEach(() => known.stop());

  const now = () => Math.floor(clock.now() / 1000);
  const list = (revoked: string[], iat = now(), of = centre, by = of): Promise<string> =>
    signRevocations({ iss: of.id, iat, revoked }, by.certifier);
  const isRevoked = (jti = ONE, of = centre) => known.isRevoked(of.id, jti, now());

  it('is nothing before the first list, and no leave', () => {
    expect(isRevoked()).to.equal(undefined);
  });

  it('is what the last list has, of that issuer alone', async () => {
    await known.take(await list([ONE]));
    expect([isRevoked(ONE), isRevoked(TWO), isRevoked(ONE, other)]).to.deep.equal([true, false, undefined]);
    await known.take(await list([TWO], now() + 1));
    expect([isRevoked(ONE), isRevoked(TWO)]).to.deep.equal([false, true]);
  });

  it('is replaced by no older list, and by none of the same second', async () => {
    const older = await list([]);
    clock.milliseconds += 10_000;
    await known.take(await list([ONE]));
    await known.take(older);
    await known.take(await list([]));
    expect(isRevoked()).to.equal(true);
  });

  it('is believed until it is too old', async () => {
    await known.take(await list([ONE]));
    const { id } = centre;
    expect(known.isRevoked(id, ONE, now() + MAX_AGE)).to.equal(true);
    expect(known.isRevoked(id, ONE, now() + MAX_AGE + 1)).to.equal(undefined);
    expect(known.isRevoked(id, TWO, now() + MAX_AGE + 1)).to.equal(undefined);
  });

  it('is taken from no list of the future: none would come after it', async () => {
    expect(await rejection(known.take(await list([], now() + 61)))).to.have.property('code', 'MALFORMED');
    expect(isRevoked()).to.equal(undefined);
    await known.take(await list([ONE], now() + 60));
    expect(isRevoked()).to.equal(true);
  });

  it('is taken from no list that its issuer did not sign with its present key', async () => {
    const code = async (text: string) => ((await rejection(known.take(text))) as XinlianError).code;
    expect(await code(await list([], now(), centre, other))).to.equal('SIGNATURE_INVALID');
    const before = await list([ONE]);
    const { checkpoint } = centre.member.keys;
    checkpoint[0]!.until = 5;
    checkpoint.push({ key: ed25519.keygen().publicKey, since: 6 });
    expect(await code(before)).to.equal('SIGNATURE_INVALID');
    expect(await code('garbage')).to.equal('MALFORMED');
    view.members.delete(centre.id);
    expect(await code(before)).to.equal('MEMBER_UNKNOWN');
    expect(isRevoked()).to.equal(undefined);
  });

  it('survives a restart, as old as it is', async () => {
    await known.take(await list([ONE]));
    const again = open();
    expect(again.isRevoked(centre.id, ONE, now())).to.equal(true);
    expect(again.isRevoked(centre.id, ONE, now() + MAX_AGE + 1)).to.equal(undefined);
    // What was kept is later than what is offered.
    await again.take(await list([], now() - 1));
    expect(again.isRevoked(centre.id, ONE, now())).to.equal(true);
    expect(open().isRevoked(centre.id, ONE, now())).to.equal(true);
  });

  it('is asked of every issuer; who is not reached, or lies, costs no other', async () => {
    await known.take(await list([ONE]));
    clock.milliseconds += 1_000;
    lists.set(other.id, () => list([TWO], now(), other));
    await known.refresh();
    expect([isRevoked(ONE), isRevoked(TWO, other)]).to.deep.equal([true, true]);
    clock.milliseconds += 1_000;
    lists.set(centre.id, () => list([], now(), centre, other));
    lists.set(other.id, () => list([], now(), other));
    await known.refresh();
    expect([isRevoked(ONE), isRevoked(TWO, other)]).to.deep.equal([true, false]);
  });

  it('is asked for once at a time', async () => {
    const gate = Promise.withResolvers<void>();
    let asked = 0;
    lists.set(centre.id, async () => {
      asked++;
      await gate.promise;
      return list([ONE]);
    });
    const both = [known.refresh(), known.refresh()];
    gate.resolve();
    await Promise.all(both);
    expect([asked, isRevoked()]).to.deep.equal([1, true]);
    await known.refresh();
    expect(asked).to.equal(2);
  });

  it('is asked for from the start on, again and again, until it is stopped', async () => {
    const asked = Promise.withResolvers<void>();
    let times = 0;
    lists.set(centre.id, async () => {
      if (++times === 3) asked.resolve();
      return list([ONE]);
    });
    const eager = open(5);
    eager.start();
    eager.start();
    await asked.promise;
    await eager.stop();
    const last = times;
    await new Promise((resolve) => setTimeout(resolve, 30));
    expect(times).to.equal(last);
    await eager.stop();
  });
});
