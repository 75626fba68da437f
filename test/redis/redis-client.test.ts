// The client before a server that fails in every way: each is a verdict within its time-out, and
// none of them tells a secret.
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { RedisClient } from "../../src/redis/redis-client.ts";
import { passSilence, playTimeouts } from "../../testing/fakes/played-timeouts.ts";
import {
  type Manner,
  UnsteadyRestServer,
  wellAnswer,
} from "../../testing/fakes/unsteady-rest-server.ts";

const token = "the-secret-token";
const storedValue = "the-stored-value";
const hashKey = "the-key-of-it";
const oom = "OOM command not allowed when used memory > 'maxmemory'.";

let server: UnsteadyRestServer;
/** As in the runtime, the clock moves with I/O; a test may move it further. */
let atMs = 0;
let leftForLater: (() => Promise<void>)[] = [];
let client: RedisClient;

playTimeouts();
beforeEach(async () => {
  server = await UnsteadyRestServer.start();
  server.playSilence = (ms) => void (atMs += passSilence(ms));
  leftForLater = [];
  client = clientOf(server.url);
});
afterEach(() => server.stop());

function clientOf(url: string): RedisClient {
  return new RedisClient({ url, token, nowAtMs: () => atMs });
}

const read = (from = client) =>
  from.read<unknown>(
    "look-up",
    (redis) => redis.get(hashKey),
    (work) => leftForLater.push(work),
  );
const write = () => client.write<unknown>("probe", (redis) => redis.set(hashKey, storedValue));

async function shutOff(): Promise<void> {
  server.manner = { kind: "closes" };
  for (let at = 0; at < 3; at += 1) await read();
  expect(client.isShutOff).toBe(true);
}

interface FailureRow {
  id: string;
  manner: Manner;
  cause: string;
}
const failureRows: FailureRow[] = [
  {
    id: "401",
    manner: { kind: "answers", status: 401, body: '{"error":"Unauthorized"}' },
    cause: "token-refused",
  },
  {
    id: "500 with an error",
    manner: { kind: "answers", status: 500, body: '{"error":"ERR internal"}' },
    cause: "refused",
  },
  {
    id: "500 with a page",
    manner: { kind: "answers", status: 500, body: "<h1>Sorry</h1>" },
    cause: "not-upstash",
  },
  {
    id: "200 with a page",
    manner: { kind: "answers", body: "<h1>Sorry</h1>" },
    cause: "not-upstash",
  },
  {
    id: "200 with nothing",
    manner: { kind: "answers", body: "" },
    cause: "not-upstash",
  },
  { id: "null", manner: { kind: "answers", body: "null" }, cause: "not-upstash" },
  {
    id: "a refusal that quotes what was sent",
    manner: {
      kind: "answers",
      status: 400,
      body: JSON.stringify({ error: `ERR ${storedValue} ${hashKey} ${token}` }),
    },
    cause: "refused",
  },
  { id: "a closed connection", manner: { kind: "closes" }, cause: "unreachable" },
];

describe.each(failureRows)("a server that answers with $id", ({ manner, cause }) => {
  beforeEach(() => {
    server.manner = manner;
  });

  it("reads as unavailable, with its meaning alone", async () => {
    expect(await read()).toEqual({ kind: "unavailable", cause });
    expect(await write()).toEqual({ kind: "unavailable", cause });
  });

  it("is asked no more after three reads", async () => {
    for (let at = 0; at < 3; at += 1) expect(await read()).toMatchObject({ cause });
    expect(server.asked).toHaveLength(3);
    expect(await read()).toEqual({ kind: "unavailable", cause: "shut-off" });
    expect(await write()).toEqual({ kind: "unavailable", cause: "shut-off" });
    expect(server.asked).toHaveLength(3);
  });
});

describe("what is not there at all", () => {
  it("reads as unavailable: a refused connection", async () => {
    await server.stop();
    expect(await read()).toEqual({ kind: "unavailable", cause: "unreachable" });
    expect(await write()).toEqual({ kind: "unavailable", cause: "unreachable" });
  });

  it("reads as unavailable: an address that is none", async () => {
    const lost = clientOf("redis://127.0.0.1:6379");
    expect(await read(lost)).toEqual({ kind: "unavailable", cause: "failed" });
  });

  it("reads as unavailable: a command that throws before it is sent", async () => {
    const failed = await client.read(
      "probe",
      () => {
        throw new RangeError(storedValue);
      },
      (work) => leftForLater.push(work),
    );
    expect(failed).toEqual({ kind: "unavailable", cause: "failed" });
  });

  it("reads as unavailable: what is thrown and no error", async () => {
    const failed = await client.write("probe", () => Promise.reject(storedValue));
    expect(failed).toEqual({ kind: "unavailable", cause: "failed" });
  });
});

