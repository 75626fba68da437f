// Tests the limits of a delivery: rates, the size of a batch, and the cost in Redis.
import { describe, expect, it } from "vitest";
import { taken } from "../../../src/parts/outward/delivery/token-bucket.ts";
import { openNetworkOfFakes } from "../../../testing/fakes/fake-upstash.ts";
import { listTarget, OutwardWorld } from "./outward-world.ts";

openNetworkOfFakes();

describe("the limits of a target", () => {
  it("spread requests over time, and no purge is skipped", async () => {
    const world = new OutwardWorld();
    const limits = { requests: { burst: 2, perSecond: 0.1 } };
    const callsFor = ({ tags }: { tags: readonly string[] }) =>
      tags.map((tag) => ({
        method: "POST",
        url: "https://target.example/",
        headers: {},
        body: JSON.stringify({ tag }),
        tokens: { requests: 1 },
      }));
    const target = await world.opened(listTarget({ api: { limits, callsFor } }));
    await world.purge({ tags: ["tag:a", "tag:b", "tag:c", "tag:d", "tag:e"] });
    expect(await target.deliverDue()).toBe("later");
    expect(world.asked).toHaveLength(2);
    expect(await target.deliver()).toBe("later");
    world.clock.advance(10);
    await target.deliver();
    world.clock.advance(20);
    await target.deliver();
    expect(world.bodies).toEqual(["a", "b", "c", "d", "e"].map((tag) => ({ tag })));
    expect(await target.report()).toMatchObject({ waitingCount: 0 });
  });

  it("do not delay purges after a clock was set back by an hour", () => {
    const limits = { requests: { burst: 1, perSecond: 1 } };
    const emptyAt = (atMs: number) => ({ requests: { tokens: 0, atMs } });
    expect(taken(emptyAt(3_600_000), limits, { requests: 1 }, 0)).toBeDefined();
    expect(taken(emptyAt(1_000), limits, { requests: 1 }, 0)).toBeUndefined();
  });

  it("let a batch have 4,096 names, unless it purges everything", async () => {
    for (const tags of [true, false]) {
      const world = new OutwardWorld();
      const target = await world.opened(listTarget({ tags }));
      for (const at of [0, 1, 2]) {
        await world.purge({ tags: Array.from({ length: 3_000 }, (_, nth) => `tag:${at}-${nth}`) });
      }
      await target.deliverDue();
      const sent = world.bodies as { everything: boolean; tags: string[] }[];
      const counts = sent.map(({ everything, tags: { length } }) => (everything ? "all" : length));
      expect(counts).toEqual(tags ? [4_096, 4_096, 808] : ["all"]);
      expect(await target.report()).toMatchObject({ waitingCount: 0 });
    }
  });

  it("leave half of a bucket to the delivery, whatever is sent at once", async () => {
    const world = new OutwardWorld();
    const limits = { requests: { burst: 4, perSecond: 0.001 } };
    const target = await world.opened(listTarget({ api: { limits }, alsoAtOnce: true }));
    for (const tag of ["a", "b", "c", "d"]) {
      await world.purge({ tags: [`tag:${tag}`] });
      const entries = await world.store.journal.newestFirst(1);
      if ("kind" in entries) throw new Error("The journal is unavailable.");
      await target.open.sendNow(world.ports, entries);
    }
    expect(world.bodies).toMatchObject([{ tags: ["a"] }, { tags: ["b"] }]);
    await target.deliverDue();
    expect(world.bodies.at(-1)).toMatchObject({ tags: ["a", "b", "c", "d"] });
  });

  /** Opens a target that gets one request for each tag. */
  async function withOneEach(perSecond: number) {
    const world = new OutwardWorld();
    const limits = { requests: { burst: 1, perSecond } };
    const url = "https://target.example/";
    const callsFor = ({ everything, tags }: { everything: boolean; tags: readonly string[] }) =>
      (everything ? ["all"] : tags).map((name) => ({
        method: "POST",
        url,
        headers: {},
        body: JSON.stringify(name),
        tokens: { requests: 1 },
      }));
    return { world, target: await world.opened(listTarget({ api: { limits, callsFor } })) };
  }

  it.each([
    { names: 91, perSecond: 0.1, reset: undefined },
    { names: 92, perSecond: 0.1, reset: "behind" },
    { names: 9_001, perSecond: 10, reset: undefined },
    { names: 9_002, perSecond: 10, reset: "behind" },
  ])("turn $names names at $perSecond a second into: $reset", async (row) => {
    const { names, perSecond, reset } = row;
    const { world, target } = await withOneEach(perSecond);
    await world.purge({ tags: Array.from({ length: names }, (_, nth) => `tag:${nth}`) });
    // The target was down for an hour, which says nothing about the rate.
    world.clock.advance(3_600);
    expect(await target.deliver()).toBe("later");
    expect(await target.report()).toMatchObject({ reset });
    world.clock.advance(60);
    await target.deliver();
    expect(world.bodies).toEqual(["0", reset === "behind" ? "all" : "1"]);
  });

  it("turn a full page that waits for five minutes into a purge of everything", async () => {
    const { world, target } = await withOneEach(0.15);
    for (let nth = 0; nth < 131; nth += 1) await world.purge({ tags: [`tag:${nth}`] });
    expect(await target.deliverDue()).toBe("later");
    world.clock.advance(299);
    await target.deliver();
    expect(await target.report()).toMatchObject({ reset: undefined, waitingCount: 128 });
    world.clock.advance(1);
    expect(await target.deliver()).toBe("later");
    expect(await target.report()).toMatchObject({ reset: "behind" });
    world.clock.advance(700);
    expect(await target.deliver()).toBe("idle");
    expect(world.bodies).toEqual(["0", "1", "all"]);
    expect(world.counted.at(-1)).toBe("edge everything: behind");
    expect(await target.report()).toMatchObject({ waitingCount: 0, waitingSinceAtMs: undefined });
  });

  it("cause no purge of everything if only the requests of a run are spent", async () => {
    const world = new OutwardWorld();
    const limits = { requests: { burst: 1_000, perSecond: 1_000 } };
    const url = "https://target.example/";
    const one = { method: "POST", url, headers: {}, body: "1", tokens: { requests: 1 } };
    const callsFor = ({ everything, tags }: { everything: boolean; tags: readonly string[] }) =>
      everything ? [one] : tags.flatMap(() => [one, one, one]);
    const target = await world.opened(listTarget({ api: { limits, callsFor } }));
    for (let nth = 0; nth < 140; nth += 1) await world.purge({ tags: [`tag:${nth}`] });
    world.clock.advance(400);
    expect(await target.deliver()).toBe("later");
    expect(world.asked).toHaveLength(6);
    expect(await target.report()).toMatchObject({ reset: undefined });
  });

  it("skip no name if the journal loses an entry of which some names are delivered", async () => {
    const world = new OutwardWorld();
    const limits = { requests: { burst: 2, perSecond: 1 } };
    const callsFor = ({ tags }: { tags: readonly string[] }) =>
      tags.map((tag) => ({
        method: "POST",
        url: "https://target.example/",
        headers: {},
        body: JSON.stringify(tag),
        tokens: { requests: 1 },
      }));
    const target = await world.opened(listTarget({ api: { limits, callsFor } }));
    const lost = await world.purge({ tags: ["tag:a", "tag:b", "tag:c"] });
    expect(await target.deliverDue()).toBe("later");
    world.store.lose(lost);
    await world.purge({ tags: ["tag:d", "tag:e"], n: "another" });
    await target.deliverDue();
    const [first, ...others] = world.bodies;
    expect([first, ...others.filter((tag) => tag !== "b")]).toEqual(["a", "d", "e"]);
  });

  it("turn a purge that needs too many requests into a purge of everything", async () => {
    const world = new OutwardWorld();
    const url = "https://target.example/";
    const one = { method: "POST", url, headers: {}, tokens: { requests: 1 } };
    const callsFor = ({ everything }: { everything: boolean }) =>
      everything
        ? [{ ...one, body: '"all"' }]
        : Array.from({ length: 9 }, () => ({ ...one, body: "1" }));
    const target = await world.opened(listTarget({ api: { callsFor } }));
    await world.purge({ tags: ["tag:a"] });
    await target.deliverDue();
    expect(world.bodies).toEqual(["all"]);
  });
});

it("a run costs two commands of Redis, and a batch four more", async () => {
  const world = new OutwardWorld();
  const target = await world.opened(listTarget());
  const costOf = async (work: () => Promise<unknown>) => {
    const before = world.store.commandCount();
    await work();
    return world.store.commandCount() - before;
  };
  expect(await costOf(() => target.deliver())).toBe(2);
  await world.purge({ tags: ["tag:a"] });
  expect(await costOf(() => target.deliverDue())).toBe(6);
});
