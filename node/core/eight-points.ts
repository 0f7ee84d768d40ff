// The test that a report must pass to be recognised, in eight points, each a function of what was found, with its evidence in
// the result. It is run when the evidence is complete, and again at every read: what was found then is kept, what holds is
// what is found now. docs/recognition.md.
import { Type, type Static } from 'typebox';
import type { AgreementContent } from './agreement-content.ts';
import type { JsonValue } from './canonical.ts';
import type { OpenedReport, ReportHead, ReportLine } from './report.ts';

export const POINTS = ['standard', 'issuer', 'signature', 'age', 'purpose', 'live', 'grades', 'measures'] as const;
export type Point = (typeof POINTS)[number];

export const PointResult = Type.Object(
  {
    point: Type.Enum([...POINTS]),
    passed: Type.Boolean(),
    evidence: Type.Record(Type.String(), Type.Unknown()),
  },
  { additionalProperties: false },
);
export type PointResult = Static<typeof PointResult>;

/** How a fact of the report stands now; `same`: as the report says. */
export interface StandingFact {
  log: string;
  position: number;
  state: string;
}

/** The line of the report in the log of who made it, as it was proved just now. */
export interface ReportEntry {
  log: string;
  position: number;
  /** `same` where it stands, `annulled` where the report was withdrawn, `unreached` where nobody proved either. */
  state: string;
  /** Entries under the last final anchored checkpoint of that log, by the own view of the chain. */
  anchored: number;
}

export interface FoundGrant {
  grant: string;
  /** Whether it is registered, and neither withdrawn nor suspended. */
  stands: boolean;
  /** Whether its artefact came with the case, and has the hash that the chain knows. */
  shown: boolean;
}

/** A measure of the receiver's list in force. */
export interface ListedMeasure {
  measure: string;
  triggers: readonly { item: string; words?: readonly string[] | undefined }[];
}

export interface Found {
  content: AgreementContent | undefined;
  /** Absent: it could not be opened, for the reason in `fault`. */
  report: OpenedReport | undefined;
  fault: string | undefined;
  /** The side whose report it must be. */
  home: string;
  /** Whether that side is an active centre now. */
  entitled: boolean;
  entry: ReportEntry | undefined;
  purpose: string | undefined;
  grants: readonly FoundGrant[];
  standings: readonly StandingFact[];
  list: { edition: string; measures: readonly ListedMeasure[] };
  /** Seconds since 1970. */
  time: number;
}

const DAY_SECONDS = 86_400;
/** By which the clocks of two members may differ. */
const SKEW_SECONDS = 300;

type Evidence = Record<string, JsonValue>;
type Outcome = { passed: boolean; evidence: Evidence };

/** Runs all eight; a point that lacks what it is judged by is not passed. */
export function runEightPoints(found: Found): PointResult[] {
  const { content, report, fault } = found;
  const missing: Outcome | undefined = !report
    ? { passed: false, evidence: { missing: 'report', reason: fault ?? 'it is not here' } }
    : !content
      ? { passed: false, evidence: { missing: 'content of the agreement' } }
      : undefined;
  const judged = (point: Point): Outcome => {
    if (!report || !content) return missing ?? { passed: false, evidence: {} };
    switch (point) {
      case 'standard':
        return standardPoint(content, report.head);
      case 'issuer':
        return issuerPoint(content, report.head, found);
      case 'signature':
        return signaturePoint(report.head, found.entry);
      case 'age':
        return agePoint(content, report.head, found.time);
      case 'purpose':
        return purposePoint(content, linesOf(report), found);
      case 'live':
        return livePoint(found.standings);
      case 'grades':
        return gradesPoint(content, report.head, standing(report, found.standings));
      case 'measures':
        return measuresPoint(content, standing(report, found.standings), found.list);
    }
  };
  return POINTS.map((point) => ({ point, ...judged(point) }));
}

export function isPassed(results: readonly PointResult[]): boolean {
  return results.length === POINTS.length && results.every(({ passed }) => passed);
}

/** 1. The standard, its edition, and the kind of report are those that the receiver accepts. */
export function standardPoint({ standards, kinds }: AgreementContent, { standard, special }: ReportHead): Outcome {
  const kind = special ? 'special' : 'factual';
  return {
    passed: standards.includes(standard) && kinds.includes(kind),
    evidence: { standard, kind, accepted: [...standards, ...kinds] },
  };
}

/** 2. Who made it is on the register of issuers, and may act now. */
export function issuerPoint(
  { issuers }: AgreementContent,
  { iss }: ReportHead,
  { home, entitled }: Pick<Found, 'home' | 'entitled'>,
): Outcome {
  return {
    passed: issuers.includes(iss) && iss === home && entitled,
    evidence: { issuer: iss, registered: issuers.includes(iss), own: iss === home, entitled },
  };
}

