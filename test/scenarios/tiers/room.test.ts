// A database that fills: what anonymous clients can make up leaves room for what must not fail.
import { describe, expect, it } from "vitest";
import type { RouteChanges } from "../../../testing/examples/requests.ts";
import { FakeClock } from "../../../testing/fakes/fake-clock.ts";
import { FakeUpstash } from "../../../testing/fakes/fake-upstash.ts";
import { cc, page } from "../../../testing/fakes/origin-in-process.ts";
import { openSite, type Site, type SiteOptions } from "../../../testing/site/harness.ts";
import { adminToken, send } from "../../../testing/site/purge-sender.ts";

const maxBytes = 64 * 1_048_576;

/** Isolates that share a database, each with a colo of its own unless it is given one. */
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
    // Reads how much is used.
    await site.fireCron();
    upstash.commands.length = 0;
    return site;
  };
  const use = (ratio: number) => void (upstash.memory.usedBytes = Math.ceil(ratio * maxBytes));
  return { clock, upstash, isolate, use };
}

const inRedis = ({ keys }: FakeUpstash) => keys.length;

describe("from 60 %, a query that no route lists", () => {
  it("goes to Redis on its second request", async () => {
    const { upstash, isolate } = opened(0.6);
    const site = await isolate();
    await site.get("/a?made=up");
    expect(inRedis(upstash)).toBe(0);
    expect((await site.get("/a?made=up")).cacheStatus).toContain("hit");
    expect(inRedis(upstash)).toBe(1);
    await site.get("/a");
    expect(inRedis(upstash)).toBe(2);
  });

  it.each<{ id: string; ratio: number; route?: RouteChanges; policy?: string; path?: string }>([
    { id: "below that", ratio: 0.599 },
    { id: "where eviction is on", ratio: 0.95, policy: "volatile-lru" },
    { id: "on a route that lists it", ratio: 0.6, route: { query: { allow: ["made"] } } },
    { id: "where a crowd in the world waits for it", ratio: 0.6, route: { collapse: "global" } },
    { id: "that the key leaves out", ratio: 0.6, path: "/a?utm_source=up" },
  ])("goes there at once $id", async ({ ratio, route, policy, path = "/a?made=up" }) => {
    const { upstash, isolate } = opened(ratio, route, policy);
    const site = await isolate();
    await site.get(path);
    expect(inRedis(upstash)).toBe(1);
  });

  it("expires there within ten minutes, unless another colo asks for it", async () => {
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

describe("from 85 %", () => {
  it("nothing new is stored, what is stored is replaced, and purges are accepted", async () => {
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
    expect(upstash.text).toContain(`"respondedAtMs":${clock.atMs}`);
    const other = await isolate();
    expect((await other.get("/known")).text).toBe("page 3");
    use(0.5);
    await site.fireCron();
    await site.get("/newer");
    expect(inRedis(upstash)).toBe(2);
  });

  it("a page that is new is neither sent nor looked for again, and goes to Redis with its first hit after that", async () => {
    const { clock, upstash, isolate, use } = opened(0.9);
    const site = await isolate();
    for (let ask = 0; ask < 3; ask += 1) await site.get("/new");
    expect(upstash.commands).toEqual(["GETRANGE"]);
    use(0.5);
    clock.advance(60);
    for (let ask = 0; ask < 2; ask += 1) await site.get("/new");
    expect([inRedis(upstash), site.origin.count]).toEqual([1, 1]);
  });

  it("an isolate without the cron trigger learns it from what it writes, by one command a minute", async () => {
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
    { id: "counts what this isolate writes itself", ratio: 0.84, looks: 0, writes: [1, 15] },
    { id: "looks at once after a 64th of the room", ratio: 0.8, looks: 1, writes: [20, 20] },
  ])("$id", async ({ ratio, looks, writes: [least = 0, most = 0] }) => {
    const { upstash, isolate } = opened(ratio);
    // Bodies that gzip makes no smaller.
    const noise = () => crypto.getRandomValues(new Uint8Array(65_536));
    const site = await isolate({ origin: () => new Response(noise(), cacheable) });
    upstash.roomCommands.length = 0;
    for (let at = 0; at < 20; at += 1) await site.get(`/${at}`);
    expect(upstash.roomCommands.length).toBe(looks);
    expect(inRedis(upstash)).toBeGreaterThanOrEqual(least);
    expect(inRedis(upstash)).toBeLessThanOrEqual(most);
  });

  it("obeys limits.databaseBytes where the database tells no bound, and nothing where nobody does", async () => {
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

describe("the ballast", () => {
  it.each([
    { id: "is laid below 70 %", ratio: 0.68, is: true },
    { id: "is not laid where it would leave less", ratio: 0.69, is: false },
    { id: "is not laid where eviction is on", ratio: 0.1, policy: "volatile-lru", is: false },
  ])("$id", async ({ ratio, policy, is }) => {
    const { upstash, isolate } = opened(ratio, {}, policy);
    await isolate();
    expect(upstash.hasBallast).toBe(is);
  });

  it("is not laid where the journal has a database of its own", async () => {
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

describe("a journal in a database of its own", () => {
  it("takes purges and the switch while the cache's database is down or refuses all", async () => {
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
