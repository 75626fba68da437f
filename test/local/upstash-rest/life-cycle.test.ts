// Tests the start of the REST server, its refusals to start, and its stop.
import { once } from "node:events";
import { createServer, type AddressInfo } from "node:net";
import { describe, expect, it } from "vitest";
import { startEmbeddedValkey } from "../../../local/embedded-valkey.ts";
import {
  startUpstashRestServer,
  type UpstashRestServer,
} from "../../../local/upstash-rest-server.ts";
import { ask, waitTimeout } from "./rest-client.ts";

describe("start", () => {
  it.each([
    { redisUrl: "redis://user:secret@127.0.0.1:1", why: "Redis at redis://127.0.0.1:1 cannot be" },
    { redisUrl: "user:secret@127.0.0.1", why: "The address of Redis cannot be read." },
    { redisUrl: "https://user:secret@127.0.0.1", why: "The address of Redis cannot be read." },
  ])("refuses $redisUrl at once, and repeats no password", async ({ redisUrl, why }) => {
    const startedAtMs = performance.now();
    const failure = await startUpstashRestServer({ redisUrl, token: "t" }).catch(String);
    // A wait for the time-out would take 1.8 s.
    expect(performance.now() - startedAtMs).toBeLessThan(1_700);
    expect(failure).toContain(why);
    expect(failure).not.toContain("secret");
  });

  it("fails if Redis accepts the connection and does not answer", async () => {
    const silent = createServer().listen(0, "127.0.0.1");
    await once(silent, "listening");
    const redisUrl = `redis://127.0.0.1:${(silent.address() as AddressInfo).port}`;
    const startedAtMs = performance.now();
    const failure = await startUpstashRestServer({ redisUrl, token: "t" }).catch(String);
    silent.close();
    expect(failure).toContain(`Redis at ${redisUrl} cannot be used.`);
    // The time-out is 1.8 s. The rest is for a busy machine.
    expect(performance.now() - startedAtMs).toBeLessThan(3_000);
  });

  it("fails with the number of a port that is in use", async () => {
    await withRest(async (server, redisUrl) => {
      const port = Number(new URL(server.url).port);
      await expect(startUpstashRestServer({ redisUrl, token: "t", port })).rejects.toThrow(
        `It cannot listen on 127.0.0.1:${port}`,
      );
    });
  });
});

describe("stop", () => {
  it("cuts open connections, and may be called twice", async () => {
    await withRest(async (server) => {
      server.setRttMs(600_000);
      const waiting = ask(server, { body: ["PING"] });
      const failure = waiting.catch(String);
      await expect.poll(() => server.counts().requestCount, waitTimeout).toBe(1);
      await server.stop();
      expect(await failure).toContain("fetch failed");
      await server.stop();
    });
  });
});

async function withRest(
  use: (server: UpstashRestServer, redisUrl: string) => Promise<void>,
): Promise<void> {
  const redis = await startEmbeddedValkey();
  const server = await startUpstashRestServer({ redisUrl: redis.url, token: "t" });
  try {
    await use(server, redis.url);
  } finally {
    await server.stop();
    await redis.stop();
  }
}
