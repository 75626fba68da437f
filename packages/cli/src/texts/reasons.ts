// The sentence of each reason that explain and warm answer as a code: what decided, its source, and how to
// change it.
import type {
  Decider,
  NearestCase,
  NeverFresh,
  PassCase,
  PassRule,
  StoreRefusal,
  SkipReason,
  VerdictCase,
  WriteRefusal,
} from "../../../../src/parts/operate/explain/codes.ts";
import type { Reason } from "../../../../src/protocol/explain-answer.ts";
import { fill } from "./fill.ts";

const override = `give the route mode: "override" with fresh«. Without that, its {assignedBy} of {assignedSeconds} has no effect, because the origin's fields take precedence»`;
const shareExplicitly = "let the origin send public or s-maxage: then one copy serves all clients";
const cookies = `«if the page does not depend on the cookie, write cookies: { harmless: [{names}] } at the top level of the configuration: Tidemark ignores cookies that are listed there, and does not forward them. cookies: { ignore: [{names}] } does the same for one route. If the page differs by the cookie, write key: { cookies: [{names}] } in the route: then each value has its own copy. Or »let clients send no cookie without a name, or ${shareExplicitly}. Do none of this for a session cookie`;
const credentials = `if the page does not depend on the field, write credentialFields: { except: [{names}] } in the route or at the top level of the configuration. If the page differs by the field, write key: { headers: [{names}] } in the route: then each value has its own copy. Or let the origin send public or s-maxage, or name the field in Vary`;

const neverFresh: Readonly<Record<NeverFresh, string>> = {
  "no-validator": `it says no-cache, and has no validator (RFC 9111 §5.2.2.4). To fix it: let the origin send an ETag or omit no-cache, or ${override}`,
  "no-lifetime": `neither the origin nor its route gives it a lifetime (RFC 9111 §4.2). To fix it: let the origin send max-age, or give the route fresh or negative for {status}`,
  "zero-by-route": `its lifetime is 0 s, from {from} of its route. To fix it: give the route a longer one`,
  "zero-by-origin": `its lifetime is 0 s, from {from} (RFC 9111 §4.2). To fix it: let the origin give a longer one, or ${override}`,
  "expires-no-date": `its lifetime is 0 s, from Expires, which is not a date, so Tidemark treats it as past (RFC 9111 §5.3). To fix it: let the origin give a longer one, or ${override}`,
  "expires-before-date": `its lifetime is 0 s, from Expires, which is {seconds} before Date (RFC 9111 §5.3). To fix it: check the origin's clock and its time zone: Expires is in GMT. Or let it send max-age, or ${override}`,
  "late-date": `it arrived {seconds} after its Date (Age: {age}, Date: {date}), and its lifetime is {lifetimeSeconds} (RFC 9111 §4.2.3). To fix it: check the origin's clock; if it is right, a cache between Tidemark and the origin adds no Age`,
  "kept-below": `a cache between Tidemark and the origin had kept it for {seconds} (Age: {age}, Date: {date}), and its lifetime is {lifetimeSeconds} (RFC 9111 §4.2.3). To fix it: check that cache: it keeps the page too long`,
  "slow-origin": `the origin took {seconds} to answer (Age: {age}, Date: {date}), and its lifetime is {lifetimeSeconds} (RFC 9111 §4.2.3). To fix it: let the origin answer faster, or give a longer lifetime`,
};

/** By the rule of a verdict, or by its closer reason. */
export const verdicts: Readonly<
  Record<Decider | VerdictCase | "operatorPath" | "host" | "ambiguous-path", string>
