// Tests the Redis scripts that add and fold reports, on a real server: what the scripts write and
// what they refuse. Also checks that the simulation's fake does the same.
import { describe, expect, it } from "vitest";
import {
  addScript,
  foldScript,
} from "../../../../src/parts/operate/reports/redis-report-stream.ts";
import { Draws } from "../../../../testing/draws.ts";
import { oneRedisServer } from "../../../../testing/fakes/redis-server.ts";
import { ReportKeys } from "../../../../testing/fakes/report-keys.ts";
import { noGauges } from "../../../../testing/monitoring/made-totals.ts";
import { openReportsWorld, streamKey, totalsKey } from "./reports-world.ts";

const reportOf = (n: string, count = 1) => ({
  n,
  colo: "HAM",
  sums: new Map([["requests|all|hit|memory", count]]),
  coversMs: 0,
  gauges: noGauges,
});

describe.each(oneRedisServer)("the report stream in $redis", ({ start }) => {
  const world = openReportsWorld(start);

  it("refuses a report if more than standingMax reports wait", async () => {
    const { stream } = world.open({ standingMax: 2 });
    for (const n of ["n1", "n2", "n3"]) await stream.add(reportOf(n));
    expect(await stream.add(reportOf("n4"))).toEqual({ kind: "answered", value: -1 });
    expect(await world.redis.xlen(streamKey)).toBe(3);
  });

  it("folds unreadable reports as lost", async () => {
    const { folding } = world.open({ pageCount: 2 });
    for (const n of ["a", "b", "c"]) {
      await world.redis.xadd(streamKey, "*", "v", "1", "n", Buffer.from(`${n}\xff`, "latin1"));
    }
    await folding.empty();
    expect(await world.redis.xlen(streamKey)).toBe(0);
    expect(await folding.read()).toMatchObject({ sums: new Map([["reportsLost", 3]]) });
  });

  it("returns the trouble, and does not throw, if the key has another type", async () => {
    await world.redis.set(streamKey, "text");
    const { stream, folding } = world.open();
    expect(await stream.add(reportOf("n"))).toEqual({ kind: "unavailable", cause: "wrong-type" });
    expect(await folding.read()).toMatchObject({
      kind: "unavailable",
      why: "A key of Tidemark holds a value of another type.",
      hint: "Delete that key, or set `namespace` to a name that nothing else uses.",
    });
    await folding.empty();
    expect(world.log).toHaveLength(1);
  });

  it("behaves like the fake of the simulation", async () => {
    const draws = new Draws(11);
    let atMs = 5_000;
    const keys = new ReportKeys(() => atMs);
    const ids = () => keys.state.items.map(([id]) => id);
    const kinds = new Set<string>();
    for (let step = 0; step < 300; step += 1) {
      atMs += draws.isLucky(0.3) ? 1 : 0;
      const fields = ["v", "1", draws.oneOf(["n", "m"]), draws.oneOf(["a", "b"])];
      const version = draws.oneOf(["", "v1", "v2"]);
      const from = version === "" ? "" : `1.${version}`;
      const [first, last] = [ids()[0] ?? "1-1", draws.oneOf([...ids(), "5000-77"])];
      const [ms, sequence] = last.split("-");
      const next = `${ms}-${Number(sequence) + 1}`;
      const text = draws.oneOf(["1.v1 {}", "1.v2 {}", "garbage", "1.v1"]);
      const fold = [from, draws.isLucky(0.9) ? first : last, last, fields[3] ?? "", text, next];
      const isFold = draws.isLucky(0.4);
      const script = isFold ? foldScript : addScript;
      const given = isFold ? fold : ["6", ...fields];
      const before = ids().length;
      const here = keys.run(script, given);
      // Redis assigns other IDs, so the test rewrites the entries with the IDs of the fake.
      const there = isFold
        ? await world.redis.eval(script, 2, streamKey, totalsKey, ...given)
        : await world.redis.eval(script, 1, streamKey, ...given);
      expect(there).toBe(here);
      if (!isFold && here > 0) {
        const [newest] = await world.redis.xrevrange(streamKey, "+", "-", "COUNT", 1);
        await world.redis.xdel(streamKey, newest?.[0] ?? "");
        await world.redis.del(streamKey);
        for (const [id, words] of keys.state.items) await world.redis.xadd(streamKey, id, ...words);
      }
      kinds.add(`${isFold ? "fold" : "add"} ${here > 0 ? "done" : here} ${before > 6}`);
      expect((await world.redis.xrange(streamKey, "-", "+")).map(([id]) => id)).toEqual(ids());
      expect(await world.redis.get(totalsKey)).toBe(keys.state.totals);
    }
    expect(kinds.size).toBeGreaterThan(4);
  });
});
