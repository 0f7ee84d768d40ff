// The rules that this software goes by: which edition is in force where and when, what it says, and how sure that is.
import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Command } from 'commander';
import { malformed, XinlianError } from '../../../node/core/errors.ts';
import { chinaDate } from '../../../node/policy/date.ts';
import { isDate } from '../../../node/policy/days.ts';
import { GRANT_PACKS, GrantRules } from '../../../node/policy/grant-rules.ts';
import { CATALOGUE_PACKS, createCatalogue } from '../../../node/policy/pack.ts';
import { ReportStandard } from '../../../node/policy/report-standard.ts';
import { SpecialReports } from '../../../node/policy/special-report.ts';
import { SHARE_PACKS, ShareRules } from '../../../node/policy/share-rules.ts';
import { diffPacks, packValues, type PackValue } from '../../../node/policy/pack-values.ts';
import { familyOf, type PackFamily, type PackHeader } from '../../../node/policy/pack-header.ts';
import { Policies, RULE_PACKS } from '../../../node/policy/rules.ts';
import { explain } from '../explain.ts';
import type { Terminal } from '../terminal.ts';

interface ShowFlags {
  date?: string;
  region: string;
  all?: boolean;
  json?: boolean;
}

export function addPolicy(program: Command, terminal: Terminal, exit: (code: number) => void): void {
  const policy = program
    .command('policy')
    .summary('the rules of law in force, as data 政策规则包')
    .description(
      'Shows the editions of rules that are in force in a region on a date, compares two of them, checks packs of your own. ' +
        'What was not compared with its source is marked 未核实 unverified.\n' +
        '按日期和地区查看生效的规则版本、比较版本、校验自有规则包;未与原文核对的数值标注"未核实"。',
    );

  policy
    .command('show')
    .summary('what is in force, and what it says 查看生效规则')
    .argument('[edition]', 'an edition, or a kind: publicity, objection, repair, measures, calendar, catalogue')
    .option('--date <date>', 'YYYY-MM-DD; default: today in China')
    .option('--region <code>', 'GB/T 2260, or CN', 'CN')
    .option('--all', 'editions of every date and region')
    .option('--json', 'a line of JSON for each edition')
    .action((wanted: string | undefined, flags: ShowFlags) => show(wanted, flags, terminal));

  policy
    .command('diff')
    .summary('what one edition says otherwise than another 比较两个版本')
    .argument('<before>', 'edition')
    .argument('<after>', 'edition')
    .action((before: string, after: string) => {
      const [from, to] = [editionOf(before), editionOf(after)];
      if (from.kind !== to.kind) malformed('editions', `two of kind ${from.kind}`, to.kind);
      for (const { path, before, after } of diffPacks(from, to)) {
        terminal.out(`${path}\n  - ${before ? textOf(before) : 'none'}\n  + ${after ? textOf(after) : 'none'}`);
      }
    });

  policy
    .command('check')
    .summary('whether packs of your own can be used 校验规则包')
    .argument('<path...>', 'files, or folders of files (.json)')
    .action(async (paths: string[]) => {
      let faults = 0;
      for (const file of (await Promise.all(paths.map(filesOf))).flat()) {
        try {
          terminal.out(`${file}: ${await checkFile(file)}`);
        } catch (error) {
          if (!XinlianError.is(error) && !(error instanceof SyntaxError)) throw error;
          faults++;
          terminal.out(`${file}: ${explain(error).join(' ')}`);
        }
      }
      if (faults > 0) exit(1);
    });
}

type Known = PackHeader & object;

/** Every pack that comes with the software; those of catalogues have a kind of their own here. */
function known(): Known[] {
  const catalogues = CATALOGUE_PACKS.map((pack) => ({ kind: 'catalogue', ...(pack as Omit<PackHeader, 'kind'>) }));
  return [...new Policies(RULE_PACKS).list(), ...catalogues];
}

function editionOf(edition: string): Known {
  const found = known().find((pack) => pack.edition === edition);
  if (found) return found;
  throw new XinlianError('NOT_FOUND', { what: 'edition', id: edition });
}

function show(wanted: string | undefined, flags: ShowFlags, terminal: Terminal): void {
  const { region, all = false, json = false, date = chinaDate(Date.now()) } = flags;
  if (!isDate(date)) malformed('--date', 'YYYY-MM-DD', date);
  const inForce = (pack: Known): boolean =>
    pack.effectiveFrom <= date && (pack.effectiveTo === null || date <= pack.effectiveTo);
  const rules = all ? known() : [...new Policies(RULE_PACKS).inForce(region, date), ...known().filter(isCatalogue)];
  const shown = rules.filter((pack) =>
    wanted === undefined
      ? all || inForce(pack)
      : pack.edition === wanted || (pack.kind === wanted && (all || inForce(pack))),
  );
  const chosen = shown.length === 0 && wanted !== undefined ? [editionOf(wanted)] : shown;
  for (const pack of chosen) {
    if (json) {
      terminal.out(JSON.stringify(pack));
      continue;
    }
    for (const line of headOf(pack)) terminal.out(line);
    if (wanted === undefined) continue;
    for (const value of packValues(pack)) terminal.out(`  ${value.path}: ${textOf(value)}`);
  }
}

function isCatalogue({ kind }: Known): boolean {
  return kind === 'catalogue';
}

function headOf(pack: Known): string[] {
  const { kind, edition, jurisdiction, title, citation, effectiveFrom, effectiveTo, note } = pack;
  const values = packValues(pack);
  const open = values.filter(({ unverified }) => unverified).length;
  const sure = open === 0 ? 'verified 已核实' : `${open} of ${values.length} values 未核实 unverified`;
  return [
    `${edition}  ${kind}  ${jurisdiction}  ${effectiveFrom} … ${effectiveTo ?? ''}  ${sure}`,
    `  ${title}  (${citation})`,
    `  ${note}`,
  ];
}

function textOf({ text, citation, unverified }: PackValue): string {
  return `${text}${citation === undefined ? '' : `  (${citation})`}${unverified ? '  未核实 unverified' : ''}`;
}

async function filesOf(path: string): Promise<string[]> {
  if (!(await stat(path)).isDirectory()) return [path];
  const names = (await readdir(path)).filter((name) => name.endsWith('.json')).sort();
  return names.map((name) => join(path, name));
}

/** Beside the packs that are there already, or in the place of one of the same edition. @returns what it holds */
async function checkFile(file: string): Promise<string> {
  const packs = [JSON.parse(await readFile(file, 'utf8')) as unknown].flat() as Partial<
    PackHeader & { items: object }
  >[];
  const editions = new Set(packs.map(({ edition }) => edition));
  const others = (known: readonly unknown[]) =>
    known.flat().filter((pack) => !editions.has((pack as PackHeader).edition));
  const own = (family: PackFamily) => packs.filter((pack) => familyOf(pack) === family);
  for (const pack of own('report')) new ReportStandard(pack);
  for (const pack of own('special-report')) new SpecialReports(pack);
  const policies = new Policies([...others(RULE_PACKS), ...own('rules')]);
  const catalogue = createCatalogue([...others(CATALOGUE_PACKS), ...own('catalogue')]);
  new GrantRules([...others(GRANT_PACKS), ...own('grants')], catalogue);
  new ShareRules([...others(SHARE_PACKS), ...own('sharing')], catalogue, (date) => policies.calendar('CN', date));
  return `good: ${[...editions].join(', ')}`;
}
