// Tests which commands each script runs inside Redis, as docs/costs.md counts them: Upstash may bill each one.
import { describe, expect, it } from "vitest";
import { raiseScript, setScript } from "../../../src/data/fields/hash-store.ts";
import type { EntryId } from "../../../src/purge/journal/entry.ts";
import { acceptAddsScript, acceptPutsScript } from "../../../src/write-behind/slice-scripts.ts";
import { callsIn, innerCommands } from "../../../testing/command-stats.ts";
import { newEntry } from "../../../testing/examples/purges.ts";
import { oneRedisServer } from "../../../testing/fakes/redis-server.ts";
import { nowhere, openJournalWorld } from "./journal/journal-world.ts";

const entry = (n: string) => newEntry({ n, tags: [`tag:${n}`] });
const unknown = { position: "9999999999999-0", n: "x" };

describe.each(oneRedisServer)("the commands inside scripts on $redis", ({ start }) => {
  const world = openJournalWorld(start);
  const inside = async (work: () => Promise<unknown>) => {
    await world.redis.config("RESETSTAT");
    world.rest.resetCounts();
    await work();
    const calls = Object.entries(callsIn([await world.redis.info("commandstats")]));
    const own = calls.filter(([name]) => !/^(?:eval|config|info|hello|client)/.test(name));
    return own.map(([name, count]) => `${name} ${count}`).toSorted();
  };
  const alone = ["hmget 1", "hset 1", "xadd 1"];

  it.each<[string, string[], (last: EntryId) => Promise<unknown>]>([
    ["a purge", [...alone, "xrevrange 1"], () => world.journal.append([entry("a")])],
    [
      "a purge that reads the entries before",
      [...alone, "xrange 1"],
      (last) => world.journal.appendAndRead(last, entry("a")),
    ],
    [
      "a purge whose stamp the journal lacks",
      [...alone, "xrange 1", "xrevrange 1"],
      () => world.journal.appendAndRead(unknown, entry("a")),
    ],
    [
      "a purge that stores a value",
      [...alone, "set 1", "xrevrange 1"].toSorted(),
      (last) => {
        const options = ["60000", "", false] as const;
        const write = { key: "site:r:a", options, around: ['{"s":["', '"]}\nbody'] as const };
        return world.journal.appendAndRead(last, entry("a"), write);
      },
    ],
    [
      "a purge that stores a new value, which would keep older tags",
      [...alone, "exists 1", "getrange 1", "set 1", "xrevrange 1"].toSorted(),
      (last) => {
        const options = ["60000", "", true] as const;
        const write = { key: "site:r:a", options, around: ['{"s":["', '"]}\nbody'] as const };
        return world.journal.appendAndRead(last, entry("a"), write);
      },
    ],
    ["a read back", ["set 1", "xrange 1"], (last) => world.journal.standing([last])],
    [
      "a read back of a lost entry",
      ["hmget 1", "set 1", "xlen 1", "xrange 2", "xrevrange 1"],
      ({ position }) => world.journal.standing([{ position, n: "x.1.7" }]),
    ],
  ])("are few for %s", async (_, calls, run) => {
    const [last = nowhere] = await world.write(1);
    expect(await inside(() => run(last))).toEqual(calls);
  });

  it("are few for fields of a hash", async () => {
    const fields = Array.from({ length: 100 }, (__, at) => [`=${at}`, "1"]).flat();
    const set = () => world.redis.eval(setScript, 1, "hash", "", "head", "9000", ...fields);
    expect(await inside(set)).toEqual(["del 1", "hget 1", "hset 1", "pexpire 1"]);
    const raise = () => world.redis.eval(raiseScript, 1, "hash", "head", "=7", "1");
    expect(await inside(raise)).toEqual(["hincrby 1", "hmget 1"]);
  });

  it.each([
    ["adds", acceptAddsScript, "5"],
    ["puts", acceptPutsScript, "1=value"],
  ])("do not grow with the keys of a batch of %s", async (_, script, change) => {
    const keys = ["", ":count", ":1", ":ids", ":time", ":clock"].map((name) => `set${name}`);
    const changes = Array.from({ length: 1_000 }, (__, at) => [`key${at}`, change]).flat();
    const slice = Math.floor(Date.now() / 10_000);
    const given = [slice, 10_000, 20_000, 60_000, 10_000, "id", ...changes];
    const calls = await inside(() => world.redis.eval(script, keys.length, ...keys, ...given));
    const times = ["time 1", "zadd 2", "zrange 1", "zremrangebyscore 1", "zscore 1"];
    const expected = ["del 1", "get 2", "hmget 1", "hset 1", "pexpire 1", "set 2", ...times];
    expect(calls).toEqual(expected);
    expect(await world.redis.get("set:count")).toBe("1000");
  });

  it("are counted without the commands that were sent", async () => {
    await world.write(1);
    await inside(() => world.journal.append([entry("a")]));
    const { commandCountByName: sent } = world.rest.counts();
    expect([sent, await innerCommands(world.redis, sent)]).toEqual([{ EVAL: 1 }, 4]);
  });
});
