// Tests a write whose purge the journal does not accept. The caller gets an error. Until a
// background retry is accepted, this isolate neither answers with a stored value of the key nor
// stores one.
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { DataIsolate, HeldSource } from "../../../testing/data/data-isolate.ts";
import { until } from "../../../testing/site/harness.ts";

beforeEach(() => void vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] }));
afterEach(() => void vi.useRealTimers());

/** Opens a namespace over the application's rows, with an older value of the key 42. */
async function opened(journalMode: "works" | "down" | "deaf" = "down") {
  const isolate = new DataIsolate();
  const tags = (_: string, key: string) => [`article:${key}`];
  const articles = isolate.articles({ fresh: "10m", stale: "1h", tags });
  const rows = new Map<string, string>();
  const load = vi.fn<() => Promise<string>>(async () => rows.get("42") ?? "none");
  await articles.set("42", "old");
  isolate.upstash.journalMode = journalMode;
  const refusedWrite = async (value: string, key = "42") => {
    const written = articles.write(key, value, async () => void rows.set(key, value));
    await expect(written).rejects.toThrow("its purge was not accepted");
  };
  /** Advances the clock and the timers. */
  const pass = async (...spells: number[]) => {
    for (const seconds of spells) {
      isolate.clock.advance(seconds);
      await vi.advanceTimersByTimeAsync(seconds * 1_000);
    }
  };
  /** Begins a load that the test answers. */
  const held = async (options: object = {}) => {
    const source = new HeldSource();
    const loading = articles.getOrSet("42", source.load, options);
    await until(() => source.count === 1);
    return { source, loading };
  };
  const unpurged = () => isolate.data.stats().unpurged;
  return {
    isolate,
    upstash: isolate.upstash,
    articles,
    rows,
    load,
    refusedWrite,
    pass,
    held,
    unpurged,
  };
}

describe.each(["down", "deaf"] as const)("a journal that is %s", (journalMode) => {
  it("makes the write fail, and no value answers or is stored", async () => {
    const { isolate, articles, load, refusedWrite } = await opened(journalMode);
    await refusedWrite("new");
    expect(await articles.get("42")).toBeUndefined();
    for (const count of [1, 2]) {
      expect(await articles.getOrSet("42", load)).toBe("new");
      expect(load).toHaveBeenCalledTimes(count);
    }
    const { values } = await articles.getOrSetMany(["42"], async () => new Map([["42", "new"]]));
    expect(values.get("42")).toBe("new");
    expect(await articles.set("42", "set", { everywhere: false })).toEqual([]);
    expect(await articles.get("42")).toBeUndefined();
    expect(isolate.data.stats()).toMatchObject({
      namespaces: { articles: { unpurgedWrites: 1 } },
      unpurged: { keys: 1, trouble: { kind: "journal", isOver: false } },
      purges: { refused: { unavailable: 1 } },
    });
    expect(isolate.log.join("\n")).toContain("did not accept the purge of written keys");
  });

  it("accepts the purge later in the background, and values are stored again", async () => {
    const { isolate, upstash, articles, load, refusedWrite, pass, unpurged } =
      await opened(journalMode);
    await refusedWrite("new");
    await pass(1);
    expect(unpurged().keys).toBe(1);
    upstash.journalMode = "works";
    await pass(2);
    expect(unpurged()).toMatchObject({ keys: 0, trouble: { isOver: true } });
    expect(await articles.get("42")).toBeUndefined();
    expect(await articles.getOrSet("42", load)).toBe("new");
    expect(await articles.get("42")).toBe("new");
    expect(isolate.log.join("\n")).toContain("has accepted the purges of all written keys");
    expect(await isolate.elsewhere().articles({ fresh: "10m" }).get("42")).toBe("new");
  });
});

