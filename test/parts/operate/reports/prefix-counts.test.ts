// Tests the counts of lookups by the first segment of the path: their names, and what hostile clients can fill.
import { describe, expect, it } from "vitest";
import { Decision, type Outcome } from "../../../../src/observe/decision.ts";
import type { Totals } from "../../../../src/observe/reports/totals.ts";
import { added } from "../../../../src/parts/operate/reports/folding.ts";
import { PrefixCounts, prefixesIn } from "../../../../src/parts/operate/reports/prefix-counts.ts";
import { noGauges } from "../../../../testing/monitoring/made-totals.ts";

function lookedUp(counts: PrefixCounts, path: string, outcome: Outcome = "hit"): void {
  const key = { text: `GET https://a.example${path}`, digestAtOnce: () => "" };
  const decision = new Decision({ route: "all", key });
  counts.answered(Object.assign(decision, { outcome }));
}

const takenFrom = (counts: PrefixCounts) => Object.fromEntries(counts.taken());

describe("counts by the first segment of the path", () => {
  it.each([
    ["/", "/"],
    ["/blog", "/blog"],
    ["/blog/page?a=/b", "/blog"],
    ["/blog?a=/b", "/blog"],
    ["/blog build-7", "/blog"],
    ["//blog", "/"],
    [`/${"a".repeat(63)}/b`, `/${"a".repeat(63)}`],
    [`/${"a".repeat(64)}/b`, "*"],
    ["/a|b/c", "*"],
  ])("count %s as %s", (path, prefix) => {
    const counts = new PrefixCounts();
    lookedUp(counts, path);
    expect(takenFrom(counts)).toEqual({ [`prefix|${prefix}|hit`]: 1 });
    expect(takenFrom(counts)).toEqual({});
  });

  it("count hits and misses, and nothing without a lookup", () => {
    const counts = new PrefixCounts();
    const outcomes = ["hit", "stale-hit", "stored", "collapsed", "limited", "passed"] as const;
    for (const outcome of outcomes) lookedUp(counts, "/blog/page", outcome);
    counts.answered(Object.assign(new Decision({ route: "all" }), { outcome: "ruled" }));
    expect(takenFrom(counts)).toEqual({ "prefix|/blog|hit": 2, "prefix|/blog|miss": 2 });
  });

  it("keep the frequent prefixes among 5,000 random ones, and report 32", () => {
    const counts = new PrefixCounts();
    for (let nth = 0; nth < 5_000; nth += 1) {
      lookedUp(counts, `/random-${nth}`, "stored");
      if (nth % 10 === 0) lookedUp(counts, "/blog/page");
    }
    const sums = takenFrom(counts);
    expect(Object.keys(sums)).toHaveLength(33);
    expect(sums["prefix|/blog|hit"]).toBe(500);
    expect(Object.values(sums).reduce((sum, count) => sum + count, 0)).toBe(5_500);
  });

  it("are in the windows of the totals, which have at most 512 of them, and in no total", () => {
    const nothing: Totals = { startedAtMs: 5, sums: new Map(), colos: new Map(), windows: [] };
    const entries = Array.from({ length: 20 }, (_, isolate) => {
      const sums = new Map(
        Array.from({ length: 32 }, (__, nth) => [`prefix|/${isolate}-${nth}|miss`, 1]),
      );
      const report = { n: "n", colo: "HAM", coversMs: 3, sums, gauges: noGauges };
      return { id: `${isolate}-0`, n: "n", atMs: isolate, report };
    });
    const { sums, windows } = added(nothing, entries);
    expect([...sums.keys()]).toEqual(["reports|HAM"]);
    const counted = windows.flatMap((window) => prefixesIn(window.sums));
    expect(counted).toHaveLength(513);
    expect(counted.reduce((sum, { count }) => sum + count, 0)).toBe(640);
    expect(counted.at(-1)).toEqual({ labels: ["*", "miss"], count: 128 });
  });
});
