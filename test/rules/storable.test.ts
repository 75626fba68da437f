// Tests whether a response may be stored, with one row for each condition of RFC 9111 §3 and §3.5
// and for each rule of Tidemark.
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { governingDirectives } from "../../src/rules/cache-control.ts";
import {
  isOfOneRequest,
  mayStore,
  sharedExplicitly,
  whyNeverStored,
} from "../../src/rules/storable.ts";
import { fieldsWith, headerText, seeded } from "../../testing/examples/header-text.ts";

type Fields = Readonly<Record<string, string>>;

interface Asked {
  readonly method?: string;
  readonly noStore?: boolean;
  readonly status?: number;
  readonly lifetimeAssigned?: boolean;
  readonly hasUse?: boolean;
  readonly isNamed?: boolean;
}

const ruleFor = (texts: Fields, asked: Asked = {}) => {
  const fields = fieldsWith(texts);
  const { method = "GET", noStore = false } = asked;
  const verdict = mayStore({
    request: { method, noStore },
    status: asked.status ?? 200,
    fields,
    setsCookie: fields.has("set-cookie"),
    governing: governingDirectives(fields),
    lifetimeAssigned: asked.lifetimeAssigned ?? false,
    isNamed: asked.isNamed ?? true,
    hasUse: asked.hasUse ?? true,
  });
  return verdict.kind === "storable" ? "storable" : verdict.rule;
};

const cc = (text: string, more: Fields = {}): Fields => ({ "cache-control": text, ...more });
const fresh = cc("max-age=60");
const typed = (type: string): Fields => ({ ...fresh, "content-type": type });
const coded = (coding: string): Fields => ({ ...fresh, "content-encoding": coding });
const cookie = { "set-cookie": "a=1" };
const targeted = { "cdn-cache-control": "max-age=60" };
const understood = cc("max-age=60, must-understand, no-store");

