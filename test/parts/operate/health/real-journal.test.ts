// Tests findings on the purge journal. Each finding is caused and ended on a real Redis server.
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { oneRedisServer } from "../../../../testing/fakes/redis-server.ts";
import { lengthenTimeouts } from "../../../../testing/patient-timeouts.ts";
import type { Site } from "../../../../testing/site/harness.ts";
import { bearer, send } from "../../../../testing/site/purge-sender.ts";
import { found, healthOf, HealthWorld, soon, until } from "./health-world.ts";

// A read that times out would cause another finding.
lengthenTimeouts();

describe.each(oneRedisServer)("health with a journal in $redis", ({ start }) => {
  let world: HealthWorld;
  beforeEach(async () => {
    world = await HealthWorld.start(start);
  });
  afterEach(() => world.stop());

  it("has the finding journal-unreadable as a warning, and as critical after N − A", async () => {
    const site = world.site();
    await site.get("/a");
    await world.stopRest();
    site.clock.advance(6);
    await site.get("/a");
    expect(await found(site, "journal-unreadable")).toMatchObject({
      level: "warning",
      values: { why: "The database cannot be reached" },
    });
    site.clock.advance(6);
    expect(await found(site, "journal-unreadable")).toMatchObject({
      level: "critical",
      case: "journal-past",
      since: expect.any(String) as string,
    });
    await world.startRest();
    await until(site, "journal-unreadable", "gone", 6);
  });

  it("has the finding journal-lost-entries for an hour after a loss of data", async () => {
    const site = world.site({ config: soon });
    await site.get("/a");
    await send(site, { tags: ["red"] });
    await site.settle();
    await world.run("FLUSHALL");
    site.clock.advance(6);
    await until(site, "journal-lost-entries", "there", 1);
    expect(await found(site, "journal-lost-entries")).toMatchObject({
      level: "warning",
      since: expect.any(String) as string,
    });
    site.clock.advance(3_600);
    expect(await found(site, "journal-lost-entries")).toBeUndefined();
  });

  it("has the finding switch-thrown while the switch is on", async () => {
    const site = world.site({ config: { ...soon, routes: [{ name: "news", match: "/news/*" }] } });
    await site.get("/a");
    await post(site, ["news"]);
    const health = await healthOf(site);
    expect(health).toMatchObject({
      status: "ok",
      findings: [
        {
          code: "switch-thrown",
          level: "info",
          since: expect.any(String) as string,
          values: { routes: ["news"] },
        },
      ],
    });
    await post(site, false);
    expect((await healthOf(site)).findings).toEqual([]);
  });

  it("has the finding switch-lost after the database lost the state, and keeps the state", async () => {
    const site = world.site({ config: soon });
    await site.get("/a");
    await post(site, true);
    await site.get("/a");
    await world.run("FLUSHALL");
    site.clock.advance(6);
    await until(site, "switch-lost", "there", 1);
    expect(await found(site, "switch-thrown")).toMatchObject({ level: "info" });
    const cold = world.site({ config: soon });
    expect((await cold.get("/a")).cacheStatus).toContain("detail=switch");
  });
});

async function post(site: Site, bypass: unknown): Promise<void> {
  const init = { method: "POST", body: JSON.stringify({ bypass }), headers: bearer };
  expect((await site.get("/_cache/switch", init)).status).toBe(200);
}
