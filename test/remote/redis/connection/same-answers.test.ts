// Tests that the commands of the tiers, the leases and the journal have the same answers over a
// connection as over REST, on each Redis server.
import "../../../../testing/fakes/workers-globals.ts";
import { Redis } from "ioredis";
import { Socket } from "node:net";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { Running } from "../../../../local/running.ts";
import { appendScript } from "../../../../src/stores/redis/journal/journal-scripts.ts";
import { RedisClient } from "../../../../src/remote/redis/redis-client.ts";
import { ask, bytesOf, keep, noise, responseOf } from "../../../../testing/examples/records.ts";
import { type Reach, reaches } from "../../../../testing/fakes/redis-reaches.ts";
import { redisServers } from "../../../../testing/fakes/redis-server.ts";
import { keyOf, tierOver } from "../../../stores/redis/shared-world.ts";

type Run = Parameters<RedisClient["insist"]>[1];

/** One command of each form that src/ sends, and several commands that Redis refuses. */
const sent: Readonly<Record<string, Run>> = {
  "a word": (redis) => redis.ping(),
  "a text, with a lifetime": (redis) => redis.set("text", 'größe "1" \u0000\n', { px: 60_000 }),
  "a text that exists already": (redis) => redis.set("text", "other", { nx: true, px: 1 }),
  "a part of a text": (redis) => redis.getrange("text", 1, 5),
  "a changed part of a text": (redis) => redis.setrange("text", 0, "G"),
  "a number as text": (redis) => redis.set("number", "0042"),
  "several texts, one of them absent": (redis) => redis.mget(["text", "absent", "number"]),
  "an absent text": (redis) => redis.get("absent"),
  "a count of deleted keys": (redis) => redis.del("text", "absent"),
  "a lifetime of an absent key": (redis) => redis.pexpire("absent", 5),
  "an entry": (redis) => redis.xadd("log", "5-1", { a: "1", b: "" }),
  "entries, trimmed": (redis) =>
    redis.xadd(
      "log",
      "6-1",
      { c: "é" },
      { trim: { type: "MAXLEN", comparison: "~", threshold: 9 } },
    ),
  "entries, oldest first": (redis) => redis.xrange("log", "-", "+", 5),
  "entries, newest first": (redis) => redis.xrevrange("log", "+", "-", 1),
  "no entries": (redis) => redis.xrange("absent", "(5-1", "+"),
  "a count of entries": (redis) => redis.xlen("log"),
  "a hash": (redis) => redis.hset("hash", { a: "1", b: "x" }),
  "parts of a hash": (redis) => redis.hmget("hash", "a", "absent"),
  "all of a hash": (redis) => redis.hgetall("hash"),
  "a script": (redis) => redis.eval("return {KEYS[1], ARGV[1], 7, false}", ["k"], ["v"]),
  "a script that only reads": (redis) =>
    redis.evalRo("return {redis.call('GET', KEYS[1]), ARGV[1]}", ["k"], ["v"]),
  "a script that is refused": (redis) => redis.eval("return redis.error_reply('ERR no')", [], []),
  "a script of the journal": (redis) =>
    redis.eval(appendScript, ["j", "b", "o", "s"], ["9", "9", "", "9", "0"]),
  "a page of keys": (redis) => redis.scan("0", { match: "nothing*" }),
  "a read of a key of another type": (redis) => redis.get("log"),
  "a transaction": (redis) => redis.multi().set("t", "1").get("t").mget(["t", "absent"]).exec(),
  "a transaction with a refused command": (redis) =>
    redis.multi().set("t", "2").getrange("log", 0, 1).exec(),
  "the text after that transaction": (redis) => redis.get("t"),
  "a pipeline": (redis) => redis.pipeline().get("t").xlen("log").exec(),
  "a pipeline with a refused command": (redis) =>
    redis.pipeline().get("log").get("t").exec({ keepErrors: true }),
  "a transaction with a malformed command": (redis) =>
    redis.multi().set("t", "3").xadd("log", "*", {}).exec(),
  "the unchanged text after that transaction": (redis) => redis.get("t"),
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
    return new RedisClient({ ...address, nowAtMs: Date.now });
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
    const redis = new RedisClient({ ...address!, nowAtMs: Date.now });
    await redis.insist("probe", (db) => db.ping());
    const writes = vi.spyOn(Socket.prototype as unknown as { _writev(): void }, "_writev");
    const keys = Array.from({ length: 20 }, (_, nth) => `${nth}`);
    const set = keys.map((key) => redis.insist("fill", (db) => db.set(key, `value ${key}`)));
    await Promise.all(set);
    expect(writes).toHaveBeenCalledTimes(1);
    writes.mockRestore();
    const got = keys.map((key) => redis.insist("look-up", (db) => db.get(key)));
    const values = keys.map((key) => ({ kind: "answered", value: `value ${key}` }));
    expect(await Promise.all(got)).toEqual(values);
  });
});
