// Parses a request's URL. Keys and the origin get the client's spelling; routes, purges and checks
// use a normalized spelling. Flags paths that two servers could read differently.
import type { OriginPlace } from "../config/origin-place.ts";
import { normalisedEscapes } from "../rules/escapes.ts";
import { comparedName, nameIn, sortedQuery } from "../rules/query-string.ts";

export interface Target {
  readonly scheme: "http" | "https";
  /**
   * The host in keys and in requests to the origin, in lower case. It has a port only if the scheme
   * does not imply it. Empty if invalid.
   */
  readonly host: string;
  /** The request's host and port, in lower case, before they are mapped to a host of the site. */
  readonly ownHost: string;
  /**
   * The path as the client spelled it, without dot segments and with `/` for `\`. Characters that a
   * request line cannot contain are escaped, as in the URL standard.
   */
  readonly sentPath: string;
  /**
   * `sentPath` with escapes normalized by RFC 3986 §6.2.2: unreserved characters are decoded, and
   * other escapes are in upper case. Decides everything except keys and the path for the origin.
   */
  readonly path: string;
  /** The path before dot segments and backslashes were resolved. */
  readonly writtenPath: string;
  /** The text after `?` as the client spelled it; empty for none. */
  readonly query: string;
  /** The place of the page at the origin; `undefined`: at the site's path and host. */
  readonly place?: OriginPlace | undefined;
  /** Whether a fallback origin gets the request. Its URL keeps its own `Host`, because its server may know no other name. */
  readonly isAtFallback?: boolean;
  /** Whether the path has encoded slashes or backslashes, control characters, or broken escapes. */
  readonly isAmbiguous: boolean;
}

