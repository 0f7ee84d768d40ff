// Keys from encrypted files, one per member.
import { join } from 'node:path';
import { malformed, XinlianError } from '../core/errors.ts';
import { openKeyFile } from './key-file.ts';
import { localKeys } from './local-keys.ts';
import type { KeySecrets } from './local-keys.ts';
import type { KeyProvider, MemberKeys } from './provider.ts';
import type { Secret } from './secret.ts';

export interface FileProviderOptions {
  directory: string;
  /** Of every file in it. */
  passphrase: Secret;
}

/** @throws XinlianError `MALFORMED` */
export function checkMember(member: string): void {
  if (!/^0x[0-9a-f]{64}$/.test(member)) malformed('member', '0x and 64 lower-case hex digits', member);
}

/** Where the keys of a member rest. */
export function keyFileOf(directory: string, member: string): string {
  checkMember(member);
  return join(directory, `${member}.json`);
}

export function createFileProvider(options: FileProviderOptions): KeyProvider {
  const { directory, passphrase } = options;
  const opened = new Map<string, Promise<MemberKeys>>();
  const held: KeySecrets[] = [];
  let closed = false;

  const assertOpen = () => {
    if (closed) throw new XinlianError('CLOSED', { what: 'key provider' });
  };

  const load = async (member: string): Promise<MemberKeys> => {
    const secrets = await openKeyFile(keyFileOf(directory, member), passphrase);
    assertOpen();
    held.push(secrets);
    return localKeys(secrets, assertOpen);
  };

  return {
    async open(member) {
      assertOpen();
      checkMember(member);
      let keys = opened.get(member);
      if (keys === undefined) {
        keys = load(member);
        opened.set(member, keys);
        // A failure is not kept: the operator may put the file right.
        keys.catch(() => opened.delete(member));
      }
      return keys;
    },

    async close() {
      closed = true;
      opened.clear();
      for (const secrets of held) for (const secret of Object.values(secrets)) secret.fill(0);
    },
  };
}
