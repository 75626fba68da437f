// The totals, the sum of all isolates' reports, and their text in the store: a version that identifies
// the text, a space, and JSON.
import * as v from "valibot";
import { isWithinMs } from "../../base/elapsed.ts";
import { finite, dataIn } from "../../base/schemas.ts";
import { jsonIn } from "../../base/json-text.ts";
import { seriesIn, type Sums } from "../sums.ts";
import type { FamilyName } from "../../protocol/families.ts";
import { formOf, sumsIn } from "./sums-text.ts";

/** The gauges of an isolate at the time of a report. */
export interface Gauges {
  /**
   * How long after its acceptance the isolate read the last purge; `null` if it has read no purge.
   */
  readonly lagMs: number | null;
  /** The longest of these times since the previous report; `null` if no purge was read since. */
  readonly lagWorstMs: number | null;
  /** The age of the purge view at the report; `null` without a view. */
  readonly viewAgeMs: number | null;
  readonly memoryBytes: number;
  readonly memoryRecords: number;
}

/** The gauges from a colo's newest report. */
export interface ColoState extends Gauges {
  /** The time of the report. */
  readonly atMs: number;
}

/** The families whose recent counts the health check uses. */
export const windowFamilies = [
  "requests",
  "refusals",
  "unverified",
  "originResponses",
  "operatorRefusals",
  "refusedSubrequests",
  "dataRequests",
] as const satisfies readonly FamilyName[];

export type WindowFamily = (typeof windowFamilies)[number];

/** The counts of five minutes, in `windowFamilies`. */
export interface Window {
  /** The start, a multiple of five minutes. */
  readonly fromAtMs: number;
  readonly sums: Sums;
}

/** The totals. Counts never decrease while the store keeps acknowledged data. */
export interface Totals {
  /** The start of the oldest count. */
  readonly startedAtMs: number;
  readonly sums: Sums;
  readonly colos: ReadonlyMap<string, ColoState>;
  /** Newest first, at most three. */
  readonly windows: readonly Window[];
  /** The history of a dashboard, as JSON. Absent without a dashboard. */
  readonly history?: unknown;
}

/** How long ago a window may have begun to be recent: three windows. */
export const recentMs = 15 * 60_000;

/** Returns the recent windows. */
export function recentWindows({
  totals,
  atMs,
}: {
  readonly totals?: Pick<Totals, "windows"> | undefined;
  readonly atMs: number;
}): Window[] {
  return (totals?.windows ?? []).filter(({ fromAtMs }) => isWithinMs(recentMs, fromAtMs, atMs));
}

/** A count of one combination of labels. */
export interface SeriesCount {
  readonly labels: readonly string[];
  readonly count: number;
}

/** Returns the series of one family in a window. */
export const countedIn = (sums: Sums, family: WindowFamily): SeriesCount[] => [
  ...seriesIn(sums, family),
];

/** Incremented with every incompatible change of the format. */
const formVersion = "1";

/** The value under the totals' key. */
export type HeldTotals =
  | {
      readonly kind: "held";
      /** Identifies the text; empty if the key has no text of this form. */
      readonly version: string;
      /** `undefined` if there are no readable totals, so counting starts over. */
      readonly totals: Totals | undefined;
      /** Whether the value exists but is unreadable. */
      readonly isBroken: boolean;
    }
  /** The text has a newer format, and must not be overwritten. */
  | { readonly kind: "newer" };

const amount = v.pipe(finite(), v.minValue(0));
const gaugesForm = v.object({
  lagMs: v.nullable(amount),
  lagWorstMs: v.nullable(amount),
  viewAgeMs: v.nullable(amount),
  memoryBytes: amount,
  memoryRecords: amount,
});
const totalsForm = v.object({
  startedAtMs: amount,
  sums: v.unknown(),
  colos: v.record(v.string(), v.object({ atMs: amount, ...gaugesForm.entries })),
  windows: v.array(v.object({ fromAtMs: amount, sums: v.unknown() })),
  history: v.optional(v.unknown()),
});

/** Parses gauges. Never throws. */
export const gaugesIn = (data: unknown): Gauges | undefined => dataIn(gaugesForm, data);

/**
 * Encodes totals.
 *
 * @param random a unique string of letters, digits, `_` and `-`
 */
export function totalsText(
  { startedAtMs, sums, colos, windows, history }: Totals,
  random: string,
): string {
  const plain = {
    startedAtMs,
    sums: formOf(sums),
    colos: Object.fromEntries(colos),
    windows: windows.map((window) => ({ ...window, sums: formOf(window.sums) })),
    history,
  };
  return `${formVersion}.${random} ${JSON.stringify(plain)}`;
}

/**
 * Decodes totals. Never throws.
 *
 * @param text the key's value; `null` if the key does not exist
 */
export function totalsIn(text: unknown): HeldTotals {
  if (typeof text !== "string")
    return { kind: "held", version: "", totals: undefined, isBroken: false };
  const [, version = "", number, json] = /^((\d{1,9})\.[\w-]+) (.*)$/s.exec(text) ?? [];
  if (number !== undefined && number !== formVersion) return { kind: "newer" };
  const totals = readTotals(jsonIn(json));
  return { kind: "held", version, totals, isBroken: totals === undefined };
}

function readTotals(value: unknown): Totals | undefined {
  const data = dataIn(totalsForm, value);
  const sums = sumsIn(data?.sums);
  if (data === undefined || sums === undefined) return undefined;
  const windows = data.windows.flatMap((window) => {
    const ofWindow = sumsIn(window.sums);
    return ofWindow ? [{ fromAtMs: window.fromAtMs, sums: ofWindow }] : [];
  });
  const colos: ReadonlyMap<string, ColoState> = new Map(Object.entries(data.colos));
  return { startedAtMs: data.startedAtMs, sums, colos, windows, history: data.history };
}
