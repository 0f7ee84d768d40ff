/**
 * The HTTP API between a node and a signer that keeps its keys. Bytes are base64url.
 *
 *     GET  {base}/v1/members/{member}
 *       200 {"checkpoint", "client", "sealing", "transaction", "nodePeer", "gatewayPeer"}
 *     POST {base}/v1/members/{member}/keys/{key}/{operation}   {"input"}
 *       200 {"output"}
 *
 * | key                       | operation | input         | output                     |
 * | ------------------------- | --------- | ------------- | -------------------------- |
 * | `checkpoint`, `client`    | `sign`    | message       | signature, 64 bytes        |
 * | `sealing`                 | `derive`  | P-256 point   | x coordinate, 32 bytes     |
 * | `transaction`             | `sign`    | digest        | r, s and v, 65 bytes       |
 * | `nodePeer`, `gatewayPeer` | `export`  | empty         | Ed25519 seed, 32 bytes     |
 * | `vault`                   | `wrap`    | key, 32 bytes | wrapped key, 40 bytes      |
 * | `vault`                   | `unwrap`  | wrapped key   | key, 32 bytes              |
 *
 * Every request has `Authorization: Bearer {token}`. A refusal is `{"error": {"code", "details"}}`: 400 `MALFORMED`,
 * 401 `UNAUTHENTICATED`, 404 `NOT_FOUND`, 413 `TOO_LARGE`, 503 `KEY_UNAVAILABLE`, 500 `INTERNAL`.
 */
import { fromHex } from '../core/bytes.ts';
import type { MemberKeys } from './provider.ts';

export const MAX_BODY = 2 * 1024 * 1024;

interface Operation {
  /** Bytes of the output. */
  outputLength: number;
  run(keys: MemberKeys, input: Uint8Array): Promise<Uint8Array> | Uint8Array;
}

export const OPERATIONS = {
  'checkpoint/sign': { outputLength: 64, run: (keys, input) => keys.checkpoint.sign(input) },
  'client/sign': { outputLength: 64, run: (keys, input) => keys.client.sign(input) },
  'sealing/derive': { outputLength: 32, run: (keys, input) => keys.sealing.deriveBits(input) },
  'transaction/sign': { outputLength: 65, run: async (keys, input) => fromHex(await keys.transaction.sign(input)) },
  'nodePeer/export': { outputLength: 32, run: (keys) => keys.nodePeer.exportSeed() },
  'gatewayPeer/export': { outputLength: 32, run: (keys) => keys.gatewayPeer.exportSeed() },
  'vault/wrap': { outputLength: 40, run: (keys, input) => keys.vault.wrap(input) },
  'vault/unwrap': { outputLength: 32, run: (keys, input) => keys.vault.unwrap(input) },
} as const satisfies Record<string, Operation>;

export type OperationName = keyof typeof OPERATIONS;

export function operationOf(name: string): Operation | undefined {
  return Object.hasOwn(OPERATIONS, name) ? OPERATIONS[name as OperationName] : undefined;
}
