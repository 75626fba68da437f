// Tests a data cache over Upstash under the limits of Workers on one invocation.
import { expect, it } from "vitest";
import { DataIsolate } from "../../testing/data/data-isolate.ts";
import { elsewhere, openInvocations } from "../../testing/data/invocations.ts";
import { UnsteadyUpstash } from "../../testing/fakes/unsteady-upstash.ts";
import { FakeClock } from "../../testing/fakes/fake-clock.ts";

const world = openInvocations(50);

const keys = (count: number, name = "k") =>
  Array.from({ length: count }, (_, nth) => `${name}${nth}`);

type Opened = ReturnType<ReturnType<typeof opened>["isolate"]>;

function opened(options: object = {}) {
  const upstash = new UnsteadyUpstash(new FakeClock());
  const isolate = () => {
    const one = new DataIsolate({
      upstash,
      cache: null,
      platform: { nowAtMs: () => world.time.atMs },
      ...options,
    });
    return { one, articles: one.articles({ collapse: "isolate" }) };
  };
  return { upstash, isolate };
}

/** Looks keys up one after the other, so that the time-out adapts to the latency. */
async function warmed({ articles }: Opened): Promise<void> {
  for (const key of keys(30, "warm")) await articles.get(key);
}

it("answers 40 parallel calls over six connections", async () => {
  const { upstash, isolate } = opened();
  const [writer, reader] = [isolate(), isolate()];
  await world.run(async () => {
    for (const key of keys(160)) await writer.articles.set(key, "stored", { everywhere: false });
  });
  await world.run(() => warmed(reader));
  world.sent = 0;
  upstash.forgetPast();
  for (let round = 0; round < 4; round += 1) {
    const asked = keys(160).slice(40 * round, 40 * (round + 1));
    await world.run(() =>
      Promise.all(asked.map((key) => reader.articles.getOrSet(key, () => "loaded"))),
    );
  }
  expect(reader.one.data.stats().namespaces["articles"]?.hits.shared).toBe(160);
  expect(reader.one.data.stats().redis.trouble).toBeUndefined();
  // Each round is three batches of 16 keys at most. A renewal of the view is one command.
  expect(upstash.commands).toEqual(Array.from({ length: 12 }, () => "MGET"));
  expect(world.sent - upstash.journalCommands.length).toBe(12);
});

it.each([
  { latencyMs: 900, given: "stored", unanswered: 0 },
  { latencyMs: 1_100, given: "loaded", unanswered: 3 },
])("gives what is $given if the database takes $latencyMs ms at once", async (row) => {
  const { isolate } = opened();
  const [writer, reader] = [isolate(), isolate()];
  await world.run(async () => {
    for (const key of keys(3)) await writer.articles.set(key, "stored", { everywhere: false });
  });
  await world.run(() => warmed(reader));
  world.latencyMs = row.latencyMs;
  const asked = (key: string) => reader.articles.getOrSet(key, () => "loaded");
  const [first, ...others] = keys(3);
  const alone = await world.run(() => asked(first ?? ""));
  const given = [alone, ...(await world.run(() => Promise.all(others.map(asked))))];
  expect(given).toEqual(Array(3).fill(row.given));
  const counts = reader.one.data.stats().namespaces["articles"];
  expect(counts).toMatchObject({ unansweredReads: row.unanswered, unverifiedMisses: 0 });
});

it("uses four of the six connections for 30 parallel writes", async () => {
  const { upstash, isolate } = opened();
  const { articles } = isolate();
  await world.run(() =>
    Promise.all(keys(30).map((key) => articles.set(key, "v", { everywhere: false }))),
  );
  expect(world.waitingMax).toBe(4);
  expect(upstash.keys).toHaveLength(30);
});

/** Sends requests that no store gets, at once. */
const fetchMany = (count: number) => Promise.all(keys(count).map(() => fetch(elsewhere)));

it("takes no queue behind the requests of a load for a slow database", async () => {
  const { isolate } = opened();
  const reader = isolate();
  await world.run(() => warmed(reader));
  for (const name of ["a", "b", "c", "d"]) {
    await world.run(async () => {
      const load = async () => String((await fetchMany(40)).length);
      const calls = [reader.articles.get(`${name}-0`), reader.articles.getOrSet(name, load)];
      await calls[0];
      // The load now sends its requests.
      for (const key of keys(3, name)) await reader.articles.get(key);
      await Promise.all(calls);
      await reader.one.settle();
    });
  }
  const { redis, namespaces } = reader.one.data.stats();
  expect(redis.trouble).toBeUndefined();
  expect(namespaces["articles"]?.failedLoads).toBe(0);
});

it("lets no invocation open the breaker of the database by its own time-outs", async () => {
  const { upstash, isolate } = opened();
  const reader = isolate();
  await world.run(() => warmed(reader));
  await world.run(async () => {
    const crowd = fetchMany(200);
    for (const key of keys(5, "behind")) await reader.articles.get(key);
    await crowd;
  });
  expect(reader.one.data.stats().redis.trouble?.counts).toEqual({ timeout: expect.any(Number) });
  upstash.forgetPast();
  await world.run(() => reader.articles.get("next"));
  expect(upstash.commands).toEqual(["GETRANGE"]);
});

it("leaves two subrequests to the origin, once it knows the limit", async () => {
  const { isolate } = opened();
  const { one, articles } = isolate();
  const crowd = (name: string) => async () => {
    for (const key of keys(60, name)) await articles.getOrSet(key, () => "v");
    await one.settle();
    return (await fetchMany(2)).length;
  };
  const limits = { subrequests: 50 };
  await expect(world.run(crowd("first"), limits)).rejects.toThrow("Too many subrequests");
  expect(await world.run(crowd("second"), limits)).toBe(2);
});

it("learns a refused subrequest as a fact about the invocation", async () => {
  const { upstash, isolate } = opened();
  const { one, articles } = isolate();
  const look = (key: string) => articles.getOrSet(key, () => "v");
  await world.run(() => look("warm"));
  const crowd = async () => {
    for (const key of keys(60)) await look(key);
    await one.settle();
  };
  await world.run(crowd, { subrequests: 50 });
  expect(one.data.stats().redis.trouble).toBeUndefined();
  for (const key of keys(5, "other")) {
    upstash.forgetPast();
    await world.run(
      async () => {
        await look(key);
        await one.settle();
      },
      { subrequests: 50 },
    );
    expect(upstash.commands).toEqual(["GETRANGE", "SET"]);
  }
});
