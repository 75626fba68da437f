// Tests a site whose journal is in a Durable Object, with and without Redis.
import { beforeEach, describe, expect, it } from "vitest";
import { durableObjectJournal } from "../../../src/stores/durable-object/durable-object-journal.ts";
import { durableObjectRecords } from "../../../src/stores/durable-object/durable-object-records.ts";
import { TidemarkRecords } from "../../../src/stores/durable-object/tidemark-records.ts";
import { FakeClock } from "../../../testing/fakes/fake-clock.ts";
import { FakeObject } from "../../../testing/fakes/fake-object.ts";
import { FakeUpstash } from "../../../testing/fakes/fake-upstash.ts";
import { cc, page } from "../../../testing/fakes/origin-in-process.ts";
import { openColos, type Site } from "../../../testing/site/harness.ts";
import { adminToken, bearer } from "../../../testing/site/purge-sender.ts";

const bindings = { ADMIN_TOKEN: adminToken };
const stores = { records: durableObjectRecords({ objects: 1 }), journal: durableObjectJournal() };

let clock: FakeClock;
let object: FakeObject;
let first: Site;

beforeEach(() => {
  clock = new FakeClock();
  object = new FakeObject();
  const records = new FakeObject((state) => new TidemarkRecords(state));
  [first] = openColos(1, {
    clock,
    ...stores,
    env: { ...bindings, JOURNAL: object.namespace, RECORDS: records.namespace },
    origin: (_, nth) => page(`page ${nth}`, cc("max-age=3600", { "cache-tag": "red" })),
  }) as [Site];
});

const purge = (site: Site, order: object) =>
  site.get("/_cache/purge", {
    method: "POST",
    headers: { ...bearer, "content-type": "application/json" },
    body: JSON.stringify(order),
  });

describe("a site without Redis", () => {
  it("refuses a purge while the object does not answer, and names the object as the cause", async () => {
    await first.get("/a");
    object.isDown = true;
    const refused = await purge(first, { tags: ["red"] });
    expect(refused.status).toBe(503);
    expect(refused.text).toContain("Durable Object");
    const health = await first.get("/_cache/health", { headers: bearer });
    const { findings } = JSON.parse(health.text) as { findings: { values?: object }[] };
    expect(findings).toContainEqual(
      expect.objectContaining({
        values: expect.objectContaining({ database: "Durable Object" }) as object,
      }),
    );
    expect((await first.get("/a")).text).toBe("page 1");
    clock.advance(10);
    expect((await first.get("/a")).text).toBe("page 2");
  });

  it("accepts no purge without the binding, and uses no Redis either", async () => {
    const upstash = new FakeUpstash(clock);
    const [site] = openColos(1, { clock, ...stores, upstash, env: bindings }) as [Site];
    await site.get("/a");
    expect((await purge(site, { tags: ["red"] })).text).toContain("JOURNAL is not bound");
    expect(upstash.text).toBe("");
  });

  it("reports one fault without the binding, and none about the tiers", async () => {
    const [site] = openColos(1, { clock, ...stores, env: bindings }) as [Site];
    const { text } = await site.get("/_cache/stats", { headers: bearer });
    const { faults } = JSON.parse(text) as { faults: { what: string }[] };
    expect(faults.map(({ what }) => what)).toEqual([expect.stringContaining("journal is off")]);
  });

  it("reports a region that Cloudflare does not have", async () => {
    const journal = durableObjectJournal({ locationHint: "europe" as "weur" });
    const env = { ...bindings, JOURNAL: object.namespace };
    const [site] = openColos(1, { clock, ...stores, journal, env }) as [Site];
    const { text } = await site.get("/_cache/stats", { headers: bearer });
    expect(text).toContain('The option locationHint is \\"europe\\".');
  });

  it("reports an unusable database without the claim that purges are off", async () => {
    const env = { ...bindings, UPSTASH_REDIS_REST_URL: "https://db.upstash.io" };
    const site = openColos(1, { clock, ...stores, env: { ...env, JOURNAL: object.namespace } });
    const { text } = await (site[0] as Site).get("/_cache/stats", { headers: bearer });
    expect(text).toContain('"The database is not used."');
    expect((await purge(site[0] as Site, { tags: ["red"] })).status).toBe(200);
  });

  it("keeps the journal in the object beside a usable Redis", async () => {
    const upstash = new FakeUpstash(clock);
    const env = { ...bindings, JOURNAL: object.namespace };
    const { journal } = stores;
    const origin = () => page("text", cc("max-age=3600", { "cache-tag": "red" }));
    const sites = openColos(2, { clock, journal, upstash, env, origin });
    const [site, other] = sites as [Site, Site];
    await site.get("/a");
    expect((await other.get("/a")).cacheStatus).toContain("detail=shared");
    expect((await purge(site, { tags: ["red"] })).status).toBe(200);
    expect(object.calls).toContain("append");
    expect(upstash.journalCommands).toEqual([]);
  });

  it("begins with an empty cache after the journal has moved from Redis to the object", async () => {
    const upstash = new FakeUpstash(clock);
    const env = { ...bindings, JOURNAL: object.namespace };
    const origin = () => page("text", cc("max-age=3600", { "cache-tag": "red" }));
    const [before] = openColos(1, { clock, upstash, env, origin }) as [Site];
    expect((await purge(before, { tags: ["red"] })).status).toBe(200);
    for (let at = 0; at < 2; at += 1) await before.get("/a");
    const { journal } = stores;
    const settings = { clock, journal, upstash, env, origin };
    const [after, another] = openColos(2, settings) as [Site, Site];
    expect((await after.get("/a")).cacheStatus).not.toContain("; hit");
    expect((await another.get("/a")).cacheStatus).toMatch(/; hit;.*detail=shared/);
  });

  it.each([
    { option: { hints: true }, listeners: 2 },
    { option: {}, listeners: 0 },
  ])("listens at the object once for each colo, if it is told to: $option", async (row) => {
    object.beforeCall = async (call) => {
      if (call === "hints") throw new Error("Network connection lost.");
    };
    const upstash = new FakeUpstash(clock);
    const env = { ...bindings, JOURNAL: object.namespace };
    const journal = durableObjectJournal(row.option);
    const origin = () => page("text", cc("max-age=3600"));
    const sites = openColos(2, { clock, journal, upstash, env, origin });
    for (let seconds = 0; seconds < 20; seconds += 1) {
      for (const site of sites) expect((await site.get("/a")).status).toBe(200);
      clock.advance(1);
    }
    expect(object.calls.filter((call) => call === "hints")).toHaveLength(row.listeners);
  });
});
