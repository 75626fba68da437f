// Sums as text: series that differ in their last part alone stand together, so that the buckets of a
// histogram cost a few bytes each.
import type { Sums } from "../observe/sums.ts";

/** By all of a series' name but its last part, then by that. A name of one part stands below "". */
export type SumsForm = Readonly<Record<string, Readonly<Record<string, number>>>>;

/** Sums of durations have digits that no clock has measured. */
const digits = 6;

/** @returns plain data, in the order of the sums */
export function formOf(sums: Sums): SumsForm {
  const groups = new Map<string, [last: string, count: number][]>();
  for (const [series, count] of sums) {
    const [group, last] = halves(series);
    const members = groups.get(group);
    if (members === undefined) groups.set(group, [[last, rounded(count)]]);
    else members.push([last, rounded(count)]);
  }
  return Object.fromEntries(
    [...groups].map(([name, members]) => [name, Object.fromEntries(members)]),
  );
}

/**
 * @param form as `formOf` has made it, or anything else
 * @returns `undefined` for what is no sums. Never throws
 */
export function sumsIn(form: unknown): Sums | undefined {
  const sums: Sums = new Map();
  if (!isRecord(form)) return undefined;
  for (const [group, members] of Object.entries(form)) {
    if (!isRecord(members)) return undefined;
    for (const [last, count] of Object.entries(members)) {
      // A count that falls, or is none, would make all that it is added to worthless.
      if (typeof count !== "number" || !Number.isFinite(count) || count < 0) return undefined;
      sums.set(group === "" ? last : `${group}|${last}`, count);
    }
  }
  return sums;
}

/**
 * Takes out of the sums what has room in a text, the oldest first: what is left waits for the next.
 *
 * @param bytesMax of the JSON of `formOf`, in UTF-8
 */
export function takenWithin(sums: Sums, bytesMax: number): Sums {
  const taken: Sums = new Map();
  const groups = new Set<string>();
  let bytes = 2;
  for (const [series, count] of sums) {
    const [group, last] = halves(series);
    const ofGroup = groups.has(group) ? 0 : bytesOf(group) + 4;
    const more = ofGroup + bytesOf(last) + String(rounded(count)).length + 2;
    if (bytes + more > bytesMax) continue;
    bytes += more;
    groups.add(group);
    taken.set(series, count);
  }
  for (const series of taken.keys()) sums.delete(series);
  return taken;
}

/** Plain data of any kind, but no list. */
export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** @returns `undefined` for what is no JSON. Never throws */
export function jsonIn(text: unknown): unknown {
  try {
    return typeof text === "string" ? JSON.parse(text) : undefined;
  } catch {
    return undefined;
  }
}

function halves(series: string): readonly [group: string, last: string] {
  const at = series.lastIndexOf("|");
  return at < 0 ? ["", series] : [series.slice(0, at), series.slice(at + 1)];
}

const rounded = (count: number): number =>
  Number.isInteger(count) ? count : Number(count.toFixed(digits));

/** Of its JSON. */
const bytesOf = (text: string): number => new TextEncoder().encode(JSON.stringify(text)).length;
