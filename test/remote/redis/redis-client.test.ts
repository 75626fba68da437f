// Tests the Redis client over REST with a failing server. The client returns each failure within
// the time-out, without secrets. It stops using a failing server, except for probes.
import { beforeEach, describe, expect, it } from "vitest";
import { type Manner, wellAnswer } from "../../../testing/fakes/unsteady-rest-server.ts";
import {
  answered,
  hashKey,
  openClientWorld,
  breakerOpen,
  storedValue,
  token,
} from "./client-world.ts";
import { RedisJournal } from "../../../src/stores/redis/journal/redis-journal.ts";

const world = openClientWorld();
const { read, write, look } = world;

const quoting = `ERR ${storedValue} ${hashKey} ${token}`;
describe.each<{ manner: Manner; cause: string }>([
  {
    manner: { kind: "answers", status: 401, body: '{"error":"Unauthorized"}' },
    cause: "token-refused",
  },
  { manner: { kind: "answers", body: "<h1>Sorry</h1>" }, cause: "not-upstash" },
  {
    manner: { kind: "answers", status: 400, body: JSON.stringify({ error: quoting }) },
    cause: "refused",
  },
  { manner: { kind: "closes" }, cause: "unreachable" },
])("a server that fails: $cause", ({ manner, cause }) => {
  beforeEach(() => {
    world.server.manner = manner;
  });

  it("makes reads and writes return only the cause", async () => {
    expect(await read()).toEqual({ kind: "unavailable", cause });
    expect(await write()).toEqual({ kind: "unavailable", cause });
  });

  it("gets no command after three failed reads", async () => {
    for (let at = 0; at < 3; at += 1) expect(await read()).toMatchObject({ cause });
    expect(world.server.asked).toHaveLength(3);
    expect([await read(), await write()]).toEqual([breakerOpen, breakerOpen]);
    expect(world.server.asked).toHaveLength(3);
  });
});

describe("a command that cannot be sent", () => {
  it("returns failed for an address with another scheme, which the package refuses", async () => {
    const lost = world.clientOf("redis://127.0.0.1:6379");
    expect(await read(lost)).toEqual({ kind: "unavailable", cause: "failed" });
  });

  it("returns unreachable if the connection is refused", async () => {
    await world.server.stop();
    expect(await read()).toEqual({ kind: "unavailable", cause: "unreachable" });
    expect(await write()).toEqual({ kind: "unavailable", cause: "unreachable" });
  });

  it.each<() => Promise<never>>([
    () => {
      throw new RangeError(storedValue);
    },
    () => Promise.reject(storedValue),
  ])("returns failed if the code before the sending throws: %s", async (run) => {
    expect(await world.client.write("probe", run)).toEqual({
      kind: "unavailable",
      cause: "failed",
    });
  });
});

describe("a slow server", () => {
  /** Reads until the time-out is at its minimum. */
  async function warmed(): Promise<void> {
    for (let at = 0; at < 100 && world.client.readTimeoutMs > 500; at += 1) await read();
    expect(world.client.readTimeoutMs).toBe(500);
  }

  it("has one second for its first answer", async () => {
    expect(world.client.readTimeoutMs).toBe(1_000);
    world.server.manner = { ...wellAnswer, afterMs: 300 };
    expect(await read()).toEqual(answered);
  });

  it.each([
    { manner: { kind: "hangs" }, passedMs: 500 },
    { manner: { kind: "hangs-midway" }, passedMs: 500 },
    { manner: { ...wellAnswer, afterMs: 501 }, passedMs: 501 },
  ] as const)("makes a read end with the time-out: $manner", async ({ manner, passedMs }) => {
    await warmed();
    world.server.manner = manner;
    const startedAtMs = world.clock.atMs;
    expect(await read()).toEqual({ kind: "unavailable", cause: "timeout" });
    expect(world.clock.atMs - startedAtMs).toBe(passedMs);
  });

  it("has the longest time-out for a read of epochs", async () => {
    await warmed();
    world.server.manner = { ...wellAnswer, afterMs: 900 };
    const { client: redis, clock } = world;
    const settings = { namespace: "site", nowAtMs: clock.nowAtMs, randomText: () => "n" };
    const journal = new RedisJournal({ redis, ...settings });
    const asked = journal.epochs({ first: 0, last: 0 });
    expect(await asked).toMatchObject({ kind: "read" });
  });

  it("has more time for a write, for which no client waits", async () => {
    await warmed();
    world.server.manner = { ...wellAnswer, afterMs: 600 };
    expect(await write()).toEqual(answered);
    expect(world.client.readTimeoutMs).toBe(500);
  });

  it("has one second for an operator's request, which ends only the trouble", async () => {
    await warmed();
    world.server.manner = { ...wellAnswer, afterMs: 600 };
    expect(await read()).toEqual({ kind: "unavailable", cause: "timeout" });
    expect(world.client.health.trouble).toMatchObject({ kind: "timeout", isOver: false });
    const timeoutMs = world.client.readTimeoutMs;
    expect(await look()).toEqual(answered);
    expect(world.client.health.trouble).toMatchObject({ isOver: true });
    expect(world.client.readTimeoutMs).toBe(timeoutMs);
  });

  it("keeps its time-out after a refusal, however fast", async () => {
    world.server.manner = { ...wellAnswer, afterMs: 120 };
    await read();
    const beforeMs = world.client.readTimeoutMs;
    world.server.manner = { kind: "answers", status: 500, body: '{"error":"ERR"}' };
    await read();
    expect(world.client.readTimeoutMs).toBe(beforeMs);
  });
});

