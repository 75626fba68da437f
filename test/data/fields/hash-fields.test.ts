// Tests fields of a hash in a real Redis. Each call takes one round trip. A purge covers all
// fields, and no answer mixes fields from before a purge and after it.
import { describe, expect, it } from "vitest";
import { DataIsolate } from "../../../testing/data/data-isolate.ts";
import { openRestDatabase } from "../../../testing/fakes/rest-database.ts";
import { lengthenTimeouts } from "../../../testing/patient-timeouts.ts";
import { idle } from "../../../testing/site/harness.ts";
import { purgeOthers } from "../../../testing/site/purges-of-others.ts";

const database = openRestDatabase();
lengthenTimeouts();

interface Article {
  readonly title: string;
  readonly views: number;
  readonly at: Date;
  readonly share: number;
}

let namespaces = 0;

/** Opens isolates of two colos, whose clocks the test moves together. */
async function opened() {
  const config = { namespace: `f${(namespaces += 1)}` };
  let aheadMs = 0;
  const platform = { database: database.address, nowAtMs: () => Date.now() + aheadMs };
  const start = () => new DataIsolate({ config, platform });
  const fieldsIn = (isolate: DataIsolate, options: object = {}) =>
    isolate.articles<Article>({ fresh: "10m", tags: ["red"], ...options }).fields("42");
  const isolates = [start(), start()] as const;
  const first = isolates[0].data;
  const [here, there] = [fieldsIn(isolates[0]), fieldsIn(isolates[1])];
  for (const each of [here, there]) await each.get(["title"]);
  const settle = async () => void (await Promise.all(isolates.map((each) => each.settle())));
  await settle();
  const pass = (ms: number) => (aheadMs += ms);
  const purge: typeof first.purge = (order) => first.purge(order);
  return { namespace: config.namespace, start, fieldsIn, here, there, purge, pass, settle };
}

describe("fields", () => {
  it("are read by name or all together, with the types of their codec", async () => {
    const { here, there } = await opened();
    const at = new Date(7);
    expect(await here.set({ title: "Tides", views: 7, at, share: 0.5 })).toBe(true);
    expect(await there.get(["title", "at"])).toEqual({ title: "Tides", at });
    expect(await there.all()).toEqual({ title: "Tides", views: 7, at, share: 0.5 });
    expect(await there.get(["share"])).toEqual({ share: 0.5 });
  });

  it("do not change when others are set", async () => {
    const { here, there } = await opened();
    await here.set({ title: "Tides", views: 7 });
    expect(await there.set({ views: 8 })).toBe(true);
    expect(await here.set({ share: 1.5 })).toBe(true);
    expect(await there.all()).toEqual({ title: "Tides", views: 8, share: 1.5 });
  });

  it.each([
    { id: "a list", tags: ["red", "new"] },
    { id: "a function", tags: (_: object, key: string) => ["new", key] },
    {
      id: "a function that fails for some fields",
      tags: (given: { readonly title?: string }) => ["new", given.title!.trim()],
      isList: false,
    },
  ])("are covered by a tag that a release adds to $id", async ({ tags, isList = true }) => {
    const { start, fieldsIn, here, purge, pass } = await opened();
    await here.set({ title: "Tides", views: 7 });
    const after = fieldsIn(start(), { tags });
    expect(await after.all()).toEqual({ title: "Tides", views: 7 });
    await purge({ tags: ["new"] });
    pass(11_000);
    expect(await after.all()).toBeUndefined();
    expect(await after.get(["views"])).toEqual(isList ? undefined : { views: 7 });
    expect(await here.get(["views"])).toEqual({ views: 7 });
    expect(await after.set({ title: "Moon" })).toBe(true);
    expect(await after.all()).toEqual({ title: "Moon" });
  });

  it("are not incremented if a tag of a new release covers them", async () => {
    const { start, fieldsIn, here, purge, pass } = await opened();
    await here.set({ views: 7 });
    const after = fieldsIn(start(), { tags: ["new"] });
    expect(await after.increment("views")).toBe(8);
    await purge({ tags: ["new"] });
    pass(11_000);
    expect(await after.increment("views")).toBeUndefined();
  });

  it("expire with the first field, and no later field extends that lifetime", async () => {
    const { here, pass } = await opened();
    expect(await here.all()).toBeUndefined();
    await here.set({ title: "Tides" });
    pass(9 * 60_000);
    await here.set({ views: 1 });
    expect(await here.get(["title"])).toEqual({ title: "Tides" });
    pass(60_001);
    expect(await here.all()).toBeUndefined();
    await here.set({ views: 2 });
    expect(await here.all()).toEqual({ views: 2 });
  });

  it("expire in Redis", async () => {
    const { here, namespace } = await opened();
    await here.set({ title: "Tides" });
    await here.set({ views: 1 });
    const keys = await database.redis.keys(`${namespace}:f:*`);
    expect(keys).toHaveLength(1);
    const leftMs = await database.redis.pttl(keys[0] ?? "");
    expect(leftMs).toBeGreaterThan(590_000);
    expect(leftMs).toBeLessThanOrEqual(600_000);
  });

  it("are separate for each schema", async () => {
    const { here, start, fieldsIn } = await opened();
    await here.set({ title: "Tides" });
    const newer = fieldsIn(start(), { schema: 2 });
    expect(await newer.all()).toBeUndefined();
    await newer.set({ views: 1 });
    expect(await newer.all()).toEqual({ views: 1 });
  });

  it("take one round trip per call", async () => {
    const { here, there } = await opened();
    const commands = async (run: () => Promise<unknown>) => {
      database.rest.resetCounts();
      await run();
      const counted = Object.entries(database.rest.counts().commandCountByName);
      return Object.fromEntries(counted.filter(([name]) => !name.startsWith("X")));
    };
    const set = { EVAL: 1 };
    expect(await commands(() => here.set({ title: "Tides", views: 7 }))).toEqual(set);
    expect(await commands(() => here.set({ views: 8 }))).toEqual(set);
    expect(await commands(() => there.get(["views"]))).toEqual({ HMGET: 1 });
    expect(await commands(() => there.all())).toEqual({ HGETALL: 1 });
    expect(await commands(() => there.increment("views"))).toEqual(set);
    expect(await commands(() => there.set({ share: 1 }))).toEqual(set);
  });

  it("are refused without a database", () => {
    const articles = new DataIsolate({ upstash: null }).articles<Article>();
    expect(() => articles.fields("42")).toThrow("stored in Redis");
  });
});

