// Tests a Redis database that becomes full. Pages that clients can invent leave room for purges.
// Needs parts: global-collapse.
import { describe, expect, it } from "vitest";
import { globalCollapse } from "../../../src/parts/global-collapse/global-collapse.ts";
import type { RouteChanges } from "../../../testing/examples/requests.ts";
import { FakeClock } from "../../../testing/fakes/fake-clock.ts";
import { FakeUpstash } from "../../../testing/fakes/fake-upstash.ts";
import { cc, page } from "../../../testing/fakes/origin-in-process.ts";
import { openSite, type Site, type SiteOptions } from "../../../testing/site/harness.ts";
import { adminToken, send } from "../../../testing/site/purge-sender.ts";

const maxBytes = 64 * 1_048_576;

/** Opens isolates over one database. Each has its own colo, unless its options name one. */
function opened(usedRatio: number, route: RouteChanges = {}, policy = "noeviction") {
  const clock = new FakeClock();
  const upstash = new FakeUpstash(clock);
  upstash.memory = { usedBytes: Math.ceil(usedRatio * maxBytes), maxBytes, policy };
  const isolate = async (options: SiteOptions = {}): Promise<Site> => {
    const site = openSite({
      clock,
      upstash,
      origin: (_, nth) => page(`page ${nth}`, cc("max-age=3600")),
      ...options,
      config: { routes: [{ name: "all", match: "*", ...route }], ...options.config },
      env: { ADMIN_TOKEN: adminToken, ...options.env },
    });
    // The cron trigger reads the size of the database.
    await site.fireCron();
    upstash.commands.length = 0;
    return site;
  };
  const use = (ratio: number) => void (upstash.memory.usedBytes = Math.ceil(ratio * maxBytes));
  return { clock, upstash, isolate, use };
}

const inRedis = ({ keys }: FakeUpstash) => keys.length;

describe("a page with a URL that clients can invent, in a database that becomes full", () => {
  it.each(["/a?made=up", "/%61"])(
    "is written to Redis at its second request from 60 %: %s",
    async (path) => {
      const { upstash, isolate } = opened(0.6);
      const site = await isolate();
      await site.get(path);
      expect(inRedis(upstash)).toBe(0);
      expect((await site.get(path)).cacheStatus).toContain("hit");
      expect(inRedis(upstash)).toBe(1);
      await site.get("/a");
      expect(inRedis(upstash)).toBe(2);
    },
  );

  it.each<{ id: string; ratio: number; route?: RouteChanges; policy?: string; path?: string }>([
    { id: "below 60 %", ratio: 0.599 },
    { id: "if Redis evicts keys", ratio: 0.95, policy: "volatile-lru" },
    {
      id: "on a route that lists the parameter",
      ratio: 0.6,
      route: { query: { allow: ["made"] } },
    },
    { id: "on a route with globalCollapse()", ratio: 0.6, route: { use: [globalCollapse()] } },
    { id: "if the key omits the parameter", ratio: 0.6, path: "/a?utm_source=up" },
    { id: "if its escapes have small letters", ratio: 0.6, path: "/caf%c3%a9" },
  ])("is written to Redis at once $id", async ({ ratio, route, policy, path = "/a?made=up" }) => {
    const { upstash, isolate } = opened(ratio, route, policy);
    const site = await isolate();
    await site.get(path);
    expect(inRedis(upstash)).toBe(1);
  });

  it("expires in Redis after ten minutes, unless another colo requests the page", async () => {
    const { clock, upstash, isolate } = opened(0.6);
    const site = await isolate();
    for (const path of ["/a?made=up", "/a?made=up", "/b?made=up", "/b?made=up", "/c"])
      await site.get(path);
    expect(inRedis(upstash)).toBe(3);
    clock.advance(540);
    const other = await isolate();
    expect((await other.get("/a?made=up")).cacheStatus).toMatch(/hit;.*detail=shared/);
    clock.advance(61);
    const third = await isolate();
    expect((await third.get("/a?made=up")).cacheStatus).toMatch(/hit;.*detail=shared/);
    expect((await third.get("/b?made=up")).cacheStatus).toContain("fwd=uri-miss");
    expect((await third.get("/c")).cacheStatus).toMatch(/hit;.*detail=shared/);
  });
});

