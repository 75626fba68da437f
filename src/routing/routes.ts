// Finds a request's route: the first in the configuration that matches its method and URL.
import type { Config, Route } from "../config/config.ts";
import {
  anySegment,
  anyText,
  coversHost,
  fitsHost,
  type RoutePattern,
} from "../config/route-pattern.ts";
import { contentMethod } from "../rules/methods.ts";
import { compileQuery } from "./route-conditions.ts";
import { normalisedEscapes } from "../rules/escapes.ts";
import { isPlainPath, pathSpelled, type Target } from "./target.ts";

export interface RouteMatch {
  readonly route: Route;
  /** The decoded values of the pattern's `:names`. */
  readonly parameters: Readonly<Record<string, string>>;
  /** The earlier routes that match, but whose conditions are not met. */
  readonly passedOver: readonly Route[];
}

/**
 * @param target a target with the site's host, so that equal keys have equal routes
 * @param method the request's method, with GET for HEAD; the default is GET
 * @param met the routes whose conditions on the client the request meets; the default is none
 */
export type MatchRoute = (
  target: Pick<Target, "scheme" | "host" | "path"> & Partial<Pick<Target, "query">>,
  method?: string,
  met?: readonly Route[],
) => RouteMatch;

/** Compiles the routes. A request that matches no route gets `config.anywhere`. */
export function compileRoutes(config: Config): MatchRoute {
  const candidatesFor = indexPatterns(patternsOf(config.routes));
  const asksQuery = config.routes.filter(({ when }) => when?.query !== undefined);
  const queryTests = new Map(asksQuery.map((route) => [route, compileQuery(route)]));
  return (target, method = "GET", met = []) => {
    const isMet = (route: Route) =>
      (met.includes(route) || route.when?.asksClient !== true) &&
      queryTests.get(route)?.(target.query ?? "") !== false;
    const passedOver: Route[] = [];
    for (const { route, pattern, matchPath } of candidatesFor(target.path)) {
      if (route.methods?.includes(method) === false) continue;
      const values = fitsHost(pattern.host, target) ? matchPath(target.path) : undefined;
      if (values === undefined) continue;
      if (route.when !== undefined && !isMet(route)) {
        if (!passedOver.includes(route)) passedOver.push(route);
        continue;
      }
      const named = pattern.parameters.map((name, at) => [name, decoded(values[at] ?? "")]);
      const parameters = Object.fromEntries(named) as Record<string, string>;
      return { route, parameters, passedOver };
    }
    return { route: config.anywhere, parameters: {}, passedOver };
  };
}

/**
 * Returns the route of a GET that meets no condition, and the routes that may have stored responses of
 * the URL: some requests meet their conditions, or have a keyed content, and their route may key other
 * parameters.
 */
export function routesStoring(matchRoute: MatchRoute, target: Target) {
  const named = { ...target, query: "" };
  const { route, passedOver } = matchRoute(named);
  const ofContent = matchRoute(named, contentMethod);
  const keying = [ofContent.route, ...ofContent.passedOver].filter((one) => one.traits.keysContent);
  const possible = new Set([route, ...passedOver, ...keying]);
  return { route, storing: [...possible].filter(({ bypass }) => !bypass) };
}

/**
 * @returns a function from a pattern to the first pattern of the accepted routes that matches each of
 *   its hosts and paths
 */
