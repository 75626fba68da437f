// Tests the script that writes a record unless Redis has a newer one (rule 28 c), on each Redis
// server, and that its model for other tests does the same.
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { NewerRecords } from "../../../src/cache/record/record.ts";
import type { DataMetadata } from "../../../src/data/value/data-record.ts";
import { recordText } from "../../../src/stores/redis/record-text.ts";
import {
  newerArgs,
  unlessNewerArgs,
  unlessNewerScript,
} from "../../../src/stores/redis/write-unless-newer.ts";
import { redisServers } from "../../../testing/fakes/redis-server.ts";
import { openRestDatabase } from "../../../testing/fakes/rest-database.ts";
import { setUnlessNewer } from "../../../testing/fakes/unless-newer-model.ts";
import { shareOf } from "../../../testing/histories.ts";
import { atMs, drawnWrite, headOf, metadataOf, minute, stampOf } from "../held-records.ts";

/** Returns the arguments of one record, whose text is `new`. */
const argsOf = (
  newer: readonly string[],
  more: { readonly xx?: string; readonly n?: string } = {},
) => unlessNewerArgs({ text: "new", keepMs: minute, xx: "", newer, ...more });

const textOf = (metadata: DataMetadata) => recordText(headOf(metadata), "body\nbody");

interface Row {
  readonly held: Partial<DataMetadata>;
  readonly kind: NewerRecords["kind"];
  readonly isSeen?: boolean;
  readonly isKept: boolean;
}

const later = { stamp: stampOf("1700000000000-10") };
const earlier = { stamp: stampOf("999999999999-99") };
const old = { respondedAtMs: atMs - minute - 1 };
const halved = { ...later, tags: ["half \ud800"] };
const tagged = { ...later, tags: Array.from({ length: 4_000 }, (_, nth) => `${nth}`.padEnd(40)) };

