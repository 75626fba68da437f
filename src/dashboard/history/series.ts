// Reads values from the steps of a history: hit rates, requests, bytes and percentiles.
import { boundOf, type History, type Span, spans, type Step } from "./history.ts";

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

/** Returns one step with the counts of all steps. */
export function wholeOf(steps: readonly Step[]): Step {
  const sums = new Map<string, number>();
  for (const step of steps) {
    for (const [name, count] of step.sums) sums.set(name, (sums.get(name) ?? 0) + count);
  }
  return { atMs: steps[0]?.atMs ?? 0, sums };
}

/** Selects series: by kind, and by the values of its labels. */
export interface Selection {
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
  const hits = countIn(step, "hit", selection);
  const lookedUp = hits + countIn(step, "miss", selection);
  return lookedUp === 0 ? undefined : hits / lookedUp;
}

/**
 * Returns a percentile of the time of answers that waited, as the upper bound of its bucket.
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
  const total = buckets.reduce((sum, { count }) => sum + count, 0);
  let seen = 0;
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
      counts.set(value, (counts.get(value) ?? 0) + count);
    }
  }
  return [...counts].sort((a, b) => b[1] - a[1]).map(([value]) => value);
}
