// The base site of the page of growth, and the axes along which one property at a time varies.
import type { PointSettings } from "../scale/point.ts";
import { usual } from "../scale/points.ts";

/** A site of 5,000 pages, of which each twentieth is played, with all of its requests. */
export const baseSite: Omit<PointSettings, "mix"> = {
  ...usual,
  colos: 3,
  requestsPerSecond: 100,
  sampleCount: 250,
  isWhole: true,
  windowSeconds: 60,
};

/** A value of an axis, for the played site, and for the loop over one isolate. */
export interface Value {
  readonly label: string;
  readonly point: Partial<PointSettings>;
}

export interface Axis {
  /** The name of the table, and the head of its first column. */
  readonly name: string;
  readonly hasLag?: boolean;
  /** Whether the property changes nothing in an isolate. */
  readonly isOfSite?: boolean;
  readonly values: readonly Value[];
}

/** Two of the three isolates accept the purges, a few milliseconds from the stores. */
function purgesAt(perSecond: number): Value {
  const isMany = perSecond > 100;
  // A minute passes before the counted time. So many purges take long to play.
  const otherPurges = { perSecond, isolates: 2, fromMs: isMany ? 52_000 : 0 };
  const point = { otherPurges, roundTripMs: 5, ...(isMany && { windowSeconds: 8 }) };
  return { label: perSecond.toLocaleString("en"), point };
}

const valuesOf = (
  name: "colos" | "tagsAPage" | "otherRoutes" | "bodyBytes",
  numbers: readonly number[],
): readonly Value[] =>
  numbers.map((value) => ({ label: value.toLocaleString("en"), point: { [name]: value } }));

export const axes: readonly Axis[] = [
  { name: "purges/s", hasLag: true, values: [0.1, 1, 10, 100, 1_000].map(purgesAt) },
  { name: "colos", isOfSite: true, values: valuesOf("colos", [3, 30, 300]) },
  { name: "tags a page", values: valuesOf("tagsAPage", [1, 100, 1_000]) },
  { name: "routes", values: valuesOf("otherRoutes", [10, 1_000]) },
  { name: "bytes of a body", values: valuesOf("bodyBytes", [2_000, 20_000, 200_000]) },
];