describe("a server that is slow", () => {
  /** Quick answers first, so that the time-out is the shortest there is. */
  async function warmed(): Promise<void> {
    for (let at = 0; at < 100 && client.readTimeoutMs > 150; at += 1) await read();
    expect(client.readTimeoutMs).toBe(150);
  }

  it("is waited for a second while nothing is known of it", async () => {
    expect(client.readTimeoutMs).toBe(1_000);
    server.manner = { ...wellAnswer, afterMs: 300 };
    expect(await read()).toEqual({ kind: "answered", value: "PONG" });
  });

  it.each([
    { id: "says nothing", manner: { kind: "hangs" }, passedMs: 150 },
    { id: "stops midway", manner: { kind: "hangs-midway" }, passedMs: 150 },
    { id: "answers too late", manner: { ...wellAnswer, afterMs: 151 }, passedMs: 151 },
  ] as const)(
    "reads as unavailable once the time-out is over: $id",
    async ({ manner, passedMs }) => {
      await warmed();
      server.manner = manner;
      const startedAtMs = atMs;
      expect(await read()).toEqual({ kind: "unavailable", cause: "timeout" });
      expect(atMs - startedAtMs).toBe(passedMs);
    },
  );

  it("is waited for longer after each time-out", async () => {
    await warmed();
    server.manner = { kind: "hangs" };
    await read();
    const onceMs = client.readTimeoutMs;
    await read();
    expect([onceMs > 150, client.readTimeoutMs > onceMs]).toEqual([true, true]);
  });

  it("may take longer over a write, which nobody waits for", async () => {
    await warmed();
    server.manner = { ...wellAnswer, afterMs: 400 };
    expect(await write()).toEqual({ kind: "answered", value: "PONG" });
    expect(client.readTimeoutMs).toBe(150);
  });

  it("does not look faster for its refusals", async () => {
    server.manner = { ...wellAnswer, afterMs: 120 };
    await read();
    const beforeMs = client.readTimeoutMs;
    server.manner = { kind: "answers", status: 500, body: '{"error":"ERR"}' };
    await read();
    expect(client.readTimeoutMs).toBe(beforeMs);
  });
});

describe("a database that refuses writes", () => {
  beforeEach(() => {
    server.manner = { kind: "answers", status: 400, body: JSON.stringify({ error: oom }) };
  });

  it("does not shut reads off, however many it refuses", async () => {
    for (let at = 0; at < 3; at += 1) {
      expect(await write()).toEqual({ kind: "unavailable", cause: "full" });
    }
    expect([client.isShutOff, client.refusesWrites]).toEqual([false, true]);
    server.manner = wellAnswer;
    expect(await read()).toEqual({ kind: "answered", value: "PONG" });
  });

  it("does not shut reads off when it refuses one part of a transaction", async () => {
    const answers = [{ error: oom }, { result: 0 }];
    server.manner = { kind: "answers", body: JSON.stringify(answers) };
    for (let at = 0; at < 3; at += 1) {
      const written = await client.write("probe", (redis) =>
        redis.multi().set(hashKey, storedValue).pexpire(hashKey, 1_000).exec(),
      );
      expect(written).toEqual({ kind: "unavailable", cause: "full" });
    }
    expect([client.isShutOff, client.refusesWrites]).toEqual([false, true]);
  });

  it("is sent one write per pause, which doubles up to 30 s", async () => {
    const sentAtSeconds: number[] = [];
    for (let second = 0; second < 200; second += 1) {
      const before = server.asked.length;
      await Promise.all([write(), write()]);
      for (let sent = before; sent < server.asked.length; sent += 1) sentAtSeconds.push(second);
      atMs += 1_000;
    }
    // The first two at once, one that opens; then a single one behind each pause.
    expect(sentAtSeconds.slice(0, 4)).toEqual([0, 0, 1, 1]);
    const pauses = sentAtSeconds.slice(4).map((at, index) => at - (sentAtSeconds[index + 3] ?? 0));
    expect(pauses).toEqual([1, 2, 4, 8, 16, 30, 30, 30, 30, 30]);
  });

  it("takes writes again with the first that it does not refuse", async () => {
    for (let at = 0; at < 3; at += 1) await write();
    server.manner = wellAnswer;
    expect(await write()).toEqual({ kind: "unavailable", cause: "writes-refused" });
    atMs += 1_100;
    for (let at = 0; at < 2; at += 1) {
      expect(await write()).toEqual({ kind: "answered", value: "PONG" });
    }
    expect(client.refusesWrites).toBe(false);
  });

  it("is still told what to remove, which proves nothing of writes", async () => {
    for (let at = 0; at < 3; at += 1) await write();
    server.manner = wellAnswer;
    const removed = await client.remove<unknown>("probe", (redis) => redis.del(hashKey));
    expect([removed.kind, client.refusesWrites]).toEqual(["answered", true]);
  });

  it("is not taken for full because of keys that hold something else", async () => {
    const error = "WRONGTYPE Operation against a key holding the wrong kind of value";
    server.manner = { kind: "answers", status: 400, body: JSON.stringify({ error }) };
    for (let at = 0; at < 4; at += 1) {
      expect(await write()).toEqual({ kind: "unavailable", cause: "wrong-type" });
    }
    expect([client.isShutOff, client.refusesWrites]).toEqual([false, false]);
  });

  it("is shut off when writes do not reach it", async () => {
    server.manner = { kind: "closes" };
    for (let at = 0; at < 3; at += 1) await write();
    expect(client.isShutOff).toBe(true);
  });
});

