// Tests the handler of `cacheHandlers` in `tidemark/next`: purges during loads, lifetimes, streams, tags and outages.
import { AsyncLocalStorage } from "node:async_hooks";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { nextCache, purgeTags } from "../../src/adapters/next.ts";
import { RecentStarts } from "../../src/adapters/next-shared.ts";
import { idle } from "../../testing/site/harness.ts";
import { entryOf, openNext, textOf, useNextClocks } from "./next-world.ts";

beforeEach(useNextClocks);
afterEach(() => void vi.useRealTimers());

/** Opens a cache that has looked up another key before. */
async function opened() {
  const world = openNext();
  await world.load("of another key", {}, "41");
  world.advance(5);
  return { ...world, elsewhere: () => openNext(world.isolate.elsewhere()) };
}

it("an entry is found in all isolates, with a new stream at each lookup", async () => {
  const { cache, load, elsewhere } = await opened();
  await load("value");
  const [one, other] = [await cache.get("42", []), await cache.get("42", [])];
  expect([await textOf(one), await textOf(other)]).toEqual(["value", "value"]);
  const { tags, stale, revalidate, expire } = (await elsewhere().cache.get("42", [])) ?? {};
  expect({ tags, stale, revalidate, expire }).toEqual({
    tags: ["red"],
    stale: 30,
    revalidate: 60,
    expire: 600,
  });
});

describe("a purge during a load covers the value", () => {
  it.each(["by its tag", "by a soft tag of the lookup"])("%s", async (by) => {
    const { cache, advance, text, elsewhere } = await opened();
    const tag = by === "by its tag" ? "red" : "_N_T_/page";
    const softTags = ["_N_T_/page"];
    expect(await cache.get("42", softTags)).toBeUndefined();
    const entry = entryOf("read before the purge");
    advance(1);
    await elsewhere().cache.updateTags([tag]);
    advance(11);
    await cache.set("42", Promise.resolve(entry));
    expect(await text("42", softTags)).toBeUndefined();
    expect(await elsewhere().text("42", softTags)).toBeUndefined();
  });

  it("although the key was looked up again after the purge", async () => {
    const { cache, advance, text } = await opened();
    await cache.get("42", []);
    const entry = entryOf("read before the purge");
    await cache.updateTags(["red"]);
    advance(5);
    expect(await text()).toBeUndefined();
    await cache.set("42", Promise.resolve(entry));
    expect(await text()).toBeUndefined();
  });

  it.each(["red", "_N_T_/page"])("although it had no lookup of its key (%s)", async (tag) => {
    const { cache, advance, text, elsewhere } = await opened();
    const entry = entryOf("read before the purge");
    advance(1);
    await elsewhere().cache.updateTags([tag]);
    advance(11);
    await cache.get("41", []);
    await cache.set("42", Promise.resolve(entry));
    expect(await text("42", ["_N_T_/page"])).toBeUndefined();
  });
});

it("res.revalidate leaves no process an older entry, from which it could render the page", async () => {
  const { cache, load, text, elsewhere, advance } = await opened();
  await load("older");
  const other = elsewhere();
  expect(await other.text()).toBe("older");
  const pages = new AsyncLocalStorage<object>();
  const { fetch: network } = globalThis;
  const patched: typeof fetch = (...sent) => network(...sent);
  vi.stubGlobal("fetch", Object.assign(patched, { __nextGetStaticStore: () => pages }));
  await pages.run({ isOnDemandRevalidate: true }, () =>
    cache.set("42", Promise.resolve(entryOf("newer"))),
  );
  await idle();
  vi.unstubAllGlobals();
  advance(10);
  expect([await text(), await other.text()]).toEqual([undefined, undefined]);
});

it("the first load after a purge is stored, also at once", async () => {
  const { load, cache, text } = await opened();
  await load("first");
  await cache.updateTags(["red"]);
  await load("second");
  expect(await text()).toBe("second");
});

it("a load without a lookup of its key replaces the value here and in Redis", async () => {
  const { load, set, text, elsewhere, advance } = await opened();
  const other = elsewhere();
  await other.load("first");
  advance(70);
  expect(await load("unused")).toBe("first");
  await set("forced");
  expect([await text(), await elsewhere().text()]).toEqual(["forced", "forced"]);
});

