// May a response be stored in this shared cache? (RFC 9111 §3, §3.5; the refusal names its rule.)
import type { ResponseDirectives } from "./cache-control.ts";
import type { GoverningDirectives } from "./governing-directives.ts";
import { heuristicallyCacheableStatuses } from "./freshness.ts";
import { selectingFieldNames } from "./selecting.ts";
import { type Fields, isErrorStatus } from "./fields.ts";

export type StorableVerdict = { kind: "storable" } | { kind: "refused"; rule: RefusalRule };

export type RefusalRule =
  | "method"
  | "status-not-understood"
  | "partial"
  | "no-store"
  | "request-no-store"
  | "private"
  | "authorization"
  | "set-cookie"
  | "vary-any"
  | "endless-stream"
  | "error-status"
  | "not-allowed-explicitly"
  | "no-use";

/**
 * Final status codes whose caching rules are implemented here (for `must-understand`, §5.2.2.3), beside
 * those that are cacheable by heuristics.
 */
const otherUnderstoodStatuses: ReadonlySet<number> = new Set([
  302, 303, 307, 400, 401, 403, 451, 500, 502, 503, 504,
]);

/** RFC 6585 §3 to §6: these must not be stored. */
const neverStoredStatuses: ReadonlySet<number> = new Set([428, 429, 431, 511]);
const partStatuses: ReadonlySet<number> = new Set([206, 416]);

/**
 * Where an origin lies behind Cloudflare's network too, that network answers in its place: 522 and 524
 * say that it was too late, the others that it could not be reached
 * (developers.cloudflare.com, "Cloudflare 5xx errors").
 *
 * @returns `undefined` for what an origin itself has answered
 */
export function failureToldBy(status: number): "unreachable" | "timeout" | undefined {
  if (status === 522 || status === 524) return "timeout";
  return (status >= 520 && status <= 527) || status === 530 ? "unreachable" : undefined;
}

/** @returns why no response with this status is ever stored; `undefined` where one may be */
export function whyNeverStored(status: number): string | undefined {
  if (neverStoredStatuses.has(status)) return "must not be stored (RFC 6585)";
  if (partStatuses.has(status)) return "is about a part, and is not stored";
  if (failureToldBy(status) === undefined) return undefined;
  return "is Cloudflare's word for an origin that did not answer, and is not stored";
}

/**
 * An error that tells of one request (its form, its size, its sender) or of one moment of the origin,
 * and nothing of the resource. A 404 and a 410 tell of the resource.
 */
export function isOfOneRequest(status: number): boolean {
  return isErrorStatus(status) && status !== 404 && status !== 410;
}

interface StoreAsk {
  /** `hasAuthorization`: a field `Authorization` was forwarded. */
  readonly request: { method: string; noStore: boolean; hasAuthorization: boolean };
  readonly status: number;
  readonly fields: Fields;
  readonly governing: GoverningDirectives;
  /** The route gives this status a lifetime of its own. */
  readonly lifetimeAssigned: boolean;
  /** The route names this status, as what may be stored. */
  readonly isNamed: boolean;
  /** It could ever answer or be validated: a lifetime, a validator or a stale allowance. */
  readonly hasUse: boolean;
}

/** Conditions in the order of RFC 9111 §3, then ours. */
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
  // §5.2.2.3: must-understand lifts the no-store that stands beside it for older caches.
  if (directives.noStore && !directives.mustUnderstand) return refuse("no-store");
  if (request.noStore) return refuse("request-no-store");
  if (directives.private === true) return refuse("private");
  if (request.hasAuthorization && !sharedDespiteAuthorization(directives)) {
    return refuse("authorization");
  }
  // Departs from RFC 9111 §3, which lets a lifetime alone decide: who provokes such an error, by a
  // field that is too long for example, must not have it shown to everybody.
  const isForStoring = given.isNamed && !neverStoredStatuses.has(status);
  if (isOfOneRequest(status) && !isForStoring) return refuse("error-status");
  if (!given.lifetimeAssigned && !allowedToStore(given)) return refuse("not-allowed-explicitly");

  // Departs from RFC 9111 §7.3, which leaves it open: a cookie is for one client.
  if (fields.has("set-cookie")) return refuse("set-cookie");
  // §4.1: `Vary: *` never matches, so nothing could ever be answered with it.
  if (selectingFieldNames(fields).includes("*")) return refuse("vary-any");
  // Departs from RFC 9111 §3: the events of one client's stream are over when the next one asks.
  if (isEndless(fields.get("content-type"))) return refuse("endless-stream");
  if (!given.hasUse) return refuse("no-use");
  return { kind: "storable" };
}

/** Media types whose bodies go on until the client leaves. */
function isEndless(contentType: string | null): boolean {
  return /^\s*(?:text\/event-stream|multipart\/x-mixed-replace)\s*(?:;|$)/i.test(contentType ?? "");
}

/** RFC 9111 §3, last condition: one of these makes a response storable at all. */
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
 * RFC 9111 §3.5 names `public`, `s-maxage` and `must-revalidate`; a targeted `max-age` is not among
 * them. Of the last we make no use: who writes it thinks of staleness, not of sharing.
 */
function sharedDespiteAuthorization(directives: ResponseDirectives): boolean {
  return directives.public || directives.sMaxageSeconds !== undefined;
}

/**
 * Did the origin itself say that many clients may share this response? `public`, `s-maxage` or a
 * targeted field that gives a lifetime; `must-revalidate` alone, which RFC 9111 §3.5 also accepts
 * for `Authorization`, says nothing of cookies.
 */
export function sharedExplicitly({ directives, source }: GoverningDirectives): boolean {
  if (directives.noStore || directives.private === true) return false;
  if (directives.public || directives.sMaxageSeconds !== undefined) return true;
  return source === "targeted" && directives.maxAgeSeconds !== undefined;
}
