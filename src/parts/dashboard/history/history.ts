// The history that a dashboard shows: an hour by the minute, and a week by the hour. The totals
// contain it, so it costs no Redis command.
import * as v from "valibot";
import { finite, dataIn } from "../../../base/schemas.ts";
import { boundsMs } from "../../../observe/histogram.ts";
import { addTo, partsOf, type Sums } from "../../../observe/sums.ts";
import { hitOutcomes, notLookedUp, otherRoutes } from "../../../protocol/families.ts";
import type { DatedSums } from "../../../observe/reports/reports.ts";

/** Counts of one minute or hour. */
export interface Step {
  readonly atMs: number;
  /** Counts by kind and labels, such as `hit|article|memory`. */
  readonly sums: Sums;
}

/** Oldest step first. Steps without reports are absent. */
type History = Readonly<Record<Span, readonly Step[]>>;

export const spans = {
  hour: { stepMs: 60_000, stepsMax: 60 },
  week: { stepMs: 3_600_000, stepsMax: 168 },
} as const;

export type Span = keyof typeof spans;

/** The maximum number of series in a step. Further routes are counted under a common route. */
export const seriesMax = 128;
/** Additional series: those of the common route and of tiers. */
const seriesBesideMax = 64;
/** The maximum number of names in the stored form. */
const namesMax = 2 * (seriesMax + seriesBesideMax);
const nameCharsMax = 256;

const amount = v.pipe(finite(), v.minValue(0), v.maxValue(Number.MAX_SAFE_INTEGER));
const rows = (max: number) =>
  v.pipe(v.array(v.pipe(v.array(amount), v.maxLength(namesMax + 1))), v.maxLength(max));
/** A row has the number of its step since 1970, and a count for each name. */
const storedForm = v.object({
  names: v.pipe(v.array(v.pipe(v.string(), v.maxLength(nameCharsMax))), v.maxLength(namesMax)),
  hour: rows(spans.hour.stepsMax),
  week: rows(spans.week.stepsMax),
});

/** Decodes a history. Returns an empty one if the text has another form. */
export function historyIn(stored: unknown): History {
  const data = dataIn(storedForm, stored);
  const stepsOf = (span: Span): Step[] =>
    (data?.[span] ?? []).map(([at = 0, ...counts]) => ({
      atMs: at * spans[span].stepMs,
      sums: new Map(
        counts.flatMap((count, index) => {
          const name = data?.names[index];
          return count > 0 && name !== undefined ? [[name, count] as const] : [];
        }),
      ),
    }));
  return { hour: stepsOf("hour"), week: stepsOf("week") };
}

/** Adds reports to the stored form of a history. */
export function addedToHistory(stored: unknown, reports: readonly DatedSums[]): unknown {
  const newest = reports.at(-1);
  if (newest === undefined) return stored;
  const history = historyIn(stored);
  const added = (span: Span) => addedSteps(history[span], reports, { ...spans[span], newest });
  return storedOf({ hour: added("hour"), week: added("week") });
}

function addedSteps(
  steps: readonly Step[],
  reports: readonly DatedSums[],
  { stepMs, stepsMax, newest }: (typeof spans)[Span] & { readonly newest: DatedSums },
): Step[] {
  const byStart = new Map(steps.map(({ atMs, sums }) => [atMs, sums]));
  const startOf = (atMs: number) => Math.floor(atMs / stepMs) * stepMs;
  for (const { atMs, report } of reports) {
    const sums = byStart.get(startOf(atMs)) ?? new Map<string, number>();
    byStart.set(startOf(atMs), sums);
    for (const [series, count] of report?.sums ?? []) addKept(sums, series, count);
  }
  // A step after the newest report shows that the clock has since been set back.
  const last = startOf(newest.atMs);
  return Array.from(byStart, ([atMs, sums]) => ({ atMs, sums }))
    .filter(({ atMs }) => atMs <= last && atMs > last - stepsMax * stepMs)
    .sort((a, b) => a.atMs - b.atMs);
}

/** Adds a series of a report under its shorter names, if the history keeps its family. */
function addKept(sums: Sums, series: string, count: number): void {
  for (const name of namesOf(series)) {
    if (sums.has(name) || sums.size < seriesMax) addTo(sums, name, count);
    else if (sums.size < seriesMax + seriesBesideMax) addTo(sums, underCommonRoute(name), count);
  }
}

/**
 * Returns the names of a series in the history:
 * `hit|route|tier`, `miss|route`, `pass|route`, `bytes|route|tier`, `origin|route`,
 * `route-time|route|bucket` and `tier-time|tier|bucket`.
 */
function namesOf(series: string): string[] {
  const { family, rest = [] } = partsOf(series) ?? {};
  const [route = "", result = "", tier = "", bucket = ""] = rest;
  if (family === "requests") {
    if (hitOutcomes.includes(result)) return [`hit|${route}|${tier}`];
    return [`${notLookedUp.includes(result) ? "pass" : "miss"}|${route}`];
  }
  if (family === "responseBytes") return [`bytes|${route}|${tier}`];
  if (family === "originResponses") return [`origin|${route}`];
  const at = family === "responseSeconds" ? /^b(\d{1,2})$/.exec(bucket)?.[1] : undefined;
  if (at === undefined) return [];
  const coarse = Math.ceil(Number(at) / 2);
  return [`route-time|${route}|${coarse}`, `tier-time|${tier}|${coarse}`];
}

function underCommonRoute(name: string): string {
  const [kind = "", ...labels] = name.split("|");
  return kind === "tier-time" ? name : [kind, otherRoutes, ...labels.slice(1)].join("|");
}