it("a load without any earlier lookup is not stored", async () => {
  const { elsewhere } = await opened();
  const { set, text, errors } = elsewhere();
  await set("of unknown age");
  expect([await text(), errors]).toEqual([undefined, []]);
});

describe("a soft purge", () => {
  it("makes the value stale: it answers, and Next.js loads it again", async () => {
    const { cache, load, advance, elsewhere } = await opened();
    await load("first");
    await cache.updateTags(["red"], { expire: 600 });
    expect((await cache.get("42", []))?.revalidate).toBe(-1);
    const other = elsewhere();
    advance(10);
    const stale = await other.cache.get("42", []);
    expect([await textOf(stale), stale?.revalidate]).toEqual(["first", -1]);
    await other.set("second");
    expect((await other.cache.get("42", []))?.revalidate).toBe(60);
    advance(10);
    expect(await openNext(other.isolate.elsewhere()).text()).toBe("second");
  });

  it("ends the value after the time that the namespace allows", async () => {
    const { cache, load, advance, text } = await opened();
    await load("first", { expire: 86_400 });
    await cache.updateTags(["red"], { expire: 86_400 });
    advance(599);
    expect(await text()).toBe("first");
    advance(2);
    expect(await text()).toBeUndefined();
  });

  it.each([{ expire: 599 }, { expire: 0 }, undefined])("is hard for %j", async (durations) => {
    const { cache, load, text } = await opened();
    await load("first");
    await cache.updateTags(["red"], durations);
    expect(await text()).toBeUndefined();
  });

  it.each([{ expire: 600 }, { expire: undefined }, {}, { expire: Infinity }])(
    "is soft for %j",
    async (durations) => {
      const { cache, load, text } = await opened();
      await load("first");
      await cache.updateTags(["red"], durations);
      expect(await text()).toBe("first");
    },
  );
});

describe("lifetimes", () => {
  it.each([
    [{ expire: 0 }, 0, undefined],
    [{ expire: -1 }, 0, undefined],
    [{ revalidate: 0 }, 0, "value"],
    [{ expire: Infinity, revalidate: Infinity, stale: Infinity }, 86_400, "value"],
    [{ expire: 2 ** 32 }, 86_400, "value"],
    [{ expire: 600 }, 599, "value"],
  ])("of %j after %d seconds", async (changes, seconds, found) => {
    const { load, advance, text, errors } = await opened();
    await load("value", changes);
    advance(seconds);
    expect(await text()).toBe(found);
    expect(errors).toEqual([]);
  });
});

describe("a lookup waits for a pending set of the key", () => {
  it("and finds its value", async () => {
    const { cache, text } = await opened();
    await text();
    const gate = Promise.withResolvers<ReturnType<typeof entryOf>>();
    const entry = entryOf("pending");
    const setting = cache.set("42", gate.promise);
    const asked = text();
    gate.resolve(entry);
    expect(await asked).toBe("pending");
    await setting;
  });

  it("which waits for Redis; the set itself does not, so Next.js lets no request join it", async () => {
    const { cache, text, isolate, elsewhere } = await opened();
    await text();
    const gate = Promise.withResolvers<void>();
    isolate.upstash.beforeStored = () => gate.promise;
    await cache.set("42", Promise.resolve(entryOf("old")));
    await elsewhere().cache.updateTags(["red"]);
    const asked = text();
    isolate.clock.advance(11);
    gate.resolve();
    expect(await asked).toBeUndefined();
  });

  it.each(["rejects", "has a stream that fails"])("which %s: nothing is stored", async (how) => {
    const { cache, text, errors } = await opened();
    await text();
    const chunks = ["part", undefined];
    const value = new ReadableStream<Uint8Array>({
      pull(controller) {
        const chunk = chunks.shift();
        if (chunk === undefined) controller.error(new Error("The load failed."));
        else controller.enqueue(new TextEncoder().encode(chunk));
      },
    });
    const failed = Promise.reject(new Error("The load failed."));
    failed.catch(() => undefined);
    const given = how === "rejects" ? failed : Promise.resolve(entryOf("", { value }));
    const setting = cache.set("42", given);
    expect(await text()).toBeUndefined();
    await setting;
    expect(errors).toEqual([]);
  });
});

