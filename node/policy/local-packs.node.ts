// Packs of a place, beside those that come with the software: the files of the folder that XINLIAN_PACKS names. They say what the
// law is, as the others do, so that every process reads them before anything else, and none starts where they are broken.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { XinlianError } from '../core/errors.ts';
import { familyOf, type PackFamily } from './pack-header.ts';

const read = readPacks(process.env['XINLIAN_PACKS']);

/** The packs of a family, by the names of their files. */
export function localPacks(family: PackFamily): readonly unknown[] {
  return read.filter((pack) => familyOf(pack) === family);
}

/** @param folder of `.json` files, each one pack or a list of them; undefined for none. Throws `MALFORMED` with the file's name. */
export function readPacks(folder: string | undefined): object[] {
  if (folder === undefined || folder === '') return [];
  const names = readdirSync(folder).filter((name) => name.endsWith('.json'));
  return names.toSorted().flatMap((name) => {
    const what = `policy pack ${join(folder, name)}`;
    const packs: unknown[] = [parse(readFileSync(join(folder, name), 'utf8'), what)].flat();
    return packs.map((pack) => {
      if (typeof pack === 'object' && pack !== null && familyOf(pack) !== 'report') return pack;
      const wanted = 'a catalogue of items, or rules of a kind that regions may have of their own';
      throw new XinlianError('MALFORMED', { what, wanted, got: JSON.stringify(pack).slice(0, 80) });
    });
  });
}

function parse(text: string, what: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new XinlianError('MALFORMED', { what, wanted: 'JSON', got: String(cause) }, { cause });
  }
}
