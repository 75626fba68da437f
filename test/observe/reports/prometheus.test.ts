// Tests the text of a Prometheus scrape: the exact lines of each kind of metric, and a check of the
// whole text by promtool.
import { describe, expect, it } from "vitest";
import { families } from "../../../src/protocol/families.ts";
import { boundsMs } from "../../../src/observe/histogram.ts";
import { addDuration, type Sums } from "../../../src/observe/sums.ts";
import { gauges, type ScrapeData, prometheusText } from "../../../src/observe/reports/scrape.ts";
import type { ColoState } from "../../../src/observe/reports/totals.ts";
import { madeState, madeTotals } from "../../../testing/monitoring/made-totals.ts";
import { isPrometheusInstalled, promtool } from "../../../testing/monitoring/promtool.ts";

const build = { version: "1.2.3", purgeBoundSeconds: 10 };
const bytes = { usedBytes: 700, maxBytes: 1_000, usedRatio: 0.7 };
const info = { ...bytes, policy: "noeviction", evictedKeys: 4, keys: 12 };

function shown(sums: Sums, colos: readonly (readonly [string, ColoState])[] = []): ScrapeData {
  const totals = { startedAtMs: 1_500, sums, colos: new Map(colos), windows: [] };
  return { totals, info, build };
}

/** Returns the lines of a metric, including `HELP` and `TYPE`. */
function linesOf(name: string, text: string): string[] {
  const start = new RegExp(`^(?:# (?:HELP|TYPE) )?${name}(?:_bucket|_sum|_count)?[ {]`);
  return text.split("\n").filter((line) => start.test(line));
}

