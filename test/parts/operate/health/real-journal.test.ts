// Tests findings on the purge journal. Each finding is caused and ended on a real Redis server.
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { redisServers } from "../../../../testing/fakes/redis-server.ts";
import { lengthenTimeouts } from "../../../../testing/patient-timeouts.ts";
import type { Site } from "../../../../testing/site/harness.ts";
import { bearer, send } from "../../../../testing/site/purge-sender.ts";
import { found, healthOf, HealthWorld, soon, until } from "./health-world.ts";

// A read that times out would cause another finding.
lengthenTimeouts();

describe.each(redisServers)("health with a journal in $redis", ({ start }) => {
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
      cause: "The database cannot be reached.",
    });
    site.clock.advance(6);
    expect(await found(site, "journal-unreadable")).toMatchObject({
      level: "critical",
      what: expect.stringMatching(
        /^Tidemark cannot tell which stored responses were purged/,
      ) as string,
      since: expect.any(String) as string,
    });
    await world.startRest();
    await until(site, "journal-unreadable", "gone", 6);
  });

  it("has the finding journal-lag while a replica lags", async () => {
    const config = { purge: { maxLagSeconds: 3, clockAllowanceSeconds: 0.5 } };
    const [here, there] = [world.site({ config }), world.site({ config })];
    await there.get("/a");
    await world.rest.setReplicaLagMs(2_500);
    await purgedUntil(here, there, "there");
    // The lag may exceed N on a slow machine.
    expect(await found(there, "journal-lag")).toMatchObject({
      what: expect.stringMatching(
        /^It took \d+ m?s until .* had read the last purge\. N is 3000 ms\.$/,
      ) as string,
      since: expect.any(String) as string,
    });
    await world.rest.setReplicaLagMs(0);
    await purgedUntil(here, there, "gone");
  }, 120_000);

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
      what: expect.stringContaining("response that was stored before the loss as purged") as string,
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
      summary: "Found: 1 info.",
      findings: [{ code: "switch-thrown", level: "info", since: expect.any(String) as string }],
    });
    expect(health.findings[0]?.what).toBe(
      'Route "news" goes straight to the origin. Tidemark looks up nothing and stores nothing for these requests.',
    );
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

/**
 * Purges until the finding exists or is gone. It runs in real time, because the replica lags in
 * real time. The finding concerns the last purge, which a busy machine may delay.
 */
async function purgedUntil(here: Site, there: Site, is: "there" | "gone"): Promise<void> {
  const endAtMs = Date.now() + 50_000;
  while (Date.now() < endAtMs) {
    await send(here, { tags: ["red"] });
    for (let looks = 0; looks < 20; looks += 1) {
      await there.get(`/${crypto.randomUUID()}`);
      if (((await found(there, "journal-lag")) !== undefined) === (is === "there")) return;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
  throw new Error(`The finding did not become ${is} in time.`);
}
