// Decides whether this shared cache may store a response, and which of its fields (RFC 9111 §3, §3.1,
// §3.5). A refusal names its rule.
import type { GoverningDirectives, ResponseDirectives } from "./cache-control.ts";
import { heuristicallyCacheableStatuses } from "./freshness.ts";
import { selectingFieldNames } from "./selecting.ts";
import {
  type FieldLine,
  type Fields,
  isDictionaryCoded,
  isErrorStatus,
  isEssential,
} from "./fields.ts";

export type StorableVerdict = { kind: "storable" } | { kind: "refused"; rule: RefusalRule };

export type RefusalRule =
  | "method"
  | "status-not-understood"
  | "partial"
  | "no-store"
  | "request-no-store"
  | "private"
  | "set-cookie"
  | "vary-any"
  | "endless-stream"
  | "dictionary-coded"
  | "error-status"
  | "not-allowed-explicitly"
  | "no-use";

/**
 * Statuses whose caching rules this cache implements (for `must-understand`, §5.2.2.3), in addition
 * to the heuristically cacheable statuses.
 */
const otherUnderstoodStatuses: ReadonlySet<number> = new Set([
  302, 303, 307, 400, 401, 403, 451, 500, 502, 503, 504,
]);

/** Statuses whose responses must not be stored (RFC 6585 §3 to §6). */
const neverStoredStatuses: ReadonlySet<number> = new Set([428, 429, 431, 511]);
/** A 226 changes a response that only the requesting client has (RFC 3229 §10.4.1). */
const partStatuses: ReadonlySet<number> = new Set([206, 226, 416]);

/**
 * Classifies statuses that Cloudflare's network sends in place of an origin behind it. 522 and 524
 * mean a timeout, and 520 an empty response or one that breaks HTTP, such as with fields of more than
 * 128 KiB. The others mean that the origin was unreachable (developers.cloudflare.com, "Cloudflare 5xx
 * errors").
 *
 * @returns `undefined` if the origin itself has answered
 */
export function failureOf(
  status: number,
): "unreachable" | "invalid-response" | "timeout" | undefined {
  if (status === 522 || status === 524) return "timeout";
  if (status === 520) return "invalid-response";
  return (status >= 520 && status <= 527) || status === 530 ? "unreachable" : undefined;
}

/**
 * Returns why responses with this status are never stored, as a predicate of the status;
 * `undefined` if they may be stored.
 */
export function whyNeverStored(status: number): string | undefined {
  if (neverStoredStatuses.has(status)) return "must not be stored (RFC 6585)";
  if (partStatuses.has(status)) return "describes only a part, so it is never stored";
  if (failureOf(status) === undefined) return undefined;
  return "is Cloudflare's own status for a failed origin, so it is never stored";
}

/** Returns whether the status is one of the server errors that RFC 5861 §4 names. */
export function isOriginError(status: number): boolean {
  return status === 500 || status === 502 || status === 503 || status === 504;
}

/**
 * Returns whether a status is an error of one request (its form, size or sender), or of a temporary
 * state of the origin. 404 and 410 describe the resource.
 */
export function isOfOneRequest(status: number): boolean {
  return isErrorStatus(status) && status !== 404 && status !== 410;
}

interface StoreAsk {
  /** The request, which has no `Authorization`: such a request bypasses the cache. */
  readonly request: { method: string; noStore: boolean };
  readonly status: number;
  readonly fields: Fields;
  /** Whether the answer sets a cookie for one client, by the fields that the origin sent. */
  readonly setsCookie: boolean;
  readonly governing: GoverningDirectives;
  /** Whether the route sets a lifetime for this response. */
  readonly lifetimeAssigned: boolean;
  /** Whether the route's `fresh` or `negative` applies to this status. */
  readonly isNamed: boolean;
  /**
   * Whether the response has a lifetime, a validator or a stale allowance, so that it can be used.
   */
  readonly hasUse: boolean;
}

/**
 * Checks the conditions of RFC 9111 §3 and of Tidemark. The first failed condition gives the rule.
 */
export function mayStore(given: StoreAsk): StorableVerdict {
  const { request, status, fields, governing } = given;
  const { directives } = governing;
  const refuse = (rule: RefusalRule): StorableVerdict => ({ kind: "refused", rule });

  if (request.method !== "GET") return refuse("method");
  if (status < 200 || status === 304) return refuse("status-not-understood");
  if (partStatuses.has(status)) return refuse("partial");
  const understood =
    heuristicallyCacheableStatuses.has(status) || otherUnderstoodStatuses.has(status);
  if (directives.mustUnderstand && !understood) return refuse("status-not-understood");
  const forbidding = forbiddingDirective(directives);
  if (forbidding !== undefined) return refuse(forbidding);
  if (request.noStore) return refuse("request-no-store");
  // RFC 9111 §3 allows storing with any lifetime. But a client may provoke an error of one
  // request, for example with an overlong field, and others must not receive it.
  const isForStoring = given.isNamed && !neverStoredStatuses.has(status);
  if (isOfOneRequest(status) && !isForStoring) return refuse("error-status");
  if (!given.lifetimeAssigned && !allowedToStore(given)) return refuse("not-allowed-explicitly");

  // RFC 9111 §7.3 allows storing a cookie. But a cookie is for one client.
  if (given.setsCookie) return refuse("set-cookie");
  // §4.1: `Vary: *` never matches, so the stored response could never answer.
  if (selectingFieldNames(fields).includes("*")) return refuse("vary-any");
  // RFC 9111 §3 allows storing it. But an event stream is for one client, and would have ended
  // before the next request.
  if (isEndless(fields.get("content-type"))) return refuse("endless-stream");
  // No request for a stored response has a dictionary.
  if (isDictionaryCoded(fields)) return refuse("dictionary-coded");
  if (!given.hasUse) return refuse("no-use");
  return { kind: "storable" };
}

