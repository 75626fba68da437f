// Tests a full Redis. The ballast is a key of 1 MiB that Tidemark deletes if Redis is full, so that
// writes to the purge journal still succeed.
import { beforeEach, describe, expect, it } from "vitest";
import { databaseInfoIn } from "../../../src/remote/redis/database-info.ts";
import { ballastKeyOf, DatabaseRoom } from "../../../src/remote/redis/database-room.ts";
import type { RedisClient } from "../../../src/remote/redis/redis-client.ts";
import { RedisJournal } from "../../../src/stores/redis/journal/redis-journal.ts";
import { RedisSwitch } from "../../../src/stores/redis/journal/redis-switch.ts";
import { newEntry } from "../../../testing/examples/purges.ts";
import { redisServers } from "../../../testing/fakes/redis-server.ts";
import { openRestDatabase } from "../../../testing/fakes/rest-database.ts";
import { upstashStore } from "../../../testing/fakes/upstash-store.ts";

const ballastKey = ballastKeyOf("site");
const namespace = "site";
const nowAtMs = Date.now;

describe.each(redisServers)("the ballast in $redis", ({ start }) => {
  const database = openRestDatabase(start);
  const clientWith = (key: string | undefined) =>
    upstashStore.client({ ...database.address, nowAtMs, ballastKey: key });
  const journalOf = (redis: RedisClient) =>
    new RedisJournal({ redis, namespace, nowAtMs, randomText: () => crypto.randomUUID() });
  const createBallast = async () => {
    const settings = { limitBytes: undefined, ballastKey, nowAtMs, tell: () => undefined };
    await new DatabaseRoom({ redis: clientWith(undefined), ...settings }).runCron();
  };
  const isFull = { kind: "unavailable", why: "The database is full." };

  beforeEach(async () => {
    await database.redis.config("SET", "maxmemory", "0");
    await database.redis.flushall();
    await createBallast();
  });

  /**
   * Sets the memory limit half a ballast below the used memory. Redis then stays full if it frees
   * some buffers.
   */
  const fill = async () => {
    const { usedBytes } = databaseInfoIn(await database.redis.info());
    await database.redis.config("SET", "maxmemory", String(Number(usedBytes) - 524_288));
    await expect(database.redis.set("more", "1")).rejects.toThrow("OOM");
  };

  it("is created once, with 1 MiB, even if the cron trigger runs twice", async () => {
    await createBallast();
    expect(await database.redis.strlen(ballastKey)).toBe(1_048_576);
  });

  it.each([1, 3])("is deleted to make room for %i entries of one call", async (count) => {
    await fill();
    const entries = Array.from({ length: count }, (_, at) => newEntry({ n: `n${at}` }));
    expect(await journalOf(clientWith(undefined)).append(entries)).toMatchObject(isFull);
    expect((await journalOf(clientWith(ballastKey)).append(entries)).kind).toBe("appended");
    expect(await database.redis.xlen("site:journal")).toBe(count);
    expect(await database.redis.exists(ballastKey)).toBe(0);
  });

  it("is deleted for posts, marks, appends with a read, and reads at the primary", async () => {
    const client = clientWith(ballastKey);
    const journal = journalOf(client);
    const switching = new RedisSwitch({ redis: client, namespace });
    await journal.append([newEntry({ n: "first" })]);
    const switched = { post: "p1", replaces: "", bypass: true };
    for (const attempted of [
      () => switching.read(),
      () => switching.post({ ...newEntry({ n: "post" }), switched }),
      () => journal.appendMark("lost"),
      () => journal.atPrimary({ position: "0-1", n: "none" }),
      () => journal.appendAndRead({ position: "0-1", n: "none" }, newEntry({ n: "after" })),
    ]) {
      await database.redis.config("SET", "maxmemory", "0");
      // The buffer of a request with so many bytes would be freed at an unknown time.
      await createBallast();
      await fill();
      expect((await attempted()).kind).not.toBe("unavailable");
    }
    expect(await database.redis.xlen("site:journal")).toBe(4);
  });

  it("reports that Redis is full if the ballast is already deleted", async () => {
    await database.redis.del(ballastKey);
    // Redis may free more buffers than a ballast has, so allow it no memory at all.
    await database.redis.config("SET", "maxmemory", "1");
    const appended = await journalOf(clientWith(ballastKey)).append([newEntry({ n: "n" })]);
    expect(appended).toMatchObject(isFull);
  });
});
