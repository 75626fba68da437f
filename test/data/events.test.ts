// Tests the events of a data cache, as a listener of the application receives them.
import { expect, it } from "vitest";
import { DataIsolate } from "../../testing/data/data-isolate.ts";
import type { DataEvent, OnDataEvent } from "../../src/data/value/events.ts";

function listening() {
  const events: DataEvent[] = [];
  const platform = { onEvent: (event: DataEvent) => void events.push(event) };
  const isolate = new DataIsolate({ platform });
  const articles = isolate.articles({ fresh: "10m", stale: "1h", tags: () => ["red"] });
  /** The events since the last call. */
  const taken = () => events.splice(0);
  return { isolate, articles, platform, taken };
}

const of = (key: unknown) => ({ namespace: "articles", key });

it("reports a miss and a load for the first call, and then a hit in memory", async () => {
  const { isolate, articles, taken } = listening();
  const startedAtMs = isolate.clock.nowAtMs();
  await articles.getOrSet("42", () => {
    isolate.clock.advance(2);
    return "v";
  });
  const load = { namespace: "articles", keys: ["42"], startedAtMs, tookMs: 2_000 };
  const loaded = { type: "load", ...load, errors: new Map() };
  expect(taken()).toEqual([loaded, { type: "miss", ...of("42") }]);
  await articles.get("42");
  expect(taken()).toEqual([{ type: "hit", ...of("42"), tier: "memory", stale: false }]);
});

it("reports one miss for calls that share a load, so that events and stats have one hit rate", async () => {
  const { isolate, articles, taken } = listening();
  const load = async () => "v";
  await Promise.all(Array.from({ length: 100 }, () => articles.getOrSet("42", load)));
  await articles.getOrSetMany(["42", "43"], async () => new Map([["43", "w"]]));
  const events = taken();
  const count = (type: string) => events.filter((event) => event.type === type).length;
  const { hits, loaded, collapsed } = isolate.data.stats().namespaces["articles"]!;
  expect({ hits: hits.memory, loaded, collapsed }).toEqual({ hits: 1, loaded: 2, collapsed: 99 });
  expect([count("hit"), count("miss"), count("collapsed"), count("load")]).toEqual([1, 2, 99, 2]);
});

it("names in a hit the tier that had the value", async () => {
  const { isolate, articles, platform, taken } = listening();
  await articles.getOrSet("42", () => "v");
  await isolate.settle();
  taken();
  const { clock, upstash } = isolate;
  await new DataIsolate({ clock, upstash, cache: null, platform }).articles().get("42");
  expect(taken()).toEqual([{ type: "hit", ...of("42"), tier: "shared", stale: false }]);
});

it("reports a stale answer as a stale hit, and its refresh as a load", async () => {
  const { isolate, articles, taken } = listening();
  await articles.getOrSet("42", () => "v");
  isolate.clock.advance(700);
  taken();
  await articles.getOrSet("42", () => "w");
  await isolate.settle();
  const [hit, load] = taken();
  expect(hit).toEqual({ type: "hit", ...of("42"), tier: "memory", stale: true });
  expect(load).toMatchObject({ type: "load", keys: ["42"] });
});

it("reports the error of a failed load in a load event and in an error event", async () => {
  const { articles, taken } = listening();
  const error = new TypeError("down");
  await expect(articles.getOrSet("42", () => Promise.reject(error))).rejects.toBe(error);
  const [load, miss, failed] = taken();
  expect(miss).toMatchObject({ type: "miss" });
  expect(load).toMatchObject({ type: "load", errors: new Map([["42", error]]) });
  expect(failed).toEqual({ type: "error", ...of("42"), error });
});

it("reports one load of several keys as one event, and each failed key as an error", async () => {
  const { articles, taken } = listening();
  const error = new Error("one is broken");
  const load = async () => new Map<string, never>([["1", error as never]]);
  await articles.getOrSetMany(["1", "2"], load, { missing: "absent" });
  const events = taken();
  const loads = events.filter(({ type }) => type === "load");
  expect(loads).toMatchObject([{ keys: ["1", "2"], errors: new Map([["1", error]]) }]);
  const errors = events.filter(({ type }) => type === "error");
  expect(errors).toEqual([{ type: "error", ...of("1"), error }]);
});

it("reports the tiers of a set, and the error of a failed write", async () => {
  const { articles, taken } = listening();
  await articles.set("42", "v");
  expect(taken()).toEqual([{ type: "write", ...of("42"), tiers: ["memory", "edge", "shared"] }]);
  const error = new Error("The database is down.");
  await expect(articles.write("42", "w", () => Promise.reject(error))).rejects.toBe(error);
  expect(taken()).toEqual([{ type: "error", ...of("42"), error }]);
});

it("reports an accepted purge in the application's names, and no refused purge", async () => {
  const { isolate, taken } = listening();
  const articles = isolate.data.namespace<string>("any", { fresh: "10m" });
  const { position } = await articles.delete(["a b", 1]);
  const none = { tags: [], keys: [], urls: [], prefixes: [], everything: false };
  expect(taken()).toEqual([
    { type: "purge", ...none, keys: [["any", "a b", 1]], soft: false, position },
  ]);
  await articles.expire("42");
  await articles.clear();
  await isolate.data.purge({ tags: ["red"], soft: true });
  expect(taken()).toMatchObject([
    { keys: ["any/42"], soft: true },
    { prefixes: ["any"], soft: false },
    { tags: ["red"], keys: [], soft: true },
  ]);
  isolate.upstash.journalMode = "down";
  await expect(articles.delete("42")).rejects.toThrow("not accepted");
  expect(taken()).toEqual([]);
});

it.each<{ how: string; onEvent: OnDataEvent }>([
  {
    how: "throws",
    onEvent: () => {
      throw new RangeError("secret");
    },
  },
  { how: "rejects", onEvent: () => Promise.reject(new RangeError("secret")) },
])(
  "answers each call although a listener $how, counts the failures, and logs one line",
  async ({ onEvent }) => {
    const isolate = new DataIsolate({ platform: { onEvent } });
    const articles = isolate.articles();
    expect(await articles.getOrSet("42", () => "v")).toBe("v");
    expect(await articles.get("42")).toBe("v");
    await isolate.settle();
    expect(isolate.data.stats().listenerFailures).toBe(3);
    expect(isolate.log.filter((line) => line.includes("onEvent"))).toEqual([
      "Data: The function `onEvent` of the data cache failed with RangeError: correct it.",
    ]);
  },
);
