// An application's data on workerd: a cache that a module holds, the Cache API of a colo, real Redis, loads
// that requests share, and a purge that every colo follows.
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

describe("on workerd", () => {
  it("one load answers a crowd of requests in both colos", async () => {
    // The first to find the journal empty begins it with a purge of everything.
    for (const colo of [0, 1]) await ask(colo, "/get/before");
    const crowd = [0, 1].flatMap((colo) => {
      return Array.from({ length: 50 }, () => ask(colo, "/get/crowd"));
    });
    const first = await Promise.race(crowd);
    expect(await Promise.all(crowd)).toEqual(crowd.map(() => first));
  });

  it("many are loaded together, and another colo has them by one command", async () => {
    const keys = Array.from({ length: 40 }, (_, nth) => `m${nth}`);
    const before = setCount();
    const loaded = (await ask(0, `/many/${keys.join(",")}`)) as [string, unknown][];
    expect(loaded.map(([key]) => key)).toEqual(keys);
    await storedAll(before + keys.length);
    world.rest.resetCounts();
    expect(await ask(1, `/many/${keys.join(",")}`)).toEqual(loaded);
    expect(world.rest.counts().commandCountByName).toMatchObject({ MGET: 1 });
    expect(world.rest.counts().commandCountByName).not.toHaveProperty("GETRANGE");
  });

  it("a purge by its tag is followed everywhere within N", async () => {
    await ask(0, "/get/purged");
    await stored(() => ask(1, "/look/purged"));
    const order = { method: "POST", body: JSON.stringify({ tags: ["red"] }) };
    expect(await ask(1, "/purge", order)).toMatchObject({ position: expect.any(String) });
    expect(await ask(1, "/look/purged")).toBeNull();
    await sleep(3_000);
    expect(await ask(0, "/look/purged")).toBeNull();
    expect(await ask(0, "/get/purged")).toMatchObject({ by: "colo-1" });
  });

  it("what is forced is loaded anew, and memory has it after that", async () => {
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

/** Redis gets it behind the answer. */
const setCount = () => world.rest.counts().commandCountByName.SET ?? 0;

async function storedAll(count: number): Promise<void> {
  await stored(async () => (setCount() < count ? null : true));
}

async function stored(look: () => Promise<unknown>): Promise<void> {
  while ((await look()) === null) await sleep(20);
}
