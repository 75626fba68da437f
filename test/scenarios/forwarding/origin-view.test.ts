// Tests the request that the origin gets, and the answer that clients get (RFC 9110 §7.6).
// Unit tests of the rules are in test/pages: request/forwarded-fields.test.ts,
// request/target.test.ts and respond/downstream.test.ts.
import { describe, expect, it } from "vitest";
import { type AskInit, openSite, type Site } from "../../../testing/site/harness.ts";
import { cc, page, type Script } from "../../../testing/fakes/origin-in-process.ts";
import type { ConfigInput } from "../../../src/config/schema.ts";

const post = { method: "POST" };
const withCredentials = { headers: { authorization: "Bearer 1" } };
const routeOf = (route: object) =>
  ({ routes: [{ name: "all", match: "*", ...route }] }) as ConfigInput;
const spelled = "/%7ea%2D/caf%c3%a9?%62=%2f%2D&utm_source=x&&a=%7E&b=1&";
const signed =
  "/f%2D1.txt?X-Amz-Date=2&X-Amz-Credential=a%2Fb%2f&x-id=GetObject&X-Amz-Signature=c%2d";

type Fields<Value = string> = Readonly<Record<string, Value>>;

describe("lines of Cookie, which Workers join by commas,", () => {
  const bypass = routeOf({ bypass: true });
  const keyed = routeOf({ key: { cookies: ["b"] } });

  it.each<[id: string, config: ConfigInput, cookie: string, sent: string]>([
    ["on a bypassed route", bypass, "a=1, b=2", "a=1; b=2"],
    ["unknown", {}, "a=1; b=2, c=3", "a=1; b=2; c=3"],
    ["of the key", keyed, "a=1, b=2", "b=2; a=1"],
    ["with an empty value", bypass, "a=, b=2", "a=; b=2"],
    ["not: a value with commas", bypass, "a=1,2, 3; b=x,c=2", "a=1,2, 3; b=x,c=2"],
    ["not: a quoted value", bypass, 'a="1, b=2"; c=3', 'a="1, b=2"; c=3'],
    ["beside JSON", bypass, 'a={"b": 1, "c": 2}, d=3', 'a={"b": 1, "c": 2}; d=3'],
  ])("reach the origin with semicolons: %s", async (_, config, cookie, sent) => {
    const site = openSite({ config });
    await site.get("/a", { headers: { cookie } });
    expect(site.origin.last.fields.get("cookie")).toBe(sent);
  });

  it("hide no cookie from the key", async () => {
    const site = openSite({
      config: keyed,
      origin: ({ headers }) => page(headers.get("cookie") ?? "", cc("max-age=60")),
    });
    await site.get("/a", { headers: { cookie: "b=2" } });
    const both = await site.get("/a", { headers: { cookie: "_ga=1, b=2" } });
    expect([both.text, both.cacheStatus]).toEqual(["b=2", "tidemark; hit; ttl=60; detail=memory"]);
  });

  it("are joined for a POST with its body", async () => {
    const site = openSite();
    await site.get("/a", { ...post, body: "x", headers: { cookie: "a=1, b=2" } });
    expect(site.origin.last.fields.get("cookie")).toBe("a=1; b=2");
  });
});

