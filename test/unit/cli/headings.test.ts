// Headings of a source's own: proposed, confirmed once, and taken from then on.
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'chai';
import { startCliGateway, type CliGateway, type CliRun } from '../../helpers/gateway/cli-gateway.ts';
import { licence } from '../../helpers/rows.ts';
import { cells, headings, xk } from '../../helpers/workbook/corpus/case.ts';
import { makeXlsx } from '../../helpers/workbook/xlsx.ts';

/** Headings of no standard. */
const OWN: Readonly<Record<string, string>> = {
  行政相对人名称: '行政许可相对人的名称',
  统一社会信用代码: '统一社会信用编码',
  行政许可决定文书号: '行政许可决定书文号',
  备注: '备注栏',
};

describe('headings that are not those of the standard', () => {
  let gateway: CliGateway;
  let file: string;
  beforeEach(async () => {
    gateway = await startCliGateway();
    file = await write('own.xlsx', 3);
  });
  afterEach(() => gateway.stop());

  const write = async (name: string, rows: number, extra = '内部编号'): Promise<string> => {
    const path = join(gateway.folder, name);
    const data = Array.from({ length: rows }, (_, i) => cells(licence(i + 1), xk).concat(`N${i}`));
    const head = headings(xk).map((heading) => OWN[heading] ?? heading);
    await writeFile(path, await makeXlsx({ sheets: [{ name: 'S', rows: [[...head, extra], ...data] }] }));
    return path;
  };
  const publish = (path: string, ...more: string[]): Promise<CliRun> =>
    gateway.xinlian('publish', path, '--no-wait', ...more);
  const sent = (): Record<string, string>[] =>
    [...gateway.node.inner.submissions.values()].flatMap(({ lines }) =>
      lines.map((line) => JSON.parse(line) as Record<string, string>),
    );
  const asking = async (answer: (question: string) => string, path = file) => {
    const asked: string[] = [];
    const prompt = async (question: string): Promise<string> => {
      asked.push(question);
      return answer(question);
    };
    const run = await gateway.xinlianWith({ prompt }, 'publish', path, '--no-wait');
    return { run, asked };
  };

  it('are proposed, and nothing is sent where nobody confirms', async () => {
    const run = await publish(file);
    expect(run.code).to.equal(1);
    expect(run.said.join('\n')).to.match(
      /统一社会信用编码 = XK_XDR_SHXYM.*--map|--map.*统一社会信用编码 = XK_XDR_SHXYM/,
    );
    expect(sent()).to.deep.equal([]);
  });

  it('are taken as confirmed, and not asked about again, in any file of the same layout', async () => {
    const { run, asked } = await asking(() => '');
    expect(run.code, run.said.join('\n')).to.equal(0);
    expect(asked.join()).to.include('行政许可决定书文号 = XK_WSH').and.not.to.include('内部编号');
    expect(sent().map((row) => row['XK_WSH'])).to.deep.equal([1, 2, 3].map((i) => licence(i)['XK_WSH']));
    const again = await asking(() => 'n', await write('next.xlsx', 5));
    expect([again.run.code, again.asked]).to.deep.equal([0, []]);
    expect(sent()).to.have.length(8);
    const alone = await publish(await write('alone.xlsx', 1));
    expect(alone.code).to.equal(0);
  });

  it('are asked about again where the layout is another', async () => {
    await asking(() => 'y');
    const { asked } = await asking(() => 'y', await write('other.xlsx', 1, '另一列'));
    expect(asked).to.have.length.above(2);
  });

  it('are left out where the answer is no, and that is refused where a column is compulsory', async () => {
    const { run } = await asking((question) => (question.includes('XK_WSH') ? 'n' : 'y'));
    expect(run.code).to.equal(1);
    expect(run.said.join('\n')).to.include('XK_WSH');
    expect(sent()).to.deep.equal([]);
  });

  it('are written down with --map, looked over, used, and remembered', async () => {
    const map = join(gateway.folder, 'map.json');
    const first = await publish(file, '--map', map);
    expect(first.code).to.equal(1);
    const proposed = JSON.parse(await readFile(map, 'utf8')) as {
      item: string;
      columns: Record<string, string | null>;
    };
    expect(proposed.item).to.equal('administrative-licence');
    expect(proposed.columns).to.include({ 行政许可相对人的名称: 'XK_XDR_MC', 统一社会信用编码: 'XK_XDR_SHXYM' });
    expect(sent()).to.deep.equal([]);
    await writeFile(map, JSON.stringify({ ...proposed, columns: { ...proposed.columns, 内部编号: 'XK_XKZS' } }));
    expect((await publish(file, '--map', map)).code).to.equal(2); // 内部编号 and 许可证书名称 are two values for one field
    await writeFile(map, JSON.stringify({ ...proposed, columns: { ...proposed.columns, 内部编号: null } }));
    expect((await publish(file, '--map', map)).code).to.equal(0);
    expect((await publish(await write('next.xlsx', 2))).code).to.equal(0);
  });

  it('are refused with --map where it names no field, or is no map', async () => {
    const map = join(gateway.folder, 'map.json');
    for (const text of ['{"item":"xk","columns":{"a":"XK_NONE"}}', '{"item":"zz","columns":{}}', '[]', 'x']) {
      await writeFile(map, text);
      expect((await publish(file, '--map', map)).code).to.equal(1);
    }
    expect(sent()).to.deep.equal([]);
  });
});
