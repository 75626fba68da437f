// Finds a request's route: the first in the configuration that matches its method and URL.
import type { Config, Route } from "../../config/config.ts";
import {
  anySegment,
  anyText,
  coversHost,
  fitsHost,
  type RoutePattern,
} from "../../config/route-pattern.ts";
import { pathSpelled, type Target } from "./target.ts";

export interface RouteMatch {
  readonly route: Route;
  /** The decoded values of the pattern's `:names`. */
  readonly parameters: Readonly<Record<string, string>>;
}

/**
 * @param target a target with the site's host, so that equal keys have equal routes
 * @param method the request's method, with GET for HEAD; the default is GET
 * @param met the routes whose condition the request meets; the default is none
 */
export type MatchRoute = (
  target: Pick<Target, "scheme" | "host" | "path">,
  method?: string,
  met?: readonly Route[],
) => RouteMatch;

/** Compiles the routes. A request that matches no route gets `config.anywhere`. */
export function compileRoutes(config: Config): MatchRoute {
  const placesFor = indexPatterns(
    config.routes.flatMap((route) =>
      route.match.map((pattern) => ({ route, pattern, matchPath: compilePath(pattern) })),
    ),
  );
  return (target, method = "GET", met = []) => {
    for (const { route, pattern, matchPath } of placesFor(target.path)) {
      if (route.methods?.includes(method) === false) continue;
      if (route.whenCookies !== undefined && !met.includes(route)) continue;
      const values = fitsHost(pattern.host, target) ? matchPath(target.path) : undefined;
      if (values === undefined) continue;
      const named = pattern.parameters.map((name, at) => [name, decoded(values[at] ?? "")]);
      return { route, parameters: Object.fromEntries(named) as Record<string, string> };
    }
    return { route: config.anywhere, parameters: {} };
  };
}

/** Returns whether the earlier pattern matches every host and path of the later pattern. */
export function hides(earlier: RoutePattern, later: RoutePattern): boolean {
  return coversHost(earlier.host, later.host) && coversPath(earlier, later);
}

function decoded(value: string): string {
  try {
    return decodeURIComponent(value);
  } catch {
    return value;
  }
}

/** Returns the values of the pattern's `:names`; `undefined` if the path does not match. */
type MatchPath = (path: string) => readonly string[] | undefined;

const spelledText = encodeURIComponent(anyText);
const spelledSegment = encodeURIComponent(anySegment);
/** In a spelled pattern, these stand for `*` and `:name`. No normalized path has these characters. */
const [text, segment] = ["\n", "\t"];

/** Normalizes the path of a pattern like the paths of targets. */
function spelledPattern({ path }: RoutePattern): string {
  return pathSpelled(path).replaceAll(spelledText, text).replaceAll(spelledSegment, segment);
}

/** Returns the first segment of a path, or of all paths that match a pattern; else `undefined`. */
const firstSegment = (path: string): string | undefined => /^\/([^/\n\t]*)(?=\/|$)/.exec(path)?.[1];

/**
 * Compiles a pattern. The texts between its `*` are found one after another and never searched
 * twice, so the time is linear in the length of the path.
 */
function compilePath(pattern: RoutePattern): MatchPath {
  const spelled = spelledPattern(pattern);
  const texts = spelled
    .split(text)
    .map((literal) =>
      literal.replaceAll(/[^\w/\t]/g, String.raw`\$&`).replaceAll(segment, String.raw`([^/\n]+)`),
    );
  const parts = texts.map((source, at) => {
    const end = at === texts.length - 1 ? "$" : "";
    return new RegExp(`${at === 0 ? "^" : ""}${source}${end}`, "g");
  });
  // A final `/*` also matches the path without it.
  const end = spelled.endsWith(`/${text}`) ? "/" : "";
  return (path) => {
    const values: string[] = [];
    let fromAt = 0;
    for (const part of parts) {
      part.lastIndex = fromAt;
      const found = part.exec(path + end);
      if (found === null) return undefined;
      fromAt = part.lastIndex;
      values.push(...found.slice(1));
    }
    return values;
  };
}

/** Returns whether the earlier pattern matches every path that the later pattern matches. */
function coversPath(earlier: RoutePattern, later: RoutePattern): boolean {
  const matchPath = compilePath(earlier);
  const longer = spelledPattern(later);
  const shorter = longer.replace(/(?<=.)\/\n$/, "");
  return [longer, shorter].every((path) => matchPath(path) !== undefined);
}

/**
 * Indexes patterns by their first segment, so that a path is compared with few of them.
 *
 * @returns a function from a path to the items whose pattern may match the path, in order
 */
function indexPatterns<Item extends { readonly pattern: RoutePattern }>(
  items: readonly Item[],
): (path: string) => readonly Item[] {
  const firsts = items.map(({ pattern }) => firstSegment(spelledPattern(pattern)));
  const itemsAt = (first: string | undefined) =>
    items.filter((_, at) => firsts[at] === undefined || firsts[at] === first);
  const byFirst = new Map(firsts.map((first) => [first, itemsAt(first)]));
  const elsewhere = itemsAt(undefined);
  return (path) => byFirst.get(firstSegment(path)) ?? elsewhere;
}
