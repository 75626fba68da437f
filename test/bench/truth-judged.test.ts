// When the bench of the metrics' truth passes, and when it fails.
import { describe, expect, it } from "vitest";
import type { Commands, Life } from "../../bench/truth/colo-lives.ts";
import { type Figure, holds } from "../../bench/truth/figure.ts";
import { figuresOf } from "../../bench/truth/judged.ts";
import { reportedFigures } from "../../bench/truth/reported.ts";
import type { TruthRun } from "../../bench/truth/run.ts";
import { bucketIn, bucketOfQuantile, Scraped } from "../../bench/truth/scraped.ts";
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

/** What reports say has a table of its own below. */
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

describe("while no isolate dies", () => {
  it("all is equal", () => {
    expect(failedIn(runOf({ rows: [hit, hit], metrics: requests("hit", 2) }))).toEqual([]);
  });

  it.each([
    { id: "one is missing", count: 1 },
    { id: "one counts twice", count: 3 },
  ])("$id: that fails", ({ count }) => {
    const failed = failedIn(runOf({ rows: [hit, hit], metrics: requests("hit", count) }));
    expect(failed).toContain("requests by route and result: news|hit");
    expect(failed).toContain("requests by route and result: all");
    expect(failed).toContain("hits by route and tier: news|hit|memory");
    expect(failed).toContain("bytes by route and result: news|hit");
  });

  it("what the load never saw fails", () => {
    const metrics = requests("hit", 1) + requests("limited", 1);
    expect(failedIn(runOf({ rows: [hit], metrics }))).toEqual([
      "requests by route and result: all",
      "bytes by route and result: all",
    ]);
  });

  it("a hit with ttl=0 may be either, and is one of both", () => {
    const rows = [hit, { ...hit, result: "hit or stale-hit" }];
    expect(failedIn(runOf({ rows, metrics: requests("hit", 2) }))).toEqual([]);
    const either = requests("hit", 1) + requests("stale-hit", 1);
    expect(failedIn(runOf({ rows, metrics: either }))).toEqual([]);
    expect(failedIn(runOf({ rows, metrics: requests("hit", 1) }))).toContain(
      "requests by route and result: news|hit and stale-hit",
    );
  });

  it("a request without an answer fails", () => {
    const rows = [hit, { ...hit, status: 0, result: "failed" }];
    expect(failedIn(runOf({ rows, metrics: requests("hit", 1) }))).toEqual([
      "reports: requests without an answer",
    ]);
  });

  it("a purge, and a request to the origin, that are not told fail", () => {
    const run = runOf({ rows: [hit], metrics: requests("hit", 1) });
    const origin = [originRow];
    const purges = [{ colo: 0, status: 200, endedAtMs: 0 }];
    expect(failedIn({ ...run, origin, purges })).toEqual([
      "requests to the origin: all",
      "what the origin answered, by route and class: news|2xx",
      "purges: all",
    ]);
  });

  it("an anonymous request for a private page is refused beside those of its clients", () => {
    const row: Row = { ...hit, result: "forwarded", route: "mine", rule: "private" };
    const own = { ...originRow, route: "mine" };
    const origin = [own, { ...own, isAnonymous: true }];
    const refused = (count: number) => {
      const metrics = `tidemark_store_refusals_total{route="mine",rule="private"} ${count}\n`;
      const figures = figuresOf({ ...runOf({ rows: [row], metrics }), origin });
      return notHeld(figures).filter(({ group }) => group.startsWith("refusals"));
    };
    expect(refused(2)).toEqual([]);
    expect(refused(1)).toHaveLength(1);
    expect(refused(3)).toHaveLength(1);
  });

  it("a check of the database's room is told under another name than its commands have", () => {
    const run = runOf({ rows: [hit], metrics: requests("hit", 1) });
    const told = { "database information": 3 } as unknown as Commands;
    const metric = (count: number) =>
      `${run.metrics}tidemark_redis_commands_total{purpose="room"} ${count}\n`;
    const failed = (count: number) =>
      failedIn({ ...run, commands: [{ told, sent: told }], metrics: metric(count) });
    expect(failed(3)).toEqual([]);
    expect(failed(2)).toHaveLength(1);
  });

  it("commands that were sent before a report and are not in it fail", () => {
    const run = runOf({ rows: [hit], metrics: requests("hit", 1) });
    const told = { "look-up": 3 } as unknown as Commands;
    const commands = [{ told, sent: { "look-up": 4 } as unknown as Commands }];
    expect(failedIn({ ...run, commands })).toEqual(["commands of Redis, by purpose: look-up"]);
    const metric = (count: number) =>
      `${run.metrics}tidemark_redis_commands_total{purpose="look-up"} ${count}\n`;
    expect(failedIn({ ...run, commands, metrics: metric(3) })).toEqual([]);
    // What no answer came to may not have left.
    const failures = `tidemark_redis_failures_total{cause="timeout"} 1\n`;
    expect(failedIn({ ...run, commands, metrics: metric(4) + failures })).toEqual([]);
    expect(failedIn({ ...run, commands, metrics: metric(8) + failures })).toHaveLength(1);
    // What was sent behind the last report is in none.
    expect(failedIn({ ...run, commands, metrics: metric(4) })).toHaveLength(1);
    const lives = [{ ...life(31_000, []), colo: 1 }];
    expect(failedIn({ ...run, commands, metrics: metric(4), lives })).toEqual([]);
    expect(failedIn({ ...run, commands, metrics: metric(5), lives })).toHaveLength(1);
  });
});

