import { expect } from 'chai';
import { toBase64Url } from '../../../node/core/bytes.ts';
import { verifyBundle, type Verification } from '../../../node/core/verify-bundle.ts';
import { chainAsToldBy } from '../../../gateway/cli/told-chain.ts';
import type { Client } from '../../../gateway/client.ts';
import { CHECKPOINT_KEY, completeBundle, LOG, MEMBER } from '../../helpers/bundle.ts';

interface Told {
  key?: Uint8Array;
  /** Tenure of the key, in blocks from that of the anchor. */
  since?: number;
  until?: number;
  log?: string;
  blockHash?: string;
  blockAfter?: number;
}

describe('a bundle, against what a gateway tells of the chain', () => {
  const verify = async (told: Told): Promise<Verification> => {
    const { bundle, context, blockHash } = await completeBundle();
    const { names } = context;
    const alone = verifyBundle(bundle, { names });
    const block = alone.anchor?.number ?? 0;
    const history = {
      key: toBase64Url(told.key ?? CHECKPOINT_KEY),
      since: block + (told.since ?? -1),
      ...(told.until !== undefined && { until: block + told.until }),
    };
    const head = { block: block + (told.blockAfter ?? 0), blockHash: told.blockHash ?? blockHash };
    // The log is on the second page.
    const client = {
      getMember: async () => ({ history: { checkpoint: [history] } }),
      listCheckpoints: async ({ query }: { query?: { cursor?: string } } = {}) =>
        query?.cursor === undefined ? { items: [], next: 'more' } : { items: [{ log: told.log ?? LOG, head }] },
    } as unknown as Pick<Client, 'getMember' | 'listCheckpoints'>;
    return verifyBundle(bundle, { names, ...(await chainAsToldBy(client, alone.checkpoint!, alone.anchor)) });
  };
  const brokenAt = async (told: Told): Promise<string | undefined> =>
    (await verify(told)).checks.find(({ ok }) => !ok)?.link;

  it('holds, and has nothing to trust, where it agrees', async () => {
    const verification = await verify({});
    expect(verification).to.deep.include({ ok: true, trusted: [] });
    expect(verification.checkpoint?.member).to.equal(MEMBER);
  });

  it('is broken where the key is another, or was not in its tenure', async () => {
    expect(await brokenAt({ key: new Uint8Array(32).fill(1) })).to.equal('signature');
    expect(await brokenAt({ since: 1 })).to.equal('signature');
    expect(await brokenAt({ until: -1 })).to.equal('signature');
    expect(await brokenAt({ until: 0 })).to.equal(undefined);
  });

  it('is broken where the member has no such log, or the block is another', async () => {
    expect(await brokenAt({ log: `0x${'99'.repeat(32)}` })).to.equal('signature');
    expect(await brokenAt({ blockHash: `0x${'99'.repeat(32)}` })).to.equal('header');
  });

  it('has its block to trust where the gateway tells of a later one only', async () => {
    const { ok, trusted } = await verify({ blockAfter: 5, blockHash: `0x${'99'.repeat(32)}` });
    expect(ok).to.equal(true);
    expect(trusted).to.have.length(1);
  });
});
