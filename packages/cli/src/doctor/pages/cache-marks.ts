// What the fields of an answer tell of the caches that it has come through.
import { membersOf } from "../../../../../src/http/directives.ts";

interface Member {
  readonly name: string;
  /** As it was written. */
  readonly text: string;
  readonly isHit: boolean;
  /** Without quotes; empty where there is none. */
  readonly detail: string;
}

/** `Cache-Status` (RFC 9211): the caches from the origin on. */
export interface CacheMembers {
  /** Those nearer to the origin. */
  readonly before: readonly Member[];
  /** Tidemark's, and the last of them if there are several. */
  readonly ours: Member | undefined;
  /** Those nearer to the client. */
  readonly after: readonly Member[];
}

export function cacheMembers(headers: Headers): CacheMembers {
  const members = membersOf(headers.get("cache-status"))
    .filter((text) => text !== "")
    .map(memberOf);
  const at = members.findLastIndex(({ name }) => name === "tidemark");
  if (at < 0) return { before: members, ours: undefined, after: [] };
  return { before: members.slice(0, at), ours: members[at], after: members.slice(at + 1) };
}

function memberOf(text: string): Member {
  const [name = "", ...parameters] = text.split(";").map((part) => part.trim());
  const [, quoted, token] = /;\s*detail=(?:"((?:[^"\\]|\\.)*)"|([^;,\s]*))/.exec(text) ?? [];
  return {
    name: name.replaceAll('"', ""),
    text,
    isHit: parameters.includes("hit"),
    detail: quoted ?? token ?? "",
  };
}

/** Is it an answer, or a refusal, of Tidemark's? */
export function isOurs(headers: Headers): boolean {
  return cacheMembers(headers).ours !== undefined || proxyError(headers) !== undefined;
}

/** @returns the error that Tidemark names in `Proxy-Status` (RFC 9209), such as `proxy_loop_detected` */
export function proxyError(headers: Headers): string | undefined {
  return /(?:^|,)\s*tidemark;\s*error=([a-z_]+)/.exec(headers.get("proxy-status") ?? "")?.[1];
}

/** Cloudflare's own; requests of Tidemark's pass its cache by. */
export const cloudflareField = "cf-cache-status";

const fieldsOfCaches = [
  "x-cache",
  "x-cache-status",
  "x-proxy-cache",
  "x-varnish-cache",
  "x-nginx-cache",
  "x-fastcgi-cache",
  "x-litespeed-cache",
  "x-drupal-cache",
  "x-vercel-cache",
  "x-wp-cache",
  cloudflareField,
];

/** @returns the fields by which a cache says that it has answered, such as `X-Cache: HIT` */
export function cacheMarks(headers: Headers): { readonly field: string; readonly text: string }[] {
  const ageSeconds = Number(headers.get("age") ?? 0);
  const hits = membersOf(headers.get("cache-status")).filter((text) => memberOf(text).isHit);
  return [
    ...fieldsOfCaches.flatMap((field) => {
      const value = headers.get(field) ?? "";
      return /\bhit\b/i.test(value) ? [{ field, text: `${field}: ${value.slice(0, 60)}` }] : [];
    }),
    ...hits.map((text) => ({ field: "cache-status", text: `cache-status: ${text.slice(0, 60)}` })),
    ...(ageSeconds > 0 ? [{ field: "age", text: `age: ${ageSeconds}` }] : []),
  ];
}
