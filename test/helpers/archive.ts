// The archive of an agency's log, on a chain that exists on paper.
import { toBase64Url } from '../../node/core/bytes.ts';
import { XinlianError } from '../../node/core/errors.ts';
import type { LogSource } from '../../node/audit/ports.ts';
import { makeVolume, type MakeDependencies } from '../../node/archive/make.ts';
import type { Manifest } from '../../node/archive/format.ts';
import { readLogFile } from '../../node/exchange/log-files.ts';
import { SIGNER, type Agency } from './agency.ts';
import { MEMBER } from './bundle.ts';
import { signerOf } from './small-log.ts';

/** The agency's log as its node serves it. */
export function servedLog({ log, logs }: Agency): LogSource {
  return {
    name: 'the node',
    read: async (path) => {
      try {
        return (await readLogFile(log, logs, path)).bytes;
      } catch (error) {
        if (XinlianError.is(error, 'NOT_FOUND')) return undefined;
        throw error;
      }
    },
  };
}

/** @param changes to what the volume is made of */
export function archive(
  agency: Agency,
  directory: string,
  atLeast = 1,
  changes: Partial<MakeDependencies> = {},
): Promise<Manifest | undefined> {
  const { records, reading, clock } = agency;
  return makeVolume(directory, atLeast, {
    source: servedLog(agency),
    proof: async (position) => {
      try {
        return await records.entryProof(reading, position);
      } catch (error) {
        if (XinlianError.is(error, 'NOT_FOUND') || XinlianError.is(error, 'CONFLICT')) return undefined;
        throw error;
      }
    },
    members: async () => [
      { id: MEMBER, name: '某局', uscc: '11330900MB1234567X', checkpoint: [{ key: toBase64Url(SIGNER), since: 1 }] },
    ],
    packs: { 'cn-twin-publication': { edition: '2024' } },
    key: signerOf('', new Uint8Array(32).fill(7)),
    clock,
    ...changes,
  });
}
