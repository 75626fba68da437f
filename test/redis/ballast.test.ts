// A full database of a real server: what the journal writes is taken, since the ballast makes room for it.
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { EmbeddedValkey } from "../../local/embedded-valkey.ts";
import { startUpstashRestServer, type UpstashRestServer } from "../../local/upstash-rest-server.ts";
import { connectToRedis, type RedisConnection } from "../../local/upstash-rest/redis-connection.ts";
import { RedisJournal } from "../../src/stores/redis/journal/redis-journal.ts";
import { RedisSwitch } from "../../src/stores/redis/journal/redis-switch.ts";
import { databaseInfoIn } from "../../src/redis/database-info.ts";
import { ballastKeyOf, DatabaseRoom } from "../../src/redis/database-room.ts";
import { RedisClient } from "../../src/redis/redis-client.ts";
import { redisServers } from "../../testing/fakes/redis-server.ts";
import { newEntry } from "../../testing/examples/purges.ts";

const ballastKey = ballastKeyOf("site");

describe.each(redisServers)("of $redis", ({ start }) => {
  let redis: EmbeddedValkey;
  let rest: UpstashRestServer;
  let direct: RedisConnection;
  const run = async (...command: [string, ...string[]]): Promise<unknown> => {
    const outcome = await direct.send(command);
    if (outcome.kind !== "replied") throw new Error(outcome.message);
    return outcome.reply;
  };
  const clientWith = (key: string | undefined) =>
    new RedisClient({ url: rest.url, token: "token", nowAtMs: Date.now, ballastKey: key });
  const journalOf = (client: RedisClient) =>
    new RedisJournal({
      redis: client,
      namespace: "site",
      nowAtMs: Date.now,
      randomText: () => crypto.randomUUID(),
    });

  beforeEach(async () => {
    redis = await start();
    rest = await startUpstashRestServer({ redisUrl: redis.url, token: "token" });
    direct = await connectToRedis(redis.url);
    await run("CONFIG", "SET", "maxmemory", "0");
    const settings = { limitBytes: undefined, ballastKey, nowAtMs: Date.now };
    await new DatabaseRoom({ redis: clientWith(undefined), ...settings }).runCron();
  });
  afterEach(async () => {
    direct.close();
    await rest.stop();
    await redis.stop();
  });

  /** Less than is used, by half the ballast: the server may free buffers of its own meanwhile. */
  const fill = async () => {
    const { usedBytes } = databaseInfoIn(String(await run("INFO")));
    await run("CONFIG", "SET", "maxmemory", String(Number(usedBytes) - 524_288));
    await expect(run("SET", "more", "1")).rejects.toThrow("OOM");
  };

  it("lies there, once", async () => {
    const settings = { limitBytes: undefined, ballastKey, nowAtMs: Date.now };
    await new DatabaseRoom({ redis: clientWith(undefined), ...settings }).runCron();
    expect(await run("STRLEN", ballastKey)).toBe(1_048_576);
  });

  it.each([1, 3])("takes %i entries at once", async (count) => {
    await fill();
    const entries = Array.from({ length: count }, (_, at) => newEntry({ n: `n${at}` }));
    expect(await journalOf(clientWith(undefined)).append(entries)).toMatchObject({
      kind: "unavailable",
      why: "The database is full.",
    });
    expect(await journalOf(clientWith(ballastKey)).append(entries)).toMatchObject({
      kind: "appended",
    });
    expect(await run("XLEN", "site:journal")).toBe(count);
    expect(await run("EXISTS", ballastKey)).toBe(0);
  });

  it("takes a post of the switch, a mark, an entry after another, and a read at the primary", async () => {
    const client = clientWith(ballastKey);
    const journal = journalOf(client);
    const switching = new RedisSwitch({ redis: client, namespace: "site" });
    await journal.append([newEntry({ n: "first" })]);
    const refill = async () => {
      await run("CONFIG", "SET", "maxmemory", "0");
      await run("SET", ballastKey, "0".repeat(1_048_576));
      await fill();
    };
    const switched = { post: "p1", replaces: "", bypass: true };
    for (const attempted of [
      () => switching.read(),
      () => switching.post({ ...newEntry({ n: "post" }), switched }),
      () => journal.appendMark("lost"),
      () => journal.atPrimary("0-1"),
      () => journal.appendAndRead({ position: "0-1", n: "none" }, newEntry({ n: "after" })),
    ]) {
      await refill();
      expect((await attempted()).kind).not.toBe("unavailable");
    }
    expect(await run("XLEN", "site:journal")).toBe(4);
  });

  it("is of no help twice: then the sender is told that the database is full", async () => {
    const client = clientWith(ballastKey);
    await fill();
    await run("DEL", ballastKey);
    await fill();
    expect(await journalOf(client).append([newEntry({ n: "n" })])).toMatchObject({
      kind: "unavailable",
      why: "The database is full.",
    });
  });
});
