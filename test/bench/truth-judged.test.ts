// Tests the conditions under which the bench of the metrics passes or fails.
import { describe, expect, it } from "vitest";
import type { Life } from "../../bench/truth/colo-lives.ts";
import { type Figure, holds } from "../../bench/truth/figure.ts";
import { figuresOf } from "../../bench/truth/judged.ts";
import { reportedFigures } from "../../bench/truth/reported.ts";
import type { TruthRun } from "../../bench/truth/run.ts";
import { bucketOfQuantile, Scraped } from "../../bench/truth/scraped.ts";
import type { Row } from "../../bench/truth/seen.ts";

const pace = { busyAfterMs: 60_000, busyRequests: 1_000, quietAfterMs: 300_000 };

const hit: Row = {
  result: "hit",
  tier: "memory",
  isStaleIfError: false,
  colo: 0,
  route: "news",
  prefix: "",
  status: 200,
  startedAtMs: 9_990,
  endedAtMs: 10_000,
  headTookMs: 10,
  bytes: 5,
};

const requests = (result: string, count: number): string =>
  `tidemark_requests_total{route="news",result="${result}",tier="memory"} ${count}\n` +
  `tidemark_response_bytes_total{route="news",result="${result}",tier="memory"} ${5 * count}\n`;

function runOf(of: { rows: readonly Row[]; metrics: string; lives?: readonly Life[] }): TruthRun {
  const lives = of.lives ?? [];
  return {
    purges: [],
    origin: [],
    commands: [],
    reports: [],
    lateMsMax: 0,
    kills: { now: 0, "report not taken": 0, "report not answered": 0 },
    pace,
    ...of,
    lives,
  };
}

const originRow = {
  colo: 0,
  route: "news",
  status: 200,
  isAnonymous: false,
  atMs: 0,
  tookMs: 1,
};

const notHeld = (figures: readonly Figure[]): Figure[] => figures.filter((each) => !holds(each));

/**
 * Returns the failed figures without those about the content of reports, which are tested below.
 */
const failedIn = (run: TruthRun): string[] =>
  notHeld(figuresOf(run))
    .filter(({ group }) => !group.startsWith("families"))
    .map(({ group, what }) => `${group}: ${what}`);

const life = (untilMs: number, toldAtMs: readonly number[], isWhole = true): Life => ({
  colo: 0,
  fromMs: 0,
  untilMs,
  tellings: toldAtMs.map((atMs) => ({ atMs, reports: 0, isWhole, gauges: "" })),
});

const found = { rows: [hit], metrics: requests("hit", 1) };
const whole = runOf(found);
const allRequests = "requests by route and result: all";
const ofHits = "requests by route and result: news|hit";

describe("a run in which no isolate is killed", () => {
  it("passes if the counts are equal", () => {
    expect(failedIn(runOf({ rows: [hit, hit], metrics: requests("hit", 2) }))).toEqual([]);
  });

  it.each([1, 3])("fails if two hits count as %i", (count) => {
    const failed = failedIn(runOf({ rows: [hit, hit], metrics: requests("hit", count) }));
    expect(failed).toEqual(expect.arrayContaining([ofHits, allRequests]));
    expect(failed).toContain("hits by route and tier: news|hit|memory");
    expect(failed).toContain("bytes by route and result: news|hit");
  });

  it("fails for a request that the load never sent", () => {
    const metrics = requests("hit", 1) + requests("limited", 1);
    const failed = [allRequests, "bytes by route and result: all"];
    expect(failedIn(runOf({ rows: [hit], metrics }))).toEqual(failed);
  });

  it("fails for a request without an answer", () => {
    const rows = [hit, { ...hit, status: 0, result: "failed" }];
    const failed = ["reports: requests without an answer"];
    expect(failedIn(runOf({ ...found, rows }))).toEqual(failed);
  });

  it("fails for an uncounted purge and an uncounted request to the origin", () => {
    const purges = [{ colo: 0, status: 200, endedAtMs: 0 }];
    expect(failedIn({ ...whole, origin: [originRow], purges })).toEqual([
      "requests to the origin: all",
      "responses of the origin, by route and class: news|2xx",
      "purges: all",
    ]);
  });

  it("accepts a hit with ttl=0 as fresh or stale, and counts it once", () => {
    const rows = [hit, { ...hit, result: "hit or stale-hit" }];
    const failed = (metrics: string) => failedIn(runOf({ rows, metrics }));
    expect(failed(requests("hit", 2))).toEqual([]);
    expect(failed(requests("hit", 1) + requests("stale-hit", 1))).toEqual([]);
    const both = "requests by route and result: news|hit and stale-hit";
    expect(failed(requests("hit", 1))).toContain(both);
  });

  const counted = (purpose: string, count: number) =>
    `tidemark_redis_commands_total{purpose="${purpose}"} ${count}\n`;
  const lookUps = (count: number) => counted("look-up", count);
  const timeout = `tidemark_redis_failures_total{cause="timeout"} 1\n`;
  const killed = [{ ...life(31_000, []), colo: 1 }];

  /** Three lookups were sent before the last report, and one after it. */
  it.each<[id: string, metrics: string, failed: number, lives?: readonly Life[]]>([
    ["no lookups", "", 1],
    ["the lookups before the last report", lookUps(3), 0],
    ["also the lookup after the last report", lookUps(4), 1],
    ["a lookup without an answer", lookUps(4) + timeout, 0],
    ["too many lookups", lookUps(8) + timeout, 1],
    ["a lookup of a killed isolate", lookUps(4), 0, killed],
    ["too many lookups of a killed isolate", lookUps(5), 1, killed],
  ])("compares the commands of Redis: %s", (_, metrics, failed, lives = []) => {
    const commands = [{ told: { "look-up": 3 }, sent: { "look-up": 4 } } as never];
    const run = { ...whole, commands, lives, metrics: whole.metrics + metrics };
    expect(failedIn(run)).toHaveLength(failed);
  });

  it("compares the commands for information by the purpose `room`", () => {
    const looks = { "database information": 3 };
    const commands = [{ told: looks, sent: looks } as never];
    const failed = (count: number) =>
      failedIn({ ...whole, commands, metrics: whole.metrics + counted("room", count) });
    expect([failed(3).length, failed(2).length]).toEqual([0, 1]);
  });
});

