// Reads BYPASS, which does without Redis what the switch does: what goes straight to the origin.
import type { Config } from "../config/config.ts";
import type { Fault } from "../operator-error.ts";
import { type Env, isSet, textOf } from "./bindings.ts";

const everyRoute = "all";

/**
 * BYPASS: `all`, or names of routes with white space between.
 *
 * @param faults gets why it has no effect. Then nothing of it has: half of a switch would mislead
 * @returns `true` for everything, the names, or `false` where it is not set
 */
export function bypassOf(
  env: Env,
  { routes }: Pick<Config, "routes">,
  faults: Fault[],
): boolean | readonly string[] {
  if (!isSet(env, "BYPASS")) return false;
  const named = textOf(env, "BYPASS")?.split(/\s+/) ?? [];
  if (named.length === 1 && named[0] === everyRoute) return true;
  const names = routes.map(({ name }) => name);
  const unknown = named.find((name) => !names.includes(name));
  if (named.length > 0 && unknown === undefined) return [...new Set(named)];
  faults.push({
    what: "BYPASS has no effect: nothing is bypassed by it.",
    why: unknown === undefined ? "It is not a text." : `No route has the name ${shown(unknown)}.`,
    mend: `Write ${everyRoute}, or names of routes with a space between; ${routeNames(names)}.`,
  });
  return false;
}

const shownCharsMax = 80;
const shown = (name: string) => JSON.stringify(name.slice(0, shownCharsMax));

/** @returns a clause that lists the routes there are */
export function routeNames(names: readonly string[]): string {
  return names.length === 0
    ? "the configuration has no routes"
    : `there are ${names.map((name) => JSON.stringify(name)).join(", ")}`;
}
