// Tests the local server of Upstash's REST protocol in front of each Redis that can be started
// here. The tests use raw requests and the product's client.
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { EmbeddedValkey } from "../../local/embedded-valkey.ts";
import {
  type CallAnswer,
  startUpstashRestServer,
  type UpstashRestServer,
} from "../../local/upstash-rest-server.ts";
import { redisServers } from "../../testing/fakes/redis-server.ts";
import { batchRows, refusalRows, singleRows } from "./upstash-rest/protocol-rows.ts";
import { ask, run, sdkClient, waitTimeout } from "./upstash-rest/rest-client.ts";

describe.each(redisServers)("a REST server in front of $redis", ({ start }) => {
  let redis: EmbeddedValkey;
  let server: UpstashRestServer;
  let answered: CallAnswer[] = [];
  let isTaken = true;
  beforeAll(async () => {
    redis = await start();
    server = await startUpstashRestServer({
      redisUrl: redis.url,
      token: "local-token",
      isTaken: ([command]) => isTaken || command?.[0] !== "SET",
      onAnswered: (call) => void answered.push(call),
    });
  });
  afterAll(async () => {
    await server.stop();
    await redis.stop();
  });
  beforeEach(async () => {
    await run(server, "FLUSHALL");
    server.resetCounts();
    answered = [];
    isTaken = true;
  });

  it("does not run a request that `isTaken` rejects, and breaks its connection", async () => {
    isTaken = false;
    await expect(run(server, "SET", "key", "value")).rejects.toThrow("fetch failed");
    expect(await run(server, "GET", "key")).toBeNull();
    expect(server.counts().commandCountByName).toEqual({ GET: 1 });
    expect(answered).toHaveLength(1);
  });

  it("streams the messages of a channel to the product's client, until it unsubscribes", async () => {
    const heard: unknown[] = [];
    const subscriber = sdkClient(server).subscribe("site:journal");
    for (const type of ["subscribe", "message", "error"] as const)
      subscriber.on(type, (event) => heard.push([type, event]));
    await expect.poll(() => heard, waitTimeout).toEqual([["subscribe", 1]]);
    const script = 'return redis.call("PUBLISH", KEYS[1], ARGV[1])';
    expect(await run(server, "EVAL", script, 1, "site:journal", "1-0")).toBe(1);
    expect(await run(server, "PUBLISH", "site:journal", "2,3")).toBe(1);
    expect(await run(server, "PUBLISH", "other", "3-0")).toBe(0);
    const messages = ["1-0", "2,3"].map((message) => [
      "message",
      { channel: "site:journal", message },
    ]);
    await expect.poll(() => heard, waitTimeout).toEqual([["subscribe", 1], ...messages]);
    await subscriber.unsubscribe();
    const publish = () => run(server, "PUBLISH", "site:journal", "4-0");
    await expect.poll(publish, waitTimeout).toBe(0);
    expect(server.counts().commandCountByName).toMatchObject({ SUBSCRIBE: 1, EVAL: 1 });
  });

  describe("raw requests", () => {
    it.each([...singleRows, ...batchRows, ...refusalRows])(
      "get the documented answer: $id",
      async ({ given = [], status, answer, ...request }) => {
        for (const command of given) await run(server, ...command);
        expect(await ask(server, request)).toEqual({ status, answer });
      },
    );

    it("may have a body of 10 MiB, and not one byte more", async () => {
      const around = JSON.stringify(["STRLEN", ""]).length;
      const body = (bodyBytes: number) => ["STRLEN", "k".repeat(bodyBytes - around)];
      const limitBytes = 10 * 1_024 * 1_024;
      expect(await ask(server, { body: body(limitBytes) })).toEqual({
        status: 200,
        answer: { result: 0 },
      });
      expect(await ask(server, { body: body(limitBytes + 1) })).toEqual({
        status: 413,
        answer: { error: "ERR max request size exceeded. Limit: 10485760 bytes." },
      });
    });

    it("can store and read 1 MiB of any bytes in base64", async () => {
      const bytes = Buffer.from(Uint8Array.from({ length: 1_048_576 }, (_, index) => index * 31));
      const text = bytes.toString("base64");
      expect(await run(server, "SET", "body", text)).toBe("OK");
      expect(Buffer.from(String(await run(server, "GET", "body")), "base64").equals(bytes)).toBe(
        true,
      );
    });
  });

  describe("the product's client", () => {
    it("runs HSET, HMGET and PEXPIRE in one transaction", async () => {
      const transaction = sdkClient(server).multi();
      transaction.hset("hash", { name: "漢字", count: "2" });
      transaction.hmget("hash", "name", "absent");
      transaction.pexpire("hash", 60_000);
      expect(await transaction.exec()).toEqual([2, ["漢字", null], 1]);
      expect(Number(await run(server, "PTTL", "hash"))).toBeGreaterThan(0);
    });

    it("appends to a stream that MINID ~ trims, and reads it in both directions", async () => {
      const entries = Array.from({ length: 300 }, (_, index) => index + 1);
      const appends = entries.map((index) => ["XADD", "journal", `${index}-0`, "tag", `t${index}`]);
      await ask(server, { path: "/pipeline", body: appends });
      const client = sdkClient(server);
      const trim = { type: "MINID", threshold: "150-0", comparison: "~" } as const;
      await client.xadd("journal", "301-0", { tag: "t301" }, { trim });
      // XADD removes whole nodes of 100 entries. The node that contains the threshold stays.
      expect(await run(server, "XLEN", "journal")).toBe(201);
      const after = [
        ["300-0", ["tag", "t300"]],
        ["301-0", ["tag", "t301"]],
      ];
      expect(await client.xrange("journal", "(299-0", "+")).toEqual(after);
      expect(await client.xrevrange("journal", "+", "-", 1)).toEqual([after[1]]);
    });

    it("takes a lock with SET NX PX, and returns it by compare-and-delete", async () => {
      const client = sdkClient(server);
      const lock = { nx: true, px: 60_000 } as const;
      const script =
        "if redis.call('GET',KEYS[1])==ARGV[1] then return redis.call('DEL',KEYS[1]) end return 0";
      expect(await client.set("lock", "mine", lock)).toBe("OK");
      expect(await client.set("lock", "theirs", lock)).toBeNull();
      expect(await client.eval(script, ["lock"], ["theirs"])).toBe(0);
      expect(await client.eval(script, ["lock"], ["mine"])).toBe(1);
    });
  });

  describe("the counts", () => {
    it("contain requests, commands, bytes and failures", async () => {
      const single = ["SET", "k", "v"];
      const pipeline = [
        ["GET", "k"],
        ["HGET", "k", "f"],
        ["BLPOP", "k", 0],
      ];
      const transaction = [
        ["get", "site:r:k"],
        ["DEL", "k"],
      ];
      await ask(server, { body: single });
      await ask(server, { path: "/pipeline", body: pipeline });
      await ask(server, { path: "/multi-exec", body: transaction });
      await ask(server, { body: single, authorization: "Bearer wrong" });
      const bodies = [single, pipeline, transaction, single];
      expect(server.counts()).toEqual({
        requestCount: 4,
        commandCount: 5,
        commandCountByName: { SET: 1, GET: 2, HGET: 1, DEL: 1 },
        recordCommandCountByName: { GET: 1 },
        requestBytes: bodies.reduce((sum, body) => sum + JSON.stringify(body).length, 0),
        responseBytes: expect.any(Number) as number,
        failedCount: 3,
      });
    });

    it("contain each request's commands and bytes before its client has the answer", async () => {
      const transaction = [
        ["set", "k", "漢"],
        ["GET", "k"],
      ];
      await ask(server, { path: "/multi-exec", body: transaction });
      await ask(server, { body: ["GET", "k"], authorization: "Bearer wrong" });
      const commands = [
        ["SET", "k", "漢"],
        ["GET", "k"],
      ];
      expect(answered).toEqual([
        { commands, requestBytes: 31, responseBytes: 34 },
        { commands: [], requestBytes: 11, responseBytes: 24 },
      ]);
    });

    it("contain bytes, not characters, and begin at zero after a reset", async () => {
      await ask(server, { body: ["SET", "k", "漢"] });
      server.resetCounts();
      await ask(server, { body: ["GET", "k"] });
      const sizes = { requestBytes: 11, responseBytes: 16 };
      expect(server.counts()).toMatchObject({ ...sizes, requestCount: 1 });
    });
  });

  it("adds the round-trip time to every answer", async () => {
    server.setRttMs(80);
    const askedAtMs = performance.now();
    await ask(server, { body: ["PING"] });
    await ask(server, { body: ["PING"], authorization: "" });
    // A timer of Node may fire up to a millisecond early, and there are four of them.
    expect(performance.now() - askedAtMs).toBeGreaterThanOrEqual(160 - 4);
    server.setRttMs(0);
  });
});