> = {
  ...neverFresh,
  fresh: `its age is below its lifetime (RFC 9111 §4.2)`,
  expired: `its lifetime is over (RFC 9111 §4.2)`,
  purged: `a purge covers it (purge protocol, rules 5 and 6)`,
  "invalidated-here": `this isolate invalidated it: after an unsafe method, or after an answer that ended it (RFC 9111 §4.4)`,
  "beyond-view": `the request has the position of a purge that this isolate cannot read, so every stored response counts as purged`,
  unverified: `this isolate cannot tell whether a purge covers it (purge protocol, rules 7 and 8; whenUnreachable)`,
  "no-cache": `it says no-cache, so each use is validated (RFC 9111 §5.2.2.4). To fix it: if a copy may answer without validation, let the origin omit no-cache, or ${override}`,
  "request-no-cache": `the request says no-cache (RFC 9111 §5.2.1.4; honourRequestDirectives of the route)`,
  "request-max-age": `it is older than the request's max-age (RFC 9111 §5.2.1.1; honourRequestDirectives)`,
  "request-min-fresh": `it stays fresh for less than the request's min-fresh (RFC 9111 §5.2.1.3; honourRequestDirectives)`,
  "max-stale": `the request's max-stale allows it (RFC 9111 §5.2.1.2; honourRequestDirectives of the route)`,
  "only-if-cached": `the request says only-if-cached, and no stored response may answer (RFC 9111 §5.2.1.7)`,
  "stale-while-revalidate": `stale-while-revalidate allows it (RFC 5861 §3)`,
  "stale-by-rule": `the rule {rule} in use of its route lets a stale page suffice`,
  "unknown-cookie": `the request has a cookie that the configuration does not know, and the response is not explicitly shared. To fix it: ${cookies}`,
  "credential-field": `the request has a field that looks like a credential, and the response is not explicitly shared. To fix it: ${credentials}`,
  "origin-first": `a part in use of its route lets it answer only while the origin fails`,
  "nothing-stored": `no stored response fits the request (RFC 9111 §4)`,
  operatorPath: `paths below /_cache/ and below operatorPath, and all paths of operatorHost, are for the operator of this deployment`,
  host: `its host is not a valid host name (RFC 3986 §3.2)`,
  "ambiguous-path": `its path can be read in more ways than Tidemark examines (RFC 3986 §6.2.2)`,
  "outside-origin-to": `a server may read its path for the origin as {path}, outside of origin.to (RFC 3986 §6.2.2)`,
  "other-route": `a server may read its path as {path}, which the route {other} sends to another origin (RFC 3986 §6.2.2). To fix it: if {route} should serve both paths, give it a pattern that ends in "/*" and matches both paths`,
};

/** By the rule for which a request bypasses the cache. The last are of warming alone. */
export const passes: Readonly<
  Record<PassRule | PassCase | "reserved" | "host" | "field" | "cf" | "unknown-cookie", string>
> = {
  method: `the method is neither GET nor HEAD (RFC 9110 §9.3). To fix it: if the request only reads, let its client use GET`,
  "unkeyed-content": `its content is not known: an explanation has none, and a QUERY is looked up only with Content-Type, and with a Content-Length of at most 65,536 (RFC 10008 §2.7). To fix it: let clients send both fields, and a shorter content`,
  route: `its route says bypass: true. To fix it: if the page is for everybody, give the page its own route, before this one`,
  condition: `it meets the conditions of its route, which bypasses the cache: {conditions}. To fix it: to see the stored page, omit these`,
  switch: `the switch, or the variable BYPASS, sends its route straight to the origin. To fix it: tidemark switch shows which of the two it is; to use the cache again, run tidemark switch off, or remove the variable`,
  authorization: `a request with Authorization bypasses the cache, unless a rule of the route checks it; public or s-maxage does not change that (RFC 9111 §3.5). To fix it: if the page is for everybody, omit Authorization in the client; if it is for all who may see it, write a gate with defineRule`,
  unchecked: `it has a credential of the route's gate, which the gate has not called checked. To fix it: to share pages among its clients, return "checked" from admits of defineRule`,
  "came-back": `its Via names this deployment, so the request has already passed through it (RFC 9110 §7.6.3)`,
  upgrade: `it requests another protocol (RFC 9110 §7.8)`,
  "event-stream": `it requests an event stream, by Accept: text/event-stream`,
  precondition: `it has If-Match or If-Unmodified-Since, which only the origin can answer (RFC 9111 §4.3.2)`,
  "ambiguous-path": `two servers may read its path as two different paths (RFC 3986 §6.2.2)`,
  "ambiguous-value": `two servers may read a cookie, field or parameter of the key or of a condition differently, such as one that is sent twice (RFC 6265 §4.2.1). To fix it: let the client send it once, as name=value`,
  "long-url": `its path and the keyed part of its query are longer than 2,048 bytes (RFC 9110 §4.1). To fix it: shorten the URL, or list the parameters that matter in the route's query.allow`,
  "part-failed": `a rule of its route that gives a value of the key failed. To fix it: the log has the error; until it is fixed, remove the rule from use`,
  caller: `it has a cookie, a credential or another URL than the key, and Astro renders the page in this client's own context. To fix it: if no page depends on the cookie, name it in cookies.harmless; name each host of the site, with its port, in SITE_HOST and in security.allowedDomains of Astro`,
  reserved: `its path is for the operator of this deployment`,
  host: `its host is not one of this site's`,
  field: `it has header fields that belong to one client or one request`,
  cf: `its route keys by request.cf, which only a visitor's request has`,
  "unknown-cookie": `it has a cookie that the configuration does not know, so it may belong to a session`,
};

/** By the rule for which a response was not stored, or by its closer reason. */
export const refusals: Readonly<
  Record<StoreRefusal | WriteRefusal | NeverFresh | "unavailable" | "not-removed", string>
