// How an origin that fails is left alone, probed, and found well again; and the budget of retries.
import { describe, expect, it } from "vitest";
import { OriginHealth } from "../../src/serve/origin-health.ts";

const origin = "default";
const pageOf = (page: string) => ({ origin, page, path: page.replace(/\?.*/, "") });
const well = { kind: "well" };
const probe = (kind: "down" | "page-failing") => ({ kind, isProbe: true });
const pause = (kind: "down" | "page-failing") => ({ kind, isProbe: false });

/** So many pages have failed in a row. */
function afterFailures(count: number): OriginHealth {
  const health = new OriginHealth();
  for (let nth = 0; nth < count; nth += 1) health.failed(pageOf(`/${nth}`), 0);
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

  it("is looked at by one at a time", () => {
    const health = afterFailures(1);
    expect(health.ask(pageOf("/0"), 1_000)).toEqual(probe("page-failing"));
    expect(health.ask(pageOf("/0"), 1_999)).toEqual(pause("page-failing"));
    expect(health.ask(pageOf("/0"), 2_000)).toEqual(probe("page-failing"));
  });

  it("says nothing of another", () => {
    expect(afterFailures(1).ask(pageOf("/1"), 0)).toEqual(well);
  });

  it.each([
    { status: 200, state: well },
    { status: 404, state: well },
    { status: 304, state: well },
    { status: 429, state: well },
    { status: 500, state: pause("page-failing") },
    { status: 502, state: pause("page-failing") },
    { status: 503, state: pause("page-failing") },
    { status: 504, state: pause("page-failing") },
  ])("answers $status", ({ status, state }) => {
    const health = afterFailures(1);
    health.answered(pageOf("/0"), status, 500);
    expect(health.ask(pageOf("/0"), 500)).toEqual(state);
  });
});

describe("an origin", () => {
  it.each([
    { count: 4, state: well },
    { count: 5, state: pause("down") },
  ])("is taken for down when $count paths failed in a row", ({ count, state }) => {
    expect(afterFailures(count).ask(pageOf("/other"), 0)).toEqual(state);
  });

  it("is not, however often one page fails", () => {
    const health = new OriginHealth();
    for (let times = 0; times < 100; times += 1) health.failed(pageOf("/0"), times);
    expect(health.ask(pageOf("/other"), 100)).toEqual(well);
  });

  it("is not, whatever query one path is asked with", () => {
    const health = new OriginHealth();
    for (let nth = 0; nth < 100; nth += 1) health.failed(pageOf(`/search?q=${nth}`), 0);
    expect(health.ask(pageOf("/other"), 0)).toEqual(well);
  });

  it.each([
    { status: 200, isDown: false },
    { status: 500, isDown: false },
    { status: 503, isDown: true },
  ])("is not, when it answered $status meanwhile", ({ status, isDown }) => {
    const health = afterFailures(4);
    health.answered(pageOf("/4"), status, 0);
    health.failed(pageOf("/5"), 0);
    expect(health.ask(pageOf("/other"), 0).kind === "down").toBe(isDown);
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
    health.answered(pageOf("/any"), 200, 1_000);
    expect([health.shutOff, health.ask(pageOf("/other"), 1_000)]).toEqual([[], well]);
  });

  it("is one of several", () => {
    expect(afterFailures(5).ask({ origin: "bucket", page: "/0" }, 1_500).kind).not.toBe("down");
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
    for (let nth = 0; nth < 31; nth += 1) health.answered(pageOf("/a"), 200, 0);
    expect(taken(health)).toBe(3);
  });

  it("do not add up beyond ten", () => {
    const health = new OriginHealth();
    for (let nth = 0; nth < 1_000; nth += 1) health.answered(pageOf("/a"), 200, 0);
    expect(taken(health)).toBe(10);
  });

  it("are none for an origin that is down", () => {
    expect(taken(afterFailures(5))).toBe(0);
  });
});
