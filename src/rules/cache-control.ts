// Parses the Cache-Control directives of requests and responses (RFC 9111 §5.2; RFC 5861).
import { type Directive, parseDirectives, tokenPattern } from "./directives.ts";
import type { Fields } from "./fields.ts";

/**
 * `true`: unqualified. An array: the field names of the qualified form (RFC 9111 §5.2.2.4,
 * §5.2.2.7).
 */
type Qualifiable = boolean | readonly string[];

/**
 * The directives of a response. An absent duration is `undefined`. An invalid `max-age` or
 * `s-maxage` is 0, and any other invalid duration is `undefined`.
 */
export type ResponseDirectives = Readonly<ReturnType<typeof asResponseDirectives>>;

/** The directives of a request. An absent or invalid duration is `undefined`. */
export type RequestDirectives = Readonly<ReturnType<typeof requestDirectives>>;

/**
 * 2^31, the maximum of delta-seconds. Larger values are treated as this maximum (RFC 9111 §1.2.2).
 */
const deltaSecondsMax = 2_147_483_648;

/** Parses delta-seconds (RFC 9111 §1.2.2). Returns `undefined` for other text. */
export function deltaSeconds(argument: string | undefined): number | undefined {
  if (argument === undefined || !/^\d+$/.test(argument)) return undefined;
  return Math.min(Number(argument), deltaSecondsMax);
}

/**
 * Parses `Cache-Control` of a response. If a directive repeats, the first occurrence applies (RFC
 * 9111 §4.2.1).
 */
export function responseDirectives(fields: Fields): ResponseDirectives {
  return asResponseDirectives(parseDirectives(fields.get("cache-control")));
}

/** Interprets parsed directives, such as those of a targeted field (RFC 9213). */
export function asResponseDirectives(parsed: readonly Directive[]) {
  const first = (name: string) => parsed.find((directive) => directive.name === name);
  const has = (name: string) => first(name) !== undefined;
  // RFC 9111 §4.2.1 encourages caches to treat invalid freshness information as stale.
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

/**
 * The number of characters of a request's field that are parsed. All known directives fit in 100
 * characters, but a client may send a field of 64 KiB.
 */
const requestFieldMax = 1_024;

/**
 * Parses the first 1,024 characters of a request's `Cache-Control`. If the field is absent,
 * `Pragma: no-cache` applies instead (RFC 9111 §5.4).
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
    // §5.2.1.2: without an argument, the client accepts a response of any staleness.
    maxStaleSeconds:
      maxStale && (maxStale.argument === undefined ? Infinity : deltaSeconds(maxStale.argument)),
    noCache: first("no-cache") !== undefined,
    noStore: first("no-store") !== undefined,
    onlyIfCached: first("only-if-cached") !== undefined,
  };
}

/**
 * Returns `false` if the directive is absent, and the listed field names if each occurrence lists
 * valid names. Otherwise returns `true`.
 */
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
