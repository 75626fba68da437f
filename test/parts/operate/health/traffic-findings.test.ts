// Tests findings on the counts of all isolates, with values on both sides of each limit.
import { describe, expect, it } from "vitest";
import { findingsOf } from "../../../../src/parts/operate/health/findings.ts";
import { objectWords } from "../../../../src/stores/durable-object/object-client.ts";
import { atMs, coloState, lookedAt, minuteMs, type Row, totalsOf } from "./looked-examples.ts";

const codesOf = (windows: Readonly<Record<number, readonly Row[]>>) =>
  findingsOf(lookedAt({ totals: totalsOf(windows) })).map(({ code }) => code);

describe("a finding on the counts of the last 20 minutes", () => {
  const requests: Row = ["requests", ["", "hit", "memory"], 1_000];
  it.each<[id: string, code: string, rows: Row[], found: boolean]>([
    ["unverified below 1 %", "unverified-high", [requests, ["unverified", [""], 9]], false],
    ["1 % unverified", "unverified-high", [requests, ["unverified", [""], 10]], true],
    [
      "errors of the origin below 5 %",
      "origin-errors",
      [
        ["originResponses", ["", "2xx"], 96],
        ["originResponses", ["", "5xx"], 4],
      ],
      false,
    ],
    [
      "5 % errors of the origin",
      "origin-errors",
      [
        ["originResponses", ["", "2xx"], 95],
        ["originResponses", ["", "5xx"], 3],
        ["originResponses", ["", "failed"], 2],
      ],
      true,
    ],
    [
      "status 4xx, which is not an error of the origin",
      "origin-errors",
      [["originResponses", ["", "4xx"], 500]],
      false,
    ],
    [
      "99 errors of the origin, which are too few",
      "origin-errors",
      [["originResponses", ["", "5xx"], 99]],
      false,
    ],
    [
      "responses not stored because of cookies, below 10 %",
      "unknown-cookies",
      [requests, ["refusals", ["", "unknown-cookie"], 99], ["refusals", ["", "private"], 900]],
      false,
    ],
    [
      "10 % of responses not stored because of cookies, in two routes",
      "unknown-cookies",
      [
        requests,
        ["refusals", ["", "unknown-cookie"], 50],
        ["refusals", ["a", "unknown-cookie"], 50],
      ],
      true,
    ],
    ["a refused subrequest", "subrequests-spent", [["refusedSubrequests", [], 1]], true],
    ["no refused subrequest", "subrequests-spent", [requests], false],
  ])("depends on its limit: %s", (_id, code, rows, found) => {
    expect(codesOf({ 2: rows }).includes(code as never)).toBe(found);
    expect(codesOf({ 21: rows })).toEqual([]);
  });

  const answers = (well: number, failed: number): Row[] => [
    ["originResponses", ["", "2xx"], well],
    ["originResponses", ["", "failed"], failed],
  ];
  it.each<[id: string, windows: Record<number, Row[]>, found: boolean]>([
    ["that began 15 minutes ago", { 15: answers(0, 500) }, false],
    ["that began 14 minutes ago", { 14: answers(0, 500) }, true],
    ["that is older than a good one", { 7: answers(0, 500), 2: answers(100, 0) }, false],
    ["before one with too few requests", { 7: answers(0, 500), 2: answers(99, 0) }, true],
  ])("depends on the newest window with enough requests: one %s", (_id, windows, found) => {
    expect(codesOf(windows)).toEqual(found ? ["origin-errors"] : []);
  });
});

describe("the finding reports-missing", () => {
  it.each([
    { id: "ten minutes ago", minutes: 10, found: false },
    { id: "more than ten minutes ago", minutes: 10.1, found: true },
  ])("depends on the time of the newest report: $id", ({ minutes, found }) => {
    const colos = new Map([
      ["HAM", coloState({ atMs: atMs - minutes * minuteMs })],
      ["FRA", coloState({ atMs: atMs - 60 * minuteMs })],
    ]);
    const findings = findingsOf(lookedAt({ totals: totalsOf({}, { colos }) }));
    expect(findings.map(({ code }) => code)).toEqual(found ? ["reports-missing"] : []);
  });

  it("is only an info if a Durable Object has the reports, as nobody may have asked", () => {
    const totals = totalsOf({}, { colos: new Map(), startedAtMs: atMs - 11 * minuteMs });
    const client = {
      name: "reports of counts",
      database: "metrics' Durable Object",
      trouble: undefined,
      troubleWithWrites: undefined,
      isBreakerOpen: false,
      refusesWrites: false,
      words: objectWords("metrics"),
    } as const;
    const found = findingsOf(lookedAt({ totals, clients: [client] }));
    expect(found).toMatchObject([{ code: "reports-missing", level: "info" }]);
    const needed = findingsOf(lookedAt({ totals, clients: [client], needsCron: true }));
    expect(needed).toMatchObject([{ code: "reports-missing", level: "warning" }]);
  });

  it("does not exist in the first ten minutes of a deployment", () => {
    const of = (startedAtMs: number) =>
      findingsOf(lookedAt({ totals: totalsOf({}, { colos: new Map(), startedAtMs }) })).length;
    expect([of(atMs - 10 * minuteMs), of(atMs - 10 * minuteMs - 1)]).toEqual([0, 1]);
  });
});

describe("the finding journal-lag on another colo", () => {
  it.each([
    ["half of N", { lagMs: 5_000 }, undefined],
    ["over half of N", { lagMs: 5_001 }, "warning"],
    ["N", { lagMs: 10_000 }, "warning"],
    ["over N", { lagMs: 10_001 }, "critical"],
    ["no lag", { lagMs: null }, undefined],
    ["over N, reported ten minutes ago", { lagMs: 60_000, atMs: atMs - 10 * minuteMs }, undefined],
  ])("has a level by the lag: %s", (_id, state, level) => {
    const colos = new Map([
      ["HAM", coloState(state)],
      ["FRA", coloState({ lagMs: 100 })],
    ]);
    const findings = findingsOf(lookedAt({ totals: totalsOf({}, { colos }) }));
    const values = { where: "colo HAM", maxLagMs: 10_000, count: 1 };
    expect(findings).toMatchObject(level === undefined ? [] : [{ level, values }]);
  });
});
