// The sandbox's chain: `node scripts/chain.ts --data DIR [--port N] [--heartbeat SECONDS]`. Prints one line of JSON on
// standard output when it is ready, and ends on SIGTERM or SIGINT with the chain on disk.
import { parseArgs } from 'node:util';
import { ChainSupervisor } from './chain/supervisor.ts';

const { values } = parseArgs({
  options: {
    data: { type: 'string' },
    port: { type: 'string', default: '8545' },
    heartbeat: { type: 'string', default: '15' },
    'chain-id': { type: 'string', default: '320904' },
    // The one that every development chain has: it is no secret, and must guard nothing.
    mnemonic: { type: 'string', default: 'test test test test test test test test test test test junk' },
    accounts: { type: 'string', default: '10' },
    'block-ms': { type: 'string', default: '100' },
  },
});

function integer(name: keyof typeof values, smallest: number): number {
  const value = Number(values[name]);
  if (Number.isSafeInteger(value) && value >= smallest) return value;
  console.error(`--${name}: an integer of at least ${smallest} is wanted, got ${values[name]}`);
  return process.exit(2);
}

if (values.data === undefined) {
  console.error('--data DIR is wanted: where the chain is kept');
  process.exit(2);
}
const supervisor = new ChainSupervisor({
  data: values.data,
  port: integer('port', 0),
  chainId: integer('chain-id', 1),
  mnemonic: values.mnemonic,
  accounts: integer('accounts', 1),
  heartbeatMs: integer('heartbeat', 1) * 1_000,
  blockMs: integer('block-ms', 0),
  log: (text) => console.error(`[chain] ${text}`),
});

// `disconnect`: the sandbox that started this is gone.
for (const signal of ['SIGTERM', 'SIGINT', 'disconnect'] as const) {
  process.on(signal, () => {
    supervisor.stop().then(
      () => process.exit(0),
      (error: unknown) => {
        console.error(`[chain] ${String(error)}`);
        process.exit(1);
      },
    );
  });
}

try {
  console.log(JSON.stringify({ ready: true, ...(await supervisor.start()) }));
} catch (error) {
  console.error(`[chain] ${String(error)}`);
  await supervisor.stop();
  process.exit(1);
}
