// Makes an origin's answer the site's own: where its fields name the origin's address, clients get
// the site's. An origin that builds URLs of its own Host would send them past this cache.
import { bodiless } from "./respond.ts";
import type { Target } from "./target.ts";

/** Where an answer comes from, and what it is an answer to. */
export interface AnswerPlace {
  /** Scheme and host that the origin was asked at. */
  readonly base: string;
  /** `false`: references to that host stay as they are. */
  readonly rewritesLocations: boolean;
  readonly target: Pick<Target, "scheme" | "host">;
  /** Of the request, as it was sent. */
  readonly pathAndQuery: string;
}

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

/** @returns the same response where there is nothing to change */
export function asOfSite(response: Response, place: AnswerPlace): Response {
  const { status, statusText, headers } = response;
  // An accepted upgrade belongs to its connection; a copy of it would not be upgraded.
  if (status < 200 || status > 599) return response;
  const own = new URL(place.base);
  const isElsewhere = withoutPort(own.host) !== withoutPort(place.target.host);
  const changes = [
    ...neverPassedOn.filter((name) => headers.has(name)).map((name) => [name, null] as const),
    ...(isElsewhere && place.rewritesLocations ? renamedFields(headers, own, place) : []),
  ];
  if (changes.length === 0) return response;
  const fields = new Headers(headers);
  for (const name of new Set(changes.map(([changed]) => changed))) fields.delete(name);
  for (const [name, value] of changes) if (value !== null) fields.append(name, value);
  const body = bodiless.has(status) ? null : response.body;
  return new Response(body, { status, statusText, headers: fields, encodeBody: "manual" });
}

/** @returns every line of each field that has to change */
function renamedFields(headers: Headers, own: URL, place: AnswerPlace): [string, string][] {
  const rename: Rename = (reference) => renamed(reference, own, place);
  const changed = Object.entries(referring).flatMap(([name, write]): [string, string][] => {
    const value = headers.get(name);
    const written = value === null ? null : write(value, rename);
    return written === null || written === value ? [] : [[name, written]];
  });
  const cookies = headers.getSetCookie();
  const kept = cookies.map((cookie) => withoutDomain(cookie, own.hostname));
  const isCookieChanged = kept.some((cookie, index) => cookie !== cookies[index]);
  const lines = isCookieChanged ? kept.map((line): [string, string] => ["set-cookie", line]) : [];
  return [...changed, ...lines];
}

const absolute = /^(?:(https?):)?\/\/(?:[^/?#@]*@)?([^/?#]*)(.*)$/is;

/**
 * The scheme of a reference says little of an origin's own host: behind what ends TLS for it, it may
 * take itself for `http`. So clients get their own scheme. But `https` where the origin was asked
 * without TLS, or where only the scheme would differ from what was asked for, sends them to TLS.
 */
function renamed(reference: string, own: URL, { target, pathAndQuery }: AnswerPlace): string {
  const [, scheme, authority, rest = ""] = absolute.exec(reference) ?? [];
  if (authority === undefined || withoutPort(authority.toLowerCase()) !== withoutPort(own.host)) {
    return reference;
  }
  if (scheme === undefined) return `//${target.host}${rest}`;
  const page = rest.split("#", 1)[0] || "/";
  const isUpgrade = own.protocol === "http:" || page === pathAndQuery;
  const isToTls = scheme.toLowerCase() === "https" && isUpgrade;
  return `${isToTls ? "https" : target.scheme}://${target.host}${rest}`;
}

/** Without the port that either scheme implies. */
function withoutPort(host: string): string {
  return host.replace(/:(?:80|443)$/, "");
}

/** Without it a cookie is for the host that sends it, which is the site (RFC 6265 §5.3). */
function withoutDomain(cookie: string, ownName: string): string {
  return cookie.replaceAll(/;\s*domain\s*=\s*\.?([^;\s]*)\s*(?=;|$)/gi, (attribute, name: string) =>
    name.toLowerCase() === ownName ? "" : attribute,
  );
}
