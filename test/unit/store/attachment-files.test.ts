import { expect } from 'chai';
import { join } from 'node:path';
import { utf8 } from '../../../node/core/bytes.ts';
import type { AttachmentBytes } from '../../../node/exchange/ports.ts';
import { AttachmentFiles } from '../../../node/store/attachment-files.ts';
import { MemoryAttachments } from '../../helpers/memory-attachments.ts';
import { rejection } from '../../helpers/rejection.ts';
import { useTemporaryFolder } from '../../helpers/temporary-folder.ts';

describe('Bytes of attachments', () => {
  const folder = useTemporaryFolder();
  const ALTERNATES: [string, () => AttachmentBytes][] = [
    ['in files', () => new AttachmentFiles(join(folder(), 'a', 'attachments'))],
    ['in memory', () => new MemoryAttachments()],
  ];
  for (const [name, make] of ALTERNATES) {
    describe(name, () => {
      it('are read where they were written, also when they are written again', async () => {
        const files = make();
        const [one, other] = [await files.create(), await files.create()];
        await files.write(one, 0, utf8('abc'));
        await files.write(other, 0, utf8('xyz'));
        await files.write(one, 3, utf8('def'));
        await files.write(one, 1, utf8('BC'));
        expect(await files.read(one, 1, 4)).to.deep.equal(utf8('BCde'));
        expect(await files.read(other, 0, 3)).to.deep.equal(utf8('xyz'));
      });

      it('are not made up', async () => {
        const files = make();
        const one = await files.create();
        await files.write(one, 0, utf8('abc'));
        for (const read of [() => files.read(one, 1, 3), () => files.read('none', 0, 1)]) {
          expect(await rejection(read())).to.have.property('code', 'STORE_CORRUPT');
        }
      });
    });
  }
});
