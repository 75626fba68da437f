// Tests that the commands of the tiers, the locks and the journal have the same answers over a
// connection as over REST, on each Redis server.
import "../../../../testing/fakes/workers-globals.ts";
import { Redis } from "ioredis";
import { Socket } from "node:net";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { Running } from "../../../../local/running.ts";
import { appendScript } from "../../../../src/stores/redis/journal/journal-scripts.ts";
import { scriptCommand } from "../../../../src/remote/redis/redis.ts";
import type { RedisClient } from "../../../../src/remote/redis/redis-client.ts";
import { ask, bytesOf, keep, noise, responseOf } from "../../../../testing/examples/records.ts";
import { type Reach, reaches } from "../../../../testing/fakes/redis-reaches.ts";
import { redisServers } from "../../../../testing/fakes/redis-server.ts";
import { keyOf, tierOver } from "../../../stores/redis/shared-world.ts";
import { upstashStore } from "../../../../testing/fakes/upstash-store.ts";

type Run = Parameters<RedisClient["insist"]>[1];

/** One command of each form that src/ sends, and several commands that Redis refuses. */
const sent: Readonly<Record<string, Run>> = {
  "a word": (redis) => redis.exec(["PING"]),
  "a text, with a lifetime": (redis) =>
    redis.exec(["SET", "text", 'größe "1" \u0000\n', "PX", 60_000]),
  "a text that exists already": (redis) => redis.exec(["SET", "text", "other", "NX", "PX", 1]),
  "a part of a text": (redis) => redis.exec(["GETRANGE", "text", 1, 5]),
  "a changed part of a text": (redis) => redis.exec(["SETRANGE", "text", 0, "G"]),
  "a number as text": (redis) => redis.exec(["SET", "number", "0042"]),
  "several texts, one of them absent": (redis) => redis.exec(["MGET", "text", "absent", "number"]),
  "an absent text": (redis) => redis.exec(["GET", "absent"]),
  "a count of deleted keys": (redis) => redis.exec(["DEL", "text", "absent"]),
  "a lifetime of an absent key": (redis) => redis.exec(["PEXPIRE", "absent", 5]),
  "an entry": (redis) => redis.exec(["XADD", "log", "5-1", "a", 1, "b", ""]),
  "entries, trimmed": (redis) => redis.exec(["XADD", "log", "MAXLEN", "~", 9, "6-1", "c", "é"]),
  "entries, oldest first": (redis) => redis.exec(["XRANGE", "log", "-", "+", "COUNT", 5]),
  "entries, newest first": (redis) => redis.exec(["XREVRANGE", "log", "+", "-", "COUNT", 1]),
  "no entries": (redis) => redis.exec(["XRANGE", "absent", "(5-1", "+"]),
  "a count of entries": (redis) => redis.exec(["XLEN", "log"]),
  "a hash": (redis) => redis.exec(["HSET", "hash", "a", "1", "b", "x"]),
  "parts of a hash": (redis) => redis.exec(["HMGET", "hash", "a", "absent"]),
  "all of a hash": (redis) => redis.exec(["HGETALL", "hash"]),
  "a script": (redis) =>
    redis.exec(scriptCommand("return {KEYS[1], ARGV[1], 7, false}", ["k"], ["v"])),
  "a script that only reads": (redis) =>
    redis.exec(
      scriptCommand("return {redis.call('GET', KEYS[1]), ARGV[1]}", ["k"], ["v"], "EVAL_RO"),
    ),
  "a script that is refused": (redis) =>
    redis.exec(scriptCommand("return redis.error_reply('ERR no')", [], [])),
  "a script of the journal": (redis) =>
    redis.exec(
      scriptCommand(
        appendScript,
        ["j", "b", "o", "l", "s", "r"],
        ["9", "9", "9", "", "", "9", "0"],
      ),
    ),
  "a page of keys": (redis) => redis.exec(["SCAN", 0, "MATCH", "nothing*"]),
  "a read of a key of another type": (redis) => redis.exec(["GET", "log"]),
  "a transaction": (redis) =>
    redis.multi([
      ["SET", "t", 1],
      ["GET", "t"],
      ["MGET", "t", "absent"],
    ]),
  "a transaction with a refused command": (redis) =>
    redis.multi([
      ["SET", "t", "2"],
      ["GETRANGE", "log", 0, 1],
    ]),
  "the text after that transaction": (redis) => redis.exec(["GET", "t"]),
  "a pipeline": (redis) =>
    redis.pipeline([
      ["GET", "t"],
      ["XLEN", "log"],
    ]),
  "a pipeline with a refused command": (redis) =>
    redis.pipeline(
      [
        ["GET", "log"],
        ["GET", "t"],
      ],
      { keepsRefusals: true },
    ),
  "a transaction with a malformed command": (redis) =>
    redis.multi([
      ["SET", "t", "3"],
      ["XADD", "log", "*"],
    ]),
  "the unchanged text after that transaction": (redis) => redis.exec(["GET", "t"]),
};

