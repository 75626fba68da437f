// Tests the cron trigger, which reloads the keys of a namespace at the age `refresh`, in batches.
// The tests of purges during such a load are in test/data/stamps.test.ts.
import { expect, it } from "vitest";
import { knownData } from "../../src/compose/data-beside-pages.ts";
import type { LoadMany } from "../../src/data/value/load-context.ts";
import { openBeside } from "../../testing/data/beside-pages.ts";
import { DataIsolate } from "../../testing/data/data-isolate.ts";
import { idle } from "../../testing/site/harness.ts";

type Load = LoadMany<string, string>;

/** Opens a namespace whose values contain the number of its load. */
function opened(options: object = {}, isolate = new DataIsolate()) {
  const asked: string[][] = [];
  const load: Load = async (keys) => {
    asked.push([...keys]);
    return new Map(keys.map((key) => [key, `${key} of load ${asked.length}`]));
  };
  const space = { fresh: "1h", refresh: "5m", load, keys: ["a", "b"], ...options } as const;
  const rates = isolate.data.namespace<string, string>("rates", space);
  const run = async () => {
    await isolate.data.runCron();
    await isolate.settle();
  };
  const counts = () => isolate.data.stats().namespaces["rates"];
  return { isolate, rates, asked, run, counts };
}

it("loads missing keys in one load, and again once they are as old as `refresh`", async () => {
  const { isolate, rates, asked, run } = opened();
  await run();
  expect(asked).toEqual([["a", "b"]]);
  isolate.clock.advance(299);
  await run();
  expect(asked).toHaveLength(1);
  isolate.clock.advance(1);
  await run();
  expect(asked.slice(1)).toEqual([["a", "b"]]);
  expect(await rates.get("a")).toBe("a of load 2");
});

it("reads the keys from a function, loads each once, and at most 100 at a time", async () => {
  const names = Array.from({ length: 250 }, (_, nth) => `k${nth}`);
  const { asked, run, counts } = opened({ keys: async () => [...names, "k0"] });
  await run();
  expect(asked.map(({ length }) => length)).toEqual([100, 100, 50]);
  expect(counts()).toMatchObject({ cronRefreshes: 250, refreshes: 0, workedLoads: 250 });
});

it("does not load values that another isolate has stored in Redis since", async () => {
  const { isolate, rates, asked, run } = opened();
  await run();
  isolate.clock.advance(300);
  const other = opened({}, isolate.beside());
  await other.run();
  await run();
  expect([asked.length, other.asked.length]).toEqual([1, 1]);
  expect(await rates.get("a")).toBe("a of load 1");
  expect(isolate.cache.calls).toBeLessThan(10);
});

it("keeps older values when a load fails, and logs the failures once", async () => {
  let isBroken = false;
  const load: Load = (keys) => {
    if (isBroken) throw new TypeError("secret");
    return new Map(keys.map((key) => [key, "older"]));
  };
  const { isolate, rates, run, counts } = opened({ load });
  await run();
  isBroken = true;
  for (const seconds of [300, 60, 60]) {
    isolate.clock.advance(seconds);
    await run();
  }
  expect(await rates.get("a")).toBe("older");
  expect(counts()).toMatchObject({ failedLoads: 6, trouble: { kind: "TypeError" } });
  expect(isolate.log).toEqual([expect.stringContaining("Loads of rates fail with TypeError")]);
});

it.each([
  { id: "keys from a function that fails", keys: () => Promise.reject(new RangeError("x")) },
  { id: "an invalid key", keys: ["a//b"] },
])("counts $id as a failed load, and loads other namespaces", async ({ keys }) => {
  const { isolate, asked, run } = opened();
  isolate.data.namespace("bad", { fresh: "1h", refresh: "5m", load: () => new Map(), keys });
  await run();
  expect(asked).toHaveLength(1);
  expect(isolate.data.stats().namespaces["bad"]).toMatchObject({ failedLoads: 1 });
});

it("sends no request if no namespace names keys", async () => {
  const isolate = new DataIsolate();
  isolate.data.namespace("plain", { fresh: "1h" });
  await isolate.data.runCron();
  expect([isolate.upstash.commands, isolate.cache.calls]).toEqual([[], 0]);
});

it("looks up all keys with one command", async () => {
  const { isolate, run } = opened();
  await run();
  expect(isolate.upstash.commands).toEqual(["MGET", "SET", "SET"]);
});

it("reloads keys on the Worker's own cron trigger", async () => {
  const { site, data } = await openBeside();
  const load: Load = (keys) => new Map(keys.map((key) => [key, "kept"]));
  const space = { fresh: "1h", refresh: "5m", load, keys: ["a"] } as const;
  const rates = data.namespace<string, string>("rates", space);
  await site.fireCron();
  await idle();
  expect(await rates.get("a")).toBe("kept");
});

it("a data cache needs the cron trigger once a namespace has keys, for the health check", () => {
  const isolate = new DataIsolate();
  const { needsCron } = knownData(isolate.data);
  isolate.articles();
  expect(needsCron()).toBe(false);
  isolate.data.namespace("kept", {
    fresh: "1h",
    refresh: "5m",
    load: () => new Map(),
    keys: ["a"],
  });
  expect(needsCron()).toBe(true);
});
