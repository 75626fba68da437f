// The tables of grounds: the clause, the sentence and the hint of each verdict, each bypass and each
// refusal to store. Also the source of a lifetime.
import type { Route } from "../../../config/config.ts";
import type { NameCondition, RouteConditions } from "../../../config/route.ts";
import { fieldsOf } from "../../../rules/fields.ts";
import { explicitLifetimeSeconds } from "../../../rules/freshness.ts";
import type { PassRule } from "../../../pages/request/plan.ts";
import type { OtherReading } from "../../../routing/url-reader.ts";
import type { Decider } from "../../../pages/reuse/may-answer.ts";
import { assignedLifetimeSeconds, isRouteFirst, termsOf } from "../../../pages/stored/lifetime.ts";
import { provisionalSecondsMax } from "../../../pages/stored/provisional.ts";
import type { StoreRefusal } from "../../../pages/storing/refusal.ts";
import type { StoredMetadata } from "../../../pages/stored/stored-response.ts";

/** The rule that decided, and its source. */
export interface Ground {
  readonly clause: string;
  readonly why: string;
  /** A hint; absent if there is none, or if `why` already contains it. */
  readonly hint?: string;
}

export const groundOf: Readonly<Record<Decider, Ground>> = {
  fresh: { clause: "RFC 9111 §4.2", why: "its age is below its lifetime" },
  expired: { clause: "RFC 9111 §4.2", why: "its lifetime is over" },
  purged: { clause: "purge protocol, rules 5 and 6", why: "a purge covers it" },
  unverified: {
    clause: "purge protocol, rules 7 and 8; whenUnreachable",
    why: "this isolate cannot tell whether a purge covers it",
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
    why: "the request says only-if-cached, and no stored response may answer",
  },
  "stale-while-revalidate": {
    clause: "RFC 5861 §3",
    why: "stale-while-revalidate allows it",
  },
  "stale-by-rule": { clause: "use", why: "a rule of its route lets a stale page suffice" },
  "unknown-cookie": {
    clause: "cookies.ignore, cookies.harmless, key.cookies",
    why: "the request has a cookie that the configuration does not know, and the response is not explicitly shared",
  },
  "credential-field": {
    clause: "credentialFields, key.headers, forward",
    why: "the request has a field that looks like a credential, and the response is not explicitly shared",
  },
  "origin-first": {
    clause: "use",
    why: "a part of its route lets it answer only while the origin fails",
  },
  "nothing-stored": { clause: "RFC 9111 §4", why: "no stored response fits the request" },
};

/** The ground if this isolate itself invalidated the response, without an entry of the journal. */
export const invalidatedHere: Ground = {
  clause: "RFC 9111 §4.4",
  why: "this isolate invalidated it: after an unsafe method, or after an answer that ended it",
};

/** The ground if the client has sent the position of a purge that the view lacks. */
export const beyondView: Ground = {
  clause: "read your purge",
  why: "the request has the position of a purge that this isolate cannot read, so every stored response counts as purged",
};

export const groundOfReserved: Ground = {
  clause: "operatorPath",
  why: "paths below /_cache/ and below `operatorPath`, and all paths of `operatorHost`, are for the operator of this deployment",
};

