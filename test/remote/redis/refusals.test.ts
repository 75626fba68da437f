// Tests a Redis that refuses commands: which commands Tidemark still sends, and the lines of the
// log.
import { beforeEach, describe, expect, it } from "vitest";
import { wellAnswer } from "../../../testing/fakes/unsteady-rest-server.ts";
import {
  answered,
  hashKey,
  oom,
  openClientWorld,
  breakerOpen,
  storedValue,
  token,
} from "./client-world.ts";

const world = openClientWorld();
const { read, write, remove } = world;

describe.each([
  { error: "WRONGPASS invalid or missing auth token", status: 401 },
  { error: "Forbidden", status: 403 },
  { error: "ERR max requests limit exceeded. Limit: 1." },
])("a database that refuses all commands: $error", ({ error, status }) => {
  beforeEach(() => world.refuse(error, status));

  it.each([write, remove])("has an open breaker after three refusals: %s", async (command) => {
    for (let at = 0; at < 3; at += 1) await command();
    expect([world.client.health.isBreakerOpen, world.client.health.refusesWrites]).toEqual([
      true,
      false,
    ]);
    expect(await read()).toEqual(breakerOpen);
    expect(world.server.asked).toHaveLength(3);
  });
});

describe("a database that refuses writes", () => {
  const transact = () =>
    world.client.write("probe", (redis) =>
      redis.multi([
        ["SET", hashKey, storedValue],
        ["PEXPIRE", hashKey, 1_000],
      ]),
    );

  beforeEach(() => world.refuse(oom));

  it.each([
    { id: "single writes", body: { error: oom }, run: () => write() },
    { id: "parts of transactions", body: [{ error: oom }, { result: 0 }], run: transact },
  ])("still gets reads after refusals of $id", async ({ body, run }) => {
    world.server.manner = { kind: "answers", body: JSON.stringify(body) };
    for (let at = 0; at < 3; at += 1) {
      expect(await run()).toEqual({ kind: "unavailable", cause: "full" });
    }
    expect([world.client.health.isBreakerOpen, world.client.health.refusesWrites]).toEqual([
      false,
      true,
    ]);
    world.server.manner = wellAnswer;
    expect(await read()).toEqual(answered);
  });

  it("gets one write per pause, which doubles up to 30 s", async () => {
    const sentAtSeconds: number[] = [];
    for (let second = 0; second < 200; second += 1) {
      const before = world.server.asked.length;
      await Promise.all([write(), write()]);
      for (let sent = before; sent < world.server.asked.length; sent += 1)
        sentAtSeconds.push(second);
      world.clock.atMs += 1_000;
    }
    // Two writes at first, then the write that opens the breaker, then one write after each pause.
    expect(sentAtSeconds.slice(0, 4)).toEqual([0, 0, 1, 1]);
    const pauses = sentAtSeconds.slice(4).map((at, index) => at - (sentAtSeconds[index + 3] ?? 0));
    expect(pauses).toEqual([1, 2, 4, 8, 16, 30, 30, 30, 30, 30]);
  });

  it("gets writes again after the first answered write", async () => {
    for (let at = 0; at < 3; at += 1) await write();
    world.server.manner = wellAnswer;
    expect(await write()).toEqual({ kind: "unavailable", cause: "writes-refused" });
    world.clock.atMs += 1_100;
    for (let at = 0; at < 2; at += 1) expect(await write()).toEqual(answered);
    expect(world.client.health.refusesWrites).toBe(false);
  });

  it("still gets removals, and a successful removal does not allow writes again", async () => {
    for (let at = 0; at < 3; at += 1) await write();
    world.server.manner = wellAnswer;
    expect([(await remove()).kind, world.client.health.refusesWrites]).toEqual(["answered", true]);
  });

  it("still gets writes after refusals because of a key of another type", async () => {
    world.refuse("WRONGTYPE Operation against a key holding the wrong kind of value");
    for (let at = 0; at < 4; at += 1) {
      expect(await write()).toEqual({ kind: "unavailable", cause: "wrong-type" });
    }
    expect([world.client.health.isBreakerOpen, world.client.health.refusesWrites]).toEqual([
      false,
      false,
    ]);
  });

  it("has an open breaker if writes do not reach it", async () => {
    world.server.manner = { kind: "closes" };
    for (let at = 0; at < 3; at += 1) await write();
    expect(world.client.health.isBreakerOpen).toBe(true);
  });
});