describe.each(redisServers)("a client of $redis", ({ start }) => {
  const running = new Running();
  let database: Redis;
  const opened = new Map<string, Reach>();
  beforeAll(async () => {
    const server = await running.add(start());
    database = new Redis(server.url);
    for (const { reach, open } of reaches) opened.set(reach, await running.add(open(server.url)));
  });
  afterAll(async () => {
    database.disconnect();
    await running.stop();
  });

  const client = (reach: string) => {
    const address = opened.get(reach)?.address;
    if (address === undefined) throw new Error(`${reach} is not open.`);
    return upstashStore.client({ ...address, nowAtMs: Date.now });
  };

  /** Runs all commands in order, and returns the answers. */
  async function answers(reach: string) {
    await database.flushall();
    const came: Record<string, unknown> = {};
    for (const [name, run] of Object.entries(sent)) {
      came[name] = await client(reach).insist("look-up", run);
    }
    return came;
  }

  it.each(reaches.slice(1))("gets the same answers over $reach as over REST", async ({ reach }) => {
    const expected = await answers("REST");
    expect(expected["a part of a text"]).toEqual({ kind: "answered", value: "röß" });
    expect(await answers(reach)).toEqual(expected);
  });

  it.each(reaches)(
    "writes, reads and removes records over $reach, one and several at once",
    async ({ reach }) => {
      const tier = tierOver(client(reach));
      const [a, b, c] = [keyOf(`${reach} a`), keyOf(`${reach} b`), keyOf(`${reach} c`)];
      const kept = { kind: "kept" };
      expect(await tier.write(a, responseOf(noise(300_000)), keep)).toEqual(kept);
      expect(await tier.writeMany([[b, responseOf(bytesOf("b")), keep]])).toEqual([kept]);
      const read = await tier.read(a, ask);
      expect(read).toMatchObject({ kind: "found" });
      const many = await tier.readMany([c, b, a], ask);
      expect(many.map(({ kind }) => kind)).toEqual(["absent", "found", "found"]);
      expect(many[2]).toEqual(read);
      expect(await tier.remove(a)).toBe("removed");
      expect(await tier.read(a, ask)).toEqual({ kind: "absent" });
    },
  );

  it("sends the commands of one turn together over ioredis", async () => {
    const address = opened.get("ioredis")?.address;
    const redis = upstashStore.client({ ...address!, nowAtMs: Date.now });
    await redis.insist("probe", (db) => db.exec(["PING"]));
    const writes = vi.spyOn(Socket.prototype as unknown as { _writev(): void }, "_writev");
    const keys = Array.from({ length: 20 }, (_, nth) => `${nth}`);
    const set = keys.map((key) =>
      redis.insist("fill", (db) => db.exec(["SET", key, `value ${key}`])),
    );
    await Promise.all(set);
    expect(writes).toHaveBeenCalledTimes(1);
    writes.mockRestore();
    const got = keys.map((key) => redis.insist("look-up", (db) => db.exec(["GET", key])));
    const values = keys.map((key) => ({ kind: "answered", value: `value ${key}` }));
    expect(await Promise.all(got)).toEqual(values);
  });
});
