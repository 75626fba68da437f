// Finds a request's route: the first in the configuration that matches its method and URL.
import { RegExpRouter } from "hono/router/reg-exp-router";
import { SmartRouter } from "hono/router/smart-router";
import { TrieRouter } from "hono/router/trie-router";
import type { Config, Route } from "../../config/config.ts";
import {
  coversHost,
  fitsHost,
  type HostPattern,
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
 */
export type MatchRoute = (
  target: Pick<Target, "scheme" | "host" | "path">,
  method?: string,
) => RouteMatch;

interface Place {
  readonly route: Route;
  readonly host: HostPattern | undefined;
}

/** Compiles the routes. A request that matches no route gets `config.anywhere`. */
export function compileRoutes(config: Config): MatchRoute {
  const router = new SmartRouter<Place>({ routers: [new RegExpRouter(), new TrieRouter()] });
  for (const route of [...config.routes, config.anywhere]) {
    for (const { host, path } of route.match) router.add("GET", pathSpelled(path), { route, host });
  }
  return (target, method = "GET") => {
    const [matches, values] = router.match("GET", target.path);
    const first = matches.find(
      ([{ route, host }]) =>
        fitsHost(host, target) && (route.methods === undefined || route.methods.includes(method)),
    );
    if (first === undefined) return { route: config.anywhere, parameters: {} };
    const [{ route }, indices] = first;
    const parameters = Object.entries(indices).map(([name, index]) => [
      name,
      decoded(typeof index === "number" ? (values?.[index] ?? "") : index),
    ]);
    return { route, parameters: Object.fromEntries(parameters) as Record<string, string> };
  };
}

/** Returns whether the earlier pattern matches every host and path of the later pattern. */
export function hides(earlier: RoutePattern, later: RoutePattern): boolean {
  const [before, after] = [segmentsOf(earlier), segmentsOf(later)];
  const isLong = before.hasRest
    ? after.segments.length >= before.segments.length
    : after.segments.length === before.segments.length && !after.hasRest;
  return (
    isLong &&
    coversHost(earlier.host, later.host) &&
    before.segments.every((segment, at) => covers(segment, after.segments[at] ?? ""))
  );
}

/** Splits a pattern. A final `*` matches zero or more segments. */
function segmentsOf(pattern: RoutePattern): { segments: readonly string[]; hasRest: boolean } {
  const path = pathSpelled(pattern.path);
  const hasRest = path.endsWith("/*");
  const fixed = hasRest ? path.slice(0, -2) : path;
  return { segments: fixed === "" ? [] : fixed.slice(1).split("/"), hasRest };
}

/**
 * Returns whether the earlier segment matches everything that the later segment matches. A
 * parameter never matches an empty segment.
 */
function covers(earlier: string, later: string): boolean {
  return earlier.startsWith(":") ? later !== "" : earlier === later;
}

function decoded(value: string): string {
  try {
    return decodeURIComponent(value);
  } catch {
    return value;
  }
}
