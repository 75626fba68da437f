// The conditions under which the bench of the metrics passes and fails.
import { describe, expect, it } from "vitest";
import type { Commands, Life } from "../../bench/truth/colo-lives.ts";
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

/** Reports are tested below. */
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

describe("while no isolate is killed", () => {
  const all = "requests by route and result: all";
  it.each<{ id: string; run: TruthRun; failed: readonly string[] }>([
    {
      id: "equal counts",
      run: runOf({ rows: [hit, hit], metrics: requests("hit", 2) }),
      failed: [],
    },
    {
      id: "a request that the load never sent",
      run: runOf({ rows: [hit], metrics: requests("hit", 1) + requests("limited", 1) }),
      failed: [all, "bytes by route and result: all"],
    },
    {
      id: "a request without an answer",
      run: runOf({ ...found, rows: [hit, { ...hit, status: 0, result: "failed" }] }),
      failed: ["reports: requests without an answer"],
    },
    {
      id: "an uncounted purge and origin request",
      run: {
        ...runOf(found),
        origin: [originRow],
        purges: [{ colo: 0, status: 200, endedAtMs: 0 }],
      },
      failed: [
        "requests to the origin: all",
        "what the origin answered, by route and class: news|2xx",
        "purges: all",
      ],
    },
  ])("$id: $failed.length failures", ({ run, failed }) => {
    expect(failedIn(run)).toEqual(failed);
  });

  it.each([1, 3])("fails if two hits count as %i", (count) => {
    const failed = failedIn(runOf({ rows: [hit, hit], metrics: requests("hit", count) }));
    const groups = ["requests by route and result: news|hit", all];
    expect(failed).toEqual(expect.arrayContaining(groups));
    expect(failed).toContain("hits by route and tier: news|hit|memory");
    expect(failed).toContain("bytes by route and result: news|hit");
  });

  it("accepts a hit with ttl=0 as fresh or stale, and counts it once", () => {
    const rows = [hit, { ...hit, result: "hit or stale-hit" }];
    expect(failedIn(runOf({ rows, metrics: requests("hit", 2) }))).toEqual([]);
    const either = requests("hit", 1) + requests("stale-hit", 1);
    expect(failedIn(runOf({ rows, metrics: either }))).toEqual([]);
    expect(failedIn(runOf({ rows, metrics: requests("hit", 1) }))).toContain(
      "requests by route and result: news|hit and stale-hit",
    );
  });

  const counted = (purpose: string, count: number) =>
    `tidemark_redis_commands_total{purpose="${purpose}"} ${count}\n`;
  const timeout = `tidemark_redis_failures_total{cause="timeout"} 1\n`;
  const killed = [{ ...life(31_000, []), colo: 1 }];
  const lookUps = { told: { "look-up": 3 }, sent: { "look-up": 4 } };
  const looks = { told: { "database information": 3 }, sent: { "database information": 3 } };

  it.each([
    { id: "a missing check of room", of: looks, metrics: counted("room", 2), failed: 1 },
    { id: "no commands", of: lookUps, metrics: "", failed: 1 },
    { id: "those before the last report", of: lookUps, metrics: counted("look-up", 3), failed: 0 },
    { id: "one after it", of: lookUps, metrics: counted("look-up", 4), failed: 1 },
    {
      id: "one without an answer",
      of: lookUps,
      metrics: counted("look-up", 4) + timeout,
      failed: 0,
    },
    {
      id: "one of a killed isolate",
      of: lookUps,
      metrics: counted("look-up", 4),
      lives: killed,
      failed: 0,
    },
    { id: "too many of it", of: lookUps, metrics: counted("look-up", 5), lives: killed, failed: 1 },
  ])("compares the commands of Redis: $id", ({ of, metrics, lives, failed }) => {
    const run = runOf({ ...found, metrics: found.metrics + metrics, ...(lives && { lives }) });
    const commands = [of as unknown as { told: Commands; sent: Commands }];
    expect(failedIn({ ...run, commands })).toHaveLength(failed);
  });
});

describe("where an isolate is killed", () => {
  const late = { ...hit, endedAtMs: 30_000 };
  const rows = [hit, late, late];
  const countMissing = "requests by route and result: news|hit";

  it.each([
    { id: "all", count: 0, lives: [life(31_000, [20_000])], isRight: false },
    { id: "what it had not reported", count: 1, lives: [life(31_000, [20_000])], isRight: true },
    { id: "nothing", count: 3, lives: [life(31_000, [20_000])], isRight: true },
    { id: "less than nothing", count: 4, lives: [life(31_000, [20_000])], isRight: false },
    {
      id: "a part of its reports",
      count: 0,
      lives: [life(31_000, [20_000], false)],
      isRight: true,
    },
    {
      id: "what another has not reported",
      count: 1,
      lives: [life(Infinity, [20_000]), { ...life(31_000, []), colo: 1 }],
      isRight: false,
    },
  ])("may be missing: $id ($isRight)", ({ count, lives, isRight }) => {
    const failed = failedIn(runOf({ rows, metrics: requests("hit", count), lives }));
    expect(failed.includes(countMissing)).toBe(!isRight);
  });

  it("fails if it reports later than documented", () => {
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
    { id: "equals the metrics", requestCount: 4, durationCount: 4, failed: [] },
    { id: "is missing", requestCount: 2, durationCount: 4, failed: ["requests"] },
    { id: "counts twice", requestCount: 4, durationCount: 6, failed: ["originSeconds"] },
  ])("$id", ({ requestCount, durationCount, failed }) => {
    const figures = reportedFigures([report, report], metrics(requestCount, durationCount));
    expect(figures).toHaveLength(2);
    expect(notHeld(figures).map(({ what }) => what)).toEqual(failed);
  });

  it("is judged with the rest", () => {
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
  expect(() => new Scraped("# HELP x\nno sample here\n")).toThrow("This is no sample");
});
