// What the directives of a request and of a response say (RFC 9111 §5.2; RFC 5861).
import { type Directive, parseDirectives, tokenPattern } from "./directives.ts";
import type { Fields } from "./fields.ts";

/** The qualified form names the fields it is about (RFC 9111 §5.2.2.4, §5.2.2.7). */
type Qualifiable = boolean | readonly string[];

/** Durations are `undefined` where not stated; an unreadable `max-age` or `s-maxage` counts as 0. */
export type ResponseDirectives = Readonly<ReturnType<typeof asResponseDirectives>>;

/** Durations are `undefined` where not stated, or unreadable. */
export type RequestDirectives = Readonly<ReturnType<typeof requestDirectives>>;

/** RFC 9111 §1.2.2: a larger delta-seconds counts as this one, 2^31. */
const deltaSecondsMax = 2_147_483_648;

/** @returns seconds; `undefined` for text that is not delta-seconds (RFC 9111 §1.2.2) */
export function deltaSeconds(argument: string | undefined): number | undefined {
  if (argument === undefined || !/^\d+$/.test(argument)) return undefined;
  return Math.min(Number(argument), deltaSecondsMax);
}

/** Reads `Cache-Control` of a response. The first of repeated directives wins (RFC 9111 §4.2.1). */
export function responseDirectives(fields: Fields): ResponseDirectives {
  return asResponseDirectives(parseDirectives(fields.get("cache-control")));
}

/** The same reading for members that came from another syntax, such as RFC 9213's. */
export function asResponseDirectives(parsed: readonly Directive[]) {
  const first = (name: string) => parsed.find((directive) => directive.name === name);
  const has = (name: string) => first(name) !== undefined;
  // RFC 9111 §4.2.1: invalid freshness information is best taken as stale.
  const lifetime = (name: string) => {
    const directive = first(name);
    return directive && (deltaSeconds(directive.argument) ?? 0);
  };
  return {
    maxAgeSeconds: lifetime("max-age"),
    sMaxageSeconds: lifetime("s-maxage"),
    staleWhileRevalidateSeconds: deltaSeconds(first("stale-while-revalidate")?.argument),
    staleIfErrorSeconds: deltaSeconds(first("stale-if-error")?.argument),
    noStore: has("no-store"),
    noCache: qualifiable(parsed, "no-cache"),
    private: qualifiable(parsed, "private"),
    public: has("public"),
    mustRevalidate: has("must-revalidate"),
    proxyRevalidate: has("proxy-revalidate"),
    mustUnderstand: has("must-understand"),
  };
}

/** Characters. Its directives fit in a hundred; a client may send 64 KiB with each request. */
const requestFieldMax = 1_024;

/**
 * Reads the beginning of `Cache-Control` of a request; `Pragma: no-cache` speaks where it is absent
 * (RFC 9111 §5.4).
 */
export function requestDirectives(fields: Fields) {
  const read = (name: string) =>
    parseDirectives(fields.get(name)?.slice(0, requestFieldMax) ?? null);
  const parsed = fields.has("cache-control")
    ? read("cache-control")
    : read("pragma").filter(({ name }) => name === "no-cache");
  const first = (name: string) => parsed.find((directive) => directive.name === name);
  const maxStale = first("max-stale");
  return {
    maxAgeSeconds: deltaSeconds(first("max-age")?.argument),
    minFreshSeconds: deltaSeconds(first("min-fresh")?.argument),
    // §5.2.1.2: without an argument, however stale.
    maxStaleSeconds:
      maxStale && (maxStale.argument === undefined ? Infinity : deltaSeconds(maxStale.argument)),
    noCache: first("no-cache") !== undefined,
    noStore: first("no-store") !== undefined,
    onlyIfCached: first("only-if-cached") !== undefined,
  };
}

/** The unqualified form wins; an argument that does not name fields counts as that form. */
function qualifiable(parsed: readonly Directive[], name: string): Qualifiable {
  const all = parsed.filter((directive) => directive.name === name);
  if (all.length === 0) return false;
  const named = all.map((directive) => fieldNames(directive.argument));
  const namesFields = (names: string[]) =>
    names.length > 0 && names.every((field) => tokenPattern.test(field));
  return named.every(namesFields) ? named.flat() : true;
}

function fieldNames(argument: string | undefined): string[] {
  const names = (argument ?? "").split(",").map((name) => name.trim().toLowerCase());
  return names.filter((name) => name !== "");
}
