// Tests outward purges after the clock of a real Redis server was set back: the IDs of its stream never go back, so
// they stay ahead of the clock.
import { describe, expect, it } from "vitest";
import { RedisJournal } from "../../../src/stores/redis/journal/redis-journal.ts";
import { RedisSubscribers } from "../../../src/stores/redis/journal/redis-subscribers.ts";
import { newEntry } from "../../../testing/examples/purges.ts";
import { oneRedisServer } from "../../../testing/fakes/redis-server.ts";
import { openRestDatabase } from "../../../testing/fakes/rest-database.ts";
import { upstashStore } from "../../../testing/fakes/upstash-store.ts";
import { listTarget, OutwardWorld, secret } from "./outward-world.ts";

const hourMs = 3_600_000;

describe.each(oneRedisServer)("over $redis, whose clock was set back", ({ start }) => {
  const database = openRestDatabase(start);

  it("sends purges once N + A have passed since they were found", async () => {
    const nowAtMs = Date.now;
    const redis = upstashStore.client({ ...database.address, nowAtMs });
    const settings = { redis, namespace: "site", nowAtMs };
    const journal = new RedisJournal({ ...settings, randomText: () => crypto.randomUUID() });
    const world = new OutwardWorld();
    const subscribers = new RedisSubscribers(settings);
    const ports = { ...world.ports, journal, subscribers, nowAtMs };
    const target = listTarget().open("edge", { OUTWARD_SECRET_EDGE: secret });
    /** Delivers as if N + A were this long, so no test waits. */
    const deliver = (dueAfterMs: number) =>
      target.deliver({ ...ports, dueAfterMs }, { callsMax: 8, isForced: false });
    const purged = (tag: string) => journal.append([newEntry({ tags: [`tag:${tag}`] })]);
    /** Expects one purge that is ahead, and waits since the given time or later. */
    const expectWaitingSince = async (sinceMs: number) => {
      const report = await target.report(ports);
      expect(report).toMatchObject({ waitingCount: 1, failures: undefined, reset: undefined });
      if (report.kind === "unavailable") throw new Error("The journal is unavailable.");
      expect(report.aheadMs).toBeGreaterThan(hourMs / 2);
      expect(report.waitingSinceAtMs).toBeGreaterThanOrEqual(sinceMs);
      expect(report.waitingSinceAtMs).toBeLessThanOrEqual(Date.now());
    };
    await purged("old");
    await deliver(0);
    expect(world.bodies).toMatchObject([{ everything: true }]);
    world.asked.length = 0;

    await database.redis.xsetid("site:journal", `${Date.now() + hourMs}-0`);
    for (const tag of ["a", "b"]) {
      const beforeMs = Date.now();
      await purged(tag);
      await expectWaitingSince(beforeMs);
      await deliver(hourMs / 2);
      await deliver(hourMs / 2);
      expect(world.bodies).toEqual([]);
      await expectWaitingSince(beforeMs);
      await deliver(0);
      expect(world.bodies).toMatchObject([{ tags: [tag], everything: false }]);
      expect(await target.report(ports)).toMatchObject({ waitingCount: 0, aheadMs: 0 });
      world.asked.length = 0;
    }
  });
});
