// The application's parts put together: origins by name, one host for a site of several names, and
// bindings that are refused at once.
import { describe, expect, it } from "vitest";
import { createApp, type Platform } from "../src/app.ts";
import { type Config, defineConfig } from "../src/config/config.ts";
import { OperatorError } from "../src/base/operator-error.ts";
import { host, openSite } from "../testing/site/harness.ts";
import { cc, page } from "../testing/fakes/origin-in-process.ts";

const bindings = { ORIGIN_URL: "https://origin.invalid" };

const platformWith = (log: string[]): Platform => ({
  cache: () => openSite().cache,
  fetch: async () => page("page"),
  nowAtMs: () => 0,
  random: () => 0,
  turn: () => Promise.resolve(),
  log: ({ event, message }) => void (event === "started" || log.push(message)),
});

describe("origins", () => {
  const bound: string[] = [];
  const service = {
    fetch: async (url: string) => {
      bound.push(url);
      return page("bound");
    },
  };
  const config = {
    origins: { bucket: { binding: "BUCKET" }, api: { url: "https://api.example" } },
    routes: [
      { name: "assets", match: "/assets/*", origin: "bucket" },
      { name: "api", match: "/api/*", origin: "api" },
    ],
  };

  it("are chosen by the route", async () => {
    const site = openSite({ config, env: { BUCKET: service } });
    expect((await site.get("/assets/a?b=1")).text).toBe("bound");
    expect(bound).toEqual(["https://www.example.com/assets/a?b=1"]);
    await site.get("/api/x");
    await site.get("/x");
    expect(site.origin.asked.map(({ url }) => url)).toEqual([
      "https://api.example/api/x",
      "https://origin.invalid/x",
    ]);
  });

  it.each(["GET", "POST"])("are asked for their own word, as it stands: %s", async (method) => {
    const site = openSite();
    await site.get("/a", { method });
    expect(site.origin.last.settings).toEqual({
      cache: "no-store",
      redirect: "manual",
      encodeResponseBody: "manual",
    });
  });

  it("are never taken from a request", async () => {
    const site = openSite();
    await site.get("/a", { headers: { host: "evil.example", "x-forwarded-host": "evil.example" } });
    expect(site.origin.last.url).toBe("https://origin.invalid/a");
  });
});

describe("a site of several names", () => {
  const fill = (_: Request, nth: number) => page(`page ${nth}`, cc("max-age=60"));

  it("is one where SITE_HOST says so, and the origin is told that one", async () => {
    const site = openSite({ env: { SITE_HOST: "site.example" }, origin: fill });
    const names = ["https://site.example/a", "https://other.example/a", "https://x.example:8787/a"];
    const texts = [];
    for (const url of names) texts.push((await site.get(url)).text);
    expect(texts).toEqual(["page 1", "page 1", "page 1"]);
    expect(site.origin.last.fields.get("x-forwarded-host")).toBe("site.example");
  });

  it("is as many elsewhere", async () => {
    const site = openSite({ origin: fill });
    expect((await site.get("https://a.example/a")).text).toBe("page 1");
    expect((await site.get("https://b.example/a")).text).toBe("page 2");
    expect(site.origin.last.fields.get("x-forwarded-host")).toBe("b.example");
  });

  it("keeps its records in the cache of the host that was asked", async () => {
    const site = openSite({ env: { SITE_HOST: "site.example" }, origin: fill });
    await site.get("/a");
    expect(site.cache.addresses[0]).toMatch(
      new RegExp(`^https://${host}/_cache/stored/[0-9a-f]+$`),
    );
  });
});

