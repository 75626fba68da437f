// Findings as functions of the state of a site, and their order.
import { describe, expect, it } from "vitest";
import {
  type Finding,
  findingCodes,
  inOrder,
  statusOf,
  summaryOf,
} from "../../../src/protocol/finding.ts";
import { findingsOf } from "../../../src/admin/health/findings.ts";
import type { SiteState } from "../../../src/admin/health/site-state.ts";
import { isUnable } from "../../../src/admin/health/origin-findings.ts";
import { atMs, lookedAt } from "./looked-examples.ts";

const codesOf = (more: Partial<SiteState>) => findingsOf(lookedAt(more)).map(({ code }) => code);

const finding = (more: Partial<Finding>): Finding => ({
  code: "configuration",
  level: "info",
  what: "",
  since: null,
  cause: "",
  remedy: "",
  ...more,
});

describe("the list", () => {
  it("has the worst first, then the oldest; who knows no beginning goes last", () => {
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
  ])("comes to a status: %s", (_id, findings, isIt, status) => {
    expect(statusOf(findings, isIt)).toBe(status);
  });

  it("is empty where nothing is wrong, and has each code once", () => {
    expect(findingsOf(lookedAt())).toEqual([]);
    expect(new Set(findingCodes).size).toBe(findingCodes.length);
  });
});

describe("unable to serve", () => {
  const trouble = (lastAtMs: number) => ({
    kind: "unreachable" as const,
    sinceAtMs: lastAtMs,
    lastAtMs,
    isOver: false,
    counts: { unreachable: 1 },
  });
  const downNow = {
    originsShutOff: ["default"],
    originTroubles: new Map([["default", trouble(atMs)]]),
  };

  it.each<[id: string, more: Partial<SiteState>, unable: boolean]>([
    ["all is well", {}, false],
    ["the only origin is down", downNow, true],
    ["in trouble, and not shut off", { ...downNow, originsShutOff: [] }, false],
    [
      "one of two is down",
      {
        ...downNow,
        originNames: ["default", "api"],
        usableOrigins: new Set(["default", "api"]),
      },
      false,
    ],
    [
      "one is down and the other has no usable binding",
      { ...downNow, originNames: ["default", "api"] },
      true,
    ],
    [
      "a usable one that no route leads to does not help",
      { ...downNow, usableOrigins: new Set(["default", "api"]) },
      true,
    ],
    [
      "it was found down a minute ago, and nobody has asked since",
      { ...downNow, originTroubles: new Map([["default", trouble(atMs - 60_000)]]) },
      false,
    ],
  ])("%s", (_id, more, unable) => {
    expect(isUnable(lookedAt(more))).toBe(unable);
  });
});

describe("the view of the journal", () => {
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
    { id: "within N − A", given: view(0, 9_000), level: "warning" },
    { id: "past it", given: view(0, 9_001), level: "critical" },
    { id: "never read", given: view(0, Infinity), level: "critical" },
    { id: "failed a minute ago: nobody has asked since", given: view(60_000, 60_000) },
    { id: "failed just within the minute", given: view(59_999, 60_000), level: "critical" },
  ])("$id", ({ given, level }) => {
    const [found] = findingsOf(lookedAt(given));
    expect([found?.code, found?.level]).toEqual(
      level === undefined ? [undefined, undefined] : ["journal-unreadable", level],
    );
  });

  it("lag that was met ten minutes ago says nothing of now", () => {
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

describe("a tier that does not answer in time", () => {
  const trouble = {
    kind: "timeout" as const,
    why: "The Cache API does not answer in time",
    sinceAtMs: atMs,
    lastAtMs: atMs,
    isOver: false,
    counts: { timeout: 1 },
  };
  it.each([
    ["edge", false, "cache-api-slow", /did not answer in time\.$/],
    ["edge", true, "cache-api-slow", /is shut off/],
    ["kv", false, "kv-slow", /^Workers KV did not answer in time\.$/],
    ["kv", true, "kv-slow", /is shut off\. Redis answers/],
  ] as const)("%s, shut off: %s", (name, isShutOff, code, what) => {
    expect(findingsOf(lookedAt({ tiers: [{ name, isShutOff, trouble }] }))).toMatchObject([
      { code, what: expect.stringMatching(what) as string },
    ]);
  });

  it("is well again, or was never in trouble", () => {
    const edge = { name: "edge", isShutOff: false } as const;
    expect(codesOf({ tiers: [{ ...edge, trouble: { ...trouble, isOver: true } }] })).toEqual([]);
    expect(codesOf({ tiers: [edge] })).toEqual([]);
  });
});

describe("what is set", () => {
  it("a fault is a warning, a setting in vain is info", () => {
    const fault = { what: "It is off.", why: "It is not set.", hint: "Set it." };
    expect(findingsOf(lookedAt({ faults: [fault], configWarnings: [fault] }))).toEqual(
      (["warning", "info"] as const).map((level) =>
        finding({ level, what: fault.what, cause: fault.why, remedy: fault.hint }),
      ),
    );
  });

  it.each([
    { bypass: true, what: /^Everything goes/ },
    { bypass: ["news"], what: /^Route "news" goes/ },
    { bypass: ["news", "shop"], what: /^Routes "news", "shop" go / },
  ])("BYPASS: $bypass", ({ bypass, what }) => {
    expect(findingsOf(lookedAt({ bypass }))).toMatchObject([
      { code: "bypass-set", level: "info", what: expect.stringMatching(what) as string },
    ]);
    expect(codesOf({ bypass: false })).toEqual([]);
  });
});
