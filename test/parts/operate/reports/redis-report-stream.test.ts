// Tests the Redis scripts that add and fold reports, on a real server: what the scripts write and
// what they refuse. Also checks that the simulation's fake does the same.
import { describe, expect, it } from "vitest";
import {
  addScript,
  foldScript,
  type RedisReportStream,
} from "../../../../src/parts/operate/reports/redis-report-stream.ts";
import { totalsText } from "../../../../src/observe/reports/totals.ts";
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
const totals = { startedAtMs: 1, sums: new Map(), colos: new Map(), windows: [] };

const pageOf = async (stream: RedisReportStream) => {
  const standing = await stream.standing();
  if (standing.kind !== "answered") throw new Error("Redis did not answer.");
  return standing.value;
};

describe.each(oneRedisServer)("the report stream in $redis", ({ start }) => {
  const world = openReportsWorld(start);

  it("adds a report with one command, and returns the number of waiting reports", async () => {
    const { stream } = world.open();
    expect(await stream.add(reportOf("n1"))).toEqual({ kind: "answered", value: 1 });
    expect(await stream.add(reportOf("n2", 3))).toEqual({ kind: "answered", value: 2 });
    expect(world.rest.counts().commandCountByName).toEqual({ EVAL: 2 });
    const { page, totals: state, isFull } = await pageOf(stream);
    expect(page.map(({ report }) => report)).toEqual([reportOf("n1"), reportOf("n2", 3)]);
    const none = { kind: "held", version: "", totals: undefined, isBroken: false };
    expect([state, isFull]).toEqual([none, false]);
  });

  it("refuses a report if more than standingMax reports wait", async () => {
    const { stream } = world.open({ standingMax: 2 });
    for (const n of ["n1", "n2", "n3"]) await stream.add(reportOf(n));
    expect(await stream.add(reportOf("n4"))).toEqual({ kind: "answered", value: -1 });
    expect(await world.redis.xlen(streamKey)).toBe(3);
  });

  it("removes exactly the reports of a fold", async () => {
    const { stream } = world.open();
    for (const n of ["n1", "n2"]) await stream.add(reportOf(n));
    const { page } = await pageOf(stream);
    const [, last] = page;
    // This report has the same millisecond as the last report, and the next sequence number.
    const [ms, sequence] = (last?.id ?? "").split("-");
    await world.redis.xadd(streamKey, `${ms}-${Number(sequence) + 1}`, "n", "n3");
    const text = totalsText(totals, "v1");
    expect(await stream.fold("", page, text)).toEqual({ kind: "answered", value: true });
    expect(await world.redis.get(totalsKey)).toBe(text);
    expect((await pageOf(stream)).page.map(({ n }) => n)).toEqual(["n3"]);
    expect(await stream.fold("", page, text)).toEqual({ kind: "answered", value: false });
  });

  const isDropped = async (id = "") => void (await world.redis.xdel(streamKey, id));
  const all = () => world.redis.xrange(streamKey, "-", "+");
  const standing = () => Promise.all([world.redis.get(totalsKey), world.redis.xlen(streamKey)]);

  it.each([
    ["the totals have changed", () => world.redis.set(totalsKey, "1.v2 {}")],
    ["the first report is gone", () => world.redis.xtrim(streamKey, "MAXLEN", 1)],
    ["the last report is gone", async () => isDropped((await all())[1]?.[0])],
    [
      "another report has the last ID",
      async () => {
        const ids = (await all()).map(([id]) => id);
        await world.redis.del(streamKey);
        for (const id of ids) await world.redis.xadd(streamKey, id, "n", "other");
      },
    ],
  ])("refuses a fold if %s", async (_, before) => {
    const { stream } = world.open();
    for (const n of ["n1", "n2"]) await stream.add(reportOf(n));
    const { page } = await pageOf(stream);
    await before();
    const stood = await standing();
    const refused = { kind: "answered", value: false };
    expect(await stream.fold("", page, totalsText(totals, "v1"))).toEqual(refused);
    expect(await standing()).toEqual(stood);
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
