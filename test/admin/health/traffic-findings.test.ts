// Findings on the counts of all isolates: each on both sides of its bound.
import { describe, expect, it } from "vitest";
import { findingsOf } from "../../../src/admin/health/findings.ts";
import { hitRateMinsOf } from "../../../src/admin/health/hit-rate-mins.ts";
import { atMs, coloState, lookedAt, minuteMs, type Row, totalsOf } from "./looked-examples.ts";

const hitRateMins = hitRateMinsOf({
  metrics: { prefixes: [{ name: "feeds", hitRateMin: 0.5 }, { name: "rest" }], hitRateMin: 0.8 },
  routes: [{ name: "articles" }, { name: "shop", hitRateMin: 0.3 }],
});

const codesOf = (windows: Readonly<Record<number, readonly Row[]>>) =>
  findingsOf(lookedAt({ totals: totalsOf(windows), hitRateMins })).map(({ code }) => code);

const hitsOf = (route: string, hits: number, others: number): Row[] => [
  ["requests", [route, "hit", "memory"], hits],
  ["requests", [route, "stored", "origin"], others],
];

describe("hit-rate-low", () => {
  it("names the route, the rate, and what is demanded", () => {
    const totals = totalsOf({ 2: hitsOf("articles", 60, 60) });
    expect(findingsOf(lookedAt({ totals, hitRateMins }))).toEqual([
      {
        code: "hit-rate-low",
        level: "warning",
        about: 'route "articles"',
        what: 'The hit rate of route "articles" is 50 %, of 120 requests in five minutes; the configured minimum is 80 %.',
        since: new Date(atMs - 2 * minuteMs).toISOString(),
        cause: expect.stringContaining("The origin fails") as string,
        remedy: expect.stringContaining("/_cache/explain") as string,
      },
    ]);
  });

  it.each<[id: string, windows: Record<number, Row[]>, found: boolean]>([
    ["at the bound", { 2: hitsOf("articles", 80, 20) }, false],
    ["below it", { 2: hitsOf("articles", 79, 21) }, true],
    ["99 requests", { 2: hitsOf("articles", 0, 99) }, false],
    ["100 requests", { 2: hitsOf("articles", 0, 100) }, true],
    ["a route with a bound of its own", { 2: hitsOf("shop", 40, 60) }, false],
    ["below its own", { 2: hitsOf("shop", 29, 71) }, true],
    ["what no route matches", { 2: hitsOf("", 0, 500) }, false],
    ["too old", { 15: hitsOf("articles", 0, 500) }, false],
    ["just not too old", { 14: hitsOf("articles", 0, 500) }, true],
    [
      "over: the newest window that has enough decides",
      { 7: hitsOf("articles", 0, 500), 2: hitsOf("articles", 100, 0) },
      false,
    ],
    [
      "a newest window with too little decides nothing",
      { 2: hitsOf("articles", 99, 0), 7: hitsOf("articles", 0, 500) },
      true,
    ],
    ["stale hits are hits", { 2: [["requests", ["articles", "stale-hit", "edge"], 100]] }, false],
    [
      "what is passed by or limited was never looked up",
      {
        2: [
          ...hitsOf("articles", 100, 0),
          ["requests", ["articles", "passed", "origin"], 500],
          ["requests", ["articles", "limited", "none"], 500],
        ],
      },
      false,
    ],
    [
      "a validation is none",
      {
        2: [...hitsOf("articles", 70, 0), ["requests", ["articles", "validated", "memory"], 40]],
      },
      true,
    ],
    [
      "a prefix",
      {
        2: [
          ["prefixRequests", ["feeds", "hit"], 49],
          ["prefixRequests", ["feeds", "stored"], 51],
        ],
      },
      true,
    ],
    ["a prefix without a bound", { 2: [["prefixRequests", ["rest", "stored"], 500]] }, false],
  ])("%s", (_id, windows, found) => {
    expect(codesOf(windows).includes("hit-rate-low")).toBe(found);
  });

  it("is never told where nothing is demanded", () => {
    const totals = totalsOf({ 2: hitsOf("articles", 0, 500) });
    expect(findingsOf(lookedAt({ totals }))).toEqual([]);
  });
});

