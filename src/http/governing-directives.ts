// Which field governs a response in this cache: CDN-Cache-Control if valid, else Cache-Control
// (RFC 9213 §2.2, §3.1).
import { parseDictionary } from "structured-headers";
import type { Directive } from "./directives.ts";
import {
  asResponseDirectives,
  type ResponseDirectives,
  responseDirectives,
} from "./cache-control.ts";
import type { Fields } from "./stored-response.ts";

export interface GoverningDirectives {
  readonly directives: ResponseDirectives;
  /** With a targeted field, `Cache-Control` and `Expires` are ignored wholly (RFC 9213 §2.2). */
  readonly source: "targeted" | "cache-control";
}

export function governingDirectives(fields: Fields): GoverningDirectives {
  const targeted = targetedDirectives(fields.get("cdn-cache-control"));
  if (targeted !== undefined) return { directives: targeted, source: "targeted" };
  return { directives: responseDirectives(fields), source: "cache-control" };
}

/**
 * A targeted field is a structured-fields Dictionary; one that is empty or fails to parse is
 * ignored (RFC 9213 §2.1). Parameters mean nothing; a member of an unexpected type is left out.
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
  return asResponseDirectives(members.flatMap(([name, [value]]) => readable(name, value)));
}

function readable(name: string, value: unknown): Pick<Directive, "name" | "argument">[] {
  if (value === true) return [{ name, argument: undefined }];
  if (typeof value === "string") return [{ name, argument: value }];
  const isCount = typeof value === "number" && Number.isInteger(value) && value >= 0;
  return isCount ? [{ name, argument: String(value) }] : [];
}
