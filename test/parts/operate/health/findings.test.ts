// Tests which findings the state of a site causes, and their order.
import { describe, expect, it } from "vitest";
import { type Finding, inOrder, statusOf, summaryOf } from "../../../../src/protocol/finding.ts";
import { findingsOf } from "../../../../src/parts/operate/health/findings.ts";
import type { SiteState } from "../../../../src/parts/operate/health/site-state.ts";
import { isUnable } from "../../../../src/parts/operate/health/origin-findings.ts";
import { atMs, lookedAt } from "./looked-examples.ts";

const codesOf = (more: Partial<SiteState>) => findingsOf(lookedAt(more)).map(({ code }) => code);

const finding = (more: Partial<Finding>): Finding => ({
  code: "configuration",
  level: "info",
  since: null,
  ...more,
});

describe("the list of findings", () => {
  it("is ordered by level and then by start, with unknown starts last", () => {
    const [a, b, c] = ["2030-01-01", "2030-01-02", "2030-01-03"] as const;
    const given = [
      finding({ level: "info", since: a }),
      finding({ level: "critical", since: null }),
      finding({ level: "warning", since: c }),
      finding({ level: "critical", since: b }),
      finding({ level: "warning", since: b }),
    ];
    expect(inOrder(given).map(({ level, since }) => `${level} ${since}`)).toEqual([
      `critical ${b}`,
      "critical null",
      `warning ${b}`,
      `warning ${c}`,
      `info ${a}`,
    ]);
    expect(summaryOf(given)).toBe("Found: 2 critical, 2 warning, 1 info.");
  });

  it.each([
    ["nothing", [], false, "ok"],
    ["info", [finding({})], false, "ok"],
    ["warning", [finding({ level: "warning" })], false, "degraded"],
    ["critical", [finding({ level: "critical" })], false, "degraded"],
    ["no origin", [], true, "unable"],
  ])("determines the status: %s", (_id, findings, isIt, status) => {
    expect(statusOf(findings, isIt)).toBe(status);
  });

  it("is empty for a healthy site", () => {
    expect(findingsOf(lookedAt())).toEqual([]);
  });
});

describe("the status unable", () => {
  const trouble = (lastAtMs: number) => ({
    kind: "unreachable" as const,
    sinceAtMs: lastAtMs,
    lastAtMs,
    isOver: false,
    counts: { unreachable: 1 },
  });
  const downNow = {
    openBreakers: ["default"],
    originTroubles: new Map([["default", trouble(atMs)]]),
  };

  it.each<[id: string, more: Partial<SiteState>, unable: boolean]>([
    ["a healthy site", {}, false],
    ["the only origin is down", downNow, true],
    ["the only origin fails, and has a closed breaker", { ...downNow, openBreakers: [] }, false],
    [
      "one of two origins is down",
      {
        ...downNow,
        originNames: ["default", "api"],
        usableOrigins: new Set(["default", "api"]),
      },
      false,
    ],
    [
      "one of two origins is down, and the other has no usable binding",
      { ...downNow, originNames: ["default", "api"] },
      true,
    ],
    [
      "the only origin of routes is down, and an unused origin is usable",
      { ...downNow, usableOrigins: new Set(["default", "api"]) },
      true,
    ],
    [
      "the last failure of the only origin was a minute ago",
      { ...downNow, originTroubles: new Map([["default", trouble(atMs - 60_000)]]) },
      false,
    ],
  ])("depends on the origins: %s", (_id, more, unable) => {
    expect(isUnable(lookedAt(more))).toBe(unable);
  });
});

describe("a failed read of the journal", () => {
  const view = (failedAgoMs: number, sentAgoMs: number) => ({
    view: {
      sentAtMs: atMs - sentAgoMs,
      failedAtMs: atMs - failedAgoMs,
      lag: undefined,
      entries: [],
      switched: undefined,
    },
  });

  it.each([
    { id: "the view is as old as N − A", given: view(0, 9_000), level: "warning" },
    { id: "the view is older than N − A", given: view(0, 9_001), level: "critical" },
    { id: "the journal was never read", given: view(0, Infinity), level: "critical" },
    { id: "the failure was a minute ago", given: view(60_000, 60_000) },
    {
      id: "the failure was less than a minute ago",
      given: view(59_999, 60_000),
      level: "critical",
    },
  ])("causes a finding by the age of the view: $id", ({ given, level }) => {
    const [found] = findingsOf(lookedAt(given));
    expect([found?.code, found?.level]).toEqual(
      level === undefined ? [undefined, undefined] : ["journal-unreadable", level],
    );
  });

  it("is not reported because of a lag that was measured ten minutes ago", () => {
    const of = (agoMs: number) => ({
      view: {
        sentAtMs: atMs,
        failedAtMs: undefined,
        lag: { lastMs: 11_000, readAtMs: atMs - agoMs },
        entries: [],
        switched: undefined,
      },
    });
    expect(findingsOf(lookedAt(of(599_999)))).toMatchObject([
      { code: "journal-lag", level: "critical" },
    ]);
    expect(codesOf(of(600_000))).toEqual([]);
  });
});

