// Tests findings on the database. Each finding is caused and ended on a real Redis server.
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { oneRedisServer } from "../../../../testing/fakes/redis-server.ts";
import { lengthenTimeouts } from "../../../../testing/patient-timeouts.ts";
import { send } from "../../../../testing/site/purge-sender.ts";
import { codesOf, found, healthOf, HealthWorld, soon, statusOf, until } from "./health-world.ts";

describe.each(oneRedisServer)("health with $redis", ({ start }) => {
  let world: HealthWorld;
  beforeEach(async () => {
    world = await HealthWorld.start(start);
  });
  afterEach(() => world.stop());
  lengthenTimeouts();

  it("has no finding for a healthy site", async () => {
    const site = world.site({ config: soon });
    await site.get("/a");
    await send(site, { tags: ["red"] });
    expect(await healthOf(site)).toMatchObject({
      status: "ok",
      findings: [],
      notLookedAt: [],
    });
  });

  it("has the finding redis-credentials until the database accepts the token", async () => {
    const site = world.site({ env: { UPSTASH_REDIS_REST_TOKEN: "new-token" } });
    await site.get("/a");
    const { status, findings, notLookedAt } = await healthOf(site);
    expect([status, await statusOf(site)]).toEqual(["degraded", [200, { status: "degraded" }]]);
    expect(findings[0]).toMatchObject({
      code: "redis-credentials",
      level: "critical",
      case: "store-fails",
      values: {
        clients: "the shared tier and the purge journal",
        use: "use",
        why: "Upstash refused the token (401)",
        hint: "check UPSTASH_REDIS_REST_TOKEN",
      },
    });
    expect(notLookedAt[0]).toContain("Upstash refused the token (401).");
    expect(JSON.stringify(findings)).not.toContain("new-token");
    await world.stopRest();
    await world.startRest("new-token");
    await until(site, "redis-credentials", "gone", 20);
    expect(await healthOf(site)).not.toMatchObject({ findings: [{ code: "redis-credentials" }] });
  });

  it("has the finding redis-unreachable, critical once the database has an open breaker", async () => {
    const site = world.site({ config: soon });
    await site.get("/a");
    await world.stopRest();
    await site.get("/b");
    expect(await statusOf(site)).toEqual([200, { status: "degraded" }]);
    await until(site, "redis-unreachable", "there");
    for (let nth = 0; nth < 4; nth += 1) await site.get(`/c/${nth}`);
    expect(await found(site, "redis-unreachable")).toMatchObject({
      level: "critical",
      values: {
        why: "The database cannot be reached",
        hint: expect.stringContaining("check UPSTASH_REDIS_REST_URL") as string,
      },
    });
    await world.startRest();
    site.clock.advance(20);
    // The request for health probes both clients and renews the view, without a request for a page.
    await healthOf(site);
    expect(codesOf(await healthOf(site)).filter((code) => code !== "clocks-apart")).toEqual([]);
  });

  it("has the finding redis-full until the database has room", async () => {
    const site = world.site({ config: soon });
    await site.get("/a");
    await world.run("CONFIG", "SET", "maxmemory", "1");
    expect((await send(site, { tags: ["red"] })).status).toBe(503);
    await site.get("/b");
    const full = await found(site, "redis-full");
    expect(full).toMatchObject({
      level: "critical",
      values: {
        clients: "the shared tier and the purge journal",
        use: "write to",
        why: "The database is full",
        hint: "make room in the database",
      },
    });
    expect(codesOf(await healthOf(site))).not.toContain("redis-nearly-full");
    await world.run("CONFIG", "SET", "maxmemory", "0");
    site.clock.advance(40);
    expect((await send(site, { tags: ["red"] })).status).toBe(200);
    await until(site, "redis-full", "gone", 40);
  });
});

describe.each(oneRedisServer)("health with $redis and unchanged timeouts", ({ start }) => {
  let world: HealthWorld;
  beforeEach(async () => {
    world = await HealthWorld.start(start);
  });
  afterEach(() => world.stop());

  it("has the finding redis-slow until a stopped server continues", async () => {
    const site = world.site({ config: soon });
    await site.get("/a");
    process.kill(world.redisPid, "SIGSTOP");
    try {
      await site.get("/b");
      expect(await found(site, "redis-slow")).toMatchObject({
        case: "store-passing",
        values: { why: "The database does not answer in time" },
      });
    } finally {
      process.kill(world.redisPid, "SIGCONT");
    }
    await until(site, "redis-slow", "gone", 20);
  });
});
