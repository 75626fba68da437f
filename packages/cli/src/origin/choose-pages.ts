// Which of the paths that a site shows are asked for: a few of each sort.
import type { Reference } from "./links.ts";
import {
  apiPattern,
  isAssetPath,
  mayHaveEffects,
  privatePattern,
  segmentsOf,
  withoutQuery,
} from "./page-kind.ts";

export interface Found {
  readonly references: readonly Reference[];
  /** Of a sitemap. */
  readonly listed: readonly string[];
}

/** How many of a sort, at most, before pages get what is left. */
const most = { private: 3, feed: 2, api: 4, asset: 6 } as const;

/** @returns paths, in the order in which they are asked for; none that was asked for before */
export function choosePages(
  { references, listed }: Found,
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

/** A query may be anything; that of a list's next page is plain enough. */
function isPlain(path: string): boolean {
  return withoutQuery(path) === path || /\?(?:page|p|offset|cursor|after)=[^&]*$/.test(path);
}

/** One of each first segment, then a second one of each, and so on. */
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
