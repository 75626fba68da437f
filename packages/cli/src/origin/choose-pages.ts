// Chooses pages to examine among the known paths: a few of each kind.
import type { Reference } from "./links.ts";
import {
  apiPattern,
  isAssetPath,
  mayHaveEffects,
  privatePattern,
  segmentsOf,
  withoutQuery,
} from "./page-kind.ts";

export interface PageCandidates {
  readonly references: readonly Reference[];
  /** Paths from a sitemap. */
  readonly listed: readonly string[];
}

/** The limit for each kind. Ordinary pages fill the rest. */
const most = { private: 3, feed: 2, api: 4, asset: 6 } as const;

/** Returns the paths to examine next, in the order of the requests. */
export function choosePages(
  { references, listed }: PageCandidates,
  { known, count }: { readonly known: ReadonlySet<string>; readonly count: number },
): string[] {
  const all = [...references, ...listed.map((path): Reference => ({ path, as: "link" }))].filter(
    ({ path }) => !known.has(path) && !mayHaveEffects(path),
  );
  const paths = [...new Map(all.map((one) => [one.path, one])).values()];
  const sortOf = ({ path, as }: Reference) => {
    if (privatePattern(path) !== undefined) return "private";
    if (as === "feed" || /\/feed\/?$/.test(path)) return "feed";
    if (as === "asset" || isAssetPath(path)) return "asset";
    if (apiPattern(path) !== undefined) return "api";
    return isPlain(path) ? "page" : "query";
  };
  const of = (sort: string) => paths.filter((one) => sortOf(one) === sort).map(({ path }) => path);
  const some = [
    ...byTurns(of("private")).slice(0, most.private),
    ...of("feed").slice(0, most.feed),
    ...byTurns(of("api")).slice(0, most.api),
    ...byTurns(of("asset")).slice(0, most.asset),
  ].slice(0, Math.ceil((count * 2) / 3));
  return [...some, ...byTurns(of("page"))].slice(0, count);
}

/** Returns whether a path has no query, or only one that selects a page of a list. */
function isPlain(path: string): boolean {
  return withoutQuery(path) === path || /\?(?:page|p|offset|cursor|after)=[^&]*$/.test(path);
}

/** Interleaves the paths by their first segment. */
function byTurns(paths: readonly string[]): string[] {
  const groups = new Map<string, string[]>();
  for (const path of paths) {
    const [first = ""] = segmentsOf(path);
    const group = groups.get(first);
    if (group === undefined) groups.set(first, [path]);
    else group.push(path);
  }
  const longest = Math.max(0, ...[...groups.values()].map(({ length }) => length));
  const turns = Array.from({ length: longest }, (_, at) => at);
  return turns.flatMap((at) => [...groups.values()].flatMap((group) => group[at] ?? []));
}
