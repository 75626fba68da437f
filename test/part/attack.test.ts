// Tests that no client, and no wrong result of a rule, gets around what a rule decides.
// Needs parts: esi.
import { describe, expect, it } from "vitest";
import { defineRule } from "../../src/part/rule/define-rule.ts";
import type { Rule } from "../../src/part/rule/rule.ts";
import { esi } from "../../src/parts/esi/esi.ts";
import { cc, page, type Script } from "../../testing/fakes/origin-in-process.ts";
import { openJournalled, send } from "../../testing/site/purge-sender.ts";

const kept = cc("max-age=60", { etag: '"e"' });
const html = cc("max-age=60", { etag: '"e"', "content-type": "text/html" });
const open = (
  use: object[],
  origin: Script,
  route: object = {},
  routes: object[] = [],
  env: object = {},
) =>
  openJournalled({
    origin,
    env: { ORIGIN_KEY: "k", ...env },
    config: { routes: [{ name: "m", match: "/m/*", use, ...route }, ...routes] } as never,
  }).site;
const ajar: Rule = {
  name: "g",
  checks: { headers: ["x-pass"] },
  admits: ({ headers }) => (headers.get("x-pass") === "good" ? "checked" : undefined),
};
const closed: Rule = {
  ...ajar,
  admits: ({ headers }) =>
    headers.get("x-pass") === "good" ? "checked" : new Response("no", { status: 401 }),
};

describe("a credential of checks", () => {
  it.each(["admin", "good, good"])("unchecked (%s) gives nobody else its page", async (sent) => {
    const site = open([defineRule(ajar)], ({ headers }) =>
      page(`for ${headers.get("x-pass")}`, kept),
    );
    await site.get("/m/a", { headers: { "x-pass": sent } });
    expect((await site.get("/m/a")).text).toBe("for null");
  });
  it.each([
    [{ cookies: ["pass"] }, "/m/a", { cookie: "pass=admin" }],
    [{ query: ["sig"] }, "/m/a?sig=admin", {}],
  ])("unchecked bypasses the cache: %o", async (checks, path, headers: Record<string, string>) => {
    const rule = defineRule({ name: "g", checks, admits: () => undefined });
    const site = open([rule], () => page("page", kept), { cookies: { ignore: ["*"] } });
    for (const _ of [1, 2]) {
      expect((await site.get(path, { headers })).cacheStatus).toContain("detail=unchecked");
    }
    await site.get("/m/a");
    expect((await site.get("/m/a")).cacheStatus).toContain("; hit");
  });
  it("checked gives nobody else its fragment of an ungated route", async () => {
    const script: Script = ({ url, headers }) =>
      url.includes("/m/")
        ? page('<esi:include src="/frag"/>', html)
        : page(headers.has("x-pass") ? "member" : "anon", kept);
    const site = open([defineRule(closed), esi("html")], script, {}, [{ name: "p", match: "*" }]);
    await site.get("/m/a", { headers: { "x-pass": "good" } });
    expect((await site.get("/frag")).text).toBe("anon");
  });
  it("does not go to another host of the site", async () => {
    const script: Script = ({ url, headers }) =>
      url.includes("/m/")
        ? page('<esi:include src="https://other.example.com/frag"/>', html)
        : page(`${headers.get("x-pass")}`, kept);
    const env = { SITE_HOST: "www.example.com other.example.com" };
    const site = open(
      [defineRule(closed), esi("html")],
      script,
      {},
      [{ name: "p", match: "*" }],
      env,
    );
    expect((await site.get("/m/a", { headers: { "x-pass": "good" } })).text).toBe("null");
  });
});

it("a client that makes keyed throw cannot forge the field", async () => {
  const plan: Rule = {
    name: "plan",
    keyed: { "x-plan": ({ cookie }) => JSON.parse(cookie("plan") ?? '"free"') as string },
  };
  const site = open([defineRule(plan)], ({ headers }) => page(`${headers.get("x-plan")}`, kept));
  const headers = { "x-plan": "gold", cookie: "plan={" };
  expect((await site.get("/m/a", { headers })).text).toBe("null");
});

it("a client cannot forge a keyed field by an alias in a request that bypasses", async () => {
  const rule = defineRule({ name: "r", keyed: { "x-plan": () => "free" } });
  const site = open([rule], ({ headers }) => page(`${headers.get("x_plan")}`, kept));
  const sent = { method: "POST", headers: { x_plan: "gold" } };
  expect((await site.get("/m/a", sent)).text).toBe("null");
});

it.each([
  ["a promise", async () => ({ tags: ["product"] })],
  ["a text", () => ({ tags: "product" })],
  ["a list", () => ["product"]],
  ["another member", () => ({ tags: [], tag: "product" })],
  ["a rejected promise", () => Promise.reject(new RangeError("unheard"))],
])("received that returns %s is not stored without its tags", async (_, received) => {
  const site = open([defineRule({ name: "r", received } as never)], () => page("x", kept));
  await site.get("/m/a");
  await send(site, { tags: ["product"] });
  expect((await site.get("/m/a")).cacheStatus).not.toContain("; hit");
});

it.each([
  { respond: () => ({ cookies: "a=b" }) },
  { respond: async () => ({ set: { "x-a": "b" } }) },
  { respond: () => ({ add: { "x-a": "b" } }) },
  { fails: async () => Promise.reject(new RangeError("unheard")) },
  { refuses: () => "no" },
  { keyed: { "x-b": async () => Promise.reject(new RangeError("unheard")) } },
  { ignores: () => "range" },
])("a result of a wrong form is counted: %o", async (phases) => {
  const site = open([defineRule({ name: "r", ...phases } as never)], () => page("x", kept));
  await site.get("/m/a");
  expect(site.counted()).toHaveProperty("partFaults|r");
});

