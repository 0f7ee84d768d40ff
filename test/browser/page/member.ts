// A member's application in a page: publishes to its home node through a gateway of another body, and proves a record.
import { ed25519 } from '@noble/curves/ed25519.js';
import { fromHex, type Hex } from '../../../node/core/bytes.ts';
import type { RecordStatus } from '../../../node/core/messages/record.ts';
import { verifyBundle, type Verification } from '../../../node/core/verify-bundle.ts';
import { builtInCatalogue } from '../../../node/policy/pack.ts';
import { chainAsToldBy } from '../../../gateway/cli/told-chain.ts';
import { createClient } from '../../../gateway/client.ts';
import { SealedClient, type SealedPublishOptions } from '../../../gateway/client/sealed.ts';
import type { SubmissionLine } from '../../../gateway/publish/submit.ts';

/** What a body has on the machine of its clerk. */
export interface Login {
  gateway: string;
  member: string;
  /** Seed of its Ed25519 `client` key. */
  client: Hex;
  /** Its node's public P-256 key. */
  sealing: Hex;
}

export interface Application {
  publish(rows: string, options: SealedPublishOptions): Promise<SubmissionLine[]>;
  status(record: string): Promise<RecordStatus>;
  /** Fetches a bundle, sealed, and verifies it here, against what the gateway says of the chain. */
  prove(record: string): Promise<Pick<Verification, 'ok' | 'pending' | 'checks' | 'trusted'>>;
}

declare global {
  var logIn: (login: Login) => void;
  var application: Application;
}

globalThis.logIn = ({ gateway, member, client: seed, sealing }) => {
  const sign = (message: Uint8Array): Uint8Array => ed25519.sign(message, fromHex(seed));
  const client = createClient({ baseUrl: gateway, credentials: { member, sign } });
  const sealed = new SealedClient(
    { member, sealingKey: fromHex(sealing), patienceMs: 1_000 },
    { client, signer: { sign }, clock: Date },
  );
  globalThis.application = {
    async publish(rows, options) {
      const lines: SubmissionLine[] = [];
      // As a page has a file that its user dropped.
      for await (const line of sealed.publish(new Blob([rows]), options)) lines.push(line);
      return lines;
    },
    status: (record) => sealed.recordStatus({ record }),
    async prove(record) {
      const bundle = await sealed.recordBundle({ record });
      const names = (item: string, edition: string) => builtInCatalogue.names(item, edition);
      const { checkpoint, anchor } = verifyBundle(bundle, { names });
      if (!checkpoint) throw new Error('the bundle names no checkpoint');
      const { ok, pending, checks, trusted } = verifyBundle(bundle, {
        ...(await chainAsToldBy(client, checkpoint, anchor)),
        names,
      });
      return { ok, pending, checks, trusted };
    },
  };
};