describe("the log of a Redis client", () => {
  const transact = (of?: "writes") =>
    world.client.attempt(
      "probe",
      (redis) =>
        redis.multi([
          ["SET", hashKey, 1],
          ["GET", hashKey],
        ]),
      of,
    );

  it("contains one line about a wrong token, and one line after its correction", async () => {
    world.refuse(`Unauthorized ${token}`, 401);
    for (let at = 0; at < 20; at += 1) {
      await Promise.all([read(), write()]);
      await world.client.insist<unknown>("probe", (redis) =>
        redis.exec(["SET", hashKey, storedValue]),
      );
    }
    expect(world.told).toEqual([
      "Upstash refused the token (401): check UPSTASH_REDIS_REST_TOKEN.",
      "The database has an open circuit breaker: only background probes use it.",
    ]);
    world.server.manner = wellAnswer;
    world.clock.advance(42);
    await read();
    await Promise.all(world.later.map((work) => work()));
    for (let at = 0; at < 20; at += 1) await read();
    expect(world.told.slice(2)).toEqual([
      "The database works again after 42 s.",
      "The database works again: its circuit breaker was open for 42 s.",
    ]);
  });

  it("contains nothing that an error message of Redis quotes", async () => {
    const error = `ERR ${storedValue} ${hashKey} ${token} ${world.server.url}`;
    for (const text of [error, `OOM ${error}`, `Unauthorized ${error}`, `NOPERM ${error}`]) {
      world.refuse(text);
      await Promise.all([read(), write()]);
    }
    expect(world.told.length).toBeGreaterThan(3);
    const { client, told } = world;
    const known = JSON.stringify([told, client.health.trouble, client.health.troubleWithWrites]);
    for (const secret of [storedValue, hashKey, token, "127.0.0.1"]) {
      expect(known).not.toContain(secret);
    }
  });

  it("contains refused writes, and their end only after an answered write", async () => {
    world.refuse(oom);
    await write();
    world.server.manner = wellAnswer;
    for (let at = 0; at < 5; at += 1) await read();
    await remove();
    await world.client.insist<unknown>("probe", (redis) => redis.exec(["SCAN", 0]), "reads");
    expect(world.told).toEqual(["Writes fail. The database is full: make room in the database."]);
    expect([world.client.health.trouble, world.client.health.troubleWithWrites]).toMatchObject([
      undefined,
      { kind: "full", isOver: false, counts: { full: 1 } },
    ]);
    world.clock.advance(7);
    await write();
    expect(world.told[1]).toBe("The database accepts writes again after 7 s.");
  });

  it("counts a write that is refused in a reading transaction as trouble with writes", async () => {
    const body = JSON.stringify([{ error: oom }, { result: [] }]);
    world.server.manner = { kind: "answers", body };
    await transact();
    expect(world.client.health.troubleWithWrites?.kind).toBe("full");
  });

  it("contains the end of refused writes after an answered transaction that writes", async () => {
    world.refuse(oom);
    await transact("writes");
    world.server.manner = { kind: "answers", body: '[{"result":"OK"},{"result":"1"}]' };
    world.clock.advance(9);
    await transact("writes");
    expect(world.client.health.troubleWithWrites?.isOver).toBe(true);
    expect(world.told[1]).toBe("The database accepts writes again after 9 s.");
  });

  it("contains one line about writes that time out while reads are answered", async () => {
    const tooLate = () => Promise.reject(new DOMException("Too late.", "TimeoutError"));
    for (let second = 0; second < 200; second += 1) {
      await world.client.write("probe", tooLate);
      await read();
      await Promise.all(world.later.splice(0).map((work) => work()));
      world.clock.advance(1);
    }
    const line = /^Writes fail. The database does not answer in time/;
    expect(world.told).toEqual([expect.stringMatching(line)]);
    const { trouble, troubleWithWrites } = world.client.health;
    expect([trouble, troubleWithWrites?.isOver]).toEqual([undefined, false]);
  });

  it("contains one line if reads and writes fail for the same reason", async () => {
    world.server.manner = { kind: "closes" };
    await read();
    await write();
    expect(world.told).toEqual([expect.stringMatching(/^The database cannot be reached/)]);
    expect(world.client.health.troubleWithWrites).toBe(undefined);
  });

  it("contains one line about too large commands, which do not open the breaker", async () => {
    const tooLarge = "ERR max request size exceeded. Limit: 1048576 bytes";
    world.refuse(tooLarge);
    for (let at = 0; at < 5; at += 1) {
      expect(await write()).toEqual({ kind: "unavailable", cause: "too-large" });
      await read();
    }
    expect([world.client.health.isBreakerOpen, world.client.health.refusesWrites]).toEqual([
      false,
      false,
    ]);
    world.server.manner = wellAnswer;
    for (const command of [read, write]) expect(await command()).toEqual(answered);
    world.clock.advance(120);
    world.refuse(tooLarge);
    await write();
    const line = /^One command .* too large .*lower `limits.sharedBodyBytes`/;
    expect(world.told).toEqual([expect.stringMatching(line)]);
    expect([world.client.health.trouble, world.client.health.troubleWithWrites]).toEqual([
      undefined,
      undefined,
    ]);
  });

  it("contains no line about one of several keys that has another type", async () => {
    world.refuse("WRONGTYPE Operation against a key");
    await Promise.all([read(), write()]);
    const { trouble, troubleWithWrites } = world.client.health;
    expect([world.told, trouble, troubleWithWrites]).toEqual([[], undefined, undefined]);
  });

  it("contains a line about the client's only key if the key has another type", async () => {
    const client = world.clientOf(world.server.url, { hasOneKey: true });
    const attempt = () => client.attempt("probe", (redis) => redis.exec(["GET", hashKey]));
    world.refuse("WRONGTYPE Operation against a key");
    for (let at = 0; at < 5; at += 1) expect((await attempt()).kind).toBe("unavailable");
    const line = /^A key of Tidemark holds a value of another type: delete /;
    expect([client.health.isBreakerOpen, world.told]).toEqual([
      false,
      [expect.stringMatching(line)],
    ]);
    world.server.manner = wellAnswer;
    await attempt();
    expect(world.told[1]).toMatch(/^The database works again/);
  });
});
