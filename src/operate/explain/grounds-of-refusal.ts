// Why a response was not stored, with hints.
import type { StoreRefusal } from "../../pages/storing/refusal.ts";
import type { Ground } from "./grounds.ts";

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
    why: "its status is 206 or 416, which answers a range request",
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
  authorization: { clause: "RFC 9111 §3.5", why: "its request has Authorization" },
  "set-cookie": {
    clause: "setCookie, cookies.harmless",
    why: "it sets a cookie, which is for one client",
  },
  "endless-stream": {
    clause: "RFC 9111 §3",
    why: "its media type is for endless streams",
    hint: "nothing: each client gets its own stream",
  },
  "vary-any": {
    clause: "RFC 9111 §4.1",
    why: "it has Vary: *, which no other request matches",
    hint: "let the origin name the fields in Vary",
  },
  "error-status": {
    clause: "negative",
    why: "its status is an error that the route does not list",
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
  "tags-failed": {
    clause: "tags",
    why: "the route's tags function threw an error, or did not return a list of strings",
    hint: "fix the function",
  },
  "too-large": {
    clause: "limits, tiers",
    why: "its body is larger than the route's tiers accept",
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
    hint: "let the page vary by a field with fewer values, or name the field in key.headers",
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
    why: "it is an error or a redirect for one client; an anonymous request follows, and its answer decides",
    hint: "if the page is gone, nothing: the anonymous request replaces the stored response",
  },
  "refresh-failed": {
    clause: "negative",
    why: "it is an error in a refresh, so the previous response stays stored",
    hint: "look at the origin",
  },
};
