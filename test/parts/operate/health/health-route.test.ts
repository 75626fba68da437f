// Tests GET /_cache/health: its response with and without the token, and its cost.
import { Hono } from "hono";
import { afterAll, beforeAll, describe, expect, it, onTestFinished, vi } from "vitest";
import { tidemark } from "../../../../src/hono.ts";
import { createDataCache } from "../../../../src/data-cache.ts";
import { operate } from "../../../../src/parts/operate/operate.ts";
import { defineConfig } from "../../../../src/tidemark.ts";
import { upstash as upstashStores } from "../../../../src/upstash.ts";
import { FakeClock } from "../../../../testing/fakes/fake-clock.ts";
import { FakeUpstash } from "../../../../testing/fakes/fake-upstash.ts";
import { redisServers } from "../../../../testing/fakes/redis-server.ts";
import { lengthenTimeouts } from "../../../../testing/patient-timeouts.ts";
import { openSite, type Site, type SiteOptions } from "../../../../testing/site/harness.ts";
import {
  adminToken,
  bearer,
  openJournalled,
  secret,
} from "../../../../testing/site/purge-sender.ts";
import { codesOf, healthOf, HealthWorld } from "./health-world.ts";

const env = { ADMIN_TOKEN: adminToken };
const path = "/_cache/health";

describe("health without the token", () => {
  it.each([
    ["no ADMIN_TOKEN", {}, {}],
    ["no ADMIN_TOKEN, and some token", {}, { headers: bearer }],
    ["no token in the request", { env }, {}],
    ["an ADMIN_TOKEN that is not usable", { env: { ADMIN_TOKEN: "s3cret" } }, {}],
  ])("returns only the status: %s", async (id, options, init) => {
    const seen = await openSite(options).get(path, init);
    const status = id.includes("not usable") ? "degraded" : "ok";
    expect([seen.status, JSON.parse(seen.text)]).toEqual([200, { status }]);
    expect(seen.fields.get("cache-control")).toBe("no-store");
  });

  it.each([{}, bearer])("answers HEAD with status 200 and no body: %j", async (headers) => {
    const seen = await openSite({ env }).get(path, { method: "HEAD", headers });
    expect([seen.status, seen.text]).toEqual([200, ""]);
    expect(seen.fields.get("cache-control")).toBe("no-store");
  });

  it("sends nothing to Redis or the origin, even if Redis fails", async () => {
    const clock = new FakeClock();
    const upstash = new FakeUpstash(clock);
    const site = openSite({ env, clock, upstash });
    await site.get("/a");
    upstash.mode = "refuses";
    for (let nth = 0; nth < 5; nth += 1) await site.get(`/${nth}`);
    clock.advance(600);
    const spent = () => [
      upstash.refusedCount,
      upstash.commands.length,
      upstash.journalCommands.length,
      site.origin.count,
    ];
    const before = spent();
    for (let nth = 0; nth < 20; nth += 1) {
      expect(JSON.parse((await site.get(path)).text)).toEqual({ status: "degraded" });
    }
    expect(spent()).toEqual(before);
  });

  it("is at the configured operator path", async () => {
    const site = openSite({ config: { operatorPath: "/ops" } });
    expect((await site.get("/ops/health")).text).toBe('{"status":"ok"}');
    expect((await site.get(path)).status).toBe(404);
  });

  it.each(["POST", "PUT", "DELETE"])("returns 404 for %s", async (method) => {
    expect((await openSite({ env }).get(path, { method })).status).toBe(404);
  });
});

it("is degraded if upstash() has no address, so that there are no purges", async () => {
  const app = new Hono().get("/", (c) => c.text("page"));
  const log = vi.spyOn(console, "warn").mockImplementation(() => undefined);
  vi.spyOn(console, "log").mockImplementation(() => undefined);
  onTestFinished(() => void vi.restoreAllMocks());
  const seen = tidemark(app, defineConfig({ parts: [operate()] }), {
    env: {},
    stores: upstashStores(),
  });
  const answer = await seen.fetch(new Request(`https://site.test${path}`));
  expect(await answer.json()).toEqual({ status: "degraded" });
  const lines = log.mock.calls.map(String);
  expect(lines).toEqual([expect.stringContaining("UPSTASH_REDIS_REST_URL is not set.")]);
});

/** Secrets that are not set. */
const none = { PURGE_SECRET: "", ADMIN_TOKEN: "" };
const page = () => new Response("page");
const receiving = { open: () => ({ addWithoutToken: () => undefined }) };
const receiver = { kind: "site", name: "receiver", contents: receiving } as const;