describe("increment", () => {
  it("adds to a number for several concurrent callers", async () => {
    const { here, there } = await opened();
    await here.set({ views: 7 });
    await there.all();
    const raised = [here, there, here, there].map((each) => each.increment("views", 2));
    expect(new Set(await Promise.all(raised))).toEqual(new Set([9, 11, 13, 15]));
    expect(await here.get(["views"])).toEqual({ views: 15 });
    expect(await here.increment("views", -5)).toBe(10);
  });

  it("does not create a number, and does not change a fraction", async () => {
    const { here } = await opened();
    expect(await here.increment("views")).toBeUndefined();
    await here.set({ title: "Tides", share: 0.5 });
    expect(await here.increment("views")).toBeUndefined();
    expect(await here.increment("share")).toBeUndefined();
    expect(await here.all()).toEqual({ title: "Tides", share: 0.5 });
    await expect(here.increment("views", 0.5)).rejects.toThrow("whole numbers");
  });

  it("does not restore a purged number", async () => {
    const { here, there, purge } = await opened();
    await here.set({ views: 7 });
    await there.all();
    await purge({ tags: ["red"] });
    expect(await here.increment("views")).toBeUndefined();
    expect(await here.all()).toBeUndefined();
    await here.set({ title: "Ebb" });
    // The hash now has another head.
    expect(await there.increment("views")).toBeUndefined();
  });
});

describe("a purge", () => {
  it.each([{ keys: ["articles/42"] }, { tags: ["red"] }, { prefixes: ["articles"] }])(
    "of %j covers all fields, and later fields are read without them",
    async (order) => {
      const { here, there, purge, pass } = await opened();
      await here.set({ title: "Tides", views: 7 });
      await there.all();
      await purge(order);
      expect(await here.all()).toBeUndefined();
      pass(10_000);
      expect(await there.all()).toBeUndefined();
      expect(await there.set({ views: 1 })).toBe(true);
      expect(await there.all()).toEqual({ views: 1 });
    },
  );

  it("during the read of the source covers the fields of that read", async () => {
    const { here, purge, settle } = await opened();
    await here.set(async () => {
      await purge({ tags: ["red"] });
      return { title: "read before the purge" };
    });
    await Promise.race([settle(), idle()]);
    expect(await here.all()).toBeUndefined();
  });

  it.each([false, true])(
    "during the read of the source prevents a mix of earlier and later fields: soft %s",
    async (soft) => {
      const { here, there, purge, pass } = await opened();
      const after = { title: "read after the purge" };
      const isSet = await here.set(async () => {
        await purge({ tags: ["red"], soft });
        await idle();
        pass(10_000);
        await there.all();
        await there.set(after);
        expect(await here.all()).toEqual(after);
        return { views: 1 };
      });
      expect(isSet).toBe(false);
      expect([await here.all(), await there.all()]).toEqual([after, after]);
    },
  );

  it("covers fields that an isolate added to older ones before it knew the purge", async () => {
    const { here, there, purge, pass } = await opened();
    await here.set({ title: "Tides" });
    await there.all();
    await purge({ tags: ["red"] });
    await there.set({ views: 8 });
    expect(await here.all()).toBeUndefined();
    pass(10_000);
    expect(await there.all()).toBeUndefined();
  });
});

describe("a purge of another key", () => {
  it("that an isolate does not know yet ends neither its increments nor the other fields (rule 6)", async () => {
    const { here, there, purge } = await opened();
    await purge({ keys: ["articles/other"] });
    await here.set({ views: 7 });
    expect(await there.increment("views")).toBe(8);
    await purge({ keys: ["articles/other"] });
    await here.set({ share: 0.5 });
    expect(await there.set({ title: "Tides" })).toBe(true);
    expect(await here.all()).toEqual({ views: 8, share: 0.5, title: "Tides" });
  });

  it("ends nothing in a new isolate, which reads epochs (rule 27)", async () => {
    const { here, start, fieldsIn, namespace, pass } = await opened();
    await here.set({ views: 7 });
    const world = { upstash: database.address, clock: { nowAtMs: Date.now } };
    await purgeOthers(world, 1_200, namespace);
    pass(20_000);
    expect(await fieldsIn(start()).increment("views")).toBe(8);
    expect(await fieldsIn(start()).set({ title: "Tides" })).toBe(true);
    expect(await fieldsIn(start()).all()).toEqual({ views: 8, title: "Tides" });
  });
});
