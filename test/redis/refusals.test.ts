// What the client makes of a database that refuses it, and what the operator hears of that.
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { LogLine } from "../../src/observe/log-line.ts";
import { RedisClient } from "../../src/redis/redis-client.ts";
import { FakeClock } from "../../testing/fakes/fake-clock.ts";
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
let clock: FakeClock;
let told: string[];
let leftForLater: (() => Promise<void>)[];
let client: RedisClient;

playTimeouts();

const settings = () => ({
  url: server.url,
  token,
  nowAtMs: clock.nowAtMs,
  tell: ({ message }: LogLine) => void told.push(message),
});

beforeEach(async () => {
  server = await UnsteadyRestServer.start();
  server.playSilence = passSilence;
  clock = new FakeClock();
  told = [];
  leftForLater = [];
  client = new RedisClient(settings());
});
afterEach(() => server.stop());

const read = () =>
  client.read<unknown>(
    "probe",
    (redis) => redis.get(hashKey),
    (work) => leftForLater.push(work),
  );
const write = () => client.write<unknown>("probe", (redis) => redis.set(hashKey, storedValue));

describe.each([
  { id: "a wrong token", status: 401, error: "WRONGPASS invalid or missing auth token" },
  { id: "a forbidden address", status: 403, error: "Forbidden" },
  { id: "a used-up plan", status: 400, error: "ERR max requests limit exceeded. Limit: 1." },
])("what refuses reads and writes alike: $id", ({ status, error }) => {
  beforeEach(() => {
    server.manner = { kind: "answers", status, body: JSON.stringify({ error }) };
  });

  it.each([
    { id: "writes", command: write },
    {
      id: "removals",
      command: () => client.remove<unknown>("probe", (redis) => redis.del(hashKey)),
    },
  ])("shuts the client off by $id too", async ({ command }) => {
    for (let at = 0; at < 3; at += 1) await command();
    expect([client.isShutOff, client.refusesWrites]).toEqual([true, false]);
    expect(await read()).toEqual({ kind: "unavailable", cause: "shut-off" });
    expect(server.asked).toHaveLength(3);
  });

  it("is over with the first probe that is answered", async () => {
    for (let at = 0; at < 3; at += 1) await read();
    server.manner = wellAnswer;
    clock.advance(1.1);
    await read();
    await leftForLater[0]?.();
    expect(await read()).toEqual({ kind: "answered", value: "PONG" });
    expect(client.trouble?.isOver).toBe(true);
  });
});

