// Findings as functions of what was looked at: what no real part shows at will, and their order.
import { describe, expect, it } from "vitest";
import {
  type Finding,
  findingCodes,
  inOrder,
  statusOf,
  summaryOf,
} from "../../../src/protocol/finding.ts";
import { findingsOf } from "../../../src/admin/health/findings.ts";
import { EvictionWatch } from "../../../src/admin/health/look-further.ts";
import type { SiteState, RoomState } from "../../../src/admin/health/site-state.ts";
import { journalWords } from "../../../src/redis/trouble.ts";
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
    { id: "nothing", findings: [], isUnable: false, status: "ok" },
    { id: "info", findings: [finding({})], isUnable: false, status: "ok" },
    {
      id: "warning",
      findings: [finding({ level: "warning" })],
      isUnable: false,
      status: "degraded",
    },
    {
      id: "critical",
      findings: [finding({ level: "critical" })],
      isUnable: false,
      status: "degraded",
    },
    { id: "no origin", findings: [], isUnable: true, status: "unable" },
  ])("comes to a status: $id", ({ findings, isUnable: isIt, status }) => {
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

  it.each<{ id: string; more: Partial<SiteState>; unable: boolean }>([
    { id: "all is well", more: {}, unable: false },
    { id: "the only origin is down", more: downNow, unable: true },
    {
      id: "in trouble, and not shut off",
      more: { ...downNow, originsShutOff: [] },
      unable: false,
    },
    {
      id: "one of two is down",
      more: {
        ...downNow,
        originNames: ["default", "api"],
        usableOrigins: new Set(["default", "api"]),
      },
      unable: false,
    },
    {
      id: "one is down and the other has no usable binding",
      more: { ...downNow, originNames: ["default", "api"] },
      unable: true,
    },
    {
      id: "a usable one that no route leads to does not help",
      more: { ...downNow, usableOrigins: new Set(["default", "api"]) },
      unable: true,
    },
    {
      id: "it was found down a minute ago, and nobody has asked since",
      more: { ...downNow, originTroubles: new Map([["default", trouble(atMs - 60_000)]]) },
      unable: false,
    },
  ])("$id", ({ more, unable }) => {
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
  const trouble = (kind: "timeout" | "full", lastAtMs: number) => ({
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
    const refused = { ...trouble("timeout", atMs), kind: "token-refused" as const };
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

  it.each<{ id: string; more: Partial<SiteState>; codes: string[] }>([
    { id: "85 %", more: room(0.85, "noeviction"), codes: ["redis-nearly-full"] },
    { id: "less", more: room(0.849, "noeviction"), codes: [] },
    { id: "just not all", more: room(0.999, "noeviction"), codes: ["redis-nearly-full"] },
    {
      id: "all, and nothing was written since",
      more: room(1, "noeviction"),
      codes: ["redis-full"],
    },
    { id: "no policy is told", more: room(0.9, null), codes: ["redis-nearly-full"] },
    { id: "records alone", more: room(0.9, null, ofRecords), codes: ["redis-nearly-full"] },
    { id: "the journal alone", more: room(0.9, null, ofJournal), codes: ["redis-nearly-full"] },
    { id: "it spares the journal", more: room(0.9, "volatile-ttl"), codes: [] },
    { id: "it may evict the journal", more: room(0.5, "allkeys-lru"), codes: ["redis-evicting"] },
    { id: "as Upstash may", more: room(0.5, "optimistic-volatile"), codes: ["redis-evicting"] },
    {
      id: "it may evict the journal of its own",
      more: room(0.5, "allkeys-lru", ofJournal),
      codes: ["redis-evicting"],
    },
    { id: "it may evict records", more: room(0.9, "allkeys-lru", ofRecords), codes: [] },
    { id: "it would evict, without a bound", more: room(null, "allkeys-lru"), codes: [] },
    { id: "no bound is told", more: room(null, "noeviction"), codes: ["redis-size-unknown"] },
    { id: "none, of records alone", more: room(null, "noeviction", ofRecords), codes: [] },
    { id: "none, of the journal alone", more: room(null, "noeviction", ofJournal), codes: [] },
    {
      id: "no bound is told, and it evicts",
      more: room(null, "allkeys-lru", { evictedAtMs: atMs }),
      codes: ["redis-evicting"],
    },
    {
      id: "it did, with another policy",
      more: room(0.1, "noeviction", { evictedAtMs: atMs }),
      codes: [],
    },
  ])("$id", ({ more, codes }) => {
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
    { name: "edge", isShutOff: false, code: "cache-api-slow", what: /did not answer in time\.$/ },
    { name: "edge", isShutOff: true, code: "cache-api-slow", what: /is shut off/ },
    {
      name: "kv",
      isShutOff: false,
      code: "kv-slow",
      what: /^Workers KV did not answer in time\.$/,
    },
    { name: "kv", isShutOff: true, code: "kv-slow", what: /is shut off\. Redis answers/ },
  ] as const)("$name, shut off: $isShutOff", ({ name, isShutOff, code, what }) => {
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
