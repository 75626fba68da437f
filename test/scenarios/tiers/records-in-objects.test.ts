// Tests a site whose records, locks and journal are in Durable Objects, with and without Redis.
// Needs parts: global-collapse.
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { globalCollapse } from "../../../src/parts/global-collapse/global-collapse.ts";
import { durableObjectJournal } from "../../../src/stores/durable-object/durable-object-journal.ts";
import { durableObjectRecords } from "../../../src/stores/durable-object/durable-object-records.ts";
import { TidemarkRecords } from "../../../src/stores/durable-object/tidemark-records.ts";
import { FakeClock } from "../../../testing/fakes/fake-clock.ts";
import { FakeObject } from "../../../testing/fakes/fake-object.ts";
import { cc, page } from "../../../testing/fakes/origin-in-process.ts";
import { UnsteadyUpstash } from "../../../testing/fakes/unsteady-upstash.ts";
import { openColos, openSite, type Site } from "../../../testing/site/harness.ts";
import { adminToken, bearer } from "../../../testing/site/purge-sender.ts";
import type { Stats } from "../../../testing/worker/world.ts";

const objectBytes = 4 * 1_048_576;
const config = {
  limits: { objectBytes },
  routes: [{ name: "global", match: "/global/*", use: [globalCollapse()] }],
};
const stores = { records: durableObjectRecords({ objects: 1 }), journal: durableObjectJournal() };

let clock: FakeClock;
let records: FakeObject<TidemarkRecords>;
let env: Record<string, unknown>;
const origin = (_: Request, nth: number) =>
  page(`page ${nth}`, cc("max-age=3600", { "cache-tag": "red" }));

beforeEach(() => {
  clock = new FakeClock();
  // The objects use the clock of their runtime.
  vi.useFakeTimers({ toFake: ["Date"], now: clock.atMs });
  records = new FakeObject((state) => new TidemarkRecords(state));
  env = {
    ADMIN_TOKEN: adminToken,
    JOURNAL: new FakeObject().namespace,
    RECORDS: records.namespace,
  };
});

afterEach(() => void vi.useRealTimers());

const openTwo = () => openColos(2, { clock, config, ...stores, env, origin }) as [Site, Site];

const pass = (seconds: number) => {
  clock.advance(seconds);
  vi.setSystemTime(clock.atMs);
};

const purge = (site: Site) =>
  site.get("/_cache/purge", {
    method: "POST",
    headers: { ...bearer, "content-type": "application/json" },
    body: JSON.stringify({ tags: ["red"] }),
  });

describe("a site with records in Durable Objects", () => {
  it("shares a page between colos at once, and purges it everywhere within N", async () => {
    const [first, second] = openTwo();
    expect((await first.get("/a")).text).toBe("page 1");
    const seen = await second.get("/a");
    expect([seen.text, seen.cacheStatus]).toEqual(["page 1", expect.stringContaining("shared")]);
    expect(first.lines[0]).toMatchObject({ event: "started", tiers: "memory edge shared" });
    expect((await purge(first)).status).toBe(200);
    pass(1);
    expect((await first.get("/a")).text).toBe("page 2");
    pass(10);
    const after = await second.get("/a");
    expect([after.text, after.cacheStatus]).toEqual(["page 2", expect.stringContaining("shared")]);
  });

  it("counts for the stats what Cloudflare bills", async () => {
    const site = openSite({ clock, config, ...stores, env, origin });
    await site.get("/a");
    const { text } = await site.get("/_cache/stats", { headers: bearer });
    const { objectCalls, objectRows } = JSON.parse(text) as Stats;
    expect(objectCalls).toMatchObject({
      "look-up": 1,
      fill: 1,
      "journal read": expect.any(Number),
    });
    expect(objectRows).toMatchObject({ fill: 1 });
  });

  it("requests a page once for all colos with globalCollapse()", async () => {
    const [first, second] = openTwo();
    const [one, other] = await Promise.all([first.get("/global/a"), second.get("/global/a")]);
    expect([one.text, other.text]).toEqual(["page 1", "page 1"]);
    expect(first.origin.count).toBe(1);
    expect(records.calls).toContain("lock");
  });

  it("answers from the origin while the objects fail, and uses them again afterwards", async () => {
    const [first, second] = openTwo();
    await first.get("/a");
    records.isDown = true;
    expect((await second.get("/a")).text).toBe("page 2");
    expect((await second.get("/global/b")).text).toBe("page 3");
    records.isDown = false;
    await first.get("/c");
    expect((await second.get("/c")).text).toBe("page 4");
  });

  it("shares each new page with other colos, while made-up queries fill the object", async () => {
    const made = ({ url }: Request, nth: number) =>
      page(`${nth}`.padEnd(url.includes("made") ? 100_000 : 20_000), cc("max-age=86400"));
    const sites = openColos(3, { clock, config, ...stores, env, origin: made });
    const [first, second, third] = sites as [Site, Site, Site];
    await first.get("/");
    // The storage ends where the configuration says.
    records.database.exec(`PRAGMA max_page_count = ${objectBytes / 4_096}`);
    let madeCount = 0;
    const flood = async (count: number) => {
      for (let nth = 0; nth < count; nth += 1) {
        pass(1);
        await first.get(`/?made=${(madeCount += 1)}`);
      }
    };
    const isShared = async (site: Site, path: string) =>
      (await site.get(path)).cacheStatus.includes("detail=shared");
    await flood(45);
    const paths = Array.from({ length: 49 }, (_, nth) => `/page/${nth}`);
    const counts = { second: 0, third: 0 };
    for (const path of paths) {
      await first.get(path);
      await flood(1);
      if (await isShared(second, path)) counts.second += 1;
    }
    await flood(45);
    for (const path of paths) if (await isShared(third, path)) counts.third += 1;
    expect(counts).toEqual({ second: 49, third: 49 });
  });

  it("beside Redis, stores no record there", async () => {
    const upstash = new UnsteadyUpstash(clock);
    const { records: inObjects } = stores;
    const site = openSite({ clock, config, records: inObjects, upstash, env, origin });
    await site.get("/a");
    await site.get("/global/a");
    expect(upstash.keys).toEqual([]);
    expect(upstash.lockCommands).toEqual([]);
    expect(records.sql.exec("SELECT key FROM records").toArray()).toHaveLength(2);
    expect((await purge(site)).status).toBe(200);
    expect((await site.get("/a")).text).toBe("page 3");
  });

  it("without a journal, has no shared tier and says why", async () => {
    const { records: inObjects } = stores;
    const site = openSite({ clock, config, records: inObjects, env, origin });
    await site.get("/a");
    expect(site.lines.find(({ event }) => event === "started")).toMatchObject({
      tiers: "memory edge",
      faults: 1,
    });
    const off = expect.stringContaining("The shared tier is off.");
    expect(site.log).toEqual([off]);
    await site.get("/_cache/none");
    await site.get("/_cache/none");
    const idle = "has fields without effect: globalCollapse(). This Worker has only the tiers";
    expect(site.log).toEqual([off, expect.stringContaining(idle)]);
  });
});