/** Returns the directive that forbids a shared cache to store a response whose status it understands. */
export function forbiddingDirective(
  directives: ResponseDirectives,
): "no-store" | "private" | undefined {
  // §5.2.2.3: must-understand overrides no-store, which is meant for older caches.
  if (directives.noStore && !directives.mustUnderstand) return "no-store";
  return directives.private === true ? "private" : undefined;
}

/** Matches media types whose bodies last until the client disconnects. */
function isEndless(contentType: string | null): boolean {
  return (
    contentType !== null &&
    /^\s*(?:text\/event-stream|multipart\/x-mixed-replace)\s*(?:;|$)/i.test(contentType)
  );
}

/**
 * Checks the last condition of RFC 9111 §3: whether a directive, field or status allows storing.
 */
function allowedToStore({ status, fields, governing }: StoreAsk): boolean {
  const { directives, source } = governing;
  return (
    directives.public ||
    directives.maxAgeSeconds !== undefined ||
    directives.sMaxageSeconds !== undefined ||
    (source === "cache-control" && fields.has("expires")) ||
    heuristicallyCacheableStatuses.has(status)
  );
}

/**
 * Returns whether the origin allows sharing explicitly: by `public`, `s-maxage` or a targeted field
 * with a lifetime, and without `no-store` or `private`. `must-revalidate` alone is insufficient,
 * because RFC 9111 §3.5 accepts it for `Authorization`, but not for cookies.
 */
export function sharedExplicitly({ directives, source }: GoverningDirectives): boolean {
  if (directives.noStore || directives.private === true) return false;
  if (directives.public || directives.sMaxageSeconds !== undefined) return true;
  return source === "targeted" && directives.maxAgeSeconds !== undefined;
}

const hopByHop: ReadonlySet<string> = new Set([
  "connection",
  "http2-settings",
  "keep-alive",
  "proxy-connection",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
]);

const forProxiesOnly: ReadonlySet<string> = new Set([
  "proxy-authenticate",
  "proxy-authentication-info",
  "proxy-authorization",
]);

/** Fields for the next recipient alone, which no forwarded message keeps (RFC 9110 §7.6.1, §11.7). */
export const ofConnection: ReadonlySet<string> = new Set([...hopByHop, ...forProxiesOnly]);

/** Fields that decide for whom, and how long, a response answers. */
const deciding = ["age", "date", "expires", "vary"];

/**
 * Fields for every recipient, besides essential ones and those with directives. `Connection` must not
 * name them (RFC 9110 §7.6.1). If it does, they are kept.
 */
const endToEnd: ReadonlySet<string> = new Set([
  ...deciding,
  "authorization",
  "cookie",
  "set-cookie",
]);

/** Fields with directives, which decide whether a response is stored. */
const hasDirectives = (name: string) => /^(?:surrogate-control|(?:.*-)?cache-control)$/.test(name);

const isForHop = (name: string) =>
  !endToEnd.has(name) && !hasDirectives(name) && !isEssential(name);

/** A longer list is cut, because a client may send a field of 64 KiB. */
const connectionCharactersMax = 4_096;

/**
 * Returns the names, in lower case, of the fields that must be dropped before a message is
 * forwarded.
 */
export function connectionFields(fields: Fields): ReadonlySet<string> {
  const listed = fields.get("connection")?.slice(0, connectionCharactersMax);
  const nominated = listed?.toLowerCase().split(",") ?? [];
  const isChunked = fields.has("transfer-encoding");
  if (nominated.length === 0 && !isChunked) return hopByHop;
  const names = nominated.map((name) => name.trim());
  const own = names.filter(isForHop);
  // RFC 9112 §6.3: Transfer-Encoding overrides Content-Length.
  return new Set([...hopByHop, ...own, ...(isChunked ? ["content-length"] : [])]);
}

/**
 * Returns the fields that a qualified `private` or `no-cache` names. These fields are for one
 * client and are not stored.
 *
 * Departs from RFC 9111 §5.2.2.7: Tidemark stores the fields that decide, because the response would otherwise
 * answer others, or too long.
 */
export function qualifiedFieldNames(directives: ResponseDirectives): ReadonlySet<string> {
  const named = [directives.private, directives.noCache];
  const names = named.flatMap((listed) => (typeof listed === "boolean" ? [] : listed));
  return new Set(names.filter((name) => !hasDirectives(name) && !deciding.includes(name)));
}

/** Returns the field lines for all recipients: those of the connection and for proxies are dropped (RFC 9111 §3.1). */
export function endToEndFields(fields: Headers): FieldLine[] {
  const dropped = connectionFields(fields);
  return [...fields].filter(([name]) => !dropped.has(name) && !forProxiesOnly.has(name));
}

/** Returns the field lines without those that a qualified directive names (RFC 9111 §5.2.2.4, §5.2.2.7). */
export function withoutQualified(
  fields: readonly FieldLine[],
  directives: ResponseDirectives,
): FieldLine[] {
  const qualified = qualifiedFieldNames(directives);
  return fields.filter(([name]) => !qualified.has(name));
}
