// Makes the verifier page as one HTML file: `node scripts/verifier.ts [FILE]`. Set-up runs it; the gateway serves it at /verify.
import { mkdir, rename, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { VERIFIER_FILE } from '../gateway/options.ts';
import { buildVerifierPage } from '../gateway/verifier/build.ts';

const [file = VERIFIER_FILE] = process.argv.slice(2);
await mkdir(dirname(file), { recursive: true });
await writeFile(`${file}.tmp`, await buildVerifierPage());
await rename(`${file}.tmp`, file);
