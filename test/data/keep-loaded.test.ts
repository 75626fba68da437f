// The cron trigger keeps the keys of a namespace loaded: what is as old as `refresh` has it is loaded anew
// in batches, under a stamp that is taken before, and what fails stays as it is.
import { describe, expect, it } from "vitest";
import type { LoadMany } from "../../src/data/value/load-context.ts";
import { DataIsolate, HeldSource } from "../../testing/data/data-isolate.ts";
import { idle, until } from "../../testing/site/harness.ts";
import { openBeside } from "../../testing/data/beside-pages.ts";

type Load = LoadMany<string, string>;

/** Values tell how often the source was asked, by `run`. */
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

describe("a run of the cron trigger", () => {
  it("loads what is missing by one load, and then what is as old as refresh has it", async () => {
    const { isolate, rates, asked, run } = opened();
    await run();
    expect(asked).toEqual([["a", "b"]]);
    isolate.clock.advance(299);
    await run();
    expect(asked).toHaveLength(1);
    isolate.clock.advance(1);
    await run();
    expect(asked).toEqual([
      ["a", "b"],
      ["a", "b"],
    ]);
    expect(await rates.get("a")).toBe("a of load 2");
  });

  it("takes the keys from a function, each once, and loads a hundred at a time", async () => {
    const names = Array.from({ length: 250 }, (_, nth) => `k${nth}`);
    const { asked, run, counts } = opened({ keys: async () => [...names, "k0"] });
    await run();
    expect(asked.map(({ length }) => length)).toEqual([100, 100, 50]);
    expect(counts()).toMatchObject({ cronRefreshes: 250, refreshes: 0, workedLoads: 250 });
  });

  it("loads nothing that another isolate has brought to Redis since", async () => {
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

  it("leaves older values as they are where a load fails, and tells of that once", async () => {
    let isBroken = false;
    const load: Load = (keys) => {
      if (isBroken) throw new TypeError("secret");
      return new Map(keys.map((key) => [key, "older"]));
    };
    const { isolate, rates, run, counts } = opened({ load });
    await run();
    isBroken = true;
    for (let minute = 5; minute < 8; minute += 1) {
      isolate.clock.advance(minute === 5 ? 300 : 60);
      await run();
    }
    expect(await rates.get("a")).toBe("older");
    expect(counts()).toMatchObject({ failedLoads: 6, trouble: { kind: "TypeError" } });
    expect(isolate.log).toEqual([expect.stringContaining("Loads of rates fail with TypeError")]);
  });

  it.each([
    { id: "a function that fails", keys: () => Promise.reject(new RangeError("x")) },
    { id: "a key that is refused", keys: ["a//b"] },
  ])(
    "counts $id as a load that has failed, and goes on with other namespaces",
    async ({ keys }) => {
      const { isolate, asked, run } = opened();
      const load: Load = () => new Map();
      isolate.data.namespace("bad", { fresh: "1h", refresh: "5m", load, keys });
      await run();
      expect(asked).toHaveLength(1);
      expect(isolate.data.stats().namespaces["bad"]).toMatchObject({ failedLoads: 1 });
    },
  );

  it("asks for nothing where no namespace names keys", async () => {
    const isolate = new DataIsolate();
    isolate.data.namespace("plain", { fresh: "1h" });
    await isolate.data.runCron();
    expect([isolate.upstash.commands, isolate.cache.calls]).toEqual([[], 0]);
  });

  it("costs a look for all keys, and a round trip for all that is stored", async () => {
    const { isolate, run } = opened();
    await run();
    expect(isolate.upstash.commands).toEqual(["MGET", "SET", "SET"]);
  });
});

it.each([{ tags: ["red"] }, { keys: ["rates/a"] }, { prefixes: ["rates"] }])(
  "a purge in the midst of a run covers what it loads: %j",
  async (order) => {
    const source = new HeldSource();
    const load: Load = async (keys) => {
      const value = await source.load();
      return new Map(keys.map((key) => [key, value]));
    };
    const { isolate, rates } = opened({ load, tags: ["red"] });
    const running = isolate.data.runCron();
    await until(() => source.count === 1);
    await isolate.data.purge(order);
    await idle();
    source.answer("read before the purge");
    await running;
    await idle();
    expect(await rates.get("a")).toBeUndefined();
    const there = isolate.beside().data.namespace<string>("rates", { fresh: "1h" });
    isolate.clock.advance(10);
    expect(await there.get("a")).toBeUndefined();
  },
);

it("the Worker's own run has it, for data that it was handed", async () => {
  const { site, data } = await openBeside();
  const load: Load = (keys) => new Map(keys.map((key) => [key, "kept"]));
  const space = { fresh: "1h", refresh: "5m", load, keys: ["a"] } as const;
  const rates = data.namespace<string, string>("rates", space);
  await site.fireCron();
  await idle();
  expect(await rates.get("a")).toBe("kept");
});
