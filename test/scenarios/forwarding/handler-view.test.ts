// What a handler behind the cache sees of a client: all on a route with `bypass`, and else what is keyed.
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
      { name: "rest", match: "*" },
    ],
  },
  handlers: {
    default: async (request) => {
      const { url, method, headers, cf } = request;
      const seen = { url, method, fields: Object.fromEntries(headers), cf };
      const body = await request.text();
      return new Response(JSON.stringify({ ...seen, body }), {
        headers: { "cache-control": "public, max-age=600" },
      });
    },
  },
};

const german = { country: "DE", colo: "HAM", asn: 1 };

/** As the Workers runtime has it; on Node nothing has `cf`. */
class WithCf extends Request {
  override readonly cf: Readonly<Record<string, unknown>> | undefined;
  constructor(input: RequestInfo | URL, init: RequestInit = {}) {
    super(input, init);
    this.cf = init.cf as Readonly<Record<string, unknown>> | undefined;
  }
}

beforeAll(() => void vi.stubGlobal("Request", WithCf));
afterAll(() => void vi.unstubAllGlobals());

/** At another host than the site's first. */
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

describe("on a route with bypass", () => {
  it("is the client's own request", async () => {
    const site = openSite({ ...options, env: { SITE_HOST: "www.example.com" } });
    const seen = await ask(site, "/me/x?b=1&utm_source=y&a=2", {
      method: "POST",
      headers,
      body: "mine",
      cf: german,
    });
    const { via, ...fields } = seen.fields;
    expect(via).toMatch(/^1\.1 tidemark-/);
    expect(fields).toEqual({ ...headers, "content-type": "text/plain;charset=UTF-8" });
    expect(seen).toMatchObject({
      url: "https://own.example.com/me/x?b=1&utm_source=y&a=2",
      method: "POST",
      cf: german,
      body: "mine",
    });
  });

  it("has no cf where the runtime gives none", async () => {
    const site = openSite(options);
    expect((await ask(site, "/me/x")).cf).toBeUndefined();
  });

  it("an origin with a URL gets what it got before", async () => {
    const { handlers: _, ...byUrl } = options;
    const site = openSite(byUrl);
    await site.get("/me/x", { headers });
    const sent = site.origin.last.fields;
    expect([sent.get("x-real-ip"), sent.get("host"), sent.get("x-forwarded-for")]).toEqual([
      null,
      null,
      "192.0.2.7",
    ]);
  });
});

describe("what is passed by for another reason", () => {
  it("has cf and the site's Host, and nothing by which a client could pass for somebody else", async () => {
    const site = openSite({ ...options, env: { SITE_HOST: "www.example.com" } });
    const seen = await ask(site, "/page", { method: "POST", headers, body: "x", cf: german });
    expect(seen).toMatchObject({
      url: "https://www.example.com/page",
      cf: german,
      fields: { host: "www.example.com", "x-forwarded-for": "192.0.2.7" },
    });
    expect(Object.keys(seen.fields)).not.toContain("x-real-ip");
  });
});

describe("what may be stored", () => {
  it("has the keyed host as Host, and no cf", async () => {
    const site = openSite({ ...options, env: { SITE_HOST: "www.example.com" } });
    const { fields, cf } = await ask(site, "/page", { headers, cf: german });
    expect([fields["host"], cf]).toEqual(["www.example.com", undefined]);
  });

  it("has those members of cf by which its route keys, each value a page of its own", async () => {
    const site = openSite(options);
    const first = await ask(site, "/local/x", { cf: german });
    expect(first.cf).toEqual({ country: "DE" });
    expect((await ask(site, "/local/x", { cf: { ...german, asn: 2 } })).cacheStatus).toMatch(/hit/);
    const other = await ask(site, "/local/x", { cf: { country: "FR", isEUCountry: "1" } });
    expect([other.cf, other.cacheStatus]).toEqual([
      { country: "FR", isEUCountry: "1" },
      expect.stringContaining("uri-miss"),
    ]);
    const none = await ask(site, "/local/x");
    expect([none.cf, none.cacheStatus]).toEqual([undefined, expect.stringContaining("uri-miss")]);
  });

  it("takes no object and no long text of cf into the key", async () => {
    const site = openSite(options);
    const cf = { country: { of: "a client" }, isEUCountry: "x".repeat(300) };
    expect((await ask(site, "/local/x", { cf })).cf).toBeUndefined();
    expect((await ask(site, "/local/x")).cacheStatus).toMatch(/hit/);
  });

  it("is refreshed with the same members", async () => {
    const key = { cf: ["country" as const] };
    const routes = [{ name: "all", match: "*", key, fresh: "1m", staleWhileRevalidate: "1h" }];
    const seen: unknown[] = [];
    const site = openSite({
      config: { routes },
      handlers: {
        default: ({ cf }) => {
          seen.push(cf);
          return new Response("page");
        },
      },
    });
    for (let nth = 0; nth < 2; nth += 1) {
      const response = await site.handle(new WithCf("https://www.example.com/x", { cf: german }));
      await response.text();
      await site.settle();
      site.clock.advance(120);
    }
    expect(seen).toEqual([{ country: "DE" }, { country: "DE" }]);
  });

  it("is explained with them, and not warmed without", async () => {
    const site = openSite(options);
    const { look } = await explained(site, "/local/x");
    expect(look?.key.fields).toEqual([
      ["cf.country", null],
      ["cf.isEUCountry", null],
    ]);
  });
});
