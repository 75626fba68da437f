// Makes an origin's answer the site's own: where its fields name the origin's address, clients get
// the site's. An origin that builds URLs of its own Host would send them past this cache.
import type { FieldLine } from "../../rules/fields.ts";
import { bodiless } from "../respond/respond.ts";
import { keyedQuery, pathAndQuery, readTarget, type Target } from "../request/target.ts";
import { isFinal } from "./forward.ts";
import type { OriginRequest } from "../site/site.ts";

/**
 * About the connection to the origin: other ports and protocols of it (RFC 7838 §2), which lead past
 * this cache; and a request field that some origins send back.
 */
const neverPassedOn = ["alt-svc", "host"];

type Rename = (reference: string) => string;

/** The fields that hold URI-references, and where they stand in them. */
const referring: Readonly<Record<string, (value: string, rename: Rename) => string>> = {
  location: (value, rename) => rename(value),
  "content-location": (value, rename) => rename(value),
  sourcemap: (value, rename) => rename(value),
  // RFC 8288 §3.
  link: (value, rename) => value.replaceAll(/<([^<>]*)>/g, (_, uri: string) => `<${rename(uri)}>`),
  refresh: (value, rename) =>
    value.replace(
      /^([\s\d.]*[;,\s]\s*(?:url\s*=\s*)?["']?)(.*)$/is,
      (_, before: string, uri: string) => before + rename(uri),
    ),
};

/**
 * @param base scheme and host that the origin was asked at; `undefined`: references to it stay
 * @returns the same response where there is nothing to change
 */
export function asOfSite(
  response: Response,
  request: OriginRequest,
  base: string | undefined,
): Response {
  const { status, statusText, headers } = response;
  // An accepted upgrade belongs to its connection; a copy of it would not be upgraded.
  if (!isFinal(status)) return response;
  const dropped = neverPassedOn.filter((name) => headers.has(name));
  const lines = base === undefined ? [] : renamedFields(response, new URL(base), request);
  if (dropped.length + lines.length === 0) return response;
  const fields = new Headers(headers);
  for (const name of [...dropped, ...lines.map(([changed]) => changed)]) fields.delete(name);
  for (const [name, value] of lines) fields.append(name, value);
  const body = bodiless.has(status) ? null : response.body;
  return new Response(body, { status, statusText, headers: fields, encodeBody: "manual" });
}

/** @returns every line of each field that has to change */
function renamedFields(
  response: Response,
  own: URL,
  { method, target }: OriginRequest,
): FieldLine[] {
  if (withoutPort(own.host) === withoutPort(target.host)) return [];
  const { headers } = response;
  const sendsAgain = repeatsRequest(response, method);
  const changed = Object.entries(referring).flatMap(([name, write]): FieldLine[] => {
    const isRepeat = name === "location" && sendsAgain;
    const value = headers.get(name);
    const written = value && write(value, (uri) => renamed(uri, own, target, isRepeat));
    return written === null || written === value ? [] : [[name, written]];
  });
  const cookies = headers.getSetCookie();
  const isOfSite = isWithin(nameOf(target.ownHost), own.hostname);
  const kept = isOfSite ? cookies : cookies.map((cookie) => withoutDomain(cookie, own.hostname));
  const isCookieChanged = kept.some((cookie, index) => cookie !== cookies[index]);
  const lines = isCookieChanged ? kept.map((line): FieldLine => ["set-cookie", line]) : [];
  return [...changed, ...lines];
}

/**
 * Does it send the client to make the same request again at another URL? Where it sets a cookie, or
 * turns a POST into a GET (RFC 9110 §15.4), the next request differs from this one.
 */
function repeatsRequest({ status, headers }: Response, method: string): boolean {
  if (status < 300 || status > 399 || headers.has("set-cookie")) return false;
  return method === "GET" || method === "HEAD" || status === 307 || status === 308;
}

const absolute = /^(?:(https?):)?\/\/(?:[^/?#@]*@)?([^/?#]*)(.*)$/is;

/**
 * `https` stays: who is sent to TLS is never sent back. `http` says little of an origin's own host:
 * behind what ends TLS for it, it may take itself for `http`, so clients who came by TLS keep TLS.
 * A redirect of the very same request to `http` means it: with `https` it would have no end.
 */
function renamed(reference: string, own: URL, target: Target, isRepeat: boolean): string {
  const [, scheme, authority, rest = ""] = absolute.exec(reference) ?? [];
  if (authority === undefined || withoutPort(authority.toLowerCase()) !== withoutPort(own.host)) {
    return reference;
  }
  if (scheme === undefined) return `//${target.host}${rest}`;
  const isSecure = scheme.toLowerCase() === "https" || target.scheme === "https";
  const isMeant = scheme.toLowerCase() === "http" && isRepeat && isSamePage(rest, target);
  const given = isSecure && !isMeant ? "https" : "http";
  return `${given}://${hostBy(given, target)}${rest}`;
}

/** In whatever spelling, and with its query in whatever order: it is forwarded sorted. */
function isSamePage(page: string, asked: Target): boolean {
  const [a, b] = [readTarget(`http://any.invalid${page}`), asked].map(({ path, query }) =>
    pathAndQuery({ path, query: keyedQuery(query, () => true) }),
  );
  return a === b;
}

/** A port at which clients came in by one scheme does not speak the other. */
function hostBy(scheme: "http" | "https", { host, ownHost, scheme: own }: Target) {
  const [port] = /:\d+$/.exec(host) ?? [];
  if (port === undefined || scheme === own || !ownHost.endsWith(port)) return host;
  return host.slice(0, -port.length);
}

/** Without the port that either scheme implies. */
function withoutPort(host: string): string {
  return host.replace(/:(?:80|443)$/, "");
}

function nameOf(host: string): string {
  return host.replace(/:\d+$/, "").replace(/\.$/, "");
}

/** RFC 6265 §5.1.3. */
function isWithin(name: string, domain: string): boolean {
  return name === domain || name.endsWith(`.${domain}`);
}

/** The attribute, and what it names (RFC 6265 §5.2.3). */
const domain = /^\s*domain\s*=\s*\.?(.*?)\s*$/i;

/** Without it a cookie is for the host that sends it, which is the site (RFC 6265 §5.3). */
function withoutDomain(cookie: string, ownName: string): string {
  const [pair, ...attributes] = cookie.split(";");
  const isOwn = (attribute: string) => domain.exec(attribute)?.[1]?.toLowerCase() === ownName;
  return [pair, ...attributes.filter((attribute) => !isOwn(attribute))].join(";");
}
