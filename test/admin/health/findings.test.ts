// Findings as functions of what was looked at: what no real part shows at will, and their order.
import { describe, expect, it } from "vitest";
import {
  type Finding,
  type FindingCode,
  findingCodes,
  inOrder,
  statusOf,
  summaryOf,
} from "../../../src/protocol/finding.ts";
import { findingsOf } from "../../../src/admin/health/findings.ts";
import { EvictionWatch } from "../../../src/admin/health/look-further.ts";
import type { SiteState, RoomState } from "../../../src/admin/health/site-state.ts";
import { journalWords, type RedisTrouble } from "../../../src/redis/trouble.ts";
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

describe("what the database answered", () => {
  const trouble = (kind: RedisTrouble, lastAtMs: number) => ({
    kind,
    sinceAtMs: atMs - 5_000,
    lastAtMs,
    isOver: false,
    counts: {},
  });
  const well = {
    trouble: undefined,
    troubleWithWrites: undefined,
    isShutOff: false,
    refusesWrites: false,
  };
  const database = "database" as const;
  const journal = { ...well, name: "purge journal" as const, database };
  const shared = { ...well, name: "shared tier" as const, database };

  it.each<[kind: RedisTrouble, code: FindingCode, level: Finding["level"]]>([
    ["token-refused", "redis-credentials", "critical"],
    ["forbidden", "redis-credentials", "critical"],
    ["unreachable", "redis-unreachable", "warning"],
    ["not-open", "redis-unreachable", "warning"],
    ["timeout", "redis-slow", "warning"],
    ["busy", "redis-busy", "warning"],
    ["full", "redis-full", "critical"],
    ["read-only", "redis-read-only", "critical"],
    ["plan-used-up", "redis-plan-used-up", "critical"],
    ["wrong-type", "redis-wrong-type", "critical"],
    ["not-upstash", "redis-not-upstash", "critical"],
    ["too-large", "redis-refused", "critical"],
    ["refused", "redis-refused", "critical"],
    ["failed", "redis-refused", "critical"],
  ])("%s is %s, %s", (kind, code, level) => {
    const clients = [{ ...shared, trouble: trouble(kind, atMs) }, journal];
    expect(findingsOf(lookedAt({ clients }))).toMatchObject([{ code, level }]);
  });

  it("one failure that passes is a warning", () => {
    const clients = [{ ...shared, trouble: trouble("timeout", atMs) }, journal];
    const last = new Date(atMs).toISOString();
    expect(findingsOf(lookedAt({ clients }))).toEqual([
      {
        code: "redis-slow",
        level: "warning",
        what: "The shared tier got no answer from the database at the last try.",
        since: new Date(atMs - 5_000).toISOString(),
        cause: "The database does not answer in time.",
        remedy: expect.stringMatching(/^Tidemark tries again by itself/) as string,
        details: `The last failure: the shared tier at ${last}.`,
      },
    ]);
  });

  it("the same of both clients is one finding, and critical where one is shut off", () => {
    const clients = [
      { ...shared, trouble: trouble("timeout", atMs) },
      { ...journal, trouble: trouble("timeout", atMs), isShutOff: true },
    ];
    expect(findingsOf(lookedAt({ clients }))).toMatchObject([
      {
        level: "critical",
        what: "The shared tier and the purge journal cannot use the database.",
      },
    ]);
  });

  it("two databases that fail are two findings, each with its own variables", () => {
    const refused = trouble("token-refused", atMs);
    const clients = [
      { ...shared, trouble: refused },
      {
        ...journal,
        trouble: refused,
        database: "journal's database" as const,
        words: journalWords,
      },
    ];
    expect(findingsOf(lookedAt({ clients }))).toMatchObject([
      {
        what: "The shared tier cannot use the database.",
        remedy: "Check UPSTASH_REDIS_REST_TOKEN.",
      },
      {
        what: "The purge journal cannot use the journal's database.",
        remedy: "Check JOURNAL_REDIS_REST_TOKEN.",
      },
    ]);
  });

  it("what is over is no finding, and what writes meet is told apart", () => {
    const over = { ...trouble("timeout", atMs), isOver: true };
    const clients = [
      { ...shared, trouble: over, troubleWithWrites: trouble("full", atMs) },
      { ...journal, troubleWithWrites: { ...trouble("full", atMs), isOver: true } },
    ];
    expect(findingsOf(lookedAt({ clients }))).toMatchObject([
      {
        code: "redis-full",
        level: "critical",
        what: "The shared tier cannot write to the database.",
      },
    ]);
  });
});

