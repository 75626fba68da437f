// Tests the errors of a connection and of REST with a Redis that is full, read-only, slow or down,
// or that refuses the password. Both report the same kinds of trouble.
import { scriptCommand } from "../../../../src/remote/redis/redis.ts";
import { createServer } from "node:net";
import { Redis } from "ioredis";
import { createClient } from "redis";
import { afterEach, describe, expect, it, vi } from "vitest";
import { Running } from "../../../../local/running.ts";
import type { LogLine } from "../../../../src/observe/log-line.ts";
import type { RedisClient } from "../../../../src/remote/redis/redis-client.ts";
import { addressOver, reaches, type ReachRow } from "../../../../testing/fakes/redis-reaches.ts";
import {
  isRedisServerInstalled,
  startRedisServer,
} from "../../../../testing/fakes/redis-server.ts";
import { pause } from "../../../../src/base/timeouts.ts";
import { listening } from "../../../../testing/listening.ts";
import { playedConnection } from "./played-connection.ts";
import { upstashStore } from "../../../../testing/fakes/upstash-store.ts";

/** A wait that is long enough for a busy machine. */
const waitTimeout = { timeout: 40_000, interval: 50 };

/** Returns the result, or "late" after `ms`. Shorter timers end first, even on a busy machine. */
const orLate = <T>(work: Promise<T>, ms: number) =>
  Promise.race([work, pause(ms).then(() => "late")]);

const running = new Running();
afterEach(() => running.stop());

async function opened({ open }: ReachRow) {
  const server = await running.add(startRedisServer());
  const database = new Redis(server.url);
  database.on("error", () => undefined);
  await running.add(Promise.resolve({ stop: async () => database.disconnect() }));
  const reach = await running.add(open(server.url));
  const log: string[] = [];
  const client = upstashStore.client({
    ...reach.address,
    nowAtMs: Date.now,
    readTimeoutMsMax: 400,
    tell: ({ message }) => void log.push(message),
  });
  const insist = (run: Run) => client.insist("look-up", run);
  await insist((redis) => redis.exec(["SET", "text", "v"]));
  const restart = () => running.add(startRedisServer({ port: Number(new URL(server.url).port) }));
  return { server, database, client, insist, log, reach, restart };
}

type Run = Parameters<RedisClient["insist"]>[1];
const write: Run = (redis) => redis.exec(["SET", "text", "w"]);
const transaction: Run = (redis) =>
  redis.multi([
    ["SET", "probe", 1, "PX", 1_000],
    ["GET", "text"],
  ]);
const read: Run = (redis) => redis.exec(["GET", "text"]);
const script: Run = (redis) =>
  redis.exec(scriptCommand("return redis.call('SET', KEYS[1], 'w')", ["text"], []));

const unavailable = (cause: string) => ({ kind: "unavailable", cause });
const value = { kind: "answered", value: "v" };

describe.runIf(isRedisServerInstalled).each(reaches)("a client over $reach", (row) => {
  it("gets refusals of writes and answers to reads from a full Redis", async () => {
    const { database, client, insist } = await opened(row);
    await database.config("SET", "maxmemory", "1");
    expect(await insist(write)).toEqual(unavailable("full"));
    expect(await insist(transaction)).toEqual(unavailable("full"));
    expect(await insist(read)).toEqual(value);
    for (let tries = 0; tries < 3; tries += 1) await client.write("look-up", write);
    expect(await client.write("look-up", write)).toEqual(unavailable("writes-refused"));
    expect([client.health.isBreakerOpen, client.health.refusesWrites]).toEqual([false, true]);
  });

  it("gets refusals of writes and answers to reads from a read-only Redis", async () => {
    const { database, insist } = await opened(row);
    await database.replicaof("127.0.0.1", "1");
    expect(await insist(write)).toEqual(unavailable("read-only"));
    // The connection is made again, because its server was a primary before.
    await expect.poll(() => insist(read), { interval: 5, timeout: 60_000 }).toEqual(value);
    expect(await insist(script)).toMatchObject({ kind: "unavailable" });
    expect(await insist(transaction)).toEqual(unavailable("read-only"));
  });

  it("gets a refusal for a key of another type", async () => {
    const { database, insist } = await opened(row);
    await database.lpush("list", "1");
    expect(await insist((redis) => redis.exec(["GET", "list"]))).toEqual(unavailable("wrong-type"));
  });

  it("ends a read of a slow Redis with a time-out", async () => {
    const { database, client } = await opened(row);
    await database.call("CLIENT", "PAUSE", "60000", "ALL");
    expect(await orLate(client.attempt("look-up", read), 1_200)).toEqual(unavailable("timeout"));
  });

  it("opens the breaker of a Redis that is down, and uses it again after its restart", async () => {
    const { server, client, insist, log, restart } = await opened(row);
    server.kill();
    let last = await client.attempt("look-up", read);
    for (let tries = 0; tries < 3; tries += 1) last = await client.attempt("look-up", read);
    expect(last).toEqual(unavailable("breaker-open"));
    // The local REST server answers with its own error.
    const [kind, said] =
      row.reach === "REST"
        ? ["refused", /^The database refused a command/m]
        : ["unreachable", /^The database cannot be reached: check the address/m];
    expect([client.health.trouble?.kind, log.join("\n")]).toEqual([
      kind,
      expect.stringMatching(said),
    ]);
    await restart();
    const came = await vi.waitUntil(async () => {
      const answer = await insist(read);
      return answer.kind === "answered" && answer;
    }, waitTimeout);
    expect(came.value).toBeNull();
  });
});

