// Verification of proof bundles against the chain as this gateway follows it.
import { readHeader } from '../node/chain/blocks.ts';
import type { Rpc } from '../node/chain/rpc.ts';
import type { ChainView } from '../node/chain/view.ts';
import { parseBundle } from '../node/core/bundle.ts';
import { fromHex, toBase64, type Hex } from '../node/core/bytes.ts';
import type { JsonValue } from '../node/core/canonical.ts';
import { parseCheckpoint, parseOrigin, type LogOrigin } from '../node/core/checkpoint.ts';
import { witnessName } from '../node/core/cosignature.ts';
import { XinlianError } from '../node/core/errors.ts';
import { decodeHeader } from '../node/core/ethereum.ts';
import { parseNote } from '../node/core/note.ts';
import { parseTlogProof } from '../node/core/tlog-proof.ts';
import { verifyTlogProof } from '../node/core/verify-tlog-proof.ts';
import { verifyBundle, type VerificationContext, type Verification as Verified } from '../node/core/verify-bundle.ts';
import type { Catalogue } from '../node/policy/pack.ts';
import type { Verification } from './api/verify.ts';
import { beijingTime } from './beijing-time.ts';
import type { BundleVerifier } from './ports.ts';

/** First line of one, and its type where it is sent in JSON. */
const TLOG_PROOF_TYPE = 'c2sp.org/tlog-proof@v1';

/** The part of a logger that is used. */
interface Log {
  warn(details: object, message: string): void;
}

interface Dependencies {
  view: Pick<ChainView, 'head' | 'final' | 'checkpointKeyAt' | 'log' | 'members'>;
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
    const text = tlogProofIn(bundle);
    if (text !== undefined) return viewOf(this.#verifyTlogProof(text));
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

  /** Of the chain it says nothing: it is the word of the log, by its owner's key of now, and of members that cosigned. */
  #verifyTlogProof(text: string): Verified {
    const { view, catalogue } = this.#needs;
    const {
      checkpoint,
      witnesses: _,
      ...verified
    } = verifyTlogProof(text, {
      names: (item, edition) => catalogue.names(item, edition),
      logKeys: (log) => {
        const owner = view.log(log)?.owner;
        const key = owner && view.checkpointKeyAt(owner, view.head()?.number ?? 0);
        return key ? [key] : [];
      },
      witnesses: tlogOriginOf(text).flatMap((origin) =>
        view.members().flatMap(({ id }) => {
          const publicKey = view.checkpointKeyAt(id, view.head()?.number ?? 0);
          return publicKey ? [{ name: witnessName(origin, id), publicKey }] : [];
        }),
      ),
      quorum: 0,
    });
    const owner = checkpoint && view.log(checkpoint.origin.log)?.owner;
    const key = owner && view.checkpointKeyAt(owner, view.head()?.number ?? 0);
    return {
      ...verified,
      pending: verified.ok,
      ...(verified.ok && { state: 'pending' as const }),
      ...(checkpoint && owner && key && { checkpoint: { ...checkpoint, member: owner, key } }),
    };
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

/** The text of a tlog-proof, where that is what was sent. */
function tlogProofIn(json: JsonValue): string | undefined {
  if (typeof json !== 'object' || json === null || Array.isArray(json)) return undefined;
  const { type, proof } = json;
  return type === TLOG_PROOF_TYPE && typeof proof === 'string' ? proof : undefined;
}

/** Its origin; none where it is no tlog-proof, which the verification says. */
function tlogOriginOf(text: string): LogOrigin[] {
  try {
    return [parseOrigin(parseCheckpoint(parseNote(parseTlogProof(text).note).text).origin)];
  } catch (error) {
    if (XinlianError.is(error)) return [];
    throw error;
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
