// `npm run bench -- NAME`: measures, prints how it goes on standard error and one JSON object as the last line of output.
import { run as audit } from './bench/audit.ts';
import { run as check } from './bench/check.ts';
import { run as gas } from './bench/gas.ts';
import { run as network } from './bench/network.ts';
import { run as publish } from './bench/publish.ts';
import { run as query } from './bench/query.ts';
import { run as report } from './bench/report.ts';
import { run as startup } from './bench/startup.ts';
import { run as workbook } from './bench/workbook.ts';

const benches: Record<string, () => Promise<Record<string, unknown>>> = {
  audit,
  gas,
  network,
  publish,
  startup,
  check,
  query,
  report,
  workbook,
};

const [name = ''] = process.argv.slice(2);
const run = benches[name];
if (!run) {
  console.error(`Which bench? ${Object.keys(benches).join(', ')}`);
  process.exit(2);
}
console.log(JSON.stringify({ bench: name, ...(await run()) }));
process.exit(0);
