// Enterprises and agencies that do not exist, with codes that pass both check digits.
import { makeUscc, type Uscc } from '../../node/core/uscc.ts';
import { createRandom, type Random } from './random.ts';

export interface Enterprise {
  name: string;
  category: '法人及非法人组织' | '个体工商户';
  uscc: Uscc;
  /** Legal representative, or the trader. */
  person: string;
}

export interface Agency {
  name: string;
  uscc: Uscc;
  /** What its document numbers begin with. */
  mark: string;
}

export interface Place {
  /** What names begin with. */
  prefix: string;
  /** GB/T 2260 codes under which bodies were registered: that of the old city 大丰市, 320982, is still met. */
  codes: readonly string[];
  agencies: readonly Agency[];
}

/** As many as 31³ can be told apart by the middle of their codes. */
const ENTERPRISES = 20_000;
const SOLE_TRADER_EVERY = 20;
const ALPHABET = '0123456789ABCDEFGHJKLMNPQRTUWXY';

const dafeng = place('盐城市大丰区', '大', ['320904', '320982', '320904']);
const tinghu = place('盐城市亭湖区', '亭', ['320902']);
const yancheng = place('盐城市', '盐', ['320900', '320903', '320971']);
const shanghai = place('上海市', '沪', ['310000', '310115', '310112']);
const places = [dafeng, tinghu, yancheng, shanghai];
/** Half of the bodies are from Dafeng. */
const placesByWeight = [dafeng, dafeng, dafeng, tinghu, yancheng, shanghai];

const BRANDS_FIRST = ['海', '盛', '润', '恒', '瑞', '丰', '鹤', '麋', '苏', '博', '远', '新', '嘉', '泰'];
const BRANDS_SECOND = ['禾', '岳', '诺', '澜', '柏', '棠', '川', '曜', '信', '耘', '越', '桥', '屿', '舟'];
const TRADES = ['农业科技', '机械制造', '食品', '建筑工程', '纺织', '新能源', '物流', '电子科技', '水产', '环保设备'];
const SHOPS = ['小吃店', '水果店', '五金店', '理发店', '便利店', '海鲜店', '早点铺', '修理部'];
const SURNAMES = ['王', '李', '张', '刘', '陈', '杨', '周', '吴', '徐', '孙', '朱', '顾'];
const GIVEN = ['建国', '海燕', '志强', '秀英', '明', '芳', '伟', '静', '晓东', '春兰', '卫平', '雪'];

function place(prefix: string, mark: string, codes: readonly string[]): Place {
  const region = codes[0] ?? '';
  const agency = (name: string, short: string, body: string): Agency => ({
    name: prefix + name,
    mark: mark + short,
    uscc: makeUscc({ authority: '1', category: '1', region, body8: body }),
  });
  return {
    prefix,
    codes,
    agencies: [
      agency('市场监督管理局', '市监', 'MB1A0021'),
      agency('行政审批局', '行审', 'MB1B0038'),
      agency('应急管理局', '应急', 'MB1C0045'),
      agency('生态环境局', '环', '01470052'),
      agency('交通运输局', '交', '01470069'),
    ],
  };
}

export function placeOf(random: Random): Place {
  return random.pick(placesByWeight);
}

/** One of the enterprises that a seed has: the same number is always the same one. */
export function enterpriseOf(seed: number, place: Place, random: Random): Enterprise {
  const number = random.below(ENTERPRISES);
  const own = createRandom(seed, number, places.indexOf(place));
  const soleTrader = number % SOLE_TRADER_EVERY === 0;
  const surname = own.pick(SURNAMES);
  const brand = own.pick(BRANDS_FIRST) + own.pick(BRANDS_SECOND);
  const digits = [number % 31, Math.floor(number / 31) % 31, Math.floor(number / 961), own.below(31), own.below(10)];
  return {
    name: place.prefix + brand + (soleTrader ? own.pick(SHOPS) : `${own.pick(TRADES)}有限公司`),
    category: soleTrader ? '个体工商户' : '法人及非法人组织',
    uscc: makeUscc({
      authority: '9',
      category: soleTrader ? '2' : '1',
      region: own.pick(place.codes),
      body8: `MA${own.below(3)}${digits.map((digit) => ALPHABET.charAt(digit)).join('')}`,
    }),
    person: surname + own.pick(GIVEN),
  };
}