describe("the database's clock", () => {
  it.each([
    { id: "A ahead", aheadMs: 1_000, uncertainMs: 0, found: false },
    { id: "more than A ahead", aheadMs: 1_001, uncertainMs: 0, found: true },
    { id: "more than A behind", aheadMs: -1_001, uncertainMs: 0, found: true },
    { id: "a round trip that explains it", aheadMs: 1_400, uncertainMs: 400, found: false },
    { id: "one that does not", aheadMs: 1_401, uncertainMs: 400, found: true },
  ])("$id", ({ aheadMs, uncertainMs, found }) => {
    expect(codesOf({ clock: { aheadMs, uncertainMs } })).toEqual(found ? ["clocks-apart"] : []);
  });
});

describe("the database's room", () => {
  const room = (
    usedRatio: number | null,
    policy: string | null,
    more: Partial<RoomState> = {},
  ) => ({
    rooms: [
      {
        database: "database" as const,
        holdsJournal: true,
        evictedAtMs: undefined,
        info: { usedBytes: 1, maxBytes: 1, usedRatio, policy, evictedKeys: 0, keys: 1 },
        ...more,
      },
    ],
  });
  const ofRecords = { holdsJournal: false };
  const ofJournal = { database: "journal's database" as const };

  it.each<[id: string, more: Partial<SiteState>, codes: string[]]>([
    ["85 %", room(0.85, "noeviction"), ["redis-nearly-full"]],
    ["less", room(0.849, "noeviction"), []],
    ["just not all", room(0.999, "noeviction"), ["redis-nearly-full"]],
    ["all, and nothing was written since", room(1, "noeviction"), ["redis-full"]],
    ["no policy is told", room(0.9, null), ["redis-nearly-full"]],
    ["records alone", room(0.9, null, ofRecords), ["redis-nearly-full"]],
    ["the journal alone", room(0.9, null, ofJournal), ["redis-nearly-full"]],
    ["it spares the journal", room(0.9, "volatile-ttl"), []],
    ["it may evict the journal", room(0.5, "allkeys-lru"), ["redis-evicting"]],
    ["as Upstash may", room(0.5, "optimistic-volatile"), ["redis-evicting"]],
    [
      "it may evict the journal of its own",
      room(0.5, "allkeys-lru", ofJournal),
      ["redis-evicting"],
    ],
    ["it may evict records", room(0.9, "allkeys-lru", ofRecords), []],
    ["it would evict, without a bound", room(null, "allkeys-lru"), []],
    ["no bound is told", room(null, "noeviction"), ["redis-size-unknown"]],
    ["none, of records alone", room(null, "noeviction", ofRecords), []],
    ["none, of the journal alone", room(null, "noeviction", ofJournal), []],
    [
      "no bound is told, and it evicts",
      room(null, "allkeys-lru", { evictedAtMs: atMs }),
      ["redis-evicting"],
    ],
    ["it did, with another policy", room(0.1, "noeviction", { evictedAtMs: atMs }), []],
  ])("%s", (_id, more, codes) => {
    expect(codesOf(more)).toEqual(codes);
  });

  it("tells no policy that is no name", () => {
    const said = JSON.stringify(findingsOf(lookedAt(room(0.9, "http://secret:word@host"))));
    expect(said).toContain("the policy of the database is unknown");
    expect(said).not.toContain("secret");
  });

  it("rises only from look to look; a restart begins anew", () => {
    const watch = new EvictionWatch();
    expect([watch.seen(5, 1), watch.seen(5, 2), watch.seen(6, 3), watch.seen(6, 4)]).toEqual([
      undefined,
      undefined,
      3,
      3,
    ]);
    expect([watch.seen(1, 5), watch.seen(null, 6), watch.seen(1, 7)]).toEqual([3, 3, 3]);
    expect(watch.seen(2, 8)).toBe(8);
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
