import type { Command } from 'commander';
import { setTimeout as delay } from 'node:timers/promises';
import { equalBytes, fromHex, toBase64Url, type Hex } from '../../../node/core/bytes.ts';
import { malformed, XinlianError } from '../../../node/core/errors.ts';
import { ROTATED_KEYS, type KeyRotation, type RotatedKey } from '../../../node/core/messages/member.ts';
import { KEY_ROTATION_TYPES, typedDataDigest, xinlianDomain } from '../../../node/core/typed-data.ts';
import { publicKeysOf } from '../../../node/keys/local-keys.ts';
import type { MemberKeys } from '../../../node/keys/provider.ts';
import { agreed } from '../agreed.ts';
import { addMemberFlags, openMember, openOtherKeys, type ConnectionFlags, type Member } from '../connection.ts';
import type { Terminal } from '../terminal.ts';

const LOOK_MS = 500;
/** For the chain to name the new keys where the node's answer got lost. */
const LOST_ANSWER_MS = 60_000;

export function addRotateKeys(member: Command, terminal: Terminal): void {
  const command = member
    .command('rotate-keys')
    .summary('replace keys of yours on the chain 更换链上密钥')
    .description(
      'Tells the chain the keys of a new key file (`xinlian keys renew`) that differ from those you have: under your old ' +
        'account, by your own node. Then put the file in place of the old one, and start node and gateway anew; until ' +
        'then the node takes records in, and signs nothing.\n' +
        '由本单位节点以原账户将新密钥文件中更换的密钥登记上链;随后替换密钥文件并重启节点与网关。重启前照常接收数据,但不签署检查点。',
    )
    .argument('<file>', 'the new key file, under the same passphrase')
    .option('--yes', 'do it without being asked');
  addMemberFlags(command).action(async (file: string, flags: ConnectionFlags & { yes?: boolean }) => {
    const member = await openMember(flags, terminal);
    const keys = await openOtherKeys(file, flags, terminal);
    const renewed = await renewedKeys(member.keys, keys);
    const question = `Replace ${renewed.join(', ')}? 是否更换 (yes/no): `;
    if (!flags.yes && !(await agreed(question, terminal))) {
      terminal.say('nothing was sent');
      return;
    }
    await rotate(member, await rotationOf(member, keys, renewed), { keys, renewed, terminal });
    terminal.say(
      'the chain names the new keys: put the new file in place of the old one, and start node and gateway anew',
    );
    terminal.say('链上已登记新密钥:请替换密钥文件并重启节点与网关');
    terminal.out(JSON.stringify({ rotated: renewed }));
  });
}

/** Throws `MALFORMED` where nothing differs, or something that this does not replace. */
async function renewedKeys(before: MemberKeys, after: MemberKeys): Promise<RotatedKey[]> {
  const wanted = 'the same in both files: make the new one by `xinlian keys renew`';
  // Records are wrapped with the one, and what others sealed opens with the other.
  const probe = crypto.getRandomValues(new Uint8Array(32));
  const unwrapped = await after.vault.unwrap(await before.vault.wrap(probe)).catch(() => undefined);
  if (!unwrapped) malformed('vault key', wanted, 'another');
  const [own, shown] = [publicKeysOf(before), publicKeysOf(after)];
  if (!equalBytes(own.sealing, shown.sealing)) malformed('sealing key', wanted, 'another');
  const renewed = ROTATED_KEYS.filter((kind) =>
    kind === 'account' ? own.transaction !== shown.transaction : !equalBytes(own[kind], shown[kind]),
  );
  return renewed.length > 0 ? renewed : malformed('new key file', 'keys that differ from those in use', 'the same');
}

async function rotationOf(
  { id, client, keys: own }: Member,
  keys: MemberKeys,
  renewed: readonly RotatedKey[],
): Promise<KeyRotation> {
  const shown = publicKeysOf(keys);
  const rotation: KeyRotation = {};
  for (const kind of renewed) {
    if (kind !== 'account') {
      rotation[kind] = toBase64Url(shown[kind]);
      continue;
    }
    const { chainId, membership, deployment } = await client.getConsortium();
    const domain = xinlianDomain({ chainId, verifyingContract: membership as Hex, deployment: deployment as Hex });
    const message = { member: id, previous: own.transaction.address, current: shown.transaction };
    const digest = fromHex(typedDataDigest(domain, KEY_ROTATION_TYPES, message), 32);
    rotation.account = { current: shown.transaction, signature: await keys.transaction.sign(digest) };
  }
  return rotation;
}

/** Resolves when the chain, as the gateway has it, names all of them: the answer of a node that is cut off gets lost. */
async function rotate(
  { id, client, sealed }: Member,
  rotation: KeyRotation,
  { keys, renewed, terminal }: { keys: MemberKeys; renewed: readonly RotatedKey[]; terminal: Terminal },
): Promise<void> {
  const shown = publicKeysOf(keys);
  const ended = new AbortController();
  const signal = AbortSignal.any([terminal.signal, ended.signal]);
  const named = async (): Promise<boolean> => {
    const { account, keys: told } = await client.getMember({ params: { member: id }, signal });
    return renewed.every((kind) =>
      kind === 'account' ? account === shown.transaction : told[kind] === toBase64Url(shown[kind]),
    );
  };
  const seen = (async () => {
    // A gateway that is away for a moment, as where its own key was replaced, is asked again.
    while (!(await named().catch(() => false))) await delay(LOOK_MS, undefined, { signal });
  })();
  const sent = sealed.rotateKeys(rotation, signal);
  const given = (async () => {
    try {
      await sent;
    } catch (error) {
      // The chain's refusal is the last word; anything else may be the fate of the answer alone.
      if (!XinlianError.is(error, 'TRANSACTION_REVERTED')) await delay(LOST_ANSWER_MS, undefined, { signal });
      throw error;
    }
    return seen;
  })();
  try {
    await Promise.race([seen, given]);
  } finally {
    ended.abort();
    await Promise.allSettled([seen, sent, given]);
  }
}
