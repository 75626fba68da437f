// Tests how Tidemark treats a failing origin. It pauses requests for a failing page, opens the breaker of an
// origin with several failing paths, probes both, and limits retries.
import { describe, expect, it } from "vitest";
import { OriginHealth } from "../../src/platform/origin-health.ts";
import { readTarget } from "../../src/routing/target.ts";

const origin = "default";
const pageOf = (page: string) => ({
  origin,
  page,
  isAnonymous: true,
  route: { origin },
  key: { text: page },
  target: readTarget(`https://www.example.com${page}`),
});
const [fine, error] = [{ isError: false }, { isError: true }];
const well = { kind: "well" };
const probe = (kind: "down" | "page-failing") => ({ kind, isProbe: true });
const pause = (kind: "down" | "page-failing") => ({ kind, isProbe: false });

/** Lets a page fail, and also the probe that follows if one is due. */
function fail(health: OriginHealth, page: string, atMs: number): void {
  if (health.failed(pageOf(page), atMs)) health.probeFailed(origin, atMs);
}

/** Returns the health after `count` pages have failed in a row. */
function afterFailures(count: number): OriginHealth {
  const health = new OriginHealth();
  for (let nth = 0; nth < count; nth += 1) fail(health, `/${nth}`, 0);
  return health;
}

describe("a page that failed", () => {
  it.each([
    { id: "at-once", atMs: 0, state: pause("page-failing") },
    { id: "just-before", atMs: 999, state: pause("page-failing") },
    { id: "after-a-second", atMs: 1_000, state: probe("page-failing") },
    { id: "clock-set-back", atMs: -60_000, state: probe("page-failing") },
  ])("is not requested again for a second: $id", ({ atMs, state }) => {
    expect(afterFailures(1).ask(pageOf("/0"), atMs)).toEqual(state);
  });

  it("is probed by one request a second", () => {
    const health = afterFailures(1);
    expect(health.ask(pageOf("/0"), 1_000)).toEqual(probe("page-failing"));
    expect(health.ask(pageOf("/0"), 1_999)).toEqual(pause("page-failing"));
    expect(health.ask(pageOf("/0"), 2_000)).toEqual(probe("page-failing"));
  });

  it("does not affect another page", () => {
    expect(afterFailures(1).ask(pageOf("/1"), 0)).toEqual(well);
  });

  it.each([
    { id: "fine", answer: fine, state: well },
    { id: "an-error", answer: error, state: pause("page-failing") },
  ])("recovers only with an answer that is no error: $id", ({ answer, state }) => {
    const health = afterFailures(1);
    health.answered(pageOf("/0"), answer, 500);
    expect(health.ask(pageOf("/0"), 500)).toEqual(state);
  });

  it("is probed after a second even if another request has failed meanwhile", () => {
    const health = afterFailures(1);
    health.failed(pageOf("/0"), 999);
    expect(health.ask(pageOf("/0"), 1_000)).toEqual(probe("page-failing"));
  });

  it.each([{ isAnonymous: false }, { page: undefined }])(
    "stays in use if only a personal request failed: %o",
    (own) => {
      const health = new OriginHealth();
      health.failed({ ...pageOf("/0"), ...own }, 0);
      health.answered({ ...pageOf("/0"), ...own }, error, 0);
      expect(health.ask(pageOf("/0"), 0)).toEqual(well);
    },
  );
});

describe("an origin that answered", () => {
  it.each([
    { id: "answered", given: {}, answer: fine, atMs: 3_599_999, serves: true },
    { id: "an hour ago", given: {}, answer: fine, atMs: 3_600_000, serves: false },
    { id: "refused", given: {}, answer: { ...fine, isRefused: true }, atMs: 0, serves: false },
    { id: "personal", given: { isAnonymous: false }, answer: fine, atMs: 0, serves: false },
  ])("counts for an hour as serving anonymous requests: $id", ({ given, answer, atMs, serves }) => {
    const health = new OriginHealth();
    health.answered({ ...pageOf("/0"), ...given }, answer, 0);
    expect(health.servesAnonymous(origin, atMs)).toBe(serves);
  });
});

describe("refreshes of a page", () => {
  it.each([
    { id: "at-once", atMs: 0, may: false },
    { id: "after-a-second", atMs: 1_000, may: true },
    { id: "clock-set-back", atMs: -60_000, may: true },
  ])("begin at most once a second: $id", ({ atMs, may }) => {
    const health = new OriginHealth();
    health.mayRefresh("/0", 0);
    health.answered(pageOf("/0"), fine, 0);
    expect(health.mayRefresh("/0", atMs)).toBe(may);
  });
});

