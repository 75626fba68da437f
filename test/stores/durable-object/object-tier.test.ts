// Tests the shared tier and the locks in Durable Objects: their contracts, expiry, repeated calls,
// and an object that fails.
import "../../../testing/fakes/workers-globals.ts";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type * as lock from "../../../src/cache/tiers/lock.ts";
import { durableObjectRecords } from "../../../src/stores/durable-object/durable-object-records.ts";
import type { TidemarkRecords } from "../../../src/stores/durable-object/tidemark-records.ts";
import { ask, keep, look, noise, responseOf } from "../../../testing/examples/records.ts";
import type { FakeObject } from "../../../testing/fakes/fake-object.ts";
import { FakeRecordObjects, openRecordsTier } from "../../../testing/fakes/fake-record-objects.ts";
import { describeLocks } from "../../cache/locks/contract.ts";
import { describeSharedTier } from "../../cache/tiers/contract/contract.ts";
import { keyOf, marker, page } from "../redis/shared-world.ts";

/** Prevents the expiry of locks and words on a busy machine. */
vi.mock("../../../src/cache/tiers/lock.ts", async (original) => {
  const real = await original<typeof lock>();
  const wordMs = Object.fromEntries(Object.keys(real.wordMs).map((word) => [word, 600_000]));
  return { ...real, lockMs: 600_000, wordMs };
});

const metadataAlone = { ...ask, part: "metadata" } as const;
/** A length at which the metadata still fits into the row. */
const bodyBytesMax = 1_900_000;

function openTier(objects = 3, objectBytes?: number) {
  const records = new FakeRecordObjects();
  let badRecordCount = 0;
  const told: string[] = [];
  const tier = openRecordsTier(records.namespace, {
    objects,
    onBadRecord: () => void (badRecordCount += 1),
    log: ({ message }) => void told.push(message),
    objectBytes,
  });
  const all = () => records.all;
  return {
    tier,
    all,
    told,
    badRecordCount: () => badRecordCount,
  };
}

const rowsIn = (objects: readonly FakeObject<TidemarkRecords>[]) =>
  objects.map((one) => one.sql.exec("SELECT key FROM records").toArray().length);

describeSharedTier("Durable Objects", async () => {
  const opened = openTier();
  const down = openTier();
  // The first call makes the object.
  await down.tier.read(keyOf("none"), ask);
  down.all().forEach((one) => (one.isDown = true));
  const largest = responseOf(noise(bodyBytesMax));
  const tooLarge = responseOf(noise(2_000_000));
  return {
    ...opened,
    bodyBytesMax,
    takesStreams: false,
    largest,
    tooLarge,
    failing: down.tier,
  };
});

describeLocks("Durable Objects", async () => {
  const { tier, all } = openTier();
  return {
    locks: tier.locks,
    shared: tier,
    end: async () => all().forEach((one) => one.end()),
    goDown: () => all().forEach((one) => (one.isDown = true)),
  };
});