describe("a database that is 85 % full", () => {
  it("gets no new page, but updates of stored pages and purges", async () => {
    const { clock, upstash, isolate, use } = opened(0.5);
    const site = await isolate();
    await site.get("/known");
    use(0.86);
    await site.fireCron();
    await site.get("/new");
    expect(inRedis(upstash)).toBe(1);
    expect((await send(site, { urls: ["https://www.example.com/known"] })).status).toBe(200);
    clock.advance(10);
    expect((await site.get("/known")).text).toBe("page 3");
    expect(upstash.text).toContain(`"q":${clock.atMs},"a":0`);
    const other = await isolate();
    expect((await other.get("/known")).text).toBe("page 3");
    use(0.5);
    await site.fireCron();
    await site.get("/newer");
    expect(inRedis(upstash)).toBe(2);
  });

  it("gets one lookup for a new page, and gets the page at a hit once there is room", async () => {
    const { clock, upstash, isolate, use } = opened(0.9);
    const site = await isolate();
    for (let ask = 0; ask < 3; ask += 1) await site.get("/new");
    expect(upstash.commands).toEqual(["GETRANGE"]);
    use(0.5);
    clock.advance(60);
    for (let ask = 0; ask < 2; ask += 1) await site.get("/new");
    expect([inRedis(upstash), site.origin.count]).toEqual([1, 1]);
  });

  it("is detected without the cron trigger, by one INFO command a minute", async () => {
    const { clock, upstash, isolate, use } = opened(0.5);
    const site = await isolate();
    upstash.roomCommands.length = 0;
    use(0.9);
    for (let at = 0; at < 10; at += 1) await site.get(`/${at}`);
    expect([inRedis(upstash), upstash.roomCommands]).toEqual([10, []]);
    clock.advance(60);
    await site.get("/looks");
    for (let at = 10; at < 20; at += 1) await site.get(`/${at}`);
    expect([inRedis(upstash), upstash.roomCommands]).toEqual([11, ["INFO"]]);
    use(0.5);
    clock.advance(60);
    await site.get("/looks-again");
    await site.get("/stored");
    expect(upstash.roomCommands).toEqual(["INFO", "INFO"]);
    expect(inRedis(upstash)).toBe(12);
  });

  it.each([
    {
      id: "is detected from this isolate's writes",
      ratio: 0.84,
      looks: 0,
      writes: [1, 15],
    },
    {
      id: "is measured again after many writes",
      ratio: 0.8,
      looks: 1,
      writes: [20, 20],
    },
  ])("$id", async ({ ratio, looks, writes: [least = 0, most = 0] }) => {
    const { upstash, isolate } = opened(ratio);
    // Gzip does not compress random bodies.
    const noise = () => crypto.getRandomValues(new Uint8Array(65_536));
    const site = await isolate({ origin: () => new Response(noise(), cacheable) });
    upstash.roomCommands.length = 0;
    for (let at = 0; at < 20; at += 1) await site.get(`/${at}`);
    expect(upstash.roomCommands.length).toBe(looks);
    expect(inRedis(upstash)).toBeGreaterThanOrEqual(least);
    expect(inRedis(upstash)).toBeLessThanOrEqual(most);
  });

  it("is detected by limits.databaseBytes if Redis has no memory limit", async () => {
    for (const [limits, count] of [
      [{ databaseBytes: maxBytes }, 0],
      [{}, 1],
    ] as const) {
      const { upstash, isolate } = opened(0.9);
      upstash.memory.maxBytes = 0;
      const site = await isolate({ config: { limits } });
      await site.get("/new");
      expect(inRedis(upstash)).toBe(count);
    }
  });
});

const cacheable = { headers: { "cache-control": "max-age=3600" } };

describe("the ballast, a key of 1 MiB that is deleted to make room for purges", () => {
  it.each([
    { id: "is written if usage stays below 70 %", ratio: 0.68, is: true },
    { id: "is not written if usage would pass 70 %", ratio: 0.69, is: false },
    { id: "is not written if Redis evicts keys", ratio: 0.1, policy: "volatile-lru", is: false },
  ])("$id", async ({ ratio, policy, is }) => {
    const { upstash, isolate } = opened(ratio, {}, policy);
    await isolate();
    expect(upstash.hasBallast).toBe(is);
  });

  it("is not written if the journal has its own database", async () => {
    const { clock, upstash, isolate } = opened(0.1);
    const journal = new FakeUpstash(clock);
    await isolate({ env: ownJournal(journal) });
    expect([upstash.hasBallast, journal.hasBallast]).toEqual([false, false]);
  });
});

const ownJournal = ({ url, token }: FakeUpstash) => ({
  JOURNAL_REDIS_REST_URL: url,
  JOURNAL_REDIS_REST_TOKEN: token,
});

describe("a journal in its own database", () => {
  it("accepts purges while the cache's database is down or refuses commands", async () => {
    const { clock, upstash, isolate } = opened(0.1);
    const journal = new FakeUpstash(clock);
    const site = await isolate({ env: ownJournal(journal) });
    expect((await site.get("/a")).text).toBe("page 1");
    expect([inRedis(upstash), inRedis(journal)]).toEqual([1, 0]);
    expect(upstash.journalCommands).toEqual([]);
    for (const mode of ["down", "refuses"] as const) {
      upstash.mode = mode;
      expect((await send(site, { everything: true, reason: mode })).status).toBe(200);
    }
    expect(journal.journal.length).toBeGreaterThanOrEqual(2);
    expect((await site.get("/a")).text).toBe("page 2");
  });
});