> = {
  ...neverFresh,
  unavailable: `all writes to the route's tiers failed. To fix it: look at the troubles in /_cache/stats`,
  "no-room": `the store is full. To fix it: run tidemark health, which names the store`,
  busy: `too many bodies were on their way to the store`,
  expired: `its lifetime was over when it was to be stored`,
  newer: `the store has a newer response`,
  arriving: `its body was still arriving, and these tiers store only whole bodies`,
  cut: `its body broke off. To fix it: look at the origin`,
  "no-digest": `its body could not be compared with the stored one`,
  "not-at-end": `a purge came between`,
  "not-removed": `an older response could not be removed from a tier`,
  switch: `while the origin was answering, somebody turned on the switch for its route`,
  method: `it answers a HEAD request (RFC 9111 §3)`,
  "status-not-understood": `it says must-understand, and this cache does not support its status (RFC 9111 §5.2.2.3)`,
  partial: `its status is 206, 226 or 416, which describes only a part (RFC 9111 §3.3)`,
  "no-store": `it says no-store (RFC 9111 §5.2.2.5). To fix it: if the page is for everybody, let the origin omit no-store`,
  "request-no-store": `the request says no-store (RFC 9111 §5.2.1.5; honourRequestDirectives of the route)`,
  private: `it says private, so it is for one client (RFC 9111 §5.2.2.7). To fix it: if the page is for everybody, let the origin omit private`,
  "set-cookie": `it sets a cookie, which is for one client. To fix it: let the origin set no cookie on this page; «or, if nobody needs the cookie, write cookies: { harmless: [{names}] } at the top level of the configuration; »or give the route setCookie: "strip", unless key.cookies or when.cookie names the cookie`,
  "endless-stream": `its media type is for endless streams, so each client gets its own stream (RFC 9111 §3)`,
  "dictionary-coded": `only clients with a shared dictionary can decode it, and the origin got the field of no dictionary (RFC 9842 §4, §5). To fix it: let the origin compress with a dictionary only for Available-Dictionary, or set bypass in the route`,
  "vary-any": `it has Vary: *, which no other request matches (RFC 9111 §4.1). To fix it: let the origin name the fields in Vary`,
  "error-status": `its status is an error that the route does not list, or a 5xx without a lifetime. To fix it: if everybody may see it, list the status in the route's negative`,
  "not-allowed-explicitly": `its status needs an explicit lifetime, and it has none (RFC 9111 §3). To fix it: let the origin send max-age, or list the status in the route's fresh or negative`,
  "no-use": `it was never fresh here, and has neither a validator nor a stale allowance (RFC 9111 §4.2)`,
  "unknown-cookie": `its request had a cookie that the configuration does not know, and the answer is not explicitly shared. To fix it: ${cookies}`,
  "credential-field": `its request had a field that looks like a credential, and the answer is not explicitly shared. To fix it: ${credentials}`,
  "answer-rule": `a rule in answer of its route says store: false`,
  "left-release": `its build is not the current release, as tidemark release told it. To fix it: if the origin now runs this build, run tidemark release with its name`,
  "gate-refused": `the rule has checked the client's credential, but the origin answers 401 or 403, or redirects. To fix it: let the origin accept the constant fields of the rule`,
  "rule-fails": `a rule in use of its route counts it as a failure of the origin`,
  "rule-refuses": `a rule in use of its route forbids storing it`,
  "nonce-unreplaced": `nonce() cannot replace the nonce of its Content-Security-Policy. To fix it: let the origin send the page in UTF-8 without Content-Encoding, and a nonce of 16 to 128 characters of base64`,
  "part-failed": `a part of its route failed. To fix it: the log has the error; until it is fixed, remove the part from use`,
  "before-purge": `by its Age, a cache between Tidemark and the origin may have had it before a purge that covers it (purge protocol, rule 29). To fix it: purge that cache by an outward target; if it is always purged before Tidemark, or the origin sends a constant Age, write purge: { age: "ignore" }`,
  "missing-asset": `it says that an asset is missing, but another server of the origin may have it: keep of release()`,
  "extension-mismatch": `its media type contradicts the extension in its path, so it may be another page, for this client alone. To fix it: let the origin answer 404 below its pages, or send the right Content-Type; if the page is for everybody, write deceptionArmour: false in its route`,
  "stale-value": `it is made of a value of the data cache that was stale, after a soft purge or a failed load. No action is needed: the next answer is made of the new value`,
  "too-many-tags": `it is made of values of the data cache with more than 128 tags and keys together, or more than 8 KB of them. To fix it: load what the page shows as one value; or write inheritTags: false in its route, and name tags in the handler`,
  "tags-failed": `the route's tags function threw an error, or did not return a list of strings. To fix it: fix the function`,
  "too-large": `its body of {bodyBytes} bytes is larger than these limits of the route's tiers, in bytes: {limits}. To fix it: let the origin send a smaller body; or add "edge" to tiers of the route, which accepts {edgeBytes} bytes; or raise limits.sharedBodyBytes, limits.bufferBytes or limits.memoryBytes`,
  "memory-short": `its body did not fit into the memory for bodies in transit, which other clients' bodies use. To fix it: if this happens often, raise limits.memoryBytes`,
  "cut-short": `its body broke off, stalled for longer than originTimeout.betweenBytes, or was not as long as its Content-Length (RFC 9111 §3.3). To fix it: look at the origin`,
  "names-client": `one of its fields contains the address, the session or the Origin of the client. To fix it: let the origin omit that field`,
  "too-many-variants": `the page already has the maximum number of stored variants (limits.variants), and this variant was requested too rarely in the last minute to replace one of them. To fix it: let the page vary by a field with fewer values, or reduce the field by key.accept, key.language or key.device in the route`,
  "withheld-field": `it varies by a field that the route does not forward. To fix it: add the field to forward`,
  "undecoded-field": `one of its fields is not UTF-8, so the runtime has lost octets of it (RFC 9110 §5.5). To fix it: let the origin send the field in UTF-8 or ASCII, such as filename*=UTF-8''%C3%BC.pdf`,
  "undecoded-key": `a request field of the key is not UTF-8, so the runtime cannot tell its values apart (RFC 9110 §5.5)`,
  unconfirmed: `it is an error, a redirect or a media type that one client may have provoked; an anonymous request follows, and its answer decides. If the page is gone, the anonymous request replaces the stored response`,
  "refresh-failed": `it is an error in a refresh, so the previous response stays stored. To fix it: look at the origin`,
};

