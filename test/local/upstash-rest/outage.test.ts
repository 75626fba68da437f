// Tests an outage of Redis behind the REST server. Requests fail at once during it, and work
// afterwards.
import { afterEach, describe, expect, it } from "vitest";
import { startEmbeddedValkey, type EmbeddedValkey } from "../../../local/embedded-valkey.ts";
import {
  startUpstashRestServer,
  type UpstashRestServer,
} from "../../../local/upstash-rest-server.ts";
import { redisServers } from "../../../testing/fakes/redis-server.ts";
import { ask, waitTimeout, run, sdkClient } from "./rest-client.ts";

const endlessScript = ["EVAL", "while true do end", 0];

describe.each(redisServers)("a REST server in front of $redis", ({ start }) => {
  const running: { stop(): Promise<void> }[] = [];
  afterEach(async () => {
    for (const each of running.splice(0)) await each.stop();
  });

  async function startRedis(port = 0): Promise<EmbeddedValkey> {
    const redis = await start({ port });
    running.push(redis);
    return redis;
  }

  async function startBoth(): Promise<{ redis: EmbeddedValkey; server: UpstashRestServer }> {
    const redis = await startRedis();
    const server = await startUpstashRestServer({ redisUrl: redis.url, token: "t" });
    running.push(server);
    return { redis, server };
  }

  it("answers 503 at once to every kind of request after Redis was killed", async () => {
    const { redis, server } = await startBoth();
    await redis.stop();
    const requests = [
      { body: ["GET", "k"] },
      { path: "/pipeline", body: [["GET", "k"]] },
      { path: "/multi-exec", body: [["GET", "k"]] },
    ];
    for (const request of requests) {
      const { status, answer } = await ask(server, request);
      expect(status).toBe(503);
      expect(answer).toEqual({
        error: expect.stringContaining(`ERR Redis at ${redis.url} is unreachable`) as string,
      });
    }
    await expect(sdkClient(server).get("k")).rejects.toThrow("is unreachable");
    const durationsMs: number[] = [];
    for (let count = 0; count < 20; count += 1) {
      const askedAtMs = performance.now();
      await ask(server, { body: ["GET", "k"] });
      durationsMs.push(performance.now() - askedAtMs);
    }
    // A queued request would wait for the next attempt to connect, which comes after 200 ms by
    // then.
    expect(Math.min(...durationsMs.slice(-5))).toBeLessThan(100);
  });

  it("works again when Redis starts empty at the same address", async () => {
    const { redis, server } = await startBoth();
    await run(server, "SET", "k", "v");
    await redis.stop();
    expect((await ask(server, { body: ["GET", "k"] })).status).toBe(503);
    await startRedis(Number(new URL(redis.url).port));
    const statusNow = async () => (await ask(server, { body: ["PING"] })).status;
    await expect.poll(statusNow, waitTimeout).toBe(200);
    expect(await run(server, "GET", "k")).toBeNull();
  });

  it("ends running requests when Redis is killed, and does not send them again", async () => {
    const { redis, server } = await startBoth();
    const waiting = ask(server, { body: endlessScript });
    const waitingWrite = ask(server, { path: "/multi-exec", body: [["INCR", "n"]] });
    await expect.poll(() => server.counts().commandCount, waitTimeout).toBe(2);
    redis.kill();
    expect((await waiting).status).toBe(503);
    expect((await waitingWrite).status).toBe(503);
    await redis.stop();
    await startRedis(Number(new URL(redis.url).port));
    const readNow = async () => (await ask(server, { body: ["GET", "n"] })).answer;
    await expect.poll(readNow, waitTimeout).toEqual({ result: null });
  });
});

it("fails a request with a time-out if Redis does not answer", async () => {
  const redis = await startEmbeddedValkey();
  const server = await startUpstashRestServer({ redisUrl: redis.url, token: "t" });
  try {
    const { status, answer } = await ask(server, { body: endlessScript });
    expect(status).toBe(503);
    expect(answer).toEqual({ error: expect.stringContaining("Command timed out") as string });
  } finally {
    await server.stop();
    await redis.stop();
  }
});