/** 3. Its signature was verified; its line is in an anchored log, and was not annulled. */
export function signaturePoint({ number }: ReportHead, entry: ReportEntry | undefined): Outcome {
  const anchored = entry !== undefined && entry.position < entry.anchored;
  return {
    passed: entry?.state === 'same' && anchored,
    evidence: { number, ...(entry ? { ...entry } : { missing: 'line in the log' }) },
  };
}

/** 4. It is no older than the agreement allows. */
export function agePoint({ ageDays }: AgreementContent, { iat }: ReportHead, time: number): Outcome {
  const days = Math.floor((time - iat) / DAY_SECONDS);
  return {
    passed: iat <= time + SKEW_SECONDS && days <= ageDays,
    evidence: { made: iat, at: time, days, most: ageDays },
  };
}

/** 5. The purpose is agreed, and what is not public in it was read under grants that stand and came with the case. */
export function purposePoint(
  { purposes }: AgreementContent,
  lines: readonly ReportLine[],
  { purpose, grants }: Pick<Found, 'purpose' | 'grants'>,
): Outcome {
  const agreed = purposes.some(({ code }) => code === purpose);
  const authorised = lines.filter(({ access }) => access === 'authorised').length;
  const covered = authorised === 0 || (grants.length > 0 && grants.every(({ stands, shown }) => stands && shown));
  return {
    passed: agreed && covered,
    evidence: { purpose: purpose ?? null, agreed, authorised, grants: grants.map((grant) => ({ ...grant })) },
  };
}

/** 6. Nothing in it has changed since: what has is masked, and makes the report stale. */
export function livePoint(standings: readonly StandingFact[]): Outcome {
  const masked = standings.filter(({ state }) => state !== 'same');
  return {
    passed: masked.length === 0,
    evidence: {
      lines: standings.length,
      masked: masked.map(({ log, position, state }) => ({ log, position, state })),
    },
  };
}

/** 7. Grades are translated by the mapping that is agreed; one that it does not have is shown as it is. */
export function gradesPoint({ grades }: AgreementContent, { iss }: ReportHead, lines: readonly ReportLine[]): Outcome {
  const found = lines.flatMap(({ item, claims }) => {
    const grade = claims['PJ_DJ'];
    return item === 'evaluation-result' && typeof grade === 'string' ? [grade] : [];
  });
  const shown = found.map((from) => {
    const to = grades.map.find((own) => own.issuer === iss && own.from === from)?.to;
    return to === undefined ? { from, translated: false } : { from, to, translated: true };
  });
  return { passed: true, evidence: { edition: grades.edition, grades: shown } };
}

/** 8. A measure is opened only where the agreement names it for the fact, and the receiver's own list has it for that. */
export function measuresPoint(
  { measures, conducts }: AgreementContent,
  lines: readonly ReportLine[],
  { edition, measures: listed }: Found['list'],
): Outcome {
  const opened = new Set<string>();
  const unlisted = new Set<string>();
  for (const line of lines)
    for (const { item, words, measure } of measures) {
      if (!fits(line, item, words === undefined ? undefined : [words])) continue;
      const own = listed.find((one) => one.measure === measure);
      const allowed = own?.triggers.some((trigger) => fits(line, trigger.item, trigger.words)) === true;
      (allowed ? opened : unlisted).add(measure);
    }
  const known = conducts.filter(({ item, words }) =>
    lines.some((line) => fits(line, item, words === undefined ? undefined : [words])),
  );
  return {
    passed: true,
    evidence: {
      list: edition,
      opened: [...opened].sort(),
      unlisted: [...unlisted].sort(),
      conducts: known.map(({ meaning }) => meaning),
    },
  };
}

function fits({ item, claims }: ReportLine, wanted: string, words: readonly string[] | undefined): boolean {
  if (item !== wanted) return false;
  if (words === undefined) return true;
  const texts = Object.values(claims).filter((value) => typeof value === 'string');
  return words.some((word) => texts.some((text) => text.includes(word)));
}

export function linesOf({ chapters }: OpenedReport): ReportLine[] {
  return [...chapters.values()].flat();
}

/** Lines of which nothing has changed. */
function standing(report: OpenedReport, standings: readonly StandingFact[]): ReportLine[] {
  const same = new Set(
    standings.flatMap(({ log, position, state }) => (state === 'same' ? [`${log}/${position}`] : [])),
  );
  return linesOf(report).filter(({ log, position }) => same.has(`${log}/${position}`));
}
