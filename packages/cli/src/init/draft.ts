// The draft of a configuration: its routes, with comments about the examined pages.
import type { OriginSight } from "../origin/look-at-origin.ts";

export interface DraftRoute {
  readonly name: string;
  readonly match: readonly string[];
  /** Lines of the comment above the route. */
  readonly comments: readonly string[];
  /** The other fields of the route as code, such as `fresh: "5m"`. */
  readonly fields: readonly string[];
  /** Examined paths that the route stores, for the test of the configuration. */
  readonly samples: readonly string[];
}

export interface Draft {
  readonly sight: OriginSight;
  /** The effect of consent cookies on pages: none, some or unknown. */
  readonly consent: "ignored" | "counts" | "unseen";
  readonly routes: readonly DraftRoute[];
}

export function isBypass({ fields }: DraftRoute): boolean {
  return fields.includes("bypass: true");
}

/** Removes patterns that another pattern of the list covers. */
export function fewest(patterns: readonly string[]): string[] {
  const all = [...new Set(patterns)];
  const covers = (wide: string, narrow: string) =>
    wide !== narrow &&
    wide.endsWith("/*") &&
    (narrow.startsWith(wide.slice(0, -1)) || narrow === wide.slice(0, -2));
  return all.filter((one) => !all.some((other) => covers(other, one)));
}

const shownMax = 4;

/** Returns the first four paths and the number of the others, such as "/a, /b, /c, /d and 3 more". */
export function listed(paths: readonly string[]): string {
  const shown = paths.slice(0, shownMax).join(", ");
  const restCount = paths.length - shownMax;
  return restCount > 0 ? `${shown} and ${restCount} more` : shown;
}

/** Converts a pattern to a part of a route's name, such as `blog-posts` for `/blog/posts/*`. */
export function slugOf(pattern: string): string {
  const slug = pattern
    .replace(/\/\*$/, "")
    .replace(/[^\w]+/g, "-")
    .replace(/^-+|-+$/g, "");
  return slug.toLowerCase() || "root";
}

/** Groups members by key, like `Map.groupBy`, which Node 20 lacks. */
export function groupedBy<T>(all: readonly T[], keyOf: (one: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const one of all) {
    const key = keyOf(one);
    groups.set(key, [...(groups.get(key) ?? []), one]);
  }
  return groups;
}