/** Returns the name of each metric that has a `TYPE` line. */
const typed = (text: string) => [...text.matchAll(/^# TYPE (\S+) /gm)].map(([, name]) => name);

describe("the text of a scrape", () => {
  it("lists the series of a counter below one HELP and one TYPE line", () => {
    const sums = new Map([
      ["requests|articles|hit|memory", 12],
      ["reportsLost", 3],
      ["requests|shop|stored|origin", 1],
    ]);
    expect(linesOf("tidemark_requests_total", prometheusText(shown(sums)))).toEqual([
      `# HELP tidemark_requests_total ${families.requests.help}`,
      "# TYPE tidemark_requests_total counter",
      'tidemark_requests_total{route="articles",result="hit",tier="memory"} 12',
      'tidemark_requests_total{route="shop",result="stored",tier="origin"} 1',
    ]);
  });

  it("contains 0 for counters without labels, and no line for other unused counters", () => {
    const text = prometheusText(shown(new Map([["purges", 2]])));
    expect(linesOf("tidemark_purges_total", text).at(-1)).toBe("tidemark_purges_total 2");
    expect(linesOf("tidemark_reports_lost_total", text).at(-1)).toBe(
      "tidemark_reports_lost_total 0",
    );
    expect(linesOf("tidemark_requests_total", text)).toEqual([]);
    expect(linesOf("tidemark_origin_seconds", text)).toEqual([]);
  });

  it("contains cumulative buckets of a histogram, in seconds", () => {
    const sums: Sums = new Map();
    for (const tookMs of [0.1, 0.25, 3, 100_000])
      addDuration(sums, "originSeconds|articles", tookMs);
    addDuration(sums, "originSeconds|shop", 70);
    const lines = linesOf("tidemark_origin_seconds", prometheusText(shown(sums)));
    const of = (route: string) => lines.filter((line) => line.includes(`route="${route}"`));
    const counts = of("articles").map((line) => Number(line.split(" ").at(-1)));
    expect(of("articles")).toHaveLength(boundsMs.length + 3);
    const bounds = of("articles").map((line) => /le="([^"]+)"/.exec(line)?.[1]);
    expect(new Set(bounds).size).toBe(boundsMs.length + 2);
    expect(of("articles").slice(0, 3)).toEqual([
      'tidemark_origin_seconds_bucket{route="articles",le="0.00025"} 2',
      'tidemark_origin_seconds_bucket{route="articles",le="0.000353553"} 2',
      'tidemark_origin_seconds_bucket{route="articles",le="0.0005"} 2',
    ]);
    expect(of("articles").find((line) => line.endsWith(" 3"))).toContain('le="0.004"');
    expect(of("articles").slice(-4)).toEqual([
      'tidemark_origin_seconds_bucket{route="articles",le="65.536"} 3',
      'tidemark_origin_seconds_bucket{route="articles",le="+Inf"} 4',
      'tidemark_origin_seconds_sum{route="articles"} 100.00335',
      'tidemark_origin_seconds_count{route="articles"} 4',
    ]);
    expect(counts.slice(0, -2)).toEqual(counts.slice(0, -2).toSorted((one, other) => one - other));
    expect(of("shop").at(-1)).toBe('tidemark_origin_seconds_count{route="shop"} 1');
  });

  it("escapes quotes, backslashes and line feeds in a label", () => {
    const sums = new Map([['negativeHits|a "b" \\ c\nd', 1]]);
    expect(linesOf("tidemark_negative_hits_total", prometheusText(shown(sums))).at(-1)).toBe(
      String.raw`tidemark_negative_hits_total{route="a \"b\" \\ c\nd"} 1`,
    );
  });

  it.each([
    "teleports|articles",
    "constructor",
    "negativeHits|articles|hit",
    "requests|articles|hit",
    "purges|b3",
    "originSeconds|articles|hit|b3",
    "originSeconds|articles|b38",
    "originSeconds|articles|max",
    "originSeconds|articles",
    "",
  ])("leaves out a series that this version does not know: %j", (series) => {
    const known = [["purges", 1]] as const;
    const text = prometheusText(shown(new Map([...known, [series, 5]])));
    expect(text).toBe(prometheusText(shown(new Map(known))));
  });
});

describe("the gauges of a scrape", () => {
  const state = madeState(2_000);

  it("have the values of the newest report of each colo", () => {
    const text = prometheusText(shown(new Map(), [["HAM", state]]));
    const lines = text.split("\n").filter((line) => line.includes('colo="HAM"'));
    expect(lines).toEqual([
      'tidemark_journal_lag_seconds{colo="HAM"} 0.18',
      'tidemark_journal_lag_worst_seconds{colo="HAM"} 0.9',
      'tidemark_view_age_seconds{colo="HAM"} 0.4',
      'tidemark_memory_tier_bytes{colo="HAM"} 4096',
      'tidemark_memory_tier_records{colo="HAM"} 3',
      'tidemark_last_report_timestamp_seconds{colo="HAM"} 2',
    ]);
  });

  it("leave out values that a colo does not know", () => {
    const unknown = { ...state, lagMs: null, lagWorstMs: null, viewAgeMs: null };
    const text = prometheusText(shown(new Map(), [["HAM", unknown]]));
    expect(typed(text).filter((name) => /lag|view_age/.test(name ?? ""))).toEqual([]);
    expect(text).toContain('tidemark_memory_tier_bytes{colo="HAM"} 4096');
  });

  it("have values of Redis and of the deployment", () => {
    const lines = prometheusText(shown(new Map([["purges", 1]]))).split("\n");
    expect(lines).toEqual(
      expect.arrayContaining([
        "tidemark_start_time_seconds 1.5",
        'tidemark_build_info{version="1.2.3"} 1',
        "tidemark_purge_bound_seconds 10",
        "tidemark_redis_up 1",
        "tidemark_redis_memory_bytes 700",
        "tidemark_redis_memory_max_bytes 1000",
        "tidemark_redis_keys 12",
        "tidemark_redis_evicted_keys_total 4",
        "# TYPE tidemark_redis_evicted_keys_total counter",
        "# TYPE tidemark_redis_keys gauge",
      ]),
    );
  });

  it("have no start time before the first report", () => {
    expect(typed(prometheusText(shown(new Map())))).not.toContain("tidemark_start_time_seconds");
  });

  it("have only tidemark_redis_up 0 for a Redis without INFO", () => {
    const text = prometheusText({ ...shown(new Map()), info: null });
    expect(typed(text).filter((name) => name?.startsWith("tidemark_redis"))).toEqual([
      "tidemark_redis_up",
    ]);
    expect(text).toContain("\ntidemark_redis_up 0\n");
  });

  it("leave out the memory limit if Redis has none", () => {
    const text = prometheusText({ ...shown(new Map()), info: { ...info, maxBytes: null } });
    expect(text).not.toContain("max_bytes");
  });
});

describe("the text of a scrape of a site with traffic", () => {
  const samples = [{ labels: ["edge"], value: 3 }];
  const ofPart = { kind: "gauge", name: "tidemark_a", help: "A", labels: ["b"], samples } as const;
  const text = prometheusText({ totals: madeTotals(5), info, build, ofParts: [ofPart] });

  it("contains each family and each gauge once", () => {
    const names = [...Object.values(families), ...gauges, ofPart].map(({ name }) => name);
    expect(typed(text)).toEqual(names);
  });

  it.runIf(isPrometheusInstalled)("passes the check of promtool", () => {
    expect(promtool(["check", "metrics"], text)).toEqual({ status: 0, said: "" });
  });

  it.runIf(isPrometheusInstalled)("fails the check of promtool with a wrong metric name", () => {
    const faulty = text.replaceAll("tidemark_purges_total", "tidemark_purges_ms");
    expect(promtool(["check", "metrics"], faulty).status).not.toBe(0);
  });
});
