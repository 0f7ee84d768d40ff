// A log that is a list of leaves: signs a checkpoint of any size, and proves any two.
import { ed25519 } from '@noble/curves/ed25519.js';
import { utf8 } from '../../node/core/bytes.ts';
import { checkpointOrigin, encodeCheckpoint } from '../../node/core/checkpoint.ts';
import type { LogId } from '../../node/core/ids.ts';
import { consistencyProof, leafHash, rootHash, TreeFrontier, type HashReader } from '../../node/core/merkle.ts';
import { signNote, type NoteSigner } from '../../node/core/note.ts';
import { CHAIN_ID, LOG, LOG_ANCHOR } from './bundle.ts';

export function signerOf(name: string, secret: Uint8Array): NoteSigner {
  return {
    name,
    publicKey: ed25519.getPublicKey(secret),
    sign: (message: Uint8Array) => ed25519.sign(message, secret),
  };
}

/** @param forkAt from this position on its leaves are others than those of the log that was not forked */
export class SmallLog {
  readonly origin: string;
  readonly #signer: NoteSigner;
  readonly #nodes = new Map<string, Uint8Array>();

  constructor(
    secret: Uint8Array,
    { forkAt = Infinity, size = 64, log = LOG }: { forkAt?: number; size?: number; log?: LogId } = {},
  ) {
    this.origin = checkpointOrigin({ chainId: CHAIN_ID, logAnchor: LOG_ANCHOR, log });
    this.#signer = signerOf(this.origin, secret);
    const tree = new TreeFrontier();
    for (let i = 0; i < size; i++) {
      tree.append(leafHash(utf8(`${i < forkAt ? 'one' : 'other'} ${i}`)), (level, index, hash) =>
        this.#nodes.set(`${level}/${index}`, hash),
      );
    }
  }

  get reader(): HashReader {
    return (level, index) => this.#nodes.get(`${level}/${index}`)!;
  }

  root(size: number): Uint8Array {
    return rootHash(size, this.reader);
  }

  note(size: number): Promise<string> {
    return signNote(encodeCheckpoint({ origin: this.origin, size, root: this.root(size) }), this.#signer);
  }

  proof(from: number, to: number): Uint8Array[] {
    return consistencyProof(from, to, this.reader);
  }
}
