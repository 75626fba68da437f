// Tests the core of the cache without an origin, a Cache API or other globals of Workers.
import { snapshotOf } from "../../src/observe/snapshot.ts";
import { describe, expect, it, vi } from "vitest";
import { defineConfig } from "../../src/config/config.ts";
import { createCache } from "../../src/compose/create-cache.ts";
import type { LogLine } from "../../src/observe/log-line.ts";
import { responseForm } from "../../src/pages/stored/response-form.ts";
import { userTag } from "../../src/purge/journal/purge-target.ts";
import { FakeClock } from "../../testing/fakes/fake-clock.ts";
import { FakeUpstash, openNetworkOfFakes } from "../../testing/fakes/fake-upstash.ts";
import { responseWith } from "../../testing/examples/purges.ts";
import { upstashStore } from "../../testing/fakes/upstash-store.ts";

openNetworkOfFakes();

for (const ofWorkersAlone of ["caches", "FixedLengthStream", "IdentityTransformStream"]) {
  vi.stubGlobal(ofWorkersAlone, undefined);
}

function open(hasDatabase = false) {
  const clock = new FakeClock();
  const upstash = new FakeUpstash(clock);
  const log: string[] = [];
  const platform = {
    nowAtMs: clock.nowAtMs,
    random: () => 0.5,
    log: ({ message }: LogLine) => void log.push(message),
    ...(hasDatabase && { database: { url: upstash.url, token: upstash.token } }),
    redis: upstashStore,
  };
  const cache = createCache(defineConfig({}), platform, responseForm);
  const pending: Promise<unknown>[] = [];
  const afterAnswer = cache.behind({ waitUntil: (work) => void pending.push(work) });
  const settle = async () => {
    while (pending.length > 0) await Promise.all(pending.splice(0));
  };
  return { cache, clock, log, afterAnswer, settle };
}

describe("the core of the cache", () => {
  it("has memory and the shared tier with a database", () => {
    const { all, ofColo } = open(true).cache.tiers;
    expect([all.map(({ name }) => name), ofColo]).toEqual([["memory", "shared"], undefined]);
  });

  it("has only memory without a database, and accepts no purge", () => {
    const { cache } = open();
    expect([cache.tiers.below[0], cache.redis, cache.locks, cache.purging]).toEqual(
      Array(4).fill(undefined),
    );
    const ask = { atMs: 0, maxLagMs: 10_000, colo: () => "" };
    expect(cache.view.judge(responseWith(), ask)).toEqual({ kind: "usable" });
  });

  it("applies an accepted purge at once", async () => {
    const { cache, clock, afterAnswer } = open(true);
    const { view, purging } = cache;
    const stamp = await view.stamp({ atMs: clock.nowAtMs(), afterAnswer });
    const stored = responseWith({ stamp, tags: ["red"], requestedAtMs: clock.nowAtMs() });
    const judged = () =>
      view.judge(stored, { atMs: clock.nowAtMs(), maxLagMs: 10_000, colo: () => "" }).kind;
    expect(judged()).toBe("usable");
    const order = { id: "", bodyDigest: "", reason: "", by: "test", mode: "hard" } as const;
    const accepted = await purging?.acceptances.accept(
      { ...order, targets: { tags: [userTag("red")], prefixes: [] } },
      { atMs: clock.nowAtMs(), afterAnswer },
    );
    expect([accepted?.kind, judged()]).toEqual(["accepted", "purged"]);
  });

  it("counts and logs a failure of background work, without its message", async () => {
    const { cache, log, afterAnswer, settle } = open();
    afterAnswer(() => Promise.reject(new RangeError("s3cret")));
    await settle();
    expect(snapshotOf(cache.metrics).failedBackgroundWork).toBe(1);
    expect(log).toEqual([expect.stringMatching(/^Background work failed with RangeError: at /)]);
    expect(log.join("\n")).not.toContain("s3cret");
  });
});

it("a core with a database, but without the code of Redis, is refused", () => {
  const { nowAtMs } = new FakeClock();
  const platform = { nowAtMs, random: () => 0.5, log: () => undefined };
  const database = { url: "https://db.upstash.io", token: "token" };
  const created = (redis?: typeof upstashStore) => () =>
    createCache(defineConfig({}), { ...platform, database, redis }, responseForm);
  expect(created()).toThrow("redis: upstash().redis");
  expect(created(upstashStore)).not.toThrow();
});