export function compileCovering(
  routes: readonly Route[],
): (pattern: RoutePattern, accepts: (route: Route) => boolean) => RoutedPattern | undefined {
  const candidatesFor = indexPatterns(patternsOf(routes));
  return (pattern, accepts) => {
    const longer = spelledPattern(pattern);
    const shorter = longer.replace(/(?<=.)\/\n$/, "");
    return candidatesFor(literalPrefix(longer)).find(
      (earlier) =>
        accepts(earlier.route) &&
        coversHost(earlier.pattern.host, pattern.host) &&
        [longer, shorter].every((path) => earlier.matchPath(path) !== undefined),
    );
  };
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

/** `*` and `:name` as such, and as a URL parser spells them. */
const spelledText = new RegExp(`${anyText}|${encodeURIComponent(anyText)}`, "g");
const spelledSegment = new RegExp(`${anySegment}|${encodeURIComponent(anySegment)}`, "g");
/** In a spelled pattern, these stand for `*` and `:name`. No normalized path has these characters. */
const [text, segment] = ["\n", "\t"];

/** Normalizes the path of a pattern like the paths of targets. */
function spelledPattern({ path }: RoutePattern): string {
  // Most patterns need no URL parser, which takes 5 µs.
  if (isPlainPath(path.replaceAll(anyText, "x").replaceAll(anySegment, "x"))) {
    return normalisedEscapes(path).replaceAll(anyText, text).replaceAll(anySegment, segment);
  }
  return pathSpelled(path).replaceAll(spelledText, text).replaceAll(spelledSegment, segment);
}

/** One pattern of a route. */
interface RoutedPattern {
  readonly route: Route;
  readonly pattern: RoutePattern;
  readonly spelled: string;
  readonly matchPath: MatchPath;
}

const patternsOf = (routes: readonly Route[]): RoutedPattern[] =>
  routes.flatMap((route) =>
    route.match.map((pattern) => {
      const spelled = spelledPattern(pattern);
      return { route, pattern, spelled, matchPath: compilePath(spelled) };
    }),
  );

/** Returns the whole segments before the first `*` or `:name`, or all of a path without these. */
function literalPrefix(spelled: string): string {
  const wildAt = spelled.search(/[\n\t]/);
  return wildAt < 0 ? spelled : spelled.slice(0, spelled.lastIndexOf("/", wildAt));
}

/**
 * Compiles a pattern at its first use. The texts between its `*` are found one after another and
 * never searched twice, so the time is linear in the length of the path.
 */
function compilePath(spelled: string): MatchPath {
  let compiled: readonly RegExp[] | undefined;
  // A final `/*` also matches the path without it.
  const end = spelled.endsWith(`/${text}`) ? "/" : "";
  return (path) => {
    compiled ??= partsOf(spelled);
    const values: string[] = [];
    let fromAt = 0;
    for (const part of compiled) {
      part.lastIndex = fromAt;
      const found = part.exec(path + end);
      if (found === null) return undefined;
      fromAt = part.lastIndex;
      values.push(...found.slice(1));
    }
    return values;
  };
}

/** Returns an expression for each text between the `*` of a pattern. */
function partsOf(spelled: string): readonly RegExp[] {
  const texts = spelled
    .split(text)
    .map((literal) =>
      literal.replaceAll(/[^\w/\t]/g, String.raw`\$&`).replaceAll(segment, String.raw`([^/\n]+)`),
    );
  return texts.map((source, at) => {
    const end = at === texts.length - 1 ? "$" : "";
    return new RegExp(`${at === 0 ? "^" : ""}${source}${end}`, "g");
  });
}

/**
 * Indexes patterns by their literal prefix, so that the time for a path does not grow with the
 * number of patterns that begin otherwise.
 *
 * @returns a function from a path to the patterns that may match the path, in order
 */
function indexPatterns(
  patterns: readonly RoutedPattern[],
): (path: string) => readonly RoutedPattern[] {
  const byPrefix = new Map<string, number[]>();
  let lengthMax = 0;
  patterns.forEach(({ spelled }, at) => {
    const prefix = literalPrefix(spelled);
    const alike = byPrefix.get(prefix);
    if (alike === undefined) byPrefix.set(prefix, [at]);
    else alike.push(at);
    lengthMax = Math.max(lengthMax, prefix.length);
  });
  return (path) =>
    prefixesOf(path, lengthMax)
      .flatMap((prefix) => byPrefix.get(prefix) ?? [])
      .sort((a, b) => a - b)
      .flatMap((at) => patterns[at] ?? []);
}

/** Returns the path, and its beginnings of whole segments, up to `lengthMax` characters. */
function prefixesOf(path: string, lengthMax: number): string[] {
  const prefixes = path === "" ? [path] : [path, ""];
  let at = path.indexOf("/", 1);
  while (at > 0 && at <= lengthMax) {
    prefixes.push(path.slice(0, at));
    at = path.indexOf("/", at + 1);
  }
  return prefixes;
}