it.each([
  ["no bytes", new Uint8Array()],
  ["text with a byte order mark", new TextEncoder().encode("\uFEFFäöü")],
  ["bytes that are not UTF-8", Uint8Array.from([0, 255, 254, 128, 10])],
])("%s survive", async (_, bytes) => {
  const { cache, text, elsewhere } = await opened();
  await text();
  const value = new Blob([bytes]).stream();
  await cache.set("42", Promise.resolve(entryOf("", { value })));
  const found = await elsewhere().cache.get("42", []);
  expect(
    await new Response(found?.value as ReadableStream<Uint8Array<ArrayBuffer>>).bytes(),
  ).toEqual(bytes);
});

it("keys and tags of any length work", async () => {
  const { cache, set, text } = await opened();
  const key = JSON.stringify(["build", "id", ["ä".repeat(1_000), "/", ""]]);
  const long = `_N_T_/${"segment/".repeat(120)}page`;
  const softTags = [long, ` ${"x".repeat(300)}`, "", " "];
  await text(key, softTags);
  await set("value", { tags: [long, ""] }, key);
  expect(await text(key, softTags)).toBe("value");
  await cache.updateTags([long]);
  expect(await text(key, softTags)).toBeUndefined();
  await cache.updateTags([]);
});

it("a value of a few megabytes is stored in memory, and not in Redis beyond its limit", async () => {
  const { load, text, elsewhere } = await opened();
  const large = "x".repeat(2_000_000);
  await load(large);
  expect(await text()).toHaveLength(2_000_000);
  expect(await elsewhere().text()).toBeUndefined();
});

it("functions that read root parameters set two keys after one lookup, without a purge", async () => {
  const { isolate, set, text, advance } = await opened();
  await text("coarse");
  await set("for en", {}, 'coarse{"lang":"en"}');
  const purges = isolate.data.stats().purges.accepted;
  await set("\0", { tags: ["red", "_N_RP_lang"] }, "coarse");
  advance(5);
  await text('coarse{"lang":"en"}');
  await set("for en again", {}, 'coarse{"lang":"en"}');
  await set("\0", { tags: ["red", "_N_RP_lang"] }, "coarse");
  expect(await text("coarse")).toBe("\0");
  expect(isolate.data.stats().purges.accepted).toBe(purges);
});

describe("without Redis", () => {
  it("lookups find what may still answer, loads go on, and purges reject", async () => {
    const { isolate, cache, load, set, text, advance, errors } = await opened();
    await load("value");
    isolate.upstash.journalMode = "down";
    expect(await text()).toBe("value");
    await expect(cache.updateTags(["red"])).rejects.toThrow("The purge was not accepted");
    advance(30);
    expect(await text()).toBeUndefined();
    await set("loaded meanwhile");
    await set("forced", {}, "43");
    isolate.upstash.journalMode = "works";
    expect(errors.map(String).join()).not.toContain("TypeError");
  });
});

it("equal purges of one turn are one entry of the journal, and later ones are another", async () => {
  const { isolate, cache } = await opened();
  const before = isolate.data.stats().purges.accepted;
  const request = new cache({});
  const other = cache.updateTags(["blue"]);
  await Promise.all([
    cache.updateTags(["red", "green"]),
    cache.updateTags(["green", "red"]),
    request.revalidateTag(["red", "green"]),
    cache.updateTags(["red", "green"], { expire: 3_600 }),
    other,
  ]);
  expect(isolate.data.stats().purges.accepted).toBe(before + 3);
  await cache.updateTags(["red", "green"]);
  expect(isolate.data.stats().purges.accepted).toBe(before + 4);
});

it.each<[data: unknown, options: object, says: string]>([
  [undefined, {}, "createDataCache({ redis, namespace })"],
  [{}, {}, "createDataCache({ redis, namespace })"],
  [undefined, { stal: "1d" }, '"stal": no such option exists'],
])("nextCache refuses %j with the options %j", (data, options, says) => {
  expect(() => nextCache(data as never, options)).toThrow(says);
});