describe("a journal whose database started from a snapshot", () => {
  const room = { usedBytes: 1, maxBytes: 9, usedRatio: 0.1, policy: null, evictedKeys: 0, keys: 1 };
  const looked = (more: { uptimeMs?: number; agoMs?: number; holdsJournal?: boolean }) => {
    const { uptimeMs, agoMs = 3_660_001, holdsJournal = true } = more;
    const info = { ...room, ...(uptimeMs !== undefined && { uptimeMs }) };
    const entries = [{ position: `${atMs - agoMs}-0`, lost: "", by: "", reason: "" }];
    return {
      view: { sentAtMs: atMs, failedAtMs: undefined, lag: undefined, entries, switched: undefined },
      rooms: [{ database: "database" as const, holdsJournal, info, evictedAtMs: undefined }],
    };
  };

  it.each([
    {
      id: "an entry from a minute before the start",
      given: { uptimeMs: 3_600_000 },
      isFound: true,
    },
    { id: "a start over an hour ago", given: { uptimeMs: 3_600_001, agoMs: 9e6 }, isFound: false },
    {
      id: "only entries from about the start on",
      given: { uptimeMs: 9, agoMs: 60_008 },
      isFound: false,
    },
    { id: "an append-only file", given: {}, isFound: false },
    { id: "no journal", given: { uptimeMs: 9, holdsJournal: false }, isFound: false },
  ])("causes a finding: $id: $isFound", ({ given, isFound }) => {
    expect(codesOf(looked(given))).toEqual(isFound ? ["journal-restarted"] : []);
  });
});

it("names hints that stay off, but not those that are on or not needed yet", () => {
  const why = "the user may not run XREAD.";
  expect(findingsOf(lookedAt({ hints: `off: ${why}` }))).toMatchObject([
    { code: "hints-off", level: "info", values: { why } },
  ]);
  for (const hints of ["on", "not needed yet", undefined]) expect(codesOf({ hints })).toEqual([]);
});

describe("a tier that fails", () => {
  const trouble = {
    kind: "timeout" as const,
    why: "The Cache API does not answer in time",
    sinceAtMs: atMs,
    lastAtMs: atMs,
    isOver: false,
    counts: { timeout: 1 },
  };
  it.each([
    ["edge", false, "failed at the last try"],
    ["edge", true, "has an open circuit breaker"],
    ["shared", true, "has an open circuit breaker"],
  ] as const)("causes a finding: %s, with an open breaker: %s", (name, isBreakerOpen, state) => {
    expect(findingsOf(lookedAt({ tiers: [{ name, isBreakerOpen, trouble }] }))).toMatchObject([
      {
        code: "tier-failing",
        case: `tier-${name}`,
        about: `tier "${name}"`,
        values: { state, why: trouble.why },
      },
    ]);
  });

  it("causes a finding if it is the store of large bodies", () => {
    const bodies = { isBreakerOpen: true, trouble };
    const tiers = [{ name: "shared", isBreakerOpen: false, bodies }] as const;
    const failing = {
      code: "tier-failing",
      case: "tier-r2",
      values: { state: "has an open circuit breaker" },
    };
    expect(findingsOf(lookedAt({ tiers }))).toMatchObject([failing]);
  });

  it("causes a finding with the remedy of its store", () => {
    const ofStore = { ...trouble, kind: "full" as const, remedy: "raise `objects`" };
    const tiers = [{ name: "shared", isBreakerOpen: false, trouble: ofStore }] as const;
    const failing = { code: "tier-failing", values: { hint: "raise `objects`" } };
    expect(findingsOf(lookedAt({ tiers }))).toMatchObject([failing]);
  });

  it("causes no finding once it has recovered", () => {
    const edge = { name: "edge", isBreakerOpen: false } as const;
    expect(codesOf({ tiers: [{ ...edge, trouble: { ...trouble, isOver: true } }] })).toEqual([]);
    expect(codesOf({ tiers: [edge] })).toEqual([]);
  });
});

describe("the configuration", () => {
  it("causes a warning for a fault, and an info for a setting without effect", () => {
    const fault = { what: "It is off.", why: "It is not set.", hint: "Set it." };
    expect(findingsOf(lookedAt({ faults: [fault], configWarnings: [fault] }))).toEqual(
      (["warning", "info"] as const).map((level) => finding({ level, values: fault })),
    );
  });

  it.each([
    { bypass: true, routes: "all" },
    { bypass: ["news"], routes: ["news"] },
    { bypass: ["news", "shop"], routes: ["news", "shop"] },
  ])("causes a finding that names the routes of BYPASS: $bypass", ({ bypass, routes }) => {
    expect(findingsOf(lookedAt({ bypass }))).toMatchObject([
      { code: "bypass-set", level: "info", values: { routes, unknown: [] } },
    ]);
    expect(codesOf({ bypass: false })).toEqual([]);
  });

  it.each([
    { bypass: ["old"], routes: [] },
    { bypass: ["old", "shop"], routes: ["shop"] },
  ])("causes a warning if no route has a name of the bypass: $bypass", ({ bypass, routes }) => {
    const warning = { level: "warning", values: { routes, unknown: ["old"] } };
    expect(findingsOf(lookedAt({ bypass }))).toMatchObject([warning]);
  });
});
