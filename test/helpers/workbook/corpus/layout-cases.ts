// Where the table is.
import { licence, penalty } from '../../rows.ts';
import { makeXlsx, type CellSpec, type RowSpec, type SheetSpec } from '../xlsx.ts';
import { cells, cf, headings, licences, namesOf, plainTable, xk, type UglyFile } from './case.ts';

const one = (rows: RowSpec[], more: Partial<SheetSpec> = {}) => makeXlsx({ sheets: [{ name: '许可', rows, ...more }] });
const three = licences({}, {}, {});
/** Penalties against the holders of the licences. */
const theirs = [1, 2].map((i) => penalty(i, { CF_XDR_MC: licence(i)['XK_XDR_MC'] }));
const at = (line: number, i: number) => ({ at: `许可!${line}`, as: licence(i) });

export const layoutCases: UglyFile[] = [
  {
    what: 'a plain workbook',
    name: 'plain.xlsx',
    bytes: () => one(plainTable(xk, three)),
    rows: [at(2, 1), at(3, 2), at(4, 3)],
  },
  {
    what: 'title rows, a line of who reports, and blank rows above the headings',
    name: 'title.xlsx',
    bytes: () =>
      one(
        [
          ['盐城市大丰区2026年行政许可信息公示表'],
          ['填报单位：市场监管局', undefined, undefined, '填报日期：2026年4月30日'],
          [],
          ...plainTable(xk, three),
        ],
        { merges: ['A1:T1'] },
      ),
    rows: [at(5, 1), at(6, 2), at(7, 3)],
  },
  {
    what: 'two heading rows, the upper of them merged groups',
    name: 'groups.xlsx',
    bytes: () => {
      const names = namesOf(xk);
      const groups: Record<string, [group: string, below: string]> = {
        XK_XDR_MC: ['行政相对人', '名称'],
        XK_XDR_LB: ['', '类别'],
        XK_FRDB: ['法定代表人', '姓名'],
        XK_FR_ZJLX: ['', '证件类型'],
        XK_FR_ZJHM: ['', '证件号码'],
        XK_JDRQ: ['许可决定日期', ''],
      };
      const zh = headings(xk);
      const upper = names.map((name, i): CellSpec => (name in groups ? groups[name]?.[0] || undefined : zh[i]));
      const lower = names.map((name): CellSpec => groups[name]?.[1] || undefined);
      return one([upper, lower, ...three.map((row) => cells(row, xk))], {
        merges: ['A1:B1', 'D1:F1', 'C1:C2', 'M1:M2'],
      });
    },
    rows: [at(3, 1), at(4, 2), at(5, 3)],
  },
  {
    what: 'names of the standard, and its Chinese headings below',
    name: 'both-headings.xlsx',
    bytes: () => one([namesOf(xk), ...plainTable(xk, three)]),
    rows: [at(3, 1), at(4, 2), at(5, 3)],
    remarks: ['repeated-heading 许可 1'],
  },
  {
    what: 'a template with the names, types and duties of its columns below the headings',
    name: 'template.xlsx',
    bytes: () => {
      const [head = [], ...rows] = plainTable(xk, three) as CellSpec[][];
      const types = head.map((_, i) => (i % 3 === 0 ? 'VARCHAR(200)' : i % 3 === 1 ? 'CHAR(18)' : 'DATE'));
      const duties = head.map((_, i) => (i % 4 === 3 ? '选填' : '必填'));
      return one([namesOf(xk), head, types, duties, ...rows]);
    },
    rows: [at(5, 1), at(6, 2), at(7, 3)],
    remarks: ['repeated-heading 许可 1', 'left-out 许可 2'],
  },
  {
    what: 'headings with stars, numbers, brackets, spaces, line breaks and hints',
    name: 'decorated.xlsx',
    bytes: () => {
      const forms = [
        (text: string) => `*${text}`,
        (text: string) => `${text}\n（必填）`,
        (text: string) => ` ${[...text].join(' ')} `,
        (text: string) => `1.${text}：`,
        (text: string) => `${text}【文本】`,
        (text: string) => `${text}（YYYY/MM/DD）`,
      ];
      const decorated = headings(xk).map((text, i) => forms[i % forms.length]?.(text) ?? text);
      return one([decorated, ...three.map((row) => cells(row, xk))]);
    },
    rows: [at(2, 1), at(3, 2), at(4, 3)],
  },
  {
    what: 'headings of the older template',
    name: 'older.xlsx',
    bytes: () => {
      const older: Record<string, string> = {
        统一社会信用代码: '行政相对人代码_1 (统一社会信用代码)',
        法定代表人证件号码: '法定代表人身份证号',
        行政许可决定文书号: '许可决定文书号',
        许可机关统一社会信用代码: '许可机关（统一社会信用代码）',
      };
      return one([headings(xk).map((text) => older[text] ?? text), ...three.map((row) => cells(row, xk))]);
    },
    rows: [at(2, 1), at(3, 2), at(4, 3)],
  },
  {
    what: 'shuffled columns, and others that are none of the standard',
    name: 'shuffled.xlsx',
    bytes: () => {
      const order = [...headings(xk).keys()].toReversed();
      const shuffle = (row: CellSpec[], number: CellSpec, note: CellSpec) => [
        number,
        ...order.map((i) => row[i]),
        note,
      ];
      return one([
        shuffle(headings(xk), '序号', '审核意见'),
        ...three.map((row, i) => shuffle(cells(row, xk), i + 1, '同意')),
      ]);
    },
    rows: [at(2, 1), at(3, 2), at(4, 3)],
    remarks: ['ignored-columns 许可 2'],
  },
  {
    what: 'blank rows, totals, notes, and who filled it in',
    name: 'notes.xlsx',
    bytes: () => {
      const [head, first, second, third] = plainTable(xk, three) as [CellSpec[], CellSpec[], CellSpec[], CellSpec[]];
      return one([
        head,
        first,
        [],
        second,
        ['  '],
        third,
        ['合计', undefined, '3'],
        ['填报人：王五', undefined, undefined, '审核人：赵六', undefined, '联系电话：13800138000'],
        ['注：1.本表由各单位按月填报；2.有效期为长期的填2099/12/31'],
      ]);
    },
    rows: [at(2, 1), at(4, 2), at(6, 3)],
    remarks: ['left-out 许可 3'],
  },
  {
    what: 'numbered rows that were never filled in',
    name: 'numbered.xlsx',
    bytes: () =>
      one([
        ['序号', ...headings(xk)],
        [1, ...cells(licence(1), xk)],
        ...Array.from({ length: 40 }, (_, i): RowSpec => [i + 2]),
      ]),
    rows: [at(2, 1)],
    remarks: ['ignored-columns 许可 1', 'left-out 许可 40'],
  },
  {
    what: 'headings that are printed on every page',
    name: 'pages.xlsx',
    bytes: () => {
      const [head, ...rows] = plainTable(xk, three);
      return one([['第1页'], head!, rows[0]!, ['第2页'], head!, rows[1]!, head!, rows[2]!]);
    },
    rows: [at(3, 1), at(6, 2), at(8, 3)],
    remarks: ['left-out 许可 1', 'repeated-heading 许可 2'],
  },
  {
    what: 'licences and penalties on sheets of their own, one that is hidden, one of notes, one that is empty',
    name: 'sheets.xlsx',
    bytes: () =>
      makeXlsx({
        sheets: [
          { name: '说明', rows: [['填表说明'], ['一、各单位应在7个工作日内报送']] },
          { name: 'Sheet1', rows: plainTable(cf, theirs) },
          { name: 'Sheet2', rows: plainTable(xk, three) },
          { name: '旧数据', rows: plainTable(xk, [licence(9)]), state: 'hidden' },
          { name: '码表', rows: [['普通'], ['特许']], state: 'veryHidden' },
          { name: 'Sheet3', rows: [] },
        ],
      }),
    rows: [
      { at: 'Sheet1!2', as: theirs[0]! },
      { at: 'Sheet1!3', as: theirs[1]! },
      { at: 'Sheet2!2', as: licence(1) },
      { at: 'Sheet2!3', as: licence(2) },
      { at: 'Sheet2!4', as: licence(3) },
    ],
    remarks: ['no-table 说明 1', 'hidden-sheet 旧数据 1', 'hidden-sheet 码表 1'],
  },
  {
    what: 'two sheets of one item with their columns in another order',
    name: 'months.xlsx',
    bytes: () => {
      const flip = (rows: RowSpec[]): RowSpec[] => rows.map((row) => (row as CellSpec[]).toReversed());
      return makeXlsx({
        sheets: [
          { name: '3月', rows: plainTable(xk, [licence(1)]) },
          { name: '4月', rows: flip(plainTable(xk, [licence(2)])) },
        ],
      });
    },
    rows: [
      { at: '3月!2', as: licence(1) },
      { at: '4月!2', as: licence(2) },
    ],
  },
  {
    what: 'penalties below licences on one sheet',
    name: 'stacked.xlsx',
    bytes: () => one([['一、行政许可'], ...plainTable(xk, three), [], ['二、行政处罚'], ...plainTable(cf, theirs)]),
    rows: [at(3, 1), at(4, 2), at(5, 3), { at: '许可!9', as: theirs[0]! }, { at: '许可!10', as: theirs[1]! }],
    remarks: ['left-out 许可 1'],
  },
  {
    what: 'hidden rows and columns',
    name: 'hidden.xlsx',
    bytes: () => {
      const [head, first, second, third] = plainTable(xk, three) as CellSpec[][];
      return one([head!, first!, { cells: second!, hidden: true }, third!], { hiddenColumns: [2, 5] });
    },
    rows: [at(2, 1), at(3, 2), at(4, 3)],
    remarks: ['hidden-rows 许可 1', 'hidden-columns 许可 2'],
  },
  {
    what: 'an enterprise whose cells are merged over its licences',
    name: 'merged.xlsx',
    bytes: () => {
      const rows = [1, 2, 3].map((i) => {
        const { XK_WSH, XK_XKBH } = licence(i);
        return cells(licence(1, { XK_WSH, XK_XKBH }), xk);
      });
      const below = (row: CellSpec[]) => row.map((cell, i) => (i < 6 ? undefined : cell));
      const merges = ['A', 'B', 'C', 'D', 'E', 'F'].map((letter) => `${letter}2:${letter}4`);
      return one([headings(xk), rows[0]!, below(rows[1]!), below(rows[2]!)], { merges });
    },
    rows: [1, 2, 3].map((i) => {
      const { XK_WSH, XK_XKBH } = licence(i);
      return { at: `许可!${i + 1}`, as: licence(1, { XK_WSH, XK_XKBH }) };
    }),
    remarks: ['merged 许可 2'],
  },
  {
    what: 'cells without names, elements under a prefix, texts in the cells',
    name: 'sdk.xlsx',
    bytes: () =>
      makeXlsx({
        prefix: 'x',
        nameless: true,
        sheets: [
          {
            name: '许可',
            rows: plainTable(xk, three).map((row) =>
              (row as string[]).map((text, i): CellSpec =>
                i % 2 === 0 ? { inline: text } : { runs: [text.slice(0, 2), text.slice(2)] },
              ),
            ),
          },
        ],
      }),
    rows: [at(2, 1), at(3, 2), at(4, 3)],
  },
  {
    what: 'a table that begins far from the corner',
    name: 'far.xlsx',
    bytes: () => {
      const rows = plainTable(xk, three) as CellSpec[][];
      const away = rows.map((row, i) => ({
        cells: [...Array.from({ length: 30 }, (): CellSpec => undefined), ...row],
        line: 50 + i,
      }));
      return one([{ cells: ['2026年'], line: 3 }, ...away]);
    },
    rows: [at(51, 1), at(52, 2), at(53, 3)],
  },
  {
    what: 'more than one row missing what tells them apart, which are no notes',
    name: 'incomplete.xlsx',
    bytes: () => one(plainTable(xk, licences({ XK_XDR_SHXYM: '', XK_WSH: '' }, { XK_XDR_SHXYM: '' }, {}))),
    rows: [
      { at: '许可!2', faults: ['XK_XDR_SHXYM: required', 'XK_WSH: required'] },
      { at: '许可!3', faults: ['XK_XDR_SHXYM: required'] },
      at(4, 3),
    ],
  },
];
