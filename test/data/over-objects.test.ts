// Tests data of an application in a Worker without Redis: its journal and its values are in Durable
// Objects, also the values of two colos.
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { defineConfig } from "../../src/config/config.ts";
import { createDataCache } from "../../src/data/create-data-cache.ts";
import type { NamespaceOptions } from "../../src/data/value/space.ts";
import { durableObjectJournal } from "../../src/stores/durable-object/durable-object-journal.ts";
import { durableObjectRecords } from "../../src/stores/durable-object/durable-object-records.ts";
import { writeBehind } from "../../src/write-behind/write-behind.ts";
import { FakeClock } from "../../testing/fakes/fake-clock.ts";
import { FakeObject } from "../../testing/fakes/fake-object.ts";
import { FakeRecordObjects } from "../../testing/fakes/fake-record-objects.ts";
import { cc, page } from "../../testing/fakes/origin-in-process.ts";
import { UnsteadyUpstash } from "../../testing/fakes/unsteady-upstash.ts";
import { idle, openSite } from "../../testing/site/harness.ts";
import { MemoryCounterSink } from "../../testing/write-behind/memory-sink.ts";

let clock: FakeClock;
let journal: FakeObject;
let records: FakeRecordObjects;

beforeEach(() => {
  clock = new FakeClock();
  vi.useFakeTimers({ toFake: ["Date"], now: clock.atMs });
  journal = new FakeObject();
  records = new FakeRecordObjects();
});

afterEach(() => void vi.useRealTimers());

const pass = (seconds: number) => {
  clock.advance(seconds);
  vi.setSystemTime(clock.atMs);
};

/** Opens a Worker with pages and data in a colo of its own. */
function openColo({ upstash }: { readonly upstash?: UnsteadyUpstash } = {}) {
  const data = createDataCache(defineConfig({}), { nowAtMs: clock.nowAtMs, random: () => 0.5 });
  const env = {
    JOURNAL: journal.namespace,
    RECORDS: records.namespace,
    SITE_HOST: "www.example.com",
  };
  const origin = () => page("page", cc("max-age=600"));
  const stores = {
    records: durableObjectRecords({ objects: 3 }),
    journal: durableObjectJournal(),
  };
  const given = { clock, data, env, origin, config: {}, ...stores };
  const site = openSite(upstash === undefined ? given : { ...given, upstash });
  const values = (options: Partial<NamespaceOptions<string, string>> = {}, name = "values") =>
    data.namespace<string, string>(name, { fresh: "10m", tags: ["red"], ...options });
  return { data, site, values };
}

/** Opens two colos whose Workers have started. */
async function openTwo() {
  const colos = [openColo(), openColo()] as const;
  for (const { site } of colos) await site.get("/");
  return colos;
}

const rows = () =>
  records.all.flatMap(({ sql }) => sql.exec("SELECT key FROM records").toArray()).length;

const callsOf = (name: string) =>
  records.all.flatMap(({ calls }) => calls).filter((call) => call === name).length;

describe("data without Redis", () => {
  it("is shared by colos, by single calls and by calls for many keys", async () => {
    const [here, there] = await openTwo();
    const pages = rows();
    expect(await here.values().getOrSet("42", () => "loaded")).toBe("loaded");
    await idle();
    expect(await there.values().get("42")).toBe("loaded");
    const keys = Array.from({ length: 20 }, (_, at) => `many ${at}`);
    const load = async (missing: readonly string[]) => new Map(missing.map((key) => [key, key]));
    await here.values().getOrSetMany(keys, load);
    await idle();
    expect(rows()).toBe(pages + 21);
    expect(callsOf("writeMany")).toBeLessThanOrEqual(1 + 3);
    expect((await there.values().getMany(keys)).size).toBe(20);
    expect(callsOf("readMany")).toBeLessThanOrEqual(2 * 3);
    const [singleCount, later] = [callsOf("read"), openColo()];
    await later.site.get("/");
    const parallel = await Promise.all(keys.map((key) => later.values().get(key)));
    expect(parallel).toEqual(keys);
    expect(callsOf("read") - singleCount).toBeLessThan(5);
  });

  it.each([
    ["set", async ({ values }: ReturnType<typeof openColo>) => values().set("42", "new"), "new"],
    ["delete", async ({ values }: ReturnType<typeof openColo>) => values().delete("42"), undefined],
    [
      "a purge by tag",
      async ({ data }: ReturnType<typeof openColo>) => data.purge({ tags: ["red"] }),
      undefined,
    ],
  ])("ends older values everywhere within N by %s", async (_, change, expected) => {
    const [here, there] = await openTwo();
    for (const { values } of [here, there]) await values().getOrSet("42", () => "old");
    await change(here);
    expect(await here.values().get("42")).toBe(expected);
    pass(10);
    await there.values().get("other");
    await idle();
    expect(await there.values().get("42")).toBe(expected);
  });

  it("is set at once for all colos in the shared tier alone, without a purge", async () => {
    const [here, there] = await openTwo();
    const alone = { tiers: ["shared"] } as const;
    expect(await here.values(alone).set("42", "first")).toEqual(["shared"]);
    expect(await there.values(alone).set("42", "second")).toEqual(["shared"]);
    expect(await here.values(alone).get("42")).toBe("second");
    expect(journal.calls).not.toContain("append");
  });

  it.each(["getOrSet", "getOrSetMany"])("is stored again after its expiry, by %s", async (by) => {
    const [here, there] = await openTwo();
    const [mine, theirs] = [here, there].map(({ values }) =>
      values({ tiers: ["shared"], fresh: "5s" }),
    );
    for (const text of ["first", "second"]) {
      pass(6);
      const load = () => text;
      if (by === "getOrSet") await mine?.getOrSet("42", load);
      else
        await mine?.getOrSetMany(["42", "43"], (keys) => new Map(keys.map((key) => [key, load()])));
      await idle();
      expect(await theirs?.get("42")).toBe(text);
    }
  });

  it("refuses fields, counters and buffers, and says that they need Redis", async () => {
    const [{ data, values }] = await openTwo();
    const needsRedis = /UPSTASH_REDIS_REST_URL/;
    expect(() => values().fields("42")).toThrow(needsRedis);
    const views = writeBehind(data).counter("views", { sink: new MemoryCounterSink() });
    expect(() => views.add("42", 1)).toThrow(needsRedis);
    await expect(views.get("42")).rejects.toThrow(needsRedis);
  });

  it("beside Redis, is in the objects that the Worker names", async () => {
    const upstash = new UnsteadyUpstash(clock);
    const { site, values } = openColo({ upstash });
    await site.get("/");
    const pages = rows();
    await values().set("42", "value");
    expect(rows()).toBe(pages + 1);
    expect(upstash.keys).toEqual([]);
  });
});