const parts = /^(https?):\/\/([^/?#]*)([^?#]*)(?:\?([^#]*))?/i;
/** A host with or without a port. */
export const hostForm = /^(?:[\w.-]{1,253}|\[[\da-f:.]{2,45}\])(?::\d{1,5})?$/i;
/** A valid and normal host: without a last label that may be a number, and a port that may be too large. */
const plainHost = /^(?!.*\.\d[\w-]*\.?(?::|$))[a-z][\w.-]*(?::[1-9]\d{0,3})?$/i;
/** A path that the URL standard leaves unchanged, except for dot segments. */
const plainPath = /^[\w\-~/!$&'()*+,;=:@.%]*$/;
const dotSegment = /\/(?:\.|%2e){1,2}(?:\/|$)/i;
/** A query that the URL standard leaves unchanged. */
const plainQuery = /^[!$-&(-;=?-~]*$/;
const defaultPort: Readonly<Record<string, string>> = { http: ":80", https: ":443" };

const ambiguous = /%(?:2f|5c|[01][\da-f]|7f)|%(?![\da-f]{2})/i;

/**
 * @param url the URL as the client sent it, before any URL parser resolves it
 * @param siteHosts the site's hosts; empty if each host is a site of its own
 */
export function readTarget(url: string, siteHosts: readonly string[] = []): Target {
  const [, scheme = "", authority = "", rawPath = "", rawQuery = ""] = parts.exec(url) ?? [];
  const hasPlainHost = plainHost.test(authority);
  const isPlain = hasPlainHost && isPlainPath(rawPath) && plainQuery.test(rawQuery);
  const parsed = isPlain ? undefined : parsedUrl(url);
  const ownHost = (hasPlainHost ? authority : (parsed?.host ?? "")).toLowerCase();
  const sentPath = (parsed?.pathname ?? rawPath) || "/";
  const path = normalisedEscapes(sentPath);
  const isHost = scheme !== "" && hostForm.test(ownHost);
  return {
    scheme: scheme.toLowerCase() === "https" ? "https" : "http",
    host: isHost ? countedAs(canonicalHost(ownHost, scheme.toLowerCase()), siteHosts) : "",
    ownHost,
    sentPath,
    path,
    writtenPath: isPlain ? path : normalisedEscapes(rawPath),
    query: parsed?.search.slice(1) ?? rawQuery,
    isAmbiguous: ambiguous.test(path),
  };
}

/** Returns whether the URL parser would leave the path unchanged. */
export function isPlainPath(path: string): boolean {
  return plainPath.test(path) && !dotSegment.test(path);
}

/** Returns the parsed URL; `undefined` for a URL that `fetch` rejects. */
function parsedUrl(url: string): URL | undefined {
  const parsed = URL.parse(url);
  return parsed?.username === "" && parsed.password === "" ? parsed : undefined;
}

/** Normalizes a path in the same way as the paths of targets. */
export function pathSpelled(path: string): string {
  const pathname = isPlainPath(path) ? path : new URL(`http://any.invalid${path}`).pathname;
  return normalisedEscapes(pathname);
}

/**
 * Returns the site's host that a given host maps to: the host itself if it is listed, with or without
 * its port, or otherwise the first listed host.
 *
 * @param siteHosts the site's hosts; empty if each host is a site of its own
 */
export function countedAs(host: string, siteHosts: readonly string[]): string {
  const named = [host, host.replace(/:\d+$/, "")].find((one) => siteHosts.includes(one));
  return named ?? siteHosts[0] ?? host;
}

/**
 * Removes the scheme's default port and the final dot of the host's name.
 *
 * @param host the host in lower case, with its port
 */
export function canonicalHost(host: string, scheme: string): string {
  const port = defaultPort[scheme] ?? "";
  const bare = host.endsWith(port) ? host.slice(0, host.length - port.length) : host;
  return bare.replace(/\.(?=:|$)/, "");
}

/**
 * Returns the path as a server reads it that decodes nothing. Every server ignores the case of
 * escapes.
 */
export function undecodedPath({ sentPath }: Pick<Target, "sentPath">): string {
  return sentPath.replaceAll(/%[\da-f]{2}/gi, (escape) => escape.toUpperCase());
}

/**
 * Returns the pairs of a query that are part of the key, in the client's spelling and order.
 *
 * @param counts decides by a name in the spelling of `comparedName`; gets an empty name for an empty pair
 */
export function keyedQuery(query: string, counts: (name: string) => boolean): string {
  const pairs = query.split("&");
  return pairs.filter((pair) => counts(comparedName(nameIn(pair)))).join("&");
}

type TargetPath = Pick<Target, "sentPath" | "query">;

/** Returns `/path?query` in the client's spelling, or only the path if the query is empty. */
export function pathAndQuery({ sentPath, query }: TargetPath): string {
  return query === "" ? sentPath : `${sentPath}?${query}`;
}

/** Returns the path and query for the origin. The route's patterns begin with `from` in some spelling. */
export function pathForOrigin(target: TargetPath & Pick<Target, "place">): string {
  const { from, to } = target.place ?? { from: "/", to: "/" };
  const after = from === "/" ? 0 : from.split("/").length - 1;
  const rest = target.sentPath.split("/").slice(1 + after);
  const sentPath = [to === "/" ? "" : to, ...rest].join("/");
  return pathAndQuery({ sentPath: sentPath || "/", query: target.query });
}

/** Returns the site's path for a path of the origin, which may have a query; unchanged outside of `to`. */
export function pathOfSite(path: string, { place }: Pick<Target, "place">): string {
  if (place === undefined) return path;
  const { from, to } = place;
  const above = to === "/" ? "" : to;
  if (!path.startsWith(above) || !/^[/?#]|^$/.test(path.slice(above.length))) return path;
  const rest = path.slice(above.length);
  if (from !== "/") return from + rest;
  return rest.startsWith("/") ? rest : `/${rest}`;
}

/** Returns the URL of a key, in the client's spelling. */
export function sentUrl(target: TargetPath & Pick<Target, "scheme" | "host">): string {
  return `${target.scheme}://${target.host}${pathAndQuery(target)}`;
}

/** Returns the URL with the scheme and host that the client used. A proxy may have stated them. */
export function ownUrl(target: TargetPath & Pick<Target, "scheme" | "ownHost">): string {
  return sentUrl({ ...target, host: target.ownHost });
}

/** Returns the URL that purges name: with normalized escapes and a sorted query. */
export function namedUrl({ scheme, host, path, query }: Target): string {
  return sentUrl({ scheme, host, sentPath: path, query: sortedQuery(normalisedEscapes(query)) });
}
