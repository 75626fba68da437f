// What decides, in words: the clause of an RFC or the field of the configuration behind each verdict,
// each rule by which a request is passed by, and each lifetime.
import type { Route } from "../../config/config.ts";
import { statedAgeSeconds } from "../../http/current-age.ts";
import { fieldsOf } from "../../http/fields.ts";
import { explicitLifetimeSeconds } from "../../http/freshness.ts";
import type { PassRule } from "../../proxy/request/plan.ts";
import type { Decider } from "../../proxy/reuse/verdict.ts";
import { assignedLifetimeSeconds, termsOf } from "../../proxy/stored/lifetime.ts";
import type { StoredMetadata } from "../../proxy/stored/stored-response.ts";

/** What was decided by, and where that stands. */
export interface Ground {
  readonly clause: string;
  readonly why: string;
  /** What to do about it, where that is more than what `why` says. */
  readonly mend?: string;
}

export const groundOf: Readonly<Record<Decider, Ground>> = {
  fresh: { clause: "RFC 9111 §4.2", why: "its age is below its lifetime" },
  expired: { clause: "RFC 9111 §4.2", why: "its lifetime is over" },
  purged: { clause: "purge protocol, rules 5 and 6", why: "a purge covers it" },
  unverified: {
    clause: "purge protocol, rules 7 and 8; whenUnreachable",
    why: "nobody here can tell whether a purge covers it",
  },
  "no-cache": { clause: "RFC 9111 §5.2.2.4", why: "it says no-cache, so each use is validated" },
  "request-no-cache": {
    clause: "RFC 9111 §5.2.1.4; honourRequestDirectives",
    why: "the request says no-cache",
  },
  "request-max-age": {
    clause: "RFC 9111 §5.2.1.1; honourRequestDirectives",
    why: "it is older than the request's max-age",
  },
  "request-min-fresh": {
    clause: "RFC 9111 §5.2.1.3; honourRequestDirectives",
    why: "it stays fresh for less than the request's min-fresh",
  },
  "max-stale": {
    clause: "RFC 9111 §5.2.1.2; honourRequestDirectives",
    why: "the request's max-stale allows it",
  },
  "only-if-cached": {
    clause: "RFC 9111 §5.2.1.7",
    why: "the request says only-if-cached, and nothing that is stored may answer",
  },
  "stale-while-revalidate": {
    clause: "RFC 5861 §3",
    why: "stale-while-revalidate allows it, and it is refreshed behind the answer",
  },
  "unknown-cookie": {
    clause: "cookies.ignore, cookies.harmless, key.cookies",
    why: "the request has a cookie that the configuration does not know, and the response is not explicitly shared",
  },
  "nothing-stored": { clause: "RFC 9111 §4", why: "nothing is stored that the request selects" },
};

/** An answer to an unsafe method that this isolate has seen, and no entry of the journal. */
export const invalidatedHere: Ground = {
  clause: "RFC 9111 §4.4",
  why: "an answer to an unsafe method has invalidated it here",
};

export const groundOfPass: Readonly<Record<PassRule, Ground>> = {
  method: {
    clause: "RFC 9110 §9.3",
    why: "the method is neither GET nor HEAD",
    mend: "if the request only reads, let its client ask by GET",
  },
  route: {
    clause: "bypass",
    why: "its route says bypass: true",
    mend: "if the page is for everybody, put a route of its own before this one",
  },
  switch: {
    clause: "POST /_cache/switch; BYPASS",
    why: "the switch, or the variable BYPASS, sends its route straight to the origin",
    mend: "GET /_cache/switch tells which of them it is; post bypass: false there, or take the variable away",
  },
  authorization: {
    clause: "RFC 9111 §3.5",
    why: "it has Authorization, and so it is always passed by; public or s-maxage does not change that",
    mend: "if the page is for everybody, let its client, or the server that adds the field, leave it out",
  },
  "came-back": { clause: "RFC 9110 §7.6.3", why: "Via names this deployment: it was here before" },
  upgrade: { clause: "RFC 9110 §7.8", why: "it asks for another protocol" },
  "event-stream": { clause: "Accept: text/event-stream", why: "it asks for a stream of events" },
  precondition: {
    clause: "RFC 9111 §4.3.2",
    why: "it has If-Match or If-Unmodified-Since, which only the origin can answer",
  },
  "ambiguous-path": {
    clause: "RFC 3986 §6.2.2",
    why: "two readers may understand its path as two different ones",
  },
};

/** Where a response has its lifetime from: a field of its own, or one of its route's. */
export function lifetimeSource(metadata: StoredMetadata, route: Route): string {
  const fields = fieldsOf(metadata);
  const { governing, lifetimeSeconds } = termsOf(metadata, route);
  const { respondedAtMs: receivedAtMs, lifetimeSecondsMax, status } = metadata;
  if (metadata.lifetimeSecondsMax === lifetimeSeconds && lifetimeSecondsMax !== undefined) {
    return "purge.settleSeconds: it was filled soon after a purge";
  }
  const explicit = explicitLifetimeSeconds({ governing, fields, receivedAtMs });
  const assigned = assignedLifetimeSeconds(route, metadata, governing);
  const isRouteFirst = route.mode === "override" || explicit === "unstated";
  if (assigned !== undefined && isRouteFirst) {
    const named = route.negativeByStatus.has(status) ? "negative" : "fresh";
    return `${named} of the route ${JSON.stringify(route.name)}`;
  }
  if (explicit === "unstated") {
    return lifetimeSeconds > 0 ? "heuristics (RFC 9111 §4.2.2)" : "none: neither it nor its route";
  }
  if (statedAgeSeconds(fields) === "unreadable") return "an Age that cannot be read";
  const { sMaxageSeconds, maxAgeSeconds } = governing.directives;
  const field = fieldThatGoverns(governing.source, fields.has("cdn-cache-control"));
  if (sMaxageSeconds !== undefined) return `s-maxage in ${field}`;
  return maxAgeSeconds !== undefined ? `max-age in ${field}` : "Expires";
}

function fieldThatGoverns(source: "targeted" | "cache-control", hasCdn: boolean): string {
  if (source === "cache-control") return "Cache-Control";
  return hasCdn ? "CDN-Cache-Control" : "Surrogate-Control";
}
