// `node scripts/openapi.ts`: writes the OpenAPI document of this version to docs/openapi-v1.json, from which clients are
// generated, and against which a test sees that `/v1` changes by addition only.
import { writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { buildOpenApi } from '../gateway/openapi.ts';
import { VERSION } from '../node/version.ts';

const file = fileURLToPath(new URL('../docs/openapi-v1.json', import.meta.url));
const document = buildOpenApi({ baseUrl: 'https://gateway.example', version: VERSION });
await writeFile(file, `${JSON.stringify(document, null, 1)}\n`);
console.log(file);
