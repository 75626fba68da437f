// A Redis that is full, read-only, slow or gone, and a password that is refused: over a connection the client
// finds what it finds by REST, and says it in words about a connection.
import { Redis } from "ioredis";
import { createClient } from "redis";
import { afterEach, describe, expect, it, vi } from "vitest";
import { Running } from "../../../local/running.ts";
import { carryOver } from "../../../src/redis/connection/carry.ts";
import type { LogLine } from "../../../src/observe/log-line.ts";
import { RedisClient } from "../../../src/redis/redis-client.ts";
import {
  addressOver,
  type Reach,
  reaches,
  type ReachRow,
} from "../../../testing/fakes/redis-reaches.ts";
import { isRedisServerInstalled, startRedisServer } from "../../../testing/fakes/redis-server.ts";
import { pause } from "../../../src/base/timeouts.ts";

vi.setConfig({ testTimeout: 120_000 });
/** Until a busy machine is done, too. */
const waitTimeout = { timeout: 40_000, interval: 50 };

/** By a timer that ends after all that are begun by now and are shorter, however busy the machine is. */
const orLate = <T>(work: Promise<T>, ms: number) =>
  Promise.race([work, pause(ms).then(() => "late")]);

const running = new Running();
afterEach(() => running.stop());

async function opened({ open }: ReachRow) {
  const server = await running.add(startRedisServer());
  const database = new Redis(server.url);
  database.on("error", () => undefined);
  await running.add(Promise.resolve({ stop: async () => database.disconnect() }));
  const reach: Reach = await running.add(open(server.url));
  const log: string[] = [];
  const client = new RedisClient({
    ...reach.address,
    nowAtMs: Date.now,
    readTimeoutMsMax: 400,
    tell: ({ message }) => void log.push(message),
  });
  await client.insist("look-up", (redis) => redis.set("text", "v"));
  return { server, database, client, log, reach };
}

const write: Parameters<RedisClient["insist"]>[1] = (redis) => redis.set("text", "w");
const transaction: Parameters<RedisClient["insist"]>[1] = (redis) =>
  redis.multi().set("probe", "1", { px: 1_000 }).get("text").exec();
const read: Parameters<RedisClient["insist"]>[1] = (redis) => redis.get("text");
const script: Parameters<RedisClient["insist"]>[1] = (redis) =>
  redis.eval("return redis.call('SET', KEYS[1], 'w')", ["text"], []);

describe.runIf(isRedisServerInstalled).each(reaches)("by $reach", (row) => {
  const isRest = row.reach === "REST";

  it("full: writes are refused, reads are answered", async () => {
    const { database, client } = await opened(row);
    await database.config("SET", "maxmemory", "1");
    expect(await client.insist("look-up", write)).toEqual({ kind: "unavailable", cause: "full" });
    expect(await client.insist("look-up", transaction)).toEqual({
      kind: "unavailable",
      cause: "full",
    });
    expect(await client.insist("look-up", read)).toEqual({ kind: "answered", value: "v" });
    for (let tries = 0; tries < 3; tries += 1) await client.write("look-up", write);
    expect(await client.write("look-up", write)).toEqual({
      kind: "unavailable",
      cause: "writes-refused",
    });
    expect([client.isShutOff, client.refusesWrites]).toEqual([false, true]);
  });

  it("read-only", async () => {
    const { database, client } = await opened(row);
    await database.replicaof("127.0.0.1", "1");
    expect(await client.insist("look-up", write)).toEqual({
      kind: "unavailable",
      cause: "read-only",
    });
    expect(await client.insist("look-up", read)).toEqual({ kind: "answered", value: "v" });
    expect(await client.insist("look-up", script)).toMatchObject({ kind: "unavailable" });
    expect(await client.insist("look-up", transaction)).toEqual({
      kind: "unavailable",
      cause: "read-only",
    });
  });

  it("another type", async () => {
    const { database, client } = await opened(row);
    await database.lpush("list", "1");
    const asked = await client.insist("look-up", (redis) => redis.get("list"));
    expect(asked).toEqual({ kind: "unavailable", cause: "wrong-type" });
  });

  it("slow: a read is waited for no longer than its bound, and nothing else fails", async () => {
    const { database, client } = await opened(row);
    await database.call("CLIENT", "PAUSE", "60000", "ALL");
    expect(await orLate(client.attempt("look-up", read), 1_200)).toEqual({
      kind: "unavailable",
      cause: "timeout",
    });
  });

  it("gone, and back", async () => {
    const { server, client, log } = await opened(row);
    const port = Number(new URL(server.url).port);
    server.kill();
    let last = await client.attempt("look-up", read);
    for (let tries = 0; tries < 3; tries += 1) last = await client.attempt("look-up", read);
    expect(last).toEqual({ kind: "unavailable", cause: "shut-off" });
    // The stand-in for Upstash answers, and what it says is no word of Upstash.
    const [kind, said] = isRest
      ? ["refused", /^The database refused a command/m]
      : ["unreachable", /^The database cannot be reached: check the address/m];
    expect([client.trouble?.kind, log.join("\n")]).toEqual([kind, expect.stringMatching(said)]);
    await running.add(startRedisServer({ port }));
    const came = await vi.waitUntil(async () => {
      const answer = await client.insist("look-up", read, "reads");
      return answer.kind === "answered" && answer;
    }, waitTimeout);
    expect(came.value).toBeNull();
  });
});

