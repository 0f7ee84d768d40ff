// Grants on the disk: the document, which goes to the grantee; and the grant key, which stays with the enterprise.
import { readFile, writeFile } from 'node:fs/promises';
import { grantDocument, parseArtefact, type GrantDocument } from '../../node/core/grant.ts';
import type { DraftGrant } from '../../node/core/make-grant.ts';
import { encodeGrantKey, parseGrantKey } from '../client/grant-key.ts';

/** Throws `MALFORMED`. */
export async function readGrant(path: string): Promise<GrantDocument> {
  const document = grantDocument.decode(await readFile(path));
  parseArtefact(document.artefact);
  return document;
}

export async function writeGrant(path: string, document: GrantDocument): Promise<void> {
  await writeFile(path, `${JSON.stringify(document, null, 2)}\n`);
}

/** Who has the file can withdraw the grant, and nothing else: mode 0600. */
export async function writeGrantKey(path: string, draft: Pick<DraftGrant, 'terms' | 'key'>): Promise<void> {
  await writeFile(path, encodeGrantKey(draft), { mode: 0o600, flag: 'wx' });
}

/** Throws `MALFORMED`. */
export async function readGrantKey(path: string): Promise<Pick<DraftGrant, 'terms' | 'hash' | 'key'>> {
  return parseGrantKey(await readFile(path));
}
