// Selects the field that governs a response in this cache: the first valid field of
// CDN-Cache-Control, Surrogate-Control and Cache-Control (RFC 9213 §2.2, §3.1).
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
   * The kind of the governing field. `targeted` includes Surrogate-Control. A targeted field
   * overrides `Cache-Control` and `Expires` (RFC 9213 §2.2). With Surrogate-Control, `private` in
   * `Cache-Control` still applies.
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
 * Adds `private` of `Cache-Control` to the directives of Surrogate-Control. Origins that send
 * Surrogate-Control on every page rely on this behavior of other caches.
 */
function alsoPrivate(own: ResponseDirectives, other: ResponseDirectives): ResponseDirectives {
  const directives = [own.private, other.private];
  const fields = directives.flatMap((names) => (typeof names === "boolean" ? [] : names));
  return { ...own, private: directives.includes(true) || (fields.length > 0 && fields) };
}

/**
 * Parses a targeted field, which is a structured-fields Dictionary. Ignores parameters, and an
 * empty or malformed field (RFC 9213 §2.1).
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

/**
 * Matches members whose value is a decimal. The parser returns the same number for 60 and 60.0, but
 * only 60 is a valid delta-seconds value.
 */
const decimalMember = /(?<![^,\s])([a-z*][\w\-.*]*)=-?\d+\./g;

/** Directives that allow more caching. They apply only if their value is `true`. */
const permissions: ReadonlySet<string> = new Set(["public", "must-understand"]);

/**
 * Converts a member to a directive (RFC 9213 §2.1). Drops a directive whose value is false, and a
 * permission whose value is not `true`. Any other directive with a value of the wrong type loses
 * this value, and then has its strictest meaning: a lifetime of 0, no stale allowance, or all
 * fields.
 */
function member(name: string, value: unknown): Directive[] {
  if (value === false || (permissions.has(name) && value !== true)) return [];
  const expected = name === "private" || name === "no-cache" ? "string" : "number";
  return [{ name, argument: typeof value === expected ? String(value) : undefined }];
}