describe("records in Durable Objects", () => {
  it("are in one object each, and every object gets a share", async () => {
    const { tier, all } = openTier();
    for (let nth = 0; nth < 24; nth += 1) await tier.write(keyOf(`share ${nth}`), page, keep);
    const counts = rowsIn(all());
    expect(counts).toHaveLength(3);
    expect(counts.reduce((sum, count) => sum + count, 0)).toBe(24);
    expect(Math.min(...counts)).toBeGreaterThan(0);
  });

  it("with a large body send only the metadata if the body may not be needed", async () => {
    const { tier } = openTier();
    const large = responseOf(noise(300_000));
    for (const record of [page, large])
      await tier.write(keyOf(String(record === page)), record, keep);
    const [small, other] = [
      await tier.read(keyOf("true"), metadataAlone),
      await tier.read(keyOf("false"), metadataAlone),
    ];
    const bodyOf = (read: typeof small) =>
      read.kind === "found" && read.record.kind === "response" && read.record.stored.body.kind;
    expect([bodyOf(small), bodyOf(other)]).toEqual(["blob", "absent"]);
  });

  it("whose head is unreadable, or whose body has another length, are counted misses", async () => {
    const { tier, all, badRecordCount } = openTier(1);
    await tier.write(keyOf("bad"), page, keep);
    for (const change of ["body = x'00'", "head = 'x'"]) {
      all()[0]?.sql.exec(`UPDATE records SET ${change}`);
      expect(await look(tier, keyOf("bad"), ask)).toEqual({ kind: "absent" });
    }
    expect(badRecordCount()).toBe(2);
  });

  it("under the key of another variant are counted misses", async () => {
    const { tier, all, badRecordCount } = openTier(1);
    const [one, other] = [keyOf("swapped"), keyOf("swapped").with('["de"]', false)];
    for (const record of [page, marker]) {
      await tier.write(one, record, keep);
      await tier.remove(other);
      const name = await other.nameIn("site");
      all()[0]?.sql.exec("UPDATE records SET key = ?", name);
      expect(await look(tier, other, ask)).toEqual({ kind: "absent" });
      const whole = { ...ask, part: "whole" } as const;
      expect(await tier.readMany([other], whole)).toEqual([{ kind: "absent" }]);
      expect(await tier.locks.ask(other)).toMatchObject({ record: undefined });
    }
    expect(badRecordCount()).toBe(4);
  });

  it("and a lock are released or taken once, although each call is sent twice", async () => {
    const { tier, all } = openTier(1);
    await tier.write(keyOf("first"), page, keep);
    const [object] = all();
    if (object === undefined) throw new Error("There is no object.");
    let isLost = false;
    object.beforeReply = async () => {
      isLost = !isLost;
      if (isLost) throw new Error("Network connection lost.");
    };
    const key = keyOf("twice");
    const asked = await tier.locks.ask(key);
    if (asked.kind !== "taken") throw new Error(asked.kind);
    await asked.lock.release("timeout");
    expect(await tier.locks.takeOver(key, "timeout")).toBeDefined();
    expect(await tier.locks.takeOver(key, "timeout")).toBe(undefined);
    expect(object.calls.filter((call) => call === "lock")).toHaveLength(2);
  });

  it("are unavailable while the object fails, and again in use afterwards", async () => {
    const { tier, all } = openTier(1);
    await tier.write(keyOf("back"), page, keep);
    const [object] = all();
    if (object === undefined) throw new Error("There is no object.");
    object.isDown = true;
    expect(await look(tier, keyOf("back"), ask)).toEqual({ kind: "unavailable" });
    expect(await tier.write(keyOf("back"), page, keep)).toMatchObject({ kind: "unavailable" });
    expect(await tier.remove(keyOf("back"))).toBe("unavailable");
    object.isDown = false;
    expect((await look(tier, keyOf("back"), ask)).kind).toBe("response");
    // A deployment restarts the object. Its storage stays.
    object.end();
    expect((await look(tier, keyOf("back"), ask)).kind).toBe("response");
    expect(
      (await object.stub.fetch("https://records/x", { method: "POST", body: "{}\n" })).status,
    ).toBe(404);
  });
});

describe("many records in Durable Objects", () => {
  it("are written and read by one call to each object, in the order of the keys", async () => {
    const { tier, all } = openTier();
    const keys = Array.from({ length: 12 }, (_, nth) => keyOf(`many ${nth}`));
    const tooLarge = responseOf(noise(2_000_000));
    const written = keys.map((key, nth) => [key, nth === 3 ? tooLarge : page, keep] as const);
    const writes = await tier.writeMany(written);
    expect(writes.map(({ kind }) => kind)).toEqual(
      keys.map((_, nth) => (nth === 3 ? "refused" : "kept")),
    );
    const reads = await tier.readMany(keys, ask);
    const single = keys.map(async (key) => tier.read(key, ask));
    expect(all().map(({ calls }) => calls)).toEqual(all().map(() => ["writeMany", "readMany"]));
    expect(reads).toEqual(await Promise.all(single));
    expect(reads[3]).toEqual({ kind: "absent" });
  });

  it("are divided if they exceed a message", async () => {
    const { tier, all } = openTier(1);
    const large = responseOf(noise(1_800_000));
    const keys = Array.from({ length: 12 }, (_, nth) => keyOf(`large ${nth}`));
    await tier.writeMany(keys.map((key) => [key, large, keep]));
    const reads = await tier.readMany(keys, ask);
    expect(all()[0]?.calls).toEqual(["writeMany", "writeMany", "readMany", "readMany"]);
    expect(reads.map(({ kind }) => kind)).toEqual(keys.map(() => "found"));
  });

  it("of an object that fails are unavailable, and those of the others are not", async () => {
    const { tier, all } = openTier();
    const keys = Array.from({ length: 12 }, (_, nth) => keyOf(`failing ${nth}`));
    await tier.writeMany(keys.map((key) => [key, page, keep]));
    const [failing] = all();
    if (failing !== undefined) failing.isDown = true;
    const kinds = new Set((await tier.readMany(keys, ask)).map(({ kind }) => kind));
    expect(kinds).toEqual(new Set(["found", "unavailable"]));
    const writes = await tier.writeMany(keys.map((key) => [key, page, keep]));
    expect(new Set(writes.map(({ kind }) => kind))).toEqual(new Set(["kept", "unavailable"]));
  });
});

