import { expect } from 'chai';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fromBase64Url } from '../../../node/core/bytes.ts';
import { openStore } from '../../../node/store/store.ts';
import { openAgency } from '../../helpers/agency.ts';
import { MEMBER } from '../../helpers/bundle.ts';
import { company, licence } from '../../helpers/rows.ts';
import { useTemporaryFolder } from '../../helpers/temporary-folder.ts';

const PERSON = '张三丰-marker-of-a-person';
const ID_NUMBER = '11010519491231002X';
const NAME = '盐城-marker-of-a-name-有限公司';
const TEXT = 'marker-of-a-text-预包装食品';
const CHANGED = 'marker-of-a-correction';
const REFUSED = 'marker-of-a-refused-value';

describe('What is at rest', () => {
  const folder = useTemporaryFolder();

  it('tells nothing of a record, of a person or of a refused row to who reads the files', async () => {
    const store = await openStore(join(folder(), 'db'));
    const agency = await openAgency(store);
    await agency.open('file-0001', 'xk');
    const personal = { XK_FRDB: PERSON, XK_FR_ZJHM: ID_NUMBER, XK_XDR_MC: NAME };
    const { outcomes } = await agency.send('file-0001', 0, [
      licence(1, { ...personal, XK_NR: TEXT }),
      licence(1, { ...personal, XK_NR: CHANGED }),
      licence(2, { XK_JDRQ: REFUSED }),
      licence(3, { XK_XDR_LB: '自然人', XK_XDR_SHXYM: ID_NUMBER, XK_XDR_MC: PERSON }),
      licence(4, { XK_XDR_SHXYM: ID_NUMBER, XK_XDR_MC: PERSON }),
    ]);
    expect(outcomes.map(({ outcome }) => outcome)).to.deep.equal([
      'published',
      'corrected',
      'rejected',
      'rejected',
      'rejected',
    ]);
    await agency.submissions.close(MEMBER, 'file-0001');
    await agency.settle();
    const record = outcomes[0]!.record!;
    const bundle = JSON.stringify(await agency.records.bundle(agency.reading, { record }));
    const { log } = agency;
    await store.close();

    const files = await readdir(join(folder(), 'db'));
    const contents = await Promise.all(files.map((file) => readFile(join(folder(), 'db', file))));
    const disk = Buffer.concat(contents).toString('latin1');
    const holds = (text: string) => disk.includes(Buffer.from(text).toString('latin1'));
    // What must be there: else this would search the wrong files.
    expect(holds('administrative-licence')).to.equal(true);
    expect(holds(log.state.id)).to.equal(true);
    const secrets = [PERSON, ID_NUMBER, NAME, TEXT, CHANGED, REFUSED, company(1), '大市监许', '2031-03-31', 'XK_NR'];
    for (const secret of secrets) expect(holds(secret), secret).to.equal(false);

    // What of persons leaves the node in an answer or a bundle: nothing.
    const disclosed = (JSON.parse(bundle) as { disclosures: string[] }).disclosures.map((text) =>
      Buffer.from(fromBase64Url(text)).toString(),
    );
    expect(disclosed.join()).to.include(CHANGED);
    const told = [JSON.stringify(outcomes), bundle, disclosed.join()];
    for (const secret of [PERSON, ID_NUMBER]) {
      for (const text of told) expect(text.includes(secret), secret).to.equal(false);
    }
  });
});