describe("a run in which an isolate is killed", () => {
  const late = { ...hit, endedAtMs: 30_000 };
  const killed = [life(31_000, [20_000])];
  const another = [life(Infinity, [20_000]), { ...life(31_000, []), colo: 1 }];

  it.each<[id: string, count: number, isRight: boolean, lives?: readonly Life[]]>([
    ["all counts", 0, false],
    ["all counts after a partial report", 0, true, [life(31_000, [20_000], false)]],
    ["the unreported counts", 1, true],
    ["the counts of another isolate", 1, false, another],
    ["no counts", 3, true],
    ["less than no counts", 4, false],
  ])(
    "may lack only the counts since its last report: %s, %i of 3, %s",
    (_, count, isRight, lives = killed) => {
      const metrics = requests("hit", count);
      const failed = failedIn(runOf({ rows: [hit, late, late], metrics, lives }));
      expect(failed.includes(ofHits)).toBe(!isRight);
    },
  );

  it("fails if an isolate reports later than documented", () => {
    const busy = Array.from({ length: 1_100 }, (_, at) => ({ ...hit, endedAtMs: 100 * at }));
    const lives = [life(111_000, [109_000])];
    const metrics = requests("hit", 1_100);
    expect(failedIn(runOf({ rows: busy, metrics, lives }))).toEqual(["reports: later than stated"]);
    const inTime = [life(111_000, [61_000])];
    expect(failedIn(runOf({ rows: busy, metrics, lives: inTime }))).toEqual([]);
  });
});

describe("the content of reports", () => {
  const report = JSON.stringify({
    "requests|news|hit": { memory: 2 },
    "originSeconds|news": { b3: 1, b4: 1, sum: 0.5 },
  });
  const metrics = (requestCount: number, durationCount: number) =>
    new Scraped(
      `tidemark_requests_total{route="news",result="hit",tier="memory"} ${requestCount}\n` +
        `tidemark_origin_seconds_count{route="news"} ${durationCount}\n`,
    );

  it.each([
    { id: "it equals the metrics", requestCount: 4, durationCount: 4, failed: [] },
    {
      id: "requests are missing in the metrics",
      requestCount: 2,
      durationCount: 4,
      failed: ["requests"],
    },
    {
      id: "durations count twice in the metrics",
      requestCount: 4,
      durationCount: 6,
      failed: ["originSeconds"],
    },
  ])("is compared with the metrics: $id", ({ requestCount, durationCount, failed }) => {
    const figures = reportedFigures([report, report], metrics(requestCount, durationCount));
    expect(figures).toHaveLength(2);
    expect(notHeld(figures).map(({ what }) => what)).toEqual(failed);
  });

  it("is judged together with the other figures", () => {
    const run = runOf({ rows: [hit], metrics: requests("hit", 1) });
    expect(notHeld(figuresOf(run)).map(({ what }) => what)).toEqual(["requests", "responseBytes"]);
  });
});

describe("a percentile", () => {
  const text = ["0.1", "0.2", "+Inf"]
    .map((le, at) => `h_bucket{route="a",le="${le}"} ${[98, 99, 100][at]}\n`)
    .join("");
  const buckets = new Scraped(text).buckets("h", { route: "a" });

  it("lies in the bucket of the smallest value that its share does not exceed", () => {
    expect(buckets.map(({ count }) => count)).toEqual([98, 1, 1]);
    expect([0.5, 0.99, 1].map((share) => bucketOfQuantile(buckets, share))).toEqual([0, 1, 2]);
    expect(bucketOfQuantile([], 0.99)).toBe(-1);
  });
});

it("rejects a text that is no scrape", () => {
  expect(() => new Scraped("# HELP x\nno sample here\n")).toThrow("not a sample");
});