describe("troubles of the objects are logged when they begin and when they end", () => {
  beforeEach(() => void vi.useFakeTimers({ toFake: ["Date"] }));
  afterEach(() => void vi.useRealTimers());

  it("if an object is full, until it has evicted nothing for ten minutes", async () => {
    const { tier, all, told } = openTier(1, 4_194_304);
    const large = responseOf(noise(300_000));
    const write = (name: string) => tier.write(keyOf(name), large, keep);
    for (let nth = 0; nth < 20; nth += 1) {
      expect(await write(`record ${nth}`)).toEqual({ kind: "kept" });
      await look(tier, keyOf("record 0"), ask);
    }
    const remedy = "raise `limits.objectBytes` or `objects`, or shorten the lifetimes";
    expect(tier.trouble).toMatchObject({ kind: "full", isOver: false, remedy });
    const why = "A Durable Object of the records is full, and evicts what clients request least";
    expect(told).toEqual([`${why}: ${remedy}.`]);
    expect(rowsIn(all())).toEqual([11]);
    vi.advanceTimersByTime(600_001);
    await tier.remove(keyOf("record 19"));
    await tier.remove(keyOf("record 18"));
    expect(await write("later")).toEqual({ kind: "kept" });
    expect(tier.trouble).toMatchObject({ kind: "full", isOver: true });
    expect(told.slice(1)).toEqual(["The Durable Objects of the records work again after 600 s."]);
  });

  it("if SQLite has no space, which the object then frees", async () => {
    const { tier, all, told } = openTier(1);
    const large = responseOf(noise(300_000));
    await tier.write(keyOf("first"), large, keep);
    all()[0]?.database.exec("PRAGMA max_page_count = 200");
    const kinds: string[] = [];
    for (const name of ["second", "third", "fourth"]) {
      kinds.push((await tier.write(keyOf(name), large, keep)).kind);
      await look(tier, keyOf("first"), ask);
    }
    expect(kinds).toEqual(["kept", "unavailable", "kept"]);
    expect(tier.trouble).toMatchObject({ kind: "full", isOver: false });
    expect(told).toHaveLength(1);
  });

  it.each([
    ["busy", "is overloaded", Object.assign(new Error("x"), { overloaded: true })],
    ["unreachable", "cannot be reached", new Error("Network connection lost.")],
  ])("if an object is %s", async (kind, message, error) => {
    const { tier, all, told } = openTier();
    for (let nth = 0; nth < 12; nth += 1) await look(tier, keyOf(`key ${nth}`), ask);
    const [object] = all();
    if (object === undefined) throw new Error("There is no object.");
    object.beforeCall = () => Promise.reject(error);
    for (let nth = 0; nth < 12; nth += 1) await look(tier, keyOf(`key ${nth}`), ask);
    expect(tier.trouble).toMatchObject({ kind, isOver: false });
    object.beforeCall = () => Promise.resolve();
    for (let nth = 0; nth < 12; nth += 1) await look(tier, keyOf(`key ${nth}`), ask);
    expect(tier.trouble).toMatchObject({ kind, isOver: true });
    expect(told).toEqual([expect.stringContaining(message), expect.stringContaining("work again")]);
  });

  it("if the storage of an object fails", async () => {
    const { tier, all, told } = openTier(1);
    await look(tier, keyOf("a"), ask);
    all()[0]?.sql.exec("DROP TABLE records");
    await look(tier, keyOf("a"), ask);
    expect(tier.trouble).toMatchObject({ kind: "refused", isOver: false });
    expect(told).toHaveLength(1);
  });
});

