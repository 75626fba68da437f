// How an origin that fails is left alone, probed, and found well again; and the budget of retries.
import { describe, expect, it } from "vitest";
import { OriginHealth } from "../../../src/proxy/site/origin-health.ts";
import { readTarget } from "../../../src/proxy/request/target.ts";

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

/** A page that fails, as does the probe that this asks for. */
function fail(health: OriginHealth, page: string, atMs: number): void {
  if (health.failed(pageOf(page), atMs)) health.probeFailed(origin, atMs);
}

/** So many pages have failed in a row. */
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
  ])("is not asked for again for a second: $id", ({ atMs, state }) => {
    expect(afterFailures(1).ask(pageOf("/0"), atMs)).toEqual(state);
  });

  it("is asked for by one at a time", () => {
    const health = afterFailures(1);
    expect(health.ask(pageOf("/0"), 1_000)).toEqual(probe("page-failing"));
    expect(health.ask(pageOf("/0"), 1_999)).toEqual(pause("page-failing"));
    expect(health.ask(pageOf("/0"), 2_000)).toEqual(probe("page-failing"));
  });

  it("says nothing of another", () => {
    expect(afterFailures(1).ask(pageOf("/1"), 0)).toEqual(well);
  });

  it.each([
    { id: "fine", answer: fine, state: well },
    { id: "an-error", answer: error, state: pause("page-failing") },
  ])("answers, and that is $id", ({ answer, state }) => {
    const health = afterFailures(1);
    health.answered(pageOf("/0"), answer, 500);
    expect(health.ask(pageOf("/0"), 500)).toEqual(state);
  });

  it("is asked for though others go on making it fail", () => {
    const health = afterFailures(1);
    health.failed(pageOf("/0"), 999);
    expect(health.ask(pageOf("/0"), 1_000)).toEqual(probe("page-failing"));
  });

  it.each([{ isAnonymous: false }, { page: undefined }])(
    "concerns nobody else if it is of one client alone: %o",
    (own) => {
      const health = new OriginHealth();
      health.failed({ ...pageOf("/0"), ...own }, 0);
      health.answered({ ...pageOf("/0"), ...own }, error, 0);
      expect(health.ask(pageOf("/0"), 0)).toEqual(well);
    },
  );
});

describe("anonymous requests", () => {
  it.each([
    { id: "answered", given: {}, answer: fine, atMs: 3_599_999, serves: true },
    { id: "an hour ago", given: {}, answer: fine, atMs: 3_600_000, serves: false },
    { id: "refused", given: {}, answer: { ...fine, isRefused: true }, atMs: 0, serves: false },
    { id: "a client's", given: { isAnonymous: false }, answer: fine, atMs: 0, serves: false },
  ])("are known to be served for an hour: $id", ({ given, answer, atMs, serves }) => {
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
  ])("begin no more than once a second: $id", ({ atMs, may }) => {
    const health = new OriginHealth();
    health.mayRefresh("/0", 0);
    health.answered(pageOf("/0"), fine, 0);
    expect(health.mayRefresh("/0", atMs)).toBe(may);
  });
});