export const groundOfPass: Readonly<Record<PassRule, Ground>> = {
  method: {
    clause: "RFC 9110 §9.3",
    why: "the method is neither GET nor HEAD",
    hint: "if the request only reads, let its client use GET",
  },
  "unkeyed-content": {
    clause: "RFC 10008 §2.7",
    why: "its content is not known: an explanation has none, and a QUERY is looked up only with Content-Type, and with a Content-Length of at most 65,536",
    hint: "let clients send both fields, and a shorter content",
  },
  route: {
    clause: "bypass",
    why: "its route says bypass: true",
    hint: "if the page is for everybody, give the page its own route, before this one",
  },
  switch: {
    clause: "POST /_cache/switch; BYPASS",
    why: "the switch, or the variable BYPASS, sends its route straight to the origin",
    hint: "tidemark switch, or GET /_cache/switch, shows which of the two it is; to use the cache again, run tidemark switch off, or remove the variable",
  },
  authorization: {
    clause: "RFC 9111 §3.5",
    why: "a request with Authorization bypasses the cache, unless a rule of the route checks it; public or s-maxage does not change that",
    hint: "if the page is for everybody, omit Authorization in the client; if it is for all who may see it, write a gate with defineRule",
  },
  unchecked: {
    clause: "checks of defineRule",
    why: "it has a credential of the route's gate, which the gate has not called checked",
    hint: 'to share pages among its clients, return "checked" from admits',
  },
  "came-back": {
    clause: "RFC 9110 §7.6.3",
    why: "its Via names this deployment, so the request has already passed through it",
  },
  upgrade: { clause: "RFC 9110 §7.8", why: "it requests another protocol" },
  "event-stream": { clause: "Accept: text/event-stream", why: "it requests an event stream" },
  precondition: {
    clause: "RFC 9111 §4.3.2",
    why: "it has If-Match or If-Unmodified-Since, which only the origin can answer",
  },
  "ambiguous-path": {
    clause: "RFC 3986 §6.2.2",
    why: "two servers may read its path as two different paths",
  },
  "ambiguous-value": {
    clause: "RFC 6265 §4.2.1",
    why: "two servers may read a cookie, field or parameter of the key or of a condition differently, such as one that is sent twice",
    hint: "let the client send it once, as name=value",
  },
  "long-url": {
    clause: "RFC 9110 §4.1",
    why: "its path and the keyed part of its query are longer than 2,048 bytes",
    hint: "shorten the URL, or list the parameters that matter in the route's query.allow",
  },
  "part-failed": {
    clause: "use",
    why: "a rule of its route that gives a value of the key failed",
    hint: "the log has the error; until it is fixed, remove the rule from use",
  },
  caller: {
    clause: "tidemark/astro",
    why: "it has a cookie, a credential or another URL than the key, and the page is rendered in this client's own context",
    hint: "if no page depends on the cookie, name it in cookies.harmless; name each host of the site, with its port, in SITE_HOST and in security.allowedDomains of Astro",
  },
};

