// Classifies request methods.

interface RequestMethod {
  readonly method: string;
}

/**
 * The methods that IANA's registry lists as safe (RFC 9110 §9.2.1, §16.1.1): those of RFC 9110,
 * `PRI` (RFC 9113), WebDAV's `PROPFIND` (RFC 4918), `REPORT` (RFC 3253) and `SEARCH` (RFC 5323),
 * and `QUERY` (RFC 10008).
 */
const safeMethods: ReadonlySet<string> = new Set(
  "GET HEAD OPTIONS TRACE PRI PROPFIND REPORT SEARCH QUERY".split(" "),
);

/** The safe method whose content says what is requested (RFC 10008). */
export const contentMethod = "QUERY";

/**
 * Returns whether a request only reads. An unknown method may write. Methods are case-sensitive
 * (RFC 9110 §9.1).
 */
export function isSafe({ method }: RequestMethod): boolean {
  return safeMethods.has(method);
}

/**
 * Returns whether the answer contains the request as the origin got it: TRACE (RFC 9110 §9.3.8), and
 * TRACK, its name in IIS. A client would get the fields that a gateway adds, such as a key of the origin.
 */
export function isTrace({ method }: RequestMethod): boolean {
  return method === "TRACE" || method === "TRACK";
}

/**
 * Matches the methods that command a cache: `PURGE` of Squid, nginx, Varnish and Symfony, `PUSH` of Apache
 * Traffic Server, `FASTLYPURGE`, and names in use with Varnish, such as `BAN`, `URIBAN`, `PURGEALL`,
 * `REFRESH` and `FLUSH`. No registered method matches (RFC 9110 §16.1.1).
 */
const cacheCommand = /purge|ban|refresh|flush|invalidate|xkey|^push$/i;

/** Returns whether the method commands a cache instead of requesting a resource. */
export function commandsCache({ method }: RequestMethod): boolean {
  return cacheCommand.test(method);
}

/** Matches a command as a whole. Calls of an API, such as to refresh a token, have longer names. */
const wholeCommand =
  /^(?:(?:fastly|soft|uri|url|xkey)?[-_]?(?:purge|ban)[-_]?(?:all)?|refresh|flush[-_]?(?:all)?|invalidate|xkey|push)$/i;

/** Returns whether the value of a parameter, which may replace the method, is a command of a cache. */
export const isCommand = (value: string): boolean => wholeCommand.test(value.trim());