describe.each(redisServers)("over $redis", ({ start }) => {
  const database = openRestDatabase(start);
  const write = async (args: readonly string[]) => {
    const replies = await database.redis.eval(unlessNewerScript, 1, "key", ...args);
    return (replies as readonly unknown[])[0];
  };

  async function written(held: string, given: NewerRecords, metadata = metadataOf()) {
    await database.redis.flushall();
    if (held !== "") await database.redis.set("key", held);
    const args = argsOf(newerArgs(metadata, given));
    const reply = await write(args);
    const modelled = setUnlessNewer(args, held);
    expect(reply).toBe(typeof modelled === "string" ? modelled : "OK");
    return (await database.redis.get("key")) === held;
  }

  it.each<Row>([
    { held: {}, kind: "load", isKept: true },
    { held: {}, kind: "load", isSeen: true, isKept: false },
    { held: {}, kind: "set", isKept: false },
    { held: old, kind: "load", isKept: false },
    { held: later, kind: "load", isKept: true },
    { held: later, kind: "load", isSeen: true, isKept: true },
    { held: later, kind: "set", isKept: true },
    { held: { ...later, ...old }, kind: "load", isKept: true },
    { held: { ...later, ...old }, kind: "load", isSeen: true, isKept: false },
    { held: { ...later, ...old }, kind: "set", isKept: false },
    { held: halved, kind: "load", isKept: true },
    { held: tagged, kind: "set", isKept: true },
    { held: { ...later, tags: ['"s":["0-1"]', '"q":1'] }, kind: "load", isKept: true },
    { held: earlier, kind: "load", isKept: false },
    { held: { stamp: "none" }, kind: "load", isKept: false },
  ])("keeps the record $isKept: $held, for a $kind that has seen it $isSeen", async (row) => {
    const held = metadataOf(row.held);
    const seen = row.isSeen === true ? held : undefined;
    expect(await written(textOf(held), { kind: row.kind, seen })).toBe(row.isKept);
  });

  it("treats a written record without a stamp as the oldest", async () => {
    const metadata = metadataOf({ stamp: "none" });
    expect(await written(textOf(metadataOf()), { kind: "load" }, metadata)).toBe(true);
  });

  it.each([
    "",
    "no record",
    "{}\nbody",
    '{"v":6,"s":[]}\n',
    '{"v":6,"s":["1900000000000-9","n"]}\n',
    '{"v":6,"kind":"vary"}\n',
    '{"s":3}\n',
    "\n",
  ])("replaces the text %j", async (text) => {
    expect(await written(text, { kind: "load" })).toBe(false);
    expect(await database.redis.pttl("key")).toBeGreaterThan(0);
  });

  it("replaces a value of another type", async () => {
    await database.redis.flushall();
    await database.redis.hset("key", "field", "value");
    expect(await write(argsOf(newerArgs(metadataOf(), { kind: "load" })))).toBe("OK");
  });

  it("with `XX`, creates no record", async () => {
    await database.redis.flushall();
    const args = argsOf(newerArgs(metadataOf(), { kind: "set" }), { xx: "XX" });
    expect(await write(args)).toBeNull();
    await database.redis.set("key", "old");
    expect(await write(args)).toBe("OK");
  });

  it("at the journal's end, replaces a recent record whose later place the journal has lost", async () => {
    const { redis } = database;
    await redis.flushall();
    await redis.xadd("journal", "*", "v", "1", "n", "last");
    const held = textOf(metadataOf(later));
    await redis.set("key", held);
    const args = argsOf(newerArgs(metadataOf(), { kind: "set" }), { n: "last" });
    expect(await redis.eval(unlessNewerScript, 2, "key", "journal", ...args)).toEqual(["OK"]);
    expect(setUnlessNewer(args, held, "last")).toEqual(["new", "PX", String(minute)]);
  });

  it.each([
    { entries: ["first", "last"], n: "last", reply: "OK" },
    { entries: ["first", "last"], n: "first", reply: "not-at-end" },
    { entries: ["last", ""], n: "last", reply: "not-at-end" },
    { entries: [""], n: "", reply: "not-at-end" },
    { entries: [], n: "", reply: "not-at-end" },
    { entries: [], n: "last", reply: "not-at-end" },
  ])("with $entries in the journal and the stamp $n, replies $reply", async (row) => {
    const { redis } = database;
    await redis.flushall();
    for (const n of row.entries)
      await redis.xadd("journal", "*", "v", "1", ...(n === "" ? [] : ["n", n]));
    const args = argsOf(newerArgs(metadataOf(), { kind: "set" }), { n: row.n });
    const replies = await redis.eval(unlessNewerScript, 2, "key", "journal", ...args);
    expect(replies).toEqual([row.reply]);
    expect(await redis.get("key")).toBe(row.reply === "OK" ? "new" : null);
    const modelled = setUnlessNewer(args, "", row.entries.at(-1) ?? "");
    expect(typeof modelled === "string" ? modelled : "OK").toBe(row.reply);
  });

  it("writes the other records of a script beside a newer one, and one that may only be replaced", async () => {
    await database.redis.flushall();
    await database.redis.mset("newer", textOf(metadataOf(later)), "older", "old");
    const newer = newerArgs(metadataOf(), { kind: "load" });
    const keys = ["older", "newer", "absent", "new"];
    const args = keys.flatMap((key) => argsOf(newer, { xx: key === "absent" ? "XX" : "" }));
    const replies = await database.redis.eval(unlessNewerScript, keys.length, ...keys, ...args);
    expect(replies).toEqual(["OK", "newer", null, "OK"]);
    expect(await database.redis.mget("older", "absent", "new")).toEqual(["new", null, "new"]);
  });

  it("decides as the model", async () => {
    expect.hasAssertions();
    const property = fc.asyncProperty(drawnWrite, async ({ held, made, given }) => {
      await written(textOf(held), given, made);
    });
    await fc.assert(property, { numRuns: shareOf(200), seed: 28 });
  });
});