/** The refusals of docs/cache-status.md. `unavailable`: all writes to tiers failed. */
export const groundOfRefusal: Readonly<Record<StoreRefusal | "unavailable", Ground>> = {
  unavailable: {
    clause: "tiers",
    why: "all writes to the route's tiers failed",
    hint: "look at the troubles in /_cache/stats",
  },
  switch: {
    clause: "POST /_cache/switch; BYPASS",
    why: "while the origin was answering, somebody turned on the switch for its route",
  },
  method: { clause: "RFC 9111 §3", why: "it answers a HEAD request" },
  "status-not-understood": {
    clause: "RFC 9111 §5.2.2.3",
    why: "it says must-understand, and this cache does not support its status",
  },
  partial: {
    clause: "RFC 9111 §3.3",
    why: "its status is 206, 226 or 416, which describes only a part",
  },
  "no-store": {
    clause: "RFC 9111 §5.2.2.5",
    why: "it says no-store",
    hint: "if the page is for everybody, let the origin omit no-store",
  },
  "request-no-store": {
    clause: "RFC 9111 §5.2.1.5; honourRequestDirectives",
    why: "the request says no-store",
  },
  private: {
    clause: "RFC 9111 §5.2.2.7",
    why: "it says private, so it is for one client",
    hint: "if the page is for everybody, let the origin omit private",
  },
  "set-cookie": {
    clause: "setCookie, cookies.harmless",
    why: "it sets a cookie, which is for one client",
  },
  "endless-stream": {
    clause: "RFC 9111 §3",
    why: "its media type is for endless streams",
    hint: "nothing: each client gets its own stream",
  },
  "dictionary-coded": {
    clause: "RFC 9842 §4, §5",
    why: "only clients with a shared dictionary can decode it, and the origin got the field of no dictionary",
    hint: "let the origin compress with a dictionary only for Available-Dictionary, or set bypass in the route",
  },
  "vary-any": {
    clause: "RFC 9111 §4.1",
    why: "it has Vary: *, which no other request matches",
    hint: "let the origin name the fields in Vary",
  },
  "error-status": {
    clause: "negative",
    why: "its status is an error that the route does not list, or a 5xx without a lifetime",
    hint: "if everybody may see it, list the status in the route's negative",
  },
  "not-allowed-explicitly": {
    clause: "RFC 9111 §3",
    why: "its status needs an explicit lifetime, and it has none",
    hint: "let the origin send max-age, or list the status in the route's fresh or negative",
  },
  "no-use": {
    clause: "RFC 9111 §4.2",
    why: "it was never fresh here, and has neither a validator nor a stale allowance",
  },
  "unknown-cookie": {
    clause: "cookies.ignore, cookies.harmless, key.cookies",
    why: "its request had a cookie that the configuration does not know, and the answer is not explicitly shared",
  },
  "credential-field": {
    clause: "credentialFields, key.headers, forward",
    why: "its request had a field that looks like a credential, and the answer is not explicitly shared",
  },
  "answer-rule": {
    clause: "answer",
    why: "a rule of its route on answers says store: false",
  },
  "left-release": {
    clause: "release({ header })",
    why: "its build is not the current release, as tidemark release told it",
    hint: "if the origin now runs this build, run tidemark release with its name",
  },
  "gate-refused": {
    clause: "use",
    why: "the rule has checked the client's credential, but the origin answers 401 or 403, or redirects",
    hint: "let the origin accept the constant fields of the rule",
  },
  "rule-fails": {
    clause: "use",
    why: "the rule counts it as a failure of the origin",
  },
  "rule-refuses": { clause: "use", why: "the rule forbids storing it" },
  "nonce-unreplaced": {
    clause: "use",
    why: "nonce() cannot replace the nonce of its Content-Security-Policy",
    hint: "let the origin send the page in UTF-8 without Content-Encoding, and a nonce of 16 to 128 characters of base64",
  },
  "part-failed": {
    clause: "use",
    why: "a part of its route failed",
    hint: "the log has the error; until it is fixed, remove the part from use",
  },
  "before-purge": {
    clause: "purge protocol, rule 29; purge.age",
    why: "by its Age, a cache between Tidemark and the origin may have had it before a purge that covers it",
    hint: 'purge that cache by an outward target; if it is always purged before Tidemark, or the origin sends a constant Age, write purge: { age: "ignore" }',
  },
  "missing-asset": {
    clause: "release({ keep })",
    why: "it says that an asset is missing, but another server of the origin may have it",
  },
  "extension-mismatch": {
    clause: "deceptionArmour",
    why: "its media type contradicts the extension in its path, so it may be another page, for this client alone",
    hint: "let the origin answer 404 below its pages, or send the right Content-Type; if the page is for everybody, write deceptionArmour: false in its route",
  },
  "tags-failed": {
    clause: "tags",
    why: "the route's tags function threw an error, or did not return a list of strings",
    hint: "fix the function",
  },
  "too-large": {
    clause: "limits, tiers",
    why: "its body is larger than the route's tiers accept",
  },
  "memory-short": {
    clause: "limits.memoryBytes",
    why: "its body did not fit into the memory for bodies in transit, which other clients' bodies use",
    hint: "if this happens often, raise limits.memoryBytes",
  },
  "cut-short": {
    clause: "RFC 9111 §3.3; originTimeout.betweenBytes",
    why: "its body broke off, stalled for too long, or was not as long as its Content-Length",
    hint: "look at the origin",
  },
  "names-client": {
    clause: "the client's own address, session or Origin",
    why: "one of its fields contains the address, the session or the Origin of the client",
    hint: "let the origin omit that field",
  },
  "too-many-variants": {
    clause: "limits.variants",
    why: "the page already has the maximum number of stored variants, and this variant was requested too rarely in the last minute to replace one of them",
    hint: "let the page vary by a field with fewer values, or reduce the field by key.accept, key.language or key.device in the route",
  },
  "withheld-field": {
    clause: "forward",
    why: "it varies by a field that the route does not forward",
    hint: "add the field to forward",
  },
  "undecoded-field": {
    clause: "RFC 9110 §5.5",
    why: "one of its fields is not UTF-8, so the runtime has lost octets of it",
    hint: "let the origin send the field in UTF-8 or ASCII, such as filename*=UTF-8''%C3%BC.pdf",
  },
  "undecoded-key": {
    clause: "RFC 9110 §5.5",
    why: "a request field of the key is not UTF-8, so the runtime cannot tell its values apart",
  },
  unconfirmed: {
    clause: "negative",
    why: "it is an error, a redirect or a media type that one client may have provoked; an anonymous request follows, and its answer decides",
    hint: "if the page is gone, nothing: the anonymous request replaces the stored response",
  },
  "refresh-failed": {
    clause: "negative",
    why: "it is an error in a refresh, so the previous response stays stored",
    hint: "look at the origin",
  },
};

