// Tests the counts of purges, tiers, Redis, hot keys, internal errors and background work, through
// the whole application.
// Needs parts: hot-keys.
import { describe, expect, it, vi } from "vitest";
import { countsOf as counts } from "../../../testing/site/counts-of.ts";
import { JournalView } from "../../../src/purge/view/journal-view.ts";
import { FakeClock } from "../../../testing/fakes/fake-clock.ts";
import { FakeUpstash } from "../../../testing/fakes/fake-upstash.ts";
import { FarUpstash } from "../../../testing/fakes/far-upstash.ts";
import { cc, page } from "../../../testing/fakes/origin-in-process.ts";
import { heat, openHotSite } from "../../parts/hot-keys/hot-site.ts";
import { openSite, type Site } from "../../../testing/site/harness.ts";
import { bearer, openJournalled } from "../../../testing/site/purge-sender.ts";
import { ask, playTimers, TwoColos, write } from "../../../testing/site/two-colos.ts";

const fresh = () => page("page", cc("max-age=600"));

describe("a site with little memory", () => {
  const config = { limits: { memoryBytes: 40_000 } };
  const text = "x".repeat(5_000);

  it("counts evicted records, but not replaced, removed or expired records", async () => {
    const { site } = openJournalled({ config, origin: () => page(text, cc("max-age=60")) });
    await site.get("/a");
    site.clock.advance(61);
    await site.get("/a");
    await site.get("/a", { method: "DELETE" });
    expect(counts(site, "evictions")).toEqual({});
    for (let nth = 0; nth < 10; nth += 1) await site.get(`/${nth}`);
    const { "evictions|memory": evicted = 0 } = counts(site, "evictions");
    expect(evicted).toBeGreaterThan(0);
    const stats = (await (await site.ask("/_cache/stats", { headers: bearer })).json()) as object;
    expect(stats).toMatchObject({ memory: { records: 10 - evicted } });
  });
});

describe("a site with purges", () => {
  describe("the time until an isolate reads a purge", () => {
    playTimers();
    const open = () => new TwoColos({}, fresh);
    const spread = (site: Site) => counts(site, "purgeSpread");
    const purge = (site: Site) =>
      site.ask("/_cache/purge", {
        method: "POST",
        headers: { authorization: "Bearer admin-of-this-site" },
        body: '{"tags":["red"]}',
      });

    it("is counted once, under the colo of the isolate that reads", async () => {
      const world = open();
      await ask(world.far, "/a");
      await world.pass(2);
      await purge(world.near);
      world.clock.advance(4);
      await ask(world.far, "/a");
      await ask(world.far, "/a");
      expect(spread(world.far)).toEqual({
        "purgeSpread|NRT|b28": 1,
        "purgeSpread|NRT|sum": 4,
      });
    });

    it("is counted once for a purge that is read after an outage of the journal", async () => {
      const world = open();
      await ask(world.far, "/a");
      await purge(world.near);
      world.upstash.journalMode = "down";
      for (let seconds = 0; seconds < 30; seconds += 5) {
        world.clock.advance(5);
        await ask(world.far, "/a");
      }
      expect(spread(world.far)).toEqual({});
      world.upstash.journalMode = "works";
      world.clock.advance(5);
      await ask(world.far, "/a");
      await ask(world.far, "/a");
      expect(spread(world.far)).toEqual({ "purgeSpread|NRT|b35": 1, "purgeSpread|NRT|sum": 35 });
    });

    it("is not counted for a purge before the first view, or while the isolate is idle", async () => {
      const world = open();
      await purge(world.near);
      await ask(world.far, "/a");
      expect(spread(world.far)).toEqual({});
      world.clock.advance(60);
      await purge(world.near);
      world.clock.advance(60);
      await ask(world.far, "/a");
      expect(spread(world.far)).toEqual({});
    });
  });

  describe("an answer to an unsafe method", () => {
    playTimers();

    it("counts the target that it invalidates as named, and then as purged", async () => {
      const world = new TwoColos(
        { routes: [{ name: "all", match: "*", invalidate: "everywhere" }] },
        fresh,
      );
      await ask(world.near, "/a");
      await write(world.near, "/a");
      await world.pass(2);
      expect(counts(world.near, "invalidations")).toEqual({
        "invalidations|named": 1,
        "invalidations|purged": 1,
      });
    });
  });
});

describe("a site with Redis", () => {
  it("measures answered round trips by purpose, and counts failed ones by cause", async () => {
    const clock = new FakeClock();
    const upstash = new FarUpstash(clock);
    const site = openSite({ clock, upstash, origin: fresh });
    await site.get("/a");
    const seconds = counts(site, "redisSeconds", "redisFailures");
    expect(seconds).toMatchObject({
      "redisSeconds|look-up|sum": 0.02,
      "redisSeconds|fill|sum": 0.02,
    });
    expect(Object.keys(seconds).join()).not.toContain("redisFailures");
    upstash.mode = "refuses";
    upstash.refusal = { status: 401, error: "WRONGPASS" };
    await site.get("/b");
    expect(counts(site, "redisSeconds", "redisFailures")).toEqual({
      "redisFailures|token-refused": expect.any(Number) as number,
    });
  });

  it("counts unreadable records", async () => {
    const clock = new FakeClock();
    const upstash = new FakeUpstash(clock);
    const [first, second] = [0, 1].map(() => openSite({ clock, upstash, origin: fresh }));
    await first!.get("/a");
    upstash.rewrite((text) => text.replace('"version"', '"other"').replace("{", "{{"));
    await second!.get("/a");
    expect(counts(second!, "badRecords")).toEqual({ badRecords: 1 });
  });
});

it("counts sampled hits of hot keys, reports to Redis, and refreshed hot keys", async () => {
  const { clock, colos } = openHotSite();
  const [near, , desk] = colos;
  await heat(near, ["/a"]);
  const { "hotKeys|sampled": sampled = 0, ...others } = counts(near, "hotKeys");
  expect(sampled).toBeGreaterThan(1);
  expect(others).toEqual({ "hotKeys|flushed": 1 });
  clock.advance(50);
  await desk.fireCron();
  expect(counts(desk, "hotKeys")).toEqual({ "hotKeys|refreshed": 1 });
});

it("counts requests that fail with an internal error", async () => {
  const { site } = openJournalled();
  vi.spyOn(JournalView.prototype, "renewIfDue").mockImplementation(() => {
    throw new RangeError("a fault");
  });
  expect((await site.ask("/a")).status).toBe(500);
  vi.spyOn(JournalView.prototype, "renewIfDue").mockReturnValue(() =>
    Promise.reject(new RangeError()),
  );
  expect((await site.ask("/a")).status).toBe(500);
  vi.restoreAllMocks();
  expect(counts(site, "requests")).toEqual({ "requests||failed|none": 2 });
});
