// The flags of an audit, as the auditor takes them.
import { readAuditedChain, type AuditorOptions } from '../../../node/auditor.ts';
import type { Hex } from '../../../node/core/bytes.ts';
import type { Consensus } from '../../../node/core/seals.ts';
import { malformed } from '../../../node/core/errors.ts';

/** As commander gives them. */
export interface AuditFlags {
  rpc?: string[];
  chain?: string;
  record?: string;
  contracts?: string;
  logs?: string;
  mirror?: string;
  also?: string[];
  witnesses?: boolean;
  openings?: string[];
  answers?: string[];
  records?: string[];
  block?: string;
  blockHash?: string;
  depth?: string;
  consensus?: string;
  sealers?: string[];
  sealedFrom?: string;
  state?: string;
  html?: string;
  json?: boolean;
  follow?: boolean;
  every?: string;
  stall?: string;
  evidence?: string;
  metrics?: string;
}

/** Throws `MALFORMED`, `CONFIG_INVALID`. */
export function optionsOf(flags: AuditFlags): AuditorOptions {
  const { contracts, logs, mirror, also, openings, answers, records, block, blockHash, depth, state, record } = flags;
  if (contracts === undefined) return malformed('--contracts', 'a file that names the contracts', 'nothing');
  if (logs !== undefined && mirror !== undefined) malformed('--logs', 'this or --mirror', 'both');
  for (const template of [logs ?? [], also ?? []].flat()) {
    if (!/^https?:\/\/.*\{log\}/.test(template)) malformed('--logs, --also', 'http(s)://… with {log}', template);
  }
  if (answers && !openings) malformed('--answers', '--openings beside it', 'none');
  if (state !== undefined && record !== undefined) malformed('--record', 'no --state: it would miss blocks', state);
  if (blockHash !== undefined && block === undefined) malformed('--block-hash', '--block beside it', 'none');
  const told = readAuditedChain(contracts);
  return {
    chain: chainOf(flags, told.endpoints),
    record,
    contracts: told.contracts,
    consensus: consensusOf(flags, told.contracts.block) ?? told.consensus,
    logs: logs !== undefined ? { template: logs } : mirror !== undefined ? { directory: mirror } : undefined,
    also,
    witnesses: flags.witnesses,
    openings,
    answers,
    records,
    block: block === undefined ? undefined : wholeNumber('--block', block, 0),
    blockHash: blockHash === undefined ? undefined : parseHash(blockHash),
    depth: depth === undefined ? told.depth : wholeNumber('--depth', depth, 1),
    stateFile: state,
  };
}

function chainOf({ rpc, chain, record }: AuditFlags, endpoints: readonly string[]): AuditorOptions['chain'] {
  if (chain !== undefined) {
    if (rpc || record !== undefined) malformed('--chain', 'this or --rpc and --record', 'both');
    return { file: chain };
  }
  const addresses = rpc ?? endpoints;
  return addresses.length > 0 ? { rpc: addresses } : malformed('--rpc', 'an address: http://… or https://…', 'nothing');
}

function consensusOf(flags: AuditFlags, first: number): Consensus | undefined {
  const { sealedFrom } = flags;
  const sealed = sealersIn(flags);
  return (
    sealed && { ...sealed, block: sealedFrom === undefined ? first - 1 : wholeNumber('--sealed-from', sealedFrom, 0) }
  );
}

/** Who seals; undefined where the flags say nothing of it. Throws `MALFORMED`. */
export function sealersIn({
  consensus: kind,
  sealers,
}: Pick<AuditFlags, 'consensus' | 'sealers'>): Pick<Consensus, 'kind' | 'sealers'> | undefined {
  if (kind === undefined && sealers === undefined) return undefined;
  if (kind !== 'clique' && kind !== 'qbft') return malformed('--consensus', 'clique or qbft', kind ?? 'nothing');
  const wrong = sealers?.find((address) => !/^0x[0-9a-f]{40}$/i.test(address));
  if (!sealers || wrong !== undefined)
    return malformed('--sealers', 'addresses: 0x and 40 hex digits', wrong ?? 'none');
  return { kind, sealers: sealers as Hex[] };
}

/** Throws `MALFORMED`. */
export function wholeNumber(flag: string, text: string, smallest: number): number {
  const value = Number(text);
  if (/^\d+$/.test(text) && Number.isSafeInteger(value) && value >= smallest) return value;
  return malformed(flag, `an integer of at least ${smallest}`, text);
}

function parseHash(text: string): Hex {
  const hash = text.toLowerCase();
  return /^0x[0-9a-f]{64}$/.test(hash) ? (hash as Hex) : malformed('--block-hash', '0x and 64 hex digits', text);
}