describe.runIf(isRedisServerInstalled).each(reaches.slice(1))("a lost $reach connection", (row) => {
  it("fails a write at once, and does not send the write after a reconnection", async () => {
    const { server, client, insist, reach, restart } = await opened(row);
    server.kill();
    await client.attempt("look-up", read);
    expect(await orLate(insist(write), 300)).toEqual(unavailable("unreachable"));
    const again = await restart();
    const given = reach.given as { status?: string; isReady?: boolean };
    await vi.waitUntil(() => given.status === "ready" || given.isReady === true, waitTimeout);
    const looking = new Redis(again.url);
    await looking.ping();
    expect(await looking.get("text")).toBeNull();
    looking.disconnect();
  });
});

it("reports the trouble of the refused command for a transaction that EXEC refuses", async () => {
  const cause = "EXECABORT Transaction discarded because of: OOM command not allowed";
  const { address } = playedConnection({ transact: () => Promise.reject(new Error(cause)) });
  const client = upstashStore.client({ ...address, nowAtMs: Date.now });
  expect(await client.insist("look-up", transaction)).toEqual(unavailable("full"));
});

it.runIf(isRedisServerInstalled)(
  "a transaction fails that a WATCH of the application aborts",
  async () => {
    const server = await running.add(startRedisServer());
    const [given, other] = [new Redis(server.url), new Redis(server.url)];
    const stop = async () => [given, other].forEach((one) => one.disconnect());
    await running.add(Promise.resolve({ stop }));
    const client = upstashStore.client({ ...addressOver(given), nowAtMs: Date.now });
    await client.insist("probe", (redis) => redis.exec(["PING"]));
    await given.watch("watched");
    await other.set("watched", "changed");
    const transact: Run = (redis) => redis.multi([["SET", "text", "w"]]);
    expect(await client.insist("fill", transact)).toEqual(unavailable("unreachable"));
    expect(await other.get("text")).toBe(null);
  },
);

