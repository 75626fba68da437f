// Tests an application's data cache on workerd: one load for concurrent requests, reads of many
// keys, purges in all colos and forced loads, over the Cache API and a real Redis.
import { afterAll, describe, expect, it } from "vitest";
import { bundleData } from "../../testing/worker/bundle-data.ts";
import { sleep, startWorld } from "../../testing/worker/world.ts";

const worker = await bundleData('fresh: "10m", stale: "1h", collapse: "global"');
const world = await startWorld({ originUrl: "http://origin.invalid", worker, colos: 2 });
afterAll(() => world.stop());

const ask = async (colo: number, path: string, init?: RequestInit): Promise<unknown> => {
  const response = await fetch(`${world.colos[colo]?.url}${path}`, init);
  const text = await response.text();
  if (response.status !== 200) throw new Error(text);
  return JSON.parse(text);
};
const value = (by: string, nth: number) => {
  return { by, nth, at: new Date(5).toJSON(), big: "5n", bytes: [1, 2] };
};

describe("a data cache on workerd", () => {
  it("answers 100 concurrent requests in two colos with one load", async () => {
    // The first request begins the empty journal with an entry that covers everything.
    for (const colo of [0, 1]) await ask(colo, "/get/before");
    const crowd = [0, 1].flatMap((colo) => {
      return Array.from({ length: 50 }, () => ask(colo, "/get/crowd"));
    });
    const first = await Promise.race(crowd);
    expect(await Promise.all(crowd)).toEqual(crowd.map(() => first));
  });

  it("loads many values together, and another colo reads them with one command", async () => {
    const keys = Array.from({ length: 40 }, (_, nth) => `m${nth}`);
    const before = storedCount();
    const loaded = (await ask(0, `/many/${keys.join(",")}`)) as [string, unknown][];
    expect(loaded.map(([key]) => key)).toEqual(keys);
    // One script stores up to 16 values.
    await storedAll(before + Math.ceil(keys.length / 16));
    world.rest.resetCounts();
    expect(await ask(1, `/many/${keys.join(",")}`)).toEqual(loaded);
    expect(world.rest.counts().commandCountByName).toMatchObject({ MGET: 1 });
    expect(world.rest.counts().commandCountByName).not.toHaveProperty("GETRANGE");
  });

  it("applies a purge by tag in both colos within N", async () => {
    await ask(0, "/get/purged");
    await stored(() => ask(1, "/look/purged"));
    const order = { method: "POST", body: JSON.stringify({ tags: ["red"] }) };
    expect(await ask(1, "/purge", order)).toMatchObject({ position: expect.any(String) });
    expect(await ask(1, "/look/purged")).toBeNull();
    await sleep(3_000);
    expect(await ask(0, "/look/purged")).toBeNull();
    expect(await ask(0, "/get/purged")).toMatchObject({ by: "colo-1" });
  });

  it("loads a forced value again, and then has the new value in memory", async () => {
    const before = (await ask(0, "/get/forced")) as { nth: number };
    const after = await ask(0, "/forced/forced");
    expect(after).toEqual(value("colo-1", before.nth + 1));
    expect(await ask(0, "/get/forced")).toEqual(after);
    expect(await ask(0, "/stats")).toMatchObject({
      badRecords: 0,
      failedBackgroundWork: 0,
      namespaces: { articles: { failedLoads: 0, writes: { edge: expect.anything() } } },
    });
  });
});

/** Returns the number of writes to Redis, which follow the answers. */
const storedCount = () => world.rest.counts().commandCountByName.EVAL ?? 0;

async function storedAll(count: number): Promise<void> {
  await stored(async () => (storedCount() < count ? null : true));
}

async function stored(look: () => Promise<unknown>): Promise<void> {
  while ((await look()) === null) await sleep(20);
}
