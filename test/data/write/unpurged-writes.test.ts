// A write whose purge the journal does not take: the caller is told, nothing that is stored under the key
// answers in this isolate, and nothing is stored, until a try behind is accepted.
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { DataIsolate, HeldSource } from "../../../testing/data/data-isolate.ts";

beforeEach(() => void vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] }));
afterEach(() => void vi.useRealTimers());

const refused = "its purge was not accepted";

async function opened(options: object = {}) {
  const isolate = new DataIsolate();
  const tags = (_: string, key: string) => [`article:${key}`];
  const space = { fresh: "10m", stale: "1h", tags, ...options } as const;
  const articles = isolate.data.namespace<string, string>("articles", space);
  const rows = new Map<string, string>();
  const load = vi.fn<() => Promise<string>>(async () => rows.get("42") ?? "none");
  await articles.set("42", "old");
  const write = (value: string, key = "42") =>
    articles.write(key, value, async () => void rows.set(key, value));
  /** By the clock and by timers. */
  const pass = async (seconds: number) => {
    isolate.clock.advance(seconds);
    await vi.advanceTimersByTimeAsync(seconds * 1_000);
  };
  return { isolate, articles, rows, load, write, pass, space };
}

describe.each(["down", "deaf"] as const)("a journal that is %s", (journalMode) => {
  it("is told of, and the older value answers no longer; what is loaded is not stored", async () => {
    const { isolate, articles, load, write } = await opened();
    isolate.upstash.journalMode = journalMode;
    await expect(write("new")).rejects.toThrow(refused);
    expect(await articles.get("42")).toBeUndefined();
    for (const count of [1, 2]) {
      expect(await articles.getOrSet("42", load)).toBe("new");
      expect(load).toHaveBeenCalledTimes(count);
    }
    const { values } = await articles.getOrSetMany(["42"], async () => new Map([["42", "new"]]));
    expect(values.get("42")).toBe("new");
    expect(await articles.set("42", "set")).toEqual([]);
    expect(await articles.get("42")).toBeUndefined();
    expect(isolate.data.stats()).toMatchObject({
      namespaces: { articles: { unpurgedWrites: 1 } },
      unpurged: { keys: 1, trouble: { kind: "journal", isOver: false } },
      purges: { refused: { unavailable: 1 } },
    });
    expect(isolate.log.join("\n")).toContain("did not accept the purge of written keys");
  });

  it("takes it behind the answer once it works: from then on the key is stored again", async () => {
    const { isolate, articles, load, write, pass } = await opened();
    isolate.upstash.journalMode = journalMode;
    await expect(write("new")).rejects.toThrow(refused);
    await pass(1);
    expect(isolate.data.stats().unpurged.keys).toBe(1);
    isolate.upstash.journalMode = "works";
    await pass(2);
    expect(isolate.data.stats().unpurged).toMatchObject({ keys: 0, trouble: { isOver: true } });
    expect(await articles.get("42")).toBeUndefined();
    expect(await articles.getOrSet("42", load)).toBe("new");
    expect(await articles.get("42")).toBe("new");
    expect(isolate.log.join("\n")).toContain("has accepted the purges of all written keys");
    const other = isolate.beside(new DataIsolate({ clock: isolate.clock }).cache);
    const elsewhere = other.data.namespace<string>("articles", { fresh: "10m" });
    expect(await elsewhere.get("42")).toBe("new");
  });
});

it("many calls for the key share one load, and none that began before a later write", async () => {
  const { isolate, articles, rows, write } = await opened();
  isolate.upstash.journalMode = "down";
  await expect(write("new")).rejects.toThrow(refused);
  const source = new HeldSource();
  const crowd = Array.from({ length: 200 }, () => articles.getOrSet("42", source.load));
  await vi.waitFor(() => expect(source.count).toBe(1));
  await expect(write("newer")).rejects.toThrow(refused);
  const later = articles.getOrSet("42", async () => rows.get("42") ?? "none");
  expect(await later).toBe("newer");
  source.answer("new");
  expect(new Set(await Promise.all(crowd))).toEqual(new Set(["new"]));
  expect(source.count).toBe(1);
});

it("nobody is given a load that began before a purge that the journal has since accepted", async () => {
  const { isolate, articles, rows, load, write, pass } = await opened();
  isolate.upstash.journalMode = "down";
  await expect(write("new")).rejects.toThrow(refused);
  const source = new HeldSource();
  const before = articles.getOrSet("42", source.load);
  await vi.waitFor(() => expect(source.count).toBe(1));
  isolate.upstash.journalMode = "works";
  rows.set("42", "newer");
  await isolate.data.purge({ tags: ["article:42"] });
  const after = Array.from({ length: 100 }, () => articles.getOrSet("42", load));
  const manyAfter = articles.getOrSetMany(["42"], async () => new Map([["42", await load()]]));
  // Both now wait, if they are going to.
  await pass(0.1);
  source.answer("new");
  expect(await before).toBe("new");
  expect(new Set(await Promise.all(after))).toEqual(new Set(["newer"]));
  expect((await manyAfter).values.get("42")).toBe("newer");
  expect(load.mock.calls.length).toBeLessThan(3);
});

it("nobody waits for a load that began before the write", async () => {
  const { isolate, articles, load, write } = await opened();
  const source = new HeldSource();
  const before = articles.getOrSet("42", source.load, { forceFresh: true });
  await vi.waitFor(() => expect(source.count).toBe(1));
  isolate.upstash.journalMode = "down";
  await expect(write("new")).rejects.toThrow(refused);
  expect(await articles.getOrSet("42", load)).toBe("new");
  source.answer("old");
  expect(await before).toBe("old");
});

