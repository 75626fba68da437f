// Exports of `tidemark/fallback`: other origins answer while the origin of a route fails.
// See docs/origins.md#fallback-origins.
import { OperatorError } from "../../base/operator-error.ts";
import type { PartContents } from "../../admin/part-contents.ts";
import type { PartedRoute, RoutePart } from "../../part/port/part.ts";
import { Fallbacks } from "./fallbacks.ts";

/** The order of a stale response and a fallback origin. */
export interface FallbackOptions {
  /** Whether a fallback origin is asked before a stale response answers. Default: `false`. */
  readonly beforeStale?: boolean;
}

/**
 * Lets other origins answer while the origin of a route fails.
 *
 * @param names one or two names in `origins`, which are asked in this order
 * @throws OperatorError for other arguments
 * @example
 * defineConfig({
 *   origins: { mirror: { url: "https://mirror.example" } },
 *   routes: [{ name: "pages", match: "*", use: [fallback("mirror")] }],
 * });
 */
export function fallback(
  names: string | readonly string[],
  options: FallbackOptions = {},
): RoutePart {
  const fallbacks = readNames(names);
  const { beforeStale = false, ...others } = options;
  if (typeof beforeStale !== "boolean" || Object.keys(others).length > 0) {
    throw refusal("has other options");
  }
  const contents: PartContents = { fills: { openFallbacks: () => new Fallbacks() } };
  return {
    kind: "route",
    name: "fallback",
    traits: { fallbacks, asksFallbacksFirst: beforeStale },
    isForStored: true,
    faultOn: (route) => faultOn(route, fallbacks),
    contents,
  };
}

function readNames(names: unknown): readonly string[] {
  const list: unknown[] = [names].flat();
  const isOfNames = list.every((name): name is string => typeof name === "string" && name !== "");
  if (!isOfNames || list.length === 0) throw refusal("has no name of an origin");
  if (list.length > 2) throw refusal("has more than two names, and a client would wait for each");
  if (new Set(list).size < list.length) throw refusal("has a name twice");
  return list;
}

const refusal = (fault: string): OperatorError =>
  new OperatorError({
    what: "The Worker does not start.",
    why: `fallback ${fault}.`,
    hint: 'Write fallback("mirror"), fallback(["mirror", "bucket"]) or fallback("mirror", { beforeStale: true }).',
  });

function faultOn({ origin }: PartedRoute, names: readonly string[]): string | undefined {
  const own = (typeof origin === "object" ? origin.name : origin) ?? "default";
  return names.includes(own)
    ? `has fallback(${JSON.stringify(own)}), which is the origin of the route; name another one`
    : undefined;
}