describe("the path and query of a forwarded request", () => {
  it.each<{ id: string; asked: string; sent?: string; init?: AskInit; config?: ConfigInput }>([
    {
      id: "without tracking",
      asked: spelled,
      sent: "/%7ea%2D/caf%c3%a9?%62=%2f%2D&&a=%7E&b=1&",
    },
    { id: "with an escaped tracking name", asked: "/a?b&utm%5Fsource=x&a", sent: "/a?b&a" },
    { id: "without a question mark", asked: "/a?utm_source=x", sent: "/a" },
    { id: "signed", asked: signed },
    { id: "nested", asked: "/a?v[][x]=1&v[][y]=2&v[][x]=3" },
    { id: "no tracking", asked: spelled, config: { key: { query: { strip: { only: [] } } } } },
    { id: "POST", asked: spelled, init: post },
    { id: "Authorization", asked: spelled, init: withCredentials },
    {
      id: "bypass",
      asked: spelled,
      config: routeOf({ bypass: true, query: { order: "sort", allow: [] } }),
    },
    { id: "dot segments", asked: "/b/../%61/./?%2e%2E/..", sent: "/%61/?%2e%2E/.." },
    {
      id: "sorted",
      asked: "/%7e?b=2&a=%2d&&b=1&utm_source=x",
      sent: "/%7e?a=%2d&b=2&b=1",
      config: routeOf({ query: { order: "sort" } }),
    },
  ])("are as the client sent them: $id", async ({ asked, sent = asked, init, config = {} }) => {
    const site = openSite({ config });
    await site.get(asked, init);
    expect(site.origin.last.path).toBe(sent);
  });

  it("contain only query parameters that the route allows", async () => {
    const site = openSite({ config: routeOf({ query: { allow: ["page"] } }) });
    await site.get("/a?&x=1&page=2&");
    expect(site.origin.last.path).toBe("/a?page=2");
  });

  it("make the request bypass the cache if the path is ambiguous", async () => {
    const site = openSite({ origin: (_, nth) => page(`page ${nth}`, cc("max-age=60")) });
    const { cacheStatus } = await site.get("/a%2fb");
    expect(site.origin.last.path).toBe("/a%2fb");
    expect(cacheStatus).toBe("tidemark; fwd=bypass; fwd-status=200; detail=ambiguous-path");
    expect((await site.get("/a%2fb")).text).toBe("page 2");
  });
});

describe("the fields of a forwarded request", () => {
  const forged = {
    "x-forwarded-host": "evil.example",
    "x-forwarded-for": "1.1.1.1",
    "x-real-ip": "1.1.1.1",
  };
  const nominating = { connection: "x-hop", "x-hop": "1" };
  const address = { "cf-connecting-ip": "192.0.2.7" };
  const addressed = (value: string | null) => ({ "x-forwarded-for": value, "x-real-ip": value });
  const encodings = { "accept-encoding": "zstd, gzip;q=0.1, br" };
  const ifMatch = { "if-match": '"1"' };
  const ours = { "x-forwarded-proto": "https", "x-forwarded-host": "www.example.com" };

  const cookie = "_ga=1; s=2";
  const upgrade = { upgrade: "websocket", connection: "upgrade" };
  const upgradeAndHop = { ...upgrade, connection: "upgrade, x-hop", "x-hop": "1" };

  it.each<{ id: string; method?: string; headers: Fields; sent: Fields<string | null> }>([
    { id: "forged", headers: forged, sent: { ...ours, ...addressed(null) } },
    { id: "forged-with-bypass", method: "POST", headers: forged, sent: ours },
    { id: "address", headers: { ...forged, ...address }, sent: addressed("192.0.2.7") },
    {
      id: "address-with-bypass",
      method: "POST",
      headers: { ...forged, ...address },
      sent: addressed("192.0.2.7"),
    },
    { id: "nominated", headers: nominating, sent: { "x-hop": null } },
    { id: "nominated-with-bypass", method: "POST", headers: nominating, sent: { "x-hop": null } },
    { id: "cookies", headers: { cookie }, sent: { cookie: "s=2" } },
    { id: "cookies-with-bypass", method: "POST", headers: { cookie }, sent: { cookie } },
    { id: "encodings", headers: encodings, sent: { "accept-encoding": "br, gzip" } },
    { id: "directives", headers: cc("no-cache"), sent: { "cache-control": "max-age=0" } },
    { id: "upgrade", headers: upgradeAndHop, sent: { ...upgrade, "x-hop": null } },
    { id: "own-conditions", method: "PUT", headers: ifMatch, sent: ifMatch },
  ])("are replaced, removed or kept: $id", async ({ method = "GET", headers, sent }) => {
    const site = openSite();
    await site.get("/a", { method, headers });
    for (const [name, value] of Object.entries(sent)) {
      expect([name, site.origin.last.fields.get(name)]).toEqual([name, value]);
    }
  });

  it.each(["content-length", "content-type", "content-range", "x-content-encoding", "expect"])(
    "do not contain %s in a GET with credentials",
    async (name) => {
      const site = openSite();
      await site.get("/a", { headers: { authorization: "Bearer 1", [name]: "9" } });
      expect(site.origin.last.fields.has(name)).toBe(false);
    },
  );
});

