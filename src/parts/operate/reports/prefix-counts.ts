// Counts the lookups of an isolate by the first segment of their paths, for the hit rates in health.
import type { Decision } from "../../../observe/decision.ts";
import { addTo, type Sums } from "../../../observe/sums.ts";
import { hitOutcomes, notLookedUp } from "../../../protocol/families.ts";

/** Clients choose prefixes, so their number in a report and in an isolate, and their length, have limits. */
const [reportedMax, countedMax, charsMax] = [32, 128, 64];

/** The series of prefixes in a window, beside those of all other prefixes. */
const windowSeriesMax = 512;

/** The prefix that stands for all others. No path begins with it. */
export const otherPrefixes = "*";

const marker = "prefix|";

interface PrefixCount {
  lookups: number;
  hits: number;
}

/** The counts since the last report. */
export class PrefixCounts {
  readonly #counts = new Map<string, PrefixCount>();
  #others: PrefixCount = { lookups: 0, hits: 0 };

  /** Counts an answer after a lookup. */
  answered({ key, outcome = "failed" }: Decision): void {
    if (key === undefined || notLookedUp.includes(outcome)) return;
    const count = this.#countOf(prefixOf(key.text));
    count.lookups += 1;
    if (hitOutcomes.includes(outcome)) count.hits += 1;
  }

  /** Returns the counts since the last call: of the prefixes with most lookups, and of all others together. */
  taken(): Sums {
    const sums: Sums = new Map();
    const byLookups = [...this.#counts].toSorted(([, a], [, b]) => b.lookups - a.lookups);
    for (const [, count] of byLookups.splice(reportedMax)) this.#addToOthers(count);
    for (const [prefix, { lookups, hits }] of [
      ...byLookups,
      [otherPrefixes, this.#others] as const,
    ]) {
      if (hits > 0) sums.set(`${marker}${prefix}|hit`, hits);
      if (lookups > hits) sums.set(`${marker}${prefix}|miss`, lookups - hits);
    }
    this.#counts.clear();
    this.#others = { lookups: 0, hits: 0 };
    return sums;
  }

  #countOf(prefix: string): PrefixCount {
    const known = this.#counts.get(prefix);
    if (known !== undefined) return known;
    if (this.#counts.size >= countedMax) this.#dropRarest();
    const count = { lookups: 0, hits: 0 };
    this.#counts.set(prefix, count);
    return count;
  }

  /** Makes room for a prefix, so that many rare prefixes do not displace a frequent one. */
  #dropRarest(): void {
    let rarest: readonly [string, PrefixCount] | undefined;
    for (const one of this.#counts) {
      if (rarest === undefined || one[1].lookups < rarest[1].lookups) rarest = one;
    }
    if (rarest === undefined) return;
    this.#counts.delete(rarest[0]);
    this.#addToOthers(rarest[1]);
  }

  #addToOthers({ lookups, hits }: PrefixCount): void {
    this.#others.lookups += lookups;
    this.#others.hits += hits;
  }
}

/** Returns the first segment of the path in a primary key, such as `/blog` for `GET https://host/blog/page?a=b`. */
function prefixOf(key: string): string {
  const from = key.indexOf("/", "GET https://".length);
  const path = key.slice(from, from + charsMax + 1);
  const [prefix = ""] = /^\/[^/? ]*/.exec(path) ?? [];
  return prefix.length > charsMax || prefix.includes("|") ? otherPrefixes : prefix;
}

/** Returns whether a series counts lookups of a prefix. Windows have these series, the totals do not. */
export const isOfPrefix = (series: string): boolean => series.startsWith(marker);

/** Adds the count of a prefix to a window. */
export function addPrefix(window: Sums, series: string, count: number): void {
  const isNew = !window.has(series);
  const isFull = isNew && [...window.keys()].filter(isOfPrefix).length >= windowSeriesMax;
  const result = series.slice(series.lastIndexOf("|"));
  addTo(window, isFull ? marker + otherPrefixes + result : series, count);
}

/** Returns the counts of the prefixes in a window. */
export function prefixesIn(sums: Sums) {
  return [...sums].flatMap(([series, count]) => {
    if (!isOfPrefix(series)) return [];
    const [, prefix = "", result = ""] = series.split("|");
    return [{ labels: [prefix, result], count }];
  });
}