describe("the operator is told", () => {
  const answering = (error: string, status = 400): Manner => ({
    kind: "answers",
    status,
    body: JSON.stringify({ error }),
  });

  it("once of a wrong token, and once when it is mended", async () => {
    server.manner = answering(`Unauthorized ${token}`, 401);
    for (let at = 0; at < 20; at += 1) {
      await Promise.all([read(), write()]);
      await client.insist<unknown>("probe", (redis) => redis.set(hashKey, storedValue));
    }
    const refused = "Upstash refused the token (401): check UPSTASH_REDIS_REST_TOKEN.";
    const shutOff = "The database is shut off: only background probes use it.";
    expect(told).toEqual([refused, shutOff]);
    server.manner = wellAnswer;
    clock.advance(42);
    await read();
    await Promise.all(leftForLater.map((work) => work()));
    for (let at = 0; at < 20; at += 1) await read();
    expect(told.slice(2)).toEqual([
      "The database works again after 42 s.",
      "The database was shut off for 42 s and is in use again.",
    ]);
  });

  it("of nothing that the error quotes", async () => {
    const error = `ERR ${storedValue} ${hashKey} ${token} ${server.url}`;
    for (const of of [error, `OOM ${error}`, `Unauthorized ${error}`, `NOPERM ${error}`]) {
      server.manner = answering(of);
      await Promise.all([read(), write()]);
    }
    expect(told.length).toBeGreaterThan(3);
    const known = JSON.stringify([told, client.trouble, client.troubleWithWrites]);
    for (const secret of [storedValue, hashKey, token, "127.0.0.1"]) {
      expect(known).not.toContain(secret);
    }
  });

  it("that writes are refused, and reads that are answered do not end that", async () => {
    server.manner = answering(oom);
    await write();
    server.manner = wellAnswer;
    for (let at = 0; at < 5; at += 1) await read();
    await client.remove<unknown>("probe", (redis) => redis.del(hashKey));
    await client.insist<unknown>("probe", (redis) => redis.scan(0), "reads");
    expect(told).toEqual(["Writes fail. The database is full: make room in the database."]);
    expect([client.trouble, client.troubleWithWrites]).toMatchObject([
      undefined,
      { kind: "full", isOver: false, counts: { full: 1 } },
    ]);
    clock.advance(7);
    await write();
    expect(told[1]).toBe("The database accepts writes again after 7 s.");
  });

  it("of a full database by what a transaction for reading writes", async () => {
    server.manner = { kind: "answers", body: JSON.stringify([{ error: oom }, { result: [] }]) };
    await client.attempt("probe", (redis) => redis.multi().set(hashKey, "1").get(hashKey).exec());
    expect(client.troubleWithWrites?.kind).toBe("full");
  });

  it("that writes fail, by a transaction that writes, until one is answered", async () => {
    const transact = () =>
      client.attempt(
        "probe",
        (redis) => redis.multi().set(hashKey, "1").get(hashKey).exec(),
        "writes",
      );
    server.manner = answering(oom);
    await transact();
    server.manner = { kind: "answers", body: '[{"result":"OK"},{"result":"1"}]' };
    clock.advance(9);
    await transact();
    expect(client.troubleWithWrites?.isOver).toBe(true);
    expect(told[1]).toBe("The database accepts writes again after 9 s.");
  });

  it("once of writes that are not answered in time while reads are", async () => {
    const tooLate = () => Promise.reject(new DOMException("Too late.", "TimeoutError"));
    for (let second = 0; second < 200; second += 1) {
      await client.write("probe", tooLate);
      await read();
      await Promise.all(leftForLater.splice(0).map((work) => work()));
      clock.advance(1);
    }
    expect(told).toEqual([
      expect.stringMatching(/^Writes fail. The database does not answer in time/),
    ]);
    expect([client.trouble, client.troubleWithWrites?.isOver]).toEqual([undefined, false]);
  });

  it("of one trouble, where reads fail as writes do", async () => {
    server.manner = { kind: "closes" };
    await read();
    await write();
    expect(told).toEqual([expect.stringMatching(/^The database cannot be reached/)]);
    expect(client.troubleWithWrites).toBe(undefined);
  });

  it("once of commands that are too large, which count for no breaker", async () => {
    server.manner = answering("ERR max request size exceeded. Limit: 1048576 bytes");
    for (let at = 0; at < 5; at += 1) {
      expect(await write()).toEqual({ kind: "unavailable", cause: "too-large" });
      await read();
    }
    expect([client.isShutOff, client.refusesWrites]).toEqual([false, false]);
    server.manner = wellAnswer;
    for (const command of [read, write]) expect((await command()).kind).toBe("answered");
    clock.advance(120);
    server.manner = answering("ERR max request size exceeded. Limit: 1048576 bytes");
    await write();
    const line = /^One command .* too large .*lower `limits.sharedBodyBytes`/;
    expect(told).toEqual([expect.stringMatching(line)]);
    expect([client.trouble, client.troubleWithWrites]).toEqual([undefined, undefined]);
  });

  it("nothing of one key that holds something else", async () => {
    server.manner = answering("WRONGTYPE Operation against a key");
    await Promise.all([read(), write()]);
    expect([told, client.trouble, client.troubleWithWrites]).toEqual([[], undefined, undefined]);
  });

  it("that its one key holds something else, where it has but one", async () => {
    client = new RedisClient({ ...settings(), hasOneKey: true });
    server.manner = answering("WRONGTYPE Operation against a key");
    for (let at = 0; at < 5; at += 1) {
      expect((await client.attempt("probe", (redis) => redis.get(hashKey))).kind).toBe(
        "unavailable",
      );
    }
    expect([client.isShutOff, told]).toEqual([
      false,
      [expect.stringMatching(/^A key of Tidemark holds a value of another type: delete /)],
    ]);
    server.manner = wellAnswer;
    await client.attempt("probe", (redis) => redis.get(hashKey));
    expect(told[1]).toMatch(/^The database works again/);
  });
});
