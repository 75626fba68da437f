// Reports as data points of Workers Analytics Engine, for sites that bind a dataset. The layout is in
// docs/analytics-engine.md: queries depend on it.
import { families, type FamilyName } from "../protocol/families.ts";
import { partsOf, type Sums } from "../observe/sums.ts";
import type { Gauges } from "./report-entry.ts";

/** A dataset of Analytics Engine, as a Worker is bound to it. */
export interface Dataset {
  /** Returns at once; the runtime writes it. */
  writeDataPoint(point: DataPoint): void;
}

export interface DataPoint {
  /** One, of 96 bytes at most. */
  readonly indexes: readonly string[];
  /** At most 20. */
  readonly blobs: readonly string[];
  /** At most 20. */
  readonly doubles: readonly number[];
}

/** In one invocation of a Worker. */
const pointsMax = 25;

/** Of a blob; all of a point may have 5 KiB. A label is a name in a configuration. */
const blobCharsMax = 256;

/** Histograms have 37 bounds, and a point has room for 18: every second one, from 0.5 ms on. */
const bucketsOfPoint = 18;

/** Maps a bucket of a histogram to a bucket of a point, whose bound is the next power of two. */
const bucketOfPoint = (index: number): number => Math.max(0, Math.ceil(index / 2) - 1);

/** Where and how it is told. */
export interface Told {
  readonly namespace: string;
  readonly colo: string;
}

/**
 * Takes from the sums as many points as one invocation may write, the oldest first. The others wait.
 * One point stands for the state of the isolate.
 */
export function takenAsPoints(sums: Sums, gauges: Gauges, told: Told): DataPoint[] {
  const points = new Map<
    string,
    { family: FamilyName; labels: readonly string[]; doubles: number[] }
  >();
  for (const [series, count] of sums) {
    const parts = partsOf(series);
    if (parts === undefined) {
      sums.delete(series);
      continue;
    }
    const { family, rest } = parts;
    const labels = rest.slice(0, families[family].labels.length);
    const name = [family, ...labels].join("|");
    let point = points.get(name);
    if (point === undefined) {
      if (points.size >= pointsMax - 1) continue;
      const length = families[family].kind === "histogram" ? 2 + bucketsOfPoint : 1;
      point = { family, labels, doubles: Array.from({ length }, () => 0) };
      points.set(name, point);
    }
    put(point.doubles, rest[labels.length], count);
    sums.delete(series);
  }
  const { lagMs, lagWorstMs, viewAgeMs, memoryBytes, memoryRecords } = gauges;
  const state = [lagMs ?? -1, lagWorstMs ?? -1, viewAgeMs ?? -1, memoryBytes, memoryRecords];
  return [
    ...Array.from(points.values(), ({ family, labels, doubles }) =>
      pointOf({ family, labels, doubles }, told),
    ),
    pointOf({ family: "state", labels: [], doubles: state }, told),
  ];
}

/** @param part of a histogram's series: a bucket, or its sum; `undefined` for a counter */
function put(doubles: number[], part: string | undefined, count: number): void {
  const add = (at: number) => void (doubles[at] = (doubles[at] ?? 0) + count);
  if (part === undefined) return add(0);
  if (part === "sum") return add(1);
  add(0);
  const at = bucketOfPoint(Number(part.slice(1)));
  // Each bucket includes the buckets below it, so a query need not add them up. Durations above all
  // bounds are only in the number of all durations.
  for (let upTo = at; upTo < bucketsOfPoint; upTo += 1) add(2 + upTo);
}

function pointOf(
  of: { family: string; labels: readonly string[]; doubles: readonly number[] },
  { namespace, colo }: Told,
): DataPoint {
  const blobs = [namespace, of.family, colo, ...of.labels].map((text) =>
    text.slice(0, blobCharsMax),
  );
  // Where there is much, each family is sampled by itself. Both names together have less than 96 bytes.
  return { indexes: [`${namespace}/${of.family}`], blobs, doubles: of.doubles };
}
