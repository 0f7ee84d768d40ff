// Takes a lost log back into a stopped node: `node scripts/restore-log.ts NODE.yaml MIRROR/<log id>`. MIRROR is what
// `xinlian logs export` or `xinlian archive restore` wrote. The node must host the log's owner, and have no log of it.
import { join } from 'node:path';
import { systemClock } from '../node/chain/clock.ts';
import { Follower } from '../node/chain/follower.ts';
import { JsonRpc } from '../node/chain/rpc.ts';
import { contractsOf, readNodeConfig } from '../node/config.ts';
import { fromUtf8 } from '../node/core/bytes.ts';
import { parseCheckpoint, parseOrigin } from '../node/core/checkpoint.ts';
import { parseNote } from '../node/core/note.ts';
import { restoreLog } from '../node/log-restore.ts';
import { directorySource } from '../node/log-sources.ts';
import { LevelChainStore } from '../node/store/chain-store.ts';
import { LevelLogStore } from '../node/store/log-store.ts';
import { openStore } from '../node/store/store.ts';

const [file, mirror] = process.argv.slice(2);
if (file === undefined || mirror === undefined) {
  console.error('Which? node scripts/restore-log.ts NODE.yaml MIRROR/<log id>');
  process.exit(2);
}
const config = readNodeConfig(file, process.env);
const quiet = { debug() {}, info() {}, warn() {}, error() {} };
const source = directorySource(mirror);
const note = fromUtf8((await source.read('checkpoint', 1_000_000)) ?? new Uint8Array());
const { log: id } = parseOrigin(parseCheckpoint(parseNote(note).text).origin);

const store = await openStore(join(config.data, 'db'));
const rpc = new JsonRpc(config.chain, { clock: systemClock, log: quiet });
const follower = await Follower.open(
  { contracts: contractsOf(config.chain), finality: config.chain.finality },
  { rpc, store: new LevelChainStore(store), clock: systemClock, log: quiet },
);
try {
  follower.start();
  await follower.caughtUp(AbortSignal.timeout(600_000));
  const known = follower.view.log(id);
  const owner = known && follower.view.member(known.owner);
  if (!owner || !config.members.includes(owner.id)) throw new Error(`this node hosts no member whose log is ${id}`);
  const logs = new LevelLogStore(store);
  const number = Math.max(0, ...(await logs.logs()).map((log) => log.number)) + 1;
  const keys = owner.keys.checkpoint.map(({ key }) => key);
  const size = await restoreLog(source, logs, { owner: owner.id, number, scope: known.scope, keys });
  const anchored = known.head?.size ?? 0;
  console.log(`${size} entries of log ${id} are back; the chain has ${anchored}`);
  if (size < anchored) {
    console.log('Entries are missing that the chain has: replace this log on the chain, it cannot go on.');
    process.exitCode = 1;
  }
} finally {
  await follower.stop();
  rpc.close();
  await store.close();
}