const conditionKinds = ["cookie", "header", "query", "country"] as const;

/** Explains a bypass by conditions. Names the configured names, and none of the request. */
export function groundOfCondition(when: RouteConditions): Ground {
  const given = conditionKinds.filter((kind) => when[kind] !== undefined);
  const named = given.map((kind) => {
    const condition = when[kind];
    const names = condition && "names" in condition ? namesOf(condition) : (condition ?? []);
    return `a ${kind} of ${names.map((name) => JSON.stringify(name)).join(", ")}`;
  });
  return {
    clause: given.map((kind) => `when.${kind}`).join(", "),
    why: `the request meets the conditions of its route, which bypasses the cache: ${named.join(" and ")}`,
    hint: `to see the stored page, omit the ${given.join(" or the ")}`,
  };
}

const namesOf = ({ names, values }: NameCondition) => [...names, ...values.map(([name]) => name)];

/** Explains why a URL gets 400. `name` is the route that matches the path as written. */
export function groundOfRefusedUrl(otherwise: OtherReading | undefined, name: string): Ground {
  if (otherwise === undefined)
    return { clause: "RFC 3986 §3.2", why: "its host is not a valid host name" };
  const clause = "RFC 3986 §6.2.2";
  if (otherwise.as === undefined) {
    return { clause, why: "its path can be read in more ways than Tidemark examines" };
  }
  const { path, route } = otherwise.as;
  const [own = "", other = ""] = [name, route.name].map((one) => JSON.stringify(one));
  if (own === other) {
    const why = `a server may read its path for the origin as ${JSON.stringify(path)}, outside of origin.to`;
    return { clause, why };
  }
  return {
    clause,
    why: `a server may read its path as ${JSON.stringify(path)}, which the route ${other} sends to another origin`,
    hint: `if ${own} should serve both paths, give it a pattern that ends in "/*" and matches both paths`,
  };
}

/** Returns the source of a response's lifetime: a response field, a setting, heuristics or none. */
export function lifetimeSource(metadata: StoredMetadata, route: Route): string {
  const fields = fieldsOf(metadata);
  const { governing, lifetimeSeconds, initialAgeSeconds } = termsOf(metadata, route);
  const { respondedAtMs: receivedAtMs, lifetimeSecondsMax, status } = metadata;
  if (metadata.lifetimeSecondsMax === lifetimeSeconds && lifetimeSecondsMax !== undefined) {
    return "purge.settleSeconds: it was requested soon after a purge that covers it";
  }
  if (lifetimeSeconds === provisionalSecondsMax(route, metadata, initialAgeSeconds)) {
    return "purge.maxLagSeconds: a fallback origin sent it";
  }
  const explicit = explicitLifetimeSeconds({ governing, fields, receivedAtMs });
  const assigned = assignedLifetimeSeconds(route, metadata, governing);
  const isAssigned = isRouteFirst(route, metadata) || explicit === "unstated";
  if (assigned !== undefined && isAssigned) {
    if (metadata.ruleMatch?.freshSeconds !== undefined) {
      return `fresh in answer of the route ${JSON.stringify(route.name)}`;
    }
    const named = route.negativeByStatus.has(status) ? "negative" : "fresh";
    return `${named} of the route ${JSON.stringify(route.name)}`;
  }
  if (explicit === "unstated") {
    return lifetimeSeconds > 0
      ? "heuristics (RFC 9111 §4.2.2)"
      : "none: neither the response nor its route gives one";
  }
  const { sMaxageSeconds, maxAgeSeconds } = governing.directives;
  const { field } = governing;
  if (sMaxageSeconds !== undefined) return `s-maxage in ${field}`;
  return maxAgeSeconds !== undefined ? `max-age in ${field}` : "Expires";
}