describe("the log of a connection", () => {
  const clientOver = (given: object, readTimeoutMsMax: number) => {
    const log: string[] = [];
    const tell = ({ message }: LogLine) => void log.push(message);
    const settings = { nowAtMs: Date.now, readTimeoutMsMax, tell };
    return { log, client: upstashStore.client({ ...addressOver(given), ...settings }) };
  };

  it.runIf(isRedisServerInstalled)("contains a line about a refused password", async () => {
    const server = await running.add(startRedisServer({ settings: { requirepass: "secret" } }));
    const given = new Redis(server.url);
    given.on("error", () => undefined);
    await running.add(Promise.resolve({ stop: async () => given.disconnect() }));
    const { log, client } = clientOver(given, 2_000);
    expect(await client.attempt("look-up", read)).toMatchObject({ cause: "token-refused" });
    expect(log).toEqual(["Redis refused the user or the password: check those of the connection."]);
  });

  it.runIf(isRedisServerInstalled).each([
    [["-eval_ro"], /^The user may not run a command.*: allow the user .* EVAL and EVAL_RO/],
    [["-@scripting"], /^The user may not run a command/],
  ])("names the missing permission of a user with %j", async (rules, line) => {
    const server = await running.add(startRedisServer());
    const admin = new Redis(server.url);
    await admin.call("ACL", "SETUSER", "shop", "on", ">secret", "~*", "+@all", ...rules);
    const given = new Redis(server.url, { username: "shop", password: "secret" });
    await running.add(
      Promise.resolve({ stop: async () => [admin, given].forEach((one) => one.disconnect()) }),
    );
    const { log, client } = clientOver(given, 2_000);
    const evalRo: Run = (redis) => redis.exec(scriptCommand("return 1", [], [], "EVAL_RO"));
    expect(await client.attempt("look-up", evalRo)).toEqual(unavailable("not-permitted"));
    expect(log).toEqual([expect.stringMatching(line)]);
  });

  it.runIf(isRedisServerInstalled)("names EVAL_RO and its version", async () => {
    const server = await running.add(
      startRedisServer({ settings: { "rename-command": ["EVAL_RO", "hidden"] } }),
    );
    const given = new Redis(server.url);
    await running.add(Promise.resolve({ stop: async () => given.disconnect() }));
    const { log, client } = clientOver(given, 2_000);
    const evalRo: Run = (redis) => redis.exec(scriptCommand("return 1", [], [], "EVAL_RO"));
    expect(await client.attempt("look-up", evalRo)).toEqual(unavailable("unknown-command"));
    expect(log).toEqual([expect.stringMatching(/such as EVAL_RO: use Redis 7\.0 or later/)]);
  });

  it.runIf(isRedisServerInstalled).each(["ioredis", "node-redis"])(
    "says that a connection of %s is in subscriber mode",
    async (library) => {
      const server = await running.add(startRedisServer());
      const ofIoredis = new Redis(server.url, { lazyConnect: true, protocol: 2 });
      const ofNodeRedis = createClient({ url: server.url, RESP: 2 });
      await (library === "ioredis" ? ofIoredis.subscribe("a") : ofNodeRedis.connect());
      if (library === "node-redis") await ofNodeRedis.subscribe("a", () => undefined);
      const stop = async () => {
        ofIoredis.disconnect();
        if (ofNodeRedis.isOpen) ofNodeRedis.destroy();
      };
      await running.add(Promise.resolve({ stop }));
      const { log, client } = clientOver(library === "ioredis" ? ofIoredis : ofNodeRedis, 2_000);
      expect(await client.attempt("look-up", read)).toEqual(unavailable("subscribed"));
      expect(log).toEqual([expect.stringMatching(/subscriber mode.*`client\.duplicate\(\)`/)]);
    },
  );

  it("says that a database loads its dataset, although ioredis waits until it is ready", async () => {
    const loading = "loading:1\r\nloading_eta_seconds:600";
    const server = createServer((socket) => {
      // A server that loads answers INFO and the commands of a handshake.
      const replyTo = (name: string) =>
        name === "info" ? `$${loading.length}\r\n${loading}\r\n` : "+OK\r\n";
      const names = (data: Buffer) => String(data).matchAll(/\*\d+\r\n\$\d+\r\n(\w+)/g);
      socket.on("data", (data) => {
        for (const [, name = ""] of names(data)) socket.write(replyTo(name.toLowerCase()));
      });
    });
    const { port } = await running.add(listening(server));
    const given = new Redis(port);
    await running.add(Promise.resolve({ stop: async () => given.disconnect() }));
    const { log, client } = clientOver(given, 2_000);
    expect(await client.attempt("look-up", read)).toEqual(unavailable("busy"));
    expect(log).toEqual([
      expect.stringMatching(/loads its dataset.*: if that lasts, check its log/),
    ]);
  });

  it("names the missing call that opens a connection of node-redis", async () => {
    const { log, client } = clientOver(createClient({ url: "redis://127.0.0.1:1" }), 100);
    expect(await client.attempt("look-up", read)).toEqual(unavailable("not-open"));
    expect(log[0]).toMatch(/not open: open it with `await client\.connect\(\)`/);
  });

  it("names what closes a connection of ioredis, which needs no call to open", async () => {
    const given = new Redis({ lazyConnect: true });
    given.disconnect();
    const { log, client } = clientOver(given, 100);
    expect(await client.attempt("look-up", read)).toEqual(unavailable("not-open"));
    expect(log[0]).toMatch(
      /is closed: call `quit\(\)` or `disconnect\(\)` only after the last use/,
    );
  });
});
