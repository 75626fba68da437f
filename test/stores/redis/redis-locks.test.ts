// Tests locks on each Redis server in addition to their contract: lifetimes, and records in other
// formats.
import "../../../testing/fakes/workers-globals.ts";
import { describe, expect, it } from "vitest";
import { lockMs, type LockWord } from "../../../src/cache/tiers/lock.ts";
import { RecordKey } from "../../../src/cache/record/record-key.ts";
import { responseForm } from "../../../src/pages/stored/response-form.ts";
import { RedisLocks } from "../../../src/stores/redis/redis-locks.ts";
import { keep, noise, responseOf } from "../../../testing/examples/records.ts";
import { redisServers } from "../../../testing/fakes/redis-server.ts";
import { openWorld } from "./shared-world.ts";

const namespace = "site";

describe.each(redisServers)("locks over $redis", ({ start }) => {
  const world = openWorld(start);
  let keys = 0;

  /** Creates locks, and a new key for them. */
  async function opened() {
    const key = new RecordKey(`GET https://a.example/${(keys += 1)}`, "a.example");
    const lockKey = `${namespace}:lock:${await key.digest()}`;
    let token = "";
    const settings = {
      form: responseForm,
      redis: world.client(),
      namespace,
      randomText: () => (token = crypto.randomUUID()),
    };
    const locks = new RedisLocks(settings);
    const ask = () => locks.ask(key);
    const taken = async () => {
      const asked = await ask();
      if (asked.kind !== "taken") throw new Error(`The lock was not taken, but ${asked.kind}.`);
      return asked.lock;
    };
    /** Stores the last requested lock again, without an expiry. */
    const lasts = () => world.redis.set(lockKey, token);
    return { key, lockKey, ask, taken, lasts, token: () => token };
  }

  /** Checks the remaining lifetime; none may be left on a busy machine. @returns the key's value */
  async function stoodFor(lockKey: string, ms: number, sinceAtMs: number) {
    const replies = await world.redis.multi().get(lockKey).pttl(lockKey).exec();
    const [stands, leftMs] = (replies ?? []).map(([, reply]) => reply);
    const unspentMs = ms - (performance.now() - sinceAtMs);
    expect(Math.max(0, Number(leftMs))).toBeGreaterThan(unspentMs - 10);
    expect(leftMs).toBeLessThanOrEqual(ms);
    return stands;
  }

  it("a lock ends three seconds after its last renewal", async () => {
    const { lockKey, taken, lasts, token } = await opened();
    const takenAtMs = performance.now();
    const lock = await taken();
    expect([token(), null]).toContain(await stoodFor(lockKey, lockMs, takenAtMs));
    await lasts();
    const renewedAtMs = performance.now();
    await lock.renew();
    expect([token(), null]).toContain(await stoodFor(lockKey, lockMs, renewedAtMs));
  });

  it.each(["renew", "release"] as const)("only the holder can %s a lock", async (act) => {
    const { lockKey, ask, taken } = await opened();
    const late = await taken();
    await world.redis.set(lockKey, "another's token", "PX", 60_000);
    await late[act]();
    expect((await ask()).kind).toBe("held");
    expect(await world.redis.pttl(lockKey)).toBeGreaterThan(lockMs);
  });

  it.each([
    { word: "uncacheable", forMs: 10_000 },
    { word: "nothing-to-share", forMs: 10_000 },
    { word: "unreachable", forMs: 1_000 },
    { word: "timeout", forMs: 1_000 },
    { word: "error-status", forMs: 1_000 },
  ] as const)("the word $word stays for $forMs ms", async ({ word, forMs }) => {
    const { lockKey, taken, lasts } = await opened();
    const lock = await taken();
    await lasts();
    const releasedAtMs = performance.now();
    await lock.release(word satisfies LockWord);
    expect([word, null]).toContain(await stoodFor(lockKey, forMs, releasedAtMs));
  });

  it("a lock whose key holds another type is taken, also beside such a record", async () => {
    for (const isRecordToo of [false, true]) {
      const { key, lockKey, ask, token } = await opened();
      await world.redis.lpush(lockKey, "of another program");
      if (isRecordToo) await world.redis.hset(await key.nameIn(namespace), { m: "a hash" });
      expect(await ask()).toMatchObject({ kind: "taken", record: undefined });
      expect(await world.redis.get(lockKey)).toBe(token());
      expect((await ask()).kind).toBe("held");
    }
  });

  it("a key with a record in an earlier format has one lock, which can be released", async () => {
    const { key, ask } = await opened();
    await world.redis.hset(await key.nameIn(namespace), { m: "a hash" });
    const first = await ask();
    expect(first).toMatchObject({ kind: "taken", record: undefined });
    expect(await ask()).toMatchObject({ kind: "held", record: undefined });
    if (first.kind === "taken") await first.lock.release();
    expect((await ask()).kind).toBe("taken");
  });

  it("a request for a lock returns long metadata without a large body", async () => {
    const { key, ask } = await opened();
    const tier = world.tier();
    const record = responseOf(noise(300_000), { fields: [["x-long", "p".repeat(5_000)]] });
    await tier.write(key, record, keep);
    world.database.rest.resetCounts();
    expect(await ask()).toMatchObject({ kind: "taken", record: { kind: "response" } });
    expect(world.database.rest.counts().responseBytes).toBeLessThan(100_000);
  });
});
