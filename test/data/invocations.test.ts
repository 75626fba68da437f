// Tests a data cache over Upstash under the limits of Workers on one invocation.
import { expect, it } from "vitest";
import { DataIsolate } from "../../testing/data/data-isolate.ts";
import { openInvocations } from "../../testing/data/invocations.ts";
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
  const { isolate } = opened();
  const [writer, reader] = [isolate(), isolate()];
  await world.run(async () => {
    for (const key of keys(160)) await writer.articles.set(key, "stored", { everywhere: false });
  });
  await world.run(() => warmed(reader));
  world.sent = 0;
  for (let round = 0; round < 4; round += 1) {
    const asked = keys(160).slice(40 * round, 40 * (round + 1));
    await world.run(() =>
      Promise.all(asked.map((key) => reader.articles.getOrSet(key, () => "loaded"))),
    );
  }
  expect(reader.one.data.stats().namespaces["articles"]?.hits.shared).toBe(160);
  expect(reader.one.data.stats().redis.trouble).toBeUndefined();
  expect(world.sent).toBeLessThan(20);
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