describe("a load after an unpurged write", () => {
  it("is shared by concurrent calls, but not by calls after a later write", async () => {
    const { articles, rows, refusedWrite } = await opened();
    await refusedWrite("new");
    const source = new HeldSource();
    const crowd = Array.from({ length: 200 }, () => articles.getOrSet("42", source.load));
    await until(() => source.count === 1);
    await refusedWrite("newer");
    expect(await articles.getOrSet("42", async () => rows.get("42") ?? "none")).toBe("newer");
    source.answer("new");
    expect(new Set(await Promise.all(crowd))).toEqual(new Set(["new"]));
    expect(source.count).toBe(1);
  });

  it("that began before an accepted purge answers no later call", async () => {
    const { isolate, articles, rows, load, refusedWrite, pass, held } = await opened();
    await refusedWrite("new");
    const { source, loading } = await held();
    isolate.upstash.journalMode = "works";
    rows.set("42", "newer");
    await isolate.data.purge({ tags: ["article:42"] });
    const after = Array.from({ length: 100 }, () => articles.getOrSet("42", load));
    const manyAfter = articles.getOrSetMany(["42"], async () => new Map([["42", await load()]]));
    // If calls waited for the held load, all would do so by now.
    await pass(0.1);
    source.answer("new");
    expect(await loading).toBe("new");
    expect(new Set(await Promise.all(after))).toEqual(new Set(["newer"]));
    expect((await manyAfter).values.get("42")).toBe("newer");
    expect(load.mock.calls.length).toBeLessThan(3);
  });

  it("that began before the write answers no later call", async () => {
    const { articles, load, refusedWrite, held } = await opened();
    const { source, loading } = await held({ forceFresh: true });
    await refusedWrite("new");
    expect(await articles.getOrSet("42", load)).toBe("new");
    source.answer("old");
    expect(await loading).toBe("old");
  });

  it("that began before a second write answers no later call, among 1,000 such keys", async () => {
    const { articles, load, refusedWrite, pass, held } = await opened();
    const others = Array.from({ length: 999 }, (_, nth) => `k${nth}`);
    for (const key of ["42", ...others]) await refusedWrite("new", key);
    const { source, loading } = await held();
    await refusedWrite("newer");
    const after = articles.getOrSet("42", load);
    await pass(0.1);
    source.answer("new");
    expect([await loading, await after]).toEqual(["new", "newer"]);
  });

  it("that fails gets no older value, neither as context.stale nor as the answer", async () => {
    const { articles, refusedWrite, pass } = await opened();
    await refusedWrite("new");
    const failing = articles.getOrSet("42", ({ stale, fail }) => fail(`It was given ${stale}.`));
    await expect(failing).rejects.toThrow("It was given undefined.");
    await pass(700);
    await expect(articles.getOrSet("42", ({ fail }) => fail("down"))).rejects.toThrow("down");
  });
});

it.each(["getOrSet", "get", "has", "getMany", "set"] as const)(
  "%s of any key starts the retries again after they have ended",
  async (call) => {
    const { upstash, articles, load, refusedWrite, pass, unpurged } = await opened("works");
    await articles.set("43", "other");
    upstash.journalMode = "down";
    await refusedWrite("new");
    await pass(1, 2, 4, 8, 20);
    upstash.journalMode = "works";
    await pass(60);
    expect(unpurged().keys).toBe(1);
    if (call === "getMany") await articles.getMany(["43"]);
    else if (call === "getOrSet") await articles.getOrSet("43", load);
    else if (call === "set") await articles.set("43", "newer");
    else await articles[call]("43");
    await pass(1);
    expect(unpurged().keys).toBe(0);
  },
);

it("a retry does not purge a write that is refused during it", async () => {
  const { upstash, refusedWrite, pass, unpurged } = await opened();
  await refusedWrite("new");
  upstash.journalMode = "works";
  const gate = Promise.withResolvers<void>();
  upstash.beforeJournalAnswer = () => gate.promise;
  await pass(1);
  upstash.journalMode = "down";
  await refusedWrite("newer");
  gate.resolve();
  await vi.advanceTimersByTimeAsync(0);
  expect(unpurged().keys).toBe(1);
});

it("a failed database's own error reaches the caller, and the key is not used", async () => {
  const { articles } = await opened();
  const lost = new Error("The connection was lost.");
  await expect(articles.write("42", "new", () => Promise.reject(lost))).rejects.toBe(lost);
  expect(await articles.get("42")).toBeUndefined();
});

it("more than a thousand keys count as their whole namespace", async () => {
  const { upstash, articles, refusedWrite, pass, unpurged } = await opened();
  await articles.set("beside", "kept", { everywhere: false });
  const keys = Array.from({ length: 1_001 }, (_, nth) => `k${nth}`);
  await Promise.all(keys.map((key) => refusedWrite("new", key)));
  expect(await articles.get("beside")).toBeUndefined();
  upstash.journalMode = "works";
  await pass(1, 2);
  expect(unpurged().keys).toBe(0);
});

describe("a write that is accepted after a later one was refused", () => {
  const crossed = async () => {
    const all = await opened("works");
    const { upstash, articles, rows, refusedWrite } = all;
    const gate = Promise.withResolvers<void>();
    const earlier = articles.write("42", "earlier", async () => {
      rows.set("42", "earlier");
      await gate.promise;
    });
    await until(() => rows.has("42"));
    upstash.journalMode = "down";
    await refusedWrite("later");
    upstash.journalMode = "works";
    gate.resolve();
    return { ...all, earlier };
  };

  it("stores nothing, because its value may be the older one", async () => {
    const { articles, earlier, load } = await crossed();
    expect(await earlier).toEqual([]);
    expect(await articles.get("42")).toBeUndefined();
    expect(await articles.getOrSet("42", load)).toBe("later");
  });

  it("releases the key, so that no further purge follows", async () => {
    const { isolate, earlier, pass, unpurged } = await crossed();
    await earlier;
    expect(unpurged().keys).toBe(0);
    const purges = isolate.data.stats().purges.accepted;
    await pass(1);
    expect(isolate.data.stats().purges.accepted).toBe(purges);
  });
});
