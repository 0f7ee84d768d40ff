// Outside of Node there are no packs but those that come with the software.
import type { PackFamily } from './pack-header.ts';

export function localPacks(_family: PackFamily): readonly unknown[] {
  return [];
}