it("once the tries behind are over, a call for the key takes them up again", async () => {
  const { isolate, articles, load, write, pass } = await opened();
  isolate.upstash.journalMode = "down";
  await expect(write("new")).rejects.toThrow(refused);
  for (const seconds of [1, 2, 4, 8, 20]) await pass(seconds);
  isolate.upstash.journalMode = "works";
  await pass(60);
  expect(isolate.data.stats().unpurged.keys).toBe(1);
  expect(await articles.getOrSet("42", load)).toBe("new");
  await pass(1);
  expect(isolate.data.stats().unpurged.keys).toBe(0);
});

it.each(["get", "has", "getMany"] as const)("so does %s, which loads nothing", async (call) => {
  const { isolate, articles, write, pass } = await opened();
  isolate.upstash.journalMode = "down";
  await expect(write("new")).rejects.toThrow(refused);
  for (const seconds of [1, 2, 4, 8, 20]) await pass(seconds);
  isolate.upstash.journalMode = "works";
  await (call === "getMany" ? articles.getMany(["42"]) : articles[call]("42"));
  await pass(1);
  expect(isolate.data.stats().unpurged.keys).toBe(0);
});

it("a write that is refused while a try is under way is not taken for purged by it", async () => {
  const { isolate, write, pass } = await opened();
  isolate.upstash.journalMode = "down";
  await expect(write("new")).rejects.toThrow(refused);
  isolate.upstash.journalMode = "works";
  const gate = Promise.withResolvers<void>();
  isolate.upstash.beforeJournalAnswer = () => gate.promise;
  await pass(1);
  isolate.upstash.journalMode = "down";
  await expect(write("newer")).rejects.toThrow(refused);
  gate.resolve();
  await vi.advanceTimersByTimeAsync(0);
  expect(isolate.data.stats().unpurged.keys).toBe(1);
});

it("the error of a database that has failed as well goes to the caller, and the key is not used", async () => {
  const { isolate, articles } = await opened();
  isolate.upstash.journalMode = "down";
  const lost = new Error("The connection was lost.");
  await expect(articles.write("42", "new", () => Promise.reject(lost))).rejects.toBe(lost);
  expect(await articles.get("42")).toBeUndefined();
});

it("keys beyond a thousand count as their whole namespace", async () => {
  const { isolate, articles, pass } = await opened();
  isolate.upstash.journalMode = "down";
  await articles.set("beside", "kept");
  const writes = Array.from({ length: 1_001 }, (_, nth) =>
    articles.write(`k${nth}`, "new", () => undefined).catch(() => undefined),
  );
  await Promise.all(writes);
  expect(await articles.get("beside")).toBeUndefined();
  isolate.upstash.journalMode = "works";
  await pass(1);
  await pass(2);
  expect(isolate.data.stats().unpurged.keys).toBe(0);
});

it("one of a thousand held keys that is written again shares no load from before", async () => {
  const { isolate, articles, rows, load, write, pass } = await opened();
  isolate.upstash.journalMode = "down";
  const keys = ["42", ...Array.from({ length: 999 }, (_, nth) => `k${nth}`)];
  for (const key of keys) await expect(write("new", key)).rejects.toThrow(refused);
  const source = new HeldSource();
  const before = articles.getOrSet("42", source.load);
  await vi.waitFor(() => expect(source.count).toBe(1));
  await expect(write("newer")).rejects.toThrow(refused);
  const after = articles.getOrSet("42", load);
  await pass(0.1);
  source.answer("new");
  expect(await before).toBe("new");
  expect(await after).toBe("newer");
  expect(rows.get("42")).toBe("newer");
});

it("an older value does not stand in for a load that fails, and is not shown to one", async () => {
  const { isolate, articles, write, pass } = await opened();
  isolate.upstash.journalMode = "down";
  await expect(write("new")).rejects.toThrow(refused);
  const failing = articles.getOrSet("42", ({ stale, fail }) => fail(`It was given ${stale}.`));
  await expect(failing).rejects.toThrow("It was given undefined.");
  await pass(700);
  await expect(articles.getOrSet("42", ({ fail }) => fail("down"))).rejects.toThrow("down");
});

describe("a write that is accepted after a later one was refused", () => {
  const crossed = async () => {
    const all = await opened();
    const { isolate, articles, rows, write } = all;
    const gate = Promise.withResolvers<void>();
    const persisted = vi.fn<() => Promise<void>>(async () => {
      rows.set("42", "earlier");
      await gate.promise;
    });
    const earlier = articles.write("42", "earlier", persisted);
    await vi.waitFor(() => expect(persisted).toHaveBeenCalled());
    isolate.upstash.journalMode = "down";
    await expect(write("later")).rejects.toThrow(refused);
    isolate.upstash.journalMode = "works";
    gate.resolve();
    return { ...all, earlier };
  };

  it("stores nothing, because its value may be the older one", async () => {
    const { articles, earlier, load } = await crossed();
    expect(await earlier).toEqual([]);
    expect(await articles.get("42")).toBeUndefined();
    expect(await articles.getOrSet("42", load)).toBe("later");
  });

  it("ends the hold, so no purge without a target follows", async () => {
    const { isolate, earlier, pass } = await crossed();
    await earlier;
    expect(isolate.data.stats().unpurged.keys).toBe(0);
    const purges = isolate.data.stats().purges.accepted;
    await pass(1);
    expect(isolate.data.stats().purges.accepted).toBe(purges);
  });
});
