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

  it.each<{ id: string; windows: Record<number, Row[]>; found: boolean }>([
    { id: "at the bound", windows: { 2: hitsOf("articles", 80, 20) }, found: false },
    { id: "below it", windows: { 2: hitsOf("articles", 79, 21) }, found: true },
    { id: "99 requests", windows: { 2: hitsOf("articles", 0, 99) }, found: false },
    { id: "100 requests", windows: { 2: hitsOf("articles", 0, 100) }, found: true },
    { id: "a route with a bound of its own", windows: { 2: hitsOf("shop", 40, 60) }, found: false },
    { id: "below its own", windows: { 2: hitsOf("shop", 29, 71) }, found: true },
    { id: "what no route matches", windows: { 2: hitsOf("", 0, 500) }, found: false },
    { id: "too old", windows: { 15: hitsOf("articles", 0, 500) }, found: false },
    { id: "just not too old", windows: { 14: hitsOf("articles", 0, 500) }, found: true },
    {
      id: "over: the newest window that has enough decides",
      windows: { 7: hitsOf("articles", 0, 500), 2: hitsOf("articles", 100, 0) },
      found: false,
    },
    {
      id: "a newest window with too little decides nothing",
      windows: { 2: hitsOf("articles", 99, 0), 7: hitsOf("articles", 0, 500) },
      found: true,
    },
    {
      id: "stale hits are hits",
      windows: { 2: [["requests", ["articles", "stale-hit", "edge"], 100]] },
      found: false,
    },
    {
      id: "what is passed by or limited was never looked up",
      windows: {
        2: [
          ...hitsOf("articles", 100, 0),
          ["requests", ["articles", "passed", "origin"], 500],
          ["requests", ["articles", "limited", "none"], 500],
        ],
      },
      found: false,
    },
    {
      id: "a validation is none",
      windows: {
        2: [...hitsOf("articles", 70, 0), ["requests", ["articles", "validated", "memory"], 40]],
      },
      found: true,
    },
    {
      id: "a prefix",
      windows: {
        2: [
          ["prefixRequests", ["feeds", "hit"], 49],
          ["prefixRequests", ["feeds", "stored"], 51],
        ],
      },
      found: true,
    },
    {
      id: "a prefix without a bound",
      windows: { 2: [["prefixRequests", ["rest", "stored"], 500]] },
      found: false,
    },
  ])("$id", ({ windows, found }) => {
    expect(codesOf(windows).includes("hit-rate-low")).toBe(found);
  });

  it("is never told where nothing is demanded", () => {
    const totals = totalsOf({ 2: hitsOf("articles", 0, 500) });
    expect(findingsOf(lookedAt({ totals }))).toEqual([]);
  });
});

describe("shares", () => {
  const requests: Row = ["requests", ["", "hit", "memory"], 1_000];
  it.each<{ id: string; code: string; rows: Row[]; found: boolean }>([
    {
      id: "stale-if-error below",
      code: "stale-if-error-high",
      rows: [requests, ["staleIfError", [""], 9]],
      found: false,
    },
    {
      id: "stale-if-error, of two routes",
      code: "stale-if-error-high",
      rows: [requests, ["staleIfError", [""], 5], ["staleIfError", ["a"], 5]],
      found: true,
    },
    {
      id: "unverified below",
      code: "unverified-high",
      rows: [requests, ["unverified", [""], 9]],
      found: false,
    },
    {
      id: "unverified",
      code: "unverified-high",
      rows: [requests, ["unverified", [""], 10]],
      found: true,
    },
    {
      id: "errors of the origin below",
      code: "origin-errors",
      rows: [
        ["originResponses", ["", "2xx"], 96],
        ["originResponses", ["", "5xx"], 4],
      ],
      found: false,
    },
    {
      id: "errors of the origin",
      code: "origin-errors",
      rows: [
        ["originResponses", ["", "2xx"], 95],
        ["originResponses", ["", "5xx"], 3],
        ["originResponses", ["", "failed"], 2],
      ],
      found: true,
    },
    {
      id: "a client's own error is none",
      code: "origin-errors",
      rows: [["originResponses", ["", "4xx"], 500]],
      found: false,
    },
    {
      id: "too few answers",
      code: "origin-errors",
      rows: [["originResponses", ["", "5xx"], 99]],
      found: false,
    },
    {
      id: "clients were limited",
      code: "clients-limited",
      rows: [["requests", ["", "limited", "none"], 1]],
      found: true,
    },
    { id: "none was", code: "clients-limited", rows: [requests], found: false },
    {
      id: "a report was lost",
      code: "reports-lost",
      rows: [["reportsLost", [], 1]],
      found: true,
    },
    { id: "none was lost", code: "reports-lost", rows: [requests], found: false },
  ])("$id", ({ code, rows, found }) => {
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
    { id: "half of N", state: { lagMs: 5_000 }, level: undefined },
    { id: "over half of N", state: { lagMs: 5_001 }, level: "warning" },
    { id: "N", state: { lagMs: 10_000 }, level: "warning" },
    { id: "over N", state: { lagMs: 10_001 }, level: "critical" },
    { id: "none", state: { lagMs: null }, level: undefined },
    {
      id: "told too long ago",
      state: { lagMs: 60_000, atMs: atMs - 10 * minuteMs },
      level: undefined,
    },
  ])("$id", ({ state, level }) => {
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