describe("an origin", () => {
  it.each([
    { count: 4, state: well },
    { count: 5, state: pause("down") },
  ])("is taken for down when $count paths failed in a row", ({ count, state }) => {
    expect(afterFailures(count).ask(pageOf("/other"), 0)).toEqual(state);
  });

  it.each([
    ["page", () => "/0"],
    ["path with many queries", (nth: number) => `/search?q=${nth}`],
  ])("is not, however often one %s fails", (_id, pathOf) => {
    const health = new OriginHealth();
    for (let nth = 0; nth < 100; nth += 1) health.failed(pageOf(pathOf(nth)), nth);
    expect(health.ask(pageOf("/other"), 100)).toEqual(well);
  });

  it.each([fine, error])("is not, when it answered meanwhile: %o", (answer) => {
    const health = afterFailures(4);
    health.answered(pageOf("/4"), answer, -6_000);
    health.failed(pageOf("/5"), 0);
    expect(health.ask(pageOf("/other"), 0)).toEqual(well);
  });

  it.each([
    { id: "just-before", sinceMs: 4_999, kind: "well" },
    { id: "from-then-on", sinceMs: 5_000, kind: "down" },
  ])("is not for five seconds after an answer: $id", ({ sinceMs, kind }) => {
    const health = new OriginHealth();
    health.answered(pageOf("/a"), fine, 0);
    for (let nth = 0; nth < 6; nth += 1) fail(health, `/${nth}`, sinceMs);
    expect(health.ask(pageOf("/other"), sinceMs).kind).toBe(kind);
  });

  it.each([
    { id: "within-ten-seconds", everyMs: 2_500, kind: "down" },
    { id: "further-apart", everyMs: 2_501, kind: "well" },
  ])("is by failures of one time: $id", ({ everyMs, kind }) => {
    const health = new OriginHealth();
    for (let nth = 0; nth < 5; nth += 1) fail(health, `/${nth}`, nth * everyMs);
    expect(health.ask(pageOf("/other"), 4 * everyMs).kind).toBe(kind);
  });

  it("is probed by what it answered last, errors apart", () => {
    const health = new OriginHealth();
    expect(health.wellTarget(origin)).toBe(undefined);
    health.answered(pageOf("/a"), fine, 0);
    health.answered(pageOf("/b"), error, 0);
    expect(health.wellTarget(origin)?.path).toBe("/a");
  });

  it("is probed after a second, then after pauses of at most five", () => {
    const health = afterFailures(5);
    const probesAtMs = Array.from({ length: 20_000 }, (_, atMs) => atMs).filter((atMs) => {
      const state = health.ask(pageOf("/any"), atMs);
      return state.kind === "down" && state.isProbe;
    });
    expect(probesAtMs).toEqual([1_000, 3_000, 7_000, 12_000, 17_000]);
  });

  it("is well again with its first answer", () => {
    const health = afterFailures(5);
    expect(health.shutOff).toEqual([origin]);
    health.answered(pageOf("/any"), fine, 1_000);
    expect([health.shutOff, health.ask(pageOf("/other"), 1_000)]).toEqual([[], well]);
  });

  it("is one of several", () => {
    const ofOther = { ...pageOf("/0"), route: { origin: "bucket" } };
    expect(afterFailures(5).ask(ofOther, 1_500).kind).not.toBe("down");
  });
});

describe("before an origin is taken for down", () => {
  const doubted = (health: OriginHealth, count: number, atMs = 0) =>
    Array.from({ length: count }, (_, nth) => health.failed(pageOf(`/${nth}`), atMs));

  it("the fifth path asks for a probe, and no other while that is under way", () => {
    const health = new OriginHealth();
    expect(doubted(health, 6)).toEqual([false, false, false, false, true, false]);
    expect(health.ask(pageOf("/other"), 0)).toEqual(well);
  });

  it("an answer ends the doubt, and the probe that fails after it tells nothing", () => {
    const health = new OriginHealth();
    doubted(health, 5);
    health.answered(pageOf("/a"), error, 100);
    health.probeFailed(origin, 200);
    expect(health.ask(pageOf("/other"), 200)).toEqual(well);
  });

  it.each([
    { id: "just-before", atMs: 24_999, isAsked: false },
    { id: "from-then-on", atMs: 25_000, isAsked: true },
    { id: "clock-set-back", atMs: -60_000, isAsked: true },
  ])("a probe whose request was ended is sent anew: $id", ({ atMs, isAsked }) => {
    const health = new OriginHealth();
    doubted(health, 5);
    expect(doubted(health, 5, atMs).includes(true)).toBe(isAsked);
  });
});

describe("retries", () => {
  const taken = (health: OriginHealth) => {
    let count = 0;
    while (health.takeRetry(origin)) count += 1;
    return count;
  };

  it("are ten at once, and one for ten requests that were answered", () => {
    const health = new OriginHealth();
    expect(taken(health)).toBe(10);
    for (let nth = 0; nth < 31; nth += 1) health.answered(pageOf("/a"), fine, 0);
    expect(taken(health)).toBe(3);
  });

  it("do not add up beyond ten", () => {
    const health = new OriginHealth();
    for (let nth = 0; nth < 1_000; nth += 1) health.answered(pageOf("/a"), fine, 0);
    expect(taken(health)).toBe(10);
  });

  it("are none for an origin that is down", () => {
    expect(taken(afterFailures(5))).toBe(0);
  });
});
