// The events of a data cache, as a listener of the application receives them.
import { describe, expect, it } from "vitest";
import { DataIsolate } from "../../testing/data/data-isolate.ts";
import type { DataEvent, OnDataEvent } from "../../src/data/value/events.ts";

function listening(options: object = {}) {
  const events: DataEvent[] = [];
  const isolate = new DataIsolate({ platform: { onEvent: (event) => void events.push(event) } });
  const space = { fresh: "10m", stale: "1h", tags: () => ["red"], ...options };
  const articles = isolate.data.namespace<string>("articles", space as { fresh: "10m" });
  /** The events since the last call. */
  const taken = () => events.splice(0);
  return { isolate, articles, taken };
}

const of = (key: unknown) => ({ namespace: "articles", key });

describe("events", () => {
  it("a miss and its load come before the hit in memory", async () => {
    const { isolate, articles, taken } = listening();
    const startedAtMs = isolate.clock.nowAtMs();
    await articles.getOrSet(42, () => {
      isolate.clock.advance(2);
      return "v";
    });
    expect(taken()).toEqual([
      { type: "miss", ...of(42) },
      {
        type: "load",
        namespace: "articles",
        keys: [42],
        startedAtMs,
        tookMs: 2_000,
        errors: new Map(),
      },
    ]);
    await articles.get("42");
    expect(taken()).toEqual([{ type: "hit", ...of("42"), tier: "memory", stale: false }]);
  });

  it("a hit names the tier that had the value", async () => {
    const { isolate, articles } = listening();
    await articles.getOrSet("42", () => "v");
    await isolate.settle();
    const events: DataEvent[] = [];
    const { clock, upstash } = isolate;
    const platform = { onEvent: (event: DataEvent) => void events.push(event) };
    const other = new DataIsolate({ clock, upstash, cache: null, platform });
    await other.data.namespace<string>("articles", { fresh: "10m" }).get("42");
    expect(events).toEqual([{ type: "hit", ...of("42"), tier: "shared", stale: false }]);
  });

  it("a stale answer is a stale hit, with the load that refreshes it", async () => {
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

  it("a failed load tells its error, and so does the call", async () => {
    const { articles, taken } = listening();
    const error = new TypeError("down");
    await expect(articles.getOrSet("42", () => Promise.reject(error))).rejects.toBe(error);
    const [miss, load, failed] = taken();
    expect(miss).toMatchObject({ type: "miss" });
    expect(load).toMatchObject({ type: "load", errors: new Map([["42", error]]) });
    expect(failed).toEqual({ type: "error", ...of("42"), error });
  });

  it("one load of several keys is one event, and each failed key an error", async () => {
    const { articles, taken } = listening();
    const error = new Error("one is broken");
    await articles.getOrSetMany(
      ["1", "2"],
      async () => new Map<string, never>([["1", error as never]]),
      {
        missing: "absent",
      },
    );
    const events = taken();
    const load = events.find(({ type }) => type === "load");
    expect(load).toMatchObject({ keys: ["1", "2"], errors: new Map([["1", error]]) });
    expect(events.filter(({ type }) => type === "error")).toEqual([
      { type: "error", ...of("1"), error },
    ]);
  });

  it("set and write tell where the value is, and a refused write its error", async () => {
    const { isolate, articles, taken } = listening();
    await articles.set("42", "v");
    expect(taken()).toEqual([{ type: "write", ...of("42"), tiers: ["memory", "edge", "shared"] }]);
    const error = new Error("The database is down.");
    await expect(articles.write("42", "w", () => Promise.reject(error))).rejects.toBe(error);
    expect(taken()).toEqual([{ type: "error", ...of("42"), error }]);
    await isolate.settle();
  });

  it("an accepted purge is told as the application named it, and a refused one is not", async () => {
    const { isolate, articles, taken } = listening();
    const { position } = await articles.delete(["a b", 1]);
    const none = { tags: [], keys: [], prefixes: [] };
    expect(taken()).toEqual([
      { type: "purge", ...none, keys: [["articles", "a b", 1]], soft: false, position },
    ]);
    await articles.expire("42");
    await articles.clear();
    await isolate.data.purge({ tags: ["red"], soft: true });
    expect(taken()).toMatchObject([
      { keys: ["articles/42"], soft: true },
      { prefixes: ["articles"], soft: false },
      { tags: ["red"], keys: [], soft: true },
    ]);
    isolate.upstash.journalMode = "down";
    await expect(articles.delete("42")).rejects.toThrow("not accepted");
    expect(taken()).toEqual([]);
  });
});

describe("a purge by the name of a key covers exactly that key", () => {
  it.each(["42", 42, "a/b", ["a/b", 7], "a b%20c", "ä"])("%j", async (key) => {
    const { articles } = listening();
    await articles.set(key, "v");
    await articles.set("other", "v");
    await articles.delete(key);
    expect(await articles.get(key)).toBeUndefined();
    expect(await articles.get("other")).toBe("v");
  });

  it.each([[[]], NaN, "", "a//b", undefined, null])("%j is refused", async (key) => {
    const { articles } = listening();
    await expect(articles.delete(key as never)).rejects.toThrow("A key of data is invalid.");
  });
});

const failing: readonly { readonly how: string; readonly onEvent: OnDataEvent }[] = [
  {
    how: "throws",
    onEvent: () => {
      throw new RangeError("secret");
    },
  },
  { how: "rejects", onEvent: () => Promise.reject(new RangeError("secret")) },
];

it.each(failing)(
  "a listener that $how harms no call; it is counted, and logged once",
  async ({ onEvent }) => {
    const isolate = new DataIsolate({ platform: { onEvent } });
    const articles = isolate.data.namespace<string>("articles", { fresh: "10m" });
    expect(await articles.getOrSet("42", () => "v")).toBe("v");
    expect(await articles.get("42")).toBe("v");
    await isolate.settle();
    expect(isolate.data.stats().listenerFailures).toBe(3);
    const lines = isolate.log.filter((line) => line.includes("onEvent"));
    expect(lines).toEqual([
      "Data: The function `onEvent` of the data cache failed with RangeError: correct it.",
    ]);
  },
);
