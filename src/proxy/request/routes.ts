// Finds a request's route: the first in the configuration that matches its method and URL.
import type { Config, Route } from "../../config/config.ts";
import { coversHost, fitsHost, type RoutePattern } from "../../config/route-pattern.ts";
import { compilePath, coversPath, indexPatterns } from "./path-pattern.ts";
import type { Target } from "./target.ts";

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
