// Which field governs a response in this cache: the first of its target list that is valid, else
// Cache-Control (RFC 9213 §2.2, §3.1). The list is CDN-Cache-Control, Surrogate-Control.
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
   * With a targeted field, `Cache-Control` and `Expires` are ignored wholly (RFC 9213 §2.2); beside
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
 * Origins that send Surrogate-Control on every page count on `Cache-Control: private` to be obeyed
 * all the same, as the caches do that they were written for.
 */
function alsoPrivate(own: ResponseDirectives, other: ResponseDirectives): ResponseDirectives {
  const said = [own.private, other.private];
  const fields = said.flatMap((names) => (typeof names === "boolean" ? [] : names));
  return { ...own, private: said.includes(true) || (fields.length > 0 && fields) };
}

/**
 * A targeted field is a structured-fields Dictionary; one that is empty or fails to parse is
 * ignored (RFC 9213 §2.1). Parameters mean nothing.
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

/** The parser makes one number of 60 and 60.0, and only the first is a count of seconds. */
const decimalMember = /(?<![^,\s])([a-z*][\w\-.*]*)=-?\d+\./g;

/** These loosen: what is not plainly true is not said. */
const permissions: ReadonlySet<string> = new Set(["public", "must-understand"]);

/**
 * A value of a type that the directive does not have is not used (RFC 9213 §2.1). A permission is
 * then not there; any other directive stands without its value, which is its strictest reading: no
 * lifetime, no stale allowance, all fields.
 */
function member(name: string, value: unknown): Directive[] {
  if (value === false || (permissions.has(name) && value !== true)) return [];
  const expected = name === "private" || name === "no-cache" ? "string" : "number";
  return [{ name, argument: typeof value === expected ? String(value) : undefined }];
}
