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
import type { Catalogue } from '../node/policy/pack.ts';
import type { Verification } from './api/verify.ts';
import { beijingTime } from './beijing-time.ts';
import type { BundleVerifier } from './ports.ts';

/** The part of a logger that is used. */
interface Log {
  warn(details: object, message: string): void;
}

interface Dependencies {
  view: Pick<ChainView, 'head' | 'final' | 'checkpointKeyAt' | 'log'>;
  rpc: Rpc;
  catalogue: Pick<Catalogue, 'names'>;
  log: Log;
}

export class ChainVerifier implements BundleVerifier {
  readonly #needs: Dependencies;

  constructor(dependencies: Dependencies) {
    this.#needs = dependencies;
  }

  async verify(bundle: JsonValue): Promise<Verification> {
    const { view, catalogue } = this.#needs;
    const final = await this.#finalBlock(bundle);
    const context: VerificationContext = {
      names: (item, edition) => catalogue.names(item, edition),
      checkpointKey: (member, _log, block) => view.checkpointKeyAt(member, block ?? view.head()?.number ?? 0),
      logOwner: (log) => view.log(log)?.owner,
      ...(final && { trustedBlock: final }),
    };
    return viewOf(verifyBundle(bundle, context));
  }

  /**
   * Hash of the chain's own final block of the number that the bundle names. Undefined where there is none yet, or the
   * chain cannot be asked: then the answer says that the block had to be trusted.
   */
  async #finalBlock(bundle: JsonValue): Promise<Hex | undefined> {
    const { view, rpc, log } = this.#needs;
    const number = anchorBlockOf(bundle);
    if (number === undefined || number > view.final()) return undefined;
    try {
      return (await readHeader(rpc, number))?.hash;
    } catch (error) {
      log.warn({ err: error }, 'a block could not be read to verify a bundle');
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

function viewOf({ ok, pending, checks, trusted, state, record, access, checkpoint, anchor }: Verified): Verification {
  return {
    ok,
    pending,
    checks,
    trusted,
    ...(state && { state }),
    ...(access && { access }),
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