describe("an origin whose pages fail", () => {
  it.each([
    { count: 4, state: well },
    { count: 5, state: pause("down") },
  ])("has an open breaker after five failing paths in a row: $count", ({ count, state }) => {
    expect(afterFailures(count).ask(pageOf("/other"), 0)).toEqual(state);
  });

  it.each([
    ["page", () => "/0"],
    ["path with many queries", (nth: number) => `/search?q=${nth}`],
  ])("has a closed breaker if only one %s fails, even 100 times", (_id, pathOf) => {
    const health = new OriginHealth();
    for (let nth = 0; nth < 100; nth += 1) health.failed(pageOf(pathOf(nth)), nth);
    expect(health.ask(pageOf("/other"), 100)).toEqual(well);
  });

  it.each([fine, error])(
    "has a closed breaker if it answered between the failures: %o",
    (answer) => {
      const health = afterFailures(4);
      health.answered(pageOf("/4"), answer, -6_000);
      health.failed(pageOf("/5"), 0);
      expect(health.ask(pageOf("/other"), 0)).toEqual(well);
    },
  );

  it.each([
    { id: "just-before", sinceMs: 4_999, kind: "well" },
    { id: "after-five-seconds", sinceMs: 5_000, kind: "down" },
  ])("has a closed breaker within five seconds after an answer: $id", ({ sinceMs, kind }) => {
    const health = new OriginHealth();
    health.answered(pageOf("/a"), fine, 0);
    for (let nth = 0; nth < 6; nth += 1) fail(health, `/${nth}`, sinceMs);
    expect(health.ask(pageOf("/other"), sinceMs).kind).toBe(kind);
  });

  it.each([
    { id: "within-ten-seconds", everyMs: 2_500, kind: "down" },
    { id: "further-apart", everyMs: 2_501, kind: "well" },
  ])("has an open breaker only if five paths fail within ten seconds: $id", ({ everyMs, kind }) => {
    const health = new OriginHealth();
    for (let nth = 0; nth < 5; nth += 1) fail(health, `/${nth}`, nth * everyMs);
    expect(health.ask(pageOf("/other"), 4 * everyMs).kind).toBe(kind);
  });

  it("is probed with the last target that it answered without an error", () => {
    const health = new OriginHealth();
    expect(health.wellTarget(origin)).toBe(undefined);
    health.answered(pageOf("/a"), fine, 0);
    health.answered(pageOf("/b"), error, 0);
    expect(health.wellTarget(origin)?.path).toBe("/a");
  });

  it("is probed a second after it had an open breaker, then after pauses of at most five seconds", () => {
    const health = afterFailures(5);
    const probesAtMs = Array.from({ length: 20_000 }, (_, atMs) => atMs).filter((atMs) => {
      const state = health.ask(pageOf("/any"), atMs);
      return state.kind === "down" && state.isProbe;
    });
    expect(probesAtMs).toEqual([1_000, 3_000, 7_000, 12_000, 17_000]);
  });

  it("is in use again after its first answer", () => {
    const health = afterFailures(5);
    expect(health.openBreakers).toEqual([origin]);
    health.answered(pageOf("/any"), fine, 1_000);
    expect([health.openBreakers, health.ask(pageOf("/other"), 1_000)]).toEqual([[], well]);
  });
});

describe("the probe of an origin with failing paths", () => {
  const failedPaths = (health: OriginHealth, count: number, atMs = 0) =>
    Array.from({ length: count }, (_, nth) => health.failed(pageOf(`/${nth}`), atMs));

  it("begins at the fifth path, and does not begin again while it is in progress", () => {
    const health = new OriginHealth();
    expect(failedPaths(health, 6)).toEqual([false, false, false, false, true, false]);
    expect(health.ask(pageOf("/other"), 0)).toEqual(well);
  });

  it("does not open the breaker of the origin if the origin answers before the probe fails", () => {
    const health = new OriginHealth();
    failedPaths(health, 5);
    health.answered(pageOf("/a"), error, 100);
    health.probeFailed(origin, 200);
    expect(health.ask(pageOf("/other"), 200)).toEqual(well);
  });

  it.each([
    { id: "just-before", atMs: 24_999, isAsked: false },
    { id: "after-25-seconds", atMs: 25_000, isAsked: true },
    { id: "clock-set-back", atMs: -60_000, isAsked: true },
  ])("begins again 25 seconds after a probe without a result: $id", ({ atMs, isAsked }) => {
    const health = new OriginHealth();
    failedPaths(health, 5);
    expect(failedPaths(health, 5, atMs).includes(true)).toBe(isAsked);
  });
});

describe("the retries of an origin", () => {
  const taken = (health: OriginHealth) => {
    let count = 0;
    while (health.takeRetry(origin)) count += 1;
    return count;
  };

  it("are ten at first, and one more for every ten answers", () => {
    const health = new OriginHealth();
    expect(taken(health)).toBe(10);
    for (let nth = 0; nth < 31; nth += 1) health.answered(pageOf("/a"), fine, 0);
    expect(taken(health)).toBe(3);
  });

  it("are never more than ten at once", () => {
    const health = new OriginHealth();
    for (let nth = 0; nth < 1_000; nth += 1) health.answered(pageOf("/a"), fine, 0);
    expect(taken(health)).toBe(10);
  });

  it("are not allowed while the origin has an open breaker", () => {
    expect(taken(afterFailures(5))).toBe(0);
  });
});

describe("a read of the lower tiers for a page that failed", () => {
  it("is due once a second, and an explanation does not use it up", () => {
    const health = afterFailures(1);
    const spares = (atMs: number, effects: "all" | "none" = "all") =>
      health.sparesLookup(pageOf("/0"), atMs, effects);
    expect([spares(0, "none"), spares(0, "none"), spares(0), spares(999)]).toEqual([
      false,
      false,
      false,
      true,
    ]);
    expect([spares(999, "none"), spares(1_000, "none"), spares(1_000)]).toEqual([
      true,
      false,
      false,
    ]);
  });
});
