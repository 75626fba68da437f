// Tests the size of an object of records: what it evicts, what it keeps, and what a request costs.
import { describe, expect, it } from "vitest";
import {
  callPath,
  framed,
  type RecordCalls,
  unframed,
} from "../../../src/stores/durable-object/framed-call.ts";
import { TidemarkRecords } from "../../../src/stores/durable-object/tidemark-records.ts";
import { FakeObject } from "../../../testing/fakes/fake-object.ts";

const objectBytes = 4 * 1_048_576;
const [hourMs, dayMs] = [3_600_000, 86_400_000];
const startMs = 100 * dayMs;
const body = new Uint8Array(20_000);

function open() {
  const object = new FakeObject((state) => new TidemarkRecords(state));
  const world = { atMs: startMs };
  const call = async <Call extends keyof RecordCalls>(
    name: Call,
    ask: RecordCalls[Call][0],
    bytes = new Uint8Array(),
  ) => {
    const message = await framed({ ...ask, objectBytes }, bytes);
    const reply = await object.started.answer(callPath(name), message, world.atMs);
    expect(reply.status).toBe(200);
    return unframed(await reply.arrayBuffer()).message as RecordCalls[Call][1];
  };
  const write = async (key: string, given: { keepMs?: number; bytes?: number } = {}) => {
    const { keepMs = dayMs, bytes = body.byteLength } = given;
    return call("write", { key, keepMs, head: "{}" }, new Uint8Array(bytes));
  };
  const set = async (key: string) => {
    const unless = { kind: "set", position: "0-0", recentFromMs: 0 } as const;
    const record = { key, keepMs: dayMs, head: "{}", bodyBytes: body.byteLength, unless };
    return call("writeMany", { records: [record] }, body);
  };
  const isKept = async (key: string) =>
    (await call("read", { key, part: "head", isPeek: true })).head !== undefined;
  const read = async (key: string) => void (await call("read", { key, part: "head" }));
  const keptOf = async (keys: readonly string[]) => {
    const kept: string[] = [];
    for (const key of keys) if (await isKept(key)) kept.push(key);
    return kept;
  };
  let junkCount = 0;
  /** Writes new records, each a second after the last. Their keys lie between all others. */
  const flood = async (count: number) => {
    for (let nth = 0; nth < count; nth += 1) {
      world.atMs += 1_000;
      junkCount += 1;
      await write(named(junkCount * 7_919, "junk"));
    }
  };
  return { world, object, write, set, read, isKept, keptOf, flood };
}

/** Returns a key whose place in the order of keys is like that of a digest. */
const named = (nth: number, kind: string) => `${String((nth * 2_654_435_761) % 2 ** 32)} ${kind}`;
const pages = (count: number, kind = "page") =>
  Array.from({ length: count }, (_, nth) => named(nth + 1, kind));

describe("an object of records that made-up keys fill", () => {
  it("stays within its size, and says that it is full", async () => {
    const { world, object, flood, write } = open();
    await flood(150);
    expect((await write("early")).isFull).toBe(false);
    await flood(250);
    expect(object.sql.databaseSize).toBeLessThanOrEqual(objectBytes);
    expect(object.sql.databaseSize).toBeGreaterThan(0.7 * objectBytes);
    expect((await write("late")).isFull).toBe(true);
    world.atMs += 2 * dayMs;
    expect((await write("later")).isFull).toBe(false);
  });

  it("stores each new page, and keeps it until a second request", async () => {
    const { flood, write, read, keptOf } = open();
    await flood(180);
    const keys = pages(49);
    for (const key of keys) {
      await write(key);
      await flood(5);
      await read(key);
    }
    await flood(200);
    expect(await keptOf(keys)).toEqual(keys);
  });

  it("keeps pages that are requested again each day, and replaced pages", async () => {
    const { world, flood, write, read, keptOf } = open();
    const [asked, replaced, once] = [pages(20, "a"), pages(20, "r"), pages(20, "o")];
    for (const key of [...asked, ...replaced, ...once]) await write(key, { keepMs: 30 * dayMs });
    for (const key of replaced) await write(key, { keepMs: 30 * dayMs });
    await flood(90);
    for (let day = 0; day < 4; day += 1) {
      for (const key of asked) await read(key);
      world.atMs = startMs + (day + 1) * dayMs;
      await flood(150);
    }
    expect([await keptOf(asked), await keptOf(once)]).toEqual([asked, []]);
    expect(await keptOf(replaced)).toEqual(replaced);
  });

  it("evicts old pages before new ones if all were requested twice", async () => {
    const { world, flood, write, read, keptOf } = open();
    const old = pages(150, "old");
    await flood(130);
    for (const key of old) {
      await write(key, { keepMs: 30 * dayMs });
      await read(key);
    }
    world.atMs += 3 * dayMs;
    const fresh = pages(100, "fresh");
    for (const key of fresh) {
      await write(key);
      await read(key);
    }
    expect(await keptOf(fresh)).toEqual(fresh);
    expect((await keptOf(old)).length).toBeLessThan(old.length);
  });

  it("keeps a value that an application has just set, because an older load may arrive", async () => {
    const { world, set, flood, keptOf } = open();
    const keys = pages(200, "set");
    for (const key of keys) await set(key);
    expect(await keptOf(keys)).toEqual(keys);
    world.atMs += hourMs;
    await flood(150);
    expect((await keptOf(keys)).length).toBeGreaterThan(50);
  });

  it("evicts for a record of the largest size, and for a replacement of a small one", async () => {
    const { object, flood, write, isKept } = open();
    for (let times = 0; times < 2; times += 1) await write("page", { bytes: 100 });
    await flood(180);
    await write("page", { bytes: 1_500_000 });
    await write("other", { bytes: 1_500_000 });
    expect(await isKept("page")).toBe(true);
    expect(object.sql.databaseSize).toBeLessThanOrEqual(objectBytes);
  });

  it("drops after an hour what was requested once, until less than 60 % is used", async () => {
    const { world, write, flood, object } = open();
    await flood(150);
    world.atMs += 2 * hourMs;
    for (let nth = 0; nth < 30; nth += 1) await write("one");
    expect(object.sql.databaseSize / objectBytes).toBeCloseTo(0.6, 1);
  });
});

describe("the requests of an object that is not tight", () => {
  it("write nothing, and from 60 % a record once a day", async () => {
    const { world, object, write, read, flood, isKept } = open();
    const key = "page";
    const changes = async (work: () => Promise<unknown>) => {
      const before = object.statements.length;
      await work();
      return object.statements.slice(before).filter((one) => one.startsWith("UPDATE")).length;
    };
    await write(key, { keepMs: 30 * dayMs });
    expect(await changes(() => read(key))).toBe(0);
    await flood(130);
    expect(await changes(() => isKept(key))).toBe(0);
    expect(await changes(() => read(key))).toBe(1);
    expect(await changes(() => read(key))).toBe(0);
    world.atMs += dayMs;
    expect(await changes(() => read(key))).toBe(1);
  });
});
