// Tests the request that a handler behind the cache gets. On a route with `bypass`, the handler
// gets the client's own request. On other routes, it gets only the keyed parts of a request that
// may be stored.
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { explained } from "../../../testing/site/explained.ts";
import { openSite, type Site, type SiteOptions } from "../../../testing/site/harness.ts";

interface SeenRequest {
  readonly url: string;
  readonly method: string;
  readonly fields: Readonly<Record<string, string>>;
  readonly cf: unknown;
  readonly body: string;
}

const options: SiteOptions = {
  env: { ADMIN_TOKEN: "token-of-who-asks-why" },
  config: {
    routes: [
      { name: "mine", match: "/me/*", bypass: true },
      { name: "local", match: "/local/*", key: { cf: ["country", "isEUCountry"] } },
      {
        name: "stale",
        match: "/stale/*",
        key: { cf: ["country"] },
        fresh: "1m",
        mode: "override",
        staleWhileRevalidate: "1h",
      },
      { name: "rest", match: "*" },
    ],
  },
  handlers: {
    default: async (request) => {
      const { url, method, headers, cf } = request;
      const body = await request.text();
      const seen = { url, method, fields: Object.fromEntries(headers), cf, body };
      return Response.json(seen, { headers: { "cache-control": "public, max-age=600" } });
    },
  },
};
const named = { ...options, env: { SITE_HOST: "www.example.com" } };
const german = { country: "DE", colo: "HAM", asn: 1 };

/** A request as in the Workers runtime. Requests of Node have no `cf`. */
class WithCf extends Request {
  override readonly cf: Readonly<Record<string, unknown>> | undefined;
  constructor(input: RequestInfo | URL, init: RequestInit = {}) {
    super(input, init);
    this.cf = init.cf as Readonly<Record<string, unknown>> | undefined;
  }
}

beforeAll(() => void vi.stubGlobal("Request", WithCf));
afterAll(() => void vi.unstubAllGlobals());

/** Sends a request to another host than the site's first. */
async function ask(site: Site, path: string, init: RequestInit = {}) {
  const response = await site.handle(new WithCf(`https://own.example.com${path}`, init));
  const cacheStatus = response.headers.get("cache-status") ?? "";
  const seen = JSON.parse(await response.text()) as SeenRequest;
  await site.settle();
  return { ...seen, cacheStatus };
}

const headers = {
  host: "own.example.com",
  "x-forwarded-for": "192.0.2.1",
  "x-real-ip": "192.0.2.1",
  "x-original-url": "/b",
  accept_language: "de",
  connection: "x-of-connection",
  "x-of-connection": "1",
  range: "bytes=0-1",
  cookie: "_ga=1; session=2",
  "cf-connecting-ip": "192.0.2.7",
  "if-none-match": '"a"',
};

describe("a request on a route with bypass", () => {
  it("reaches a handler as the client has sent it", async () => {
    const path = "/m%65/x%2D?b=%2d&utm_source=y&&a=2";
    const init = { method: "POST", headers, body: "mine", cf: german };
    const { fields: all, ...seen } = await ask(openSite(named), path, init);
    const { via, ...fields } = all;
    expect(via).toMatch(/^1\.1 tidemark-/);
    expect(fields).toEqual({ ...headers, "content-type": "text/plain;charset=UTF-8" });
    const url = `https://own.example.com${path}`;
    expect(seen).toMatchObject({ url, method: "POST", cf: german, body: "mine" });
  });

  it("reaches a handler without cf if the runtime sets no cf", async () => {
    expect((await ask(openSite(options), "/me/x")).cf).toBeUndefined();
  });

  it("reaches an origin with a URL without forgeable fields", async () => {
    const { handlers: _, ...byUrl } = options;
    const site = openSite(byUrl);
    await site.get("/me/x", { headers });
    const sent = site.origin.last.fields;
    const names = ["x-real-ip", "host", "x-forwarded-for"];
    expect(names.map((name) => sent.get(name))).toEqual(["192.0.2.7", null, "192.0.2.7"]);
  });
});

it("gives a handler cf, the site's Host and no forgeable field of a bypassing POST", async () => {
  const init = { method: "POST", headers, body: "x", cf: german };
  const seen = await ask(openSite(named), "/page", init);
  expect(seen).toMatchObject({
    url: "https://www.example.com/page",
    cf: german,
    fields: {
      host: "www.example.com",
      "x-forwarded-for": "192.0.2.7",
      "x-real-ip": "192.0.2.7",
    },
  });
  expect(seen.fields).not.toHaveProperty("x-original-url");
});

describe("a request whose answer may be stored", () => {
  it("has the keyed host as Host, and no cf", async () => {
    const { fields, cf } = await ask(openSite(named), "/page", { headers, cf: german });
    expect([fields["host"], cf]).toEqual(["www.example.com", undefined]);
  });

  it("has the keyed members of cf, whose values have separate stored pages", async () => {
    const site = openSite(options);
    const french = { country: "FR", isEUCountry: "1" };
    expect((await ask(site, "/local/x", { cf: german })).cf).toEqual({ country: "DE" });
    expect((await ask(site, "/local/x", { cf: { ...german, asn: 2 } })).cacheStatus).toMatch(/hit/);
    for (const cf of [french, undefined]) {
      const seen = await ask(site, "/local/x", cf && { cf });
      expect(seen.cf).toEqual(cf);
      expect(seen.cacheStatus).toContain("uri-miss");
    }
  });

  it("has no keyed member of cf that is an object or a long text", async () => {
    const site = openSite(options);
    const cf = { country: { of: "a client" }, isEUCountry: "x".repeat(300) };
    expect((await ask(site, "/local/x", { cf })).cf).toBeUndefined();
    expect((await ask(site, "/local/x")).cacheStatus).toMatch(/hit/);
  });

  it("has the same members in a refresh", async () => {
    const site = openSite(options);
    await ask(site, "/stale/x", { cf: german });
    site.clock.advance(120);
    expect((await ask(site, "/stale/x", { cf: german })).cacheStatus).toContain("ttl=-60");
    const { cf, cacheStatus } = await ask(site, "/stale/x", { cf: german });
    expect([cf, cacheStatus]).toEqual([{ country: "DE" }, expect.stringContaining("ttl=60")]);
  });

  it("is explained with the keyed members", async () => {
    const { look } = await explained(openSite(options), "/local/x");
    expect(look?.key.fields).toEqual([
      ["cf.country", null],
      ["cf.isEUCountry", null],
    ]);
  });
});