describe("the probe of a database that has an open breaker", () => {
  beforeEach(async () => {
    world.server.manner = { kind: "closes" };
    for (let at = 0; at < 3; at += 1) await read();
    world.server.asked.length = 0;
    world.server.manner = wellAnswer;
  });

  it("is sent once per pause in the background, and closes the breaker if answered", async () => {
    world.clock.atMs += 1_000;
    const answers = await Promise.all([read(), read(), read()]);
    expect(answers).toEqual(answers.map(() => breakerOpen));
    expect([world.later.length, world.server.asked.length]).toEqual([1, 0]);
    await world.later[0]?.();
    expect(world.server.asked).toEqual(['["PING"]']);
    expect(world.client.health.isBreakerOpen).toBe(false);
    expect(await read()).toEqual(answered);
  });

  it("is sent before one of several writes, and that write follows the answer", async () => {
    expect(await write()).toEqual(breakerOpen);
    expect(world.server.asked).toEqual([]);
    world.clock.atMs += 1_000;
    expect(await Promise.all([write(), write()])).toEqual([answered, breakerOpen]);
    expect(world.server.asked).toEqual(['["PING"]', JSON.stringify(["SET", hashKey, storedValue])]);
    expect(await write()).toEqual(answered);
  });

  it("must be answered before a write follows", async () => {
    world.server.manner = { kind: "closes" };
    world.clock.atMs += 1_000;
    expect(await write()).toEqual(breakerOpen);
    world.clock.atMs += 1_000;
    expect(await write()).toEqual(breakerOpen);
    expect(world.server.asked).toEqual(['["PING"]']);
  });

  it("is not sent by a write for which a client waits", async () => {
    world.clock.atMs += 1_000;
    const waitedFor = world.client.write(
      "lock",
      (redis) => redis.exec(["SET", hashKey, storedValue]),
      500,
    );
    expect(await waitedFor).toEqual(breakerOpen);
    expect(world.server.asked).toEqual([]);
  });

  it("may be an operator's request, once per pause", async () => {
    expect(await look()).toEqual(breakerOpen);
    expect(world.server.asked).toEqual([]);
    world.clock.atMs += 2_000;
    expect(await look()).toEqual(answered);
    expect(world.client.health.isBreakerOpen).toBe(false);
  });

  it.each([
    { kind: "closes" },
    { kind: "answers", status: 401, body: '{"error":"no"}' },
    { kind: "answers", body: "?" },
  ] as const)("keeps the breaker open if the probe fails: %j", async (manner) => {
    world.server.manner = manner;
    world.clock.atMs += 1_000;
    await read();
    await world.later[0]?.();
    expect(world.client.health.isBreakerOpen).toBe(true);
    expect(await read()).toEqual(breakerOpen);
    expect(world.later).toHaveLength(1);
  });

  it("times out after a second", async () => {
    world.server.manner = { kind: "hangs" };
    world.clock.atMs += 1_000;
    await read();
    const startedAtMs = world.clock.atMs;
    await world.later[0]?.();
    expect(world.clock.atMs - startedAtMs).toBe(1_000);
    expect(world.client.health.isBreakerOpen).toBe(true);
  });
});

it("opens the breaker of the database after three failed requests of an operator", async () => {
  world.server.manner = { kind: "closes" };
  for (let nth = 0; nth < 3; nth += 1) {
    expect(await look()).toEqual({ kind: "unavailable", cause: "unreachable" });
    world.clock.atMs += 100;
  }
  expect(world.client.health.isBreakerOpen).toBe(true);
});

it.each(["1", "true", "null", '{"a":1}', "größe", ""])(
  "returns the text %j unchanged",
  async (value) => {
    world.server.manner = { kind: "answers", body: JSON.stringify({ result: value }) };
    expect(await read()).toEqual({ kind: "answered", value });
  },
);
