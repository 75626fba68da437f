// Tests the application as a whole: named origins, hosts of a site, unusable bindings, and
// configurations.
import { FakeClock } from "../testing/fakes/fake-clock.ts";
import { FakeUpstash, openNetworkOfFakes } from "../testing/fakes/fake-upstash.ts";
import { upstashStore } from "../testing/fakes/upstash-store.ts";
import { describe, expect, it } from "vitest";
import { createApp, type Platform } from "../src/app.ts";
import { type Config, defineConfig } from "../src/config/config.ts";
import { OperatorError } from "../src/base/operator-error.ts";
import type { LogLine } from "../src/observe/log-line.ts";
import { operate } from "../src/parts/operate/operate.ts";
import { createWorker } from "../src/worker.ts";
import { host, openSite } from "../testing/site/harness.ts";
import { cc, page } from "../testing/fakes/origin-in-process.ts";

const bindings = { ORIGIN_URL: "https://origin.invalid" };
const nothing = () => undefined;
const background = { waitUntil: nothing, passThroughOnException: nothing, props: {} };
const fill = (_: Request, nth: number) => page(`page ${nth}`, cc("max-age=60"));

const platformWith = (log: (line: LogLine) => void = nothing): Platform => ({
  cache: () => openSite().cache,
  fetch: async () => page("page"),
  nowAtMs: () => 0,
  random: () => 0,
  turn: () => Promise.resolve(),
  log,
});