describe("an object that does not answer", () => {
  beforeEach(() => void vi.useFakeTimers({ toFake: ["Date", "setTimeout", "clearTimeout"] }));
  afterEach(() => void vi.useRealTimers());

  it("opens the breaker of the tier and its locks, until a probe gets an answer", async () => {
    const { tier, all, told } = openTier(1);
    const key = keyOf("silent");
    await tier.write(key, page, keep);
    const [object] = all();
    if (object === undefined) throw new Error("There is no object.");
    object.beforeCall = () => new Promise(() => undefined);
    for (let nth = 0; nth < 3; nth += 1) {
      const read = look(tier, key, ask);
      await vi.advanceTimersByTimeAsync(1_001);
      expect(await read).toEqual({ kind: "unavailable" });
    }
    expect(tier.isBreakerOpen).toBe(true);
    expect(tier.trouble).toMatchObject({ kind: "timeout", isOver: false });
    const callCount = object.calls.length;
    expect(await tier.locks.ask(key)).toEqual({ kind: "unavailable" });
    expect(await tier.write(key, page, keep)).toMatchObject({ cause: "breaker-open" });
    expect(object.calls).toHaveLength(callCount);
    object.beforeCall = () => Promise.resolve();
    await vi.advanceTimersByTimeAsync(1_100);
    const probes: Promise<void>[] = [];
    const afterAnswer = (work: () => Promise<void>) => void probes.push(work());
    expect(await look(tier, key, { ...ask, afterAnswer })).toEqual({ kind: "unavailable" });
    await Promise.all(probes);
    expect(tier.isBreakerOpen).toBe(false);
    expect((await look(tier, key, ask)).kind).toBe("response");
    expect(told).toHaveLength(4);
  });
});

describe("by the clock of the object", () => {
  beforeEach(() => void vi.useFakeTimers({ toFake: ["Date"] }));
  afterEach(() => void vi.useRealTimers());

  it("an expired record or lock is gone, and later writes delete its row", async () => {
    const { tier, all } = openTier(1);
    const brief = { ...keep, untilAtMs: keep.atMs + 60_000 };
    for (let nth = 0; nth < 3; nth += 1) await tier.write(keyOf(`brief ${nth}`), page, brief);
    await tier.locks.ask(keyOf("lock"));
    vi.advanceTimersByTime(600_001);
    expect(await look(tier, keyOf("brief 0"), ask)).toEqual({ kind: "absent" });
    expect((await tier.locks.ask(keyOf("lock"))).kind).toBe("taken");
    vi.advanceTimersByTime(600_001);
    for (let nth = 0; nth < 64; nth += 1) await tier.write(keyOf(`later ${nth}`), page, keep);
    expect(rowsIn(all())).toEqual([64]);
    // The next sweep starts over at the first key.
    for (let nth = 0; nth < 3; nth += 1) await tier.write(keyOf(`again ${nth}`), page, brief);
    vi.advanceTimersByTime(600_001);
    for (let nth = 0; nth < 64; nth += 1) await tier.write(keyOf(`more ${nth}`), page, keep);
    expect(rowsIn(all())).toEqual([128]);
  });
});

describe("durableObjectRecords", () => {
  it.each([
    [{}, {}, "RECORDS is not bound to a class of Durable Objects."],
    [{ binding: "OTHER" }, { OTHER: "text" }, "OTHER is not bound"],
    [{ objects: 0 }, { RECORDS: { idFromName: () => ({}) } }, "objects: 0."],
    [{ objects: 65 }, { RECORDS: { idFromName: () => ({}) } }, "objects: 65."],
    [{ locationHint: "a" as "me" }, { RECORDS: { idFromName: () => ({}) } }, 'is "a".'],
  ])("has a fault with a hint: %j, %j", (options, env, why) => {
    const bound = durableObjectRecords(options).bound(env);
    expect(bound).toMatchObject({ why: expect.stringContaining(why), hint: expect.any(String) });
  });
});