it("constants of a wrong form, whose names are unknown, let no request pass", async () => {
  const site = open(
    [defineRule({ name: "r", forward: async () => ({ "x-a": "b" }) } as never)],
    () => page("x", kept),
  );
  expect((await site.get("/m/a")).status).toBe(500);
});

describe("a filter", () => {
  const redact: Rule = {
    name: "f",
    filter: () =>
      new TransformStream({
        transform: (chunk, out) =>
          out.enqueue(
            new TextEncoder().encode(new TextDecoder().decode(chunk).replace("SECRET", "xxx")),
          ),
      }),
  };
  const script: Script = ({ url, headers }) => {
    if (url.endsWith("/p")) return page('<esi:include src="/m/a"/>', html);
    if (headers.has("range"))
      return page("SECRET", { ...kept, "content-range": "bytes 0-5/6" }, 206);
    const coding = /gzip/.test(headers.get("accept-encoding") ?? "")
      ? { "content-encoding": "gzip" }
      : {};
    return page("SECRET", { ...kept, ...coding });
  };
  it.each([
    { authorization: "x", range: "bytes=0-5" },
    { "if-match": "*", range: "bytes=0-5" },
    { accept: "text/event-stream", "accept-encoding": "gzip" },
  ])("is not left out by a bypass %o", async (headers) => {
    const site = open([defineRule(redact)], script);
    expect((await site.get("/m/a", { headers })).text).not.toContain("SECRET");
  });
  it.each([
    redact,
    {
      name: "f",
      filter: () => {
        throw new Error("x");
      },
    } satisfies Rule,
  ])("is not left out of a fragment", async (rule) => {
    const site = open([defineRule(rule)], script, {}, [
      { name: "p", match: "/p", use: [esi("html")] },
    ]);
    expect((await site.get("/p")).text).not.toContain("SECRET");
  });
  const used = new TransformStream();
  void used.readable.getReader();
  it.each([
    () => ({}),
    () => null,
    async () => Promise.reject(new RangeError("unheard")),
    () => used,
  ])("of a wrong form ends the body, and is counted: %o", async (filter) => {
    const site = open([defineRule({ name: "f", filter } as never)], () => page("x", kept));
    expect((await site.ask("/m/a")).status).toBe(500);
    expect(site.counted()).toMatchObject({ "partFaults|f": 1 });
    const late = new Promise((done) => setTimeout(done, 1_000, "body left open"));
    expect(await Promise.race([site.settle(), late])).toBeUndefined();
  });
});

describe("a gate by path", () => {
  const pub: Rule = {
    ...closed,
    admits: (request) =>
      request.path.startsWith("/m/pub/") && request.headers.get("x-pass") === "good"
        ? "checked"
        : new Response("no", { status: 401 }),
    forward: ({ secret }) => ({ "x-gate": secret("ORIGIN_KEY") }),
  };
  it.each([
    "/m/pub/..%2fpriv/x",
    "/m/pub/%2e%2e%2fpriv/x",
    "/m/pub/..%5cpriv/x",
    "/m/pub/..;/priv/x",
    "/m/pub/%252e%252e/priv/x",
  ])("%s does not reach the origin", async (path) => {
    const site = open([defineRule(pub)], () => page("secret", kept));
    expect((await site.get(path, { headers: { "x-pass": "good" } })).status).toBe(400);
    expect(site.origin.count).toBe(0);
  });
  it("lets files with a space in their name pass", async () => {
    const site = open([defineRule(pub)], ({ headers }) => page(`${headers.get("x-gate")}`, kept));
    const seen = await site.get("/m/pub/my%20file.pdf", { headers: { "x-pass": "good" } });
    expect([seen.status, seen.text]).toEqual([200, "k"]);
  });
});

it("with ESI, the page, its fragment on another route, and the cookie have one bucket", async () => {
  let nth = 0;
  const rule = defineRule({
    name: "k",
    keyed: { "x-b": () => `${(nth += 1)}` },
    respond: (_, keyed) => ({ set: { "x-got": `${keyed["x-b"]}` } }),
  });
  const site = open(
    [rule, esi("html")],
    ({ headers, url }) =>
      page(`${headers.get("x-b")}${url.endsWith("/m/a") ? '<esi:include src="/f"/>' : ""}`, html),
    {},
    [{ name: "fragments", match: "/f", use: [rule] }],
  );
  const { text, fields } = await site.get("/m/a");
  expect([text, fields.get("x-got")]).toEqual(["11", "1"]);
});

it("ESI honours ignores", async () => {
  const site = open(
    [defineRule({ name: "i", ignores: () => ["if-none-match"] }), esi("html")],
    () => page("x", html),
  );
  expect((await site.get("/m/a", { headers: { "if-none-match": '"e"' } })).status).toBe(200);
});

it("refuses a name that is keyed and constant, of one rule or two", () => {
  const keyed = defineRule({ name: "k", keyed: { "x-b": () => "a" } });
  const forward = defineRule({ name: "f", forward: () => ({ "x-b": "c" }) });
  const both = defineRule({
    name: "k",
    keyed: { "x-b": () => "a" },
    forward: () => ({ "X-B": "c" }),
  });
  for (const use of [[both], [keyed, forward]]) {
    expect(() => open(use, () => page("x", kept))).toThrow('"x-b" in keyed and in forward');
  }
});
