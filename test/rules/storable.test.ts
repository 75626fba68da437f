// One row per condition of RFC 9111 §3 and §3.5, then per rule of our own.
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { governingDirectives } from "../../src/rules/governing-directives.ts";
import { mayStore, sharedExplicitly } from "../../src/rules/storable.ts";
import { fieldsWith, headerText, seeded } from "../../testing/examples/header-text.ts";

interface Asked {
  readonly fields: Readonly<Record<string, string>>;
  readonly method?: string;
  readonly noStore?: boolean;
  readonly hasAuthorization?: boolean;
  readonly status?: number;
  readonly lifetimeAssigned?: boolean;
  readonly hasUse?: boolean;
  readonly isNamed?: boolean;
}

const ruleFor = (asked: Asked) => {
  const fields = fieldsWith(asked.fields);
  const verdict = mayStore({
    request: {
      method: asked.method ?? "GET",
      noStore: asked.noStore ?? false,
      hasAuthorization: asked.hasAuthorization ?? false,
    },
    status: asked.status ?? 200,
    fields,
    governing: governingDirectives(fields),
    lifetimeAssigned: asked.lifetimeAssigned ?? false,
    isNamed: asked.isNamed ?? true,
    hasUse: asked.hasUse ?? true,
  });
  return verdict.kind === "storable" ? "storable" : verdict.rule;
};

const fresh = { "cache-control": "max-age=60" };
const cc = (text: string) => ({ "cache-control": text });