describe("the probe", () => {
  it("is sent once per pause, in the background, and heals", async () => {
    await shutOff();
    server.manner = wellAnswer;
    server.asked.length = 0;
    atMs += 1_000;
    const answers = await Promise.all([read(), read(), read()]);
    expect(answers).toEqual(answers.map(() => ({ kind: "unavailable", cause: "shut-off" })));
    expect([leftForLater.length, server.asked.length]).toEqual([1, 0]);

    await leftForLater[0]?.();
    expect(server.asked).toEqual(['["ping"]']);
    expect(client.isShutOff).toBe(false);
    expect(await read()).toEqual({ kind: "answered", value: "PONG" });
  });

  it("is sent by one of several writes too, which then goes out", async () => {
    await shutOff();
    server.manner = wellAnswer;
    server.asked.length = 0;
    expect(await write()).toEqual({ kind: "unavailable", cause: "shut-off" });
    expect(server.asked).toEqual([]);
    atMs += 1_000;
    const answers = await Promise.all([write(), write()]);
    expect(answers.map(({ kind }) => kind)).toEqual(["answered", "unavailable"]);
    expect(server.asked).toEqual(['["ping"]', JSON.stringify(["set", hashKey, storedValue])]);
    expect((await write()).kind).toBe("answered");
  });

  it("of writes is answered before anything is written", async () => {
    await shutOff();
    server.asked.length = 0;
    atMs += 1_000;
    expect(await write()).toEqual({ kind: "unavailable", cause: "shut-off" });
    atMs += 1_000;
    expect(await write()).toEqual({ kind: "unavailable", cause: "shut-off" });
    expect(server.asked).toEqual(['["ping"]']);
  });

  it("is not sent by a write that a client waits for", async () => {
    await shutOff();
    server.manner = wellAnswer;
    server.asked.length = 0;
    atMs += 1_000;
    const waitedFor = client.write("lease", (redis) => redis.set(hashKey, storedValue), 500);
    expect(await waitedFor).toEqual({ kind: "unavailable", cause: "shut-off" });
    expect(server.asked).toEqual([]);
  });

  it.each([
    { id: "closes", manner: { kind: "closes" } },
    { id: "refuses", manner: { kind: "answers", status: 401, body: '{"error":"no"}' } },
    { id: "answers no JSON", manner: { kind: "answers", body: "?" } },
  ] as const)("changes nothing where the server still $id, and never rejects", async (row) => {
    await shutOff();
    server.manner = row.manner;
    atMs += 1_000;
    await read();
    await leftForLater[0]?.();
    expect(client.isShutOff).toBe(true);
    expect(await read()).toEqual({ kind: "unavailable", cause: "shut-off" });
    expect(leftForLater).toHaveLength(1);
  });

  it("gives up after a second", async () => {
    await shutOff();
    server.manner = { kind: "hangs" };
    atMs += 1_000;
    await read();
    const startedAtMs = atMs;
    await leftForLater[0]?.();
    expect(atMs - startedAtMs).toBe(1_000);
    expect(client.isShutOff).toBe(true);
  });
});

describe("what is sent", () => {
  it("is one request for each round trip, answered or not", async () => {
    await read();
    await write();
    server.manner = { kind: "closes" };
    await read();
    expect(server.asked).toEqual([
      JSON.stringify(["get", hashKey]),
      JSON.stringify(["set", hashKey, storedValue]),
      JSON.stringify(["get", hashKey]),
    ]);
  });

  it.each(["1", "true", "null", '{"a":1}', "größe", ""])(
    "comes back as the text it was: %j",
    async (value) => {
      server.manner = { kind: "answers", body: JSON.stringify({ result: value }) };
      expect(await read()).toEqual({ kind: "answered", value });
    },
  );
});