it.each<[without: string, status: string, options: SiteOptions]>([
  ["a secret", "degraded", { env: none }],
  ["a secret, beside handlers", "degraded", { env: none, handlers: { default: page } }],
  ["ADMIN_TOKEN", "ok", { env: { ...none, PURGE_SECRET: secret } }],
  ["PURGE_SECRET", "ok", { env: { ...none, ADMIN_TOKEN: adminToken } }],
  [
    "a secret, beside data, whose code purges",
    "ok",
    { env: none, data: createDataCache(defineConfig({})) },
  ],
  [
    "a secret, within Astro, whose code purges",
    "ok",
    {
      env: none,
      handlers: { default: Object.assign(() => page(), { runsInCaller: true } as const) },
    },
  ],
  [
    "a secret, beside a part with a route of its own",
    "ok",
    { env: none, config: { parts: [receiver] } },
  ],
])("a site with purges, without %s, is %s", async (_, status, options) => {
  const { site } = openJournalled(options);
  expect(JSON.parse((await site.get(path)).text)).toEqual({ status });
  const told = site.log.filter((line) => line.includes("no sender can be verified"));
  expect(told).toHaveLength(status === "ok" ? 0 : 1);
});

it("a purge of a site without a journal and secrets is refused, and the log says why once", async () => {
  const site = openSite();
  const asked = async () => (await site.get("/_cache/purge", { method: "POST" })).status;
  expect([await asked(), await asked()]).toEqual([503, 503]);
  expect(site.log).toEqual([
    expect.stringContaining("Neither PURGE_SECRET nor ADMIN_TOKEN is set"),
  ]);
});

describe("health with a token", () => {
  it("returns 401 for a wrong token", async () => {
    const headers = { authorization: "Bearer admin-token-of-the-sita" };
    const seen = await openSite({ env }).get(path, { headers });
    expect([seen.status, seen.fields.get("www-authenticate")]).toEqual([401, "Bearer"]);
    expect(JSON.parse(seen.text)).toMatchObject({ error: { code: "unauthorized" } });
  });

  it("returns 503 if ADMIN_TOKEN is not usable", async () => {
    const site = openSite({ env: { ADMIN_TOKEN: "s3cret" } });
    const seen = await site.get(path, { headers: { authorization: "Bearer s3cret" } });
    expect([seen.status, JSON.parse(seen.text)]).toMatchObject([
      503,
      { error: { code: "not-usable" } },
    ]);
    expect(seen.text).not.toContain("s3cret");
  });

  it("returns the findings, and what was not examined", async () => {
    const config = {
      routes: [
        { name: "a", match: "/*" },
        { name: "b", match: "/b/*" },
      ],
    };
    const site = openSite({ config, env: { ...env, PURGE_SECRET: "s3cret", BYPASS: "b" } });
    const seen = await site.get(path, { headers: bearer });
    expect(JSON.parse(seen.text)).toMatchObject({
      status: "degraded",
      at: new Date(site.clock.atMs).toISOString(),
      colo: "HAM",
      version: expect.any(String) as string,
      findings: [
        {
          code: "configuration",
          level: "warning",
          values: { what: expect.stringMatching(/^PURGE_SECRET/) as string },
        },
        {
          code: "configuration",
          level: "info",
          values: { what: 'Route "b" is never reached.' },
        },
        { code: "bypass-set", level: "info" },
      ],
      notLookedAt: [
        "The counts of all isolates, such as hit rates. There is no usable store to which isolates could report.",
      ],
    });
    expect(seen.text).not.toContain("s3cret");
    expect(seen.fields.get("cache-control")).toBe("no-store");
  });

  it("returns a finding with exactly four members", async () => {
    const site = openSite({ env: { ...env, BYPASS: "all" }, config: {} });
    const { findings } = await healthOf(site);
    expect(findings.map((one) => Object.keys(one).toSorted())).toEqual([
      ["code", "level", "since", "values"],
    ]);
  });
});

describe("a request for health with a database", () => {
  lengthenTimeouts();
  let world: HealthWorld;
  const server = redisServers[0]!;
  beforeAll(async () => {
    world = await HealthWorld.start(server.start);
  });
  afterAll(() => world.stop());

  /** Commands of a read of the totals, which is a transaction at the primary. */
  const ofTotals = { SET: 1, GET: 1, XRANGE: 1 };

  it("sends TIME, INFO, a read of the totals, and a due read of the journal", async () => {
    const site = world.site();
    await site.get("/a");
    world.rest.resetCounts();
    await healthOf(site);
    expect(world.rest.counts().commandCountByName).toEqual({ TIME: 1, INFO: 1, ...ofTotals });
    site.clock.advance(9.5);
    world.rest.resetCounts();
    await healthOf(site);
    const renewed = { TIME: 1, INFO: 1, ...ofTotals, XRANGE: 2 };
    expect(world.rest.counts().commandCountByName).toEqual(renewed);
  });

  it("also reads the journal in a cold isolate", async () => {
    await world.site().get("/a");
    const cold = world.site();
    world.rest.resetCounts();
    await healthOf(cold);
    const first = { TIME: 1, INFO: 1, EVAL_RO: 1 };
    expect(world.rest.counts().commandCountByName).toMatchObject(first);
  });
});

it("health omits a finding as soon as its cause is gone", async () => {
  const site: Site = openSite({ env });
  site.cache.mode = "silent";
  await site.get("/a");
  expect(codesOf(await healthOf(site))).toEqual(["tier-failing"]);
  site.cache.mode = "works";
  await site.get("/b");
  expect(codesOf(await healthOf(site))).toEqual([]);
});