describe("a client's field with a word about the host, the path, the scheme or the client", () => {
  const named = (host: string) => ({ headers: { "x-page-hostname": host } });
  const linked =
    (fields: Fields): Script =>
    ({ headers }) =>
      page(`from ${headers.get("x-page-hostname") ?? "here"}`, fields);
  const textOf = async (site: Site, init: AskInit = {}) => (await site.get("/a", init)).text;

  it("changes no stored response", async () => {
    const site = openSite({ origin: linked(cc("max-age=60")) });
    expect(await textOf(site, named("evil.example"))).toBe("from here");
    expect((await site.get("/a")).cacheStatus).toContain("; hit");
  });

  it("selects a variant if the origin names it in Vary", async () => {
    const site = openSite({ origin: linked(cc("max-age=60", { vary: "X-Page-Hostname" })) });
    expect(await textOf(site, named("a.example"))).toBe("from a.example");
    expect(await textOf(site)).toBe("from here");
    expect(await textOf(site, named("b.example"))).toBe("from b.example");
    expect(await textOf(site, named("a.example"))).toBe("from a.example");
    // Without a known `Vary`, the first request is repeated.
    expect(site.origin.count).toBe(4);
    site.clock.advance(61);
    expect(await textOf(site, named("a.example"))).toBe("from a.example");
    expect(site.origin.count).toBe(5);
  });

  it.each<{ id: string; route: object }>([
    { id: "key.headers", route: { key: { headers: ["x-page-hostname"] } } },
    { id: "a condition", route: { when: { header: { "x-page-hostname": ["a.example"] } } } },
    { id: "forward", route: { forward: ["x-page-hostname"] } },
    { id: "credentialFields", route: { credentialFields: { add: ["x-page-hostname"] } } },
    { id: "bypass", route: { bypass: true } },
  ])("reaches the origin if the route names it, or stores nothing: $id", async ({ route }) => {
    const site = openSite({ origin: linked(cc("max-age=60")), config: routeOf(route) });
    expect(await textOf(site, named("a.example"))).toBe("from a.example");
  });

  it("reaches the origin in a POST", async () => {
    const site = openSite({ origin: linked(cc("max-age=60")) });
    expect(await textOf(site, { ...post, ...named("a.example") })).toBe("from a.example");
  });
});

describe("a request that bypasses the cache", () => {
  it.each(["POST", "PUT", "PATCH", "DELETE"])("is forwarded with its body: %s", async (method) => {
    const site = openSite({ origin: async (request) => page(await request.text()) });
    const seen = await site.get("/a", { method, body: "größer" });
    expect([seen.text, site.origin.last.method]).toEqual(["größer", method]);
  });
});

describe("an answer of the origin", () => {
  it("keeps its end-to-end fields except Cache-Tag, whether it is stored or not", async () => {
    const ofHop = { "keep-alive": "timeout=5", connection: "x-hop,", "x-hop": "1" };
    const seenFields = { "content-encoding": "br", "x-app": "1" };
    for (const cacheControl of ["max-age=60", "no-store"]) {
      const fields = cc(cacheControl, { ...ofHop, ...seenFields, "cache-tag": "a" });
      const site = openSite({ origin: () => page("page", fields) });
      for (const _ of ["first", "second"]) {
        const seen = Object.fromEntries((await site.get("/a")).fields);
        expect(seen).toMatchObject(seenFields);
        for (const name of [...Object.keys(ofHop), "cache-tag"])
          expect(seen).not.toHaveProperty(name);
      }
    }
  });

  it.each([204, 205, 301, 404, 410])(
    "reaches the client with the same status, stored or not: %i",
    async (status) => {
      const headers = cc("max-age=60");
      const site = openSite({ origin: () => new Response(null, { status, headers }) });
      for (const _ of ["first", "second"]) expect((await site.get("/a")).status).toBe(status);
    },
  );
});
