// Limits what the fields of one answer of an origin may cost. A field beyond its limit says what forbids
// the most, before anything reads it.
import type { Config } from "../config/config.ts";
import { withFields } from "../base/with-fields.ts";
import { isFinal } from "../rules/fields.ts";

/** All known directives, and the names of 64 fields, have fewer characters. */
const fieldCharactersMax = 4_096;
const varyNamesMax = 64;

/**
 * Replaces `Vary` with more than 64 names by `*`, and a longer `Cache-Control`, or another field with
 * directives, by `no-store`.
 *
 * @returns the same response if nothing changes
 */
export function withinLimits(response: Response, { anywhere }: Pick<Config, "anywhere">): Response {
  const { status, headers } = response;
  if (!isFinal(status)) return response;
  const isLong = (name: string) => (headers.get(name)?.length ?? 0) > fieldCharactersMax;
  const long = ["cache-control", "surrogate-control", ...anywhere.targets].filter(isLong);
  const isVaryLong = isLong("vary") || (headers.get("vary")?.split(",").length ?? 0) > varyNamesMax;
  if (long.length === 0 && !isVaryLong) return response;
  const fields = new Headers(headers);
  for (const name of long) fields.set(name, "no-store");
  if (isVaryLong) fields.set("vary", "*");
  return withFields(response, fields);
}