describe("purgeTags", () => {
  it.each([
    [{}, undefined],
    [{ soft: true }, "first"],
  ])("purges with %j in the cache of the process", async (how, found) => {
    const { load, text } = await opened();
    await load("first");
    await purgeTags(["red"], how);
    expect(await text()).toBe(found);
  });

  it("purges in both caches of a site with a `proxy` file", async () => {
    const pages = await opened();
    await pages.load("of pages");
    const proxy = await opened();
    await proxy.load("of the proxy");
    await purgeTags(["red"]);
    expect(await pages.text()).toBeUndefined();
    expect(await proxy.text()).toBeUndefined();
  });

  it.each([[undefined], [[undefined]], ["red"]])("rejects %j instead of tags", async (tags) => {
    await opened();
    const purging = purgeTags(tags as never);
    await expect(purging).rejects.toThrow('not strings. Pass tags such as ["article-1"]');
  });

  it("rejects if the journal refuses the purge, and without a cache", async () => {
    const { isolate } = await opened();
    isolate.upstash.journalMode = "down";
    await expect(purgeTags(["red"])).rejects.toThrow("The purge was not accepted");
    Reflect.deleteProperty(globalThis, Symbol.for("tidemark/next"));
    await expect(purgeTags(["red"])).rejects.toThrow(
      /no cache of nextCache\(\) yet.*In register\(\) of instrumentation.*purge\(\{ tags \}\) of a createDataCache/,
    );
  });
});

it("the handler asks for soft tags, and has nothing to refresh", async () => {
  const { cache } = await opened();
  expect(await cache.getExpiration(["a"])).toBe(Infinity);
  expect(await cache.refreshTags()).toBeUndefined();
});

describe("kept starts", () => {
  const start = (position: string, respondedAtMs?: number) => ({
    stamp: { position, n: "" },
    colo: "",
    requestedAtMs: 0,
    order: 0,
    refusedCount: 0,
    over: respondedAtMs === undefined ? undefined : { respondedAtMs, bodyDigest: "" },
  });

  it("are those of the last lookup of any key, with the value of the last lookup of the key", () => {
    const starts = new RecentStarts();
    starts.keepFound("42", { endedAtMs: 1, start: start("a", 7) });
    starts.keepFound("41", { endedAtMs: 2, start: start("b", 8) });
    starts.keepFound("42", { endedAtMs: 3, start: start("c", 9) });
    expect(starts.of(0.5, "42")).toBeUndefined();
    expect(starts.of(2, "42")).toEqual(start("b", 7));
    expect(starts.of(9, "42")).toEqual(start("c", 9));
    expect(starts.of(9, "43")).toEqual(start("c"));
    expect(starts.of(9)).toEqual(start("c"));
  });

  it("are bounded, and the first of equal ones stays for a second", () => {
    const starts = new RecentStarts();
    for (let at = 0; at < 10_000; at += 1) {
      starts.keepFound(`key ${at}`, { endedAtMs: at, start: start("a", at) });
    }
    expect(starts.of(0, "key 0")).toEqual(start("a"));
    expect(starts.of(10_000, "key 9999")).toEqual(start("a", 9_999));
    for (let at = 0; at < 10_000; at += 1) starts.keep({ endedAtMs: at, start: start(String(at)) });
    expect(starts.of(0)).toBeUndefined();
    expect(starts.of(9_000)).toEqual(start("9000"));
  });
});

describe("an entry that is never complete", () => {
  it("delays lookups of its key for ten seconds at most, and is reported", async () => {
    vi.useFakeTimers();
    const { cache, errors, text, load } = await opened();
    await cache.get("42", []);
    let isCancelled = false;
    const value = new ReadableStream<Uint8Array>({ cancel: () => void (isCancelled = true) });
    const settled: string[] = [];
    void cache.set("42", Promise.resolve(entryOf("", { value }))).then(() => settled.push("set"));
    void text().then((found) => settled.push(`found ${found}`));
    await vi.advanceTimersByTimeAsync(10_000);
    expect(settled).toEqual(["found undefined"]);
    await vi.advanceTimersByTimeAsync(60_000);
    expect([settled.at(-1), isCancelled]).toEqual(["set", true]);
    expect(errors.map(String)).toEqual([expect.stringContaining("after a minute")]);
    expect(await load("another value")).toBe("another value");
  });

  it("is reported as well if its load never ends", async () => {
    vi.useFakeTimers();
    const { cache, errors } = await opened();
    void cache.set("42", new Promise(() => undefined));
    await vi.advanceTimersByTimeAsync(60_000);
    expect(errors.map(String)).toEqual([expect.stringContaining("after a minute")]);
  });
});
