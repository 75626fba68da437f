// Selects the field that governs a response in this cache: the first valid one of CDN-Cache-Control,
// Surrogate-Control and Cache-Control (RFC 9213 §2.2, §3.1).
import { parseDictionary } from "structured-headers";
import type { Directive } from "./directives.ts";
import {
  asResponseDirectives,
  type ResponseDirectives,
  responseDirectives,
} from "./cache-control.ts";
import type { Fields } from "./fields.ts";
import { surrogateDirectives } from "./surrogate-control.ts";

export interface GoverningDirectives {
  readonly directives: ResponseDirectives;
  /**
   * A targeted field overrides `Cache-Control` and `Expires` (RFC 9213 §2.2). Exception: beside
   * Surrogate-Control, `private` in `Cache-Control` still counts.
   */
  readonly source: "targeted" | "cache-control";
}

export function governingDirectives(fields: Fields): GoverningDirectives {
  const targeted = targetedDirectives(fields.get("cdn-cache-control"));
  if (targeted !== undefined) return { directives: targeted, source: "targeted" };
  const directives = responseDirectives(fields);
  const surrogate = surrogateDirectives(fields.get("surrogate-control"));
  if (surrogate.length === 0) return { directives, source: "cache-control" };
  const governing = alsoPrivate(asResponseDirectives(surrogate), directives);
  return { directives: governing, source: "targeted" };
}

/**
 * Adds `private` of `Cache-Control` to the directives of Surrogate-Control. Origins that send Surrogate-Control
 * on every page rely on this, because the caches that they were written for do it.
 */
function alsoPrivate(own: ResponseDirectives, other: ResponseDirectives): ResponseDirectives {
  const said = [own.private, other.private];
  const fields = said.flatMap((names) => (typeof names === "boolean" ? [] : names));
  return { ...own, private: said.includes(true) || (fields.length > 0 && fields) };
}

/**
 * Parses a targeted field, which is a structured-fields Dictionary. An empty or malformed one is ignored
 * (RFC 9213 §2.1), as are parameters.
 */
function targetedDirectives(text: string | null): ResponseDirectives | undefined {
  if (text === null) return undefined;
  let members;
  try {
    members = [...parseDictionary(text)];
  } catch {
    return undefined;
  }
  if (members.length === 0) return undefined;
  const decimals = new Set([...text.matchAll(decimalMember)].map(([, name]) => name));
  return asResponseDirectives(
    members.flatMap(([name, [value]]) => member(name, decimals.has(name) ? undefined : value)),
  );
}

/** Finds decimals: the parser returns the same number for 60 and 60.0, but only 60 is valid delta-seconds. */
const decimalMember = /(?<![^,\s])([a-z*][\w\-.*]*)=-?\d+\./g;

/** Directives that allow more. They count only if their value is exactly true. */
const permissions: ReadonlySet<string> = new Set(["public", "must-understand"]);

/**
 * Ignores a value of the wrong type (RFC 9213 §2.1). A permission is then dropped. Any other directive stays
 * without its value, which is its strictest meaning: no lifetime, no stale allowance, or all fields.
 */
function member(name: string, value: unknown): Directive[] {
  if (value === false || (permissions.has(name) && value !== true)) return [];
  const expected = name === "private" || name === "no-cache" ? "string" : "number";
  return [{ name, argument: typeof value === expected ? String(value) : undefined }];
}
