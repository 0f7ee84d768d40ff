// Verification of proof bundles against the chain as this gateway follows it.
import { readHeader } from '../node/chain/blocks.ts';
import type { Rpc } from '../node/chain/rpc.ts';
import type { ChainView } from '../node/chain/view.ts';
import { parseBundle } from '../node/core/bundle.ts';
import { fromHex, toBase64, type Hex } from '../node/core/bytes.ts';
import type { JsonValue } from '../node/core/canonical.ts';
import { XinlianError } from '../node/core/errors.ts';
import { decodeHeader } from '../node/core/ethereum.ts';
import { verifyBundle, type VerificationContext, type Verification as Verified } from '../node/core/verify-bundle.ts';
import { builtInCatalogue } from '../node/policy/pack.ts';
import type { Verification } from './api/verify.ts';
import { beijingTime } from './beijing-time.ts';
import type { BundleVerifier } from './ports.ts';

/** The part of a logger that is used. */
interface Log {
  warn(details: object, message: string): void;
}

export class ChainVerifier implements BundleVerifier {
  readonly #view: ChainView;
  readonly #rpc: Rpc;
  readonly #log: Log;

  constructor({ view, rpc, log }: { view: ChainView; rpc: Rpc; log: Log }) {
    this.#view = view;
    this.#rpc = rpc;
    this.#log = log;
  }

  async verify(bundle: JsonValue): Promise<Verification> {
    const final = await this.#finalBlock(bundle);
    const context: VerificationContext = {
      names: (item, edition) => builtInCatalogue.names(item, edition),
      checkpointKey: (member, _log, block) =>
        this.#view.checkpointKeyAt(member, block ?? this.#view.head()?.number ?? 0),
      logOwner: (log) => this.#view.log(log)?.owner,
      ...(final && { trustedBlock: final }),
    };
    return viewOf(verifyBundle(bundle, context));
  }

  /**
   * Hash of the chain's own final block of the number that the bundle names. Undefined where there is none yet, or the
   * chain cannot be asked: then the answer says that the block had to be trusted.
   */
  async #finalBlock(bundle: JsonValue): Promise<Hex | undefined> {
    const number = anchorBlockOf(bundle);
    if (number === undefined || number > this.#view.final()) return undefined;
    try {
      return (await readHeader(this.#rpc, number))?.hash;
    } catch (error) {
      this.#log.warn({ err: error }, 'a block could not be read to verify a bundle');
      return undefined;
    }
  }
}

/** Undefined also for what is no bundle: the verification itself will say so. */
function anchorBlockOf(json: JsonValue): number | undefined {
  try {
    const { anchor } = parseBundle(json);
    return anchor && decodeHeader(fromHex(anchor.header)).number;
  } catch (error) {
    if (XinlianError.is(error)) return undefined;
    throw error;
  }
}

function viewOf({ ok, pending, checks, trusted, record, checkpoint, anchor }: Verified): Verification {
  return {
    ok,
    pending,
    checks,
    trusted,
    ...(record && { record: { ...record, time: beijingTime(record.time), claims: Object.fromEntries(record.claims) } }),
    ...(checkpoint && {
      checkpoint: {
        log: checkpoint.origin.log,
        member: checkpoint.member,
        size: checkpoint.size,
        root: toBase64(checkpoint.root),
      },
    }),
    ...(anchor && {
      anchor: {
        chainId: anchor.chainId,
        logAnchor: anchor.logAnchor,
        block: anchor.number,
        blockHash: anchor.hash,
        time: beijingTime(anchor.timestamp),
        confirmed: anchor.confirmed,
      },
    }),
  };
}