/** By the source of a lifetime that its name alone does not explain. */
export const lifetimeSources: Readonly<Record<string, string>> = {
  "purge.settleSeconds": `purge.settleSeconds, because it was requested soon after a purge`,
  "purge.maxLagSeconds": `purge.maxLagSeconds, because a fallback origin sent it`,
  heuristics: `heuristics (RFC 9111 §4.2.2)`,
  none: `nothing: neither the response nor its route gives one`,
  fresh: `fresh of its route`,
  negative: `negative of its route`,
  answer: `answer of its route`,
};

/** By the reason for which a request would not read a tier. */
export const skips: Readonly<Record<SkipReason, string>> = {
  "just-fetched": `another request has just fetched the response`,
  "passed-over": `a request with an unknown cookie or a credential has just got an answer that no other client may have`,
  answered: `the response above answers`,
  "always-validated": `each use of the response above is validated, so this tier can have nothing better`,
  uncacheable: `the last answer was not storable for any client, so requests read only memory for some seconds`,
  "stale-if-error": `the origin fails, and the stale response above may answer instead`,
};

/** By the difference between two keys: how to remove it, if it does not matter for the page. */
export const differences: Readonly<Record<NearestCase, string>> = {
  scheme: `redirect http to https`,
  host: `set SITE_HOST to the site's own host: then Tidemark treats all other hosts as that one`,
  path: `use one spelling in all links, or redirect the others to it`,
  query: `write key: { query: { strip: [{names}] } } at the top level of the configuration; or, in the route, query: { allow: [ ] } with the parameters that matter`,
  "query-order": `use one spelling and one order in all links; if only the order differs, query: { order: "sort" } in the route also helps`,
  "key.headers": `remove {names} from the route's key: { headers }, or let clients send fewer values of it`,
  "key.cookies": `remove {names} from the route's key: { cookies }`,
  "key.cf": `remove {names} from the route's key: { cf }`,
  "normal form": `remove the option that reduces {names} from the route's key, or list fewer forms`,
  vary: `let the origin vary by a field with fewer values, or by none. In a route, key.accept, key.language and key.device reduce these fields`,
  "vary-cookie": `let the origin omit Cookie from Vary, and list the cookies that change the page in the route's key: { cookies: [ ] }`,
};

/** Returns the sentence of a code; of one that only a newer site knows, the code itself. */
export function reasonText(
  texts: Readonly<Record<string, string>>,
  code: string,
  { case: closer = code, values }: Reason = {},
): string {
  const text = [closer, code].find((one) => Object.hasOwn(texts, one));
  return text === undefined ? closer : fill(texts[text] ?? "", values);
}

/** Returns the sentence of a reason of warming, such as `not-stored: set-cookie session`; empty if it is none. */
export function warmText(reason: string): string {
  const [, result, code = "", names = ""] = /^([\w-]+): ([\w-]+)(.*)$/.exec(reason) ?? [];
  const texts: Readonly<Record<string, string>> = result === "passed-by" ? passes : refusals;
  if (!Object.hasOwn(texts, code)) return "";
  return ` (${fill(texts[code] ?? "", { names: names.split(" ").filter(Boolean) }).split(". To fix it: ")[0]})`;
}
