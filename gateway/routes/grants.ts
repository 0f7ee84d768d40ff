// Grants: registered, looked up, withdrawn, checked. What the chain says is answered from its view; what is to be written
// goes through the gateway's own node.

import { fromBase64Url, toHex } from '../../node/core/bytes.ts';
import { XinlianError } from '../../node/core/errors.ts';
import { grantHashOf, parseGrantHash, type GrantHash, type MemberId } from '../../node/core/ids.ts';
import { grantWithdrawal, termsOf, type GrantWithdrawal } from '../../node/core/messages/grant.ts';
import { checkGrant } from '../../node/exchange/check-grant.ts';
import { verifyWithdrawal } from '../../node/exchange/withdrawals.ts';
import type { TypedDataDomain } from '../../node/core/typed-data.ts';
import { beijingTime } from '../beijing-time.ts';
import { HomeNode } from '../home-node.ts';
import type { Chain, Clock, Grants, Members, NodeCaller } from '../ports.ts';
import type { Handlers } from './handler.ts';

export interface GrantOptions {
  ownMembers: readonly MemberId[];
  nodeTimeoutMs: number;
  /** A head older than this proves nothing about what happened since. */
  staleAfterSeconds: number;
  /** EIP-712 domain of the GrantRegistry. */
  grantDomain: TypedDataDomain;
}

interface Needs {
  members: Members;
  grants: Grants;
  chain: Chain;
  nodes: NodeCaller;
  clock: Clock;
}

/** Withdrawals that this process was given: they bind it at once. The chain's view has them within a block or two. */
const MOST_REMEMBERED = 100_000;
/** How long a node may take to hear of a withdrawal; it learns it from the chain otherwise. */
const TELL_MS = 5_000;

export function grantRoutes(options: GrantOptions, { members, grants, chain, nodes, clock }: Needs) {
  const withdrawn = new Set<GrantHash>();
  const withdrawals = { isWithdrawn: (grant: GrantHash) => withdrawn.has(grant) };
  const view = { ...facts(grants, chain, members) };

  function ownNode(): HomeNode {
    const [own] = options.ownMembers;
    if (own === undefined) throw new XinlianError('UNREACHABLE', { peer: 'own node', reason: 'this gateway has none' });
    return new HomeNode(own, { timeoutMs: options.nodeTimeoutMs }, nodes);
  }

  function judged() {
    const head = chain.head();
    if (!head) throw new XinlianError('CHAIN_UNREACHABLE', { endpoint: 'any', reason: 'no block was read yet' });
    return { block: head.number, time: beijingTime(Math.floor(clock.now() / 1000)) };
  }

  /** Tells the nodes of all sources. @returns who has heard it */
  async function tell(withdrawal: GrantWithdrawal, signal: AbortSignal) {
    const told: MemberId[] = [];
    const unreached: MemberId[] = [];
    const argument = grantWithdrawal.encode(withdrawal);
    const sources = [...members.list()].filter(({ id }) => members.isEntitledNow(id, ['source']));
    await Promise.all(
      sources.map(async ({ id }) => {
        try {
          await nodes.call(id, 'grant/withdrawn', argument, { signal, timeoutMs: TELL_MS });
          told.push(id);
        } catch (error) {
          if (!XinlianError.is(error)) throw error;
          unreached.push(id);
        }
      }),
    );
    return { told: told.sort(), unreached: unreached.sort() };
  }

  return {
    async registerGrants({ body: { grants: registrations }, signal }) {
      return { outcomes: await ownNode().registerGrants(registrations, signal) };
    },

    getGrant({ params }) {
      const state = grants.grant(parseGrantHash(params.grant));
      if (!state) throw new XinlianError('NOT_FOUND', { what: 'grant', id: params.grant });
      const { hash, registered, registeredFinal: final, terms, usesLeft, suspended } = state;
      return {
        grant: hash,
        ...(registered !== undefined && { registered }),
        final,
        ...(terms && { terms }),
        ...(terms && terms.uses > 0 && { usesLeft }),
        withdrawn: state.withdrawn || withdrawals.isWithdrawn(hash),
        suspended,
        judged: judged(),
      };
    },

    async withdrawGrant({ params, body, signal }) {
      const grant = verifyWithdrawal(body, options.grantDomain);
      if (grant !== params.grant)
        throw new XinlianError('MALFORMED', {
          what: 'terms',
          wanted: `those of ${params.grant}`,
          got: `those of ${grant}`,
        });
      const [oldest] = withdrawn;
      if (withdrawn.size >= MOST_REMEMBERED && oldest !== undefined) withdrawn.delete(oldest);
      withdrawn.add(grant);
      // Its own node keeps it and brings it to the chain, however often that takes; the others hear it meanwhile.
      const [heard] = await Promise.all([tell(body, signal), ownNode().withdrawGrant(body, signal)]);
      return { grant, ...heard };
    },

    async consumeGrant({ params, body, signal }) {
      const grant = grantHashOf(termsOf(body.terms));
      if (grant !== params.grant)
        throw new XinlianError('MALFORMED', {
          what: 'terms',
          wanted: `those of ${params.grant}`,
          got: `those of ${grant}`,
        });
      // This gateway and its node may see a block at different moments: what either has seen is so.
      const consumed = await ownNode().consumeGrant(body, signal);
      const seen = grants.consumption(grant, toHex(fromBase64Url(body.query, 32)));
      return { ...consumed, ...(seen && { block: seen.block }), final: consumed.final || seen?.final === true };
    },

    checkGrants({ caller, body: { checks } }) {
      const nowSeconds = Math.floor(clock.now() / 1000);
      const at = { nowSeconds, failClosedSeconds: options.staleAfterSeconds };
      const results = checks.map((check) => checkGrant(check, caller.member, view, withdrawals, at));
      return { judged: judged(), results };
    },
  } satisfies Partial<Handlers>;
}

/** The parts of the chain's view that judging asks for. */
function facts(grants: Grants, chain: Chain, members: Members) {
  return {
    head: () => chain.head(),
    grant: (hash: GrantHash) => grants.grant(hash),
    isEntitledNow: members.isEntitledNow.bind(members),
  };
}
