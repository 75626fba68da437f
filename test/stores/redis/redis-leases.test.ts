// A lease over every Redis there is, beside its contract: how long it and its words stand, and records of
// other forms.
import "../../../testing/fakes/workers-globals.ts";
import { Redis } from "ioredis";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { EmbeddedValkey } from "../../../local/embedded-valkey.ts";
import {
  startUpstashRestServer,
  type UpstashRestServer,
} from "../../../local/upstash-rest-server.ts";
import { RedisClient } from "../../../src/redis/redis-client.ts";
import { leaseMs, type LeaseWord } from "../../../src/cache/lease.ts";
import { RedisLeases } from "../../../src/stores/redis/redis-leases.ts";
import { RecordKey } from "../../../src/cache/record/record-key.ts";
import { SharedTier } from "../../../src/stores/redis/shared-tier.ts";
import { lengthenTimeouts } from "../../../testing/patient-timeouts.ts";
import { redisServers } from "../../../testing/fakes/redis-server.ts";
import { keep, noise, responseOf } from "../../../testing/examples/records.ts";
import { responseForm } from "../../../src/proxy/stored/record-form.ts";

const namespace = "site";

lengthenTimeouts();

describe.each(redisServers)("over $redis", ({ start }) => {
  let server: EmbeddedValkey;
  let rest: UpstashRestServer;
  let redis: Redis;
  let keys = 0;

  beforeAll(async () => {
    server = await start();
    rest = await startUpstashRestServer({ redisUrl: server.url, token: "token" });
    redis = new Redis(server.url);
  });
  afterAll(async () => {
    redis.disconnect();
    await rest.stop();
    await server.stop();
  });

  const client = (url = rest.url) => new RedisClient({ url, token: "token", nowAtMs: Date.now });

  /** The lease of a key of its own. */
  async function opened() {
    const key = new RecordKey(`GET https://a.example/${(keys += 1)}`, "a.example");
    const leaseKey = `${namespace}:lease:${await key.digest()}`;
    let token = "";
    const settings = {
      form: responseForm,
      redis: client(),
      namespace,
      randomText: () => (token = crypto.randomUUID()),
    };
    const leases = new RedisLeases(settings);
    const ask = () => leases.ask(key);
    const taken = async () => {
      const asked = await ask();
      if (asked.kind !== "taken") throw new Error(`The lease was ${asked.kind}.`);
      return asked.lease;
    };
    /** The lease that was asked for last stands without an end. */
    const lasts = () => redis.set(leaseKey, token);
    return { key, leaseKey, ask, taken, lasts, token: () => token };
  }

  /** Checks its lifetime, all of which a busy machine may have used. @returns the value that stands */
  async function stoodFor(leaseKey: string, ms: number, sinceAtMs: number) {
    const replies = await redis.multi().get(leaseKey).pttl(leaseKey).exec();
    const [stands, leftMs] = (replies ?? []).map(([, reply]) => reply);
    const unspentMs = ms - (performance.now() - sinceAtMs);
    expect(Math.max(0, Number(leftMs))).toBeGreaterThan(unspentMs - 10);
    expect(leftMs).toBeLessThanOrEqual(ms);
    return stands;
  }

  it("ends by itself, three seconds after it was last renewed", async () => {
    const { leaseKey, taken, lasts, token } = await opened();
    const takenAtMs = performance.now();
    const lease = await taken();
    expect([token(), null]).toContain(await stoodFor(leaseKey, leaseMs, takenAtMs));
    await lasts();
    const renewedAtMs = performance.now();
    await lease.renew();
    expect([token(), null]).toContain(await stoodFor(leaseKey, leaseMs, renewedAtMs));
  });

  it.each(["renew", "release"] as const)("is the holder's alone to %s", async (act) => {
    const { leaseKey, ask, taken } = await opened();
    const late = await taken();
    await redis.set(leaseKey, "another's token", "PX", 60_000);
    await late[act]();
    expect((await ask()).kind).toBe("held");
    expect(await redis.pttl(leaseKey)).toBeGreaterThan(leaseMs);
  });

  it.each([
    { word: "uncacheable", forMs: 10_000 },
    { word: "nothing-to-share", forMs: 10_000 },
    { word: "unreachable", forMs: 1_000 },
    { word: "timeout", forMs: 1_000 },
    { word: "error-status", forMs: 1_000 },
  ] as const)("leaves a word for its time: $word", async ({ word, forMs }) => {
    const { leaseKey, taken, lasts } = await opened();
    const lease = await taken();
    await lasts();
    const releasedAtMs = performance.now();
    await lease.release(word satisfies LeaseWord);
    expect([word, null]).toContain(await stoodFor(leaseKey, forMs, releasedAtMs));
  });

  it("has one holder too where a record of an earlier form stands, and is the holder's to release", async () => {
    const { key, ask } = await opened();
    await redis.hset(await key.nameIn(namespace), { m: "a hash" });
    const first = await ask();
    expect(first).toMatchObject({ kind: "taken", record: undefined });
    expect(await ask()).toMatchObject({ kind: "held", record: undefined });
    if (first.kind === "taken") await first.lease.release();
    expect((await ask()).kind).toBe("taken");
  });

  it("downloads no large body to show long metadata", async () => {
    const { key, ask } = await opened();
    const limits = { bodyBytesMax: 300_000, uploadBytesMax: 1_000_000 };
    const tier = new SharedTier({
      form: responseForm,
      redis: client(),
      namespace,
      ...limits,
      onBadRecord: () => undefined,
      nowAtMs: Date.now,
    });
    const record = responseOf(noise(300_000), { fields: [["x-long", "p".repeat(5_000)]] });
    await tier.write(key, record, keep);
    rest.resetCounts();
    expect(await ask()).toMatchObject({ kind: "taken", record: { kind: "response" } });
    expect(rest.counts().responseBytes).toBeLessThan(100_000);
  });
});
