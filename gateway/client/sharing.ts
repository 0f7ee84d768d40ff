// An agency's program that reads records of other agencies: asks for a share basis, learns what became of it, ends it.
// Under an approved one it reads as a bank does under a grant (`Grantee`).
import { fromBase64Url, toBase64Url, utf8 } from '../../node/core/bytes.ts';
import { XinlianError } from '../../node/core/errors.ts';
import { openJwe, sealJwe, type Agreement } from '../../node/core/jwe.ts';
import type { JwsSigner } from '../../node/core/jws.ts';
import type { JwsAlgorithm } from '../../node/core/jwk.ts';
import type { View, ViewedMember } from '../../node/core/messages/view.ts';
import { QUERY_SECONDS } from '../../node/core/query.ts';
import {
  parseApproval,
  parseBasis,
  shareState,
  signBasis,
  signShareQuestion,
  verifyApproval,
  type ShareBasis,
  type ShareDocument,
  type ShareState,
} from '../../node/core/share.ts';
import type { Client } from '../client.ts';

export interface SharingDependencies {
  client: Pick<Client, 'askShare' | 'questionShare'>;
  /** The member's `client` key, or that of an application. */
  signer: JwsSigner;
  /** Where an application signs: the algorithm of its key, and its certificate. */
  application?: { alg: JwsAlgorithm; app: string };
  /** The member's sealing key, which states are sealed to. */
  sealing: Agreement;
  /** The own node's view of the chain. */
  view: (members?: readonly string[]) => Promise<View>;
  /** Milliseconds since 1970. */
  clock: { now(): number };
}

/** What is asked for; the rest is drawn here. */
export type WantedBasis = Omit<ShareBasis, 'type' | 'suite' | 'salt' | 'iss' | 'jti' | 'iat'>;

/** A basis, with what is known of it: JSON, so that it can be kept. */
export interface AskedBasis {
  /** Compact JWS. */
  basis: string;
  state: ShareState;
}

export class SharingAgency {
  readonly #member: string;
  readonly #needs: SharingDependencies;

  /** @param member the agency's member id */
  constructor(member: string, dependencies: SharingDependencies) {
    this.#member = member;
    this.#needs = dependencies;
  }

  /** Signs a basis and puts it down at the agency that provides. */
  async ask(wanted: WantedBasis): Promise<AskedBasis> {
    const basis: ShareBasis = {
      type: 'xinlian/share-basis/v1',
      suite: 'intl-1',
      salt: toBase64Url(crypto.getRandomValues(new Uint8Array(32))),
      iss: this.#member,
      jti: toBase64Url(crypto.getRandomValues(new Uint8Array(16))),
      iat: this.#now(),
      ...wanted,
    };
    const text = await signBasis(basis, this.#needs.signer, this.#needs.application);
    parseBasis(text);
    return this.#put(text);
  }

  /** Puts a basis down that was signed before: nothing changes where it is there already. */
  async #put(text: string): Promise<AskedBasis> {
    const { basis } = parseBasis(text);
    const provider = await this.#provider(basis.aud);
    const { answer } = await this.#needs.client.askShare({
      params: { member: basis.aud },
      body: { basis: await sealTo(provider, text) },
    });
    return { basis: text, state: await this.#open(answer, text, provider) };
  }

  /** What became of it. Throws `SIGNATURE_INVALID` for an approval that the provider did not sign. */
  async state(text: string): Promise<AskedBasis> {
    return this.#question(text, 'state');
  }

  /** Ends it, for good. */
  async end(text: string, reason?: string): Promise<AskedBasis> {
    return this.#question(text, 'end', reason);
  }

  async #question(text: string, act: 'state' | 'end', reason?: string): Promise<AskedBasis> {
    const { basis } = parseBasis(text);
    const iat = this.#now();
    const provider = await this.#provider(basis.aud);
    const jws = await signShareQuestion(
      {
        iss: this.#member,
        aud: basis.aud,
        jti: basis.jti,
        iat,
        exp: iat + QUERY_SECONDS,
        act,
        ...(reason !== undefined && { reason }),
      },
      this.#needs.signer,
      this.#needs.application,
    );
    const { answer } = await this.#needs.client.questionShare({
      params: { member: basis.aud },
      body: { question: await sealTo(provider, jws) },
    });
    return { basis: text, state: await this.#open(answer, text, provider) };
  }

  async #open(sealed: string, text: string, provider: ViewedMember): Promise<ShareState> {
    const state = shareState.decode((await openJwe(sealed, this.#needs.sealing)).plaintext);
    const { basis, digest } = parseBasis(text);
    if (state.basis !== basis.jti) throw strange('state', basis.jti, state.basis);
    if (state.approval === undefined) return state;
    const { approval, jws } = parseApproval(state.approval);
    if (approval.basis !== digest || approval.iss !== basis.aud) throw strange('approval', digest, approval.basis);
    await verifiedBy(provider, (key) => verifyApproval(jws, key, provider.name));
    return state;
  }

  async #provider(id: string): Promise<ViewedMember> {
    const { members } = await this.#needs.view([id]);
    const [provider] = members;
    if (!provider) throw new XinlianError('MEMBER_UNKNOWN', { member: id });
    return provider;
  }

  #now(): number {
    return Math.floor(this.#needs.clock.now() / 1000);
  }
}

/** What an approved basis is read with. Throws `CONFLICT` where it is not approved. */
export function documentOf({ basis, state }: AskedBasis): ShareDocument {
  if (state.approval !== undefined) return { basis, approval: state.approval };
  throw new XinlianError('CONFLICT', {
    what: `share basis ${state.basis}`,
    wanted: 'one that is approved',
    got: state.state,
  });
}

function strange(what: string, wanted: string, got: string): XinlianError {
  return new XinlianError('MALFORMED', { what, wanted: `one of basis ${wanted}`, got });
}

function sealTo({ id, sealing }: ViewedMember, text: string): Promise<string> {
  if (sealing === undefined) throw new XinlianError('MEMBER_UNKNOWN', { member: id });
  return sealJwe(utf8(text), fromBase64Url(sealing, 33), 'JWT');
}

/** By any checkpoint key that it has or had: an approval outlives a rotation. */
async function verifiedBy({ checkpoint, name }: ViewedMember, verify: (key: Uint8Array) => Promise<void>) {
  for (const key of checkpoint.toReversed()) {
    try {
      return await verify(fromBase64Url(key, 32));
    } catch (error) {
      if (!XinlianError.is(error, 'SIGNATURE_INVALID')) throw error;
    }
  }
  throw new XinlianError('SIGNATURE_INVALID', { what: 'share approval', key: name });
}
