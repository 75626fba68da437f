// Tests rows that the database refuses. A flush writes the other rows, and a refused row becomes a
// dead letter.
import { readFile } from "node:fs/promises";
import { DatabaseSync } from "node:sqlite";
import { describe, expect, it } from "vitest";
import { sinkSchema, sqlSink } from "../../src/sinks.ts";
import type { Counter } from "../../src/write-behind/write-behind.ts";
import { oneRedisServer } from "../../testing/fakes/redis-server.ts";
import { openSets } from "./sets-world.ts";
import { openSlicesWorld } from "./slices-world.ts";

const page = await readFile(new URL("../../docs/write-behind.md", import.meta.url), "utf8");
const checked = sinkSchema({ of: "sqlite" }).replace(
  "value INTEGER,",
  "value INTEGER CHECK (value < 1000),",
);

describe.each(oneRedisServer)("a flush over $redis", ({ start }) => {
  const world = openSlicesWorld({ start });

  function opened(options: { deadLetterAfter?: number } = {}) {
    const db = new DatabaseSync(":memory:");
    db.exec(checked);
    const isolate = openSets(world);
    const counter = isolate.behind.counter("set", { sink: sqlSink(db), ...options });
    const rows = () => (db.prepare("SELECT key FROM tidemark_counters").all() as object[]).length;
    const stats = () => isolate.behind.stats()["set"];
    return { ...isolate, db, counter, rows, stats };
  }

  it("makes a refused row a dead letter after its attempts, and writes the other rows", async () => {
    const { counter, rows, stats, db, messages } = opened({ deadLetterAfter: 2 });
    for (let key = 0; key < 600; key += 1) counter.add(`k${String(key).padStart(3, "0")}`);
    counter.add("k300", 5_000);
    await counter.flush();
    await world.pass(60);
    expect(await counter.flush()).toEqual({ state: "more", changes: 300 });
    expect(await counter.flush({ chunksMax: 5 })).toEqual({ state: "failed", changes: 0 });
    expect(rows()).toBe(300);
    expect(await counter.get("k300")).toBe(5_001);
    expect(await counter.deadLetters()).toEqual([]);
    expect(await counter.flush()).toEqual({ state: "done", changes: 299 });
    expect(rows()).toBe(599);
    expect(await counter.get("k300")).toBe(0);
    expect(stats()).toMatchObject({ deadLetters: { kept: 1, waiting: 1 } });
    expect(messages().join("\n")).toMatch(/refuses 1 changes for their content/);
    expect(messages().join("\n")).not.toMatch(/k300/);

    const [letter] = await counter.deadLetters();
    expect(letter).toMatchObject({ key: "k300", by: 5_001, isReset: false });
    const id = letter?.id ?? "";
    const dropped = [await counter.dropDeadLetter(id), await counter.dropDeadLetter(id)];
    expect(dropped).toEqual([true, false]);
    expect(stats()).toMatchObject({ deadLetters: { kept: 1, waiting: 0 } });
    db.close();
  });

  it("never counts a dead letter, even if it stopped, and the sink accepts the row later", async () => {
    const { behind, db } = opened();
    const sink = sqlSink(db);
    const apply: typeof sink.apply = async (chunk) => {
      // The database goes down once it has refused the row.
      if (chunk.changes.length === 0) throw new Error("down");
      await sink.apply(chunk);
    };
    const counter = behind.counter("other", { sink: { ...sink, apply }, deadLetterAfter: 1 });
    counter.add("a", 5_000);
    counter.add("b", 1);
    await counter.flush();
    await world.pass(60);
    expect(await counter.flush()).toEqual({ state: "failed", changes: 0 });
    expect(await counter.deadLetters()).toMatchObject([{ key: "a", by: 5_000 }]);
    db.exec(`DROP TABLE tidemark_counters; ${sinkSchema({ of: "sqlite" })}`);
    expect(await counter.flush()).toEqual({ state: "done", changes: 1 });
    expect([...(await counter.getMany(["a", "b"]))]).toEqual([
      ["a", 0],
      ["b", 1],
    ]);
    expect(behind.stats()["other"]).toMatchObject({ backlog: { keys: 0 } });
    db.close();
  });

  it("is sent again by the code of docs/write-behind.md, also beyond the limit of one add", async () => {
    const { counter, db } = opened({ deadLetterAfter: 1 });
    for (const by of [1_000_000_000, 200_000_000]) counter.add("a", by);
    await counter.flush();
    await world.pass(60);
    await counter.flush();
    expect(await counter.get("a")).toBe(0);
    const [again = ""] = /^for \(const \{ id, key[^]*?^\}$/m.exec(page) ?? [];
    const text = `export default async (views) => {${again}}`;
    const module = (await import(`data:text/javascript,${encodeURIComponent(text)}`)) as {
      default: (views: Counter) => Promise<void>;
    };
    await module.default(counter);
    expect(await counter.deadLetters()).toEqual([]);
    expect(await counter.get("a")).toBe(1_200_000_000);
    db.close();
  });

  it("makes no dead letter if the whole chunk fails", async () => {
    const { counter, db } = opened({ deadLetterAfter: 1 });
    counter.add("a");
    await counter.flush();
    await world.pass(60);
    // The sink cannot begin its transaction within one of the application.
    db.exec("BEGIN");
    for (const _ of [1, 2, 3]) expect(await counter.flush()).toMatchObject({ state: "failed" });
    expect(await counter.deadLetters()).toEqual([]);
    db.exec("COMMIT");
    expect(await counter.flush()).toEqual({ state: "done", changes: 1 });
    db.close();
  });
});