/** Returns the upper bound of a bucket of the history; `Infinity` for the last. */
const boundOf = (bucket: number): number => boundsMs[2 * bucket] ?? Infinity;

function storedOf(history: History) {
  const counts = new Map<string, number>();
  for (const { sums } of [...history.hour, ...history.week]) {
    for (const name of sums.keys()) addTo(counts, name);
  }
  // Frequent names come first, so that rows can leave out the zeros at their end.
  const names = [...counts].sort((a, b) => b[1] - a[1]).map(([name]) => name);
  const kept = names.filter((name) => name.length <= nameCharsMax).slice(0, namesMax);
  const rowsOf = (span: Span) =>
    history[span].map(({ atMs, sums }) => {
      const row = [atMs / spans[span].stepMs, ...kept.map((name) => sums.get(name) ?? 0)];
      return row.slice(0, row.findLastIndex((count) => count > 0) + 1);
    });
  return { names: kept, hour: rowsOf("hour"), week: rowsOf("week") };
}

/** Returns all steps of a span, with empty ones where there are no reports. */
export function stepsUpTo(history: History, span: Span, atMs: number): Step[] {
  const { stepMs, stepsMax } = spans[span];
  const last = Math.floor(atMs / stepMs) * stepMs;
  const known = new Map(history[span].map((step) => [step.atMs, step]));
  return Array.from({ length: stepsMax }, (_, index) => {
    const start = last - (stepsMax - 1 - index) * stepMs;
    return known.get(start) ?? { atMs: start, sums: new Map<string, number>() };
  });
}

/** The minimum number of steps that charts show. */
const chartedMin = 10;

/**
 * Returns the steps that charts show. They begin at the first report. Once there are more than ten,
 * they leave out the current step, whose counts are still growing.
 */
export function chartedOf(steps: readonly Step[]): readonly Step[] {
  const first = steps.findIndex(({ sums }) => sums.size > 0);
  const isNew = first < 0 || first >= steps.length - chartedMin;
  const whole = isNew ? steps : steps.slice(0, -1);
  const from = first < 0 ? 0 : Math.min(first, whole.length - chartedMin);
  return whole.slice(from);
}

/** Returns one step with the counts of all steps. */
export function wholeOf(steps: readonly Step[]): Step {
  const sums = new Map<string, number>();
  for (const step of steps) {
    for (const [name, count] of step.sums) addTo(sums, name, count);
  }
  return { atMs: steps[0]?.atMs ?? 0, sums };
}

/** Selects series: by kind, and by the values of its labels. */
interface Selection {
  readonly route?: string;
  readonly tier?: string;
}

/** The position of each label in a name of a kind. */
const labelsOf = {
  hit: ["route", "tier"],
  miss: ["route"],
  pass: ["route"],
  bytes: ["route", "tier"],
  origin: ["route"],
  "route-time": ["route", "bucket"],
  "tier-time": ["tier", "bucket"],
} as const;

type Kind = keyof typeof labelsOf;

function selected(
  { sums }: Step,
  kind: Kind,
  selection: Selection,
): (readonly [string[], number])[] {
  const labels: readonly string[] = labelsOf[kind];
  return [...sums].flatMap(([name, count]) => {
    const [of, ...rest] = name.split("|");
    const isSelected =
      of === kind &&
      labels.every((label, at) => {
        const wanted = selection[label as keyof Selection];
        return wanted === undefined || rest[at] === wanted;
      });
    return isSelected ? [[rest, count] as const] : [];
  });
}

/** Returns the sum of the selected series. */
export function countIn(step: Step, kind: Kind, selection: Selection = {}): number {
  return selected(step, kind, selection).reduce((sum, [, count]) => sum + count, 0);
}

/** Returns the hit rate, 0 to 1; `undefined` without a request. */
export function hitRateIn(step: Step, selection: Selection = {}): number | undefined {
  const hitCount = countIn(step, "hit", selection);
  const lookedUp = hitCount + countIn(step, "miss", selection);
  return lookedUp === 0 ? undefined : hitCount / lookedUp;
}

/**
 * Returns a percentile of the time of answers, as the upper bound of its bucket; 0 for an answer that did not
 * wait, such as a hit in memory.
 *
 * @param share 0 to 1
 */
export function percentileIn(
  step: Step,
  kind: "route-time" | "tier-time",
  { share, ...selection }: Selection & { readonly share: number },
): number | undefined {
  const buckets = selected(step, kind, selection)
    .map(([rest, count]) => ({ bucket: Number(rest[1]), count }))
    .sort((a, b) => a.bucket - b.bucket);
  const waited = buckets.reduce((sum, { count }) => sum + count, 0);
  const kinds = kind === "tier-time" ? (["hit"] as const) : (["hit", "miss", "pass"] as const);
  const answered = kinds.reduce((sum, of) => sum + countIn(step, of, selection), 0);
  const total = Math.max(waited, answered);
  let seen = total - waited;
  if (seen > 0 && seen >= share * total) return 0;
  for (const { bucket, count } of buckets) {
    seen += count;
    if (seen >= share * total) return Math.min(boundOf(bucket), 131_072);
  }
  return undefined;
}

/** Returns the values of a label, most frequent first. */
export function labelsIn(step: Step, kinds: readonly Kind[], label: keyof Selection): string[] {
  const counts = new Map<string, number>();
  for (const kind of kinds) {
    const at = (labelsOf[kind] as readonly string[]).indexOf(label);
    for (const [rest, count] of at < 0 ? [] : selected(step, kind, {})) {
      const value = rest[at] ?? "";
      addTo(counts, value, count);
    }
  }
  return [...counts].sort((a, b) => b[1] - a[1]).map(([value]) => value);
}
