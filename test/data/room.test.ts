// Tests data in a database that is nearly full. Redis stores no new value, and every purge is
// accepted.
import { describe, expect, it } from "vitest";
import { DataIsolate } from "../../testing/data/data-isolate.ts";
import { FakeUpstash } from "../../testing/fakes/fake-upstash.ts";
import { MemoryCounterSink } from "../../testing/write-behind/memory-sink.ts";
import { writeBehind } from "../../src/write-behind/write-behind.ts";

const maxBytes = 64 * 1_048_576;

/** Opens an isolate that has read the database's memory. */
async function opened(usedRatio: number): Promise<DataIsolate> {
  const isolate = new DataIsolate();
  use(isolate, usedRatio);
  await isolate.data.runCron();
  return isolate;
}

const use = ({ upstash }: DataIsolate, ratio: number) =>
  void (upstash.memory = {
    usedBytes: Math.ceil(ratio * maxBytes),
    maxBytes,
    policy: "noeviction",
  });

describe("in a database that is more than 85 % full,", () => {
  it("set replaces values in Redis, and stores no new values there", async () => {
    const isolate = await opened(0.5);
    const { data, upstash } = isolate;
    const values = data.namespace<string>("values", { fresh: "1h" });
    expect(await values.set("known", "1")).toEqual(["memory", "edge", "shared"]);
    use(isolate, 0.86);
    await data.runCron();
    expect(await values.set("new", "1")).toEqual(["memory", "edge"]);
    expect(await values.set("known", "2")).toEqual(["memory", "edge", "shared"]);
    expect(upstash.keys).toHaveLength(1);
    expect(await values.get("new")).toBe("1");
    await expect(values.delete("known")).resolves.toBeDefined();
    expect(await values.get("known")).toBeUndefined();
    use(isolate, 0.5);
    await data.runCron();
    expect(await values.set("new", "2")).toEqual(["memory", "edge", "shared"]);
  });

  it("fields creates no hash", async () => {
    const { data } = await opened(0.86);
    const hashes = data.namespace<{ a: number }>("hashes", { fresh: "1h" });
    expect(await hashes.fields("k").set({ a: 1 })).toBe(false);
  });

  it("a counter refuses a durable change, and says that the change does not count", async () => {
    const { data } = await opened(0.86);
    const counter = writeBehind(data).counter("views", { sink: new MemoryCounterSink() });
    await expect(counter.add("a", 1, { durable: true })).rejects.toMatchObject({
      name: "NotAccepted",
      isInDoubt: false,
      message: expect.stringContaining("Redis is nearly full") as string,
    });
  });
});

it.each([
  ["allkeys-lru", 0, "again: set maxmemory-policy noeviction, and set appendonly yes."],
  ["volatile-lru", 0, "again: set appendonly yes."],
  ["noeviction", 1, undefined],
])("says once that a database can lose purges: %s, %i", async (policy, aofEnabled, says) => {
  const isolate = new DataIsolate();
  isolate.upstash.memory = { ...isolate.upstash.memory, policy, aofEnabled };
  await isolate.data.runCron();
  await isolate.data.runCron();
  const lines = isolate.log.filter((line) => line.includes("can lose accepted purges"));
  expect(lines.map((line) => line.slice(line.indexOf("again: ")))).toEqual(says ? [says] : []);
});

it("purges go to a separate database if one is given", async () => {
  const first = new DataIsolate();
  const journal = new FakeUpstash(first.clock);
  const { data, upstash } = new DataIsolate({
    platform: { journal: { url: journal.url, token: journal.token } },
  });
  await data.namespace<string>("values", { fresh: "1h" }).set("a", "1");
  await data.purge({ tags: ["red"] });
  expect([upstash.journal.length, upstash.keys.length]).toEqual([0, 1]);
  expect(journal.journal.length).toBeGreaterThan(0);
});
