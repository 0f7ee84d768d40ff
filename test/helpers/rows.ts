// Rows of 双公示 files, made up; every code in them passes both checks.
import { makeUscc, type Uscc } from '../../node/core/uscc.ts';

export type Row = Record<string, unknown>;

export function company(i: number): Uscc {
  return makeUscc({ authority: '9', category: '1', region: '320904', body8: String(10_000_000 + i) });
}

export function soleTrader(i: number): Uscc {
  return makeUscc({ authority: '9', category: '2', region: '320904', body8: String(20_000_000 + i) });
}

/** The agency that publishes. */
export const AGENCY: Uscc = makeUscc({ authority: '1', category: '1', region: '320904', body8: 'MB123456' });

/** An administrative licence, `xk`. */
export function licence(i: number, change: Row = {}): Row {
  return {
    XK_XDR_MC: `盐城某某科技有限公司${i}`,
    XK_XDR_LB: '法人及非法人组织',
    XK_XDR_SHXYM: company(i),
    XK_FRDB: `张三${i}`,
    XK_FR_ZJLX: '身份证',
    XK_FR_ZJHM: '320922199001011230',
    XK_XKWS: '食品经营许可决定书',
    XK_WSH: `大市监许〔2026〕${i}号`,
    XK_XKLB: '普通',
    XK_XKZS: '食品经营许可证',
    XK_XKBH: `JY${i}`,
    XK_NR: '预包装食品销售',
    XK_JDRQ: '2026/04/01',
    XK_YXQZ: '2026/04/01',
    XK_YXQZI: '2031/03/31',
    XK_XKJG: '盐城市大丰区市场监督管理局',
    XK_XKJGDM: AGENCY,
    XK_ZT: 1,
    XK_LYDW: '盐城市大丰区市场监督管理局',
    XK_LYDWDM: AGENCY,
    ...change,
  };
}

/** An administrative penalty, `cf`. */
export function penalty(i: number, change: Row = {}): Row {
  return {
    CF_XDR_MC: `盐城某某商贸有限公司${i}`,
    CF_XDR_LB: '法人及非法人组织',
    CF_XDR_SHXYM: company(i),
    CF_FRDB: `李四${i}`,
    CF_WSH: `大市监处〔2026〕${i}号`,
    CF_WFXW: '销售过期食品',
    CF_SY: '经查，当事人销售超过保质期的食品。',
    CF_YJ: '《中华人民共和国食品安全法》第一百二十四条',
    CF_CFLB: '罚款',
    CF_NR: '罚款人民币五千元',
    CF_NR_FK: '0.5',
    CF_JDRQ: '2026-05-06',
    CF_GSJZQ: '2027-05-06',
    CF_CFJG: '盐城市大丰区市场监督管理局',
    CF_CFJGDM: AGENCY,
    CF_SJLY: '盐城市大丰区市场监督管理局',
    CF_SJLYDM: AGENCY,
    ...change,
  };
}
