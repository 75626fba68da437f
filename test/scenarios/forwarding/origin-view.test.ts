// What the origin sees of a request: exactly what was keyed, and nothing that could steer it
// (RFC 9110 §7.6); and what clients see of its answer.
import { describe, expect, it } from "vitest";
import { openSite, type Site } from "../../../testing/site/harness.ts";
import { cc, page } from "../../../testing/fakes/origin-in-process.ts";

type Init = Parameters<Site["get"]>[1];

describe("path and query", () => {
  it.each([
    { id: "sorted", asked: "/a?b=2&a=1", sent: "/a?a=1&b=2" },
    { id: "without-tracking", asked: "/a?utm_source=x&id=7&fbclid=y", sent: "/a?id=7" },
    { id: "without-a-question-mark", asked: "/a?utm_source=x", sent: "/a" },
    { id: "normalised", asked: "/%7ea/caf%c3%a9?%61=%2f", sent: "/~a/caf%C3%A9?a=%2F" },
    { id: "repeats-in-order", asked: "/a?b=2&b=1&a=0", sent: "/a?a=0&b=2&b=1" },
  ])("are those of the key: $id", async ({ asked, sent }) => {
    const site = openSite();
    await site.get(asked);
    expect(site.origin.last.path).toBe(sent);
  });

  it("are only what the route allows", async () => {
    const config = { routes: [{ name: "all", match: "*", query: { allow: ["page"] } }] };
    const site = openSite({ config });
    await site.get("/a?x=1&page=2");
    expect(site.origin.last.path).toBe("/a?page=2");
  });

  it("of a request that is passed by keep every parameter", async () => {
    const site = openSite();
    await site.get("/a?b=2&utm_source=x&a=1", { method: "POST" });
    expect(site.origin.last.path).toBe("/a?b=2&utm_source=x&a=1");
  });

  it("of an ambiguous path are passed by, and nothing is stored", async () => {
    const site = openSite({ origin: (_, nth) => page(`page ${nth}`, cc("max-age=60")) });
    const first = await site.get("/a%2fb");
    expect([site.origin.last.path, first.cacheStatus]).toEqual([
      "/a%2Fb",
      "tidemark; fwd=bypass; fwd-status=200; detail=ambiguous-path",
    ]);
    expect((await site.get("/a%2fb")).text).toBe("page 2");
  });
});

describe("fields", () => {
  it.each<{ id: string; init: Init; name: string; sent: string | null }>([
    { id: "proto", init: {}, name: "x-forwarded-proto", sent: "https" },
    { id: "host", init: {}, name: "x-forwarded-host", sent: "www.example.com" },
    {
      id: "address",
      init: { headers: { "cf-connecting-ip": "192.0.2.7", "x-forwarded-for": "1.1.1.1" } },
      name: "x-forwarded-for",
      sent: "192.0.2.7",
    },
    {
      id: "forged-host",
      init: { headers: { "x-forwarded-host": "evil.example" } },
      name: "x-forwarded-host",
      sent: "www.example.com",
    },
    {
      id: "forged-address",
      init: { headers: { "x-forwarded-for": "1.1.1.1" } },
      name: "x-forwarded-for",
      sent: null,
    },
    ...["content-length", "content-type", "expect"].map((name) => ({
      id: `${name}-of-GET-with-credentials`,
      init: { headers: { authorization: "Bearer 1", [name]: "9" } },
      name,
      sent: null,
    })),
    { id: "forwarded", init: { headers: { forwarded: "for=x" } }, name: "forwarded", sent: null },
    {
      id: "original-url",
      init: { headers: { "x-original-url": "/admin" } },
      name: "x-original-url",
      sent: null,
    },
    {
      id: "method-override",
      init: { headers: { "x-http-method-override": "DELETE" } },
      name: "x-http-method-override",
      sent: null,
    },
    {
      id: "cookies",
      init: { headers: { cookie: "_ga=1; s=2; _fbp=3" } },
      name: "cookie",
      sent: "s=2",
    },
    { id: "no-cookies", init: { headers: { cookie: "_ga=1" } }, name: "cookie", sent: null },
    {
      id: "encodings",
      init: { headers: { "accept-encoding": "zstd, gzip;q=0.1, br" } },
      name: "accept-encoding",
      sent: "br, gzip",
    },
    {
      id: "directives",
      init: { headers: { "cache-control": "no-cache" } },
      name: "cache-control",
      sent: "max-age=0",
    },
    { id: "hop-by-hop", init: { headers: { "keep-alive": "x" } }, name: "keep-alive", sent: null },
    {
      id: "nominated",
      init: { headers: { connection: "x-hop", "x-hop": "1" } },
      name: "x-hop",
      sent: null,
    },
    {
      id: "others",
      init: { headers: { "accept-language": "de" } },
      name: "accept-language",
      sent: "de",
    },
    {
      id: "passed-forged-host",
      init: { method: "POST", headers: { "x-forwarded-host": "evil.example" } },
      name: "x-forwarded-host",
      sent: "www.example.com",
    },
    {
      id: "passed-cookies",
      init: { method: "POST", headers: { cookie: "_ga=1; s=2" } },
      name: "cookie",
      sent: "_ga=1; s=2",
    },
    {
      id: "passed-nominated",
      init: { method: "POST", headers: { connection: "x-hop", "x-hop": "1" } },
      name: "x-hop",
      sent: null,
    },
  ])("$id", async ({ init, name, sent }) => {
    const site = openSite();
    await site.get("/a", init);
    expect(site.origin.last.fields.get(name)).toBe(sent);
  });
});

