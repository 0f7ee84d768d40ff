// Rows of 双公示 files: licences 行政许可 and penalties 行政处罚, with the columns of the national standard.
import { enterpriseOf, placeOf } from './bodies.ts';
import type { Random } from './random.ts';

/** Column → cell. Columns that are not there are empty. */
export type SampleRow = Record<string, string>;

export type SampleItem = 'xk' | 'cf';

/** The column that tells most, which a row of a given size fills up. */
export const CONTENT: Readonly<Record<SampleItem, string>> = { xk: 'XK_NR', cf: 'CF_SY' };

const LICENCES = [
  ['食品经营许可', '预包装食品（含冷藏冷冻食品）销售；散装食品销售', '食品经营许可证', 5],
  ['药品经营许可', '中成药、化学药制剂、抗生素制剂、生化药品零售', '药品经营许可证', 5],
  ['危险化学品经营许可', '票据方式经营（不带有储存设施）：乙醇、丙酮、盐酸', '危险化学品经营许可证', 3],
  ['道路运输经营许可', '普通货运；货物专用运输（冷藏保鲜）', '道路运输经营许可证', 4],
  ['排污许可', '废气、废水、工业固体废物排放，按核定的种类和限值执行', '排污许可证', 5],
  ['公共场所卫生许可', '理发店、美容店', '公共场所卫生许可证', 4],
  ['特种设备使用登记', '叉车 2 台，用于厂区内物料搬运', '特种设备使用登记证', 0],
  ['建筑业企业资质', '建筑工程施工总承包二级；市政公用工程施工总承包三级', '建筑业企业资质证书', 5],
] as const;

const VIOLATIONS = [
  ['销售不符合食品安全标准的食品', '《中华人民共和国食品安全法》第一百二十四条', 10],
  ['发布虚假广告', '《中华人民共和国广告法》第五十五条', 6],
  ['未按规定设置安全警示标志', '《中华人民共和国安全生产法》第九十九条', 3],
  ['超过排放标准排放大气污染物', '《中华人民共和国大气污染防治法》第九十九条', 20],
  ['使用未经检验的特种设备', '《中华人民共和国特种设备安全法》第八十四条', 5],
  ['未取得道路运输经营许可从事货运', '《中华人民共和国道路运输条例》第六十三条', 3],
  ['未按规定公示年度报告', '《企业信息公示暂行条例》第十七条', 1],
] as const;

const LICENCE_KINDS = ['普通', '普通', '普通', '核准', '登记', '认可'];
const FIRST_YEAR = 2022;
const YEARS = 3;

/** @param number of the row, from 1: no two documents have the same one */
export function sampleRow(item: SampleItem, seed: number, number: number, random: Random): SampleRow {
  return item === 'xk' ? licence(seed, number, random) : penalty(seed, number, random);
}

function licence(seed: number, number: number, random: Random): SampleRow {
  const place = placeOf(random);
  const { name, category, uscc, person } = enterpriseOf(seed, place, random);
  const agency = random.pick(place.agencies);
  const [matter, content, certificate, years] = random.pick(LICENCES);
  const decided = dateOf(random);
  const serial = String(number).padStart(7, '0');
  return {
    XK_XDR_MC: name,
    XK_XDR_LB: category,
    XK_XDR_SHXYM: uscc,
    ...(category !== '个体工商户' && { XK_FRDB: person }),
    XK_XKWS: `${matter}决定书`,
    XK_WSH: `${agency.mark}许〔${decided.slice(0, 4)}〕${serial}号`,
    XK_XKLB: random.pick(LICENCE_KINDS),
    XK_XKZS: certificate,
    XK_XKBH: `JY1${uscc.slice(2, 8)}${serial}`,
    XK_NR: content,
    XK_JDRQ: decided,
    XK_YXQZ: decided,
    XK_YXQZI: years === 0 ? '2099/12/31' : later(decided, years),
    XK_XKJG: agency.name,
    XK_XKJGDM: agency.uscc,
    XK_ZT: '1',
    XK_LYDW: agency.name,
    XK_LYDWDM: agency.uscc,
  };
}

function penalty(seed: number, number: number, random: Random): SampleRow {
  const place = placeOf(random);
  const { name, category, uscc, person } = enterpriseOf(seed, place, random);
  const agency = random.pick(place.agencies);
  const [violation, basis, most] = random.pick(VIOLATIONS);
  const decided = dateOf(random);
  const fine = (1 + random.below(most * 20)) / 20;
  const confiscated = random.below(4) === 0 ? random.below(100_000) / 10_000 : 0;
  return {
    CF_XDR_MC: name,
    CF_XDR_LB: category,
    CF_XDR_SHXYM: uscc,
    ...(category !== '个体工商户' && { CF_FRDB: person }),
    CF_WSH: `${agency.mark}罚〔${decided.slice(0, 4)}〕${String(number).padStart(7, '0')}号`,
    CF_WFXW: violation,
    CF_SY: `经查，当事人于${decided.slice(0, 4)}年在经营活动中${violation}，事实清楚，证据确凿。`,
    CF_YJ: basis,
    CF_CFLB: confiscated > 0 ? '罚款；没收违法所得' : '罚款',
    CF_NR: `罚款${fine}万元${confiscated > 0 ? `，没收违法所得${confiscated}万元` : ''}`,
    CF_NR_FK: String(fine),
    ...(confiscated > 0 && { CF_NR_WFFF: String(confiscated) }),
    CF_JDRQ: decided,
    CF_YXQ: '2099/12/31',
    CF_GSJZQ: later(decided, fine >= 5 ? 3 : 1),
    CF_CFJG: agency.name,
    CF_CFJGDM: agency.uscc,
    CF_SJLY: agency.name,
    CF_SJLYDM: agency.uscc,
  };
}

function dateOf(random: Random): string {
  const [year, month, day] = [FIRST_YEAR + random.below(YEARS), 1 + random.below(12), 1 + random.below(28)];
  return `${year}/${two(month)}/${two(day)}`;
}

function later(date: string, years: number): string {
  return `${Number(date.slice(0, 4)) + years}${date.slice(4)}`;
}

function two(number: number): string {
  return String(number).padStart(2, '0');
}
