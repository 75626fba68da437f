// Which route a request takes: the first of the config whose pattern matches its path.
import { RegExpRouter } from "hono/router/reg-exp-router";
import { SmartRouter } from "hono/router/smart-router";
import { TrieRouter } from "hono/router/trie-router";
import type { Config, Route } from "../../config/config.ts";
import { readTarget } from "./target.ts";

export interface RouteMatch {
  readonly route: Route;
  /** Values of the pattern's `:names`, decoded. */
  readonly parameters: Readonly<Record<string, string>>;
}

export type MatchRoute = (path: string) => RouteMatch;

/** Compiles the routes once; a path that none matches gets `config.anywhere`. */
export function compileRoutes(config: Config): MatchRoute {
  const router = new SmartRouter<Route>({ routers: [new RegExpRouter(), new TrieRouter()] });
  for (const route of [...config.routes, config.anywhere]) {
    router.add("GET", normalised(route.match), route);
  }
  return (path) => {
    const [matches, values] = router.match("GET", path);
    const first = matches[0];
    if (first === undefined) return { route: config.anywhere, parameters: {} };
    const [route, indices] = first;
    const parameters = Object.entries(indices).map(([name, index]) => [
      name,
      decoded(typeof index === "number" ? (values?.[index] ?? "") : index),
    ]);
    return { route, parameters: Object.fromEntries(parameters) as Record<string, string> };
  };
}

/** Does each path that fits the later pattern fit the earlier one too? */
export function hides(earlier: string, later: string): boolean {
  const [before, after] = [segmentsOf(earlier), segmentsOf(later)];
  const isLong = before.hasRest
    ? after.segments.length >= before.segments.length
    : after.segments.length === before.segments.length && !after.hasRest;
  return (
    isLong && before.segments.every((segment, at) => covers(segment, after.segments[at] ?? ""))
  );
}

/** Where `*` ends a pattern, it stands for any further segments, and for none. */
function segmentsOf(match: string): { segments: readonly string[]; hasRest: boolean } {
  const path = match === "*" ? "/*" : normalised(match);
  const hasRest = path.endsWith("/*");
  const fixed = hasRest ? path.slice(0, -2) : path;
  return { segments: fixed === "" ? [] : fixed.slice(1).split("/"), hasRest };
}

/** A parameter is never empty. */
function covers(earlier: string, later: string): boolean {
  return earlier.startsWith(":") ? later !== "" : earlier === later;
}

/** Spelled as the paths are that it is compared with. */
function normalised(match: string): string {
  if (match === "*") return match;
  return readTarget(new URL(`https://pattern.invalid${match}`).href).path;
}

function decoded(value: string): string {
  try {
    return decodeURIComponent(value);
  } catch {
    return value;
  }
}
