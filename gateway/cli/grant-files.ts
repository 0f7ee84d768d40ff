// Grants on the disk: the document, which goes to the grantee; and the grant key, which stays with the enterprise.
import { readFile, writeFile } from 'node:fs/promises';
import { fromBase64Url, toBase64Url } from '../../node/core/bytes.ts';
import { grantDocument, parseArtefact, type GrantDocument } from '../../node/core/grant.ts';
import { grantHashOf } from '../../node/core/ids.ts';
import type { DraftGrant } from '../../node/core/make-grant.ts';
import { Type } from 'typebox';
import { codec } from '../../node/core/messages/codec.ts';
import { GrantTermsText, termsOf } from '../../node/core/messages/grant.ts';

const keyFile = codec(
  'grant key file',
  Type.Object(
    { type: Type.Literal('xinlian/grant-key/v1'), terms: GrantTermsText, key: Type.String() },
    { additionalProperties: false },
  ),
);

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
export async function writeGrantKey(path: string, { terms, key }: Pick<DraftGrant, 'terms' | 'key'>): Promise<void> {
  const file = { type: 'xinlian/grant-key/v1', terms, key: toBase64Url(key) };
  await writeFile(path, `${JSON.stringify(file, null, 2)}\n`, { mode: 0o600, flag: 'wx' });
}

/** Throws `MALFORMED`. */
export async function readGrantKey(path: string): Promise<Pick<DraftGrant, 'terms' | 'hash' | 'key'>> {
  const { terms: text, key } = keyFile.decode(await readFile(path));
  const terms = termsOf(text);
  return { terms, hash: grantHashOf(terms), key: fromBase64Url(key, 32) };
}
