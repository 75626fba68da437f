// Tests GET /_cache/stats: the counts of an isolate, its configuration and its troubles.
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { FakeClock } from "../../../testing/fakes/fake-clock.ts";
import { FakeUpstash } from "../../../testing/fakes/fake-upstash.ts";
import { openSite, type Site } from "../../../testing/site/harness.ts";
import { cc, page } from "../../../testing/fakes/origin-in-process.ts";

const env = { ADMIN_TOKEN: "admin-token-of-site", COLO: "HAM" };
const bearing = { headers: { authorization: `Bearer ${env.ADMIN_TOKEN}` } };

const statsOf = async (site: Site) =>
  JSON.parse((await site.get("/_cache/stats", bearing)).text) as Record<string, unknown>;

describe("GET /_cache/stats", () => {
  it("names the version of package.json, and so does package-lock.json", async () => {
    const { version } = await statsOf(openSite({ env }));
    const versionIn = (path: string) =>
      (JSON.parse(readFileSync(path, "utf8")) as { version: string }).version;
    expect(["package.json", "package-lock.json"].map(versionIn)).toEqual([version, version]);
  });

  it("counts requests, reads and writes of this isolate", async () => {
    const clock = new FakeClock();
    const upstash = new FakeUpstash(clock);
    const site = openSite({
      clock,
      upstash,
      env,
      config: { routes: [{ name: "articles", match: "/articles/*" }] },
      origin: (request) =>
        request.url.includes("own") ? page("own", cc("private")) : page("page", cc("max-age=60")),
    });
    await site.get("/articles/a");
    await site.get("/articles/a");
    await site.get("/articles/own");
    await site.get("/elsewhere", { method: "POST" });
    const { fields, text } = await site.get("/_cache/stats", bearing);
    expect(fields.get("cache-control")).toBe("no-store");
    expect(JSON.parse(text)).toMatchObject({
      colo: "HAM",
      originRequests: 3,
      routes: {
        articles: {
          requests: 3,
          outcomes: { stored: 1, hit: 1, forwarded: 1 },
          refusedToStore: { private: 1 },
        },
        "": { requests: 1, outcomes: { passed: 1 } },
      },
      reads: { memory: { found: 1 }, shared: { absent: 2 } },
      writes: { memory: { kept: 1 }, edge: { kept: 1 }, shared: { kept: 1 } },
      memory: { records: 1 },
      fillsUnderWay: 0,
      redis: { breakerOpen: false },
    });
    expect(text).not.toMatch(/shared-token|admin-token-of-site|database-\d/);
  });
});

it("stats list the configured routes in order", async () => {
  const config = {
    routes: [
      { name: "feed", match: ["/feed", "shop.example/*"], bypass: true },
      { name: "all", match: "*" },
    ],
  };
  expect(await statsOf(openSite({ env, config }))).toMatchObject({
    configuredRoutes: [
      { name: "feed", bypass: true },
      { name: "all", bypass: false },
    ],
  });
});

it("stats list variables that are not usable", async () => {
  const site = openSite({ env: { ...env, PURGE_SECRET: "s3cret", UPSTASH_REDIS_REST_URL: "x" } });
  const stats = await statsOf(site);
  expect(stats).toMatchObject({
    faults: [
      { what: expect.stringMatching(/^PURGE_SECRET/) as string },
      { why: expect.stringMatching(/^UPSTASH_REDIS_REST_TOKEN/) as string },
    ],
    redis: "not usable",
    journal: "not usable",
    invalidations: "only here: the journal is not usable",
  });
  expect(JSON.stringify(stats)).not.toContain("s3cret");
});

it("the site returns 404 for the address of a stored record", async () => {
  const site = openSite({ origin: () => page("page", cc("max-age=60")) });
  await site.get("/a");
  const { pathname } = new URL(site.cache.addresses[0] ?? "");
  expect((await site.get(pathname)).status).toBe(404);
});

describe("the length of the journal", () => {
  const clock = new FakeClock();
  const upstash = new FakeUpstash(clock);
  const site = openSite({ clock, upstash, env });
  const kept = async () => {
    const { journal } = await statsOf(site);
    return (journal as { kept: unknown }).kept;
  };

  it("is read by two commands", async () => {
    expect(await kept()).toEqual({ entries: 0, oldest: null });
    const position = upstash.journal.add(["*", "v", "1"]);
    upstash.journal.add(["*", "v", "1"]);
    upstash.journalCommands.splice(0);
    const at = new Date(clock.atMs).toISOString();
    expect(await kept()).toEqual({ entries: 2, oldest: { position, at } });
    expect(upstash.journalCommands).toEqual(["XLEN", "XRANGE"]);
  });
});