describe("a secret that is not usable", () => {
  it.each([
    { id: "database", env: { UPSTASH_REDIS_REST_URL: "https://db.example" } },
    { id: "purge-secret", env: { PURGE_SECRET: "hello" } },
    { id: "admin-token", env: { ADMIN_TOKEN: "hello" } },
    { id: "seal-key", env: { SEAL_KEY: "hello" } },
    { id: "hot-keys", env: {}, config: { hotKeys: 5 } },
  ])("takes no page down, and the log says it once: $id", async ({ env, config = {} }) => {
    const site = openSite({ env, config, origin: () => page("page", cc("max-age=60")) });
    const seen = [await site.get("/a"), await site.get("/a")];
    await site.fireCron();
    expect(seen.map(({ cacheStatus }) => cacheStatus)).toEqual([
      "tidemark; fwd=uri-miss; fwd-status=200; stored",
      "tidemark; hit; ttl=60; detail=memory",
    ]);
    expect(site.log).toHaveLength(1);
    expect(site.log[0]).not.toContain("hello");
  });

  it("takes the routes of an unbound origin down, and no others", async () => {
    const config = {
      origins: { bucket: { binding: "BUCKET" } },
      routes: [{ name: "assets", match: "/assets/*", origin: "bucket" }],
    };
    const site = openSite({ config, origin: () => page("page", cc("max-age=60")) });
    expect([(await site.get("/assets/a")).status, (await site.get("/a")).status]).toEqual([
      502, 200,
    ]);
    expect(site.log).toEqual([
      expect.stringContaining("The service binding BUCKET is invalid."),
      'Origin "bucket" cannot be reached.',
    ]);
  });
});

describe("a configuration that defineConfig has not seen", () => {
  const created = (config: unknown) => createApp(config as Config, bindings, platformWith([]));

  it("is checked, and used where it is right", () => {
    expect(created({ routes: [{ name: "a", match: "/a" }] })).toBeDefined();
    expect(created({ default: { hotKeys: 0 }, __esModule: true })).toBeDefined();
  });

  it.each([
    { id: "field", config: { routes: [{ name: "a", match: "/a", frsh: "1s" }] }, says: '"frsh"' },
    { id: "spread", config: { ...defineConfig({}), hotKeys: 5 }, says: '"stripQuery"' },
    { id: "nothing", config: undefined, says: "no default export" },
    { id: "null", config: null, says: "is null" },
    { id: "text", config: "routes", says: "is a string" },
    { id: "promise", config: Promise.resolve({}), says: 'instance of "Promise"' },
  ])("is refused where it is wrong: $id", ({ config, says }) => {
    expect(() => created(config)).toThrow(OperatorError);
    expect(() => created(config)).toThrow(says);
  });
});

it("refuses bindings that make no sense before any request", () => {
  expect(() => openSite({ env: { ORIGIN_URL: "nowhere" } })).toThrow("ORIGIN_URL is invalid.");
});

it.each([
  { id: "a URL cannot be read at all", name: "url", value: "https://[/ü", status: 400, lines: 0 },
  { id: "a request cannot be read", name: "headers", value: undefined, status: 500, lines: 1 },
])("answers $status where $id", async ({ name, value, status, lines }) => {
  const log: string[] = [];
  const app = createApp(defineConfig({}), bindings, platformWith(log));
  const request = Object.defineProperty(new Request("https://www.example.com/"), name, { value });
  const background = {
    waitUntil: () => undefined,
    passThroughOnException: () => undefined,
    props: {},
  };
  const answer = await app.fetch(request, {}, background);
  expect([
    answer.status,
    log.filter((line) => line.includes("failed with TypeError")).length,
  ]).toEqual([status, lines]);
});

it("learns its colo by its first request also after a run of the cron trigger, and starts once", async () => {
  const events: unknown[] = [];
  const app = createApp(defineConfig({}), bindings, {
    ...platformWith([]),
    log: ({ event, colo }) => void events.push([event, colo]),
  });
  const background = {
    waitUntil: () => undefined,
    passThroughOnException: () => undefined,
    props: {},
  };
  await app.scheduled(background);
  expect(app.cache.metrics.colo).toBe("");
  for (const colo of ["FRA", "HAM"]) {
    const request = Object.assign(new Request("https://www.example.com/"), { cf: { colo } });
    await app.fetch(request, {}, background);
    expect(app.cache.metrics.colo).toBe("FRA");
  }
  expect(events).toEqual([["started", undefined]]);
});
