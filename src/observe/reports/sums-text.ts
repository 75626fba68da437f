// Encodes sums as JSON. Series that differ only in their last part are grouped, so each bucket of a
// histogram costs only a few bytes.
import type { Sums } from "../sums.ts";

/**
 * Counts by the name of a series without its last part, then by that part. For a name with only one
 * part, the first key is "".
 */
type SumsForm = Readonly<Record<string, Readonly<Record<string, number>>>>;

/** The decimal digits of a duration in seconds. More digits would exceed the clock's precision. */
const digits = 6;

/** Converts sums to plain data, grouped by name. */
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
 * Parses the output of `formOf`. Never throws.
 *
 * @param countMax the largest valid count. Larger counts could add up to Infinity, which JSON lacks
 * @returns `undefined` if invalid
 */
export function sumsIn(form: unknown, countMax = Number.MAX_VALUE): Sums | undefined {
  const sums: Sums = new Map();
  if (!isRecord(form)) return undefined;
  for (const [group, members] of Object.entries(form)) {
    if (!isRecord(members)) return undefined;
    for (const [last, count] of Object.entries(members)) {
      // A negative or invalid count would corrupt the totals.
      if (typeof count !== "number" || !(count >= 0 && count <= countMax)) return undefined;
      sums.set(group === "" ? last : `${group}|${last}`, count);
    }
  }
  return sums;
}

/**
 * Removes and returns the sums that fit into a text, oldest first.
 *
 * @param bytesMax the maximum size of the JSON of `formOf` as UTF-8
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

/** Returns whether a value is an object other than an array. */
function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function halves(series: string): readonly [group: string, last: string] {
  const at = series.lastIndexOf("|");
  return at < 0 ? ["", series] : [series.slice(0, at), series.slice(at + 1)];
}

const rounded = (count: number): number =>
  Number.isInteger(count) ? count : Number(count.toFixed(digits));

/** Returns the length of the text's JSON in bytes. */
const bytesOf = (text: string): number => new TextEncoder().encode(JSON.stringify(text)).length;