describe("a request that is passed by", () => {
  it.each(["POST", "PUT", "PATCH", "DELETE"])("goes with its body: %s", async (method) => {
    const site = openSite({ origin: async (request) => page(await request.text()) });
    const seen = await site.get("/a", { method, body: "größer" });
    expect([seen.text, site.origin.last.method]).toEqual(["größer", method]);
  });

  it.each([
    { id: "silent", fields: {}, value: "private" },
    { id: "lifetime", fields: cc("max-age=60"), value: "max-age=60, private" },
    { id: "no-store", fields: cc("no-store"), value: "no-store" },
    { id: "public", fields: cc("public, max-age=60"), value: "public, max-age=60" },
  ])("gets `private` unless the origin said more: $id", async ({ fields, value }) => {
    const site = openSite({ origin: () => page("done", fields) });
    const seen = await site.get("/a", { method: "POST" });
    expect(seen.fields.get("cache-control")).toBe(value);
  });

  it("keeps its upgrade, and nothing else of the connection's", async () => {
    const site = openSite();
    const headers = { upgrade: "websocket", connection: "upgrade, x-hop", "x-hop": "1" };
    await site.get("/a", { headers });
    const { fields } = site.origin.last;
    expect([fields.get("upgrade"), fields.get("connection")]).toEqual(["websocket", "upgrade"]);
    expect(fields.has("x-hop")).toBe(false);
  });

  it("keeps its own conditions", async () => {
    const site = openSite();
    await site.get("/a", { method: "PUT", headers: { "if-match": '"1"' } });
    expect(site.origin.last.fields.get("if-match")).toBe('"1"');
  });
});

describe("what clients see of an answer", () => {
  it.each([
    { id: "hop-by-hop", fields: { "keep-alive": "timeout=5" }, name: "keep-alive", seen: null },
    { id: "nominated", fields: { connection: "x-hop,", "x-hop": "1" }, name: "x-hop", seen: null },
    { id: "tags", fields: { "cache-tag": "a" }, name: "cache-tag", seen: null },
    {
      id: "location-alone",
      fields: { location: "https://origin.invalid/b" },
      name: "location",
      seen: "https://www.example.com/b",
    },
    { id: "encoding", fields: { "content-encoding": "br" }, name: "content-encoding", seen: "br" },
    { id: "others", fields: { "x-app": "1" }, name: "x-app", seen: "1" },
  ])("$id: stored and passed on alike", async ({ fields, name, seen }) => {
    for (const cacheControl of ["max-age=60", "no-store"]) {
      const site = openSite({
        origin: () => page("page", cc(cacheControl, fields)),
      });
      for (const answer of [await site.get("/a"), await site.get("/a")]) {
        expect(answer.fields.get(name)).toBe(seen);
      }
    }
  });

  it.each([204, 205, 301, 404, 410])("the status %i", async (status) => {
    const site = openSite({
      origin: () => new Response(null, { status, headers: cc("max-age=60") }),
    });
    expect((await site.get("/a")).status).toBe(status);
    expect((await site.get("/a")).status).toBe(status);
  });
});
