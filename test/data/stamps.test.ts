// Tests that each load gets its stamp before it begins. A purge during the load therefore covers
// the loaded value, whatever began the load.
import { describe, expect, it, vi } from "vitest";
import { DataIsolate, heldMany, HeldSource } from "../../testing/data/data-isolate.ts";
import { closedGate } from "../../testing/fakes/origin-in-process.ts";
import { idle, until } from "../../testing/site/harness.ts";

/** `age`: the seconds since an earlier load, which took 10 s to make an early refresh likely. */
const loads = [
  { id: "cold", age: undefined, options: {} },
  { id: "cold, with a global lock", age: undefined, options: { collapse: "global" } },
  { id: "in the background of a stale answer", age: 70, options: { stale: "1h" } },
  {
    id: "with a soft time-out and a stale value",
    age: 70,
    options: { stale: "1h", softTimeoutMs: 5 },
  },
  { id: "early, at the age of refresh", age: 40, options: { refresh: "30s" } },
  { id: "early, by chance", age: 59.9, options: {} },
  { id: "forced", age: 1, options: {}, call: "forced" },
  { id: "of several keys", age: undefined, options: {}, call: "many" },
  {
    id: "of several keys, in the background of stale answers",
    age: 70,
    options: { stale: "1h" },
    call: "many",
  },
  { id: "by the cron trigger", age: undefined, options: { refresh: "30s" }, call: "cron" },
] as const;

describe.each(loads)("a load ($id)", ({ age, options, ...how }) => {
  const call = "call" in how ? how.call : "one";

  async function opened() {
    const isolate = new DataIsolate();
    const source = new HeldSource();
    const kept = call === "cron" && { keys: ["42"], load: heldMany(source) };
    const articles = isolate.articles({ tags: ["red"], ...options, ...kept });
    if (age !== undefined) {
      await articles.getOrSet("42", async () => {
        isolate.clock.advance(10);
        return "first";
      });
      await isolate.settle();
      isolate.clock.advance(age);
    }
    const calls = {
      one: () => articles.getOrSet("42", source.load),
      forced: () => articles.getOrSet("42", source.load, { forceFresh: true }),
      many: () =>
        articles.getOrSetMany(["42"], async (_, { of }) => {
          return new Map([["42", await source.load(of("42"))]]);
        }),
      cron: () => isolate.data.runCron(),
    };
    const asked = calls[call]();
    await until(() => source.count === 1);
    return { isolate, articles, source, asked };
  }

  it.each([{ tags: ["red"] }, { keys: ["articles/42"] }, { prefixes: ["articles"] }])(
    "is covered by the purge %j during the load",
    async (order) => {
      const { isolate, articles, source, asked } = await opened();
      await isolate.data.purge(order);
      await idle();
      source.answer("read before the purge");
      await asked;
      await idle();
      const inColo = isolate.beside().articles();
      expect(await articles.get("42")).toBeUndefined();
      isolate.clock.advance(10);
      expect(await inColo.get("42")).toBeUndefined();
      expect(await articles.getOrSet("42", () => "read after it")).toBe("read after it");
    },
  );

  it("is stored without a purge", async () => {
    const { articles, source, asked } = await opened();
    source.answer("new");
    await asked;
    await idle();
    expect(await articles.get("42")).toBe("new");
  });
});

it("a purge during a set covers its value", async () => {
  const isolate = new DataIsolate();
  const articles = isolate.articles();
  await articles.set("41", "a view is there", { everywhere: false });
  const gate = closedGate();
  const beforeStored = vi.fn<() => Promise<void>>(() => gate.opened);
  isolate.upstash.beforeStored = beforeStored;
  const setting = articles.set("42", "old", { everywhere: false });
  await until(() => beforeStored.mock.calls.length > 0);
  await isolate.data.purge({ keys: ["articles/42"] });
  await idle();
  gate.open();
  await setting;
  expect(await articles.get("42")).toBeUndefined();
});

it("a load does not answer a call that began after a purge of its value", async () => {
  const isolate = new DataIsolate();
  const articles = isolate.articles({ tags: ["red"] });
  const source = new HeldSource();
  const first = articles.getOrSet("42", source.load);
  await until(() => source.count === 1);
  await isolate.data.purge({ tags: ["red"] });
  const second = articles.getOrSet("42", source.load);
  await idle();
  source.answer("old");
  await until(() => source.count === 2);
  source.answer("new");
  expect([await first, await second]).toEqual(["old", "new"]);
});

it.each([["shared"], ["memory", "shared"]])(
  "a load from before a set is not stored once the set value has expired, in these tiers: %s %s",
  async (...tiers) => {
    const here = new DataIsolate();
    const there = here.elsewhere();
    const [mine, theirs] = [here, there].map((one) => one.articles({ fresh: "1h", tiers }));
    for (const one of [mine, theirs]) await one?.get("none");
    const source = new HeldSource();
    const loading = theirs?.getOrSet("42", source.load);
    await until(() => source.count > 0);
    expect(await mine?.set("42", "new", { fresh: "10s" })).toContain("shared");
    here.clock.advance(11);
    source.answer("read before the set");
    await loading;
    await idle();
    here.clock.advance(12);
    for (const one of [mine, theirs]) expect(await one?.get("42")).toBeUndefined();
  },
);

describe("a load that begins after a set value in Redis alone has expired is stored", () => {
  it.each(["getOrSet", "getOrSet with a global lock", "getOrSetMany", "lookUp and set"])(
    "by %s",
    async (by) => {
      const here = new DataIsolate();
      const collapse = by.includes("global") ? "global" : "isolate";
      const [mine, theirs] = [here, here.elsewhere()].map((one) =>
        one.articles({ fresh: "1h", tiers: ["shared"], collapse }),
      );
      await mine?.get("none");
      expect(await mine?.set("42", "set", { fresh: "1s" })).toContain("shared");
      here.clock.advance(2);
      expect(await mine?.get("42")).toBeUndefined();
      if (by === "lookUp and set") {
        const looked = await mine?.lookUp("42");
        await mine?.set("42", "loaded", { start: looked!.start, everywhere: false });
      } else if (by === "getOrSetMany") {
        await mine?.getOrSetMany(
          ["42", "43"],
          (keys) => new Map(keys.map((key) => [key, "loaded"])),
        );
      } else await mine?.getOrSet("42", () => "loaded");
      await idle();
      expect(await theirs?.get("42")).toBe("loaded");
    },
  );
});
