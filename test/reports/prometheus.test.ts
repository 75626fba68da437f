// The text of a scrape: exact for each kind of family, and as promtool wants it for all of them.
import { describe, expect, it } from "vitest";
import { families } from "../../src/protocol/families.ts";
import { boundsMs } from "../../src/observe/histogram.ts";
import { addDuration, type Sums } from "../../src/observe/sums.ts";
import { gauges, type ScrapeData } from "../../src/reports/gauges.ts";
import { prometheusText } from "../../src/reports/prometheus.ts";
import type { ColoState } from "../../src/reports/totals.ts";
import { madeState, madeTotals } from "../../testing/monitoring/made-totals.ts";
import { isPrometheusInstalled, promtool } from "../../testing/monitoring/promtool.ts";

const build = { version: "1.2.3", purgeBoundSeconds: 10 };
const bytes = { usedBytes: 700, maxBytes: 1_000, usedRatio: 0.7 };
const info = { ...bytes, policy: "noeviction", evictedKeys: 4, keys: 12 };

function shown(sums: Sums, colos: readonly (readonly [string, ColoState])[] = []): ScrapeData {
  const totals = { startedAtMs: 1_500, sums, colos: new Map(colos), windows: [] };
  return { totals, info, build };
}

/** @returns the lines about a metric, its head included */
function linesOf(name: string, text: string): string[] {
  const start = new RegExp(`^(?:# (?:HELP|TYPE) )?${name}(?:_bucket|_sum|_count)?[ {]`);
  return text.split("\n").filter((line) => start.test(line));
}

/** @returns the name of each metric, as its TYPE says */
const typed = (text: string) => [...text.matchAll(/^# TYPE (\S+) /gm)].map(([, name]) => name);

describe("a scrape", () => {
  it("has a counter's series under one head", () => {
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

  it("begins each counter without labels at 0, and no other", () => {
    const text = prometheusText(shown(new Map([["purges", 2]])));
    expect(linesOf("tidemark_purges_total", text).at(-1)).toBe("tidemark_purges_total 2");
    expect(linesOf("tidemark_reports_lost_total", text).at(-1)).toBe(
      "tidemark_reports_lost_total 0",
    );
    expect(linesOf("tidemark_requests_total", text)).toEqual([]);
    expect(linesOf("tidemark_origin_seconds", text)).toEqual([]);
  });

  it("adds a histogram's buckets up, in seconds", () => {
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

  it("escapes what a label may hold", () => {
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

describe("gauges", () => {
  const state = madeState(2_000);

  it("tell of each colo by its newest report", () => {
    const text = prometheusText(shown(new Map(), [["HAM", state]]));
    const told = text.split("\n").filter((line) => line.includes('colo="HAM"'));
    expect(told).toEqual([
      'tidemark_journal_lag_seconds{colo="HAM"} 0.18',
      'tidemark_journal_lag_worst_seconds{colo="HAM"} 0.9',
      'tidemark_view_age_seconds{colo="HAM"} 0.4',
      'tidemark_memory_tier_bytes{colo="HAM"} 4096',
      'tidemark_memory_tier_records{colo="HAM"} 3',
      'tidemark_last_report_timestamp_seconds{colo="HAM"} 2',
    ]);
  });

  it("leave out what a colo cannot tell", () => {
    const unknown = { ...state, lagMs: null, lagWorstMs: null, viewAgeMs: null };
    const text = prometheusText(shown(new Map(), [["HAM", unknown]]));
    expect(typed(text).filter((name) => /lag|view_age/.test(name ?? ""))).toEqual([]);
    expect(text).toContain('tidemark_memory_tier_bytes{colo="HAM"} 4096');
  });

  it("tell of the database and of the deployment", () => {
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

  it("tell no beginning before the first report", () => {
    expect(typed(prometheusText(shown(new Map())))).not.toContain("tidemark_start_time_seconds");
  });

  it("say that the database did not tell of itself, and no more of it", () => {
    const text = prometheusText({ ...shown(new Map()), info: null });
    expect(typed(text).filter((name) => name?.startsWith("tidemark_redis"))).toEqual([
      "tidemark_redis_up",
    ]);
    expect(text).toContain("\ntidemark_redis_up 0\n");
  });

  it("leave out a bound that the database does not have", () => {
    const text = prometheusText({ ...shown(new Map()), info: { ...info, maxBytes: null } });
    expect(text).not.toContain("max_bytes");
  });
});

describe("of a site with traffic", () => {
  const text = prometheusText({ totals: madeTotals(5), info, build });

  it("has every family and every gauge, each under one head", () => {
    const names = [...Object.values(families), ...gauges].map(({ name }) => name);
    expect(typed(text)).toEqual(names);
  });

  it.runIf(isPrometheusInstalled)("is as promtool wants it", () => {
    expect(promtool(["check", "metrics"], text)).toEqual({ status: 0, said: "" });
  });

  it.runIf(isPrometheusInstalled)("is not: promtool finds a fault", () => {
    const faulty = text.replaceAll("tidemark_purges_total", "tidemark_purges_ms");
    expect(promtool(["check", "metrics"], faulty).status).not.toBe(0);
  });
});