describe.runIf(isRedisServerInstalled)("a connection", () => {
  it("that is lost is told at once, and not waited for", async () => {
    for (const row of reaches.slice(1)) {
      const { server, client } = await opened(row);
      server.kill();
      await client.attempt("look-up", read);
      const cause = "unreachable";
      const asked = orLate(client.insist("look-up", write), 300);
      expect(await asked).toEqual({ kind: "unavailable", cause });
    }
  });

  it("that is lost sends nothing later: not what was asked meanwhile", async () => {
    for (const row of reaches.slice(1)) {
      const { server, client, reach } = await opened(row);
      const port = Number(new URL(server.url).port);
      server.kill();
      await client.attempt("look-up", read);
      await client.insist("look-up", write);
      const again = await running.add(startRedisServer({ port }));
      const given = reach.given as { status?: string; isReady?: boolean };
      await vi.waitUntil(() => given.status === "ready" || given.isReady === true, waitTimeout);
      const looking = new Redis(again.url);
      await looking.ping();
      expect([row.reach, await looking.get("text")]).toEqual([row.reach, null]);
      looking.disconnect();
    }
  });

  it("whose transaction is refused as it ends tells by what", async () => {
    const over = carryOver({
      isCluster: false,
      mayResend: false,
      isOpen: () => true,
      isReady: () => true,
      onError: () => undefined,
      send: async () => null,
      transact: () =>
        Promise.reject(
          new Error("EXECABORT Transaction discarded because of: OOM command not allowed"),
        ),
    });
    const address = { url: "https://connection.invalid", token: "none", ...over };
    const client = new RedisClient({ ...address, nowAtMs: Date.now });
    expect(await client.insist("look-up", transaction)).toEqual({
      kind: "unavailable",
      cause: "full",
    });
  });

  it("whose user is refused says so, in its own words", async () => {
    const server = await running.add(startRedisServer({ settings: { requirepass: "secret" } }));
    const given = new Redis(server.url);
    given.on("error", () => undefined);
    await running.add(Promise.resolve({ stop: async () => given.disconnect() }));
    const log: string[] = [];
    const tell = ({ message }: LogLine) => void log.push(message);
    const bounds = { nowAtMs: Date.now, readTimeoutMsMax: 2_000 };
    const client = new RedisClient({ ...addressOver(given), ...bounds, tell });
    expect(await client.attempt("look-up", read)).toMatchObject({ cause: "token-refused" });
    expect(log).toEqual(["Redis refused the user or the password: check those of the connection."]);
  });

  it("of node-redis that the application has not opened is logged, with the call that opens it", async () => {
    const log: string[] = [];
    const tell = ({ message }: LogLine) => void log.push(message);
    const address = addressOver(createClient({ url: "redis://127.0.0.1:1" }));
    const client = new RedisClient({ ...address, nowAtMs: Date.now, tell, readTimeoutMsMax: 100 });
    expect(await client.attempt("look-up", read)).toEqual({
      kind: "unavailable",
      cause: "not-open",
    });
    expect(log[0]).toMatch(/not open: open it with `await client\.connect\(\)`/);
  });
});
