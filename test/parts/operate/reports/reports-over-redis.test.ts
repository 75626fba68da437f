// Tests the totals of reports over a real Redis. The totals are exact although several isolates
// report and fold at the same time.
import { describe, expect, it } from "vitest";
import type { Totals } from "../../../../src/observe/reports/totals.ts";
import { oneRedisServer } from "../../../../testing/fakes/redis-server.ts";
import { openReportsWorld, streamKey, totalsKey } from "./reports-world.ts";

const totalsOf = (read: unknown): Totals => {
  if (typeof read === "object" && read !== null && "sums" in read) return read as Totals;
  throw new Error(`No totals: ${JSON.stringify(read)}`);
};

const onePurge = () => new Map([["purges", 1]]);

describe.each(oneRedisServer)("the totals of reports in $redis", ({ start }) => {
  const world = openReportsWorld(start);

  it("contain all waiting reports after an isolate has reported to a long stream", async () => {
    const reporter = world.reporter(onePurge, { foldFrom: 5 });
    const standing: number[] = [];
    for (let report = 0; report < 8; report += 1) {
      await reporter.tell();
      standing.push(await world.redis.xlen(streamKey));
    }
    expect(standing).toEqual([1, 2, 3, 4, 5, 0, 1, 2]);
  });

  it("are read in pages, and full pages are folded", async () => {
    const reporter = world.reporter(onePurge);
    for (let report = 0; report < 10; report += 1) await reporter.tell();
    const { folding } = world.open({ pageCount: 4 });
    world.rest.resetCounts();
    expect(totalsOf(await folding.read()).sums.get("purges")).toBe(10);
    expect(await world.redis.xlen(streamKey)).toBe(2);
    expect(world.rest.counts().commandCountByName).toEqual({ SET: 3, GET: 3, XRANGE: 3, EVAL: 2 });
  });

  it("count entries that are not reports as lost, with one log line", async () => {
    await world.redis.xadd(streamKey, "*", "hello", "world");
    await world.redis.xadd(streamKey, "*", "v", "2", "n", "a", "colo", "HAM", "d", "{}", "g", "{}");
    await world.reporter(onePurge).tell();
    const { folding } = world.open();
    for (let reading = 0; reading < 2; reading += 1) {
      const { sums } = totalsOf(await folding.read());
      expect([sums.get("purges"), sums.get("reportsLost")]).toEqual([1, 2]);
    }
    await folding.empty();
    expect(await world.redis.xlen(streamKey)).toBe(0);
    expect(totalsOf(await folding.read()).sums.get("reportsLost")).toBe(2);
    expect(world.log).toEqual([
      "The stream in Redis has entries that are not reports of this version. Tidemark counts these reports as lost.",
    ]);
  });

  it("start over if they are unreadable", async () => {
    await world.redis.set(totalsKey, Buffer.from([0xff, 0xfe, 0x20]));
    await world.reporter(onePurge).tell();
    const { folding } = world.open();
    expect(totalsOf(await folding.read()).sums.get("purges")).toBe(1);
    await folding.empty();
    expect(totalsOf(await folding.read()).sums.get("purges")).toBe(1);
    expect(await world.redis.xlen(streamKey)).toBe(0);
    expect(world.log).toEqual(["The totals in Redis cannot be read. Counting starts over."]);
  });

  it("are not changed if a newer version wrote them", async () => {
    await world.redis.set(totalsKey, "2.abc {}");
    await world.reporter(onePurge).tell();
    const { folding } = world.open();
    expect(await folding.read()).toEqual({
      kind: "unavailable",
      why: "The totals in Redis were written by a newer version of Tidemark.",
      hint: "Deploy that version, or set `namespace` to another name.",
    });
    await folding.empty();
    expect(await world.redis.get(totalsKey)).toBe("2.abc {}");
    expect(await world.redis.xlen(streamKey)).toBe(1);
    expect(world.log).toHaveLength(1);
  });

  it("contain the waiting reports after a full stream has refused a report", async () => {
    await world.redis.set(totalsKey, "2.abc {}");
    const isolate = { standingMax: 2, foldFrom: 9 };
    const reporter = world.reporter(onePurge, isolate);
    for (let report = 0; report < 5; report += 1) await reporter.tell();
    expect(await world.redis.xlen(streamKey)).toBe(3);
    await world.redis.del(totalsKey);
    // The stream refuses this report, so the isolate folds the waiting reports. The next report has
    // room.
    await reporter.tell();
    await reporter.tell();
    const { sums } = totalsOf(await world.open().folding.read());
    expect([sums.get("purges"), sums.get("reportsLost")]).toEqual([4, 3]);
  });
});
