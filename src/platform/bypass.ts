// Reads the variable BYPASS, which sends requests straight to the origin. Unlike the switch, BYPASS
// works without Redis.
import * as v from "valibot";
import { dataIn } from "../base/schemas.ts";
import { jsonIn } from "../base/json-text.ts";
import type { Fault } from "../base/operator-error.ts";
import type { Config } from "../config/config.ts";
import { type Env, isSet, textOf } from "../protocol/variables/bindings.ts";

const everyRoute = "all";

/**
 * Parses BYPASS: `all`, or route names separated by white space. A JSON array, as text or as a JSON
 * variable, allows names with white space, and a route with the name `all`.
 *
 * @param faults receives a fault if BYPASS names no route or an unknown route. BYPASS then has no
 *   effect at all, because a partial effect would mislead
 * @returns `true` for everything, the names, or `false` if it is not set
 */
export function bypassOf(
  env: Env,
  { routes }: Pick<Config, "routes">,
  faults: Fault[],
): boolean | readonly string[] {
  if (!isSet(env, "BYPASS")) return false;
  const text = textOf(env, "BYPASS");
  if (text === everyRoute) return true;
  const named = namesIn(text ?? env["BYPASS"]);
  const names = routes.map(({ name }) => name);
  const unknown = named.find((name) => !names.includes(name));
  if (named.length > 0 && unknown === undefined) return [...new Set(named)];
  faults.push({
    what: "BYPASS has no effect: it bypasses nothing.",
    why: unknown === undefined ? "It names no route." : `No route has the name ${shown(unknown)}.`,
    hint:
      `Write ${everyRoute}, or route names with spaces between them, or a JSON array of route names; ` +
      `${routeNames(names)}.`,
  });
  return false;
}

const listForm = v.array(v.string());

/** Returns an empty list if the value is neither a string nor a list of strings. */
function namesIn(value: unknown): readonly string[] {
  if (typeof value !== "string") return dataIn(listForm, value) ?? [];
  if (!value.startsWith("[")) return value.split(/\s+/);
  return dataIn(listForm, jsonIn(value)) ?? [];
}

const shownCharsMax = 80;
const shown = (name: string) => JSON.stringify(name.slice(0, shownCharsMax));

/** Returns a clause that lists the routes. */
export function routeNames(names: readonly string[]): string {
  return names.length === 0
    ? "the configuration has no routes"
    : `there are ${names.map((name) => JSON.stringify(name)).join(", ")}`;
}
