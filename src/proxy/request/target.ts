// What a request asks for: its URL read once, normalised, and told apart from one that two readers
// could read in two ways.
import { nameIn, sortedByName } from "../../rules/query.ts";

export interface Target {
  readonly scheme: "http" | "https";
  /** What is keyed and told to the origin; lower case, with its port. Empty if it cannot be read. */
  readonly host: string;
  /** Where the request came in, which may be one of several names of the site. */
  readonly ownHost: string;
  /**
   * Without dot segments, with `/` for `\\` (as the URL standard resolves it, and so every `fetch`),
   * and normalised by RFC 3986 §6.2.2: unreserved characters as themselves, escapes in upper case.
   */
  readonly path: string;
  /** The path before dot segments and backslashes were resolved. */
  readonly writtenPath: string;
  /** Between `?` and the end, escapes normalised likewise; empty when there is none. */
  readonly query: string;
  /** Encoded slashes or backslashes, control characters, broken escapes. */
  readonly isAmbiguous: boolean;
}

const parts = /^(https?):\/\/([^/?#]*)([^?#]*)(?:\?([^#]*))?/i;
const hostForm = /^(?:[\w.-]+|\[[\da-f:.]+\])(?::\d+)?$/i;
/** Nothing of it need be checked: no port is too large. */
const plainHost = /^[a-z][\w.-]*(?::\d{1,4})?$/i;
/** A path that the URL standard changes in nothing, unless it has dot segments. */
const plainPath = /^[\w\-~/!$&'()*+,;=:@.%]*$/;
const dotSegment = /\/(?:\.|%2e){1,2}(?:\/|$)/i;
/** What the URL standard encodes and a client may send as it is; keys hold it encoded. */
const unencodedQuery = /[\s"<>'\u0080-\uffff]/;
const defaultPort: Readonly<Record<string, string>> = { http: ":80", https: ":443" };

const ambiguous = /%(?:2f|5c|[01][\da-f]|7f)|%(?![\da-f]{2})/i;

/**
 * @param url       as the client sent it, not yet resolved by a URL parser
 * @param siteHosts the hosts that all others count as; empty for each its own
 */
export function readTarget(url: string, siteHosts: readonly string[] = []): Target {
  const [, scheme = "", authority = "", rawPath = "", rawQuery = ""] = parts.exec(url) ?? [];
  const hasPlainHost = plainHost.test(authority);
  const isPlain = hasPlainHost && isPlainPath(rawPath) && !unencodedQuery.test(rawQuery);
  const parsed = isPlain ? undefined : parsedUrl(url);
  const ownHost = (hasPlainHost ? authority : (parsed?.host ?? "")).toLowerCase();
  const path = normalisedEscapes(parsed?.pathname ?? rawPath) || "/";
  const isHost = scheme !== "" && hostForm.test(ownHost);
  return {
    scheme: scheme.toLowerCase() === "https" ? "https" : "http",
    host: isHost ? countedAs(canonicalHost(ownHost, scheme.toLowerCase()), siteHosts) : "",
    ownHost,
    path,
    writtenPath: isPlain ? path : normalisedEscapes(rawPath),
    query: normalisedEscapes(parsed?.search.slice(1) ?? rawQuery),
    isAmbiguous: ambiguous.test(path),
  };
}

function isPlainPath(path: string): boolean {
  return plainPath.test(path) && !dotSegment.test(path);
}

/** @returns `undefined` for what no `fetch` could be asked for */
function parsedUrl(url: string): URL | undefined {
  if (!URL.canParse(url)) return undefined;
  const parsed = new URL(url);
  return parsed.username === "" && parsed.password === "" ? parsed : undefined;
}

/** A path, spelled as the paths of targets are that it is compared with. */
export function pathSpelled(path: string): string {
  const pathname = isPlainPath(path) ? path : new URL(`http://any.invalid${path}`).pathname;
  return normalisedEscapes(pathname);
}

/**
 * As which of the sites a host counts: as itself where it is listed, with its port or without, and
 * else as the first.
 *
 * @param siteHosts empty for each host its own
 */
export function countedAs(host: string, siteHosts: readonly string[]): string {
  const named = [host, host.replace(/:\d+$/, "")].find((one) => siteHosts.includes(one));
  return named ?? siteHosts[0] ?? host;
}

/**
 * Without the port that its scheme implies, and without the dot that a name may end in.
 *
 * @param host lower case, with its port
 */
function canonicalHost(host: string, scheme: string): string {
  const port = defaultPort[scheme] ?? "";
  const bare = host.endsWith(port) ? host.slice(0, host.length - port.length) : host;
  return bare.replace(/\.(?=:|$)/, "");
}

/** A "%" that begins no escape stays that: `%2%65` does not become `%2e`. */
function normalisedEscapes(text: string): string {
  if (!text.includes("%")) return text;
  return text.replaceAll(/(?<!%[\da-f]?)%([\da-f]{2})/gi, (escape, hex: string) => {
    const character = String.fromCharCode(Number.parseInt(hex, 16));
    return /[\w\-.~]/.test(character) ? character : escape.toUpperCase();
  });
}

/**
 * The query as it is keyed and forwarded: what `counts` refuses left out, sorted by name, repeats
 * in their order.
 */
export function keyedQuery(query: string, counts: (name: string) => boolean): string {
  if (query === "") return "";
  const counted = query.split("&").filter((pair) => pair !== "" && counts(nameIn(pair)));
  return sortedByName(counted).join("&");
}

/** `/path?query`, or the path alone. */
export function pathAndQuery(target: { path: string; query: string }): string {
  return target.query === "" ? target.path : `${target.path}?${target.query}`;
}