describe("mayStore", () => {
  it.each([
    { id: "plain", clause: "§3", fields: fresh, rule: "storable" },
    { id: "head", clause: "§3", fields: fresh, method: "HEAD", rule: "method" },
    { id: "post", clause: "§3", fields: fresh, method: "POST", rule: "method" },
    {
      id: "get-in-small-letters",
      clause: "RFC 9110 §9.1",
      fields: fresh,
      method: "get",
      rule: "method",
    },
    { id: "no-store", clause: "§5.2.2.5", fields: cc("max-age=60, no-store"), rule: "no-store" },
    {
      id: "no-store-in-quotes",
      clause: "§5.2",
      fields: cc('x="no-store", max-age=60'),
      rule: "storable",
    },
    {
      id: "no-store-asked",
      clause: "§5.2.1.5",
      fields: fresh,
      noStore: true,
      rule: "request-no-store",
    },
    { id: "private", clause: "§5.2.2.7", fields: cc("max-age=60, private"), rule: "private" },
    { id: "private-over-public", clause: "§4.2.1", fields: cc("public, private"), rule: "private" },
    {
      id: "private-qualified",
      clause: "§5.2.2.7",
      fields: cc('max-age=60, private="x"'),
      rule: "storable",
    },
    {
      id: "private-malformed",
      clause: "§5.2.2.7",
      fields: cc('max-age=60, private="x y"'),
      rule: "private",
    },
    { id: "no-cache", clause: "§5.2.2.4", fields: cc("max-age=60, no-cache"), rule: "storable" },
    {
      id: "must-understand",
      clause: "§5.2.2.3",
      fields: cc("max-age=60, must-understand, no-store"),
      rule: "storable",
    },
    {
      id: "must-understand-unknown-status",
      clause: "§5.2.2.3",
      fields: cc("max-age=60, must-understand"),
      status: 299,
      rule: "status-not-understood",
    },
    {
      id: "must-understand-lifts-no-request",
      clause: "§5.2.1.5",
      fields: cc("max-age=60, must-understand, no-store"),
      noStore: true,
      rule: "request-no-store",
    },
    {
      id: "set-cookie",
      clause: "ours, §7.3",
      fields: { ...fresh, "set-cookie": "a=1" },
      rule: "set-cookie",
    },
    {
      id: "set-cookie-public",
      clause: "ours, §7.3",
      fields: { ...cc("public"), "set-cookie": "a=1" },
      rule: "set-cookie",
    },
    { id: "vary", clause: "§4.1", fields: { ...fresh, vary: "accept" }, rule: "storable" },
    { id: "vary-star", clause: "§4.1", fields: { ...fresh, vary: "*" }, rule: "vary-any" },
    {
      id: "vary-star-in-list",
      clause: "§4.1",
      fields: { ...fresh, vary: "accept ,\t* , a" },
      rule: "vary-any",
    },
    { id: "vary-star-in-name", clause: "§4.1", fields: { ...fresh, vary: "x*" }, rule: "storable" },
    { id: "vary-unreadable", clause: "§4.1", fields: { ...fresh, vary: "a b" }, rule: "vary-any" },
    { id: "no-use", clause: "ours", fields: fresh, hasUse: false, rule: "no-use" },
  ])("$id ($clause)", ({ rule, ...asked }) => {
    expect(ruleFor(asked as Asked)).toBe(rule);
  });

  it.each([
    { status: 100, rule: "status-not-understood" },
    { status: 199, rule: "status-not-understood" },
    { status: 200, rule: "storable" },
    { status: 206, rule: "partial" },
    { status: 299, rule: "storable" },
    { status: 304, rule: "status-not-understood" },
    { status: 404, rule: "storable" },
    { status: 416, rule: "partial" },
    { status: 503, rule: "storable" },
  ])("status $status with a lifetime (§3)", ({ status, rule }) => {
    expect(ruleFor({ fields: fresh, status })).toBe(rule);
  });

  it.each([
    { id: "nothing", fields: {}, rule: "not-allowed-explicitly" },
    { id: "public", fields: cc("public"), rule: "storable" },
    { id: "max-age", fields: cc("max-age=0"), rule: "storable" },
    { id: "s-maxage", fields: cc("s-maxage=0"), rule: "storable" },
    { id: "expires", fields: { expires: "0" }, rule: "storable" },
    {
      id: "other-directives",
      fields: cc("no-cache, must-revalidate"),
      rule: "not-allowed-explicitly",
    },
    { id: "heuristic-status", fields: {}, status: 410, rule: "storable" },
    { id: "assigned", fields: {}, lifetimeAssigned: true, rule: "storable" },
    { id: "assigned-no-store", fields: cc("no-store"), lifetimeAssigned: true, rule: "no-store" },
    { id: "assigned-private", fields: cc("private"), lifetimeAssigned: true, rule: "private" },
    {
      id: "targeted-hides-expires",
      fields: { expires: "0", "cdn-cache-control": "none" },
      rule: "not-allowed-explicitly",
    },
    { id: "targeted", fields: { "cdn-cache-control": "max-age=60" }, rule: "storable" },
    {
      id: "targeted-hides-no-store",
      fields: { ...cc("no-store"), "cdn-cache-control": "max-age=60" },
      rule: "storable",
    },
  ])("a 302 may be stored: $id (§3)", ({ rule, ...asked }) => {
    expect(ruleFor({ status: 302, ...(asked as Asked) })).toBe(rule);
  });

  it.each([
    { id: "max-age", clause: "§3.5", fields: fresh, rule: "authorization" },
    { id: "public", clause: "§3.5", fields: cc("max-age=60, public"), rule: "storable" },
    { id: "s-maxage", clause: "§3.5", fields: cc("s-maxage=60"), rule: "storable" },
    { id: "public-private", clause: "§3.5", fields: cc("public, private"), rule: "private" },
    {
      id: "targeted-max-age",
      clause: "§3.5",
      fields: { "cdn-cache-control": "max-age=60" },
      rule: "authorization",
    },
    {
      id: "targeted-public",
      clause: "§3.5",
      fields: { "cdn-cache-control": "public" },
      rule: "storable",
    },
    { id: "assigned", clause: "§3.5", fields: {}, lifetimeAssigned: true, rule: "authorization" },
    {
      id: "must-understand",
      clause: "§5.2.2.3",
      fields: cc("public, must-understand, no-store"),
      rule: "storable",
    },
    // §3.5 would allow this one; a shared cache need not.
    {
      id: "must-revalidate",
      clause: "ours, §3.5",
      fields: cc("max-age=60, must-revalidate"),
      rule: "authorization",
    },
  ])("with Authorization: $id ($clause)", ({ rule, ...asked }) => {
    expect(ruleFor({ hasAuthorization: true, ...(asked as Asked) })).toBe(rule);
  });

  it("never throws, and stores nothing that says private or sets a cookie", () => {
    fc.assert(
      fc.property(headerText, headerText, headerText, (control, targeted, vary) => {
        const fields = { "cache-control": `private, ${control}`, vary };
        expect(ruleFor({ fields })).not.toBe("storable");
        ruleFor({ fields: { "cache-control": control, "cdn-cache-control": targeted, vary } });
        const cookie = { ...fields, "cdn-cache-control": targeted, "set-cookie": control };
        expect(ruleFor({ fields: cookie, lifetimeAssigned: true })).not.toBe("storable");
      }),
      seeded,
    );
  });
});

describe("sharedExplicitly", () => {
  it.each([
    { id: "public", fields: cc("public"), shared: true },
    { id: "s-maxage", fields: cc("s-maxage=0"), shared: true },
    { id: "max-age", fields: fresh, shared: false },
    { id: "must-revalidate", fields: cc("max-age=60, must-revalidate"), shared: false },
    { id: "public-private", fields: cc("public, private"), shared: false },
    { id: "public-no-store", fields: cc("public, no-store"), shared: false },
    { id: "public-private-qualified", fields: cc('public, private="x"'), shared: true },
    { id: "targeted-lifetime", fields: { "cdn-cache-control": "max-age=60" }, shared: true },
    {
      id: "targeted-none",
      fields: { "cdn-cache-control": "none", ...cc("public") },
      shared: false,
    },
  ])("$id", ({ fields, shared }) => {
    expect(sharedExplicitly(governingDirectives(fieldsWith(fields as Asked["fields"])))).toBe(
      shared,
    );
  });
});
