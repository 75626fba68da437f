// Which route a request takes: the first of the config that has its method, and a pattern which its
// host and path fit.
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
  /** Values of the pattern's `:names`, decoded. */
  readonly parameters: Readonly<Record<string, string>>;
}

/**
 * @param target with the host that counts: of equal keys the routes are equal
 * @param method GET unless given; GET for HEAD too
 */
export type MatchRoute = (
  target: Pick<Target, "scheme" | "host" | "path">,
  method?: string,
) => RouteMatch;

interface Place {
  readonly route: Route;
  readonly host: HostPattern | undefined;
}

/** Compiles the routes once; what none takes gets `config.anywhere`. */
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

/** Does each host and path that fit the later pattern fit the earlier one too? */
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

/** Where `*` ends a pattern, it stands for any further segments, and for none. */
function segmentsOf(pattern: RoutePattern): { segments: readonly string[]; hasRest: boolean } {
  const path = pathSpelled(pattern.path);
  const hasRest = path.endsWith("/*");
  const fixed = hasRest ? path.slice(0, -2) : path;
  return { segments: fixed === "" ? [] : fixed.slice(1).split("/"), hasRest };
}

/** A parameter is never empty. */
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