describe("mayStore", () => {
  it.each<[id: string, clause: string, fields: Fields, rule: string, asked?: Asked]>([
    ["plain", "§3", fresh, "storable"],
    ["head", "§3", fresh, "method", { method: "HEAD" }],
    ["get-in-small-letters", "RFC 9110 §9.1", fresh, "method", { method: "get" }],
    ["no-store", "§5.2.2.5", cc("max-age=60, no-store"), "no-store"],
    ["no-store-in-quotes", "§5.2", cc('x="no-store", max-age=60'), "storable"],
    ["no-store-in-request", "§5.2.1.5", fresh, "request-no-store", { noStore: true }],
    ["private", "§5.2.2.7", cc("max-age=60, private"), "private"],
    ["private-over-public", "§4.2.1", cc("public, private"), "private"],
    ["private-qualified", "§5.2.2.7", cc('max-age=60, private="x"'), "storable"],
    ["private-malformed", "§5.2.2.7", cc('max-age=60, private="x y"'), "private"],
    ["no-cache", "§5.2.2.4", cc("max-age=60, no-cache"), "storable"],
    ["must-understand", "§5.2.2.3", understood, "storable"],
    ["must-understand-unknown", "§5.2.2.3", understood, "status-not-understood", { status: 299 }],
    [
      "must-understand-with-no-store-in-request",
      "§5.2.1.5",
      understood,
      "request-no-store",
      { noStore: true },
    ],
    ["set-cookie", "ours, §7.3", { ...fresh, ...cookie }, "set-cookie"],
    ["set-cookie-public", "ours, §7.3", cc("public", cookie), "set-cookie"],
    ["vary", "§4.1", { ...fresh, vary: "accept" }, "storable"],
    ["vary-star", "§4.1", { ...fresh, vary: "*" }, "vary-any"],
    ["vary-star-in-list", "§4.1", { ...fresh, vary: "accept ,\t* , a" }, "vary-any"],
    ["vary-star-in-name", "§4.1", { ...fresh, vary: "x*" }, "storable"],
    ["vary-unreadable", "§4.1", { ...fresh, vary: "a b" }, "vary-any"],
    ["event-stream", "ours", typed("Text/Event-Stream"), "endless-stream"],
    ["event-stream-with-parameter", "ours", typed("text/event-stream ; a=b"), "endless-stream"],
    ["mixed-replace", "ours", typed(" multipart/x-mixed-replace;boundary=x"), "endless-stream"],
    ["longer-name-of-stream", "ours", typed("text/event-streams"), "storable"],
    ["name-before-stream", "ours", typed("x-text/event-stream"), "storable"],
    ["stream-in-parameter", "ours", typed("text/plain; a=text/event-stream"), "storable"],
    ["dcb", "RFC 9842 §4", coded("dcb"), "dictionary-coded"],
    ["dcz", "RFC 9842 §5", coded(" DCZ "), "dictionary-coded"],
    ["gzip-over-dcb", "RFC 9842 §4", coded("dcb, gzip"), "dictionary-coded"],
    ["name-like-dcb", "RFC 9842 §4", coded("x-dcb"), "storable"],
    ["no-use", "ours", fresh, "no-use", { hasUse: false }],
  ])(
    "returns the rule that forbids storing, or storable: %s (%s)",
    (_id, _clause, fields, rule, asked) => {
      expect(ruleFor(fields, asked)).toBe(rule);
    },
  );

  it.each([
    { status: 100, rule: "status-not-understood" },
    { status: 199, rule: "status-not-understood" },
    { status: 200, rule: "storable" },
    { status: 206, rule: "partial" },
    { status: 226, rule: "partial" },
    { status: 299, rule: "storable" },
    { status: 304, rule: "status-not-understood" },
    { status: 404, rule: "storable" },
    { status: 416, rule: "partial" },
    { status: 503, rule: "storable" },
  ])("allows known statuses: status $status with a lifetime (§3)", ({ status, rule }) => {
    expect(ruleFor(fresh, { status })).toBe(rule);
  });

  it.each([302, 303, 307, 400, 401, 403, 451, 500, 502, 503, 504])(
    "understands status %d, so must-understand overrides no-store (§5.2.2.3)",
    (status) => {
      expect(ruleFor(understood, { status })).toBe("storable");
    },
  );

  it.each([
    { status: 403, isNamed: true, rule: "storable" },
    { status: 403, isNamed: false, rule: "error-status" },
    { status: 500, isNamed: false, rule: "error-status" },
    { status: 404, isNamed: false, rule: "storable" },
    { status: 410, isNamed: false, rule: "storable" },
    { status: 302, isNamed: false, rule: "storable" },
    { status: 429, isNamed: true, rule: "error-status" },
    { status: 431, isNamed: true, rule: "error-status" },
  ])("stores an error only if the route names it (RFC 6585): $status, $isNamed", (row) => {
    expect(ruleFor(fresh, { status: row.status, isNamed: row.isNamed })).toBe(row.rule);
  });

  const assigned = { lifetimeAssigned: true };
  const hidden = { expires: "0", "cdn-cache-control": "none" };

  it.each<[id: string, fields: Fields, rule: string, asked?: Asked]>([
    ["nothing", {}, "not-allowed-explicitly"],
    ["public", cc("public"), "storable"],
    ["max-age", cc("max-age=0"), "storable"],
    ["s-maxage", cc("s-maxage=0"), "storable"],
    ["expires", { expires: "0" }, "storable"],
    ["other-directives", cc("no-cache, must-revalidate"), "not-allowed-explicitly"],
    ["heuristic-status", {}, "storable", { status: 410 }],
    ["assigned", {}, "storable", assigned],
    ["assigned-no-store", cc("no-store"), "no-store", assigned],
    ["assigned-private", cc("private"), "private", assigned],
    ["targeted-hides-expires", hidden, "not-allowed-explicitly"],
    ["targeted", targeted, "storable"],
    ["targeted-hides-no-store", cc("no-store", targeted), "storable"],
  ])("allows a 302 only explicitly: %s (§3)", (_id, fields, rule, asked) => {
    expect(ruleFor(fields, { status: 302, ...asked })).toBe(rule);
  });

  it("never throws, and never allows private or Set-Cookie", () => {
    fc.assert(
      fc.property(headerText, headerText, headerText, (control, text, vary) => {
        const fields = { "cache-control": `private, ${control}`, vary };
        expect(ruleFor(fields)).not.toBe("storable");
        ruleFor({ "cache-control": control, "cdn-cache-control": text, vary });
        const cookies = { ...fields, "cdn-cache-control": text, "set-cookie": control };
        expect(ruleFor(cookies, assigned)).not.toBe("storable");
      }),
      seeded,
    );
  });
});

describe("sharedExplicitly", () => {
  it.each([
    ["public", cc("public"), true],
    ["s-maxage", cc("s-maxage=0"), true],
    ["max-age", fresh, false],
    ["must-revalidate", cc("max-age=60, must-revalidate"), false],
    ["public-private", cc("public, private"), false],
    ["public-no-store", cc("public, no-store"), false],
    ["public-private-qualified", cc('public, private="x"'), true],
    ["targeted-lifetime", { "cdn-cache-control": "max-age=60" }, true],
    ["targeted-none", { "cdn-cache-control": "none", ...cc("public") }, false],
  ])("is true for public, s-maxage and a targeted lifetime: %s", (_id, fields, shared) => {
    expect(sharedExplicitly(governingDirectives(fieldsWith(fields)))).toBe(shared);
  });
});

describe("whyNeverStored", () => {
  it.each([
    ...[428, 429, 431, 511].map((status) => [status, "must not be stored (RFC 6585)"] as const),
    ...[206, 226, 416].map(
      (status) => [status, "describes only a part, so it is never stored"] as const,
    ),
    [522, "is Cloudflare's own status for a failed origin, so it is never stored"] as const,
    ...[200, 404, 430, 500, 519].map((status) => [status, undefined] as const),
  ])("says of status %d: %s", (status, why) => {
    expect(whyNeverStored(status)).toBe(why);
  });
});

it.each([
  [399, false],
  [400, true],
  [403, true],
  [404, false],
  [410, false],
  [500, true],
])("isOfOneRequest(%d) is %s", (status, isIt) => {
  expect(isOfOneRequest(status)).toBe(isIt);
});
