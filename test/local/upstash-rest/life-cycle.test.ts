// How the REST server starts, refuses to start, and stops.
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
    // Waiting for the time-out, it would take 1.8 s.
    expect(performance.now() - startedAtMs).toBeLessThan(1_700);
    expect(failure).toContain(why);
    expect(failure).not.toContain("secret");
  });

  it("gives up on a Redis that takes the connection and says nothing", async () => {
    const silent = createServer().listen(0, "127.0.0.1");
    await once(silent, "listening");
    const redisUrl = `redis://127.0.0.1:${(silent.address() as AddressInfo).port}`;
    const startedAtMs = performance.now();
    const failure = await startUpstashRestServer({ redisUrl, token: "t" }).catch(String);
    silent.close();
    expect(failure).toContain(`Redis at ${redisUrl} cannot be used.`);
    // Timers of 1.8 s; what is above 2 s would be a longer one.
    expect(performance.now() - startedAtMs).toBeLessThan(3_000);
  });

  it("names a port that is taken", async () => {
    await withRest(async (server, redisUrl) => {
      const port = Number(new URL(server.url).port);
      await expect(startUpstashRestServer({ redisUrl, token: "t", port })).rejects.toThrow(
        `It cannot listen on 127.0.0.1:${port}`,
      );
    });
  });
});

describe("stop", () => {
  it("cuts open connections when it stops, and may be stopped twice", async () => {
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
