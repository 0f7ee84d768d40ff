// One audit in a process of its own, so that its memory is its own: `node run.ts CONTRACTS CHAIN MIRROR`.
import { auditTo, readAuditedChain } from '../../../node/auditor.ts';
import { lastRecorded, recordedChain } from '../../../node/recorded-chain.ts';

const [contractsFile = '', chain = '', directory = ''] = process.argv.slice(2);
const { contracts } = readAuditedChain(contractsFile);
const began = performance.now();
const cpuBegan = process.cpuUsage();
const options = { contracts, logs: { directory } };
const result = await auditTo(await lastRecorded(chain), recordedChain(chain), options, { fetch });
const seconds = (performance.now() - began) / 1_000;
const { user, system } = process.cpuUsage(cpuBegan);
const cpuSeconds = (user + system) / 1_000_000;
const { complete, findings, digest, events, logs } = result;
if (!complete || findings.length > 0) throw new Error(JSON.stringify({ complete, findings: findings.slice(0, 5) }));
const entries = logs.reduce((sum, { proven }) => sum + proven, 0);
// maxRSS is in KiB.
const maxRssMiB = process.resourceUsage().maxRSS / 1_024;
console.log(JSON.stringify({ seconds, cpuSeconds, maxRssMiB, digest, events, entries }));
