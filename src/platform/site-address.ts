// Replaces the origin's address with the site's in response fields. URLs that an origin builds from
// its own Host would make clients bypass this cache.
import { type FieldLine, isFinal } from "../rules/fields.ts";
import { withFields } from "../base/with-fields.ts";
import { pathAndQuery, pathOfSite, readTarget, type Target } from "../routing/target.ts";

/**
 * `Alt-Svc` names other ports and protocols of the origin (RFC 7838 §2), which would bypass this
 * cache. `Host` is a request field that some origins copy into responses.
 */
const neverPassedOn = ["alt-svc", "host"];

interface PageRequest {
  readonly method: string;
  readonly target: Target;
}

type Rename = (reference: string) => string;

/** Fields with URI references, and the functions that rename these references. */
const referring: Readonly<Record<string, (value: string, rename: Rename) => string>> = {
  location: (value, rename) => rename(value),
  "content-location": (value, rename) => rename(value),
  sourcemap: (value, rename) => rename(value),
  // RFC 8288 §3 defines this form.
  link: (value, rename) => value.replaceAll(/<([^<>]*)>/g, (_, uri: string) => `<${rename(uri)}>`),
  refresh: (value, rename) =>
    value.replace(
      /^([\s\d.]*[;,\s]\s*(?:url\s*=\s*)?["']?)(.*)$/is,
      (_, before: string, uri: string) => before + rename(uri),
    ),
};

/**
 * @param base the scheme and host of the request to the origin; `undefined` to rename nothing
 * @returns the same response if nothing changes
 */
export function asOfSite(
  response: Response,
  request: PageRequest,
  base: string | undefined,
): Response {
  const { status, headers } = response;
  // An accepted upgrade belongs to its connection, which a copy would lose.
  if (!isFinal(status)) return response;
  const dropped = neverPassedOn.filter((name) => headers.has(name));
  const lines = base === undefined ? [] : renamedFields(response, base, request);
  if (dropped.length + lines.length === 0) return response;
  const fields = new Headers(headers);
  for (const name of [...dropped, ...lines.map(([changed]) => changed)]) fields.delete(name);
  for (const [name, value] of lines) fields.append(name, value);
  return withFields(response, fields);
}

/** @returns all lines of each field that changes */
function renamedFields(
  response: Response,
  base: string,
  { method, target }: PageRequest,
): FieldLine[] {
  const { headers } = response;
  const present = Object.entries(referring).filter(([name]) => headers.has(name));
  const cookies = headers.getSetCookie();
  if (present.length + cookies.length === 0) return [];
  const own = new URL(base);
  if (target.place === undefined && withoutPort(own.host) === withoutPort(target.host)) return [];
  const sendsAgain = repeatsRequest(response, method);
  const changed = present.flatMap(([name, write]): FieldLine[] => {
    const isRepeat = name === "location" && sendsAgain;
    const value = headers.get(name) ?? "";
    const written = write(value, (uri) => renamed(uri, own, target, isRepeat));
    return written === value ? [] : [[name, written]];
  });
  const names = [own.hostname, nameOf(target.place?.host ?? own.hostname)];
  const foreign = names.filter((name) => !isWithin(nameOf(target.ownHost), name));
  const kept = cookies.map((cookie) =>
    cookie.length > cookieCharactersMax
      ? cookie
      : cookieOfSite(cookie, (name) => foreign.includes(name), target),
  );
  const isCookieChanged = kept.some((cookie, index) => cookie !== cookies[index]);
  const lines = isCookieChanged ? kept.map((line): FieldLine => ["set-cookie", line]) : [];
  return [...changed, ...lines];
}

/**
 * Returns whether a redirect repeats the same request at another URL. The next request differs if
 * the redirect sets a cookie, or if a POST becomes a GET (RFC 9110 §15.4).
 */
function repeatsRequest({ status, headers }: Response, method: string): boolean {
  if (status < 300 || status > 399 || headers.has("set-cookie")) return false;
  return method === "GET" || method === "HEAD" || status === 307 || status === 308;
}

const absolute = /^(?:(https?):)?\/\/(?:[^/?#@]*@)?([^/?#]*)(.*)$/is;

/**
 * Renames a reference to the origin. `https` stays, so that no client is redirected from TLS to
 * plain HTTP. `http` becomes the client's scheme, because an origin behind a TLS proxy may not know
 * its own scheme. Only a redirect that repeats the request to the same page keeps `http`, because
 * `https` would cause a loop.
 */
function renamed(reference: string, own: URL, target: Target, isRepeat: boolean): string {
  const [, scheme, authority, path = ""] = absolute.exec(reference) ?? [];
  if (authority === undefined) {
    const moved = /^\/(?!\/)/.test(reference) ? pathOfSite(reference, target) : reference;
    return moved === reference ? reference : onThisHost(moved);
  }
  const hosts = [own.host, target.place?.host ?? own.host].map(withoutPort);
  if (!hosts.includes(withoutPort(authority.toLowerCase()))) return reference;
  const rest = pathOfSite(path, target);
  if (scheme === undefined) return `//${target.host}${rest}`;
  const isSecure = scheme.toLowerCase() === "https" || target.scheme === "https";
  const isMeant = scheme.toLowerCase() === "http" && isRepeat && isSamePage(rest, target);
  const given = isSecure && !isMeant ? "https" : "http";
  return `${given}://${hostBy(given, target)}${rest}`;
}

/**
 * Keeps a path on the site: without `to`, the rest of `/to//other.example` would name another host.
 * Parsers remove tabs, read `\` as `/`, and drop the segment `.`
 * (https://url.spec.whatwg.org/#url-serializing).
 */
const onThisHost = (path: string) => (/^\/\t*[/\\]/.test(path) ? `/.${path}` : path);

/** Compares the text that the origin gets. Another spelling or order is another request. */
function isSamePage(page: string, target: Target): boolean {
  return pathAndQuery(readTarget(`http://any.invalid${page}`)) === pathAndQuery(target);
}

/**
 * Returns the host for a scheme. If the request used the other scheme, omits the request's port,
 * because one port serves one scheme.
 */
function hostBy(scheme: "http" | "https", { host, ownHost, scheme: own }: Target) {
  const [port] = /:\d+$/.exec(host) ?? [];
  if (port === undefined || scheme === own || !ownHost.endsWith(port)) return host;
  return host.slice(0, -port.length);
}

/** Removes port 80 or 443, the default ports. */
function withoutPort(host: string): string {
  return host.replace(/:(?:80|443)$/, "");
}

function nameOf(host: string): string {
  return host.replace(/:\d+$/, "").replace(/\.$/, "");
}

/** Returns whether a name is within a domain (RFC 6265 §5.1.3). */
function isWithin(name: string, domain: string): boolean {
  return name === domain || name.endsWith(`.${domain}`);
}

/** Browsers ignore a cookie whose name and value have more than 4,096 bytes (RFC 6265bis §5.6). */
const cookieCharactersMax = 8_192;

/** Matches the Domain attribute and its value (RFC 6265 §5.2.3). */
const domain = /^\s*domain\s*=\s*\.?(.*)$/i;

/** Matches the Path attribute and its value (RFC 6265 §5.2.4). */
const cookiePath = /^(\s*path\s*=\s*)(\/.*)$/i;

/**
 * Removes a Domain attribute with the origin's own name. The cookie then belongs to the host that
 * sends the cookie, which is the site (RFC 6265 §5.3). Replaces the origin's path by that of the site.
 */
function cookieOfSite(
  cookie: string,
  isOwn: (name: string) => boolean,
  target: Pick<Target, "place">,
): string {
  const [pair, ...attributes] = cookie.split(";");
  const kept = attributes.filter(
    (attribute) => !isOwn(domain.exec(attribute)?.[1]?.trim().toLowerCase() ?? ""),
  );
  const ofSite = kept.map((attribute) =>
    attribute.replace(
      cookiePath,
      (_, name: string, path: string) => name + pathOfSite(path.trim(), target),
    ),
  );
  return [pair, ...ofSite].join(";");
}
