// Tests an imitated replica lag. Reads see an earlier state, and writes and transactions the
// present state. The tests compare times, and do not rely on the length of a wait.
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { startEmbeddedValkey, type EmbeddedValkey } from "../../../local/embedded-valkey.ts";
import {
  startUpstashRestServer,
  type UpstashRestServer,
} from "../../../local/upstash-rest-server.ts";
import { redisServers } from "../../../testing/fakes/redis-server.ts";
import { ask, waitTimeout, run } from "./rest-client.ts";

/** Longer than any test, so that no write becomes visible. */
const farMs = 3_600_000;

describe.each(redisServers)("a replica that lags behind $redis", ({ start }) => {
  let redis: EmbeddedValkey;
  let server: UpstashRestServer;
  beforeAll(async () => {
    redis = await start();
    server = await startUpstashRestServer({ redisUrl: redis.url, token: "t" });
    await run(server, "HSET", "held", "f", "v");
    await run(server, "SET", "locked", "v", "PX", farMs);
    await server.setReplicaLagMs(farMs);
  });
  afterAll(async () => {
    await server.stop();
    await redis.stop();
  });
  beforeEach(() => server.setReplicaLagMs(farMs));

  it("sees the data from before the lag was switched on", async () => {
    expect(await run(server, "HGET", "held", "f")).toBe("v");
    expect(await run(server, "PEXPIRETIME", "locked")).toBeGreaterThan(Date.now());
  });

  it("does not see a write before the lag has passed, and sees it afterwards", async () => {
    const lagMs = 150;
    await server.setReplicaLagMs(lagMs);
    const writtenAtMs = Date.now();
    await run(server, "SET", "young", "v");
    const seen: { result: unknown; atMs: number }[] = [];
    const read = async () => {
      const result = await run(server, "GET", "young");
      seen.push({ result, atMs: Date.now() });
      return result;
    };
    await expect.poll(read, waitTimeout).toBe("v");
    const early = seen.filter(({ atMs }) => atMs < writtenAtMs + lagMs);
    expect(early.map(({ result }) => result)).toEqual(early.map(() => null));
    expect(Date.now()).toBeGreaterThanOrEqual(writtenAtMs + lagMs);
  });

  it("reads the past in a pipeline, and the present in a transaction", async () => {
    const commands = [
      ["SET", "present", "v"],
      ["GET", "present"],
    ];
    expect((await ask(server, { path: "/pipeline", body: commands })).answer).toEqual([
      { result: "OK" },
      { result: null },
    ]);
    expect((await ask(server, { path: "/multi-exec", body: commands })).answer).toEqual([
      { result: "OK" },
      { result: "v" },
    ]);
    await server.setReplicaLagMs(0);
    expect(await run(server, "GET", "present")).toBe("v");
  });

  it("repeats writes in order, with the primary's own IDs, expiry times and outcomes", async () => {
    const id = await run(server, "XADD", "s", "MINID", "~", "0-1", "*", "f", "v");
    await run(server, "SET", "once", "first", "NX", "PX", farMs);
    await run(server, "SET", "once", "second", "NX");
    await run(server, "EVAL", "redis.call('SET',KEYS[1],'scripted')", 1, "by-script");
    await run(
      server,
      "EVAL",
      "redis.call('INCR',KEYS[1]) return redis.call('NOPE')",
      1,
      "half",
    ).catch(() => undefined);
    await ask(server, {
      path: "/multi-exec",
      body: [
        ["HSET", "h", "f", "1"],
        ["HINCRBY", "h", "f", "4"],
        ["GET", "h"],
        ["PEXPIRE", "h", farMs],
      ],
    });
    const reads = [
      ["XRANGE", "s", "-", "+"],
      ["GET", "once"],
      ["GET", "by-script"],
      ["GET", "half"],
      ["HGETALL", "h"],
    ];
    const pastReads = await ask(server, { path: "/pipeline", body: reads });
    expect(pastReads.answer).toEqual([
      { result: [] },
      { result: null },
      { result: null },
      { result: null },
      { result: [] },
    ]);
    // One millisecond is the shortest lag. The write is older once the clock has moved on.
    await server.setReplicaLagMs(1);
    const readNow = async () => (await ask(server, { path: "/pipeline", body: reads })).answer;
    await expect
      .poll(readNow, waitTimeout)
      .toEqual([
        { result: [[id, ["f", "v"]]] },
        { result: "first" },
        { result: "scripted" },
        { result: "1" },
        { result: ["f", "5"] },
      ]);
    for (const key of ["once", "h"]) {
      const here = Number(await run(server, "PEXPIRETIME", key));
      const { answer } = await ask(server, { path: "/multi-exec", body: [["PEXPIRETIME", key]] });
      const [there] = answer as [{ result: number }];
      // The replica computes the expiry time from the arrival of the primary's reply.
      expect(Math.abs(here - there.result)).toBeLessThan(1_000);
    }
  });

  it("has the effects of scripts, also if they read the time, and of later writes", async () => {
    const post = "return redis.call('XADD',KEYS[1],'*','f',redis.call('TIME')[2])";
    const scripted = ["EVAL", post, "2", "timed", "locked"];
    await run(server, ...scripted);
    await ask(server, { path: "/multi-exec", body: [["XADD", "timed", "*", "f", "v"], scripted] });
    await run(server, "XADD", "timed", "*", "f", "v");
    await run(server, "SET", "gone", "v");
    await run(server, "EVAL", "return redis.call('DEL',KEYS[1])", "1", "gone");
    const read = ["XRANGE", "timed", "-", "+"] as const;
    expect(await run(server, ...read)).toEqual([]);
    const { answer } = await ask(server, { path: "/multi-exec", body: [read] });
    const [held] = answer as [{ result: unknown[] }];
    expect(held.result).toHaveLength(4);
    await server.setReplicaLagMs(1);
    await expect.poll(() => run(server, ...read), waitTimeout).toEqual(held.result);
    expect(await run(server, "EXISTS", "gone")).toBe(0);
    expect(await run(server, "PEXPIRETIME", "locked")).toBeGreaterThan(Date.now());
  });

  it("refuses commands that it cannot repeat, but only while a lag is set", async () => {
    await run(server, "SADD", "set", "a");
    const refused = {
      status: 400,
      answer: {
        error: "ERR SPOP is not available here while a replica lag is imitated: set the lag to 0.",
      },
    };
    expect(await ask(server, { body: ["SPOP", "set"] })).toEqual(refused);
    expect(await ask(server, { path: "/multi-exec", body: [["SPOP", "set"]] })).toEqual(refused);
    await server.setReplicaLagMs(0);
    expect(await run(server, "SPOP", "set")).toBe("a");
  });
});

describe("a primary that restarts empty", () => {
  const running: { stop(): Promise<void> }[] = [];
  afterEach(async () => {
    for (const each of running.splice(0)) await each.stop();
  });

  it("is seen as empty after the lag, not before", async () => {
    const redis = await startEmbeddedValkey();
    running.push(redis);
    const server = await startUpstashRestServer({
      redisUrl: redis.url,
      token: "t",
      replicaLagMs: 1,
    });
    running.push(server);
    await run(server, "SET", "k", "v");
    await expect.poll(() => run(server, "GET", "k"), waitTimeout).toBe("v");
    await server.setReplicaLagMs(farMs);
    await redis.stop();
    running.push(await startEmbeddedValkey({ port: Number(new URL(redis.url).port) }));
    const writeNow = async () => (await ask(server, { body: ["SET", "new", "v"] })).status;
    await expect.poll(writeNow, waitTimeout).toBe(200);
    expect(await run(server, "GET", "k")).toBe("v");
    await server.setReplicaLagMs(1);
    await expect.poll(() => run(server, "GET", "k"), waitTimeout).toBeNull();
    await expect.poll(() => run(server, "GET", "new"), waitTimeout).toBe("v");
  });
});