describe("where isolates are killed", () => {
  const late = { ...hit, endedAtMs: 30_000 };
  const rows = [hit, late, late];

  it("what one had not told may be missing, and no more", () => {
    const lives = [life(31_000, [20_000])];
    for (const [count, isRight] of [
      [0, false],
      [1, true],
      [3, true],
      [4, false],
    ] as const) {
      const failed = failedIn(runOf({ rows, metrics: requests("hit", count), lives }));
      expect([count, failed.length === 0 || failed.join() === "reports: taken"]).toEqual([
        count,
        isRight,
      ]);
    }
  });

  it("what it had told in a part of its reports may be missing", () => {
    const metrics = requests("hit", 0);
    expect(failedIn(runOf({ rows, metrics, lives: [life(31_000, [20_000], false)] }))).toEqual([]);
  });

  it("nothing of a living one may be missing", () => {
    const metrics = requests("hit", 1);
    const lives = [life(Infinity, [20_000]), { ...life(31_000, []), colo: 1 }];
    expect(failedIn(runOf({ rows, metrics, lives }))).toContain(
      "requests by route and result: news|hit",
    );
  });

  it("one that tells later than stated fails", () => {
    const busy = Array.from({ length: 1_100 }, (_, at) => ({ ...hit, endedAtMs: 100 * at }));
    const lives = [life(111_000, [109_000])];
    const metrics = requests("hit", 1_100);
    expect(failedIn(runOf({ rows: busy, metrics, lives }))).toEqual(["reports: later than stated"]);
    // It became busy after a minute and a half.
    const busyLate = [life(111_000, [101_000])];
    const thousand = runOf({ rows: busy.slice(0, 1_010), metrics, lives: busyLate });
    expect(failedIn(thousand)).not.toContain("reports: later than stated");
    const inTime = [life(111_000, [61_000])];
    expect(failedIn(runOf({ rows: busy, metrics, lives: inTime }))).toEqual([]);
  });
});

describe("what reports say", () => {
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
    { id: "is in the metrics", requestCount: 4, durationCount: 4, failed: [] },
    { id: "is missing", requestCount: 2, durationCount: 4, failed: ["requests"] },
    { id: "counts twice", requestCount: 4, durationCount: 6, failed: ["originSeconds"] },
  ])("$id", ({ requestCount, durationCount, failed }) => {
    const figures = reportedFigures([report, report], metrics(requestCount, durationCount));
    expect(figures).toHaveLength(2);
    expect(notHeld(figures).map(({ what }) => what)).toEqual(failed);
  });

  it("is a part of what is judged", () => {
    const run = runOf({ rows: [hit], metrics: requests("hit", 1) });
    expect(notHeld(figuresOf(run)).map(({ what }) => what)).toEqual(["requests", "responseBytes"]);
  });
});

describe("a percentile", () => {
  const text = ["0.1", "0.2", "+Inf"]
    .map((le, at) => `h_bucket{route="a",le="${le}"} ${[98, 99, 100][at]}\n`)
    .join("");
  const buckets = new Scraped(text).buckets("h", { route: "a" });

  it("lies in the bucket of the least value that its share do not exceed", () => {
    expect(buckets.map(({ count }) => count)).toEqual([98, 1, 1]);
    expect([0.5, 0.99, 1].map((share) => bucketOfQuantile(buckets, share))).toEqual([0, 1, 2]);
    expect(bucketOfQuantile([], 0.99)).toBe(-1);
  });

  it("of what was measured lies in the bucket whose bound it does not exceed", () => {
    expect([0.1, 0.11, 7].map((seconds) => bucketIn(buckets, seconds))).toEqual([0, 1, 2]);
  });
});

describe("a text of metrics", () => {
  it("that is none is an error", () => {
    expect(() => new Scraped("# HELP x\nno sample here\n")).toThrow("This is no sample");
  });
});
