// Converts counts into data points of Workers Analytics Engine, for sites that bind a dataset.
// Queries depend on the layout of the points, which docs/analytics-engine.md documents.
import { families, type FamilyName } from "../../../protocol/families.ts";
import { partsOf, type Sums } from "../../../observe/sums.ts";
import type { DataPoint } from "../../../observe/reports/reports.ts";
import type { Gauges } from "../../../observe/reports/totals.ts";

/** The maximum number of points per invocation of a Worker. */
const pointsMax = 25;

/** The maximum length of a blob. All blobs of a point together may have 5 KiB. */
const blobCharsMax = 256;

/** A point has room for 18 of the 37 bounds: every second bound, from 0.5 ms. */
const bucketsOfPoint = 18;

/** Maps a histogram's bucket to the point's bucket with the next higher bound. */
const bucketOfPoint = (index: number): number => Math.max(0, Math.ceil(index / 2) - 1);

/** The Worker and colo that a point is from. */
interface ReportOrigin {
  readonly namespace: string;
  readonly colo: string;
}

/**
 * Removes sums and returns them as points, oldest first, up to the limit of one invocation. The
 * other sums remain for the next call. The last point has the isolate's gauges.
 */
export function takenAsPoints(sums: Sums, gauges: Gauges, origin: ReportOrigin): DataPoint[] {
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
      pointOf({ family, labels, doubles }, origin),
    ),
    pointOf({ family: "state", labels: [], doubles: state }, origin),
  ];
}

/**
 * Adds a count to a point.
 *
 * @param part the last part of a histogram's series: a bucket or `sum`; `undefined` for a counter
 */
function put(doubles: number[], part: string | undefined, count: number): void {
  const add = (at: number) => void (doubles[at] = (doubles[at] ?? 0) + count);
  if (part === undefined) return add(0);
  if (part === "sum") return add(1);
  add(0);
  const at = bucketOfPoint(Number(part.slice(1)));
  // Make buckets cumulative, so that queries need not add them. A duration above all bounds is in
  // no bucket, but in the count and the sum.
  for (let upTo = at; upTo < bucketsOfPoint; upTo += 1) add(2 + upTo);
}

function pointOf(
  of: { family: string; labels: readonly string[]; doubles: readonly number[] },
  { namespace, colo }: ReportOrigin,
): DataPoint {
  const blobs = [namespace, of.family, colo, ...of.labels].map((text) =>
    text.slice(0, blobCharsMax),
  );
  // Analytics Engine samples each index separately.
  return { indexes: [`${namespace}/${of.family}`], blobs, doubles: of.doubles };
}