describe("shares", () => {
  const requests: Row = ["requests", ["", "hit", "memory"], 1_000];
  it.each<[id: string, code: string, rows: Row[], found: boolean]>([
    ["stale-if-error below", "stale-if-error-high", [requests, ["staleIfError", [""], 9]], false],
    [
      "stale-if-error, of two routes",
      "stale-if-error-high",
      [requests, ["staleIfError", [""], 5], ["staleIfError", ["a"], 5]],
      true,
    ],
    ["unverified below", "unverified-high", [requests, ["unverified", [""], 9]], false],
    ["unverified", "unverified-high", [requests, ["unverified", [""], 10]], true],
    [
      "errors of the origin below",
      "origin-errors",
      [
        ["originResponses", ["", "2xx"], 96],
        ["originResponses", ["", "5xx"], 4],
      ],
      false,
    ],
    [
      "errors of the origin",
      "origin-errors",
      [
        ["originResponses", ["", "2xx"], 95],
        ["originResponses", ["", "5xx"], 3],
        ["originResponses", ["", "failed"], 2],
      ],
      true,
    ],
    [
      "a client's own error is none",
      "origin-errors",
      [["originResponses", ["", "4xx"], 500]],
      false,
    ],
    ["too few answers", "origin-errors", [["originResponses", ["", "5xx"], 99]], false],
    ["clients were limited", "clients-limited", [["requests", ["", "limited", "none"], 1]], true],
    ["none was", "clients-limited", [requests], false],
    ["a report was lost", "reports-lost", [["reportsLost", [], 1]], true],
    ["none was lost", "reports-lost", [requests], false],
  ])("%s", (_id, code, rows, found) => {
    expect(codesOf({ 2: rows }).includes(code as never)).toBe(found);
    expect(codesOf({ 21: rows })).toEqual([]);
  });
});

describe("reports-missing", () => {
  it.each([
    { id: "told ten minutes ago", minutes: 10, found: false },
    { id: "longer ago", minutes: 10.1, found: true },
  ])("$id", ({ minutes, found }) => {
    const colos = new Map([
      ["HAM", coloState({ atMs: atMs - minutes * minuteMs })],
      ["FRA", coloState({ atMs: atMs - 60 * minuteMs })],
    ]);
    const findings = findingsOf(lookedAt({ totals: totalsOf({}, { colos }) }));
    expect(findings.map(({ code }) => code)).toEqual(found ? ["reports-missing"] : []);
  });

  it("a deployment that has just begun has ten minutes", () => {
    const of = (startedAtMs: number) =>
      findingsOf(lookedAt({ totals: totalsOf({}, { colos: new Map(), startedAtMs }) })).length;
    expect([of(atMs - 10 * minuteMs), of(atMs - 10 * minuteMs - 1)]).toEqual([0, 1]);
  });
});

describe("journal-lag of other colos", () => {
  it.each([
    ["half of N", { lagMs: 5_000 }, undefined],
    ["over half of N", { lagMs: 5_001 }, "warning"],
    ["N", { lagMs: 10_000 }, "warning"],
    ["over N", { lagMs: 10_001 }, "critical"],
    ["none", { lagMs: null }, undefined],
    ["told too long ago", { lagMs: 60_000, atMs: atMs - 10 * minuteMs }, undefined],
  ])("%s", (_id, state, level) => {
    const colos = new Map([
      ["HAM", coloState(state)],
      ["FRA", coloState({ lagMs: 100 })],
    ]);
    const findings = findingsOf(lookedAt({ totals: totalsOf({}, { colos }) }));
    const what = expect.stringContaining(
      "until colo HAM had read the last purge. N is 10 s.",
    ) as string;
    expect(findings).toMatchObject(level === undefined ? [] : [{ level, what }]);
  });
});