describe("an origin", () => {
  it("is chosen by the route", async () => {
    const bound: string[] = [];
    const BUCKET = {
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
    const site = openSite({ config, env: { BUCKET } });
    expect((await site.get("/assets/a?b=1")).text).toBe("bound");
    expect(bound).toEqual(["https://www.example.com/assets/a?b=1"]);
    for (const path of ["/api/x", "/x"]) await site.get(path);
    const urls = site.origin.asked.map(({ url }) => url);
    expect(urls).toEqual(["https://api.example/api/x", "https://origin.invalid/x"]);
  });

  it.each(["GET", "POST"])(
    "is fetched without the platform's cache and redirects: %s",
    async (method) => {
      const site = openSite();
      await site.get("/a", { method });
      const settings = { cache: "no-store", redirect: "manual", encodeResponseBody: "manual" };
      expect(site.origin.last.settings).toEqual(settings);
    },
  );
});

describe("a site with several hosts", () => {
  it.each([
    { env: { SITE_HOST: "site.example" }, texts: ["page 1", "page 1"], told: "site.example" },
    { env: {}, texts: ["page 1", "page 2"], told: "b.example:8787" },
  ])("shares its responses only with SITE_HOST: $env", async ({ env, texts, told }) => {
    const site = openSite({ env, origin: fill });
    const urls = ["https://a.example/a", "https://b.example:8787/a"];
    for (const [at, url] of urls.entries()) expect((await site.get(url)).text).toBe(texts[at]);
    const { fields } = site.origin.last;
    expect(fields.get("x-forwarded-host")).toBe(told);
  });

  it("keeps its records in the cache of the requested host", async () => {
    const site = openSite({ env: { SITE_HOST: "site.example" }, origin: fill });
    await site.get("/a");
    const address = new RegExp(`^https://${host}/_cache/stored/[0-9a-f]+$`);
    expect(site.cache.addresses[0]).toMatch(address);
  });
});

describe("an unusable binding", () => {
  it.each([
    { id: "database", env: { UPSTASH_REDIS_REST_URL: "https://db.example" } },
    { id: "purge-secret", env: { PURGE_SECRET: "hello" } },
    { id: "admin-token", env: { ADMIN_TOKEN: "hello" } },
  ])("does not affect pages, and is logged once: $id", async ({ env }) => {
    const site = openSite({ env, origin: fill });
    const seen = [await site.get("/a"), await site.get("/a")];
    await site.fireCron();
    expect(seen.map(({ cacheStatus }) => cacheStatus)).toEqual([
      "tidemark; fwd=uri-miss; fwd-status=200; stored",
      "tidemark; hit; ttl=60; detail=memory",
    ]);
    expect(site.log).toEqual([expect.not.stringContaining("hello")]);
  });

  it("makes only the routes of its origin fail", async () => {
    const config = {
      origins: { bucket: { binding: "BUCKET" } },
      routes: [{ name: "assets", match: "/assets/*", origin: "bucket" }],
    };
    const site = openSite({ config, origin: fill });
    expect((await site.get("/assets/a")).status).toBe(502);
    expect((await site.get("/a")).status).toBe(200);
    expect(site.log).toEqual([
      expect.stringContaining("The service binding BUCKET is invalid."),
      'Origin "bucket" cannot be reached.',
    ]);
  });

  it("is an error at the start if it is the only origin", () => {
    expect(() => openSite({ env: { ORIGIN_URL: "nowhere" } })).toThrow("ORIGIN_URL is invalid.");
  });
});

describe("a configuration without defineConfig", () => {
  const created = (config: unknown) => createApp(config as Config, bindings, platformWith());

  it("is accepted if it is valid", () => {
    expect(created({ routes: [{ name: "a", match: "/a" }] })).toBeDefined();
    expect(created({ default: { cacheInFront: false }, __esModule: true })).toBeDefined();
  });

  it.each([
    { id: "field", config: { routes: [{ name: "a", match: "/a", frsh: "1s" }] }, says: '"frsh"' },
    { id: "spread", config: { ...defineConfig({}), cacheInFront: true }, says: '"stripQuery"' },
    { id: "nothing", config: undefined, says: "no default export" },
    { id: "null", config: null, says: "is null" },
    { id: "text", config: "routes", says: "is a string" },
    { id: "promise", config: Promise.resolve({}), says: 'instance of "Promise"' },
  ])("is refused if it is invalid: $id", ({ config, says }) => {
    expect(() => created(config)).toThrow(OperatorError);
    expect(() => created(config)).toThrow(says);
  });
});

it.each([
  { id: "the URL", name: "url", value: "https://[/ü", status: 400, lines: 0 },
  { id: "the fields", name: "headers", value: undefined, status: 500, lines: 1 },
])(
  "the application answers $status if it cannot read $id of a request",
  async ({ name, value, status, lines }) => {
    const log: string[] = [];
    const app = createApp(
      defineConfig({}),
      bindings,
      platformWith(({ message }) => void log.push(message)),
    );
    const request = Object.defineProperty(new Request("https://www.example.com/"), name, { value });
    expect((await app.fetch(request, {}, background)).status).toBe(status);
    expect(log.filter((line) => line.includes("failed with TypeError"))).toHaveLength(lines);
  },
);

it("the application learns its colo from its first request, and logs its start once", async () => {
  const events: unknown[] = [];
  const log = ({ event, colo }: LogLine) => void events.push([event, colo]);
  const app = createApp(defineConfig({}), bindings, platformWith(log));
  await app.scheduled(background);
  expect(app.cache.metrics.colo).toBe("");
  for (const colo of ["FRA", "HAM"]) {
    const request = Object.assign(new Request("https://www.example.com/"), { cf: { colo } });
    await app.fetch(request, {}, background);
    expect(app.cache.metrics.colo).toBe("FRA");
  }
  expect(events).toEqual([["started", undefined]]);
});

openNetworkOfFakes();

describe("a Worker without operate()", () => {
  const config = defineConfig({ routes: [{ name: "all", match: "*", fresh: "1m" }] });
  const env = { ...bindings, ADMIN_TOKEN: "token-of-an-operator" };
  const authorization = "Bearer token-of-an-operator";
  const asked: Headers[] = [];
  const answer = async (path: string, headers: Record<string, string> = {}, body?: string) => {
    const origins = {
      default: (request: Request) => {
        asked.push(request.headers);
        return new Response("page");
      },
    };
    const app = createApp(config, env, platformWith(), { origins });
    const method = body === undefined ? "GET" : "POST";
    const request = new Request(`https://www.example.com${path}`, {
      method,
      headers,
      body: body ?? null,
    });
    const response = await app.fetch(request, {}, background);
    await app.scheduled(background);
    return { status: response.status, text: await response.text() };
  };

  it.each(["stats", "metrics", "explain?url=/", "warm"])(
    "says to operators why it has no route %s, and hides it from others",
    async (route) => {
      const told = await answer(`/_cache/${route}`, { authorization });
      expect(told).toMatchObject({ status: 404, text: expect.stringContaining("no-operate") });
      expect(await answer(`/_cache/${route}`)).toMatchObject({ status: 401 });
    },
  );

  it("purges nothing for a dry run, and says what it lacks", async () => {
    const told = await answer("/_cache/purge", { authorization }, '{"tags":["a"],"dryRun":true}');
    expect(told).toMatchObject({ status: 400, text: expect.stringContaining("no-operate") });
  });

  it("accepts a purge with refresh, and notes what it lacks", async () => {
    const upstash = new FakeUpstash(new FakeClock());
    const stores = { redis: upstashStore };
    const app = createApp(config, { ...env, ...upstash.env }, platformWith(), { stores });
    const body = '{"tags":["a"],"refresh":["/"]}';
    const init = { method: "POST", headers: { authorization }, body };
    const request = new Request("https://www.example.com/_cache/purge", init);
    const response = await app.fetch(request, {}, background);
    expect([response.status, await response.json()]).toMatchObject([
      200,
      { notes: ["No page is refreshed, because this Worker was created without operate()."] },
    ]);
  });

  it("has a short health, and the journal's and the switch's routes", async () => {
    expect(await answer("/_cache/health")).toEqual({ status: 200, text: '{"status":"ok"}' });
    expect((await answer("/_cache/journal", { authorization })).text).toContain("No journal");
    expect((await answer("/_cache/switch", { authorization })).status).not.toBe(404);
  });

  it("is degraded if a setting cannot be used", async () => {
    const app = createApp(config, { ...env, PURGE_SECRET: "unusable" }, platformWith());
    const request = new Request("https://www.example.com/_cache/health");
    const response = await app.fetch(request, {}, background);
    expect(await response.json()).toEqual({ status: "degraded" });
  });

  it("removes the debug field from requests to the origin, and does not explain", async () => {
    asked.length = 0;
    const field = { "tidemark-debug": "token-of-an-operator" };
    expect(await answer("/page", field)).toEqual({ status: 200, text: "page" });
    expect(asked.map((fields) => fields.has("tidemark-debug"))).toEqual([false]);
  });

  it("is refused if two parts fill one place", () => {
    const other = { ...operate(), name: "measure" };
    expect(() => createWorker(defineConfig({ parts: [operate(), other] }))).toThrow(
      "operate() and measure() fill the same place of the core. Remove one of them.",
    );
  });

  it.each([
    { health: async () => new Response() },
    { answerDebugged: async () => new Response() },
    { ofMethods: { methods: new Set(["BAN"]), answer: async () => new Response() } },
  ])("is refused if two parts open one place: %o", (place) => {
    const parts = ["one", "other"].map((name) => ({
      kind: "site" as const,
      name,
      contents: { open: () => place },
    }));
    expect(() => createApp(defineConfig({ parts }), bindings, platformWith())).toThrow(
      "one() and other() fill the same place of the core. Remove one of them.",
    );
  });

  const needing = { kind: "site" as const, name: "chart", needs: ["operate"], contents: {} };
  it.each([{ parts: [needing] }])("is refused with settings that need it: %o", (written) => {
    expect(() => createWorker(defineConfig(written))).toThrow("needs operate()");
    const parts = [operate(), ...(written.parts ?? [])];
    expect(() => createWorker(defineConfig({ ...written, parts }))).not.toThrow();
    const twice = defineConfig({ ...written, parts: [...parts, operate()] });
    expect(() => createWorker(twice)).toThrow("`parts` has operate() twice.");
  });
});
